"""The report: what it says is so, its promises come true, and its page needs nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest

from pageloom import cli, report
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.report.data import CellLine, Data
from pageloom.report.demand import words_of
from pageloom.report.neighbours import Neighbours

SITE = """\
-- content/site.yaml --
brand: Kennel
base_url: https://kennel.example
as_of: 2026-11-25
organization: {name: Kennel}
-- matrix/matrix.yaml --
format: 1
axes:
  town: {file: towns.yaml}
  breed: {file: breeds.yaml}
  ill: {file: ills.yaml}
joins:
  bred: {file: bred.yaml, axes: [town, breed]}
facts: facts.yaml
sources: sources.yaml
families:
  home:
    axes: []
    route: /
    title: ["Kennel: what is wrong with the dog in your town"]
    description: ["What is wrong with the dog, town by town and breed by breed: what to look for first, what to do about it, and whom to ask for help."]
    h1: Kennel
    link_text: Kennel
    slots:
      dogs: {list: pair, heading: Dogs}
  pair:
    axes: [town, breed]
    cells: bred
    route: /{town}/{breed}/
    parent: home
    title: ["{{ breed.name }} in {{ town.name }}: what is wrong, what to do"]
    description: ["{{ breed.name }} in {{ town.name }}: what may be wrong with the dog, how to tell one from the other, what to do first, and whom to ask."]
    h1: "{{ breed.name }} in {{ town.name }}, in short"
    link_text: "{{ breed.name }}, {{ town.name }}"
    slots:
      ills: {list: dog, heading: Ills}
      rest: {fold: dog, heading: Others}
  dog:
    axes: [town, breed, ill]
    cells: bred
    where: ill.kind == breed.kind
    route: /{town}/{breed}/{ill}/
    parent: pair
    title: ["{{ ill.name }}, {{ breed.name }}, {{ town.name }}: what to do about it"]
    description: ["{{ ill.name }} of the {{ breed.name }} in {{ town.name }}: how to be sure that it is this, what you do first, and what you had better leave."]
    h1: "{{ ill.name }} of the {{ breed.name }}, {{ town.name }}"
    link_text: "{{ ill.name }}, {{ breed.name }}, {{ town.name }}"
    slots:
      general: {snippet: required, heading: In general}
      advice: {snippet: required, heading: Advice}
    fold: {slots: [general], heading: "{{ ill.name }}"}
    gate:
      published: {min_words: 20, min_specific_share: 0.4, max_sibling_likeness: 0.6, min_specific_facts: 2}
      otherwise: fold
-- matrix/towns.yaml --
- {slug: ash, name: Ash, aliases: [Ashton], search_synonyms: [the burgh]}
- {slug: elm, name: Elm}
-- matrix/breeds.yaml --
- {slug: collie, name: Collie, kind: large}
- {slug: pug, name: Pug, kind: small}
-- matrix/ills.yaml --
- {slug: cough, name: Cough, kind: large}
- {slug: limp, name: Limp, kind: large}
- {slug: wheeze, name: Wheeze, kind: small}
-- matrix/bred.yaml --
- {town: ash, breed: collie}
- {town: ash, breed: pug}
- {town: elm, breed: collie}
-- matrix/sources.yaml --
- {slug: book, title: Book of dogs, publisher: Dog Press, as_of: 2026-09-01, type: other}
-- matrix/facts.yaml --
- {id: walk, about: {breed: collie}, value: "3", statement: Walk it., source: book, confidence: high, as_of: 2026-10-01}
- {id: rest, about: {breed: collie, ill: limp}, value: "5", statement: Rest it., source: book, confidence: high, as_of: 2025-01-01}
- {id: rumor, about: {breed: collie, ill: limp}, value: "9", statement: So they say., source: book, confidence: low, as_of: 2026-10-01}
- {id: leash, about: {town: [ash, elm]}, value: "1", statement: Hold it., source: book, confidence: high, as_of: 2026-10-01}
-- matrix/demand.csv --
query,volume
collie limp in the Burgh,90
Collie's cough,40
ashton dogs,7
weather,5
-- content/general.md --
---
slot: general
for: {}
reviewed: 2026-11-01
---
Look at the dog, and look at it again in a better light before you do anything.
-- content/cough.md --
---
slot: advice
for: {breed: collie, ill: cough}
reviewed: 2024-01-01
waive: {C215: it will be used}
---
It coughs more at night; see it walk {{ fact("walk") }} times and let it rest {{ fact("rest") }} days,
with water near by, away from the stairs and from other dogs of the house.
-- content/unused.md --
---
slot: general
for: {ill: wheeze, breed: collie}
---
Nobody reads this.
"""  # noqa: E501  (lines of YAML)


@pytest.fixture
def kennel(site: Callable[[str], Path]) -> Path:
    """Return a project with published, folded and excluded cells."""
    return site(SITE)


def reported(root: Path, **options: bool) -> Data:
    """Return the report of a sound project."""
    made = report.make(Options(root=root), **options)
    assert made.data is not None, [problem.first_line() for problem in made.problems]
    return made.data


def published(root: Path, name: str = "dog") -> set[str]:
    """Return the addresses of a family's published pages."""
    plan = decide(Options(root=root)).plan
    assert plan is not None
    family = plan.families[name]
    return {plan.route(family.family, family.cells[number]) for number in family.published()}


def cell(data: Data, route: str) -> CellLine:
    """Return what the report says of a cell."""
    return next(line for line in data.cells if line.route == route)


def write_advised(root: Path, item: report.data.Next) -> Path:
    """Write the snippet that a report advises, as long and with as many facts as it assumes."""
    words = " ".join(f"word{number}" for number in range(item.advice.assumed.words))
    facts = ("walk", "rest", "leash")[: item.advice.assumed.facts]
    cites = "".join(f'{{{{ cite("{fact}") }}}}' for fact in facts)
    path = root / "content" / "advised.md"
    path.write_text(f"{item.advice.front_matter}{words}{cites}\n", encoding="utf-8")
    return path


def test_each_advised_snippet_releases_the_pages_that_were_promised(kennel: Path):
    before = published(kennel)
    items = reported(kennel).writing
    assert len(items) > 2
    for item in items:
        path = write_advised(kennel, item)
        after = published(kennel)
        path.unlink()
        assert (after - before, before - after) == (set(item.releases), set(item.takes))


def test_a_text_for_two_cells_that_say_the_same_otherwise_is_no_advice(kennel: Path):
    assert published(kennel) == set()
    pins = [dict(item.advice.pins) for item in reported(kennel).writing]
    assert {"breed": "collie", "ill": "limp"} not in pins
    assert {"town": "ash", "breed": "collie", "ill": "limp"} in pins


def test_making_one_of_two_twins_different_releases_both(kennel: Path):
    items = {tuple(item.advice.pins.values()): item for item in reported(kennel).writing}
    twins = ("/ash/collie/cough/", "/elm/collie/cough/")
    assert items["ash", "collie", "cough"].releases == twins
    assert items["ash", "collie", "cough"].advice.instead_of == "content/cough.md"


def test_without_a_limit_of_likeness_a_text_for_two_rows_releases_all_their_cells(kennel: Path):
    path = kennel / "matrix" / "matrix.yaml"
    text = path.read_text(encoding="utf-8").replace("max_sibling_likeness: 0.6, ", "")
    path.write_text(text, encoding="utf-8")
    first = reported(kennel).writing[0]
    assert dict(first.advice.pins) == {"breed": "collie", "ill": "limp"}
    assert first.releases == ("/ash/collie/limp/", "/elm/collie/limp/")


def test_the_map_holds_a_letter_for_each_cell_and_tells_excluded_from_none(kennel: Path):
    heat = reported(kennel).heat
    assert heat is not None
    assert (heat.family, heat.axes) == ("dog", ("town", "breed", "ill"))
    assert heat.grid == (("ffx", "xxf"), ("ffx", "---"))


def test_a_cell_has_its_numbers_and_reasons(kennel: Path):
    line = cell(reported(kennel), "/ash/pug/wheeze/")
    assert (line.verdict, line.facts, line.share) == ("folded", 0, 0.0)
    assert line.because == (
        "slot `advice` is empty",
        "specific share 0.00, 0.40 wanted",
        "0 specific facts, 2 wanted",
    )


def test_the_most_alike_pages_are_shown_with_what_they_share(kennel: Path):
    (pair,) = reported(kennel).pairs
    assert (pair.one, pair.other, pair.likeness) == (
        "/ash/collie/cough/",
        "/elm/collie/cough/",
        1.0,
    )
    assert [(part.slot, part.source) for part in pair.common] == [
        ("advice", "content/cough.md"),
        ("general", "content/general.md"),
    ]


def test_demand_goes_to_the_cells_that_agree_with_every_row_a_query_names(kennel: Path):
    data = reported(kennel)
    assert {line.route: line.demand for line in data.cells if line.demand} == {
        "/ash/collie/cough/": 20.0,
        "/ash/collie/limp/": 90.0,
        "/elm/collie/cough/": 20.0,
    }
    assert [(query.text, query.reason) for query in data.demand.unmatched] == [
        ("ashton dogs", "it names only town ash"),
        ("weather", "it names no row"),
    ]
    assert (data.demand.queries, data.demand.volume) == (4, 142)


def test_what_more_people_look_for_is_advised_first(kennel: Path):
    first, *others = reported(kennel).writing
    assert first.releases == ("/ash/collie/limp/",)
    assert first.advice.worth == 91.0
    assert [item.advice.worth for item in others] == sorted(
        (item.advice.worth for item in others), reverse=True
    )


def test_no_query_makes_a_page(kennel: Path):
    before = decide(Options(root=kennel)).plan
    (kennel / "matrix" / "demand.csv").unlink()
    after = decide(Options(root=kennel)).plan
    assert before is not None
    assert after is not None
    counts = [{n: len(f.cells) for n, f in plan.families.items()} for plan in (before, after)]
    assert counts[0] == counts[1]
    assert reported(kennel).demand.queries == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("query,number\nx,1\n", "matrix/demand.csv:1:2: error[M104]: unknown column `number`"),
        (
            "query,volume\n,1\n",
            "matrix/demand.csv:2:1: error[M106]: a query or its volume is missing",
        ),
        ("query,volume\nx,many\n", "matrix/demand.csv:2:2: error[M105]: `many` is no volume"),
        ("query,volume\nx,-1\n", "matrix/demand.csv:2:2: error[M105]: `-1` is no volume"),
    ],
)
def test_a_demand_file_with_faults_is_a_problem_at_its_line(kennel: Path, text: str, line: str):
    (kennel / "matrix" / "demand.csv").write_text(text, encoding="utf-8")
    made = report.make(Options(root=kennel))
    assert made.data is None
    assert [p.first_line() for p in made.problems if p.is_error] == [line]


def test_a_demand_file_with_a_head_only_holds_no_demand(kennel: Path):
    (kennel / "matrix" / "demand.csv").write_text("query,volume\n", encoding="utf-8")
    assert reported(kennel).demand.queries == 0


def test_potential_counts_the_facts_at_hand_and_none_of_low_confidence(kennel: Path):
    data = reported(kennel, potential=True)
    assert data.potential is not None
    found = [(line.route, line.narrow, line.wide) for line in data.potential]
    assert found == [
        ("/ash/collie/limp/", 1, 2),
        ("/elm/collie/limp/", 1, 2),
        ("/ash/collie/cough/", 0, 2),
        ("/elm/collie/cough/", 0, 2),
        ("/ash/pug/wheeze/", 0, 1),
    ]
    assert reported(kennel).potential is None


def test_what_is_due_is_listed_with_its_value_and_pages_and_by_source(kennel: Path):
    data = reported(kennel, review=True)
    found = [(group.title, [(i.kind, i.id, i.value) for i in group.items]) for group in data.due]
    assert found == [
        ("Book of dogs", [("fact", "rest", "5")]),
        ("our own texts", [("snippet", "content/cough.md", "")]),
    ]
    assert data.due_counted


def test_the_rest_is_listed_unused_snippets_waivers_excluded_cells_and_slots(kennel: Path):
    data = reported(kennel)
    assert data.unused == ("content/unused.md",)
    assert [(item.path, item.rule) for item in data.waived] == [("content/cough.md", "C215")]
    assert [(item.family, item.rule, item.cells) for item in data.excluded] == [
        ("dog", "ill.kind == breed.kind", 4)
    ]
    assert [(slot.slot, slot.filled, slot.specific) for slot in data.slots] == [
        ("general", 5, 0.0),
        ("advice", 2, 1.0),
        ("(headings)", 5, 0.0),
    ]
    assert [histogram.total for histogram in data.histograms] == [5, 2]


def test_the_page_asks_for_nothing_and_parses(kennel: Path):
    path = kennel / "matrix" / "towns.yaml"
    text = path.read_text(encoding="utf-8").replace("name: Elm", "name: '</script><b>Elm&'")
    path.write_text(text, encoding="utf-8")
    page = report.make(Options(root=kennel), potential=True, review=True).html()
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|srcset|data)="', page)
    assert not re.findall(r"<(?:link|img|iframe|object|base)\b", page)
    assert "url(" not in page
    assert "@import" not in page
    parser = html5lib.HTMLParser(strict=True)
    tree = parser.parse(page)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert json.loads(data)["rows"] == ["Ash", "</script><b>Elm&"]
    assert "<b>Elm" not in page


def test_a_square_says_in_words_what_its_color_says(kennel: Path):
    page = report.make(Options(root=kennel)).html()
    assert 'aria-label="Ash × Collie: 2 folded, 1 excluded"' in page
    assert 'aria-label="Elm × Pug: no cell"' in page


def test_a_large_map_is_cut_and_says_so(kennel: Path):
    towns = "".join(f"- {{slug: t{n:03}, name: T{n:03}}}\n" for n in range(70))
    (kennel / "matrix" / "towns.yaml").write_text(towns, encoding="utf-8")
    rows = "".join(f"- {{town: t{n:03}, breed: pug}}\n" for n in range(70))
    (kennel / "matrix" / "bred.yaml").write_text(rows, encoding="utf-8")
    made = report.make(Options(root=kennel))
    assert made.data is not None
    assert made.data.heat is not None
    assert len(made.data.heat.grid) == 70
    assert "Drawn: 60 of 70 rows and 1 of 1 columns" in made.html()


def test_a_site_without_crossed_families_or_gates_has_a_report(site: Callable[[str], Path]):
    root = site(
        "-- content/site.yaml --\nbrand: B\nbase_url: https://b.example\nas_of: 2026-01-01\n"
        "-- matrix/matrix.yaml --\n"
        "format: 1\naxes: {}\nfamilies:\n  home:\n    axes: []\n    route: /\n    h1: H\n"
        "    link_text: H\n    title: [A title that is long enough to be one]\n"
        f"    description: [{'d ' * 60}]\n    slots:\n      body: {{snippet: optional}}\n"
    )
    made = report.make(Options(root=root))
    assert made.data is not None
    assert (made.data.heat, made.data.cells, made.data.writing) == (None, (), ())
    assert "No family has two axes or more" in made.html()


def test_the_command_prints_where_the_page_is(kennel: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["report", "--root", str(kennel)]) == 0
    path = kennel / ".pageloom" / "report.html"
    assert capsys.readouterr().out == f"{path}\n"
    other = kennel / "out" / "r.html"
    assert cli.main(["report", "--root", str(kennel), "--out-file", str(other)]) == 0
    assert other.read_bytes() == path.read_bytes()


def test_json_is_one_object_on_stdout(kennel: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["report", "--root", str(kennel), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["version"], len(value["report"]["cells"])) == (1, 5)
    assert not (kennel / ".pageloom" / "report.html").exists()


def test_a_project_with_errors_has_no_report(kennel: Path, capsys: pytest.CaptureFixture[str]):
    (kennel / "matrix" / "bred.yaml").write_text("- {town: oak, breed: pug}\n", encoding="utf-8")
    assert cli.main(["report", "--root", str(kennel)]) == 1
    assert "unknown town `oak`" in capsys.readouterr().err


def test_neighbours_are_those_more_alike_than_the_limit():
    def vector(*identities: str) -> list[tuple[str | None, int]]:
        return [(identity or None, 10 if identity else 0) for identity in identities]

    pages = [
        (1, vector("a", "b", "c", "d")),
        (2, vector("a", "b", "c", "e")),
        (3, vector("", "", "x", "y")),
    ]
    found = Neighbours(pages, 0.5)
    assert list(found.alike(vector("a", "b", "c", "z"), ())) == [1, 2]
    assert list(found.alike(vector("a", "b", "c", "z"), (1,))) == [2]
    assert list(found.alike(vector("", "", "x", "y"), ())) == [3]
    assert list(found.alike(vector("a", "q", "r", "s"), ())) == []


def test_words_of_queries_are_compared_plainly():
    assert words_of("Kaiser's X-ray, denied!") == ("kaiser", "x", "ray", "denied")
