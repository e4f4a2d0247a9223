"""Why a cell stands as it does, in words."""

from __future__ import annotations

from collections.abc import Mapping

from pageloom import gate
from pageloom.counted import counted
from pageloom.gate import Measured
from pageloom.measure import Measure
from pageloom.plan import FOLDED, HELD, NOINDEX, PUBLISHED, FamilyPlan, Plan

UNRELEASED = "not released yet"


def reasons(
    plan: Plan, family: FamilyPlan, number: int, measured: Mapping[str, Measured]
) -> tuple[str, ...]:
    """Return why a cell is not published; empty when it is."""
    if family.verdicts[number] == PUBLISHED:
        return ()
    if number in family.waiting:
        return (UNRELEASED,)
    found = measured.get(family.family.name)
    because = gate.reasons(family.family, found.of(number) if found is not None else Measure())
    return because or (_by_others(plan, family, number),)


def _by_others(plan: Plan, family: FamilyPlan, number: int) -> str:
    least = family.family.gate.min_children
    lists = [slot.lists for slot in family.family.slots if slot.lists]
    if least and lists:
        children = len(plan.children(family, number, lists[0]))
        if children < least:
            return f"{counted(children, 'published page')} below it, {least} wanted"
    above = plan.parent(family, number)
    if family.verdicts[number] in {HELD, FOLDED} and (
        above is None or above[0].verdicts[above[1]] < NOINDEX
    ):
        return "no page above it"
    return "the gate of its family"
