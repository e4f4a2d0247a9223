"""Pages far from home, and pages that hardly any page links to, are told of from the plan."""

from __future__ import annotations

from pathlib import Path

from projects import write_files

from pageloom.options import Options
from pageloom.pipeline import decide

SITE = """\
-- content/site.yaml --
brand: Garden
base_url: https://garden.example
as_of: 2026-11-25
{menu}
-- content/answer.md --
---
slot: answer
for: {{}}
---
Sow after the last frost. {text}
-- matrix/plants.yaml --
{plants}
-- matrix/places.yaml --
- {{slug: bed, name: Bed}}
- {{slug: pot, name: Pot}}
-- matrix/matrix.yaml --
format: 1
axes:
  plant: {{file: plants.yaml}}
  place: {{file: places.yaml}}
families:
  home:
    axes: []
    route: /
    title: ["Garden"]
    description: ["d"]
    h1: "What to sow"
    slots: {{{home}}}
  plant:
    axes: [plant]
    route: /{{plant}}/
    parent: home
    title: ["{{{{ plant.name }}}}"]
    description: ["d"]
    h1: "{{{{ plant.name }}}}"
    slots: {{{plant}}}
  spot:
    axes: [plant, place]
    route: /{{plant}}/{{place}}/
    parent: plant
    title: ["{{{{ plant.name }}}} in {{{{ place.name }}}}"]
    description: ["d"]
    h1: "{{{{ plant.name }}}}"
    slots: {{answer: {{snippet: required}}}}
    related: [{related}]
"""


def told(root: Path, **parts: str) -> list[str]:
    given = {"menu": "", "text": "", "home": "", "plant": "", "related": "", "plants": plants(2)}
    write_files(root, SITE.format(**(given | parts)))
    found = decide(Options(root=root)).problems
    assert not any(problem.is_error for problem in found)
    return [
        f"{problem.message}: {len(problem.notes)}"
        for problem in found
        if problem.code in {"P611", "P612"}
    ]


def plants(number: int) -> str:
    return "".join(f"- {{slug: p{n:03}, name: P{n}}}\n" for n in range(number))


LISTS = {"home": "list: {list: plant}", "plant": "list: {list: spot}"}
FAR_PLANT = "a page of `plant` is more than 3 clicks from home: 2"
FAR_SPOT = "a page of `spot` is more than 3 clicks from home: 4"
FEW_SPOT = "fewer than 2 pages link to a page of `spot`: 4"


def test_pages_that_lists_lead_to_are_near(tmp_path: Path):
    assert told(tmp_path, **LISTS) == []


def test_pages_that_nothing_lists_are_far(tmp_path: Path):
    assert told(tmp_path, plant=LISTS["plant"]) == [FAR_PLANT, FAR_SPOT]
    assert told(tmp_path, home=LISTS["home"]) == [FAR_SPOT]


def test_the_page_above_is_a_click_from_the_page_below(tmp_path: Path):
    assert told(tmp_path, home="list: {list: spot}") == []


def test_menus_and_links_in_texts_bring_pages_near(tmp_path: Path):
    menu = "nav:\n  - {text: P, family: plant, plant: p000}"
    assert told(tmp_path, menu=menu) == [FAR_PLANT.replace("2", "1"), FAR_SPOT]
    text = '{{ link("plant", plant="p000") }}'
    assert told(tmp_path, home=LISTS["home"], plant="x: {snippet: optional}", text=text) == [
        FAR_SPOT
    ]


def test_later_pages_of_a_list_are_clicks_too(tmp_path: Path):
    many = plants(320)
    far = "a page of `plant` is more than 3 clicks from home: 4"
    assert told(tmp_path, home=LISTS["home"], plants=many)[0] == far
    assert told(tmp_path, home=LISTS["home"], plants=plants(240))[0].startswith("a page of `spot`")


def test_one_link_is_few_on_a_large_site_only(tmp_path: Path):
    related = "{vary: place, count: 1}"
    assert told(tmp_path, **LISTS, plants=plants(26)) == []
    assert told(tmp_path, **LISTS, plants=plants(27)) == [FEW_SPOT]
    assert told(tmp_path, **LISTS, plants=plants(27), related=related) == []


def test_what_was_found_before_is_told_again_at_its_line(tmp_path: Path):
    first = told(tmp_path)
    assert first
    assert told(tmp_path) == first
    path = tmp_path / "matrix" / "matrix.yaml"
    found = [p for p in decide(Options(root=tmp_path)).problems if p.code in {"P611", "P612"}]
    path.write_text("# moved\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    moved = [p for p in decide(Options(root=tmp_path)).problems if p.code in {"P611", "P612"}]
    assert [p.location.line for p in moved] == [p.location.line + 1 for p in found]
