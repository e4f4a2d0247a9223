"""The letter is whole without its script, and with it is filled in, copied, printed and saved."""

from __future__ import annotations

from pathlib import Path

PAGE = "/letters/medical-necessity/"


def test_without_a_script_the_letter_is_complete(visit):
    page = visit(PAGE, java_script_enabled=False)
    letter = page.locator(".letter").inner_text()
    assert "[health plan]" in letter
    assert "as not medically necessary" in letter
    assert "[signature]" in letter
    assert not page.locator("form").is_visible()


def test_payer_and_procedure_come_from_the_page_that_links_here(visit):
    page = visit("/unitedhealthcare/cervical-spine-mri/medical-necessity/")
    page.locator("#letter a").click()
    page.wait_for_url("**/letters/medical-necessity/#*")
    assert "UnitedHealthcare" in page.locator(".letter").inner_text()
    assert "cervical spine MRI" in page.locator(".letter").inner_text()


def test_a_link_puts_no_words_of_its_own_into_the_letter(visit):
    page = visit(PAGE + "#payer=%3Cb%3EX%3C%2Fb%3E&procedure=" + "a" * 80 + "&x=1")
    assert "[health plan]" in page.locator(".letter").inner_text()
    assert "[denied care]" in page.locator(".letter").inner_text()


def test_the_plan_brings_its_rights_and_unchecked_papers_go(visit):
    page = visit(PAGE)
    before = page.locator(".letter li:visible").count()
    page.locator("#letter-plan").select_option("self-funded-erisa")
    page.locator("fieldset input").first.uncheck()
    assert "29 CFR 2560.503-1" in page.locator(".letter").inner_text()
    assert page.locator(".letter li:visible").count() == before - 1


def test_the_text_can_be_copied_and_saved(visit):
    page = visit(PAGE, permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    page.locator("#letter-name").fill("Ana Ruiz")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("status").filter(has_text="copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save").click()
    saved = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert copied.count("Ana Ruiz") == 2
    assert saved.strip() == copied.strip()


def test_only_the_letter_is_printed(visit):
    page = visit(PAGE)
    page.emulate_media(media="print")
    assert page.locator(".letter").is_visible()
    assert not page.locator("form").is_visible()
    assert not page.locator("#sources").is_visible()
