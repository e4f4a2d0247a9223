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


class Shelf:
    """Values of many small parts, each by all that it is made of besides what the shelf is for.

    A value in whose making a problem was told is not kept, so that the next run tells it again.
    """

    def __init__(self, made_from: Hashable = None, *, keeps: bool = True) -> None:
        self.made_from = made_from
        self._keeps = keeps
        self._kept: dict[Hashable, Any] = {}
        self._used: dict[Hashable, Any] = {}
        self._parts: dict[Hashable, Shelf] = {}
        self.told: Callable[[], int] = lambda: 0
        """Counts the problems of the run so far."""

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made before for this key, else make it."""
        if not self._keeps:
            return make()
        found = self._used.get(key, _NONE)
        if found is _NONE:
            found = self._kept.get(key, _NONE)
            if found is _NONE:
                before = self.told()
                found = make()
                if self.told() != before:
                    return found
            self._used[key] = found
        made: Made = found
        return made

    def part(self, name: Hashable) -> Shelf:
        """Return a shelf within this one; what is on it stays through runs that do not ask it."""
        if not self._keeps:
            return self
        found = self._parts.setdefault(name, Shelf())
        found.told = self.told
        return found

    def size(self) -> int:
        """Return how many values are kept."""
        return len(self._kept) + sum(part.size() for part in self._parts.values())

    def settle(self) -> None:
        """Drop what the run that ends did not use."""
        if self._used:
            self._kept, self._used = self._used, {}
        for part in self._parts.values():
            part.settle()


_NONE = object()


class Memory:
    """Remembers one value by name while what it is made from stays equal."""

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps
        self._kept: dict[Hashable, tuple[Hashable, Any, _Told]] = {}
        self._shelves: dict[str, Shelf] = {}

    def shelf(self, name: str, made_from: Callable[[], Hashable], told: Callable[[], int]) -> Shelf:
        """Return the shelf of a name; an empty one where it is not for the same as before."""
        if not self._keeps:
            return NO_SHELF
        key = made_from()
        found = self._shelves.get(name)
        if found is None or found.made_from != key:
            found = self._shelves[name] = Shelf(key)
        found.told = told
        return found

    def size(self) -> int:
        """Return how many values are kept on all shelves."""
        return sum(shelf.size() for shelf in self._shelves.values())

    def settle(self) -> None:
        """Drop what a run did not use that came to its end."""
        for shelf in self._shelves.values():
            shelf.settle()

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


NO_SHELF = Shelf(keeps=False)
NO_MEMORY = Memory(keeps=False)
