"""The checklist of a guide copies as plain text, and stands there without the script."""

from __future__ import annotations

ROUTE = "/guides/tricare/aba-therapy/prior-authorization/"


def test_the_checklist_copies_as_plain_text(visit):
    page = visit(ROUTE, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the checklist").click()
    page.get_by_text("The checklist is copied").wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    items = page.locator("#documentation li").all_inner_texts()
    assert lines == [page.locator("h1").inner_text(), *(f"- {item}" for item in items)]
    assert len(items) > 5


def test_without_the_script_the_list_stands_and_no_button_promises_more(visit):
    page = visit(ROUTE, java_script_enabled=False)
    assert page.locator("#documentation li").count() > 5
    assert not page.get_by_role("button", name="Copy the checklist").is_visible()
