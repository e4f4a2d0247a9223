"""The first thing to write so that a cell gets a page, and what it would do.

A text of the length and with the facts that such texts have in the family is put into a slot, and
the family is compared again as the gate does it: once for the best text about each set of axes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from pageloom import cascade, gate
from pageloom.cells import Cell, picker
from pageloom.gate import Measured
from pageloom.measure import Column, Weight
from pageloom.model import Snippet
from pageloom.plan import FamilyPlan

DEFAULT_WORDS, LEAST_FACTS, MOST_FACTS = 150, 2, 3


@dataclass(frozen=True, slots=True)
class Advice:
    """A snippet to write, how long it is taken to be, and what it would do."""

    slot: str
    pins: Mapping[str, str]
    words: int
    facts: int
    fills: int
    releases: tuple[int, ...]
    """Cells that would be published and are not."""
    takes: tuple[int, ...]
    """Published cells that would be too alike to those."""
    share: float
    """Specific share of the first cell that was asked about, with the text."""
    lacks: tuple[str, ...]
    """What that cell would still lack."""

    @property
    def what(self) -> str:
        """The snippet in words."""
        pins = ", ".join(f"{axis} {slug}" for axis, slug in self.pins.items())
        return f"`{self.slot}` for {pins}"

    def as_json(self) -> dict[str, object]:
        """Return the advice as the object that `--json` prints."""
        return {
            "slot": self.slot,
            "for": dict(self.pins),
            "assumed_words": self.words,
            "assumed_facts": self.facts,
            "fills": self.fills,
            "releases": len(self.releases),
            "takes": len(self.takes),
            "specific_share": round(self.share, 4),
            "lacks": list(self.lacks),
        }


@dataclass(frozen=True, slots=True)
class _Candidate:
    column: Column
    axes: tuple[str, ...]
    rows: Cell
    cells: tuple[int, ...]
    """Cells whose slot it would fill."""
    weight: Weight
    usual: bool


def first(plan: FamilyPlan, measured: Measured, numbers: Sequence[int]) -> Advice | None:
    """Return the text that helps most of these cells, else the one that helps the first most."""
    if not measured.columns or not plan.family.axes or not numbers:
        return None
    found = sorted(
        _candidates(plan, measured, numbers),
        key=lambda candidate: _order(plan, measured, candidate, set(numbers)),
    )
    promising: dict[tuple[str, ...], _Candidate] = {}
    for candidate in found:
        promising.setdefault(candidate.axes, candidate)
    tried = [_tried(plan, measured, item, numbers[0]) for item in promising.values()]
    wanted = set(numbers)

    def worth(advice: Advice) -> tuple[int, int, int, float]:
        helped = len(wanted.intersection(advice.releases))
        net = len(advice.releases) - len(advice.takes)
        helped = helped if net > 0 else 0
        return helped, net if helped else 0, -len(advice.lacks), advice.share

    return max(tried, key=worth, default=None)


def _candidates(
    plan: FamilyPlan, measured: Measured, numbers: Sequence[int]
) -> Iterator[_Candidate]:
    """Yield the texts that would fill a slot of one of these cells better than what does now."""
    every = [w for column in measured.columns for w in _written(column)]
    seen: set[tuple[str, Cell]] = set()
    for column in measured.columns:
        if not column.slot.snippet:
            continue
        own = list(_written(column))
        if every and not own and any(weight.snippet for weight in column.weights):
            continue  # what is particular stands in other slots
        weight = _typical(own or every)
        for axes in _patterns(plan, own):
            pick = picker(plan.family.axes, axes)
            groups: dict[Cell, list[int]] = {}
            for number in numbers:
                key = (f"{column.slot.name} {axes}", pick(plan.cells[number]))
                if key not in seen and _wins(axes, column, plan, number):
                    seen.add(key)
                    groups[key[1]] = []
            for number, cell in enumerate(plan.cells) if groups else ():
                if (rows := pick(cell)) in groups and _wins(axes, column, plan, number):
                    groups[rows].append(number)
            for rows, cells in groups.items():
                yield _Candidate(column, axes, rows, tuple(cells), weight, bool(own))


def _patterns(plan: FamilyPlan, own: Iterable[Weight]) -> list[tuple[str, ...]]:
    """Return the sets of axes that the slot's specific texts pin, and all; any where none does."""
    axes = plan.family.axes
    least = min(2, len(axes))
    every = [chosen for n in range(least, len(axes) + 1) for chosen in combinations(axes, n)]
    known = {frozenset(w.snippet.singles) for w in own if w.snippet is not None}
    return [chosen for chosen in every if not known or chosen == axes or frozenset(chosen) in known]


def _wins(axes: tuple[str, ...], column: Column, plan: FamilyPlan, number: int) -> bool:
    """Whether a text for single rows of these axes would fill a cell's slot."""
    snippet: Snippet | None = plan.choices[column.slot.name][number]
    if snippet is None:
        return True
    prefer = column.slot.prefer
    new = cascade.specificity(tuple((axis, cascade.SINGLE) for axis in axes), prefer)
    old = cascade.specificity(tuple((pin.axis, pin.rank) for pin in snippet.pins), prefer)
    return new > old


def _written(column: Column) -> Iterator[Weight]:
    """Yield the weight of each specific snippet of a slot once."""
    seen: set[Snippet] = set()
    for weight in column.weights:
        if weight.specific_words and weight.snippet is not None and weight.snippet not in seen:
            seen.add(weight.snippet)
            yield weight


def _typical(weights: Sequence[Weight]) -> Weight:
    words = round(median(w.words for w in weights)) if weights else DEFAULT_WORDS
    facts = round(median(len(w.facts) for w in weights)) if weights else LEAST_FACTS
    facts = max(LEAST_FACTS, min(MOST_FACTS, facts))
    return Weight("new", words, words, frozenset(f"new {n}" for n in range(facts)))


def _after(measured: Measured, candidate: _Candidate, number: int) -> tuple[int, int]:
    """Return words and specific words of a cell with a new text."""
    old, new = candidate.column.of(number), candidate.weight
    words = measured.words[number] - old.words + new.words
    return words, measured.specific_words[number] - old.specific_words + new.words


def _order(
    plan: FamilyPlan, measured: Measured, candidate: _Candidate, wanted: Collection[int]
) -> tuple[object, ...]:
    """Sort by how many of the wanted cells would have enough by themselves, then of any."""
    slot = candidate.column.slot.name
    stands = [n for n in candidate.cells if _stands(plan, measured, candidate, n)]
    helped = sum(number in wanted for number in stands)
    lifted = sum(not plan.passes(number) for number in stands)
    first_ = next(number for number in candidate.cells if number in wanted)
    words, specific = _after(measured, candidate, first_)
    needed = slot in measured.missing.get(first_, ())
    slugs = tuple(row.slug for row in candidate.rows)
    lifted = lifted if helped else 0
    return -helped, -lifted, not needed, not candidate.usual, -specific / words, slot, slugs


def _stands(plan: FamilyPlan, measured: Measured, candidate: _Candidate, number: int) -> bool:
    words, specific = _after(measured, candidate, number)
    slot = candidate.column.slot.name
    changed = replace(
        measured.of(number),
        words=words,
        specific_words=specific,
        specific_facts=measured.facts[number] + len(candidate.weight.facts),
        likeness=0.0,
        missing=tuple(name for name in measured.missing.get(number, ()) if name != slot),
    )
    return not gate.reasons(plan.family, changed)


def _tried(plan: FamilyPlan, measured: Measured, candidate: _Candidate, number: int) -> Advice:
    slot = candidate.column.slot.name
    made = gate.trial(plan, measured, slot, candidate.cells, candidate.weight)
    standing = {n for n in range(len(plan.cells)) if not gate.reasons(plan.family, made.of(n))}
    before = set(plan.passed())
    return Advice(
        slot=slot,
        pins={axis: row.slug for axis, row in zip(candidate.axes, candidate.rows, strict=True)},
        words=candidate.weight.words,
        facts=len(candidate.weight.facts),
        fills=len(candidate.cells),
        releases=tuple(sorted(standing - before)),
        takes=tuple(sorted(before - standing)),
        share=made.of(number).specific_share,
        lacks=gate.reasons(plan.family, made.of(number)),
    )
