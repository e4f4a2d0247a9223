"""Addresses that were released go on to answer: as a page, with a redirect, or as gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pageloom import standing
from pageloom.counted import counted
from pageloom.diagnostics import WARNING, Diagnostic, Location, quoted
from pageloom.gate import Measured
from pageloom.ledger import FOLDER, GONE_FILE, RELEASED
from pageloom.plan import FamilyPlan, Plan
from pageloom.redirects import redirects

Report = Callable[[Diagnostic], None]
SHOWN = 10
_GIVE_UP = f"list what is given up in {GONE_FILE}: `- {{route: /…/, reason: …}}`"


@dataclass(slots=True)
class _Loss:
    """Addresses that lead nowhere for one cause."""

    help: str
    routes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(plan: Plan, measured: Mapping[str, Measured], report: Report) -> None:
    """Report released addresses that lead nowhere, and released pages that have folded."""
    if not plan.lost:
        return
    ledger = plan.project.ledger
    lines = _lines(plan)
    for problem in unanswered(plan, measured, plan.lost, lines):
        report(problem)
    cells = _cells(plan, plan.folded_away)
    for route, target in sorted(plan.folded_away.items()):
        if ledger.entries[route].state == RELEASED and route not in ledger.gone:
            place = cells.get(route)
            because = standing.reasons(plan, *place, measured) if place else ()
            report(_folded(lines[route], route, target, because))


def unanswered(
    plan: Plan,
    measured: Mapping[str, Measured],
    lost: Collection[str],
    lines: Mapping[str, Location],
) -> Iterator[Diagnostic]:
    """Yield a problem for each cause for which released addresses lead nowhere.

    `lost` are addresses that are no page; `lines` are the places where a ledger names them.
    """
    answered = {item.source for item in redirects(plan)}
    nowhere = sorted(set(lost) - answered)
    cells = _cells(plan, nowhere)
    losses: dict[str, _Loss] = {}
    for route in nowhere:
        place = cells.get(route)
        if place is not None:
            loss = losses.setdefault(f"held in {place[0].family.name}", _Loss(_held_help()))
            because = "; ".join(standing.reasons(plan, *place, measured))
            loss.notes.append(f"{route} is held: {because}")
        else:
            cause, help_ = _cause(plan, route)
            loss = losses.setdefault(cause, _Loss(help_))
            loss.notes.append(f"{route}: {cause}")
        loss.routes.append(route)
    for loss in losses.values():
        yield _lost(loss, lines.get(loss.routes[0], Location(FOLDER)))


def _lines(plan: Plan) -> dict[str, Location]:
    """Return the line of each lost address in the ledger."""
    return {
        route: Location(path, number)
        for path, entries in plan.project.ledger.files.items()
        for number, route in enumerate(entries, start=2)
        if route in plan.lost
    }


def _cells(plan: Plan, routes: Collection[str]) -> dict[str, tuple[FamilyPlan, int]]:
    """Return the cells that these are the addresses of, though they have no page."""
    wanted = set(routes)
    return {
        route: (family, number)
        for family in (plan.families.values() if wanted else ())
        for number, route in enumerate(plan.routes(family))
        if route in wanted
    }


def _cause(plan: Plan, route: str) -> tuple[str, str]:
    """Return why an address is that of no cell, and what to do about it."""
    found: list[tuple[int, str, str]] = []
    for family in plan.families.values():
        for pattern in (family.family.route, *family.family.former_routes):
            unknown = _unknown(plan, pattern, route)
            if unknown is None:
                continue
            if not unknown:
                cause = f"no combination of `{family.family.name}`"
                return cause, f"bring its row back, or {_GIVE_UP}"
            axis, slug = next(iter(unknown.items()))
            help_ = (
                f"if it has another slug now, write `former_slugs: [{slug}]` there; else {_GIVE_UP}"
            )
            found.append((len(unknown), f"no {axis} `{slug}`", help_))
    if found:
        return min(found)[1:]
    help_ = f"if a route was changed, keep the old one in `former_routes`; else {_GIVE_UP}"
    return "no family has such a route", help_


def _unknown(plan: Plan, pattern: str, route: str) -> dict[str, str] | None:
    """Return the slugs of an address that no row has, by axis; None where it fits no pattern."""
    parts, wanted = route.split("/"), pattern.split("/")
    if len(parts) != len(wanted):
        return None
    unknown: dict[str, str] = {}
    for part, form in zip(parts, wanted, strict=True):
        if not form.startswith("{"):
            if part != form:
                return None
            continue
        axis = form[1:-1]
        rows = plan.project.axes[axis]
        if not any(part in {row.slug, *row.values.get("former_slugs", ())} for row in rows):
            unknown[axis] = part
    return unknown


def _held_help() -> str:
    return f"write what they lack, or {_GIVE_UP}"


def _lost(loss: _Loss, location: Location) -> Diagnostic:
    count = len(loss.routes)
    message = f"the released address {quoted(loss.routes[0])} leads nowhere"
    if count > 1:
        message = f"{count} released addresses lead nowhere, {quoted(loss.routes[0])} first"
    notes = loss.notes[:SHOWN]
    if count > SHOWN:
        notes.append(f"and {counted(count - SHOWN, 'more address', 'more addresses')}")
    return Diagnostic(
        code="R507",
        location=location,
        message=message,
        expected=f"a page, a former address of one, or an entry in {GONE_FILE}",
        help=loss.help,
        notes=tuple(notes),
    )


def _folded(location: Location, route: str, target: str, because: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        code="R509",
        location=location,
        message=f"the released page {quoted(route)} is a section now",
        severity=WARNING,
        help="write what it lacks, or run `release` to record that it is out of the index",
        notes=(*because, f"its address leads to {target}"),
    )
