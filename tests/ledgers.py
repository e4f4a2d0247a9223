"""Released sites: the ledger's lines, and what `release` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trees import errors

from pageloom.ledger import FOLDER, Entry, parse
from pageloom.options import Options
from pageloom.release import Release, release


def released(root: Path, today: str = "", **how: Any) -> Release:
    """Release a sound project as of a day."""
    made = release(Options(root=root, today=today, jobs=1), **how)
    assert [problem.first_line() for problem in made.problems if problem.is_error] == []
    return made


def refused(root: Path) -> list[str]:
    """Return the first lines of the errors that keep a project from its release."""
    made = release(Options(root=root, jobs=1))
    assert made.written == ()
    return errors(made)  # type: ignore[arg-type]


def lines(root: Path) -> dict[str, Entry]:
    """Return the lines of the ledger by address."""
    found: dict[str, Entry] = {}
    for path in sorted((root / FOLDER).glob("*.tsv")):
        found |= parse(path.read_text(encoding="utf-8"), path.name, _refuse)
    return found


def _refuse(problem: object) -> None:
    raise AssertionError(problem)


def states(root: Path) -> dict[str, str]:
    """Return the state of each address."""
    return {route: entry.state for route, entry in lines(root).items()}
