"""What a report says, as values; `--json` prints them as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pageloom.report.advice import Advice
from pageloom.report.demand import Unmatched
from pageloom.report.due import DueGroup

FORMAT = 1


@dataclass(frozen=True, slots=True)
class AxisRow:
    """A row of the heat map: its slug and how to call it."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLine:
    """One cell in the list of cells."""

    place: tuple[int, int, int]
    """Its row, column and layer in the heat map."""
    route: str
    verdict: str
    words: int
    share: float
    facts: int
    likeness: float | None
    """None where it is not above what is measured, or was not compared."""
    because: tuple[str, ...]
    demand: float = 0.0
    narrow: int = 0
    """Facts at hand about two or more of its rows."""
    wide: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """The cells of a family by its first three axes.

    `grid` has a text for each row and column, with a letter for each layer: `p` published, `n`
    noindex, `f` folded, `h` held, `x` excluded by `where`, `-` no cell.
    """

    family: str
    axes: tuple[str, ...]
    rows: tuple[AxisRow, ...]
    columns: tuple[AxisRow, ...]
    layers: tuple[AxisRow, ...]
    grid: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many cells lie in each of twenty equal parts of 0 to 1."""

    title: str
    counts: tuple[int, ...]
    limit: float | None
    """Where the gate draws the line."""
    note: str

    @property
    def total(self) -> int:
        """How many cells were counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Common:
    """A fragment that two pages have in common."""

    slot: str
    words: int
    source: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pages that are much alike."""

    likeness: float
    one: str
    other: str
    verdicts: tuple[str, str]
    common: tuple[Common, ...]


@dataclass(frozen=True, slots=True)
class SlotWords:
    """What a slot brings to the pages of a family."""

    slot: str
    filled: int
    """Cells in which it is not empty."""
    fragments: int
    """Different texts, names masked."""
    words: float
    """On average over the cells in which it is not empty."""
    share: float
    """Part of all words of the family's cells."""
    specific: float
    """Part of its own words that is specific."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """Cells that a condition leaves out."""

    family: str
    rule: str
    place: str
    cells: int


@dataclass(frozen=True, slots=True)
class FamilyCounts:
    """How the cells of a family were judged."""

    family: str
    cells: int
    verdicts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Waived:
    """A rule that a snippet waives, with its reason."""

    path: str
    line: int
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSummary:
    """What `matrix/demand.csv` holds."""

    queries: int = 0
    volume: int = 0
    unmatched: tuple[Unmatched, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What to write next, with the cells by address."""

    advice: Advice
    releases: tuple[str, ...]
    takes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A whole report."""

    brand: str
    as_of: str
    families: tuple[FamilyCounts, ...]
    heat: HeatMap | None
    cells: tuple[CellLine, ...]
    histograms: tuple[Histogram, ...]
    pairs: tuple[Pair, ...]
    writing: tuple[Next, ...]
    writing_note: str
    slots: tuple[SlotWords, ...]
    excluded: tuple[Excluded, ...]
    unused: tuple[str, ...]
    waived: tuple[Waived, ...]
    due: tuple[DueGroup, ...]
    due_counted: bool
    """Whether it was counted on how many pages each is; not on a large site unless asked."""
    demand: DemandSummary
    potential: tuple[CellLine, ...] | None
    """Cells without a page for which facts are at hand; None when not asked for."""
    review: bool
    """Whether all that is due is to be shown, not only the oldest."""
