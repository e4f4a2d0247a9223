"""Outcomes and lines of files as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pageloom.counted import counted

if TYPE_CHECKING:
    from pageloom.outcome import Outcome


def as_json(outcome: Outcome) -> dict[str, object]:
    """Return an outcome as plain values."""
    return {
        "version": 1,
        "problems": [problem.as_json() for problem in outcome.problems],
        "cells": dict(outcome.verdicts),
        "waived": dict(outcome.waived),
        "written": list(outcome.written),
        "unchanged": outcome.unchanged,
        "removed": list(outcome.removed),
        "gain": outcome.gain.as_json() if outcome.gain else None,
        "seconds": round(outcome.seconds, 3),
    }


def summary(outcome: Outcome) -> str:
    """Return an outcome as a line: cells, files, problems, seconds."""
    errors = sum(problem.is_error for problem in outcome.problems)
    warnings = len(outcome.problems) - errors
    cells = ", ".join(f"{count} {name}" for name, count in outcome.verdicts.items())
    files = (
        f"{len(outcome.written)} written, {outcome.unchanged} unchanged, "
        f"{len(outcome.removed)} removed"
    )
    counts = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    if outcome.waived:
        counts += f" ({sum(outcome.waived.values())} waived)"
    return "; ".join(part for part in (cells, files, counts, f"{outcome.seconds:.1f} s") if part)


class Lines:
    """Lines of the user's files, for excerpts."""

    def __init__(self, root: Path, tried: Mapping[str, bytes]) -> None:
        """Take as `tried` files as they would be, in place of those below `root`."""
        self._root = root
        self._tried = tried
        self._files: dict[str, list[str]] = {}

    def line(self, path: str, number: int) -> str | None:
        """Return a line of a file, None where it has none such."""
        if path not in self._files:
            raw = self._tried.get(path) or self._read(path)
            text = raw.decode("utf-8-sig", "replace")
            self._files[path] = text.replace("\r\n", "\n").split("\n")
        lines = self._files[path]
        return lines[number - 1] if 0 < number <= len(lines) else None

    def _read(self, path: str) -> bytes:
        """Return the bytes of a file of the project; of one that lies elsewhere nothing."""
        try:
            place = (self._root / path).resolve()
            inside = place.is_relative_to(self._root.resolve())
            return place.read_bytes() if inside and place.is_file() else b""
        except (OSError, RuntimeError, ValueError):
            return b""
