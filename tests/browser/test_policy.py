"""Pages obey the headers that are written for the host, with all that their scripts do."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from families import FAMILIES

from pageloom.hosts.headers import SECURITY

WATCH = """
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.broken.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


def watched(visit, path, **options):
    """Open a page, and again with an eye on what its policy refuses."""
    page = visit(path, **options)
    page.add_init_script(WATCH)
    page.reload()
    return page


def test_the_pages_are_served_with_the_headers_of_the_build(address):
    with urllib.request.urlopen(address + "/") as answer:  # noqa: S310  (our own server)
        assert {name: answer.headers[name] for name in SECURITY} == dict(SECURITY)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_page_breaks_no_policy(visit, family):
    page = watched(visit, FAMILIES[family])
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate("window.broken") == []
    assert page.locator("link[rel=stylesheet]").evaluate_all(
        "links => links.every((link) => link.sheet.cssRules.length > 0)"
    )


def test_a_deadline_is_counted_and_its_file_is_saved(visit):
    page = watched(visit, "/deadlines/#plan=tricare&kind=first", accept_downloads=True)
    page.locator("#clock-date").fill("2026-09-01")
    page.get_by_role("button").click()
    with page.expect_download() as waiting:
        page.locator(".result .action").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"BEGIN:VCALENDAR")
    assert page.evaluate("window.broken") == []


def test_an_inline_script_would_be_refused(chromium, address):
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address + "/")
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          document.body.setAttribute("style", "color: red");
        }"""
    )
    page.wait_for_function("window.broken.length === 2")
    assert page.evaluate("window.ran") is None
    assert {item.split(" ")[0] for item in page.evaluate("window.broken")} == {
        *("script-src-elem", "style-src-attr"),
    }
    context.close()
