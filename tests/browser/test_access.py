"""Every family is accessible, wide and narrow, light and dark; and reads in a sensible order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from families import FAMILIES

GOLDEN = Path(__file__).parent / "reading-order"
KEPT = re.compile(
    r"^\s*- '?(banner|navigation|main|complementary|contentinfo|heading|table|form|list|region"
    r"|textbox|combobox|button|group|status|checkbox|caption)\b"
)


def test_each_family_is_here(flagship_site):
    pages = (path.read_text("utf-8") for path in flagship_site.rglob("*.html"))
    found = {re.search(r'<body class="page-([\w-]+)"', page).group(1) for page in pages}
    assert found == set(FAMILIES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("family", FAMILIES)
def test_axe_finds_nothing(visit, family, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs `pip install .[browser]`"
    )
    size = {"width": width, "height": 844}
    page = visit(FAMILIES[family], viewport=size, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found = axe.Axe().run(page).response["violations"]
    assert [(item["id"], [node["html"] for node in item["nodes"]][:3]) for item in found] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_wider_than_a_small_phone(visit, family):
    page = visit(FAMILIES[family], viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("family", FAMILIES)
def test_reading_order(visit, family, request):
    shown = visit(FAMILIES[family]).locator("body").aria_snapshot()
    kept = [line.removesuffix(":") for line in shown.splitlines() if KEPT.match(line)]
    text = "\n".join(kept) + "\n"
    golden = GOLDEN / f"{family}.txt"
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def test_the_first_screen_of_a_phone_answers(visit, flagship_site):
    page = visit(FAMILIES["denial"])
    start = page.url.removesuffix(FAMILIES["denial"])
    denials = [
        path.parent.relative_to(flagship_site).as_posix()
        for path in flagship_site.rglob("index.html")
        if '<body class="page-denial"' in path.read_text("utf-8")
    ]
    assert len(denials) >= 200
    for path in denials:
        page.goto(f"{start}/{path}/", wait_until="commit")
        for part in ("h1", "#answer", ".pointer a", "#urgent h2"):
            box = page.locator(part).first.bounding_box()
            assert box["y"] + box["height"] <= 844, (path, part)


def test_the_numbers_of_sources_are_whole_in_print(visit):
    page = visit(FAMILIES["denial"])
    page.emulate_media(media="print")
    room, number = page.evaluate(
        """() => {
          const list = document.querySelector('.sources ol'), style = getComputedStyle(list);
          const pen = document.createElement('canvas').getContext('2d');
          pen.font = style.font;
          return [parseFloat(style.paddingInlineStart), pen.measureText('88. ').width];
        }"""
    )
    assert number <= room
