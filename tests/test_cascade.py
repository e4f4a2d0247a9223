"""For each slot of each cell the most specific snippet."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write_files

from pageloom import cascade, expand, load
from pageloom.diagnostics import Diagnostic, ordered

SITE = """\
-- content/site.yaml --
brand: Repairs
base_url: https://repairs.example
as_of: 2026-11-25
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.yaml}
  fault: {file: faults.yaml}
  year: {file: years.yaml}
families:
  repair:
    axes: [maker, fault, year]
    route: /{maker}/{fault}/{year}/
    title: ["{{ maker.slug }}"]
    h1: "{{ maker.slug }}"
    slots:
      answer: {snippet: optional, prefer: [fault, maker]}
-- matrix/makers.yaml --
- {slug: alfa}
- {slug: beta}
-- matrix/faults.yaml --
- {slug: rust, kind: body, signs: [brown, holes]}
- {slug: smoke, kind: engine, signs: [white]}
-- matrix/years.yaml --
- {slug: "2020"}
- {slug: "2021"}
"""


def snippets(**selectors: str) -> str:
    return "".join(
        f"-- content/{name}.md --\n---\nslot: answer\nfor: {selector}\n---\n{name}\n"
        for name, selector in selectors.items()
    )


def chosen(root: Path, files: str) -> tuple[dict[str, str], list[str]]:
    """Return the snippet of each cell by the cell's slugs, and the problems."""
    write_files(root, SITE + files)
    problems: list[Diagnostic] = []
    project = load.project(root, problems.append)
    assert project is not None
    plan = expand.plan(project, problems.append)
    cascade.choose(plan, problems.append)
    family = plan.families["repair"]
    names = {
        " ".join(row.slug for row in cell): Path(snippet.path).stem if snippet else ""
        for cell, snippet in zip(family.cells, family.choices["answer"], strict=True)
    }
    return names, [problem.first_line() for problem in ordered(problems)]


def of(names: dict[str, str], *cells: str) -> list[str]:
    return [names[cell] for cell in cells]


def test_a_selector_without_pins_fills_every_cell(tmp_path: Path):
    names, problems = chosen(tmp_path, snippets(default="{}"))
    assert (set(names.values()), problems) == ({"default"}, [])


def test_a_slug_beats_a_list_and_a_list_beats_a_field(tmp_path: Path):
    files = snippets(
        default="{}",
        field="{fault.kind: engine}",
        many="{fault: [smoke, rust]}",
        one="{fault: smoke}",
    )
    names, _ = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "alfa rust 2020") == ["one", "many"]


def test_a_field_holds_for_any_of_its_values(tmp_path: Path):
    names, problems = chosen(
        tmp_path, snippets(default="{}", holes="{fault.signs: [holes, dents]}")
    )
    assert of(names, "alfa rust 2020", "alfa smoke 2020") == ["holes", "default"]
    assert problems == []


def test_a_field_and_a_slug_of_one_axis_must_both_hold(tmp_path: Path):
    files = snippets(default="{}", both="{fault: [rust, smoke], fault.kind: engine}")
    names, _ = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "alfa rust 2020") == ["both", "default"]


def test_more_slugs_beat_fewer(tmp_path: Path):
    files = snippets(default="{}", one="{fault: smoke}", two="{maker: alfa, fault: smoke}")
    names, problems = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "beta smoke 2020") == ["two", "one"]
    assert problems == []


def test_two_slugs_beat_a_slug_with_two_fields(tmp_path: Path):
    files = snippets(
        default="{}",
        fields="{maker: alfa, fault.kind: engine, year.slug: '2020'}",
        slugs="{maker: alfa, year: '2020'}",
    )
    names, _ = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "alfa smoke 2021") == ["slugs", "default"]


def test_equal_patterns_of_other_axes_are_decided_by_prefer(tmp_path: Path):
    files = snippets(
        default="{}", maker="{maker: alfa}", fault="{fault: smoke}", year="{year: '2020'}"
    )
    names, problems = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "alfa rust 2020", "beta rust 2020") == [
        "fault",
        "maker",
        "year",
    ]
    assert problems == []


def test_a_list_of_one_is_a_slug(tmp_path: Path):
    files = snippets(default="{}", many="{fault: [smoke, rust]}", one="{fault: [smoke]}")
    names, _ = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "alfa rust 2020") == ["one", "many"]


def test_two_snippets_that_pin_the_same_axes_are_an_error_that_names_both(tmp_path: Path):
    files = snippets(first="{fault: [smoke, rust]}", second="{fault: [rust, smoke]}")
    write_files(tmp_path, SITE + files)
    problems: list[Diagnostic] = []
    project = load.project(tmp_path, problems.append)
    assert project is not None
    cascade.choose(expand.plan(project, problems.append), problems.append)
    (tie,) = problems
    assert tie.first_line() == (
        "content/second.md:2:7: error[C213]: "
        "two snippets fit `answer` of `alfa × rust × 2020` equally well"
    )
    assert tie.notes == ("also content/first.md:2:7",)


def test_a_tie_that_a_more_specific_snippet_settles_is_none(tmp_path: Path):
    files = snippets(
        default="{}",
        first="{maker: alfa, fault: [smoke, rust]}",
        second="{maker: alfa, fault: [smoke, rust]}",
        rust="{maker: alfa, fault: rust}",
        smoke="{maker: alfa, fault: smoke}",
    )
    names, problems = chosen(tmp_path, files)
    assert of(names, "alfa smoke 2020", "alfa rust 2020") == ["smoke", "rust"]
    assert problems == [
        "content/first.md:2:7: warning[C215]: no page uses this snippet",
        "content/second.md:2:7: warning[C215]: no page uses this snippet",
    ]


def test_one_more_note_about_two_rows_breaks_nothing(tmp_path: Path):
    files = snippets(
        default="{}",
        exact="{maker: alfa, fault: smoke, year: '2020'}",
        fault_year="{fault: smoke, year: '2020'}",
        maker_fault="{maker: alfa, fault: smoke}",
    )
    before, problems = chosen(tmp_path, files)
    assert problems == []
    after, problems = chosen(tmp_path, snippets(note="{maker: beta, year: '2020'}"))
    assert problems == []
    changed = {cell: name for cell, name in after.items() if before[cell] != name}
    assert changed == {"beta rust 2020": "note"}


def test_a_draft_is_left_out_and_ties_with_nothing(tmp_path: Path):
    draft = "-- content/draft.md --\n---\nslot: answer\nfor: {}\ndraft: true\n---\nx\n"
    names, problems = chosen(tmp_path, snippets(default="{}") + draft)
    assert (set(names.values()), problems) == ({"default"}, [])


def test_a_snippet_for_a_draft_row_is_no_fault(tmp_path: Path):
    files = snippets(default="{}", gamma="{maker: gamma}")
    rows = (
        "-- matrix/makers.yaml --\n- {slug: alfa}\n- {slug: beta}\n- {slug: gamma, draft: true}\n"
    )
    _, problems = chosen(tmp_path, files + rows)
    assert problems == []


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_files_decides_nothing(tmp_path: Path, order: int):
    selectors = {
        "default": "{}",
        "a": "{maker: alfa}",
        "b": "{fault: smoke}",
        "c": "{year: '2020'}",
    }
    names = [f"{chr(97 + place)}{name}" for place, name in enumerate(list(selectors)[::order])]
    files = snippets(**{name: selectors[name[1:]] for name in names})
    found, _ = chosen(tmp_path, files)
    assert [name[1:] for name in of(found, "alfa smoke 2020", "beta rust 2021")] == ["b", "default"]
