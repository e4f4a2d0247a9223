"""Which of a family's compared pages are more alike to a page than a limit.

A page that is more alike than the limit agrees on some column of any set of columns that holds the
other part of the words, so the rarest such columns are looked up and the rest is compared (prefix
filtering, after Chaudhuri, Ganti and Kaushik, https://doi.org/10.1109/ICDE.2006.9). Pages with the
same fragments are looked up as one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator

from pageloom.report.weighed import Vector

MAX_COMPARISONS = 1_500_000
"""After so many pairs of pages the search gives up; a report is a matter of seconds."""


class Neighbours:
    """Looks up pages by what they have in common."""

    def __init__(self, pages: Iterable[tuple[int, Vector]], limit: float) -> None:
        self._limit = limit
        self._vectors: list[Vector] = []
        self._totals: list[int] = []
        self._members: list[list[int]] = []
        self._postings: dict[tuple[int, Hashable], list[int]] = {}
        self.comparisons = 0
        known: dict[tuple[Hashable, ...], int] = {}
        for number, vector in pages:
            key = tuple(identity for identity, _ in vector)
            if key in known:
                self._members[known[key]].append(number)
                continue
            known[key] = len(self._vectors)
            self._add(number, vector)

    def _add(self, number: int, vector: Vector) -> None:
        place = len(self._vectors)
        self._vectors.append(vector)
        self._totals.append(total(vector))
        self._members.append([number])
        for column, (identity, words) in enumerate(vector):
            if words and identity is not None:
                self._postings.setdefault((column, identity), []).append(place)

    @property
    def exhausted(self) -> bool:
        """Whether so much was compared that no further answer is given."""
        return self.comparisons > MAX_COMPARISONS

    def alike(self, vector: Vector, without: Collection[int]) -> Iterator[int]:
        """Yield the pages that are more alike to `vector` than the limit; none of `without`."""
        if self._limit >= 1:
            return
        words = total(vector)
        for place in self._candidates(vector, words):
            self.comparisons += 1
            if likeness(vector, words, self._vectors[place], self._totals[place]) > self._limit:
                yield from (page for page in self._members[place] if page not in without)

    def _candidates(self, vector: Vector, words: int) -> Iterable[int]:
        lists = sorted(
            (
                (self._postings.get((column, identity), []), weight)
                for column, (identity, weight) in enumerate(vector)
                if weight
            ),
            key=lambda found: len(found[0]),
        )
        found: dict[int, None] = {}
        looked_up = 0
        for postings, weight in lists:
            if looked_up >= (1 - self._limit) * words:
                break
            looked_up += weight
            found.update(dict.fromkeys(postings))
        return found


def total(vector: Vector) -> int:
    """Return the words of all columns."""
    return sum(words for _, words in vector)


def likeness(one: Vector, one_words: int, other: Vector, other_words: int) -> float:
    """Return the weighted Jaccard index of two pages, as the gate measures it."""
    shared = sum(
        left[1]
        for left, right in zip(one, other, strict=True)
        if left[0] is not None and left[0] == right[0]
    )
    union = one_words + other_words - shared
    return shared / union if union else 0.0
