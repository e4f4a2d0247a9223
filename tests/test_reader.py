"""What a reader in distress may count on: short pages, a plain offer, a letter if wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html
from trees import flagship

STYLES = 15_000


def texts(folder: Path, family: str) -> dict[str, html.HtmlElement]:
    """Return the `<main>` of each page of a family, without sources and marks of citation."""
    found = {}
    for path in folder.rglob("index.html"):
        page = html.fromstring(path.read_text(encoding="utf-8"))
        if page.find("body").get("class") != f"page-{family}":
            continue
        main = page.get_element_by_id("main")
        for part in main.xpath("//*[@id='sources'] | //*[@class='cite']"):
            part.drop_tree()
        found[path.parent.relative_to(folder).as_posix()] = main
    return found


def test_a_denial_page_has_at_most_1100_words(flagship_site: Path):
    words = {
        address: len(main.text_content().split())
        for address, main in texts(flagship_site, "denial").items()
    }
    assert len(words) >= 200
    assert {address: count for address, count in words.items() if count > 1100} == {}


def test_relation_and_disclaimer_stand_before_the_offer(flagship_site: Path):
    for address, main in texts(flagship_site, "denial").items():
        text = main.text_content()
        assert text.index("legal or medical advice") < text.index("Start an appeal letter"), address


def test_pages_are_small(flagship_site: Path):
    for path in flagship_site.rglob("index.html"):
        page = html.fromstring(path.read_text(encoding="utf-8"))
        if page.find("body").get("class") == "page-sources":
            continue  # the register of all sources
        assert path.stat().st_size <= 60_000, path
        assert sum(1 for _ in page.iter()) <= 1200, path


def test_styles_are_small(flagship_site: Path):
    (site,) = (flagship_site / "assets").glob("site.*.css")
    assert site.stat().st_size <= STYLES


@pytest.mark.parametrize("mode", ["outline", "off"])
def test_a_site_may_offer_less_of_a_letter(tmp_path: Path, mode: str):
    folder = flagship(tmp_path, f"tools:\n  letter: {mode}\n")
    letters = texts(folder, "letter")
    linked = any("/letters/" in path.read_text("utf-8") for path in folder.rglob("index.html"))
    assert linked == bool(letters) == (mode == "outline")
    for main in letters.values():
        assert "[" not in main.text_content()
        assert main.xpath(".//form") == []
