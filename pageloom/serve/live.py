"""The site as it is after the last edit, shared by the watcher and every request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from pageloom.diagnostics import Diagnostic, ordered
from pageloom.memory import Memory
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.serve import panel
from pageloom.serve.site import Answer, Site

STEP = 40
"""Cells that are proved between two requests."""


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did."""

    sound: bool
    seconds: float
    problems: tuple[Diagnostic, ...] = field(default=())


class Live:
    """Decides anew after each edit, and keeps the last sound site for the browser."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._memory = Memory()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._site: Site | None = None
        self._sound = False
        self._decided: tuple[Diagnostic, ...] = ()
        self._notes: dict[str, list[Diagnostic]] = {}
        self._twins: list[Diagnostic] = []
        self._entries: dict[str, bytes] = {}
        self.version = 0
        self.proved = 0
        """The version whose pages were all looked at."""

    def rebuild(self) -> Rebuilt:
        """Decide on the site as its files are now."""
        with self._lock:
            started = time.perf_counter()
            decision = decide(self._options, self._memory)
            self._decided = ordered(decision.problems)
            self._sound = decision.sound
            if decision.sound:
                self._site = Site(self._options, decision, self._entries)
            self.version += 1
            self._changed.notify_all()
            return Rebuilt(self._sound, time.perf_counter() - started, self._decided)

    def prove(self) -> int:
        """Look at the pages that have changed; return how many. A newer edit ends it."""
        with self._lock:
            version, site = self.version, self._site
            lots = site.proofs(STEP) if site is not None and self._sound else iter(())
        made = 0
        while True:
            with self._lock:
                if version != self.version:
                    return made
                lot = next(lots, None)
                if lot is None:
                    self._conclude(version)
                    return made
                for path, problems in lot:
                    self._notes[path] = problems
                    made += 1

    def _conclude(self, version: int) -> None:
        """Forget the notes of pages that are gone, and tell the browsers."""
        if self._sound and self._site is not None:
            self._twins = self._site.duplicates()
            kept = self._notes.items()
            self._notes = {path: found for path, found in kept if found and path in self._entries}
        self.proved = version
        self._changed.notify_all()

    def problems(self) -> tuple[Diagnostic, ...]:
        """Return the problems of the sources and, where these are sound, of the pages."""
        with self._lock:
            if not self._sound:
                return self._decided
            pages = (problem for found in self._notes.values() for problem in found)
            return ordered((*self._decided, *pages, *self._twins))

    def answer(self, address: str) -> Answer | None:
        """Return what is sent for an address; None while no site was ever sound."""
        with self._lock:
            return self._site.answer(address) if self._site is not None else None

    def digest(self, address: str) -> str:
        """Return what tells whether the page at an address has changed."""
        found = self.answer(address)
        return blake2b(found.body, digest_size=8).hexdigest() if found else "unsound"

    def wait(self, version: int, proved: int, seconds: float) -> bool:
        """Wait until there is a newer version than these; return whether there is."""

        def newer() -> bool:
            return (self.version, self.proved) != (version, proved)

        with self._changed:
            return self._changed.wait_for(newer, seconds)

    def state(self, address: str) -> dict[str, Any]:
        """Return what the browser shows beside the page at an address."""
        with self._lock:
            problems = self.problems()
            return {
                "root": str(self._options.root.resolve()),
                "version": self.version,
                "proved": self.proved == self.version,
                "sound": self._sound,
                "problems": [panel.problem(self._options.root, item) for item in problems[:200]],
                "errors": sum(item.is_error for item in problems),
                "warnings": sum(not item.is_error for item in problems),
                "page": panel.page(self._site, address, preview=self._options.preview)
                if self._site is not None
                else None,
            }
