"""Pages that are far from home or that hardly any page links to.

Known from the plan, without making a page: lists and their later pages, menus, the pages above and
beside a page. What texts and partials link to by `link()` counts for the whole family that they
name, so that no page is told of which a reader would find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from pageloom.diagnostics import WARNING, Diagnostic
from pageloom.model import Link
from pageloom.plan import PER_HUB_PAGE, PUBLISHED, FamilyPlan, Plan

Report = Callable[[Diagnostic], None]
Page = tuple[str, int]
"""A family's name and the number of a cell."""
Kept = dict[bytes, list[Any]]
"""Problems as plain values, by all that they depend on."""
Counts = dict[str, bytearray]
"""A small number for each cell, by family."""
FAR, FEW = 3, 2
"""At most 3 clicks from home, at least 2 links in."""
_SMALL = PER_HUB_PAGE
"""Pages of a site on which one list can hold all; there, one link in is enough."""
_NAMED = re.compile(r"""\b(?:link|url)\(\s*["']([^"'\n]+)["']""")
_SHOWN = 3


def check(plan: Plan, partials: Iterable[str], report: Report, known: Kept) -> Kept:
    """Report families whose published pages are far from home or have few links to them.

    `partials` are the texts of the theme that may link to pages, `known` is what the last build
    found. Return what this one did.
    """
    named = _named(plan, partials)
    key = _made_of(plan, named)
    found = known.get(key)
    problems: list[Diagnostic] = []
    if found is None:
        _look(plan, named, problems.append)
        found = [problem.as_json() for problem in problems]
    for problem in problems or map(Diagnostic.from_json, found):
        report(problem)
    return {key: found}


def _made_of(plan: Plan, named: Iterable[str]) -> bytes:
    """Return the digest of what decides on what is found: cells, verdicts, lists and menus."""
    project = plan.project
    parts = [project.settings.digest, " ".join(sorted(named)).encode()]
    for family in plan.families.values():
        parts += (str(family.family.location).encode(), family.family.digest)
        parts += (bytes(family.verdicts), str(len(family.cells)).encode())
    for rows in (*project.axes.values(), *(join.rows for join in project.joins.values())):
        parts += (row.digest for row in rows)
    return blake2b(b"\n".join(parts), digest_size=16).digest()


def _look(plan: Plan, named: set[str], report: Report) -> None:
    home = next((item for item in plan.families.values() if item.family.route == "/"), None)
    if home is None or PUBLISHED not in home.verdicts:
        return
    menu = set(_menu(plan))
    near = _near(plan, (home.family.name, 0), menu, named)
    linked = _linked(plan)
    total = sum(item.verdicts.count(PUBLISHED) for item in plan.families.values())
    for name, family in plan.families.items():
        if family is home or not family.family.listed or name in named:
            continue
        listed = {number for other, number in menu if other == name}
        pages = [number for number in family.published() if number not in listed]
        clicks, links, beside = near[name], linked[name], _beside(plan, family)
        far = [number for number in pages if clicks[number] > FAR]
        few = [n for n in pages if links[n] + beside[n] < FEW] if total > _SMALL else []
        _tell(plan, family, far, "P611", f"a page of ? is more than {FAR} clicks from home", report)
        _tell(plan, family, few, "P612", f"fewer than {FEW} pages link to a page of ?", report)


def _named(plan: Plan, partials: Iterable[str]) -> set[str]:
    """Return the families that texts link to."""
    found = {name for text in partials for name in _NAMED.findall(text)}
    for fragment in plan.fragments.values():
        if not fragment.linked:
            continue
        found |= {part.family for part in fragment.segments if isinstance(part, Link)}
    return found


def _menu(plan: Plan) -> Iterator[Page]:
    """Yield the pages that header and footer link to, which every page has."""
    values: Mapping[str, Any] = plan.project.settings.values
    axes = plan.project.axes
    for entry in (*values.get("nav", ()), *values.get("footer", ())):
        rows = {axis: row for axis in axes for row in axes[axis] if entry.get(axis) == row.slug}
        family = str(entry.get("family", ""))
        found = plan.find(family, rows) if family in plan.families else None
        if found is not None:
            yield family, found[1]


def _counts(plan: Plan, start: int) -> Counts:
    return {name: bytearray([start]) * len(item.cells) for name, item in plan.families.items()}


def _near(plan: Plan, home: Page, menu: set[Page], named: set[str]) -> Counts:
    """Return for each page the clicks from home, one more than `FAR` where they are more."""
    clicks = _counts(plan, FAR + 1)
    for name in named & clicks.keys():
        clicks[name] = bytearray([FAR - 1]) * len(clicks[name])
    for name, number in menu:
        clicks[name][number] = 1
    clicks[home[0]][home[1]] = 0
    for depth in range(FAR):
        for name, found in clicks.items():
            family = plan.families[name]
            for number in _places(found, depth):
                if family.verdicts[number] == PUBLISHED:
                    _approach(plan, family, number, clicks, depth + 1)
    return clicks


def _approach(plan: Plan, family: FamilyPlan, number: int, clicks: Counts, near: int) -> None:
    """Bring the pages that a page links to in lists, beside it and above it as near as it does."""
    passed = 0
    for name in _listed(family):
        found = clicks[name]
        for child in plan.children(family, number, name):
            away = near + passed // PER_HUB_PAGE
            found[child] = min(found[child], away)
            passed += 1
    found = clicks[family.family.name]
    for sibling in plan.siblings(family, number):
        found[sibling] = min(found[sibling], near)
    for above, place in plan.crumbs(family, number):
        found = clicks[above.family.name]
        found[place] = min(found[place], near)


def _listed(family: FamilyPlan) -> Iterable[str]:
    """Return the families that pages of a family list."""
    return dict.fromkeys(slot.lists for slot in family.family.slots if slot.lists)


def _places(found: bytearray, value: int) -> Iterator[int]:
    """Yield where a value stands; those that are put in behind are found too."""
    place = found.find(value)
    while place >= 0:
        yield place
        place = found.find(value, place + 1)


def _linked(plan: Plan) -> Counts:
    """Return how many pages list a page, `FEW` at most."""
    counts = _counts(plan, 0)
    for family in plan.families.values():
        for name in _listed(family):
            found = counts[name]
            for number in family.published():
                for child in plan.children(family, number, name):
                    if found[child] < FEW:
                        found[child] += 1
    return counts


def _beside(plan: Plan, family: FamilyPlan) -> bytearray:
    """Return for each cell how many pages link to it from below and from beside it, up to a few."""
    found = bytearray(len(family.cells))
    for _, column in plan.after(family):  # as many link to it as it links to
        if min(found, default=FEW) >= FEW:
            break
        for number, sibling in enumerate(column):
            if sibling >= 0 and found[number] < FEW:
                found[number] += 1
    for other in plan.families.values():
        if other.family.parent == family.family.name:
            for number in family.published():
                if found[number] < FEW:
                    below = len(plan.children(family, number, other.family.name))
                    found[number] = min(found[number] + below, FEW)
    return found


def _tell(
    plan: Plan, family: FamilyPlan, pages: list[int], code: str, message: str, report: Report
) -> None:
    if not pages:
        return
    name, base = family.family.name, plan.project.settings.base_url
    routes = [plan.route(family.family, family.cells[number]) for number in pages[:_SHOWN]]
    more = [f"and {len(pages) - _SHOWN} more"] if len(pages) > _SHOWN else []
    report(
        Diagnostic(
            code=code,
            location=family.family.location,
            message=message.replace("?", f"`{name}`"),
            severity=WARNING,
            notes=(*(base + route for route in routes), *more),
        )
    )
