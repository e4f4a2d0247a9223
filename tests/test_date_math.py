"""The table of the deadlines page leads to the dates that the rules give."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml
from date_math import due, holidays, is_closed, months_later
from lxml import html

VECTORS = yaml.safe_load((Path(__file__).parent / "data/date_math.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def rules(flagship_site: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows of the page by plan and kind of letter."""
    page = html.fromstring((flagship_site / "deadlines/index.html").read_text("utf-8"))
    rows = page.xpath("//tr[@data-plan]")
    return {(row.get("data-plan"), row.get("data-kind")): dict(row.attrib) for row in rows}


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case['plan']}-{case['start']}")
def test_a_row_of_the_page_gives_the_date_of_its_rule(rules, case):
    rule = rules[case["plan"], case["kind"]]
    assert due(case["start"], rule, case.get("effect")) == case["last"]


def test_every_plan_has_a_rule_for_a_first_denial(rules):
    plans = {plan for plan, _ in rules}
    assert {plan for plan, kind in rules if kind == "first"} == plans


def test_holidays_are_on_the_days_on_which_offices_close():
    assert sorted(holidays(2026)) == [
        dt.date(2026, *day)
        for day in (
            (1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (9, 7), (10, 12), (11, 11),
            (11, 26), (12, 25),
        )
    ]  # fmt: skip
    assert is_closed(dt.date(2027, 12, 31))  # New Year's Day 2028 is a Saturday


def test_a_month_without_the_day_gives_the_first_of_the_next():
    assert months_later(dt.date(2026, 8, 31), 3) == dt.date(2026, 12, 1)
    assert months_later(dt.date(2026, 12, 31), 2) == dt.date(2027, 3, 1)
