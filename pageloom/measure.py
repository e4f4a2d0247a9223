"""What the gate measures, as frozen values: of a page, and of what fills its slots."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from pageloom.model import Slot, Snippet


@dataclass(frozen=True, slots=True)
class Measure:
    """What the gate measured of one page."""

    words: int = 0
    specific_words: int = 0
    specific_facts: int = 0
    likeness: float = 0.0
    likeness_known: bool = False
    missing: tuple[str, ...] = ()
    unreviewed: tuple[str, ...] = ()
    """Why nobody answers for the page."""

    @property
    def specific_share(self) -> float:
        """Part of the page's words that comes from specific sources, 0 to 1."""
        return self.specific_words / self.words if self.words else 0.0


@dataclass(frozen=True, slots=True)
class Weight:
    """What fills a slot of a cell: its identity with names masked, words, and what is specific."""

    identity: Hashable
    words: int
    specific_words: int = 0
    facts: frozenset[str] = frozenset()
    """Facts and sources that specific text cites."""
    snippet: Snippet | None = None
    values: tuple[str, ...] = ()
    """What the snippet prints other than names."""


@dataclass(frozen=True, slots=True)
class Column:
    """What fills a slot in all cells of a family: different weights, and the place of each cell's.

    The first weight is that of nothing.
    """

    slot: Slot
    kinds: Sequence[int]
    weights: Sequence[Weight]
    heading: int = 0
    """Words of the slot's heading, which stands where something fills the slot."""

    def of(self, number: int) -> Weight:
        """Return what fills the slot of one cell."""
        return self.weights[self.kinds[number]]

    def each(self, values: Sequence[Any]) -> list[Any]:
        """Return for every cell the value that stands at the place of its weight."""
        return [values[kind] for kind in self.kinds]
