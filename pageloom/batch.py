"""Texts and addresses of many cells of a family at once, in columns.

A text that only prints fields is a pattern, which is filled for all cells in one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import add

from pageloom import seo
from pageloom.cells import Cell
from pageloom.expressions import AbsentError
from pageloom.known import Known
from pageloom.model import Family, Text
from pageloom.plan import FamilyPlan, Plan
from pageloom.sheet import escaped

_PLACE = "\ue000"
_BYTES: Known[str, int] = Known(lambda text: len(text.encode()))
_WIDTHS = Known(seo.width)
HTML, JSON = Known(escaped), Known(seo.said)
"""How a text is encoded; both go letter by letter, so that parts can be encoded apart."""
_KEPT = 100_000


class Batch:
    """Some cells of a family."""

    def __init__(self, plan: Plan, cells: FamilyPlan, numbers: Sequence[int]) -> None:
        self._plan = plan
        self.family: Family = cells.family
        self._cells = cells
        self._numbers = numbers
        self._fields: dict[tuple[str, str], list[str]] = {}
        for known in (_BYTES, _WIDTHS, HTML, JSON):
            if len(known) > _KEPT:
                known.clear()

    def routes(self) -> list[str]:
        """Return the address paths."""
        return self._plan.routes(self._cells, self._numbers)

    def said(self, text: Text, form: Known[str, bytes]) -> list[bytes | None]:
        """Return a text of each cell, encoded; None where a value that it prints is absent."""
        pattern, places = self._plan.speaker(text, self.family)
        if pattern is None:
            said = [self._or_none(text, cell) for cell in self._cells.cells.at(self._numbers)]
            return [None if one is None else form[one] for one in said]
        if not places:
            return [form[pattern % ()]] * len(self._numbers)
        # The mark stands for each value while the words around them are encoded.
        around = form[pattern % ((_PLACE,) * len(places))].replace(b"%", b"%%")
        encoded = around.replace(_PLACE.encode(), b"%b")
        columns = [map(form.__getitem__, column) for column in self._columns(places)]
        return list(map(encoded.__mod__, zip(*columns, strict=True)))

    def _or_none(self, text: Text, cell: Cell) -> str | None:
        try:
            return self._plan.spoken(text, self.family, cell)
        except AbsentError:
            return None

    def _columns(self, places: Sequence[tuple[str, str]]) -> list[list[str]]:
        for root, name in places:
            if (root, name) not in self._fields:
                rows = self._plan.rows(self._cells, root, self._numbers)
                self._fields[root, name] = [row.values[name] for row in rows]
        return [self._fields[key] for key in places]

    def first(self, candidates: Sequence[Text], limits: seo.Limits) -> list[tuple[bytes, bool]]:
        """Return for each cell the first candidate that fits, else the last that can be said.

        As HTML, with whether it fits.
        """
        found = [(b"", False)] * len(self._numbers)
        left: Sequence[int] = range(len(found))
        for candidate in candidates:
            said, fits = self.said(candidate, HTML), self._fits(candidate, limits)
            for place in left:
                text = said[place]
                if text is not None:
                    found[place] = (text, fits[place])
            left = [place for place in left if not found[place][1]]
            if not left:
                break
        return found

    def _fits(self, text: Text, limits: seo.Limits) -> list[bool]:
        """Return whether a text fits, from the sizes of its parts."""
        pattern, places = self._plan.speaker(text, self.family)
        if pattern is None:
            said = [self._or_none(text, cell) for cell in self._cells.cells.at(self._numbers)]
            return [one is not None and limits.fit(one) for one in said]
        bare = pattern % (("",) * len(places))
        sizes, widths = (self._sums(known, bare, places) for known in (_BYTES, _WIDTHS))
        low, high, widest = limits.low, limits.high, limits.widest
        return [
            low <= size <= high and width <= widest
            for size, width in zip(sizes, widths, strict=True)
        ]

    def _sums(
        self, known: Known[str, int], bare: str, places: Sequence[tuple[str, str]]
    ) -> list[int]:
        sums: list[int] = list(repeat(known[bare], len(self._numbers)))
        for column in self._columns(places):
            sums = list(map(add, sums, map(known.__getitem__, column)))
        return sums
