"""Lower prices need their last day and the evidence of the old price (16 CFR 233.1)."""

from __future__ import annotations

from collections.abc import Iterator

from pageloom.diagnostics import Diagnostic, Location
from pageloom.lint.passages import Passage
from pageloom.lint.places import Places
from pageloom.plan import Plan


def promotions(plan: Plan, places: Places) -> Iterator[Diagnostic]:
    """Yield a problem for each promotion that lacks one of them."""
    path = plan.project.settings.root_path
    for price, missing in _bare(plan):
        location = places.of(Passage(path, price), 0) or Location(path)
        yield Diagnostic(
            code="L813",
            location=location,
            message=f"a promotion without `{missing}`",
            expected=f"a date under `{missing}`",
            help="a lower price needs its last day, and since when the other one was charged",
        )


def _bare(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the prices of promotions that lack something, and what."""
    for offer in plan.project.settings.values.get("offers", {}).values():
        if "price" in offer and "until" not in offer:
            yield str(offer["price"]), "until"
        if "price" in offer and "list_price" in offer and "list_price_since" not in offer:
            yield str(offer["list_price"]), "list_price_since"
