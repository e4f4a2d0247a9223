"""Axes to cells: which combinations exist, and which rows are in none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from projects import write_files

from pageloom import expand, load
from pageloom.conditions import Condition, ConditionError
from pageloom.diagnostics import Diagnostic, Location, ordered
from pageloom.model import Row

SITE = """\
-- content/site.yaml --
brand: Repairs
base_url: https://repairs.example
as_of: 2026-11-25
-- matrix/makers.yaml --
- {slug: alfa}
- {slug: beta}
-- matrix/faults.yaml --
- {slug: rust, kind: body}
- {slug: smoke, kind: engine}
-- matrix/years.yaml --
- {slug: "2020", kinds: [body, engine]}
- {slug: "2021", kinds: [engine]}
-- matrix/known.yaml --
- {maker: alfa, fault: smoke, sure: "yes"}
-- matrix/recalls.yaml --
- {fault: rust, year: "2021"}
"""
MAP = """\
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.yaml}
  fault: {file: faults.yaml}
  year: {file: years.yaml}
joins:
  known: {file: known.yaml, axes: [maker, fault]}
  recall: {file: recalls.yaml, axes: [fault, year]}
families:
"""


def family(name: str, axes: str, more: str = "", route: str = "") -> str:
    names = [axis.strip() for axis in axes.split(",") if axis.strip()]
    path = route or "/" + "".join(f"{{{axis}}}/" for axis in names)
    lines = [f"axes: [{axes}]", f"route: {path}", "title: [A title]", "h1: A heading", more]
    return f"  {name}:\n" + "".join(f"    {line}\n" for line in lines if line)


def expanded(root: Path, families: str, rows: str = "") -> tuple[dict[str, list[str]], list[str]]:
    """Return the cells of each family by their slugs, and the problems."""
    write_files(root, SITE + MAP + families + rows)
    problems: list[Diagnostic] = []
    project = load.project(root, problems.append)
    assert project is not None
    plan = expand.plan(project, problems.append)
    cells = {
        name: [" ".join(row.slug for row in cell) for cell in item.cells]
        for name, item in plan.families.items()
    }
    return cells, [problem.first_line() for problem in ordered(problems)]


def test_all_cells_are_the_product_in_slug_order(tmp_path: Path):
    cells, problems = expanded(tmp_path, family("repair", "maker, year", "cells: all"))
    assert cells == {"repair": ["alfa 2020", "alfa 2021", "beta 2020", "beta 2021"]}
    assert problems == []


def test_the_order_of_rows_in_a_file_decides_nothing(tmp_path: Path):
    rows = "-- matrix/makers.yaml --\n- {slug: beta}\n- {slug: alfa}\n"
    cells, _ = expanded(tmp_path, family("repair", "maker, year"), rows)
    assert cells == {"repair": ["alfa 2020", "alfa 2021", "beta 2020", "beta 2021"]}


def test_cells_of_a_join_are_its_rows_times_the_other_axes(tmp_path: Path):
    cells, _ = expanded(tmp_path, family("repair", "maker, fault, year", "cells: known"))
    assert cells == {"repair": ["alfa smoke 2020", "alfa smoke 2021"]}


def test_cells_from_a_family_are_its_cells_on_fewer_axes(tmp_path: Path):
    families = family("car", "maker", "cells: from repair", "/cars/{maker}/")
    families += family("repair", "maker, fault", "cells: known")
    cells, _ = expanded(tmp_path, families)
    assert cells == {"car": ["alfa"], "repair": ["alfa smoke"]}


def test_a_family_without_axes_has_one_cell(tmp_path: Path):
    cells, _ = expanded(tmp_path, family("home", ""))
    assert cells == {"home": [""]}


def test_an_axis_without_rows_has_no_cells(tmp_path: Path):
    rows = "-- matrix/years.yaml --\n[]\n-- matrix/recalls.yaml --\n"
    cells, problems = expanded(tmp_path, family("repair", "maker, year"), rows)
    assert cells == {"repair": []}
    assert problems == [
        "matrix/makers.yaml:1:3: warning[M117]: maker `alfa` is in no combination",
        "matrix/makers.yaml:2:3: warning[M117]: maker `beta` is in no combination",
    ]


def test_where_leaves_cells_out(tmp_path: Path):
    families = family("repair", "maker, year", "where: '\"body\" in year.kinds'")
    cells, _ = expanded(tmp_path, families)
    assert cells == {"repair": ["alfa 2020", "beta 2020"]}


def test_a_row_of_a_join_admits_what_where_leaves_out(tmp_path: Path):
    families = family("repair", "fault, year", "where: fault.kind in year.kinds")
    cells, problems = expanded(tmp_path, families)
    assert cells == {"repair": ["rust 2020", "rust 2021", "smoke 2020", "smoke 2021"]}
    assert problems == []


def test_a_row_of_a_join_about_less_than_the_condition_admits_nothing(tmp_path: Path):
    families = family("repair", "maker, fault, year", "where: fault.kind in year.kinds")
    rows = "-- matrix/recalls.yaml --\n[]\n-- matrix/known.yaml --\n- {maker: beta, fault: rust}\n"
    cells, _ = expanded(tmp_path, families, rows)
    assert [cell for cell in cells["repair"] if cell.endswith("rust 2021")] == []


def test_a_condition_over_a_join_is_not_overruled_by_its_rows(tmp_path: Path):
    families = family("repair", "maker, fault", 'where: known.sure == "yes"')
    rows = "-- matrix/known.yaml --\n- {maker: alfa, fault: smoke, sure: 'yes'}\n"
    rows += "- {maker: beta, fault: smoke, sure: 'no'}\n"
    cells, _ = expanded(tmp_path, families, rows)
    assert cells == {"repair": ["alfa smoke"]}


def test_a_draft_row_is_in_no_cell(tmp_path: Path):
    rows = "-- matrix/makers.yaml --\n- {slug: alfa}\n- {slug: beta, draft: true}\n"
    cells, problems = expanded(tmp_path, family("repair", "maker, year"), rows)
    assert cells == {"repair": ["alfa 2020", "alfa 2021"]}
    assert problems == []


def test_rows_that_no_page_of_several_axes_takes_are_gaps(tmp_path: Path):
    families = family("car", "maker", route="/cars/{maker}/")
    families += family("repair", "maker, fault", "cells: known")
    _, problems = expanded(tmp_path, families)
    assert problems == [
        "matrix/faults.yaml:1:3: warning[M117]: fault `rust` is in no combination",
        "matrix/makers.yaml:2:3: warning[M117]: maker `beta` is in no combination",
    ]


def test_a_row_with_a_problem_makes_no_gap_of_others(tmp_path: Path):
    rows = "-- matrix/known.yaml --\n- {maker: alfa, fault: smok}\n"
    _, problems = expanded(tmp_path, family("repair", "maker, fault", "cells: known"), rows)
    assert problems == ["matrix/known.yaml:1:24: error[M103]: unknown fault `smok`"]


def test_two_families_clash_only_where_their_slugs_do(tmp_path: Path):
    families = family("maker", "maker") + family("fault", "fault")
    _, problems = expanded(tmp_path, families)
    assert problems == []
    rows = "-- matrix/faults.yaml --\n- {slug: alfa, kind: body}\n- {slug: smoke, kind: engine}\n"
    _, problems = expanded(tmp_path, families, rows + "-- matrix/recalls.yaml --\n[]\n")
    assert problems == ["matrix/faults.yaml:1:3: error[R501]: `/alfa/` is the address of two pages"]


def row(slug: str, /, **values: object) -> Row:
    return Row(slug, slug, values, Location("matrix/rows.yaml"))


@pytest.mark.parametrize(
    ("condition", "rows", "expected"),
    [
        ('fault.kind == "body"', {"fault": row("fault", kind="body")}, True),
        ('fault.kind == "body"', {"fault": row("fault")}, False),
        ('fault.kind == "body"', {"fault": None}, False),
        ('"x" in fault.signs', {"fault": row("fault", signs=("x", "y"))}, True),
        ('"x" in fault.signs', {"fault": row("fault")}, False),
        ("not fault.sure", {"fault": row("fault")}, True),
        ("fault.minutes > 5", {"fault": row("fault", minutes=9)}, True),
        ('fault.items == "x"', {"fault": row("fault", items="x")}, True),
        ('fault.box.label == "x"', {"fault": row("fault", box={"label": "x"})}, True),
        ('fault.after == "rust"', {"fault": row("fault", after=row("rust"))}, True),
        ('fault.a or fault.b == "x"', {"fault": row("fault", b="x")}, True),
    ],
)
def test_a_condition_reads_the_fields_of_rows(
    condition: str, rows: Mapping[str, Row | None], *, expected: bool
):
    assert Condition(condition).holds(rows) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "true",
        '"x"',
        "fault.kind ==",
        "fault.kind.upper()",
        "fault['kind']",
        "fault.a + 1",
        "fault.a | length",
        "fault.a if fault.b",
        "(" * 400 + "fault.a" + ")" * 400,
        "9" * 5000,
    ],
)
def test_what_is_no_condition_over_fields_is_refused(condition: str):
    with pytest.raises(ConditionError):
        Condition(condition)
