"""Which cells say enough of their own to stand alone.

First the conditions that need only the page, then likeness among the pages of the family that
passed those, then hubs by their children; no verdict depends on another page's final verdict but a
hub's on its children's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pageloom.diagnostics import WARNING, Diagnostic
from pageloom.likeness import Likeness, most_alike
from pageloom.model import Family, Gate, Measure, Slot, Weight
from pageloom.plan import FOLDED, HELD, NOINDEX, PUBLISHED, FamilyPlan, Plan

Report = Callable[[Diagnostic], None]
Columns = list[tuple[list[Hashable], list[int]]]
_OTHERWISE = {"fold": FOLDED, "noindex": NOINDEX, "hold": HELD}


class Scales(Protocol):
    """Weighs what fills a slot; made by `compose`, so that the gate reads no pages."""

    def weigh(self, plan: FamilyPlan, number: int, slot: Slot) -> Weight:
        """Return the weight of a slot of a cell."""

    def shell_words(self, plan: FamilyPlan, number: int) -> int:
        """Return the words that template and headings put into `<main>`."""


@dataclass(slots=True)
class Measured:
    """Measures of a family's cells, in columns."""

    words: list[int] = field(default_factory=list)
    specific_words: list[int] = field(default_factory=list)
    facts: list[int] = field(default_factory=list)
    likeness: Mapping[int, Likeness] = field(default_factory=dict)
    compared: bytearray = field(default_factory=bytearray)
    missing: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def of(self, number: int) -> Measure:
        """Return what was measured of one cell."""
        if not self.words:
            return Measure(missing=self.missing.get(number, ()))
        found = self.likeness.get(number)
        return Measure(
            words=self.words[number],
            specific_words=self.specific_words[number],
            specific_facts=self.facts[number],
            likeness=found.value if found else 0.0,
            likeness_known=bool(self.compared[number]),
            missing=self.missing.get(number, ()),
        )


def decide(plan: Plan, scales: Scales, report: Report) -> dict[str, Measured]:
    """Set the verdict of every cell and return what was measured of gated families."""
    measured: dict[str, Measured] = {}
    for name, family in plan.families.items():
        missing = _missing(family)
        if family.family.gate.mode == "on":
            measured[name] = _gated(family, scales, missing)
            continue
        family.verdicts[:] = bytes([PUBLISHED]) * len(family.cells)
        for number, slots in missing.items():
            _report_missing(family, number, slots, report)
    _hubs(plan)
    return measured


def reasons(family: Family, measure: Measure) -> tuple[str, ...]:
    """Return in words why a page with this measure does not stand alone; empty when it does."""
    gate = family.gate
    found = [f"slot `{slot}` is empty" for slot in measure.missing]
    if measure.words < gate.min_words:
        found.append(f"{measure.words} words, {gate.min_words} wanted")
    if measure.specific_share < gate.min_specific_share:
        found.append(
            f"specific share {measure.specific_share:.2f}, {gate.min_specific_share:.2f} wanted"
        )
    if measure.specific_facts < gate.min_specific_facts:
        found.append(f"{measure.specific_facts} specific facts, {gate.min_specific_facts} wanted")
    if measure.likeness > gate.max_sibling_likeness:
        found.append(
            f"likeness {measure.likeness:.2f}, at most {gate.max_sibling_likeness:.2f} allowed"
        )
    return tuple(found)


def _missing(plan: FamilyPlan) -> dict[int, tuple[str, ...]]:
    """Return the required slots that are empty, by cell."""
    found: dict[int, tuple[str, ...]] = {}
    for slot in plan.family.slots:
        if slot.snippet == "required" and not slot.partial:
            for number, snippet in enumerate(plan.choices[slot.name]):
                if snippet is None:
                    found[number] = (*found.get(number, ()), slot.name)
    return found


def _gated(plan: FamilyPlan, scales: Scales, missing: dict[int, tuple[str, ...]]) -> Measured:
    gate = plan.family.gate
    measured = Measured(missing=missing, compared=bytearray(len(plan.cells)))
    columns: Columns = []
    passed = [number for number in range(len(plan.cells)) if number not in missing]
    if gate.needs_words:
        columns = _weigh(plan, scales, measured)
        passed = [n for n in passed if not reasons(plan.family, measured.of(n))]
    if gate.max_sibling_likeness < 1:
        for number in passed:
            measured.compared[number] = 1
        measured.likeness = _likeness(columns, passed, gate)
        limit = gate.max_sibling_likeness
        passed = [
            number
            for number in passed
            if number not in measured.likeness or measured.likeness[number].value <= limit
        ]
    otherwise = _OTHERWISE[gate.otherwise]
    plan.verdicts[:] = bytes([otherwise]) * len(plan.cells)
    for number in passed:
        plan.verdicts[number] = PUBLISHED
    plan.measures = measured.of
    return measured


def _weigh(plan: FamilyPlan, scales: Scales, measured: Measured) -> Columns:
    """Weigh every slot of every cell; return the columns that likeness is measured on."""
    slots = [slot for slot in plan.family.slots if not slot.lists and not slot.folds]
    columns: Columns = [([], []) for _ in slots]
    for number in range(len(plan.cells)):
        words, specific = scales.shell_words(plan, number), 0
        facts: frozenset[str] = frozenset()
        for slot, (identities, weights) in zip(slots, columns, strict=True):
            weight = scales.weigh(plan, number, slot)
            identities.append(weight.identity)
            weights.append(weight.words)
            words += weight.words
            specific += weight.specific_words
            facts |= weight.facts
        measured.words.append(words)
        measured.specific_words.append(specific)
        measured.facts.append(len(facts))
    return columns


def _likeness(columns: Columns, passed: list[int], gate: Gate) -> dict[int, Likeness]:
    """Return the likeness of the pages that passed, by their number in the family."""
    chosen = [
        ([identities[number] for number in passed], [weights[number] for number in passed])
        for identities, weights in columns
    ]
    floor = min(gate.max_sibling_likeness, 0.5)
    found = most_alike(chosen, floor)
    return {
        passed[place]: Likeness(likeness.value, passed[likeness.other])
        for place, likeness in found.items()
    }


def _report_missing(plan: FamilyPlan, number: int, slots: tuple[str, ...], report: Report) -> None:
    family = plan.family
    cell = " × ".join(row.slug for row in plan.cells[number]) or family.name
    for name in slots:
        slot = next(slot for slot in family.slots if slot.name == name)
        pins = ", ".join(
            f"{axis}: {row.slug}" for axis, row in zip(family.axes, plan.cells[number], strict=True)
        )
        off = family.gate.mode == "off"
        report(
            Diagnostic(
                code="C214",
                location=slot.location,
                message=f"nothing fills slot `{name}` of {cell}"[:100],
                severity=WARNING if off else "error",
                expected=f"a snippet with `slot: {name}` and `for: {{{pins}}}` or wider",
            )
        )


def _hubs(plan: Plan) -> None:
    """Hold hubs with too few published children, and fold only into a parent that stands."""
    for family in plan.families.values():
        least = family.family.gate.min_children
        lists = [slot.lists for slot in family.family.slots if slot.lists]
        if not least or not lists:
            continue
        for number in range(len(family.cells)):
            count = len(plan.children(family, number, lists[0]))
            if count < least and family.verdicts[number] == PUBLISHED:
                family.verdicts[number] = _OTHERWISE[family.family.gate.otherwise]
    for family in plan.families.values():
        for number, verdict in enumerate(family.verdicts):
            if verdict == FOLDED:
                above = plan.parent(family, number)
                if above is None or above[0].verdicts[above[1]] < NOINDEX:
                    family.verdicts[number] = HELD
