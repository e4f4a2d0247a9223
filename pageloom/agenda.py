"""The next day on which the site changes by itself, with nobody editing a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pageloom import freshness
from pageloom.counted import counted
from pageloom.plan import Plan


def next_change(plan: Plan) -> dict[str, Any] | None:
    """Return the next day on which a build gives something else, and what; None where none does.

    Prices of an offer disappear; facts and sources are marked as due on pages; the build warns of
    snippets that are due.
    """
    found = sorted(_changes(plan))
    if not found:
        return None
    day = found[0][0]
    return {"date": day, "what": [what for other, what in found if other == day]}


def _changes(plan: Plan) -> Iterator[tuple[str, str]]:
    settings = plan.project.settings
    for name, offer in settings.values.get("offers", {}).items():
        until = str(offer.get("until", ""))
        if until >= settings.today and (day := freshness.next_day(until)):
            yield day, f"the promotion of the offer for `{name}` has ended"
    awaited = {**plan.project.awaited, **_snippets(plan)}
    for kind, (day, count) in awaited.items():
        yield day, f"the check of {counted(count, kind)} is over"


def _snippets(plan: Plan) -> dict[str, tuple[str, int]]:
    settings = plan.project.settings
    usual = freshness.intervals(settings.values)["other"]
    awaited: dict[str, tuple[str, int]] = {}
    for snippet in plan.project.snippets:
        months = int(snippet.front.get("interval_months") or usual)
        day = freshness.over_on(snippet.front.get("reviewed", ""), months)
        if day > settings.today:
            freshness.await_(awaited, "snippet", day)
    return awaited
