"""How alike pages are: weighted Jaccard over masked fragments, exact above a threshold.

Every page is a row of columns (slots), each with a fragment's identity and its weight in words.
Pages that are more alike than the threshold agree on columns that hold most of their words, so the
columns are taken one after the other, those with the rarest fragments first: either the pages agree
on it, or both lose its words; a page that has lost too many words leaves, and so does a page that
is alone in its part (partition refinement, after Paige and Tarjan,
https://doi.org/10.1137/0216062).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

Column = tuple[Sequence[Hashable], Sequence[int]]
"""Identities (None where a page has nothing) and weights in words, by page."""
Lost = Sequence[int] | Mapping[int, int]
"""Words that a page has lost, by page."""


class Likeness(NamedTuple):
    """The largest likeness of a page, and the page it is most like."""

    value: float
    other: int


def most_alike(columns: Sequence[Column], threshold: float) -> Mapping[int, Likeness]:
    """Return, for each page that is more alike to another than `threshold`, how alike.

    The result is exact above the threshold; other pages are left out.
    """
    if not columns or threshold >= 1:
        return {}
    ordered = sorted(columns, key=_rarity)
    totals = [sum(weights) for weights in zip(*(weights for _, weights in ordered), strict=True)]
    search = Search(ordered, totals, threshold)
    pages = [page for page, total in enumerate(totals) if total]
    if len(pages) > 1:
        search.refine(0, pages, [0] * len(totals))
    return {page: Likeness(*found) for page, found in search.best.items()}


def _rarity(column: Column) -> float:
    counts = Counter(identity for identity in column[0] if identity is not None)
    return sum(count * count for count in counts.values()) / max(1, sum(counts.values()))


class Search:
    """One depth-first refinement over all columns."""

    def __init__(self, columns: Sequence[Column], totals: Sequence[int], threshold: float) -> None:
        self._columns = columns
        self._totals = totals
        self._threshold = threshold
        self.best: dict[int, tuple[float, int]] = {}
        self.steps = 0
        """How many times a page was looked at."""

    def refine(self, place: int, pages: list[int], lost: Lost) -> None:
        """Split `pages` by the columns from `place` on; `lost` counts words they disagree on."""
        self.steps += len(pages)
        if place == len(self._columns):
            self._record(pages, lost)
            return
        identities, weights = self._columns[place]
        groups: dict[Hashable, list[int]] = {}
        for page in pages:
            groups.setdefault(identities[page], []).append(page)
        for identity, group in groups.items():
            if len(group) > 1 and identity is not None:
                self.refine(place + 1, group, lost)
        if len(groups) == 1:
            if None in groups:
                self.refine(place + 1, pages, lost)
            return
        further = {page: lost[page] + weights[page] for page in pages}
        least = min(further.values())
        apart = [page for page, words in further.items() if self._may_lose(page, words, least)]
        if len(apart) > 1:
            self.refine(place + 1, apart, further)

    def _may_lose(self, page: int, lost: int, least: int) -> bool:
        """Whether a page may still be too alike to one that lost `least` words or more."""
        total = self._totals[page]
        return total - lost > self._threshold * (total + least)

    def _record(self, pages: Sequence[int], lost: Lost) -> None:
        totals, best, threshold = self._totals, self.best, self._threshold
        lightest = sorted(pages, key=totals.__getitem__)[:2]
        for page in pages:
            other = lightest[1] if page == lightest[0] else lightest[0]
            shared = totals[page] - lost[page]
            value = shared / (lost[page] + totals[other])
            if value > threshold and (page not in best or value > best[page][0]):
                best[page] = (value, other)
