"""What a build says of itself: its problems, what it wrote, and what new rows gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pageloom.counted import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What rows gave that were added since the last build."""

    rows: Mapping[str, int]
    """How many were added, by axis and join."""
    cells: int
    pages: int
    sections: int
    write: str = ""
    """The snippet that would release most, in words; empty where none would."""
    releases: int = 0

    @property
    def text(self) -> str:
        """The gain on one line."""
        rows = ", ".join(f"+{counted(number, name)}" for name, number in self.rows.items())
        held = self.cells - self.pages - self.sections
        counts = [counted(self.cells, "cell"), counted(self.pages, "page")]
        counts += [counted(self.sections, "section")] if self.sections else []
        counts += [f"{held} held"] if held else []
        line = f"{rows}: {', '.join(counts)}"
        return f"{line}; write {self.write} to release {self.releases}" if self.write else line

    def as_json(self) -> dict[str, Any]:
        """Return the gain as the object that `--json` prints."""
        return {
            "rows": dict(self.rows),
            "cells": self.cells,
            "pages": self.pages,
            "sections": self.sections,
            "write": self.write,
            "releases": self.releases,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did."""

    problems: Sequence[Any] = ()
    verdicts: Mapping[str, int] = field(default_factory=dict)
    waived: Mapping[str, int] = field(default_factory=dict)
    """How often each rule was waived."""
    written: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    gain: Gain | None = None
    seconds: float = 0.0
