"""Lists of links: in the order of a field, with a line that tells the pages apart."""

from __future__ import annotations

import json
import re
from pathlib import Path

from projects import write_files
from trees import made, tree

PROJECT = """\
-- content/site.yaml --
brand: Garden
base_url: https://garden.example
as_of: 2026-11-25
-- content/answer.md --
---
slot: answer
for: {}
---
Sow after the last frost.
-- matrix/plants.yaml --
- {slug: bean, name: Bean, rank: 10}
- {slug: leek, name: Leek}
- {slug: pea, name: Pea, rank: 2}
- {slug: rye, name: Rye, rank: 2, mark: "wants <cold>"}
-- matrix/schemas/plant.schema.json --
{"type": "object", "required": ["slug", "name"], "additionalProperties": false, "properties": {
  "slug": {"type": "string"}, "name": {"type": "string"},
  "rank": {"type": "integer"}, "mark": {"type": "string"}}}
-- matrix/matrix.yaml --
format: 1
axes:
  plant: {file: plants.yaml}
families:
  home:
    axes: []
    route: /
    title: ["Garden: when to sow what, week by week"]
    description: ["d"]
    h1: "What to sow"
    slots:
      first: {list: plant, order: "{{ plant.rank }}", line: "{{ plant.mark }}"}
      second: {list: plant}
      third: {list: plant, line: ""}
      fourth: {list: plant, text: "Sow {{ plant.mark }}"}
  plant:
    axes: [plant]
    route: /{plant}/
    parent: home
    title: ["{{ plant.name }}: when to sow it, week by week"]
    description: ["d"]
    h1: "{{ plant.name }}"
    line: "On {{ plant.name }}"
    crumb: "{{ plant.slug }}"
    slots: {answer: {snippet: required}}
"""


def lists(root: Path) -> list[list[tuple[str, str]]]:
    text = (root / "site/index.html").read_text(encoding="utf-8")
    return [
        re.findall(r'<li><a href="/(\w+)/">[^<]*</a>(?:<p>([^<]*)</p>)?</li>', part)
        for part in text.split("<section")[1:]
    ]


def test_a_list_is_sorted_by_a_field_and_has_a_line_of_its_own(tmp_path: Path):
    write_files(tmp_path, PROJECT)
    made(tmp_path)
    first, second, third, _ = lists(tmp_path)
    assert first == [("pea", ""), ("rye", "wants &lt;cold&gt;"), ("bean", ""), ("leek", "")]
    assert second == [(slug, f"On {slug.title()}") for slug in ("bean", "leek", "pea", "rye")]
    assert third == [(slug, "") for slug in ("bean", "leek", "pea", "rye")]


def test_a_list_has_words_of_its_own_and_else_those_of_the_page(tmp_path: Path):
    write_files(tmp_path, PROJECT)
    made(tmp_path)
    text = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<li><a href="/\w+/">([^<]*)</a>', text.split("<section")[4])
    assert shown == ["Bean", "Leek", "Pea", "Sow wants &lt;cold&gt;"]
    graph = json.loads(re.search(r'ld\+json">(.*?)</script>', text)[1])
    names = {item["name"] for item in graph["@graph"][-1]["itemListElement"]}
    assert {"Sow wants <cold>", "Bean"} <= names


def test_breadcrumbs_have_words_of_their_own(tmp_path: Path):
    write_files(tmp_path, PROJECT)
    made(tmp_path)
    text = (tmp_path / "site/bean/index.html").read_text(encoding="utf-8")
    assert '<li aria-current="page">bean</li>' in text
    assert '"name":"bean"' in re.search(r'ld\+json">(.*?)</script>', text)[1]
    write_files(tmp_path, PROJECT.replace('crumb: "{{', 'crumb: "On {{'))
    made(tmp_path)
    text = (tmp_path / "site/bean/index.html").read_text(encoding="utf-8")
    assert '<li aria-current="page">On bean</li>' in text


def test_an_edit_of_the_field_makes_what_a_clean_build_makes(tmp_path: Path):
    edited, clean = tmp_path / "edited", tmp_path / "clean"
    write_files(edited, PROJECT)
    made(edited)
    changed = PROJECT.replace("rank: 10", "rank: 1").replace("wants", "likes")
    for root in (edited, clean):
        write_files(root, changed)
        made(root)
    assert tree(edited / "site") == tree(clean / "site")
    assert [slug for slug, _ in lists(edited)[0]] == ["bean", "pea", "rye", "leek"]
