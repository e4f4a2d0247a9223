"""Partials that only print: filled from a rendered pattern, the same as when rendered."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import write_files

from pageloom import expand, inputs, load
from pageloom.compose import Composer
from pageloom.compose.data import DataSlots
from pageloom.compose.filling import Filled
from pageloom.compose.stencils import Stencils
from pageloom.markup import Converter
from pageloom.plan import Plan
from pageloom.theme import Theme, ThemeError

SITE = """-- content/site.yaml --
brand: Clinics
base_url: https://clinics.example
as_of: 2026-11-25
-- matrix/matrix.yaml --
format: 1
axes: {town: {file: towns.yaml}, care: {file: cares.yaml}}
joins: {pair: {file: pairs.yaml, axes: [town, care]}}
families:
  page:
    axes: [town, care]
    cells: pair
    route: /{town}/{care}/
    title: ["{{ town.name }}, {{ care.name }}"]
    h1: "{{ care.name }}"
    slots: {card: {from: slots/card.html, rows: [pair, town, care]}}
-- matrix/towns.yaml --
- {slug: alm, name: Alm & Au, note: Near}
-- matrix/schemas/pair.schema.json --
{"type": "object", "properties": {"note": {"type": "string"}, "steps": {"type": "array"},
 "count": {"type": "integer"}, "open": {"type": "boolean"}, "more": {"type": "object"},
 "care": {"type": "string", "x-ref": "care"}, "town": {"type": "string", "x-ref": "town"},
 "text": {"type": "string", "format": "markdown"}}}
"""
PLAIN = (
    "<p>{{ pair.note }}</p>",
    "<p>{{ pair.note }} {{ town.name }} {{ care.slug }} {{ site.brand }}</p>",
    "{{ pair.note }}",
    "{% if pair.note %}<p>{{ pair.note }}</p>{% else %}none{% endif %}",
    "<ol>{% for step in pair.steps %}<li>{{ loop.index }} {{ step }}</li>{% endfor %}</ol>",
    "{% for step in pair.steps %}{{ step }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% set more = pair.more %}<b>{{ more.a }}</b>{% if more.b and pair.open %}!{% endif %}",
    "<i>{{ pair.count }}</i>{% for key in pair.more %}{{ key }}{% endfor %}",
)
OTHERS = (
    "<p>{{ pair.note|upper }}</p>",
    "<p>{{ pair.note ~ '!' }}</p>",
    "{% if pair.note == 'a' %}<p>a</p>{% endif %}",
    "<p>{{ pair.steps|length }}</p>",
    "{% if pair.note is string %}<p>{{ pair.note }}</p>{% endif %}",
    "<p>{{ pair.note[:1] }}</p>",
    "<p>{{ pair.text }}</p>",
    "<p>{{ pair.town.name }}</p>",
    "<p>{{ pair.town }}</p>",
    "<p>{{ value('x') }}</p>",
    "<p>{{ pair.nothing }}</p>",
)
WORDS = st.text(alphabet=" ab<&\"'{%}é\u2028", max_size=5)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "note": WORDS,
            "steps": st.lists(WORDS, max_size=2),
            "count": st.integers(0, 1),
            "open": st.booleans(),
            "more": st.fixed_dictionaries({}, optional={"a": WORDS, "b": WORDS}),
            "text": st.just("*So* it is"),
        },
    ),
    min_size=1,
    max_size=6,
)


def _plan(root: Path, template: str, rows: list[dict[str, Any]]) -> tuple[Plan, Theme, Converter]:
    cares = [{"slug": f"c{number}", "name": f"Care {number}"} for number in range(len(rows))]
    pairs = [
        {"town": "alm", "care": care["slug"], **row} for care, row in zip(cares, rows, strict=True)
    ]
    tables = f"-- matrix/cares.yaml --\n{json.dumps(cares)}\n-- matrix/pairs.yaml --\n"
    write_files(root, SITE + tables + json.dumps(pairs) + "\n")
    path = root / "themes/default/slots/card.html"
    path.parent.mkdir(parents=True)
    path.write_text(template, encoding="utf-8")
    problems: list[Any] = []
    project = load.project(root, problems.append)
    assert project is not None, problems
    assert not problems
    plan = expand.plan(project, problems.append)
    converter = Converter(project, problems.append)
    folders = inputs.theme_folders(root, project.settings.theme)
    theme = Theme(folders, converter.lexicon, problems.append)
    return plan, theme, converter


def _said(data: DataSlots, plan: Plan) -> list[object]:
    """Return all that is known of what fills the slot of each cell."""
    family = plan.families["page"]
    slot = family.family.slots[0]
    pick = data.picker(slot.rows, family)
    found: list[object] = []
    for cell in family.cells:
        try:
            made: Filled = data.rendered(slot, pick(cell))
        except ThemeError as error:
            found.append(str(error.diagnostic))
            continue
        found.append((made.segments, made.marked, made.facts, made.whole, made.cites, made.links))
    return found


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.sampled_from(PLAIN + OTHERS), ROWS)
def test_a_stencil_fills_as_the_partial_renders(template: str, rows: list[dict[str, Any]]):
    with tempfile.TemporaryDirectory() as folder:
        plan, theme, converter = _plan(Path(folder), template, [*rows, *rows])
        quick = _said(DataSlots(plan, theme, converter), plan)
        with patch.object(Stencils, "filled", return_value=None):
            assert quick == _said(DataSlots(plan, theme, converter), plan)


@pytest.mark.parametrize(
    ("template", "renders"), [(text, 2) for text in PLAIN[:2]] + [(text, 8) for text in OTHERS[:6]]
)
def test_a_partial_that_only_prints_is_rendered_twice_for_rows_of_one_shape(
    tmp_path: Path, template: str, renders: int
):
    rows = [{"note": f"n{number}", "steps": ["a"]} for number in range(8)]
    plan, theme, converter = _plan(tmp_path, template, rows)
    data = DataSlots(plan, theme, converter)
    with patch.object(theme, "render", wraps=theme.render) as render:
        _said(data, plan)
    assert render.call_count == renders


def test_a_partial_whose_rows_all_differ_is_rendered_for_each(tmp_path: Path):
    rows = [{"note": "n", "steps": ["a"] * number} for number in range(80)]
    plan, theme, converter = _plan(tmp_path, PLAIN[4], [*rows, *rows])
    composer = Composer(plan, theme, converter, print)
    with patch.object(theme, "render", wraps=theme.render) as render:
        _said(composer._data, plan)  # noqa: SLF001  (what pages are made with)
    assert render.call_count == 160
