"""For each slot of each cell the most specific snippet written for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from pageloom.cells import Cell
from pageloom.diagnostics import WARNING, Diagnostic, quoted
from pageloom.model import Family, Slot, Snippet
from pageloom.plan import FamilyPlan, Plan

Report = Callable[[Diagnostic], None]
SINGLE = 3
Pattern = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """Snippets that pin the same axes in the same way, by the rows they pin."""

    axes: tuple[str, ...]
    snippets: Mapping[Cell, tuple[Snippet, ...]]


def choose(plan: Plan, report: Report) -> None:
    """Fill `choices` of every family; ties and unused snippets are reported."""
    used: set[Snippet] = set()
    by_slot: dict[tuple[str, str], list[Snippet]] = {}
    for snippet in plan.project.snippets:
        for name in snippet.families:
            by_slot.setdefault((name, snippet.slot), []).append(snippet)
    for name, family in plan.families.items():
        for slot in family.family.slots:
            if slot.snippet:
                column = _column(family, slot, by_slot.get((name, slot.name), ()), used, report)
                family.choices[slot.name] = column
                used.update(snippet for snippet in column if snippet is not None)
    _report_unused(plan, used, report)


def layers(family: Family, slot: Slot, snippets: Iterable[Snippet]) -> list[Layer]:
    """Return the snippets in layers, the most specific first."""
    grouped: dict[Pattern, dict[Cell, list[Snippet]]] = {}
    order = {axis: place for place, axis in enumerate(family.axes)}
    for snippet in snippets:
        pins = sorted(snippet.pins, key=lambda pin: order[pin.axis])
        pattern = tuple((pin.axis, pin.rank) for pin in pins)
        group = grouped.setdefault(pattern, {})
        for rows in product(*(pin.rows for pin in pins)):
            group.setdefault(rows, []).append(snippet)
    ranked = sorted(grouped, key=lambda pattern: specificity(pattern, slot.prefer), reverse=True)
    return [
        Layer(
            tuple(axis for axis, _ in pattern),
            {rows: tuple(found) for rows, found in grouped[pattern].items()},
        )
        for pattern in ranked
    ]


def specificity(pattern: Pattern, prefer: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Return how specific a pattern is: single slugs, lists, fields, then the slot's axis order."""
    ranks = dict(pattern)
    counts = tuple(sum(rank == wanted for _, rank in pattern) for wanted in (3, 2, 1))
    return counts, tuple(ranks.get(axis, 0) for axis in prefer)


def _column(
    plan: FamilyPlan, slot: Slot, snippets: Iterable[Snippet], used: set[Snippet], report: Report
) -> list[Snippet | None]:
    column: list[Snippet | None] = [None] * len(plan.cells)
    ties: set[tuple[Snippet, ...]] = set()
    for layer in reversed(layers(plan.family, slot, snippets)):
        matches = list(map(layer.snippets.get, plan.cells.over(layer.axes)))
        ties.update(found for found in dict.fromkeys(matches) if found and len(found) > 1)
        column = [new[0] if new else old for new, old in zip(matches, column, strict=True)]
    for found in sorted(ties, key=lambda tie: tie[0].path):
        chosen = {number for number, snippet in enumerate(column) if snippet is found[0]}
        if chosen:
            used.update(found)
            _report_tie(plan, found, min(chosen), report)
    return column


def _report_tie(plan: FamilyPlan, found: tuple[Snippet, ...], number: int, report: Report) -> None:
    second = found[1]
    cell = " × ".join(row.slug for row in plan.cells[number])
    report(
        Diagnostic(
            code="C213",
            location=second.location,
            message=f"two snippets fit `{second.slot}` of {quoted(cell)} equally well",
            expected="one snippet, or one that is more specific",
            notes=tuple(f"also {other.location}" for other in found if other is not second),
        )
    )


def _report_unused(plan: Plan, used: set[Snippet], report: Report) -> None:
    if plan.project.incomplete:
        return
    for snippet in plan.project.snippets:
        if snippet not in used:
            report(
                Diagnostic(
                    code="C215",
                    location=snippet.location,
                    message="no page uses this snippet",
                    severity=WARNING,
                    expected="a cell that exists, and no more specific snippet for it",
                )
            )
