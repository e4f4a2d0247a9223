"""What a process made of inputs that have not changed since, for the runs that come after.

Only `serve` keeps one: a build of its own has nothing to remember. What is remembered is found by
what it was made from, so that it can never be stale, and its problems are told again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pageloom.diagnostics import Diagnostic

Report = Callable[[Diagnostic], None]
Made = TypeVar("Made")


@dataclass(slots=True)
class _Told:
    """Passes problems on to the run of the moment, and keeps them for the next ones."""

    report: Report
    problems: list[Diagnostic] = field(default_factory=list)

    def __call__(self, problem: Diagnostic) -> None:
        """Report a problem."""
        self.problems.append(problem)
        self.report(problem)

    def again(self, report: Report) -> None:
        """Tell the problems to another run, and those that come later too."""
        self.report = report
        for problem in tuple(self.problems):
            report(problem)


class Memory:
    """Remembers one value by name while what it is made from stays equal."""

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps
        self._kept: dict[Hashable, tuple[Hashable, Any, _Told]] = {}

    def recall(
        self,
        name: Hashable,
        made_from: Callable[[], Hashable],
        report: Report,
        make: Callable[[Report], Made],
    ) -> Made:
        """Return what was made before from the same, else make it; its problems are reported."""
        if not self._keeps:
            return make(report)
        key = made_from()
        found = self._kept.get(name)
        if found is not None and found[0] == key:
            found[2].again(report)
            kept: Made = found[1]
            return kept
        told = _Told(report)
        made = make(told)
        self._kept[name] = (key, made, told)
        return made

    def last(self, name: Hashable) -> Any:
        """Return what is remembered under a name, None where nothing is."""
        found = self._kept.get(name)
        return found[1] if found is not None else None


NO_MEMORY = Memory(keeps=False)
