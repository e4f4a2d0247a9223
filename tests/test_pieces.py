"""Long tables are cut: the rows of the pieces are the rows of the whole file."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trees as trees_
from trees import ROOT, append, replace

from pageloom import load, trees
from pageloom.diagnostics import Diagnostic
from pageloom.load import pieces
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


def test_a_row_of_a_long_join_is_unpacked_when_it_is_looked_at(
    garden: Path, monkeypatch: pytest.MonkeyPatch
):
    cut(monkeypatch, 7)
    looked_at = pieces.LookedAt()
    monkeypatch.setattr(pieces, "looked_at", looked_at)
    project = load.project(garden, lambda _: None)
    assert project is not None
    grown = project.tables["grown"]
    assert len(looked_at) == 0
    assert grown[0].values["region"] in project.axes["region"]
    assert "line" in grown[1].values
    assert len(looked_at) == 2
    again = pickle.loads(pickle.dumps(grown[0]))  # noqa: S301  (as a process that is spawned gets it)
    assert said(again.values) == said(grown[0].values)


def test_where_too_many_rows_are_unpacked_few_stay(garden: Path, monkeypatch: pytest.MonkeyPatch):
    whole = rows(garden)
    cut(monkeypatch, 7)
    monkeypatch.setattr(pieces, "ALL", 2)
    monkeypatch.setattr(pieces, "FEW", 1)
    looked_at = pieces.LookedAt()
    monkeypatch.setattr(pieces, "looked_at", looked_at)
    assert rows(garden) == whole
    assert len(looked_at) <= 2


def test_pages_of_packed_rows_are_those_of_the_whole_table(
    garden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = Path(shutil.copytree(garden, tmp_path / "other"))
    trees_.made(other)
    cut(monkeypatch, 2)
    monkeypatch.setattr(pieces, "ALL", 2)
    monkeypatch.setattr(pieces, "FEW", 1)
    monkeypatch.setattr(pieces, "looked_at", pieces.LookedAt())
    trees_.made(garden)
    assert trees_.tree(garden / "site") == trees_.tree(other / "site")


def test_circles_through_a_join_are_found_in_a_long_table_too(
    garden: Path, monkeypatch: pytest.MonkeyPatch
):
    """A schema may refer to the rows of a join, which are then part of what refers to them."""
    schema = garden / "matrix" / "schemas" / "plant.schema.json"
    declared = json.loads(schema.read_text("utf-8"))
    declared["properties"]["best"] = {"type": "string", "x-ref": "grown"}
    schema.write_text(json.dumps(declared), "utf-8")
    replace(
        garden / "matrix" / "plants.yaml", "- slug: bean\n", "- slug: bean\n  best: north/bean\n"
    )
    whole = rows(garden)
    assert any("M111" in line for line in whole[-1])
    cut(monkeypatch, 7)
    assert rows(garden) == whole


@pytest.mark.parametrize("size", [2, 7])
def test_any_cut_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch, size: int):
    whole = rows(ROOT)
    cut(monkeypatch, size)
    assert rows(ROOT) == whole
