"""Long tables are cut: the rows of the pieces are the rows of the whole file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from trees import ROOT, append, replace

from pageloom import load, trees
from pageloom.diagnostics import Diagnostic
from pageloom.model import Row
from pageloom.spread import spread

GARDEN = ROOT / "tests" / "sites" / "garden"


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GARDEN, tmp_path / "garden"))


def said(value: Any) -> Any:
    """Return a value that can be compared: rows by their names."""
    if isinstance(value, Row):
        return f"{value.kind}/{value.slug}"
    if isinstance(value, tuple):
        return tuple(map(said, value))
    return {key: said(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def rows(root: Path, *, preview: bool = False) -> tuple[object, ...]:
    """Return all that is known of rows, and the problems."""
    problems: list[Diagnostic] = []
    project = load.project(root, problems.append, preview=preview)
    told = [problem.first_line() for problem in problems]
    if project is None:
        return (told,)
    found = {
        (kind, row.slug): (said(row.values), row.location, row.digest, said(row.about))
        for kind, table in project.tables.items()
        for row in table
    }
    starts = {(said(row), name): start for (row, name), start in project.starts.items()}
    return found, starts, project.draft_count, told


def cut(patch: pytest.MonkeyPatch, rows_a_piece: int) -> None:
    """Cut every list, as if it were long, and have every piece made in other processes."""
    patch.setattr(trees, "LONG", 1)
    patch.setattr(trees, "_ROWS_A_PIECE", rows_a_piece)


DAMAGE = (
    "- {region: north, plant: bean}\n",
    "- {region: nowhere, plant: bean}\n",
    "- {region: south, plant: fern, colour: red}\n",
    "- region: south\n  plant: [\n",
    "- just words\n",
    "---\n- {region: south, plant: fern}\n",
    "- {region: south, plant: rose, line: Twice}\n",
    "- {region: south, plant: rose, line: 'Draft', draft: true}\n",
)


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("damage", ["", *DAMAGE])
def test_a_table_that_is_cut_gives_the_rows_and_problems_of_the_whole(
    garden: Path, monkeypatch: pytest.MonkeyPatch, *, damage: str, preview: bool
):
    append(garden / "matrix" / "grown.yaml", damage)
    whole = rows(garden, preview=preview)
    cut(monkeypatch, 1)
    assert rows(garden, preview=preview) == whole


def test_what_is_kept_of_pieces_moves_with_its_lines(garden: Path, monkeypatch: pytest.MonkeyPatch):
    cut(monkeypatch, 1)
    trees.memo.load({}, lambda _: ())
    rows(garden)
    kept, _ = trees.memo.take()
    replace(
        garden / "matrix" / "grown.yaml",
        "- region: north\n  plant: bean\n  line: Sown in May\n",
        "",
    )
    text = (garden / "matrix" / "grown.yaml").read_text("utf-8")
    (garden / "matrix" / "grown.yaml").write_text(f"# Moved.\n\n{text}", "utf-8")
    fresh = rows(garden)
    trees.memo.load(kept, lambda _: ())
    assert rows(garden) == fresh
    trees.memo.take()


def test_pieces_are_made_in_other_processes_where_there_are_many(
    garden: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = rows(garden)
    cut(monkeypatch, 1)
    monkeypatch.setattr(trees, "SPREAD_FROM", 1)
    parts: list[int] = []

    def counted(work: Any) -> Any:
        for found in spread(work, 2):
            parts.append(len(found))
            yield found

    trees.memo.load({}, counted)
    assert rows(garden) == whole
    assert sum(parts) > 0
    trees.memo.take()


@pytest.mark.parametrize("size", [2, 7])
def test_any_cut_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch, size: int):
    whole = rows(ROOT)
    cut(monkeypatch, size)
    assert rows(ROOT) == whole
