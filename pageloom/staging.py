"""What the ledger says of each cell: its dates, and whether it waits for its release.

With `release: staged` a page that passes the gate and is not released is noindex until `release`
takes it. Addresses that are no page any more are kept on the plan for redirects and guards.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress

from pageloom.ledger import RELEASED, Entry
from pageloom.plan import FOLDED, NOINDEX, FamilyPlan, Plan
from pageloom.redirects import formers

_STANDS = bytes(verdict >= NOINDEX for verdict in range(256))
_FOLDED = bytes(verdict == FOLDED for verdict in range(256))


def settle(plan: Plan) -> None:
    """Give each cell its line of the ledger, and hold back what waits for its release."""
    ledger = plan.project.ledger
    staged = plan.project.settings.staged
    if not ledger and not staged:
        return
    plan.moved = _moved(plan)
    entries = dict(ledger.entries)
    entries.update((route, entries[former]) for route, former in plan.moved.items())
    plan.released = entries
    left = set(ledger.entries)
    for family in plan.families.values():
        routes = plan.routes(family)
        family.entries = list(map(entries.get, routes))
        left.difference_update(compress(routes, family.verdicts.translate(_STANDS)))
        if staged:
            _hold_back(family)
    plan.lost = frozenset(left)
    plan.folded_away = _folded_away(plan) if left else {}


def is_released(entry: Entry | None) -> bool:
    """Whether an address is in the index, as far as the ledger knows."""
    return entry is not None and entry.state == RELEASED


def _moved(plan: Plan) -> dict[str, str]:
    """Return the addresses of pages that were released under a former one, with that one."""
    entries = plan.project.ledger.entries
    found: dict[str, str] = {}
    for former in formers(plan):
        if former.route in entries:
            now = plan.route(former.family.family, former.family.cells[former.number])
            other = found.setdefault(now, former.route)
            if now in entries:
                del found[now]
            elif entries[former.route].published < entries[other].published:
                found[now] = former.route
    return found


def _hold_back(family: FamilyPlan) -> None:
    """Make the pages noindex that pass the gate and are not released."""
    if not family.family.listed:
        return
    entries = family.entries
    waiting = frozenset(n for n in family.published() if not is_released(entries[n]))
    for number in waiting:
        family.verdicts[number] = NOINDEX
    family.waiting = waiting


def _folded_away(plan: Plan) -> dict[str, str]:
    """Return the released addresses whose cells have folded, and where their sections are."""
    found: dict[str, str] = {}
    for family in plan.families.values():
        if FOLDED not in family.verdicts:
            continue
        folded = family.verdicts.translate(_FOLDED)
        numbers: Iterable[int] = compress(range(len(folded)), folded)
        for number, route in zip(numbers, compress(plan.routes(family), folded), strict=True):
            if route in plan.lost:
                found[route] = plan.href(family, number)
    return found
