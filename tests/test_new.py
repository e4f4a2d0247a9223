"""New rows and snippets: at their place, nothing else touched, and what to fill next is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trees

from pageloom import cli
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.plan import VERDICTS

Site = Callable[[str], Path]

PROJECT = """\
-- content/site.yaml --
brand: Shop
base_url: https://shop.example
as_of: 2026-11-25
-- content/words/answer.md --
---
slot: answer
for: {}
---
Ask {{ maker.name }} first.
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.yaml}
  fault: {file: faults.csv}
joins:
  pair: {file: pairs.yaml, axes: [maker, fault]}
facts: facts.yaml
sources: sources.yaml
families:
  pair:
    axes: [maker, fault]
    cells: pair
    route: /{maker}/{fault}/
    title: ["{{ maker.name }} and {{ fault.slug }}: what to ask the shop"]
    h1: "{{ maker.name }}"
    slots:
      answer: {snippet: required}
      angle: {snippet: required}
    gate: {published: {min_words: 10}, otherwise: hold}
-- matrix/makers.yaml --
# Makers

- slug: alfa
  name: Alfa
- slug: delta
  name: Delta
-- matrix/faults.csv --
slug,name
noise,Noise
smoke,Smoke
-- matrix/pairs.yaml --
- {maker: alfa, fault: smoke}   # the first
- {maker: delta, fault: smoke}
-- matrix/sources.yaml --
- slug: manual
  title: The manual
-- matrix/facts.yaml --
- id: alfa.fan
  about: {maker: alfa}
  value: 2
  unit: text
  statement: Alfa has two fans.
  source: manual
  confidence: high
- id: delta.fan
  about: {maker: delta}
  statement: Delta has one fan.
  source: manual
  confidence: high
-- matrix/schemas/maker.schema.json --
{"type": "object", "additionalProperties": false, "required": ["name", "line"], "properties": {
 "slug": {"type": "string"},
 "name": {"type": "string"},
 "line": {"type": "string", "description": "One line for lists."},
 "since": {"type": "string", "format": "date"},
 "see": {"type": "array", "items": {"type": "string", "x-ref": "fault"}}}}
"""


def run(root: Path, *arguments: str) -> int:
    return cli.main(["new", "--root", str(root), *arguments])


def test_a_row_comes_to_its_place_with_what_to_fill_next(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(PROJECT)
    before = trees.tree(root)
    assert run(root, "maker", "name=Béta & Co", "see=smoke|noise") == 0
    after = trees.tree(root)
    assert (
        after.pop("matrix/makers.yaml").decode()
        == """\
# Makers

- slug: alfa
  name: Alfa
- slug: beta-co
  name: Béta & Co
  line:
  see: [smoke, noise]
- slug: delta
  name: Delta
"""
    )
    del before["matrix/makers.yaml"]
    assert after == before
    assert (
        capsys.readouterr().out
        == """\
added matrix/makers.yaml:5
  slug: beta-co
  name: Béta & Co
  line:
  see: [smoke, noise]
fill next; the build stops until these have a value
  matrix/makers.yaml:7 line: One line for lists.
may be filled: since
makes no cell: no family has cells of this maker yet
"""
    )


def test_a_row_of_a_join_says_which_cells_it_makes_and_what_they_lack(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(PROJECT.replace('"required": ["name", "line"]', '"required": ["name"]'))
    assert run(root, "pair", "maker=alfa", "fault=noise") == 0
    assert (root / "matrix/pairs.yaml").read_text() == (
        "- {maker: alfa, fault: noise}\n"
        "- {maker: alfa, fault: smoke}   # the first\n"
        "- {maker: delta, fault: smoke}\n"
    )
    said = capsys.readouterr().out
    assert "  pair: 1 cell: 1 held\n    /alfa/noise/\n" in said
    assert "    1 × slot `angle` is empty\n    1 × 4 words, 10 wanted\n" in said
    assert said.endswith("write next: python build.py new angle maker=alfa fault=noise\n")


def test_a_row_of_a_csv_table_comes_to_its_place(site: Site):
    root = site(PROJECT)
    table = root / "matrix/faults.csv"
    table.write_bytes("\ufeffslug;name\r\nnoise;Noise\r\nsmoke;Smoke".encode())
    assert run(root, "fault", "slug=rust", "name=Rust; red") == 0
    assert table.read_bytes().decode() == (
        '\ufeffslug;name\r\nnoise;Noise\r\nrust;"Rust; red"\r\nsmoke;Smoke'
    )
    assert run(root, "fault", "slug=water", "name=Water") == 0
    assert table.read_bytes().decode().endswith("smoke;Smoke\r\nwater;Water\r\n")


@pytest.mark.parametrize(
    ("arguments", "status", "wanted"),
    [
        (("maker", "name=Alfa"), 1, "error[M107]: a second maker row for `alfa`"),
        (("maker", "name=B", "colour=red"), 1, "error[M104]: unknown key `colour`"),
        (("maker", "name=B", "since=1.5.2001"), 1, "error[M105]: `since` is `1.5.2001`"),
        (("maker", "name=B", "see=smok"), 1, "the closest name is `smoke`"),
        (("maker", "slug=B c", "name=B"), 1, "error[M108]: slug `B c`"),
        (("pair", "maker=alfa", "fault=smok"), 1, "error[M103]: unknown fault `smok`"),
        (("pair", "maker=alfa"), 2, "say fault=…"),
        (("maker", "line=x"), 2, "a maker needs `slug=…`, or `name=…`"),
        (("maker", "name"), 2, "`name` is not `key=value`"),
        (("makre", "name=B"), 2, "the closest name is `maker`"),
        (("angle", "maker=alfaa"), 2, "unknown maker `alfaa`\nthe closest name is `alfa`"),
        (("angle", "town=x"), 2, "no family with slot `angle` has these axes"),
        (("answer",), 1, "error[C213]: a snippet for `answer` of these cells exists"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_is_written(
    site: Site,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    status: int,
    wanted: str,
):
    root = site(PROJECT)
    before = trees.tree(root)
    assert run(root, *arguments) == status
    assert wanted in capsys.readouterr().err
    left = {path: text for path, text in trees.tree(root).items() if ".pageloom" not in path}
    assert left == before


def test_a_skeleton_lists_its_cells_and_the_facts_that_exist_for_them(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(PROJECT.replace('"required": ["name", "line"]', '"required": ["name"]'))
    assert run(root, "angle", "maker=alfa", "fault=smoke") == 0
    text = (root / "content/angle-alfa-smoke.md").read_text()
    assert text == (
        "---\nslot: angle\nfor: {maker: alfa, fault: smoke}\nreviewed: 2026-11-25\n"
        "draft: true\n---\n"
    )
    said = capsys.readouterr().out
    assert "  pair: 1 cell: 1 held\n    /alfa/smoke/\n" in said
    assert 'facts that exist for them: 1\n  {{ fact("alfa.fan") }}  Alfa has two fans.\n' in said
    assert run(root, "angle", "maker=alfa", "fault=smoke") != 0


def test_a_skeleton_is_a_draft_that_changes_no_page(site: Site):
    root = site(PROJECT.replace('"required": ["name", "line"]', '"required": ["name"]'))
    trees.made(root)
    before = trees.tree(root / "site")
    run(root, "angle", "maker=alfa", "fault=smoke|noise")
    trees.made(root)
    assert trees.tree(root / "site") == before


ALIKE = """\
-- content/site.yaml --
brand: Shop
base_url: https://shop.example
as_of: 2026-11-25
-- content/answer.md --
---
slot: answer
for: {}
---
Ask {{ maker.name }} first what the part costs, and how long the repair of it takes.
-- content/note.md --
---
slot: note
for: {maker: delta}
draft: true
---
Delta keeps its own parts in a store by the river; each has a number, and no two are the same.
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.yaml}
  fault: {file: faults.yaml}
joins:
  pair: {file: pairs.yaml, axes: [maker, fault]}
families:
  pair:
    axes: [maker, fault]
    cells: pair
    route: /{maker}/{fault}/
    title: ["{{ maker.name }} and {{ fault.name }}: what to ask the shop"]
    h1: "{{ maker.name }}"
    slots:
      answer: {snippet: required}
      note: {snippet: optional}
    gate: {published: {max_sibling_likeness: 0.7}, otherwise: hold}
-- matrix/makers.yaml --
- {slug: alfa, name: Alfa}
- {slug: delta, name: Delta}
-- matrix/faults.yaml --
- {slug: smoke, name: Smoke}
- {slug: noise, name: Noise}
-- matrix/pairs.yaml --
- {maker: alfa, fault: smoke}
"""


def verdicts(root: Path) -> dict[str, str]:
    """Return what a build makes of each cell."""
    plan = decide(Options(root=root)).plan
    family = plan.families["pair"]
    routes = plan.routes(family)
    return {
        route: VERDICTS[verdict] for route, verdict in zip(routes, family.verdicts, strict=True)
    }


def test_a_row_that_takes_another_page_away_says_so(site: Site, capsys: pytest.CaptureFixture[str]):
    root = site(ALIKE)
    assert verdicts(root) == {"/alfa/smoke/": "published"}
    assert run(root, "pair", "maker=delta", "fault=smoke") == 0
    said = capsys.readouterr().out
    assert "  pair: 1 cell: 1 held\n    /delta/smoke/\n" in said
    assert (
        "takes away 1 page that a build makes now\n"
        "    /alfa/smoke/ held: likeness 1.00, at most 0.70 allowed\n"
    ) in said
    assert verdicts(root) == {"/alfa/smoke/": "held", "/delta/smoke/": "held"}


def test_what_a_row_makes_is_what_a_build_makes_without_drafts(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(ALIKE.replace("draft: true\n", ""))
    assert run(root, "pair", "maker=delta", "fault=smoke") == 0
    said = capsys.readouterr().out
    assert "  pair: 1 cell: 1 published\n" in said
    assert "takes away" not in said
    assert set(verdicts(root).values()) == {"published"}


def test_a_row_about_a_draft_says_that_the_draft_comes_first(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(ALIKE.replace("name: Delta}", "name: Delta, draft: true}"))
    assert run(root, "pair", "maker=delta", "fault=smoke") == 0
    assert "makes, when its drafts are published\n  pair: 1 cell: 1 published" in (
        capsys.readouterr().out
    )
    assert verdicts(root) == {"/alfa/smoke/": "published"}
