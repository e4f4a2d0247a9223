"""What a reader in distress may count on: short pages, a plain offer, a letter if wanted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html
from trees import flagship

from pageloom.seo import pixels

STYLES = 15_000


def mains(folder: Path, family: str) -> dict[str, html.HtmlElement]:
    """Return the `<main>` of each page of a family."""
    found = {}
    for path in folder.rglob("index.html"):
        page = html.fromstring(path.read_text(encoding="utf-8"))
        if page.find("body").get("class") == f"page-{family}":
            found[path.parent.relative_to(folder).as_posix()] = page.get_element_by_id("main")
    return found


def texts(folder: Path, family: str) -> dict[str, html.HtmlElement]:
    """Return the `<main>` of each page of a family, without sources and marks of citation."""
    found = mains(folder, family)
    for main in found.values():
        for part in main.xpath("//*[@id='sources'] | //*[@class='cite']"):
            part.drop_tree()
    return found


def test_a_denial_page_has_at_most_1100_words(flagship_site: Path):
    words = {
        address: len(main.text_content().split())
        for address, main in texts(flagship_site, "denial").items()
    }
    assert len(words) >= 200
    assert {address: count for address, count in words.items() if count > 1100} == {}


def test_the_answer_of_a_denial_page_has_at_most_60_words(flagship_site: Path):
    words = {
        address: len(main.get_element_by_id("answer").text_content().split())
        for address, main in texts(flagship_site, "denial").items()
    }
    assert {address: count for address, count in words.items() if not 0 < count <= 60} == {}


def test_the_parts_of_a_denial_page_stand_in_one_order(flagship_site: Path):
    order = [
        "answer",
        "urgent",
        "not-done",
        "deadlines",
        "criteria",
        "angle",
        "payer-practice",
        "evidence",
        "help",
        "next",
        "letter",
        "offer",
        "questions",
        "sources",
    ]
    needed = {"answer", "urgent", "not-done", "deadlines", "angle", "evidence", "next", "help"}
    for address, main in texts(flagship_site, "denial").items():
        parts = main.xpath("*[self::div or self::section][@id]/@id")
        assert parts == [name for name in order if name in parts], address
        assert needed <= set(parts), address


def test_each_line_of_a_plan_is_cited(flagship_site: Path):
    for address, main in mains(flagship_site, "denial").items():
        lines = main.xpath("//*[@id='deadlines']//details")
        assert lines, address
        assert all(line.xpath(".//dd//*[@class='cite']") for line in lines), address


def test_relation_and_disclaimer_stand_before_the_offer(flagship_site: Path):
    for address, main in texts(flagship_site, "denial").items():
        text = main.text_content()
        assert text.index("legal or medical advice") < text.index("Start an appeal letter"), address


def test_a_guide_tells_what_is_on_it_and_its_length_after_its_title(flagship_site: Path):
    guides = texts(flagship_site, "guide")
    assert len(guides) >= 8
    for address, main in guides.items():
        tags = [(child.tag, child.get("class")) for child in main]
        assert tags.index(("nav", "contents")) == tags.index(("p", "byline")) + 1, address
        assert tags[0][0] == "h1", address
        minutes = re.search(r"(\d+) minutes to read", main.xpath("string(p[@class='byline'])"))
        assert minutes, address
        words = len(main.text_content().split())
        assert words / 330 < int(minutes[1]) < words / 180, address


def test_pages_are_small(flagship_site: Path):
    for path in flagship_site.rglob("index.html"):
        page = html.fromstring(path.read_text(encoding="utf-8"))
        assert path.stat().st_size <= 60_000, path
        assert sum(1 for _ in page.iter()) <= 1200, path


def test_the_styles_of_each_page_are_small(flagship_site: Path):
    sheets: set[tuple[str, ...]] = set()
    for path in flagship_site.rglob("*.html"):
        page = html.fromstring(path.read_text(encoding="utf-8"))
        sheets.add(tuple(page.xpath("//link[@rel='stylesheet']/@href")))
    for names in sheets:
        size = sum((flagship_site / name.lstrip("/")).stat().st_size for name in names)
        assert 0 < size <= STYLES, names


@pytest.mark.parametrize("family", ["payer", "procedure", "reason", "plan"])
def test_each_hub_has_an_introduction_of_its_own(flagship_site: Path, family: str):
    found = texts(flagship_site, family)
    opened = {address: main.xpath("string(.//*[@id='intro'])") for address, main in found.items()}
    assert {address for address, text in opened.items() if len(text.split()) < 40} == set()
    assert len(set(opened.values())) == len(opened)


def test_lines_of_a_hub_tell_the_payers_apart(flagship_site: Path):
    for address, main in texts(flagship_site, "procedure_reason").items():
        lines = [part.text for part in main.xpath(".//*[@id='payers']//li/p")]
        assert len(lines) > 1, address
        assert len(set(lines)) == len(lines), address


def test_the_ladder_of_appeals_is_a_drawing_and_text(flagship_site: Path):
    for address, main in texts(flagship_site, "plan").items():
        (drawing,) = main.xpath(".//*[name()='svg']")
        steps = main.xpath(".//*[@id='ladder']//ol/li")
        assert len(drawing.xpath("./*[name()='rect']")) == len(steps) > 1, address
        named = drawing.get("aria-labelledby").split()
        assert [part.tag for part in drawing if part.get("id") in named] == ["title", "desc"]
        told = drawing.xpath("string(./*[name()='desc'])")
        for line in drawing.xpath("./*[name()='text']"):
            size = float(line.get("font-size", drawing.get("font-size")))
            assert pixels(line.text, size) * 1.03 <= 318 - 16 - 8, (address, line.text)
            if line.get("font-size") != "13":
                assert line.text in told, (address, line.text)


def test_every_state_of_the_table_has_an_office_and_a_source(flagship_site: Path):
    page = (flagship_site / "rights/external-review-by-state/index.html").read_text(
        encoding="utf-8"
    )
    rows = html.fromstring(page).xpath("//*[@id='states']//tbody/tr")
    assert len(rows) >= 21
    for row in rows:
        assert row.xpath("./td[1]")[0].text_content().strip(), row.text_content()
        assert row.xpath(".//*[@class='cite']"), row.text_content()


@pytest.mark.parametrize("family", ["denial", "pair", "plan"])
def test_help_in_another_language_is_offered_with_its_source(flagship_site: Path, family: str):
    for path in flagship_site.rglob("index.html"):
        text = path.read_text(encoding="utf-8")
        if f'class="page-{family}"' in text:
            assert "Ask the plan for an interpreter" in text, path
            assert "45 CFR 92.201(a)-(c)" in text, path


def test_the_log_of_corrections_says_what_stood_there_before(flagship_site: Path):
    page = (flagship_site / "corrections/index.html").read_text(encoding="utf-8")
    entries = html.fromstring(page).xpath("//*[@id='log']//dl")
    assert len(entries) >= 8
    for entry in entries:
        before, now = (part.text_content() for part in entry.xpath(".//dd"))
        assert before != now


@pytest.mark.parametrize("mode", ["outline", "off"])
def test_a_site_may_offer_less_of_a_letter(tmp_path: Path, mode: str):
    folder = flagship(tmp_path, f"tools:\n  letter: {mode}\n")
    letters = texts(folder, "letter")
    linked = any("/letters/" in path.read_text("utf-8") for path in folder.rglob("index.html"))
    assert linked == bool(letters) == (mode == "outline")
    for main in letters.values():
        assert "[" not in main.text_content()
        assert main.xpath(".//form") == []


def test_a_drug_from_a_pharmacy_has_the_outside_review_of_a_drug_plan(flagship_site: Path):
    lines = {
        address: main.xpath("string(.//*[@id='deadlines'])")
        for address, main in texts(flagship_site, "denial").items()
        if "/glp1-obesity/" in f"/{address}/"
    }
    assert {line.split("/")[0] for line in lines} >= {"aetna", "humana", "tricare"}
    assert [address for address, said in lines.items() if "automatically" in said] == []


@pytest.mark.parametrize("family", ["pair", "denial"])
def test_only_pages_of_tricare_give_its_deadline(flagship_site: Path, family: str):
    limits = {
        address: main.xpath("string(.//*[@id='deadlines'])").split("Other rules")[0]
        for address, main in texts(flagship_site, family).items()
    }
    with_its = {address.split("/")[0] for address, said in limits.items() if "TRICARE" in said}
    assert with_its == {"tricare"}


def test_every_page_of_the_sitemap_is_linked_from_another(flagship_site: Path):
    listed = re.findall(r"<loc>https://[^/]+(.*?)</loc>", sitemaps(flagship_site))
    linked = {
        target
        for path in flagship_site.rglob("*.html")
        for target in set(re.findall(r'<a href="(/[^"#]*)', path.read_text(encoding="utf-8")))
        if target != f"/{path.parent.relative_to(flagship_site).as_posix()}/"
    }
    assert [address for address in listed if address not in linked] == []


def sitemaps(folder: Path) -> str:
    """Return the sitemaps of a site in one piece."""
    return "".join(path.read_text(encoding="utf-8") for path in folder.glob("sitemap*.xml"))
