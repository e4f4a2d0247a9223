"""Write this next: the snippets that would release the most, by a trial of each.

A trial puts a text of assumed length with assumed facts into a slot of all cells that it would
fill, weighs them again and compares them as the gate does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pageloom.report.candidates import Assumed, Candidate, Candidates
from pageloom.report.facts import Facts, Holding
from pageloom.report.neighbours import Neighbours
from pageloom.report.weighed import Vector, Weighed

KEPT = 40
MAX_TRIALS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A snippet to write, and what it would do."""

    slot: str
    family: str
    pins: Mapping[str, str]
    releases: tuple[int, ...]
    takes: tuple[int, ...]
    """Published cells that would fail: their new neighbours say what they say."""
    fills: int
    instead_of: str
    """The snippet that now fills the slot of the first released cell; empty where none does."""
    assumed: Assumed
    holding: Holding
    worth: float

    @property
    def front_matter(self) -> str:
        """The head of the file to write."""
        pins = ", ".join(f"{axis}: {slug}" for axis, slug in self.pins.items())
        return f"---\nslot: {self.slot}\nfamily: {self.family}\nfor: {{{pins}}}\n---\n"


@dataclass(frozen=True, slots=True)
class Advised:
    """The best snippets to write, and how thorough the search was."""

    items: tuple[Advice, ...] = ()
    candidates: int = 0
    trials: int = 0
    complete: bool = True


def advise(weighed: Weighed, facts: Facts, worth: Callable[[int], float]) -> Advised:
    """Return what to write next for the cells of a gated family that have no page."""
    family = weighed.plan.family
    if family.gate.mode != "on" or not family.axes:
        return Advised()
    candidates = Candidates(weighed, facts, worth)
    return _Trials(weighed, candidates, worth).run()


class _Trials:
    """Tries candidates, the most promising first, until no other can do better."""

    def __init__(
        self, weighed: Weighed, candidates: Candidates, worth: Callable[[int], float]
    ) -> None:
        self._weighed = weighed
        self._passes = weighed.plan.passes
        self._candidates = candidates
        self._worth = worth
        self._limit = weighed.plan.family.gate.max_sibling_likeness
        measured = weighed.measured
        compared = measured.compared if measured is not None else b""
        pages = [number for number, flag in enumerate(compared) if flag]
        self._neighbours = Neighbours(((n, weighed.vector(n)) for n in pages), self._limit)
        self._comparisons = 0
        self._twins: dict[int, list[int]] = {}
        for number, alike in (measured.likeness if measured is not None else {}).items():
            if alike.value > self._limit:
                self._twins.setdefault(alike.other, []).append(number)

    def run(self) -> Advised:
        """Return the best candidates in order."""
        candidates = self._candidates.found()
        found: list[Advice] = []
        worths: list[float] = []
        seen: set[tuple[int, ...]] = set()
        for trials, candidate in enumerate(candidates):
            if len(worths) >= KEPT and worths[KEPT - 1] >= candidate.bound:
                return Advised(_best(found), len(candidates), trials)
            if trials >= MAX_TRIALS or self._neighbours.exhausted:
                return Advised(_best(found), len(candidates), trials, complete=False)
            advice = self._tried(candidate)
            if advice is not None and advice.releases not in seen:
                seen.add(advice.releases)
                found.append(advice)
                worths = sorted([*worths, advice.worth], reverse=True)[:KEPT]
        return Advised(_best(found), len(candidates), len(candidates))

    def _tried(self, candidate: Candidate) -> Advice | None:
        filled = self._candidates.filled(candidate)
        standing = set(candidate.cells)
        standing.update(
            number
            for number in filled
            if self._passes(number)
            and self._candidates.stands(number, candidate.slot, specific=candidate.specific)
        )
        alike = self._alike(candidate, sorted(standing), set(filled))
        gone = alike.union(filled).difference(standing - alike)
        takes = tuple(sorted(n for n in gone if self._passes(n)))
        kept = (standing - alike).union(self._freed(filled, alike))
        releases = tuple(sorted(n for n in kept if not self._passes(n)))
        if len(releases) <= len(takes):
            return None
        return self._advice(candidate, releases, takes, len(filled))

    def _advice(
        self,
        candidate: Candidate,
        releases: tuple[int, ...],
        takes: tuple[int, ...],
        fills: int,
    ) -> Advice:
        before = self._weighed.plan.choices[candidate.slot.name][releases[0]]
        rows = zip(candidate.axes, candidate.rows, strict=True)
        return Advice(
            slot=candidate.slot.name,
            family=self._weighed.plan.family.name,
            pins={axis: row.slug for axis, row in rows},
            releases=releases,
            takes=takes,
            fills=fills,
            instead_of=before.path if before is not None else "",
            assumed=self._candidates.assumed[candidate.slot.name],
            holding=candidate.holding,
            worth=sum(map(self._worth, releases)) - sum(map(self._worth, takes)),
        )

    def _alike(
        self, candidate: Candidate, standing: Sequence[int], filled: Collection[int]
    ) -> set[int]:
        """Return who is too alike once the text is there: cells that it fills, and others."""
        if self._limit >= 1:
            return set()
        vectors = {number: self._vector(candidate, number) for number in standing}
        own = {number: self._own_after(candidate, number) for number in standing}
        among = Neighbours(vectors.items(), self._limit)
        found: set[int] = set()
        for number, vector in vectors.items():
            for other in self._neighbours.alike(vector, filled):
                both = {"one_own": own[number], "other_own": self._own(other)}
                found.update(_failing(number, other, **both))
            for other in among.alike(vector, (number,)):
                both = {"one_own": own[number], "other_own": own[other]}
                found.update(_failing(number, other, **both))
        self._neighbours.comparisons += among.comparisons
        return found

    def _own(self, number: int) -> bool:
        """Whether a page has any specific words."""
        return self._weighed.measure(number).specific_words > 0

    def _own_after(self, candidate: Candidate, number: int) -> bool:
        """Whether a page has any specific words once the text is there."""
        if candidate.specific:
            return True
        place = self._weighed.places[candidate.slot.name]
        old = self._weighed.columns[place].of(number).specific_words
        return self._weighed.measure(number).specific_words > old

    def _vector(self, candidate: Candidate, number: int) -> Vector:
        parts = self._weighed.vector(number)
        words = self._candidates.assumed[candidate.slot.name].words
        parts[self._weighed.places[candidate.slot.name]] = ("new", words)
        return parts

    def _freed(self, filled: Sequence[int], alike: Collection[int]) -> Iterator[int]:
        """Yield the cells that failed only for being like cells that the text makes different."""
        twins = {twin for number in filled for twin in self._twins.get(number, ())}
        for number in sorted(twins.difference(filled).difference(alike)):
            others = self._neighbours.alike(self._weighed.vector(number), {number, *filled})
            if not self._own(number):
                failing = next(iter(others), None) is not None
            else:
                failing = any(self._own(other) for other in others)
            if not failing:
                yield number


def _failing(one: int, other: int, *, one_own: bool, other_own: bool) -> tuple[int, ...]:
    """Return which of two pages that are too alike fail; words of one's own count before none."""
    if one_own == other_own:
        return one, other
    return (other,) if one_own else (one,)


def _best(found: Sequence[Advice]) -> tuple[Advice, ...]:
    """Return what is worth most first; equals stay in the order of the facts at hand."""
    return tuple(sorted(found, key=lambda advice: -advice.worth)[:KEPT])
