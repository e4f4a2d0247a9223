"""Markdown fields of rows say the same on every page that prints them."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write_files
from trees import errors, made

from pageloom.options import Options
from pageloom.pipeline import build

pytestmark = pytest.mark.usefixtures("templates_compiled_once")
SITE = """-- content/site.yaml --
brand: Trails
base_url: https://trails.example
as_of: 2026-11-25
theme: site
-- matrix/matrix.yaml --
format: 1
axes: {hut: {file: huts.yaml}, month: {file: months.yaml}}
facts: facts.yaml
sources: sources.yaml
joins: {open: {file: open.yaml, axes: [hut, month]}}
families:
  home:
    axes: []
    route: /
    title: ["Huts of an invented country, month by month"]
    h1: Huts
    slots: {all: {from: slots/all.html, rows: [open]}}
  hut:
    axes: [hut]
    route: /{hut}/
    parent: home
    title: ["The {{ hut.name }} hut and when it is open to guests"]
    h1: "{{ hut.name }}"
  page:
    axes: [hut, month]
    cells: open
    route: /{hut}/{month}/
    parent: hut
    title: ["The {{ hut.name }} hut in {{ month.name }}: what is open"]
    h1: "{{ hut.name }} {{ month.name }}"
    slots: {one: {from: slots/one.html, rows: [open]}}
-- matrix/huts.yaml --
- {slug: high, name: High, price: f.high, next: low}
- {slug: low, name: Low, price: f.low}
-- matrix/months.yaml --
- {slug: may, name: May}
-- matrix/open.yaml --
- {hut: high, month: may, note: "NOTE"}
- {hut: low, month: may, note: Closed}
-- matrix/facts.yaml --
- {id: f.high, value: 30 coins, source: list, as_of: 2026-11-01, confidence: high}
- {id: f.low, value: 20 coins, source: list, as_of: 2026-11-01, confidence: high}
-- matrix/sources.yaml --
- {slug: list, title: List of huts, publisher: Club, as_of: 2026-11-01}
-- matrix/schemas/hut.schema.json --
{"type": "object", "properties": {"name": {"type": "string"},
  "price": {"type": "string", "x-ref": "fact"}, "next": {"type": "string", "x-ref": "hut"}}}
-- matrix/schemas/open.schema.json --
{"type": "object", "properties": {"note": {"type": "string", "format": "markdown"}}}
-- themes/site/slots/one.html --
{{ open.note }}
-- themes/site/slots/all.html --
{% for item in open %}{{ item.note }}{% endfor %}
"""
CITED = '30 coins<sup class="cite"><a href="#source-1" aria-label="source 1">1</a></sup>'


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("{{ link('hut', hut=hut.next) }}", '<a href="/low/">Low</a>'),
        ("{{ link('home', text=month.name) }}", '<a href="/">May</a>'),
        ("{{ fact(hut.price) }}", CITED),
        (
            "{{ fact(hut.price) }} {{ link('hut', hut=hut.next) }}",
            f'{CITED} <a href="/low/">Low</a>',
        ),
    ],
)
def test_a_field_names_its_own_rows_on_a_page_of_fewer_axes(tmp_path: Path, note: str, said: str):
    write_files(tmp_path, SITE.replace("NOTE", f"See {note}."))
    made(tmp_path)
    page, home = (
        (tmp_path / "site" / path / "index.html").read_text(encoding="utf-8")
        for path in ("high/may", "")
    )
    assert f"<p>See {said}.</p>" in page
    words = "May" if "'home'" in note else said  # a page has no link to itself
    assert f"<p>See {words}.</p>" in home


@pytest.mark.parametrize("said", ["fact(hut.price)", "cite(hut.price)", "hut.price"])
def test_a_field_that_prints_an_absent_value_is_told_where_its_text_stands(
    tmp_path: Path, said: str
):
    bare = SITE.replace(", price: f.high", "").replace("NOTE", f"See {{{{ {said} }}}}.")
    write_files(tmp_path, bare)
    found = errors(build(Options(root=tmp_path)))
    assert found == ["matrix/open.yaml:1:38: error[C216]: `hut.price` is absent and is printed"]
