"""Every page can be used without a pointer: all is reached in order, seen, and left again."""

from __future__ import annotations

import pytest
from families import FAMILIES

STOP = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
  return {
    at: [...document.querySelectorAll('*')].indexOf(it),
    out: it === document.body,
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    html: it.outerHTML.slice(0, 80),
  };
}"""


@pytest.mark.parametrize("family", FAMILIES)
def test_the_skip_link_comes_first_and_leads_to_the_text(visit, family):
    page = visit(FAMILIES[family])
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#main"
    assert page.locator(":focus").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("family", ["home", "denial", "plan", "letter", "deadlines", "not-found"])
def test_each_stop_is_seen_and_comes_in_the_order_of_the_page(visit, family):
    page = visit(FAMILIES[family], reduced_motion="reduce")
    places = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop["out"]:
            break
        assert stop["seen"], stop
        assert stop["outlined"], stop
        places.append(stop["at"])
    else:
        pytest.fail("the page has no last stop")
    assert places == sorted(places)
    links = page.locator(
        "a:visible, button:visible, input:visible, select:visible, summary:visible"
    )
    assert len(set(places)) >= links.count()


def test_a_deadline_opens_with_the_keyboard(visit):
    page = visit(FAMILIES["denial"])
    page.locator("#deadlines summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#deadlines details").first.get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('details') !== null")
