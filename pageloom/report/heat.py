"""The verdicts of a family as a map: its first axis down, its second across, its third in depth."""

from __future__ import annotations

from collections.abc import Callable

from pageloom.cells import Cell, picker
from pageloom.model import Row
from pageloom.plan import FamilyPlan, Plan
from pageloom.report.data import AxisRow, HeatMap

LETTERS = "hfnp"
"""Letters of the verdicts in their order."""
EXCLUDED, NO_CELL = "x", "-"


def mapped(plan: Plan) -> FamilyPlan | None:
    """Return the family of the heat map: the first over two axes or more, gated before others."""
    crossed = [found for found in plan.families.values() if len(found.family.axes) > 1]
    gates = [found for found in crossed if found.family.gate.needs_words]
    gates += [found for found in crossed if any(s.snippet for s in found.family.slots)]
    return next(iter([*gates, *crossed]), None)


def heat_map(plan: Plan, chosen: FamilyPlan) -> HeatMap:
    """Return the verdicts of a family by its first three axes."""
    axes = chosen.family.axes[:3]
    tables = [sorted(plan.project.axes[axis], key=lambda row: row.slug) for axis in axes]
    best: dict[tuple[Row, ...], int] = {}
    for number, cell in enumerate(chosen.cells):
        verdict = chosen.verdicts[number]
        best[cell[:3]] = max(best.get(cell[:3], 0), verdict)
    used = [{place[at] for place in best} for at in range(len(axes))]
    rows, columns, *deeper = [
        [row for row in table if row in known] for table, known in zip(tables, used, strict=True)
    ]
    layers = deeper[0] if deeper else []
    admits = _admits(plan, chosen)

    def letter(*rows_: Row) -> str:
        verdict = best.get(rows_)
        if verdict is not None:
            return LETTERS[verdict]
        return EXCLUDED if chosen.family.where and admits(rows_) else NO_CELL

    grid = tuple(
        tuple(
            "".join(letter(row, column, layer) for layer in layers)
            if deeper
            else letter(row, column)
            for column in columns
        )
        for row in rows
    )
    return HeatMap(
        family=chosen.family.name,
        axes=axes,
        rows=tuple(map(_named, rows)),
        columns=tuple(map(_named, columns)),
        layers=tuple(map(_named, layers)),
        grid=grid,
    )


def _named(row: Row) -> AxisRow:
    return AxisRow(row.slug, str(row.values.get("short") or row.values.get("name") or row.slug))


def _admits(plan: Plan, chosen: FamilyPlan) -> Callable[[Cell], bool]:
    """Return whether a combination was a candidate before `where` was asked.

    Over more than three axes, whether some combination with these rows was.
    """
    cells, axes = chosen.family.cells, chosen.family.axes[:3]
    if cells == "all":
        return lambda _: True
    if cells.startswith("family:"):
        other = plan.families[cells[7:]]
        shared = tuple(axis for axis in axes if axis in other.family.axes)
        known = set(plan.group(other.family.name, shared))
    else:
        join = plan.project.joins[cells]
        shared = tuple(axis for axis in axes if axis in join.axes)
        pick_joined = picker(join.axes, shared)
        known = {pick_joined(about) for about in join.index}
    pick = picker(axes, shared)
    return lambda cell: pick(cell) in known
