"""What holds for every project and every edit of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import SITES, errors, tree

from pageloom import keys
from pageloom.outcome import Outcome
from pageloom.pipeline import Options, build

pytestmark = pytest.mark.usefixtures("templates_compiled_once")
GARDEN = SITES / "garden"
MATRIX = "matrix/matrix.yaml"
ADVICE = "content/advice/"
DEFAULT = Path(__file__).parent.parent / "themes" / "default"

SEASON = '      season: {snippet: optional, heading: "When"}\n'
TIP = '      tip: {from: slots/tip.html, rows: [pest], heading: "A tip"}\n'

LEDGER = "route\tpublished\tmodified\tdigest\tstate\n" + "".join(
    f"{route}\t2026-11-20\t{day}\t{'0' * 16}\treleased\n"
    for route, day in (
        ("/north/rose/mildew/", "2026-11-20"),
        ("/south/bean/slug/", "2026-11-21"),
        ("/south/rose/aphid/", "2026-11-21"),
    )
)

# Edits as (file, text, replacement); None for the text adds a file, None for the replacement
# removes it.
EDITS: dict[str, tuple[str, str | None, str | None]] = {
    "brand": ("content/site.yaml", "Garden Answers", "Plot Answers"),
    "date": ("content/site.yaml", "2026-11-25", "2027-01-01"),
    "organization": (
        "content/site.yaml", "nav:", "organization: {email: us@garden.example}\nnav:",
    ),
    "crawlers": ("content/site.yaml", "nav:", "crawlers: search-only\nnav:"),
    "a host": ("content/site.yaml", "nav:", "host: [github-pages, nginx]\nnav:"),
    "a header": (
        "content/site.yaml", "nav:", 'host: netlify\nheaders: {X-More: "yes"}\nnav:',
    ),
    "navigation to a pair": (
        "content/site.yaml", "family: region, region: north",
        "family: spot, region: south, plant: rose",
    ),
    "navigation to an answer": (
        "content/site.yaml", "family: region, region: north",
        "family: advice, region: south, plant: bean, pest: slug",
    ),
    "a name": ("matrix/regions.yaml", "name: North", "name: Far North"),
    "a slug": ("matrix/regions.yaml", "slug: coast", "slug: shore"),
    "a row less": ("matrix/regions.yaml", "- {slug: coast, name: Coast}\n", ""),
    "a draft": ("matrix/regions.yaml", "name: Coast}", "name: Coast, draft: true}"),
    "rows in another order": (
        "matrix/regions.yaml", "- {slug: north, name: North}\n- {slug: south, name: South}\n",
        "- {slug: south, name: South}\n- {slug: north, name: North}\n",
    ),
    "another fact of a row": ("matrix/plants.yaml", "rest: bean.rest", "rest: rose.spray"),
    "another fact named in a text": ("matrix/plants.yaml", "also: rose.spray", "also: bean.rest"),
    "a fact less": ("matrix/plants.yaml", "  rest: bean.rest\n", ""),
    "another tip": ("matrix/pests.yaml", "Air helps.", "Air helps a little."),
    "a row more": ("matrix/pests.yaml", "- slug: slug", "- slug: moth\n  name: Moth\n- slug: slug"),
    "a pair less": (
        "matrix/grown.yaml", "- region: south\n  plant: rose\n  line: Cut in February\n", "",
    ),
    "a pair more": (
        "matrix/grown.yaml", "- region: north\n  plant: bean",
        "- region: coast\n  plant: rose\n  line: Salt\n- region: north\n  plant: bean",
    ),
    "another line": ("matrix/grown.yaml", "line: Cut in February", "line: Cut in January"),
    "another note": ("matrix/grown.yaml", "Spray again after", "Spray once more after"),
    "a link less in a note": (
        "matrix/grown.yaml",
        '; see {{ link(\\"spot\\", region=\\"south\\", plant=\\"rose\\") }}', "",
    ),
    "a value": ("matrix/facts.yaml", 'value: "10"', 'value: "12"'),
    "a unit": ("matrix/facts.yaml", "unit: weeks", "unit: months"),
    "a pinpoint": ("matrix/facts.yaml", "citation: page 4", "citation: page 5"),
    "another source": ("matrix/facts.yaml", "source: handbook", "source: almanac"),
    "a title of a source": ("matrix/sources.yaml", "Almanac of beds", "Almanac of all beds"),
    "an address of a source": ("matrix/sources.yaml", "rose.example/book", "rose.example/books"),
    "a date of a source": ("matrix/sources.yaml", "as_of: 2026-09-01", "as_of: 2026-09-02"),
    "a publisher less": ("matrix/sources.yaml", "publisher: Bed Press, ", ""),
    "a general answer": ("content/answer.md", "under the leaves", "beneath the leaves"),
    "an answer": (f"{ADVICE}north-rose-aphid.md", "a wet thumb", "a damp thumb"),
    "an answer less": (f"{ADVICE}north-rose-aphid.md", "", None),
    "a fact less in an answer": (
        f"{ADVICE}north-rose-aphid.md", ', then wait {{ fact("rose.spray") }} before', ", before",
    ),
    "an answer for more": (f"{ADVICE}north-rose-mildew.md", "region: north, ", ""),
    "an answer for a list": (
        f"{ADVICE}north-rose-mildew.md", "plant: rose", "plant: [bean, rose]",
    ),
    "an answer in another slot": (f"{ADVICE}north-rose-mildew.md", "slot: answer", "slot: season"),
    "a heading in an answer": (f"{ADVICE}south-bean-slug.md", "Sow again", "## First\n\nSow again"),
    "a link to another page": (f"{ADVICE}south-bean-slug.md", 'pest="slug"', 'pest="mildew"'),
    "an answer of a twin": (
        f"{ADVICE}south-rose-aphid.md", "Plant lavender", "In the {{ region.name }} plant lavender",
    ),
    "a season": (f"{ADVICE}season-mildew.md", "July", "June"),
    "a season for all": (f"{ADVICE}season-mildew.md", "{pest: mildew}", "{}"),
    "a new snippet": (
        f"{ADVICE}new.md", None,
        "---\nslot: season\nfor: {plant: rose}\n---\nFrom {{ region.name }} to {{ grown.line }}.\n",
    ),
    "slots in another order": (
        MATRIX, SEASON + TIP, TIP + SEASON,
    ),
    "folded slots": (MATRIX, "fold: {slots: [answer, tip]", "fold: {slots: [answer, season]"),
    "a heading": (MATRIX, 'heading: "What to do"', 'heading: "Do this"'),
    "no heading": (MATRIX, '{snippet: optional, heading: "When"}', "{snippet: optional}"),
    "a title": (MATRIX, "{{ pest.name }} on the {{ plant.name }}, {{ region.name }}: what to do",
                "{{ pest.name }}, {{ plant.name }}, {{ region.name }}: what to do first"),
    "words of links": (MATRIX, '"{{ plant.name }}, {{ region.name }}"',
                       '"{{ plant.name }}, {{ region.name }}: {{ grown.line }}"'),
    "words of links to answers": (
        MATRIX, '"{{ pest.name }} on {{ plant.name }}, {{ region.name }}"',
        '"{{ pest.name }}, {{ region.name }}: {{ grown.line }}"',
    ),
    "a route": (MATRIX, "route: /{region}/{plant}/\n", "route: /of/{region}/{plant}/\n"),
    "a route of answers": (
        MATRIX, "route: /{region}/{plant}/{pest}/", "route: /a/{region}/{plant}/{pest}/",
    ),
    "noindex": (MATRIX, "otherwise: fold", "otherwise: noindex"),
    "hold": (MATRIX, "otherwise: fold", "otherwise: hold"),
    "a wider gate": (MATRIX, "min_specific_share: 0.5", "min_specific_share: 0.0"),
    "no gate": (MATRIX, "format: 1\n", "format: 1\ngate: off\n"),
    "hubs with children only": (
        MATRIX, "      plants: {list: spot, heading: Plants}\n",
        "      plants: {list: spot, heading: Plants}\n    gate: {min_children: 1}\n",
    ),
    "pairs with children only": (
        MATRIX, '      others: {fold: advice, heading: "In short"}\n',
        '      others: {fold: advice, heading: "In short"}\n    gate: {min_children: 2}\n',
    ),
    "another parent": (MATRIX, "    parent: region\n", "    parent: home\n"),
    "fewer related": (MATRIX, "{vary: region, count: 2}", "{vary: region, count: 1}"),
    "the whole product": (MATRIX, "axes: [region, plant, pest]\n    cells: grown",
                          "axes: [region, plant, pest]\n    cells: all"),
    "a condition": (
        MATRIX, "    parent: spot\n", "    parent: spot\n    where: pest.name != 'Mildew'\n",
    ),
    "another template": (
        MATRIX, "route: /pests/{pest}/\n    parent: home\n    template: hub.html",
        "route: /pests/{pest}/\n    parent: home\n    template: home.html",
    ),
    "not listed": (
        MATRIX, "route: /pests/{pest}/\n", "route: /pests/{pest}/\n    listed: false\n",
    ),
    "a note that is no Markdown": (
        "matrix/schemas/grown.schema.json", ', "format": "markdown"', "",
    ),
    "a fact that is no reference": (
        "matrix/schemas/plant.schema.json", ', "x-ref": "fact"', "",
    ),
    "a partial": ("themes/garden/slots/card.html", "Rest the bed", "Leave the bed"),
    "a fact in a partial": (
        "themes/garden/slots/tip.html", 'cite("almanac")', 'cite("handbook")',
    ),
    "a computed fact in a partial": (
        "themes/garden/slots/tip.html", '{{ cite("almanac") }}',
        '{% set id = "rose." ~ "spray" %}{{ fact(id) }}',
    ),
    "a link in a partial": (
        "themes/garden/slots/tip.html", '{{ cite("almanac") }}', '{{ link("pest", pest=pest) }}',
    ),
    "a link to an answer in a partial": (
        "themes/garden/slots/tip.html", '{{ cite("almanac") }}',
        '{{ link("advice", region="south", plant="rose", pest="slug") }}',
    ),
    "another table in a partial": (
        "themes/garden/slots/books.html", "book.title", "book.publisher or book.title",
    ),
    "a page template": (
        "themes/garden/hub.html", None,
        (DEFAULT / "hub.html").read_text(encoding="utf-8").replace("</h1>", "</h1><hr>"),
    ),
    "a base template": (
        "themes/garden/base.html", None,
        (DEFAULT / "base.html").read_text(encoding="utf-8").replace("</body>", "<hr></body>"),
    ),
    "an included template": (
        "themes/garden/partials/related.html", None,
        "{% if page.related %}<aside>{{ page.related[0].title }}</aside>{% endif %}",
    ),
    "an asset": ("themes/garden/static/site.css", None, "main { margin: 0 }\n"),
    "words": ("content/words/en.yaml", None, 'sources_heading: "Books"\n'),
    "a unit in words": (
        "content/words/en.yaml", None, 'units: {weeks: {one: "{n} wk", other: "{n} wks"}}\n',
    ),
    "a ledger": ("matrix/ledger/advice.tsv", None, LEDGER),
    "another ledger": (
        "matrix/ledger/advice.tsv", None, LEDGER.replace("2026-11-21", "2026-11-22"),
    ),
    "less of a ledger": ("matrix/ledger/advice.tsv", None, LEDGER.split("/south/rose")[0]),
    "a ledger of hubs": (
        "matrix/ledger/pest.tsv", None, LEDGER.split("/south")[0].replace("north/rose", "pests"),
    ),
    "staged releases": ("content/site.yaml", "nav:", "release: staged\nnav:"),
    "no feed": ("content/site.yaml", "nav:", "feed: 0\nnav:"),
    "a former slug": ("matrix/regions.yaml", "name: Coast}", "name: Coast, former_slugs: [beach]}"),
    "an address that is given up": (
        "matrix/ledger/gone.yaml", None, "- {route: /fields/, to: /north/, reason: one now}\n",
    ),
    "a root file": ("content/root/humans.txt", None, "Us.\n"),
    "a root file of another name": ("content/root/.well-known/us.txt", None, "Us.\n"),
}  # fmt: skip


def edited(names: frozenset[str]) -> Mapping[str, str]:
    """Return the files of the garden with some edits made."""
    files = dict(original())
    for name in sorted(names):
        path, old, new = EDITS[name]
        if new is None:
            files.pop(path, None)
        elif old is None:
            files[path] = new
        elif path in files:
            files[path] = files[path].replace(old, new)
    return files


def put(root: Path, names: frozenset[str]) -> None:
    """Make a project's files those of the garden with some edits."""
    files = edited(names)
    for folder in ("content", "matrix", "themes"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and path.relative_to(root).as_posix() not in files:
                path.unlink()
    for path, text in files.items():
        place = root / path
        if not place.is_file() or place.read_text(encoding="utf-8") != text:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def run(root: Path) -> Outcome:
    """Build in this process."""
    return build(Options(root=root, jobs=1))


@cache
def original() -> Mapping[str, str]:
    """Return the files of the garden."""
    return {
        path.relative_to(GARDEN).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(GARDEN.rglob("*"))
        if path.is_file()
    }


@cache
def clean(names: frozenset[str]) -> tuple[bool, Mapping[str, bytes]]:
    """Return whether a project is sound, and what a build of it from nothing makes."""
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), names)
        outcome = run(Path(folder))
        return not errors(outcome), tree(Path(folder) / "site")


def assert_equals_clean(root: Path, names: frozenset[str]) -> None:
    """Build after an edit: the bytes are those of a clean build, and only they are written."""
    put(root, names)
    before = tree(root / "site")
    outcome = run(root)
    sound, expected = clean(names)
    assert sound == (not errors(outcome)), (sorted(names), errors(outcome))
    found = tree(root / "site")
    if not sound:
        return
    assert found.keys() == expected.keys(), sorted(names)
    assert [path for path in found if found[path] != expected[path]] == [], sorted(names)
    changed = {path for path in found if before.get(path) != found[path]}
    assert set(outcome.written) == changed, sorted(names)
    assert set(outcome.removed) == before.keys() - found.keys(), sorted(names)


@pytest.fixture(autouse=True, scope="module")
def _few_pages_in_a_block() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "BLOCK", 2)
        yield


def test_every_edit_is_an_edit():
    nothing = edited(frozenset())
    assert [name for name in EDITS if edited(frozenset((name,))) == nothing] == []


def test_every_edit_leaves_a_sound_project_and_changes_the_site():
    _, base = clean(frozenset())
    unsound = [name for name in EDITS if not clean(frozenset((name,)))[0]]
    same = [name for name in EDITS if clean(frozenset((name,)))[1] == base]
    assert unsound == []
    assert same == UNSEEN


UNSEEN = [
    "date",
    "rows in another order",
    "a wider gate",
    "fewer related",
    "a fact that is no reference",
    "no feed",
    "a former slug",
    "an address that is given up",
]


def test_each_edit_equals_a_clean_build(tmp_path: Path):
    base, root = tmp_path / "base", tmp_path / "root"
    put(root, frozenset())
    assert not errors(run(root))
    shutil.copytree(root, base)
    for name in EDITS:
        for kept in ("site", ".pageloom"):
            shutil.rmtree(root / kept)
            shutil.copytree(base / kept, root / kept)
        assert_equals_clean(root, frozenset((name,)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("words of links", "another line"),
        ("words of links to answers", "another line"),
        ("navigation to a pair", "a pair less"),
        ("navigation to an answer", "hold"),
        ("a link to an answer in a partial", "hold"),
        ("a link to an answer in a partial", "a route"),
        ("a computed fact in a partial", "a value"),
        ("a fact that is no reference", "a unit"),
        ("pairs with children only", "an answer less"),
        ("another parent", "a pair more"),
        ("the whole product", "a name"),
        ("noindex", "a season for all"),
        ("a ledger", "another ledger"),
        ("a ledger", "less of a ledger"),
        ("a ledger", "an answer less"),
        ("a ledger", "no feed"),
        ("a ledger", "staged releases"),
        ("staged releases", "a new snippet"),
        ("staged releases", "a ledger"),
    ],
)
def test_an_edit_of_an_edited_project_equals_a_clean_build(tmp_path: Path, before: str, after: str):
    for state in ({before}, {before, after}):
        assert_equals_clean(tmp_path, frozenset(state))


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(st.sets(st.sampled_from(sorted(EDITS)), max_size=6), min_size=2, max_size=4))
def test_edits_that_meet_equal_a_clean_build(states: list[set[str]]):
    with tempfile.TemporaryDirectory() as folder:
        for state in states:
            assert_equals_clean(Path(folder), frozenset(state))
        again = run(Path(folder))
        assert (again.written, again.removed) == ((), ())
