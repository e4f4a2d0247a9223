"""Projects of tests: copied from tests/sites, built, and compared as trees of bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

from pageloom.options import Options
from pageloom.outcome import Outcome
from pageloom.pipeline import build

ROOT = Path(__file__).parent.parent
SITES = ROOT / "tests" / "sites"


def copied(name: str, target: Path) -> Path:
    """Copy a project of tests/sites and return its folder."""
    shutil.copytree(SITES / name, target)
    return target


def flagship(target: Path, settings: str = "") -> Path:
    """Copy the flagship, add settings, build it there, and return the folder of its site."""
    for name in ("content", "matrix", "themes"):
        shutil.copytree(ROOT / name, target / name)
    shutil.rmtree(target / "matrix" / "ledger", ignore_errors=True)  # it has released nothing
    append(target / "content" / "site.yaml", settings)
    made(target)
    return target / "site"


def made(root: Path, **options: object) -> Outcome:
    """Build a project that is sound."""
    outcome = build(Options(root=root, **options))  # type: ignore[arg-type]
    assert errors(outcome) == []
    return outcome


def errors(outcome: Outcome) -> list[str]:
    """Return the first lines of the errors of a run."""
    return [problem.first_line() for problem in outcome.problems if problem.is_error]


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of change of every file: a file that was written again differs."""
    found = {path: path.stat() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        path.relative_to(folder).as_posix(): (stat.st_ino, stat.st_mtime_ns)
        for path, stat in found.items()
    }


def rebuilt(root: Path, scratch: Path) -> dict[str, bytes]:
    """Return the tree that a clean build of a project makes elsewhere, without any cache."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(root, scratch, ignore=shutil.ignore_patterns("site", ".pageloom"))
    made(scratch)
    return tree(scratch / "site")


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text that occurs once in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")


def append(path: Path, text: str) -> None:
    """Add a text at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
