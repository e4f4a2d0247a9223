"""Which facts the data holds for the rows of a cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pageloom.cells import Cell, picker
from pageloom.model import Row


@dataclass(frozen=True, slots=True)
class Holding:
    """Facts that the data holds for some rows: about two or more of them, and about one."""

    narrow: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many facts there are."""
        return len(self.narrow) + len(self.wide)


class Facts:
    """Facts by the rows of a family's axes that they are about; of low confidence are none."""

    def __init__(self, axes: tuple[str, ...], facts: Iterable[Row]) -> None:
        self._axes = axes
        self._index: dict[tuple[str, ...], dict[tuple[str, ...], list[str]]] = {}
        for fact in facts:
            if fact.values.get("confidence") != "low":
                self._add(fact)

    def _add(self, fact: Row) -> None:
        about = fact.values.get("about") or {}
        named = tuple(axis for axis in self._axes if axis in about)
        cells: list[tuple[str, ...]] = [()]
        for axis in named:
            cells = [(*cell, slug) for cell in cells for slug in _slugs(about[axis])]
        if named:
            index = self._index.setdefault(named, {})
            for cell in cells:
                index.setdefault(cell, []).append(fact.slug)

    def of(self, axes: tuple[str, ...], cell: Cell) -> Holding:
        """Return the facts about rows on some axes and about no other row of the family."""
        narrow: list[str] = []
        wide: list[str] = []
        for count in range(1, len(axes) + 1):
            for chosen in combinations(axes, count):
                index = self._index.get(chosen)
                if index is not None:
                    rows = picker(axes, chosen)(cell)
                    found = index.get(tuple(row.slug for row in rows), ())
                    (narrow if count > 1 else wide).extend(found)
        return Holding(tuple(dict.fromkeys(narrow)), tuple(dict.fromkeys(wide)))


def _slugs(named: Any) -> tuple[str, ...]:
    """Return the slugs of what `about` names for an axis: a row, a slug or a list of them."""
    rows = named if isinstance(named, tuple) else (named,)
    return tuple(row.slug if isinstance(row, Row) else str(row) for row in rows)
