"""The counting of days, written a second time and plainly, to hold the pages' script against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

DAY = dt.timedelta(days=1)


def holidays(year: int) -> set[dt.date]:
    """Return the federal holidays of 5 USC 6103 on the days on which they are observed."""
    found = set()
    for month, number in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)):
        day = dt.date(year, month, number)
        found.add(day + {5: -DAY, 6: DAY}.get(day.weekday(), 0 * DAY))
    for month, weekday, count in ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4)):
        days = (dt.date(year, month, number) for number in range(1, 31 if month != 2 else 29))
        found.add([day for day in days if day.weekday() == weekday][count - 1])
    found.add(max(dt.date(year, 5, n) for n in range(25, 32) if dt.date(year, 5, n).weekday() == 0))
    return found


def is_closed(day: dt.date) -> bool:
    """Return whether a day is a Saturday, a Sunday or a federal holiday."""
    return day.weekday() > 4 or day in holidays(day.year) | holidays(day.year + 1)


def months_later(day: dt.date, count: int) -> dt.date:
    """Return the same day of a later month, or the first of the month after it."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    try:
        return dt.date(year, month + 1, day.day)
    except ValueError:
        year, month = divmod(year * 12 + month + 1, 12)
        return dt.date(year, month + 1, 1)


def due(start: dt.date, rule: Mapping[str, str], effect: dt.date | None = None) -> dt.date:
    """Return the last day by a row of the deadlines page: its `data-` attributes."""
    day = start + int(rule.get("data-mailing", 0)) * DAY
    count = int(rule["data-count"])
    if rule["data-unit"] == "months":
        day = months_later(day, count)
    elif rule["data-unit"] == "business_days":
        while count:
            day += DAY
            count -= not is_closed(day)
    else:
        day += count * DAY
    while "data-rolls" in rule and is_closed(day):
        day += DAY
    return max(day, effect) if "data-effect" in rule and effect else day
