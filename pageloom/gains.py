"""What rows that were added since the last build gave: cells, pages, sections, what to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pageloom import advice
from pageloom.cells import picker
from pageloom.conditions import Condition
from pageloom.gate import Measured
from pageloom.model import Project, Row
from pageloom.outcome import Gain
from pageloom.plan import FOLDED, NOINDEX, FamilyPlan, Plan

Known = Mapping[str, Sequence[str]]
"""Slugs of the rows of an earlier build, by axis and join."""


def known(project: Project) -> dict[str, list[str]]:
    """Return the slugs of all rows of axes and joins."""
    names = (*project.axes, *project.joins)
    return {name: [row.slug for row in project.tables[name]] for name in names}


def gained(plan: Plan, measured: Mapping[str, Measured], before: Known) -> Gain | None:
    """Return what the rows gave that were not there before; None when there are none."""
    fresh = _fresh(plan.project, before)
    if not fresh:
        return None
    found = {name: _cells(plan, family, fresh) for name, family in plan.families.items()}
    verdicts = [plan.families[n].verdicts[c] for n, cells in found.items() for c in cells]
    if not verdicts:
        return None
    counts: dict[str, int] = {}
    for row in fresh:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    text, releases = _advised(plan, measured, found)
    return Gain(
        rows=counts,
        cells=len(verdicts),
        pages=sum(verdict >= NOINDEX for verdict in verdicts),
        sections=verdicts.count(FOLDED),
        write=text,
        releases=releases,
    )


def _fresh(project: Project, before: Known) -> dict[Row, None]:
    fresh: dict[Row, None] = {}
    for name in (*project.axes, *project.joins):
        old = frozenset(before.get(name, ()))
        if name in before:
            fresh.update((row, None) for row in project.tables[name] if row.slug not in old)
    return fresh


def _cells(plan: Plan, family: FamilyPlan, fresh: Mapping[Row, None]) -> list[int]:
    """Return the cells that there were not before."""
    axes, kind = family.family.axes, family.family.cells
    if kind.startswith("family:"):
        source = plan.families[kind.removeprefix("family:")]
        new = frozenset(_cells(plan, source, fresh))
        pick = picker(source.family.axes, axes)
        old = {pick(cell) for number, cell in enumerate(source.cells) if number not in new}
        return [number for number, cell in enumerate(family.cells) if cell not in old]
    made = _joined(plan, family, [kind], fresh)
    where = Condition(family.family.where) if family.family.where else None
    joins = plan.project.joins.values()
    about = [j.name for j in joins if where is not None and set(where.names) <= set(j.axes)]
    admitted = _joined(plan, family, about, fresh)
    return [
        number
        for number, cell in enumerate(family.cells)
        if any(row in fresh for row in cell)
        or number in made
        or (
            where is not None
            and number in admitted
            and not where.holds(plan.scope(family.family, cell))
        )
    ]


def _joined(
    plan: Plan, family: FamilyPlan, names: Sequence[str], fresh: Mapping[Row, None]
) -> set[int]:
    """Return the cells that a new row of these joins is about."""
    found: set[int] = set()
    for name, pick in plan.covered(family.family):
        index = plan.project.joins[name].index
        new = {key for key, row in index.items() if row in fresh} if name in names else ()
        found.update(n for n, cell in enumerate(family.cells) if new and pick(cell) in new)
    return found


def _advised(
    plan: Plan, measured: Mapping[str, Measured], found: Mapping[str, Sequence[int]]
) -> tuple[str, int]:
    """Return what to write so that most of the new cells get a page, and how many it releases."""
    best = ("", 0)
    for name, cells in found.items():
        family = plan.families[name]
        open_ = [number for number in cells if not family.passes(number)]
        if name in measured and open_:
            item = advice.first(family, measured[name], open_)
            if item is not None and len(item.releases) > best[1]:
                best = (item.what, len(item.releases))
    return best
