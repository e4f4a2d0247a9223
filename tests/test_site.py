"""Whole sites: build, edit, build again, and look at what was written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from trees import append, copied, made, rebuilt, replace, stamps, tree

from pageloom import seo, writing
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.plan import PUBLISHED, VERDICTS, Plan
from pageloom.writing.worker import Range, Worker

ROOT = Path(__file__).parent.parent
BASE = "https://garden.example"


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """Return a project whose answers are partly pages and partly sections of their parents."""
    return copied("garden", tmp_path / "garden")


def pages(root: Path) -> dict[str, str]:
    """Return the pages of a built project by their address."""
    return {
        re.sub(r"index\.html$", "", f"/{path}"): content.decode()
        for path, content in tree(root / "site").items()
        if path.endswith(".html")
    }


def located(root: Path) -> set[str]:
    """Return the addresses in the sitemap."""
    found = etree.parse(root / "site" / "sitemap.xml").getroot().findall("{*}url/{*}loc")
    return {loc.text.removeprefix(BASE) for loc in found}


def links(html: str) -> set[str]:
    """Return what a page links to, without the header, footer and breadcrumbs."""
    body = html[html.index("<main") : html.index("<footer")]
    return set(re.findall(r'<a href="(/[^"#]*)"', body))


def graph(html: str) -> list[dict[str, object]]:
    """Return the nodes of a page's structured data."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert len(found) == 1
    nodes: list[dict[str, object]] = json.loads(found[0])["@graph"]
    return nodes


def listed(html: str) -> set[str]:
    """Return the addresses in the lists of a page's structured data."""
    return {
        entry["url"].removeprefix(BASE)
        for node in graph(html)
        if node["@type"] == "ItemList"
        for entry in node["itemListElement"]
    }


def planned(root: Path) -> Plan:
    """Return the plan of a sound project with its verdicts."""
    plan = decide(Options(root=root)).plan
    assert plan is not None
    return plan


def routes(plan: Plan, verdict: str) -> set[str]:
    """Return the addresses of the cells with a verdict; only of families that are listed."""
    number = VERDICTS.index(verdict)
    return {
        plan.route(family.family, cell)
        for family in plan.families.values()
        if family.family.listed
        for cell, found in zip(family.cells, family.verdicts, strict=True)
        if found == number
    }


@pytest.mark.parametrize("name", ["garden", "trades", "faults", "oficios"])
def test_a_second_build_writes_no_file(tmp_path: Path, name: str):
    root = copied(name, tmp_path / name)
    first = made(root)
    before = stamps(root / "site"), stamps(root / ".pageloom")
    second = made(root)
    assert (second.written, second.removed) == ((), ())
    assert second.unchanged == len(first.written)
    assert stamps(root / "site") == before[0]
    records = {path for path in before[1] if not path.startswith("cache/")}
    after = stamps(root / ".pageloom")
    assert {path: after[path] for path in records} == {path: before[1][path] for path in records}


def test_touched_and_rewritten_inputs_rebuild_nothing(garden: Path):
    made(garden)
    before = stamps(garden / "site")
    for path in garden.glob("*/**/*.*"):
        if path.is_file() and "site" not in path.parts:
            os.utime(path, (1, 1))
    append(garden / "matrix" / "pests.yaml", "# A comment is not a value.\n")
    assert made(garden).written == ()
    assert stamps(garden / "site") == before


@pytest.mark.parametrize(
    ("path", "old", "new", "count"),
    [
        ("content/advice/north-rose-aphid.md", "wet thumb", "damp thumb", 1),
        ("content/answer.md", "Look under", "Look below", 4),
        ("matrix/grown.yaml", "Cut in February", "Cut in January", 9),
        ("matrix/pests.yaml", "Air helps", "Fresh air helps", 8),
        ("content/site.yaml", "Garden Answers", "Plot Answers", 16),
    ],
)
def test_only_pages_that_an_edit_may_touch_are_rendered(
    garden: Path, monkeypatch: pytest.MonkeyPatch, path: str, old: str, new: str, count: int
):
    made(garden)
    rendered: list[tuple[str, str]] = []
    pages: Callable[..., Iterator[tuple[str, bytes | None]]] = vars(Worker)["_made"]

    def seen(worker: Worker, part: Range, stale: bytes) -> Iterator[tuple[str, bytes | None]]:
        for file, page in pages(worker, part, stale):
            rendered.append((part[0], file))
            yield file, page

    monkeypatch.setattr(Worker, "_made", seen)
    made(garden)
    assert rendered == []
    replace(garden / path, old, new)
    made(garden)
    assert len(set(rendered)) == count
    families = {family for family, _ in rendered}
    assert len(rendered) == count + len(families)  # one of each is tried before any is written


LATER = """
import datetime, sys, time
class Day(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls(2031, 2, 3, 4, 5, 6, tzinfo=tz)
    today = utcnow = now
datetime.datetime = Day
time.time = lambda: 1927858000.0
time.localtime = time.gmtime = lambda *_: time.struct_time((2031, 2, 3, 4, 5, 6, 0, 34, 0))
from pageloom.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("name", ["garden", "trades", "oficios"])
def test_same_bytes_on_another_day_in_another_place_and_locale(tmp_path: Path, name: str):
    here = copied(name, tmp_path / "here")
    made(here)
    there = copied(name, tmp_path / "a folder with spaces" / "là")
    for path in sorted(there.rglob("*"), reverse=True):
        os.utime(path, (1, 1))
    environment = {
        **os.environ,
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "PYTHONHASHSEED": "4242",
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run(
        [sys.executable, "-c", LATER, "--root", str(there), "--jobs", "1", "--quiet"],
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert tree(there / "site") == tree(here / "site")


def test_same_bytes_with_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    alone = copied("faults", tmp_path / "alone")
    made(alone, jobs=1)
    monkeypatch.setattr(writing.pool, "PARALLEL_FROM", 1)
    monkeypatch.setattr(writing.pool, "CELLS_A_TASK", 2)
    together = copied("faults", tmp_path / "together")
    outcome = made(together, jobs=2)
    assert tree(together / "site") == tree(alone / "site")
    assert len(outcome.written) == len(tree(alone / "site"))
    assert made(together, jobs=2).written == ()


def test_a_new_pair_yields_its_pages_and_changes_only_pages_that_link_to_them(garden: Path):
    made(garden)
    before = tree(garden / "site")
    append(garden / "matrix" / "grown.yaml", "- {region: coast, plant: rose, line: Salt}\n")
    (garden / "content" / "coast.md").write_text(COAST, encoding="utf-8")
    outcome = made(garden)
    after = tree(garden / "site")
    new = {"coast/rose/index.html", "coast/rose/aphid/index.html"}
    assert set(after) - set(before) == new
    changed = {path for path in before if before[path] != after[path]}
    assert set(outcome.written) == new | changed
    pointing = {
        path
        for path, content in after.items()
        if path.endswith(".html")
        and path not in new
        and re.search(rb'href="(?:https://garden.example)?/coast/rose/', content)
    }
    assert changed == {*pointing, "sitemap.xml", "build-info.json"}
    assert {"coast/index.html", "index.html", "pests/aphid/index.html"} <= pointing
    assert "north/bean/index.html" not in changed
    assert {"/coast/rose/", "/coast/rose/aphid/"} <= located(garden)


COAST = """---
slot: answer
for: {region: coast, plant: rose, pest: aphid}
---
Where the wind carries salt, wipe every stem with soft water at noon, hang a sack of straw on
the seaward side, and give the roots seaweed that has rotted for a winter.
"""


def test_removing_a_pair_removes_its_pages_hubs_and_links(garden: Path):
    rows = garden / "matrix" / "grown.yaml"
    old = rows.read_text(encoding="utf-8")
    made(garden)
    before = tree(garden / "site")
    append(rows, "- {region: coast, plant: rose, line: Salt}\n")
    made(garden)
    assert tree(garden / "site") != before
    rows.write_text(old, encoding="utf-8")
    outcome = made(garden)
    assert outcome.removed == ("coast/rose/index.html",)
    assert tree(garden / "site") == before
    assert not (garden / "site" / "coast" / "rose").exists()


def numbered(count: int) -> str:
    return "".join(f"- {{slug: r{n:03}, name: Number {n:03}}}\n" for n in range(1, count + 1))


MANY = """-- content/site.yaml --
brand: Many
base_url: https://garden.example
as_of: 2026-11-25
-- matrix/matrix.yaml --
format: 1
axes:
  row: {file: rows.yaml}
families:
  home:
    axes: []
    route: /
    template: hub.html
    title: ["Every number that we know of, in order of its value"]
    h1: Numbers
    slots:
      rows: {list: row}
  row:
    axes: [row]
    route: /{row}/
    parent: home
    title: ["{{ row.name }}: what there is to say about the number"]
    h1: "{{ row.name }}"
-- matrix/rows.yaml --
"""


@pytest.mark.parametrize("template", ["hub.html", "home.html"])
def test_hubs_page_at_eighty_links(site: Callable[[str], Path], template: str):
    root = site(MANY.replace("hub.html", template) + numbered(170))
    made(root)
    found = pages(root)
    numbers = {page: links(found[page]) - {"/", "/page/2/", "/page/3/"} for page in HUBS}
    assert [len(numbers[page]) for page in HUBS] == [80, 80, 10]
    assert set.union(*numbers.values()) == {f"/r{n:03}/" for n in range(1, 171)}
    assert [listed(found[page]) for page in HUBS] == [numbers[page] for page in HUBS]
    titles = [re.findall(r"<title>(.*?)</title>", found[page])[0] for page in HUBS]
    assert len(set(titles)) == 3
    canonical = [re.findall(r'rel="canonical" href="(.*?)"', found[page])[0] for page in HUBS]
    assert canonical == [BASE + page for page in HUBS]
    assert set(HUBS) <= located(root)
    assert 'href="/page/2/"' in found["/"]
    assert 'href="/page/3/"' in found["/page/2/"]


HUBS = ("/", "/page/2/", "/page/3/")


@pytest.mark.parametrize(("count", "shown"), [(80, 1), (81, 2)])
def test_a_hub_has_as_few_pages_as_can_be(site: Callable[[str], Path], count: int, shown: int):
    root = site(MANY + numbered(count))
    made(root)
    assert sum(page in pages(root) for page in HUBS) == shown


def test_a_hub_that_shrinks_loses_its_later_pages(site: Callable[[str], Path]):
    root = site(MANY + numbered(81))
    made(root)
    (root / "matrix" / "rows.yaml").write_text(numbered(80), encoding="utf-8")
    assert made(root).removed == ("page/2/index.html", "r081/index.html")
    assert not (root / "site" / "page").exists()


def test_a_sitemap_above_the_limit_has_an_index():
    routes_ = [(f"/{n}/", "2026-01-02" if n == 2 else "") for n in range(5)]
    files = dict(seo.sitemaps("https://a.example", {"": iter(routes_)}, {"": 5}, limit=2))
    assert list(files) == ["sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml", "sitemap.xml"]
    index = etree.fromstring(files["sitemap.xml"])
    assert etree.QName(index).localname == "sitemapindex"
    assert [loc.text for loc in index.findall("{*}sitemap/{*}loc")] == [
        f"https://a.example/sitemap-{n}.xml" for n in (1, 2, 3)
    ]
    found = [
        loc.text
        for n in (1, 2, 3)
        for loc in etree.fromstring(files[f"sitemap-{n}.xml"]).findall("{*}url/{*}loc")
    ]
    assert found == [f"https://a.example/{n}/" for n in range(5)]
    assert files["sitemap-2.xml"].count(b"<lastmod>2026-01-02</lastmod>") == 1


@given(st.lists(st.text("a/&<>\"'é%", min_size=1), max_size=5), st.sampled_from(["", "2026-01-02"]))
def test_sitemaps_hold_addresses_as_they_are(routes_: list[str], day: str):
    pages_ = [(route, day) for route in routes_]
    ((_, content),) = seo.sitemaps("https://a.example", {"": iter(pages_)}, {"": len(pages_)})
    entries = etree.fromstring(content).findall("{*}url")
    assert [(entry.findtext("{*}loc"), entry.findtext("{*}lastmod", "")) for entry in entries] == [
        (f"https://a.example{route}", day) for route in routes_
    ]


def test_a_sitemap_at_the_limit_has_none():
    pages_ = iter([("/1/", ""), ("/2/", "")])
    files = dict(seo.sitemaps("https://a.example", {"": pages_}, {"": 2}, limit=2))
    assert list(files) == ["sitemap.xml"]


@pytest.mark.parametrize("otherwise", ["fold", "noindex", "hold"])
def test_verdicts_agree_everywhere(garden: Path, otherwise: str):
    """Robots, sitemap, hubs, related links and structured data name the same pages."""
    replace(garden / "matrix" / "matrix.yaml", "otherwise: fold", f"otherwise: {otherwise}")
    made(garden)
    plan, found = planned(garden), pages(garden)
    published = routes(plan, "published")
    indexed = {page for page, html in found.items() if 'name="robots" content="noindex' not in html}
    assert len(routes(plan, {"fold": "folded", "hold": "held"}.get(otherwise, otherwise))) == 8
    assert indexed == published == located(garden)
    assert set(found) == published | routes(plan, "noindex") | {"/404.html"}
    shown = set().union(*(links(html) for html in found.values()))
    assert shown - published == (routes(plan, "noindex") & shown)
    lists = set().union(*(listed(html) for html in found.values()))
    assert lists == published - {"/", "/pests/aphid/", "/pests/mildew/", "/pests/slug/"}
    related = {
        href
        for html in found.values()
        for part in re.findall(r'<aside class="related".*?</aside>', html, re.DOTALL)
        for href in re.findall(r'href="([^"]*)"', part)
    }
    assert {"/north/rose/aphid/", "/north/rose/mildew/", "/south/rose/aphid/"} <= related
    assert related <= published


def test_a_folded_cell_is_a_section_of_its_parent_and_links_lead_there(garden: Path):
    made(garden)
    found = pages(garden)
    assert '<a href="/south/rose/#slug">roses and slugs</a>' in found["/south/bean/slug/"]
    assert '<section id="slug" class="part">' in found["/south/rose/"]


def test_a_link_to_a_held_cell_is_words_alone(garden: Path):
    replace(garden / "matrix" / "matrix.yaml", "otherwise: fold", "otherwise: hold")
    made(garden)
    assert "and roses and slugs." in pages(garden)["/south/bean/slug/"]


def twins(root: Path, north: str, south: str) -> set[str]:
    """Return which of two pages stand alone when they say this."""
    for region, text in (("north", north), ("south", south)):
        path = root / "content" / "advice" / f"{region}-bean-aphid.md"
        selector = f"{{region: {region}, plant: bean, pest: aphid}}"
        path.write_text(f"---\nslot: answer\nfor: {selector}\n---\n{text}\n", encoding="utf-8")
    made(root)
    wanted = {"/north/bean/aphid/", "/south/bean/aphid/"}
    return wanted & routes(planned(root), "published")


def test_twins_fail_together_and_pass_when_they_truly_differ(garden: Path):
    same = (
        "In the {{ region.name }} pinch out the tips of the bean as soon as the first pods hang, "
        "and drop the tips in a bucket of water so that nothing crawls back."
    )
    other = (
        "Let hoverflies do it: sow dill between the rows by the wall, water only the soil, and "
        "leave the lowest leaves alone until the pods are picked for drying."
    )
    assert twins(garden, same, same) == set()
    assert twins(garden, same, other) == {"/north/bean/aphid/", "/south/bean/aphid/"}
    assert twins(garden, other, other) == set()


@pytest.mark.parametrize("name", ["garden", "faults", "trades"])
def test_the_order_of_rows_changes_nothing(tmp_path: Path, name: str):
    root = copied(name, tmp_path / name)
    made(root)
    before = tree(root / "site")
    for path in root.glob("matrix/*.yaml"):
        if path.name != "matrix.yaml":
            rows = re.split(r"^(?=- )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            path.write_text("".join(reversed(rows)), encoding="utf-8")
    assert made(root).written == ()
    assert rebuilt(root, tmp_path / "clean") == before


def test_gate_off_publishes_every_cell(garden: Path):
    replace(garden / "matrix" / "matrix.yaml", "format: 1\n", "format: 1\ngate: off\n")
    made(garden)
    plan = planned(garden)
    assert {PUBLISHED} == {found for family in plan.families.values() for found in family.verdicts}
    assert routes(plan, "published") == located(garden)
    assert len([page for page in pages(garden) if page.count("/") == 4]) == 12


def test_cells_all_makes_the_whole_product(garden: Path):
    text = (garden / "matrix" / "matrix.yaml").read_text(encoding="utf-8")
    text = text.replace("cells: grown", "cells: all").replace('    line: "{{ grown.line }}"\n', "")
    (garden / "matrix" / "matrix.yaml").write_text(text, encoding="utf-8")
    made(garden)
    assert len(planned(garden).families["advice"].cells) == 3 * 2 * 3


def test_a_page_that_moves_into_the_place_of_a_file_and_back(garden: Path):
    """A file of ours stands where a folder is wanted, then a folder where a file is."""
    made(garden)
    before = tree(garden / "site")
    place = garden / "content" / "root" / "coast"
    place.parent.mkdir()
    replace(garden / "matrix" / "regions.yaml", "- {slug: coast, name: Coast}\n", "")
    place.write_text("a file\n", encoding="utf-8")
    made(garden)
    assert tree(garden / "site")["coast"] == b"a file\n"
    place.unlink()
    append(garden / "matrix" / "regions.yaml", "- {slug: coast, name: Coast}\n")
    made(garden)
    assert tree(garden / "site") == before
