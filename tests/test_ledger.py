"""The ledger: dates come from it alone, and change when significant content has changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from clinics import clinics, prose
from clinics import put as put_text
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import lines, released
from lxml import etree
from trees import append, copied, errors, made, rebuilt, replace, stamps, tree

from pageloom import cli, ledger, unchanged
from pageloom.ledger import Entry
from pageloom.options import Options
from pageloom.pipeline import build
from pageloom.unchanged import Seen

TEXTS = {f"answer {town} knee late": prose(town) for town in ("alm", "birk", "coll")}
PAIRS = (("alm", "knee"), ("birk", "knee"), ("coll", "knee"))
PAGE = "/alm/knee/late/"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return clinics(tmp_path, TEXTS, PAIRS)


def page(root: Path, route: str = PAGE) -> str:
    return (root / "site" / route.strip("/") / "index.html").read_text(encoding="utf-8")


def graph(root: Path, route: str = PAGE) -> list[dict[str, str]]:
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page(root, route))
    nodes: list[dict[str, str]] = json.loads(found)["@graph"]
    return nodes


def located(path: Path) -> dict[str, str]:
    """Return the addresses of a sitemap with their days."""
    tree_ = etree.parse(path)
    return {
        url.findtext("{*}loc").removeprefix("https://clinics.example"): url.findtext(
            "{*}lastmod", ""
        )
        for url in tree_.iterfind("{*}url")
    }


def feed(root: Path) -> etree._Element:
    return etree.parse(root / "site/feed.xml").getroot()


def test_a_release_records_what_is_published_with_its_day(site: Path):
    found = released(site)
    assert set(lines(site)) == set(found.released) == {
        "/", "/alm/knee/", "/birk/knee/", "/coll/knee/",
        PAGE, "/birk/knee/late/", "/coll/knee/late/",
    }  # fmt: skip
    assert {entry[:2] for entry in lines(site).values()} == {("2026-11-25", "2026-11-25")}
    assert found.written == (
        "matrix/ledger/home.tsv", "matrix/ledger/page.tsv", "matrix/ledger/pair.tsv",
    )  # fmt: skip


def test_a_ledger_is_sorted_text_with_a_line_an_address(site: Path):
    released(site)
    text = (site / "matrix/ledger/page.tsv").read_text(encoding="utf-8")
    head, *rest = text.splitlines()
    assert head == "route\tpublished\tmodified\tdigest\tstate"
    assert [line.split("\t")[0] for line in rest] == [
        PAGE, "/birk/knee/late/", "/coll/knee/late/",
    ]  # fmt: skip
    assert re.fullmatch(r"/\S+\t2026-11-25\t2026-11-25\t[0-9a-f]{16}\treleased", rest[0])


def test_a_second_release_changes_nothing(site: Path):
    released(site)
    before = stamps(site)
    again = released(site, "2026-12-24")
    assert (again.released, again.changed, again.written) == ((), (), ())
    assert stamps(site / "matrix") == {
        path.removeprefix("matrix/"): stamp
        for path, stamp in before.items()
        if path.startswith("matrix/")
    }


def test_only_files_of_the_ledger_are_touched(site: Path):
    made(site)
    before = tree(site)
    found = released(site)
    after = tree(site)
    kept = {path for path in after if not path.startswith(("matrix/ledger/", ".pageloom/cache/"))}
    assert {path: after[path] for path in kept} == {
        path: before[path] for path in before if not path.startswith(".pageloom/cache/")
    }
    assert {path for path in after if path.startswith("matrix/ledger/")} == set(found.written)


def test_the_day_changes_with_what_readers_read(site: Path):
    released(site)
    put_text(site, "answer alm knee late", prose("alm") + " Ask first.")
    found = released(site, "2026-12-01")
    assert found.changed == (PAGE,)
    assert lines(site)[PAGE][:2] == ("2026-11-25", "2026-12-01")
    assert found.written == ("matrix/ledger/page.tsv",)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("content/site.yaml", "as_of: 2026-11-25", "as_of: 2027-01-05"),
        ("content/site.yaml", "brand: Clinics", "brand: Clinics of ours"),
        ("matrix/matrix.yaml", "    gate:\n", "    related: [{vary: town, count: 2}]\n    gate:\n"),
        ("content/words/en.yaml", "", 'not_advice: "Ask a doctor."\n'),
        ("themes/mine/partials/section.html", "", "<hr>{{ section.html }}"),
        ("themes/mine/static/site.css", "", "main { margin: 0 }"),
    ],
    ids=["as_of", "brand", "related pages", "words of the frame", "template", "style"],
)
def test_what_stands_around_the_content_changes_no_day(site: Path, path: str, old: str, new: str):
    """Only what a page says is content: not theme, brand, related pages or the day of a build."""
    released(site)
    if old:
        replace(site / path, old, new)
    else:
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(new, encoding="utf-8")
    if path.startswith("themes/"):
        append(site / "content/site.yaml", "theme: mine\n")
    found = released(site, "2027-01-05")
    assert (found.released, found.changed, found.written) == ((), (), ())


def test_a_new_address_of_a_link_is_a_change(site: Path):
    released(site)
    for target in ("https://one.example/", "https://two.example/"):
        put_text(site, "answer alm knee late", f"{prose('alm')} [Ask]({target}).")
        assert released(site, "2026-12-01").changed[:1] == (PAGE,) or target.startswith("https://t")
    assert lines(site)[PAGE].modified == "2026-12-01"
    assert released(site, "2026-12-02").changed == ()
    put_text(site, "answer alm knee late", f"{prose('alm')} [Ask](https://three.example/).")
    assert released(site, "2026-12-03").changed == (PAGE,)


def test_a_correction_can_keep_its_day(site: Path):
    released(site)
    put_text(site, "answer alm knee late", prose("alm") + " Aks first.")
    found = released(site, "2026-12-01", keep_dates=True)
    assert (found.changed, lines(site)[PAGE].modified) == ((PAGE,), "2026-11-25")
    assert released(site, "2026-12-02").changed == ()


def test_a_dry_run_says_what_would_be_recorded(site: Path):
    found = released(site, dry=True)
    assert (len(found.released), found.written) == (7, ())
    assert not (site / "matrix/ledger").exists()


def test_without_a_ledger_no_page_has_a_date(site: Path):
    made(site)
    assert "Published" not in page(site)
    assert not [node for node in graph(site) if "datePublished" in node or "dateModified" in node]
    assert set(located(site / "site/sitemap.xml").values()) == {""}
    assert not (site / "site/feed.xml").exists()
    assert "application/atom+xml" not in page(site)


def test_the_dates_of_a_page_are_the_same_everywhere(site: Path):
    released(site)
    put_text(site, "answer alm knee late", prose("alm") + " Ask first.")
    released(site, "2026-12-01")
    made(site)
    assert "Published November 25, 2026. Updated December 1, 2026</p>" in page(site)
    assert "Published November 25, 2026</p>" in page(site, "/birk/knee/late/")
    (dated,) = (node for node in graph(site) if "datePublished" in node)
    assert (dated["datePublished"], dated["dateModified"]) == ("2026-11-25", "2026-12-01")
    days = located(site / "site/sitemap.xml")
    assert days == {route: entry.modified for route, entry in lines(site).items()}
    entries = {
        entry.findtext(f"{ATOM}id"): (
            entry.findtext(f"{ATOM}published"), entry.findtext(f"{ATOM}updated"),
        )
        for entry in feed(site).iterfind(f"{ATOM}entry")
    }  # fmt: skip
    assert entries == {
        f"https://clinics.example{route}": (
            f"{entry.published}T00:00:00Z", f"{entry.modified}T00:00:00Z",
        )
        for route, entry in lines(site).items()
    }  # fmt: skip
    assert feed(site).findtext(f"{ATOM}updated") == "2026-12-01T00:00:00Z"


def test_an_article_carries_its_dates(site: Path):
    replace(site / "matrix/matrix.yaml", "    fold: {slots", "    article: true\n    fold: {slots")
    released(site)
    made(site)
    assert [node["@type"] for node in graph(site) if "datePublished" in node] == [
        "WebPage", "Article",
    ]  # fmt: skip


def test_dates_are_in_the_words_of_the_language(tmp_path: Path):
    root = copied("oficios", tmp_path / "site")
    released(root)
    made(root)
    text = "".join(path.read_text("utf-8") for path in (root / "site").rglob("*.html"))
    assert "Publicado el" in text
    assert not re.search(r"\b(Published|Updated|November)\b", text)
    assert feed(root).get("{http://www.w3.org/XML/1998/namespace}lang") == "es"


def test_the_feed_has_the_newest_pages_and_keeps_their_names(site: Path):
    append(site / "content/site.yaml", "feed: 2\n")
    (site / "content/answer-coll-knee-late.md").unlink()
    released(site)
    put_text(site, "answer coll knee late", prose("coll"))
    released(site, "2026-12-01")
    replace(site / "matrix/towns.yaml", "slug: coll,", "slug: koll, former_slugs: [coll],")
    for pins in ("pairs.yaml", "../content/answer-coll-knee-late.md"):
        path = site / "matrix" / pins
        path.write_text(path.read_text("utf-8").replace("town: coll", "town: koll"), "utf-8")
    made(site)
    first, second = feed(site).iterfind(f"{ATOM}entry")
    assert first.findtext(f"{ATOM}id") == "https://clinics.example/coll/knee/late/"
    assert first.find(f"{ATOM}link").get("href") == "https://clinics.example/koll/knee/late/"
    assert first.findtext(f"{ATOM}published") == "2026-12-01T00:00:00Z"
    assert second.findtext(f"{ATOM}id") == "https://clinics.example/"
    href = 'type="application/atom+xml" title="Clinics" href="/feed.xml">'
    assert href in page(site)


def test_a_site_can_do_without_a_feed(site: Path):
    append(site / "content/site.yaml", "feed: 0\n")
    released(site)
    made(site)
    assert not (site / "site/feed.xml").exists()
    assert "atom+xml" not in page(site)


def test_a_page_that_has_moved_keeps_its_days(site: Path):
    released(site)
    made(site)
    replace(site / "matrix/cares.yaml", "slug: knee,", "slug: knees, former_slugs: [knee],")
    for path in (site / "matrix/pairs.yaml", *(site / "content").glob("*.md")):
        path.write_text(path.read_text("utf-8").replace("care: knee", "care: knees"), "utf-8")
    made(site)
    assert tree(site / "site") == rebuilt(site, site.parent / f"{site.name}-clean")
    assert "Published November 25, 2026" in page(site, "/alm/knees/late/")
    found = released(site, "2026-12-01")
    assert found.released == ()
    assert lines(site)["/alm/knees/late/"].published == "2026-11-25"
    assert lines(site)[PAGE].state == "released"
    assert released(site, "2026-12-02").written == ()


def test_a_line_of_the_ledger_makes_its_own_page_anew(site: Path):
    released(site)
    made(site)
    path = site / "matrix/ledger/page.tsv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2026-11-25", "2026-11-20", 1), encoding="utf-8")
    assert made(site).written == ("alm/knee/late/index.html", "build-info.json", "feed.xml")


def test_a_build_that_has_nothing_to_do_sees_an_edit_of_the_ledger(site: Path):
    released(site)
    made(site)
    options = Options(root=site)
    assert unchanged.last_outcome(options.folder, Seen(options)) is not None
    path = site / "matrix/ledger/page.tsv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2026-11-25", "2026-11-20", 1), encoding="utf-8")
    assert unchanged.last_outcome(options.folder, Seen(options)) is None


def test_lines_move_with_their_family(site: Path):
    released(site)
    before = lines(site)
    path = site / "matrix/matrix.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("  page:\n", "  leaf:\n").replace("list: page", "list: leaf")
    path.write_text(text.replace("fold: page", "fold: leaf"), encoding="utf-8")
    found = released(site, "2026-12-01")
    assert found.written == ("matrix/ledger/leaf.tsv", "matrix/ledger/page.tsv")
    assert not (site / "matrix/ledger/page.tsv").exists()
    assert lines(site) == before


def test_a_write_that_fails_leaves_the_ledger_as_it_was(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    released(site)
    before = tree(site / "matrix")
    put_text(site, "answer alm knee late", prose("alm") + " Ask first.")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    assert cli.main(["release", "--root", str(site), "--today", "2026-12-01"]) == cli.USAGE
    assert "No space left on device" in capsys.readouterr().err
    assert tree(site / "matrix") == before


def test_drafts_are_never_released(site: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["release", "--root", str(site), "--preview"]) == cli.USAGE
    assert not (site / "matrix/ledger").exists()
    assert "drafts are never released" in capsys.readouterr().err


def test_a_project_with_errors_is_not_released(site: Path, capsys: pytest.CaptureFixture[str]):
    append(site / "matrix/pairs.yaml", "- {town: alm, care: nose}\n")
    assert cli.main(["release", "--root", str(site)]) == cli.PROBLEMS
    assert "error[M103]" in capsys.readouterr().err
    assert not (site / "matrix/ledger").exists()


def test_the_command_says_what_it_did(site: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["release", "--root", str(site)]) == cli.SOUND
    assert capsys.readouterr().out == (
        "matrix/ledger/home.tsv\nmatrix/ledger/page.tsv\nmatrix/ledger/pair.tsv\n"
        "2026-11-25: 7 released, 0 changed, 0 withdrawn, 0 gone\n"
    )
    assert cli.main(["release", "--root", str(site), "--json"]) == cli.SOUND
    found = json.loads(capsys.readouterr().out)
    assert [item["code"] for item in found.pop("problems")] == ["M117"]
    assert found == {
        "version": 1, "day": "2026-11-25", "released": [], "changed": [],
        "withdrawn": [], "gone": [], "written": [], "waiting": 0,
    }  # fmt: skip


def test_explain_shows_the_line_of_a_page(site: Path, capsys: pytest.CaptureFixture[str]):
    released(site)
    assert cli.main(["explain", PAGE, "--root", str(site)]) == cli.SOUND
    assert "released, published 2026-11-25, modified 2026-11-25" in capsys.readouterr().out


DAYS = st.dates().map(lambda day: day.isoformat())
ENTRIES = st.builds(
    lambda days, digest, state: Entry(min(days), max(days), digest, state),
    st.tuples(DAYS, DAYS),
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.sampled_from(ledger.STATES),
)
ROUTES = st.text("abc-/", max_size=12).map(lambda text: f"/{text}")


@settings(deadline=None, derandomize=True, database=None)
@given(st.dictionaries(ROUTES, ENTRIES, max_size=8))
def test_what_is_written_is_read_again(entries: dict[str, Entry]):
    told: list[object] = []
    assert ledger.parse(ledger.written(entries), "x.tsv", told.append) == entries
    assert told == []


@settings(deadline=None, derandomize=True, database=None, max_examples=300)
@given(
    st.dictionaries(ROUTES, ENTRIES, min_size=1, max_size=4),
    st.integers(0, 400),
    st.text("\t\n/0-aé ", max_size=3),
)
def test_a_damaged_ledger_is_told_or_says_the_same(
    entries: dict[str, Entry], place: int, text: str
):
    """Whatever is put into a file, each of its lines is read or told."""
    before = ledger.written(entries)
    told: list[object] = []
    damaged = before[:place] + text + before[place:]
    found = ledger.parse(damaged, "x.tsv", told.append)
    if not told:
        rest = damaged.removesuffix("\n").split("\n")[1:]
        assert sorted(rest) == sorted("\t".join((route, *found[route])) for route in found)


def test_the_feed_is_valid_atom(site: Path):
    """By the grammar of RFC 4287, and by what that asks for in words."""
    replace(site / "matrix/towns.yaml", "name: Alm Name", 'name: "Alm & <Söhne>"')
    released(site)
    put_text(site, "answer alm knee late", prose("alm") + " Ask first.")
    released(site, "2026-12-01")
    made(site)
    grammar = etree.RelaxNG(etree.parse(Path(__file__).parent / "data/atom.rng"))
    grammar.assertValid(feed(site))
    ids = [item.text for item in feed(site).iterfind(f"{ATOM}entry/{ATOM}id")]
    assert len(set(ids)) == len(ids) == 7
    (own,) = feed(site).findall(f"{ATOM}link[@rel='self']")
    assert own.get("href") == feed(site).findtext(f"{ATOM}id") == "https://clinics.example/feed.xml"
    assert "Alm & <Söhne>" in (feed(site).findall(f"{ATOM}entry/{ATOM}title")[1].text or "")


def test_a_root_file_cannot_stand_in_the_feed_s_place(site: Path):
    (site / "content/root").mkdir()
    (site / "content/root/feed.xml").write_text("mine", encoding="utf-8")
    made(site)
    released_ = released(site, dry=True)
    assert released_.released
    (site / "matrix/ledger").mkdir()
    line = "\t".join((PAGE, "2026-11-25", "2026-11-25", "0" * 16, "released"))
    (site / "matrix/ledger/page.tsv").write_text(f"{ledger.HEAD}\n{line}\n", encoding="utf-8")
    (line,) = errors(build(Options(root=site)))
    assert "error[R503]: `feed.xml` has the address of a file that the build writes" in line
