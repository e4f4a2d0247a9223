"""A build whose inputs are those of the last one: nothing is loaded, the outcome is said again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pageloom import inputs
from pageloom.aside import Aside
from pageloom.diagnostics import Diagnostic
from pageloom.options import Options
from pageloom.outcome import Outcome
from pageloom.publish import Folder, PublishError

PATIENCE = 0.05
"""Seconds to wait for the digest before the program for a build is loaded."""
MANY = 20_000
"""Files of the last build from which the digest takes longer; it is not waited for."""


class Seen:
    """The inputs of a build as they are when it begins."""

    def __init__(
        self,
        options: Options,
        *,
        beside: bool = False,
        waiting: Callable[[], None] | None = None,
    ) -> None:
        """Begin to read them, in another process where that is wanted.

        `waiting` is called where another build of the same folder has to end first.
        """
        self._options, self._beside, self._waiting = options, beside, waiting
        self._waited = False
        self._begin()
        self.stayed = False
        """Whether they were the same when `look_again` was called last."""

    def _begin(self) -> None:
        self._begun = time.time_ns()
        self.digest = Aside(self._options.inputs_digest, beside=self._beside)
        """The digest of every byte of them."""

    @contextlib.contextmanager
    def locked(self, folder: Folder) -> Iterator[None]:
        """Hold the lock of the output folder; a build that waited for it begins then."""
        self._waited = False
        with folder.locked(self._wait):
            if self._waited and self.digest.text:  # which ends the process that read them
                self._begin()
            yield

    def _wait(self) -> None:
        self._waited = True
        if self._waiting is not None:
            self._waiting()

    def look_again(self) -> None:
        """Find out whether they are still what they were when the build began."""
        taken = self.digest.text  # all of it was read before the look
        self.stayed = bool(taken) and not inputs.changed_since(self._options.root, self._begun)


def build(options: Options, seen: Seen) -> Outcome | None:
    """Return the last outcome where it is soon seen that nothing changed, else None."""
    started = time.perf_counter()
    files = options.folder.last().get("files", MANY)
    if options.verify or options.against or not isinstance(files, int) or files >= MANY:
        return None
    if not seen.digest.within(PATIENCE):
        return None
    try:
        with seen.locked(options.folder):
            outcome = last_outcome(options.folder, seen)
    except PublishError:
        return None
    return outcome and replace(outcome, seconds=time.perf_counter() - started)


def last_outcome(folder: Folder, seen: Seen) -> Outcome | None:
    """Return what the last build found, when it had these inputs and ended well."""
    last: Mapping[str, Any] = folder.last()
    if not last or last.get("inputs") != seen.digest.text:
        return None
    try:
        return Outcome(
            problems=tuple(Diagnostic.from_json(item) for item in last["problems"]),
            verdicts=last["verdicts"],
            waived=last["waived"],
            unchanged=last["files"],
        )
    except (KeyError, TypeError):
        return None


def summary(outcome: Outcome, digest: str) -> dict[str, Any]:
    """Return what `last_outcome` needs of an outcome."""
    return {
        "inputs": digest,
        "problems": [problem.as_json() for problem in outcome.problems],
        "verdicts": dict(outcome.verdicts),
        "waived": dict(outcome.waived),
        "files": len(outcome.written) + outcome.unchanged,
    }
