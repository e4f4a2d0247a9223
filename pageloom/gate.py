"""Which cells say enough of their own to stand alone.

First the conditions that need only the page, then likeness among the pages of the family that
passed those, then hubs by their children; no verdict depends on another page's final verdict but a
hub's on its children's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor
from operator import add
from typing import Protocol

from pageloom.cells import picker
from pageloom.clusters import Cluster, compared_columns, near_copies
from pageloom.copies import Shingled
from pageloom.counted import counted
from pageloom.diagnostics import WARNING, Diagnostic
from pageloom.likeness import Likeness, most_alike
from pageloom.measure import Column, Measure, Weight
from pageloom.model import Family, Gate, Slot, Snippet
from pageloom.plan import FOLDED, HELD, NOINDEX, PUBLISHED, FamilyPlan, Plan

Report = Callable[[Diagnostic], None]
_OTHERWISE = {"fold": FOLDED, "noindex": NOINDEX, "hold": HELD}

_NO_ORGANIZATION = ("the site names no organization",)

KNOWN_BELOW = 0.1
"""How far below the threshold likeness is still known, for those who look at it."""


class Scales(Protocol):
    """Weighs what fills slots; made by `compose`, so that the gate reads no pages."""

    def column(self, plan: FamilyPlan, slot: Slot) -> Column:
        """Return what fills a slot in every cell of a family."""

    def shell_words(self, plan: FamilyPlan) -> int:
        """Return the words of `<main>` that stand on every page of a family."""

    def shingled(self, snippet: Snippet, level: int) -> Shingled:
        """Return the words of a snippet, names masked and other values as their paths."""


@dataclass(slots=True)
class Measured:
    """Measures of a family's cells, in columns."""

    columns: Sequence[Column] = ()
    words: list[int] = field(default_factory=list)
    specific_words: list[int] = field(default_factory=list)
    facts: list[int] = field(default_factory=list)
    copies: Mapping[Snippet, Cluster] = field(default_factory=dict)
    """Snippets that are near-copies of others of the family."""
    likeness: Mapping[int, Likeness] = field(default_factory=dict)
    compared: bytearray = field(default_factory=bytearray)
    missing: dict[int, tuple[str, ...]] = field(default_factory=dict)
    unreviewed: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def of(self, number: int) -> Measure:
        """Return what was measured of one cell."""
        if not self.words:
            return Measure(
                missing=self.missing.get(number, ()), unreviewed=self.unreviewed.get(number, ())
            )
        found = self.likeness.get(number)
        return Measure(
            words=self.words[number],
            specific_words=self.specific_words[number],
            specific_facts=self.facts[number],
            likeness=found.value if found else 0.0,
            likeness_known=bool(self.compared[number]),
            missing=self.missing.get(number, ()),
            unreviewed=self.unreviewed.get(number, ()),
        )


def decide(plan: Plan, scales: Scales, report: Report) -> dict[str, Measured]:
    """Set the verdict of every cell and return what was measured of gated families."""
    measured: dict[str, Measured] = {}
    for name, family in plan.families.items():
        missing = _missing(family)
        if family.family.gate.mode == "on":
            measured[name] = _gated(family, scales, missing, _unreviewed(plan, family))
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
    found += measure.unreviewed
    if measure.words < gate.min_words:
        found.append(f"{counted(measure.words, 'word')}, {gate.min_words} wanted")
    if measure.specific_share < gate.min_specific_share:
        found.append(
            f"specific share {_below(measure.specific_share)}, {gate.min_specific_share:.2f} wanted"
        )
    if measure.specific_facts < gate.min_specific_facts:
        facts = counted(measure.specific_facts, "specific fact")
        found.append(f"{facts}, {gate.min_specific_facts} wanted")
    if measure.likeness > gate.max_sibling_likeness:
        found.append(
            f"likeness {_above(measure.likeness)}, at most {gate.max_sibling_likeness:.2f} allowed"
        )
    return tuple(found)


def _below(value: float) -> str:
    """Return a number that is too small so that it looks smaller than what is wanted."""
    return f"{floor(value * 100 + 1e-9) / 100:.2f}"


def _above(value: float) -> str:
    """Return a number that is too large so that it looks larger than what is allowed."""
    return f"{ceil(value * 100 - 1e-9) / 100:.2f}"


def _missing(plan: FamilyPlan) -> dict[int, tuple[str, ...]]:
    """Return the required slots that are empty, by cell."""
    found: dict[int, tuple[str, ...]] = {}
    for slot in plan.family.slots:
        if slot.snippet == "required" and not slot.partial:
            for number, snippet in enumerate(plan.choices[slot.name]):
                if snippet is None:
                    found[number] = (*found.get(number, ()), slot.name)
    return found


def _unreviewed(plan: Plan, family: FamilyPlan) -> dict[int, tuple[str, ...]]:
    """Return why nobody answers for a page, by cell, where the family asks that somebody does."""
    review = family.family.gate.review
    if review == "organization":
        named = plan.project.settings.values.get("organization", {}).get("name")
        return {} if named else dict.fromkeys(range(len(family.cells)), _NO_ORGANIZATION)
    found: dict[int, tuple[str, ...]] = {}
    for slot in family.family.slots if review == "named" else ():
        for number, snippet in enumerate(family.choices.get(slot.name, ())):
            if snippet is not None and not snippet.front.get("reviewer"):
                reason = f"slot `{slot.name}` has no named reviewer"
                found[number] = (*found.get(number, ()), reason)
    return found


def _gated(
    plan: FamilyPlan,
    scales: Scales,
    missing: dict[int, tuple[str, ...]],
    unreviewed: Mapping[int, tuple[str, ...]],
) -> Measured:
    gate = plan.family.gate
    measured = Measured(missing=missing, unreviewed=unreviewed, compared=bytearray(len(plan.cells)))
    if gate.needs_words:
        measured.columns = measured_columns(plan, scales)
        _count(measured, scales.shell_words(plan))
    passed = _passed(measured, gate, len(plan.cells))
    if gate.max_sibling_likeness < 1:
        measured.copies = near_copies(measured.columns, passed, scales.shingled)
        passed = _unlike(measured, gate, passed)
    otherwise = _OTHERWISE[gate.otherwise]
    plan.verdicts[:] = bytes([otherwise]) * len(plan.cells)
    for number in passed:
        plan.verdicts[number] = PUBLISHED
    return measured


def measured_columns(plan: FamilyPlan, scales: Scales) -> tuple[Column, ...]:
    """Return the columns of the slots whose words count: those that are no list of pages."""
    slots = [slot for slot in plan.family.slots if not slot.lists and not slot.folds]
    return tuple(scales.column(plan, slot) for slot in slots)


def _count(measured: Measured, shell: int) -> None:
    """Add up the words and facts of all columns."""
    columns = measured.columns
    size = len(columns[0].kinds) if columns else 0
    words, specific = [shell] * size, [0] * size
    for column in columns:
        table = [weight.words and weight.words + column.heading for weight in column.weights]
        words = list(map(add, words, column.each(table)))
        if any(weight.specific_words for weight in column.weights):
            table = [weight.specific_words for weight in column.weights]
            specific = list(map(add, specific, column.each(table)))
    measured.words, measured.specific_words = words, specific
    measured.facts = _facts([c for c in columns if any(w.facts for w in c.weights)], size)


def _facts(columns: Sequence[Column], size: int) -> list[int]:
    """Return how many different facts each cell cites; equal combinations are counted once."""
    if not columns:
        return [0] * size
    sets = (column.each([weight.facts for weight in column.weights]) for column in columns)
    known: dict[tuple[frozenset[str], ...], int] = {}
    found: list[int] = []
    for combination in zip(*sets, strict=True):
        count = known.get(combination)
        if count is None:
            count = known[combination] = len(frozenset().union(*combination))
        found.append(count)
    return found


def _passed(measured: Measured, gate: Gate, size: int) -> list[int]:
    """Return the cells that have enough by themselves."""
    lacking = {*measured.missing, *measured.unreviewed}
    passed = [number for number in range(size) if number not in lacking]
    if not gate.needs_words:
        return passed
    share = gate.min_specific_share
    return [
        number
        for number in passed
        if measured.words[number] >= gate.min_words
        and measured.specific_words[number] >= share * measured.words[number]
        and measured.facts[number] >= gate.min_specific_facts
    ]


def _unlike(measured: Measured, gate: Gate, passed: list[int]) -> list[int]:
    """Return the cells that are not too alike to another one of those that passed."""
    for number in passed:
        measured.compared[number] = 1
    found = measured.likeness = _likeness(measured, passed, gate)
    limit = gate.max_sibling_likeness
    return [number for number in passed if number not in found or found[number].value <= limit]


def _likeness(measured: Measured, passed: list[int], gate: Gate) -> dict[int, Likeness]:
    """Return the likeness of the pages that passed, by their number in the family.

    A page with no specific word takes nothing from one that has some: it is compared with all,
    the others among themselves.
    """
    own = [number for number in passed if measured.specific_words[number]]
    found = _compared(measured, own, gate)
    if len(own) < len(passed):
        every = _compared(measured, passed, gate)
        bare = set(passed).difference(own)
        found.update((number, alike) for number, alike in every.items() if number in bare)
    return found


def _compared(measured: Measured, numbers: list[int], gate: Gate) -> dict[int, Likeness]:
    columns = compared_columns(measured.columns, measured.copies, numbers)
    found = most_alike(columns, gate.max_sibling_likeness - KNOWN_BELOW)
    return {
        numbers[place]: Likeness(value, numbers[other]) for place, (value, other) in found.items()
    }


def trial(
    plan: FamilyPlan, measured: Measured, name: str, numbers: Collection[int], new: Weight
) -> Measured:
    """Return what would be measured with a new text in slot `name` of some cells.

    Its facts are taken to be new on the page.
    """
    gate = plan.family.gate
    place = next(p for p, column in enumerate(measured.columns) if column.slot.name == name)
    column = measured.columns[place]
    kinds = list(column.kinds)
    words, specific, facts = [*measured.words], [*measured.specific_words], [*measured.facts]
    missing = dict(measured.missing)
    for number in numbers:
        old = column.of(number)
        kinds[number] = len(column.weights)
        words[number] += new.words - old.words + (0 if old.words else column.heading)
        specific[number] += new.specific_words - old.specific_words
        facts[number] += len(new.facts) - (_only(measured, place, number) if old.facts else 0)
        left = tuple(slot for slot in missing.pop(number, ()) if slot != name)
        if left:
            missing[number] = left
    columns = list(measured.columns)
    columns[place] = replace(column, kinds=kinds, weights=(*column.weights, new))
    compared = bytearray(len(kinds))
    made = Measured(columns, words, specific, facts, measured.copies, {}, compared, missing)
    made.unreviewed = measured.unreviewed
    passed = _passed(made, gate, len(kinds))
    if gate.max_sibling_likeness < 1:
        _unlike(made, gate, passed)
    return made


def _only(measured: Measured, place: int, number: int) -> int:
    """Return how many facts of a cell are cited in one slot only."""
    others = (c.of(number).facts for p, c in enumerate(measured.columns) if p != place)
    return len(measured.columns[place].of(number).facts.difference(*others))


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
        if FOLDED in family.verdicts:
            _fold(plan, family)


def _fold(plan: Plan, family: FamilyPlan) -> None:
    """Hold the folded cells whose parent does not stand."""
    above = plan.families.get(family.family.parent)
    pick = picker(family.family.axes, above.family.axes) if above else None
    for number, verdict in enumerate(family.verdicts):
        if verdict == FOLDED:
            place = above.index.get(pick(family.cells[number])) if above and pick else None
            if above is None or place is None or above.verdicts[place] < NOINDEX:
                family.verdicts[number] = HELD
