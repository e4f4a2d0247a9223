"""Every slot of every cell of a family on the scales, once, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pageloom.gate import Measured, Scales
from pageloom.model import Measure, Slot, Weight
from pageloom.plan import FamilyPlan


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weights of a family's cells by slot, and what the gate measured."""

    plan: FamilyPlan
    slots: tuple[Slot, ...]
    columns: tuple[Sequence[Weight], ...]
    shells: Sequence[int]
    measured: Measured | None

    def weights(self, number: int) -> tuple[Weight, ...]:
        """Return the weights of a cell's slots."""
        return tuple(column[number] for column in self.columns)

    def measure(self, number: int) -> Measure:
        """Return the measure of a cell, also where the gate did not need words."""
        found = self.measured.of(number) if self.measured is not None else Measure()
        if found.words:
            return found
        weights = self.weights(number)
        return replace(
            found,
            words=self.shells[number] + sum(weight.words for weight in weights),
            specific_words=sum(weight.specific_words for weight in weights),
            specific_facts=len(frozenset().union(*(weight.facts for weight in weights))),
        )

    def place(self, name: str) -> int:
        """Return the place of a slot among the columns."""
        return next(place for place, slot in enumerate(self.slots) if slot.name == name)

    def size(self, number: int) -> int:
        """Return the words that likeness is measured on: those of the slots."""
        return sum(column[number].words for column in self.columns)


def weigh(plan: FamilyPlan, scales: Scales, measured: Measured | None) -> Weighed:
    """Return the weights of a family."""
    slots = tuple(slot for slot in plan.family.slots if not slot.lists and not slot.folds)
    cells = range(len(plan.cells))
    found = [scales.column(plan, slot) for slot in slots]
    columns = tuple(tuple(column.of(number) for number in cells) for column in found)
    head = scales.shell_words(plan)
    shells = [
        head + sum(column.heading for column in found if column.of(number).words)
        for number in cells
    ]
    return Weighed(plan, slots, columns, shells, measured)
