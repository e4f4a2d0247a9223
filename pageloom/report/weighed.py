"""Every slot of every cell of a family on the scales, in columns, as the gate weighed it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from pageloom import gate
from pageloom.clusters import compared_columns
from pageloom.gate import Measured, Scales
from pageloom.measure import Column, Measure, Weight
from pageloom.model import Slot
from pageloom.plan import FamilyPlan

Vector = Sequence[tuple[Hashable, int]]
"""What likeness is measured on: the identity of each part of a page, and its words."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weights of a family's cells by slot, and what the gate measured."""

    plan: FamilyPlan
    columns: Sequence[Column]
    shell: int
    measured: Measured | None
    parts: Sequence[tuple[Sequence[Hashable], Sequence[int]]]
    """Identities and words as they are compared, near-copies counting as one."""
    places: Mapping[str, int]
    """The place of each slot among the columns."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots whose words count."""
        return tuple(column.slot for column in self.columns)

    def weights(self, number: int) -> tuple[Weight, ...]:
        """Return the weights of a cell's slots."""
        return tuple(column.of(number) for column in self.columns)

    def vector(self, number: int) -> list[tuple[Hashable, int]]:
        """Return the parts of a cell as they are compared."""
        return [(identities[number], words[number]) for identities, words in self.parts]

    def measure(self, number: int) -> Measure:
        """Return the measure of a cell, also where the gate did not need words."""
        found = self.measured.of(number) if self.measured is not None else Measure()
        if found.words:
            return found
        weights = self.weights(number)
        headings = sum(c.heading for c, w in zip(self.columns, weights, strict=True) if w.words)
        return replace(
            found,
            words=self.shell + headings + sum(weight.words for weight in weights),
            specific_words=sum(weight.specific_words for weight in weights),
            specific_facts=len(frozenset().union(*(weight.facts for weight in weights))),
        )


def weigh(plan: FamilyPlan, scales: Scales, measured: Measured | None) -> Weighed:
    """Return the weights of a family."""
    columns = measured.columns if measured is not None and measured.columns else ()
    columns = columns or gate.measured_columns(plan, scales)
    copies = measured.copies if measured is not None else {}
    return Weighed(
        plan,
        columns,
        scales.shell_words(plan),
        measured,
        compared_columns(columns, copies, range(len(plan.cells))),
        {column.slot.name: place for place, column in enumerate(columns)},
    )
