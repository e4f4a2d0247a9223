"""Snippets that nobody wrote yet and that would give some cell enough of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from statistics import median

from pageloom import cascade, gate
from pageloom.cells import Cell, picker
from pageloom.counted import counted
from pageloom.measure import Weight
from pageloom.model import Slot, Snippet
from pageloom.report.facts import Facts, Holding
from pageloom.report.weighed import Weighed

LEAST_FACTS, MOST_FACTS = 2, 3
DEFAULT_WORDS = 150
SPECIFIC_AXES = 2
NOTHING = "no specific snippet exists yet"
Rank = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Assumed:
    """How long a new text is taken to be, how many facts it cites, and why."""

    words: int
    facts: int
    basis: str
    own: bool = False
    """Whether it was measured on the slot's own snippets."""

    @property
    def measured(self) -> bool:
        """Whether the family has specific snippets at all."""
        return self.own or self.basis != NOTHING


@dataclass(slots=True)
class Candidate:
    """A slot and rows for which no snippet is as specific as this one would be."""

    slot: Slot
    axes: tuple[str, ...]
    rows: Cell
    cells: list[int] = field(default_factory=list)
    """Cells without a page that would stand if they are unlike others."""
    bound: float = 0.0
    """What it is worth at most."""
    holding: Holding = field(default_factory=Holding)
    usual: bool = False
    """Whether the slot has specific snippets already."""

    @property
    def specific(self) -> bool:
        """Whether the words of the snippet would count as specific."""
        return len(self.axes) >= SPECIFIC_AXES

    @property
    def order(self) -> tuple[float, bool, int, int, int, tuple[str, ...], str]:
        """Sort what promises most first, then slots for such texts, then by facts at hand."""
        slugs = tuple(row.slug for row in self.rows)
        narrow = len(self.holding.narrow)
        counts = (-narrow, -self.holding.count, len(self.axes))
        return (-self.bound, not self.usual, *counts, slugs, self.slot.name)


class Candidates:
    """Finds candidates, and tells which cells each would fill."""

    def __init__(self, weighed: Weighed, facts: Facts, worth: Callable[[int], float]) -> None:
        self._weighed = weighed
        self._plan = weighed.plan
        self._family = weighed.plan.family
        self._facts = facts
        self._worth = worth
        self._ranks: dict[tuple[Snippet, str], Rank] = {}
        self._groups: dict[tuple[str, ...], dict[Cell, list[int]]] = {}
        self._slots = tuple(slot for slot in weighed.slots if slot.snippet)
        self.assumed = {slot.name: _assumed(weighed, slot, self._slots) for slot in self._slots}

    def found(self) -> list[Candidate]:
        """Return every candidate, the most promising first."""
        made: list[Candidate] = []
        for slot in self._slots:
            standing = {kind: self._standing(slot, specific=kind) for kind in (False, True)}
            for axes in self._patterns(slot):
                made += self._grouped(slot, axes, standing[len(axes) >= SPECIFIC_AXES])
        return sorted(made, key=lambda candidate: candidate.order)

    def _patterns(self, slot: Slot) -> Iterable[tuple[str, ...]]:
        """Return the axes that the slot's specific snippets pin, and all; any where none does.

        What is written about different pairs of axes has different slots; a slot with general
        texts only is left to them while other slots have specific ones.
        """
        axes = self._family.axes
        snippets = {snippet for snippet in self._plan.choices[slot.name] if snippet is not None}
        known = {snippet.singles for snippet in snippets if len(snippet.singles) >= SPECIFIC_AXES}
        assumed = self.assumed[slot.name]
        if snippets and not known and assumed.measured:
            return ()
        every = [chosen for n in range(1, len(axes) + 1) for chosen in combinations(axes, n)]
        if not known:
            return every
        return [chosen for chosen in every if chosen == axes or tuple(sorted(chosen)) in known]

    def _standing(self, slot: Slot, *, specific: bool) -> list[int]:
        """Return the cells without a page that a text in this slot would lift over the gate.

        A text about one row is no answer to a lack of words of one's own: it only fills what is
        empty.
        """
        column = self._plan.choices[slot.name]
        return [
            number
            for number in range(len(self._plan.verdicts))
            if not self._plan.passes(number)
            and (specific or column[number] is None)
            and self.stands(number, slot, specific=specific)
        ]

    def stands(self, number: int, slot: Slot, *, specific: bool) -> bool:
        """Whether a cell meets what needs only its own page, with a new text in a slot."""
        place = self._weighed.places[slot.name]
        column, new = self._weighed.columns[place], self.assumed[slot.name]
        old = column.of(number)
        heading = 0 if old.words else column.heading
        measure = self._weighed.measure(number)
        facts = measure.specific_facts
        if old.facts:
            kept = (w.facts for at, w in enumerate(self._weighed.weights(number)) if at != place)
            facts = len(frozenset().union(*kept))
        own = measure.specific_words - old.specific_words
        changed = replace(
            measure,
            words=measure.words - old.words + new.words + heading,
            specific_words=own + new.words if specific else own,
            specific_facts=facts + new.facts if specific else facts,
            likeness=0.0,
            missing=tuple(name for name in measure.missing if name != slot.name),
        )
        return not gate.reasons(self._family, changed)

    def _grouped(
        self, slot: Slot, axes: tuple[str, ...], cells: Iterable[int]
    ) -> Iterable[Candidate]:
        pick = picker(self._family.axes, axes)
        column = self._plan.choices[slot.name]
        rank = _rank(axes, slot)
        found: dict[Cell, Candidate] = {}
        for number in cells:
            if self._wins(rank, column[number], slot):
                rows = pick(self._plan.cells[number])
                candidate = found.get(rows)
                if candidate is None:
                    holding = self._facts.of(axes, rows)
                    candidate = found[rows] = Candidate(slot, axes, rows, holding=holding)
                    candidate.usual = self.assumed[slot.name].own
                candidate.cells.append(number)
                candidate.bound += self._worth(number)
        return found.values()

    def filled(self, candidate: Candidate) -> list[int]:
        """Return the cells whose slot the snippet would fill, whatever their verdict."""
        column = self._plan.choices[candidate.slot.name]
        rank = _rank(candidate.axes, candidate.slot)
        group = self._group(candidate.axes)[candidate.rows]
        return [n for n in group if self._wins(rank, column[n], candidate.slot)]

    def _group(self, axes: tuple[str, ...]) -> Mapping[Cell, list[int]]:
        if axes not in self._groups:
            pick = picker(self._family.axes, axes)
            groups = self._groups[axes] = {}
            for number, cell in enumerate(self._plan.cells):
                groups.setdefault(pick(cell), []).append(number)
        return self._groups[axes]

    def _wins(self, rank: Rank, snippet: Snippet | None, slot: Slot) -> bool:
        if snippet is None:
            return True
        key = (snippet, slot.name)
        if key not in self._ranks:
            pattern = tuple((pin.axis, pin.rank) for pin in snippet.pins)
            self._ranks[key] = cascade.specificity(pattern, slot.prefer)
        return rank > self._ranks[key]


def _rank(axes: tuple[str, ...], slot: Slot) -> Rank:
    return cascade.specificity(tuple((axis, cascade.SINGLE) for axis in axes), slot.prefer)


def _assumed(weighed: Weighed, slot: Slot, slots: Iterable[Slot]) -> Assumed:
    """Return the medians of the slot's specific snippets, else of the family's."""
    own = list(_written(weighed, slot))
    if own:
        return _typical(own, "of this slot", own=True)
    every = [weight for other in slots for weight in _written(weighed, other)]
    if every:
        return _typical(every, "of other slots")
    return Assumed(DEFAULT_WORDS, LEAST_FACTS, NOTHING)


def _typical(weights: Sequence[Weight], where: str, *, own: bool = False) -> Assumed:
    basis = f"median of {counted(len(weights), 'specific snippet')} {where}"
    facts = round(median(len(weight.facts) for weight in weights))
    words = round(median(weight.words for weight in weights))
    return Assumed(words, max(LEAST_FACTS, min(MOST_FACTS, facts)), basis, own)


def _written(weighed: Weighed, slot: Slot) -> Iterator[Weight]:
    """Yield the weight of each specific snippet of a slot once."""
    seen: set[Snippet] = set()
    for weight in weighed.columns[weighed.places[slot.name]].weights:
        snippet = weight.snippet
        if snippet is not None and weight.specific_words and snippet not in seen:
            seen.add(snippet)
            yield weight
