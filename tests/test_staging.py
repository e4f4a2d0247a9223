"""Staged releases: a page that passes the gate is in the index once a release takes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clinics import clinics, prose
from clinics import put as put_text
from ledgers import lines, released, states
from lxml import etree
from trees import append, made, replace, tree

from pageloom import cli
from pageloom.options import Options
from pageloom.pipeline import build, decide
from pageloom.plan import NOINDEX, PUBLISHED

TOWNS = ("alm", "birk", "coll")
TEXTS = {
    f"answer {town} knee {why}": prose((town, why)) for town in TOWNS for why in ("late", "code")
}
FIRST = "/alm/knee/code/"
BASE = "https://clinics.example"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = clinics(tmp_path, TEXTS, [(town, "knee") for town in TOWNS])
    append(root / "content/site.yaml", "release: staged\n")
    return root


def located(path: Path) -> list[str]:
    return [str(item.text).removeprefix(BASE) for item in etree.parse(path).iterfind("{*}*/{*}loc")]


def indexed(root: Path) -> set[str]:
    """Return the addresses of the pages that search engines may show."""
    found: set[str] = set()
    for path, content in tree(root / "site").items():
        if path.endswith(".html") and b'name="robots" content="noindex' not in content:
            found.add("/" + path.removesuffix("index.html"))
    return found


def page(root: Path, route: str) -> str:
    return (root / "site" / route.strip("/") / "index.html").read_text(encoding="utf-8")


def test_what_is_not_released_is_built_and_in_nothing_else(site: Path):
    outcome = made(site)
    assert outcome.verdicts == {"published": 0, "noindex": 10, "folded": 0, "held": 0}
    assert len([path for path in tree(site / "site") if path.endswith(".html")]) == 10
    assert indexed(site) == set()
    assert located(site / "site/sitemap.xml") == []
    assert not (site / "site/feed.xml").exists()
    assert "/alm/knee/" not in page(site, "/").split("<main", 1)[1].split("</main>")[0]


def test_the_reason_is_told(site: Path, capsys: pytest.CaptureFixture[str]):
    for route in (FIRST, "/"):
        assert cli.main(["explain", route, "--root", str(site)]) == cli.SOUND
        shown = capsys.readouterr().out
        assert ": noindex\n" in shown
        assert "because: not released yet" in shown
        assert "write next" not in shown


def test_a_release_takes_at_most_so_many_pages_in_order(site: Path):
    """Pages by family and slug; a list comes right after its first page."""
    found = released(site, limit=4)
    assert found.released == (FIRST, "/", "/alm/knee/", "/alm/knee/late/")
    assert (len(found.released), found.waiting) == (4, 6)
    made(site)
    assert indexed(site) == set(found.released) == set(located_everywhere(site))


def located_everywhere(root: Path) -> list[str]:
    """Return the addresses of all sitemaps that the index names."""
    names = [name.strip("/") for name in located(root / "site/sitemap.xml")]
    return [route for name in names for route in located(root / "site" / name)]


def test_a_day_has_one_release(site: Path):
    """Run twice on one day it changes nothing; another day takes the next pages."""
    first = released(site, limit=4)
    assert released(site, limit=4).written == ()
    second = released(site, "2026-11-26", limit=4)
    third = released(site, "2026-11-27", limit=4)
    assert [len(found.released) for found in (first, second, third)] == [4, 4, 2]
    assert (second.waiting, third.waiting) == (2, 0)
    assert len({*first.released, *second.released, *third.released}) == 10
    assert released(site, "2026-11-28").written == ()


def test_each_release_has_a_sitemap(site: Path):
    first = released(site, limit=4)
    second = released(site, "2026-11-26", limit=4)
    made(site)
    names = ["/sitemap-2026-11-25.xml", "/sitemap-2026-11-26.xml"]
    assert located(site / "site/sitemap.xml") == names
    for found, name in zip((first, second), names, strict=True):
        assert set(located(site / "site" / name.strip("/"))) == set(found.released)
    days = [
        item.text for item in etree.parse(site / "site/sitemap.xml").iterfind("{*}*/{*}lastmod")
    ]
    assert days == ["2026-11-26", "2026-11-26"]  # pages of the first list those of the second
    grammar = etree.XMLSchema(etree.parse(Path(__file__).parent / "data/sitemap.xsd"))
    for name in names:
        grammar.assertValid(etree.parse(site / "site" / name.strip("/")))


def test_every_list_that_is_released_has_a_page(site: Path):
    """After any number of pages no hub is in the index without one that it lists."""
    days = [f"2026-12-{day:02}" for day in range(1, 11)]
    for day in days:
        assert len(released(site, day, limit=1).released) == 1
        plan = decide(Options(root=site)).plan
        assert plan is not None
        for family in plan.families.values():
            for number in family.published():
                lists = [slot.lists for slot in family.family.slots if slot.lists]
                counts = [len(plan.children(family, number, name)) for name in lists]
                assert not lists or any(counts), (day, family.family.name, number)
    assert set(states(site).values()) == {"released"}


def test_a_list_waits_for_as_many_pages_as_its_gate_wants(site: Path):
    replace(
        site / "matrix/matrix.yaml",
        "      rest: {fold: page}\n",
        "      rest: {fold: page}\n    gate: {min_children: 2}\n",
    )
    first = released(site, limit=1)
    second = released(site, "2026-11-26", limit=2)
    assert first.released == (FIRST,)
    assert "/alm/knee/" not in states(site)
    assert "/alm/knee/late/" in second.released
    third = released(site, "2026-11-27", limit=1)
    assert "/alm/knee/" in (*second.released, *third.released)


def test_lists_and_related_links_lead_to_released_pages_only(site: Path):
    replace(
        site / "matrix/matrix.yaml",
        "    fold: {slots",
        "    related: [{vary: town, count: 5}]\n    fold: {slots",
    )
    released(site, limit=5)
    made(site)
    plan = decide(Options(root=site)).plan
    assert plan is not None
    pages = plan.families["page"]
    waiting = [plan.route(pages.family, pages.cells[n]) for n in sorted(pages.waiting)]
    assert len(waiting) == len(pages.waiting) > 0
    text = "".join(page(site, route) for route in indexed(site))
    assert [route for route in waiting if f'href="{route}"' in text] == []


def test_no_verdict_of_the_gate_depends_on_releases(site: Path):
    def passing(root: Path) -> dict[str, list[int]]:
        plan = decide(Options(root=root)).plan
        assert plan is not None
        return {name: list(family.passed()) for name, family in plan.families.items()}

    before = passing(site)
    released(site, limit=4)
    assert passing(site) == before
    replace(site / "content/site.yaml", "release: staged", "release: at-once")
    assert passing(site) == before


def test_a_new_page_waits_and_a_moved_one_does_not(site: Path):
    released(site)
    made(site)
    append(site / "matrix/towns.yaml", "- {slug: dorf, name: Dorf Name}\n")
    append(site / "matrix/pairs.yaml", "- {town: dorf, care: knee}\n")
    put_text(site, "answer dorf knee late", prose("dorf"))
    replace(site / "matrix/towns.yaml", "slug: alm,", "slug: ulm, former_slugs: [alm],")
    for path in (site / "matrix/pairs.yaml", *(site / "content").glob("*.md")):
        path.write_text(path.read_text("utf-8").replace("town: alm", "town: ulm"), "utf-8")
    made(site)
    assert {"/ulm/knee/", "/ulm/knee/late/"} <= indexed(site)
    assert not [route for route in indexed(site) if "dorf" in route]
    found = released(site, "2026-12-01")
    assert set(found.released) == {"/dorf/knee/", "/dorf/knee/late/"}
    assert lines(site)["/ulm/knee/"].published == "2026-11-25"


def test_a_page_that_comes_back_waits_again(site: Path):
    released(site)
    put_text(site, "answer alm knee late", "Too short.")
    made(site, accept_deindex=1)
    assert cli.main(["release", "--root", str(site), "--accept-deindex", "1", "-q"]) == cli.SOUND
    put_text(site, "answer alm knee late", prose(("alm", "late")))
    made(site)
    assert "/alm/knee/late/" not in indexed(site)
    assert released(site, "2026-11-26").released == ("/alm/knee/late/",)


def test_rows_that_wait_count_as_pages_in_what_rows_gave(site: Path):
    made(site)
    append(site / "matrix/towns.yaml", "- {slug: dorf, name: Dorf Name}\n")
    append(site / "matrix/pairs.yaml", "- {town: dorf, care: knee}\n")
    put_text(site, "answer dorf knee late", prose("dorf"))
    gain = build(Options(root=site, jobs=1)).gain
    assert gain is not None
    assert (gain.pages, gain.sections) == (2, 1)


def test_without_staging_the_ledger_only_dates(site: Path):
    replace(site / "content/site.yaml", "release: staged\n", "")
    released(site, limit=1)
    put_text(site, "answer alm knee late", "Too short.")
    plan = decide(Options(root=site)).plan
    assert plan is not None
    assert all(not family.waiting for family in plan.families.values())
    assert NOINDEX not in b"".join(bytes(family.verdicts) for family in plan.families.values())
    assert PUBLISHED in plan.families["page"].verdicts


def test_the_limit_is_told_with_what_waits(site: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["release", "--root", str(site), "--limit", "4", "-v"]) == cli.SOUND
    *said, last = capsys.readouterr().out.splitlines()
    assert last == (
        "2026-11-25: 4 released, 0 changed, 0 withdrawn, 0 gone; 6 wait for another day"
    )
    assert said[0] == f"released {FIRST}"
    assert cli.main(["release", "--root", str(site), "--limit", "4", "--json"]) == cli.SOUND
    assert json.loads(capsys.readouterr().out)["waiting"] == 6
