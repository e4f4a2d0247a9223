"""How alike pages are: weighted Jaccard over masked fragments, exact above a threshold.

Every page is a row of columns (slots), each with a fragment's identity and its weight in words.
Pages that are more alike than the threshold agree on columns that hold most of their words, so the
columns are taken one after the other, those with the rarest fragments first: either the pages agree
on it, or its words are lost; a page that has lost too many words leaves, and so does a page that is
alone in its part (partition refinement, after Paige and Tarjan, https://doi.org/10.1137/0216062).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

Column = tuple[Sequence[Hashable], Sequence[int]]
"""Identities (None where a page has nothing) and weights in words, by page."""


@dataclass(frozen=True, slots=True)
class Likeness:
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
    search = _Search(ordered, totals, threshold)
    pages = [page for page, total in enumerate(totals) if total]
    search.refine(0, pages, [0] * len(totals))
    return search.best


def _rarity(column: Column) -> float:
    counts = Counter(identity for identity in column[0] if identity is not None)
    return sum(count * count for count in counts.values()) / max(1, sum(counts.values()))


class _Search:
    """One depth-first refinement over all columns."""

    def __init__(self, columns: Sequence[Column], totals: Sequence[int], threshold: float) -> None:
        self._columns = columns
        self._totals = totals
        self._threshold = threshold
        self.best: dict[int, Likeness] = {}

    def refine(self, place: int, pages: list[int], lost: list[int]) -> None:
        """Split `pages` by the columns from `place` on; `lost` counts words they disagree on."""
        if place == len(self._columns):
            self._record(pages, lost)
            return
        identities, weights = self._columns[place]
        groups: dict[Hashable, list[int]] = {}
        apart: list[int] = []
        for page in pages:
            weight = weights[page]
            if identities[page] is not None and weight:
                groups.setdefault(identities[page], []).append(page)
            if self._may_lose(page, lost[page] + weight):
                apart.append(page)
        for group in groups.values():
            if len(group) > 1:
                self.refine(place + 1, group, lost)
        if len(apart) > 1 and self._differs(identities, apart):
            further = lost.copy() if len(apart) * 4 > len(lost) else _Sparse(lost)
            for page in apart:
                further[page] = lost[page] + weights[page]
            self.refine(place + 1, apart, further)  # type: ignore[arg-type]

    def _may_lose(self, page: int, lost: int) -> bool:
        return self._totals[page] - lost > self._threshold * self._totals[page]

    @staticmethod
    def _differs(identities: Sequence[Hashable], pages: Sequence[int]) -> bool:
        first = identities[pages[0]]
        return first is None or any(identities[page] != first for page in pages)

    def _record(self, pages: Sequence[int], lost: Sequence[int]) -> None:
        lightest = sorted(pages, key=lambda page: self._totals[page])[:2]
        for page in pages:
            other = lightest[1] if page == lightest[0] else lightest[0]
            shared = self._totals[page] - lost[page]
            union = self._totals[page] + self._totals[other] - shared
            value = shared / union if union else 0.0
            known = self.best.get(page)
            if value > self._threshold and (known is None or value > known.value):
                self.best[page] = Likeness(value, other)


class _Sparse(dict[int, int]):
    """Lost words of a few pages over those of all."""

    def __init__(self, base: Sequence[int]) -> None:
        super().__init__()
        self._base = base

    def __missing__(self, page: int) -> int:
        return self._base[page]

    def copy(self) -> _Sparse:
        """Return a layer over this one."""
        return _Sparse(self)  # type: ignore[arg-type]
