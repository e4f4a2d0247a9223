"""The deadlines page counts as the rules say, tells everyone, and works without its script."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

VECTORS = yaml.safe_load(
    (Path(__file__).parent.parent / "data/date_math.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case['plan']}-{case['start']}")
def test_the_form_shows_the_last_day(visit, case):
    page = visit(f"/deadlines/#plan={case['plan']}&kind={case['kind']}")
    page.locator("#clock-date").fill(str(case["start"]))
    if "effect" in case:
        page.locator("#clock-effect").fill(str(case["effect"]))
    page.get_by_role("button").click()
    shown = page.locator(".last-day strong").inner_text()
    assert shown == f"{case['last']:%A, %B} {case['last'].day}, {case['last'].year}"
    assert page.locator(".result .cite a").count() > 0
    assert page.locator(".result[aria-live=polite]").is_visible()


def test_who_does_not_know_the_plan_gets_the_earliest_date(visit):
    page = visit("/deadlines/")
    page.locator("#clock-date").fill("2026-09-10")
    page.get_by_role("button").click()
    assert "November 9, 2026" in page.locator(".last-day").inner_text()
    assert "Medicaid managed care" in page.locator(".result").inner_text()


def test_the_calendar_file_holds_the_day(visit):
    page = visit("/deadlines/#plan=tricare&kind=first", accept_downloads=True)
    page.locator("#clock-date").fill("2026-09-01")
    page.get_by_role("button").click()
    with page.expect_download() as waiting:
        page.locator(".result .action").click()
    text = Path(waiting.value.path()).read_bytes().decode()
    assert waiting.value.suggested_filename == "deadline-2026-11-30.ics"
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert "DTSTART;VALUE=DATE:20261130" in lines
    assert all(len(line.encode()) <= 75 for line in lines)


def test_the_form_can_be_used_by_keyboard_alone(visit):
    page = visit("/deadlines/")
    page.locator("#clock-plan").focus()
    page.keyboard.type("TRI")
    for key in ("Tab", "Tab", "0", "9", "0", "1", "2", "0", "2", "6", "Enter"):
        page.keyboard.press(key)
    assert "November 30, 2026" in page.locator(".last-day").inner_text()


def test_without_a_script_the_rules_stand_as_text(visit):
    page = visit("/deadlines/#plan=tricare&kind=first", java_script_enabled=False)
    assert not page.locator("form").is_visible()
    row = page.locator("tr:target")
    assert "90 days" in row.inner_text()
    assert row.locator(".cite").count() == 1


def test_a_denial_page_leads_to_its_plan(visit):
    page = visit("/aetna/knee-replacement/medical-necessity/")
    page.locator("#deadlines summary").first.click()
    page.locator("#deadlines details[open] dt a").first.click()
    page.wait_for_url("**/deadlines/#plan=*")
    assert page.locator("#clock-plan").input_value() in page.url
