"""Addresses that are no page any more and what they answer with: another address, or gone.

Former addresses come from `former_slugs` of rows and `former_routes` of families, given-up ones
from `matrix/ledger/gone.yaml`, and those of released pages that have folded from the ledger. Each
leads to a page in one hop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from pageloom.cells import Cell
from pageloom.diagnostics import Diagnostic, Location, quoted
from pageloom.ledger import GONE_FILE
from pageloom.model import Family, Row
from pageloom.plan import NOINDEX, FamilyPlan, Plan, page_route

MOVED, GONE = 301, 410
"""https://www.rfc-editor.org/rfc/rfc9110#status.301, https://www.rfc-editor.org/rfc/rfc9110#status.410"""
Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True, order=True)
class Redirect:
    """An address that is no page, and what it answers with."""

    source: str
    target: str
    """An address of this site, with a fragment where it is a section; empty where it is gone."""
    status: int


@dataclass(frozen=True, slots=True)
class Former:
    """A former address of a cell."""

    route: str
    family: FamilyPlan
    number: int
    location: Location
    """Of the row or family that names it."""


def redirects(plan: Plan) -> Sequence[Redirect]:
    """Return every redirect and every gone address, sorted by address; verdicts must be known."""
    found: dict[str, Redirect] = {}
    for route, target in plan.folded_away.items():
        found[route] = Redirect(route, target, MOVED)
    for former in formers(plan):
        target = plan.href(former.family, former.number)
        if target:
            found[former.route] = Redirect(former.route, target, MOVED)
        for page in range(2, _pages(plan, former) + 1):
            source = page_route(former.route, page)
            found[source] = Redirect(source, page_route(target, page), MOVED)
    for farewell in plan.project.ledger.gone.values():
        status = MOVED if farewell.to else GONE
        found[farewell.route] = Redirect(farewell.route, farewell.to, status)
    return sorted(found.values())


def _pages(plan: Plan, former: Former) -> int:
    """Return how many pages the list of a cell has that stands."""
    stands = former.family.verdicts[former.number] >= NOINDEX
    return plan.page_count(former.family, former.number) if stands else 1


def formers(plan: Plan) -> Iterator[Former]:
    """Yield the former addresses of every cell, those of held ones too."""
    for family in plan.families.values():
        yield from _formers(plan, family)


def _formers(plan: Plan, family: FamilyPlan) -> Iterator[Former]:
    renamed = {
        row
        for axis in family.family.axes
        for row in plan.project.axes[axis]
        if row.values.get("former_slugs")
    }
    patterns = family.family.former_routes
    if not renamed and not patterns:
        return
    for number, cell in enumerate(family.cells):
        if patterns or not renamed.isdisjoint(cell):
            now = plan.route(family.family, cell)
            for route, location in _routes_of(family.family, cell):
                if route != now:
                    yield Former(route, family, number, location)


def _routes_of(family: Family, cell: Cell) -> Iterator[tuple[str, Location]]:
    """Yield every address that a cell has or had, with the place that names it."""
    for slugs in product(*(_slugs(row) for row in cell)):
        named = dict(zip(family.axes, slugs, strict=True))
        renamed = [row.location for row, slug in zip(cell, slugs, strict=True) if slug != row.slug]
        for pattern in (family.route, *family.former_routes):
            yield pattern.format_map(named), (renamed or [family.location])[0]


def _slugs(row: Row) -> tuple[str, ...]:
    return (row.slug, *row.values.get("former_slugs", ()))


def check(plan: Plan, report: Report) -> None:
    """Report former and given-up addresses that are, or lead to, something else.

    Of the addresses of one row, the first is told.
    """
    gone = plan.project.ledger.gone
    report = _Once(report)
    claims: dict[str, Former] = {}
    wanted = [*formers(plan)]
    live = _live(plan) if wanted or gone else {}
    for former in wanted:
        other = claims.setdefault(former.route, former)
        if former.route in live:
            _clash(former.location, former.route, "is the address of a page", report)
        elif former.route in gone and plan.href(former.family, former.number):
            _clash(gone[former.route].location, former.route, "has moved to a page", report)
        elif _place(other) != _place(former):
            note = f"the other is named at {other.location}"
            _clash(former.location, former.route, "would lead to two pages", report, note)
    for route, farewell in gone.items():
        if route in live:
            _clash(farewell.location, route, "is the address of a page", report)
        if farewell.to and farewell.to.partition("#")[0] not in live:
            _dead(farewell.location, farewell.to, report)


class _Once:
    """Passes on the first problem of each place."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told: set[Location] = set()

    def __call__(self, problem: Diagnostic) -> None:
        """Report a problem."""
        if problem.location not in self._told:
            self._told.add(problem.location)
            self._report(problem)


def _place(former: Former) -> tuple[str, int]:
    return former.family.family.name, former.number


def _live(plan: Plan) -> Mapping[str, FamilyPlan]:
    """Return the address of every page, home and hubs among them."""
    return {
        plan.route(family.family, cell): family
        for family in plan.families.values()
        for cell, verdict in zip(family.cells, family.verdicts, strict=True)
        if verdict >= NOINDEX
    }


def _clash(location: Location, route: str, what: str, report: Report, note: str = "") -> None:
    help_ = (
        f"take the entry out of {GONE_FILE}"
        if location.path == GONE_FILE
        else "take the former slug or route out, or give it to one page only"
    )
    report(
        Diagnostic(
            code="R508",
            location=location,
            message=f"the former address {quoted(route)} {what}",
            expected="an address that no page has, with one page to lead to",
            help=help_,
            notes=(note,) if note else (),
        )
    )


def _dead(location: Location, route: str, report: Report) -> None:
    report(
        Diagnostic(
            code="R508",
            location=location,
            message=f"{quoted(route)} is the address of no page",
            expected="a page of this site, so that one hop leads there",
            help="name its present address, or leave `to` out",
        )
    )
