"""The words of the program as frozen values; the README says what each means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from pageloom.diagnostics import Location, Start
from pageloom.ledger import NOTHING, Ledger
from pageloom.settings import Settings, Words

Value: TypeAlias = "str | int | float | bool | Row | tuple[Value, ...] | Mapping[str, Value]"
SOURCE = "partials/source.html"
"""The partial that prints an entry of every page's list of sources."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One entry of an axis, table or join. Two rows are the same only when they are one object."""

    kind: str
    slug: str
    values: Mapping[str, Any]
    location: Location
    about: tuple[Row, ...] = ()
    digest: bytes = b""
    """Digest of the values and of the rows that they refer to (16 bytes)."""
    named: tuple[Row, ...] | None = None
    """The rows that it refers to, where it is known that its texts name nothing."""

    def __repr__(self) -> str:
        return f"Row({self.kind}/{self.slug})"


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path in an expression, with its filters: `row.short | capfirst`."""

    root: str
    fields: tuple[str, ...]
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return ".".join((self.root, *self.fields))


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `fact`, `cite` or `link` with literal texts or paths."""

    name: str
    args: tuple[str | Path, ...]
    kwargs: tuple[tuple[str, str | Path], ...] = ()


Expression: TypeAlias = Path | Call


@dataclass(frozen=True, slots=True)
class Text:
    """A text with expressions, such as a title: literals and expressions in turn."""

    parts: tuple[str | Expression, ...]
    source: str
    location: Location


@dataclass(frozen=True, slots=True)
class Print:
    """A place in a fragment where the value of a path is printed, escaped."""

    path: Path
    location: Location


@dataclass(frozen=True, slots=True)
class Cite:
    """A place where a citation's number on the page is printed; `pinpoint` may be empty."""

    source: Row
    pinpoint: str
    fact: Row | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A place where a link to another page is printed."""

    family: str
    pins: tuple[tuple[str, Row | Path], ...]
    text: str | Path | None
    bare: bool
    """Whether only the address is printed, in a Markdown link's target."""
    location: Location


@dataclass(frozen=True, slots=True)
class FactCall:
    """A `fact` or `cite` whose id is a field of a row, known only for a cell."""

    name: str
    path: Path
    location: Location


Segment: TypeAlias = bytes | Print | Cite | Link | FactCall


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """What fills a slot, before a cell's values are put in."""

    make: Callable[[], tuple[Segment, ...]]
    outline: tuple[int, ...] = ()
    """Levels of its headings in order."""
    digest: bytes = b""
    """Digest of its words, and of the facts and sources that they name."""
    linked: bool = False
    """Whether there may be links to pages in it."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Bytes, and what differs from page to page, in turn; made when they are asked for.

        After an edit of a large site those of most texts are not.
        """
        return self.make()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process makes it from."""
        ready = partial(tuple, self.segments)
        return Fragment, (ready, self.outline, self.digest, self.linked)


@dataclass(frozen=True, slots=True)
class Pin:
    """One condition of a selector: which rows of an axis it takes and how specific it is."""

    axis: str
    rows: frozenset[Row]
    rank: int
    """3 for a single slug, 2 for a list, 1 for a field."""
    slugs: tuple[str, ...]
    """Those of the rows, sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class Snippet:
    """Words written for a slot and the cells they are for."""

    path: str
    slot: str
    families: tuple[str, ...]
    pins: tuple[Pin, ...]
    read: Callable[[], str]
    """Reads its words from the file again; few are needed after an edit."""
    body_line: int
    location: Location
    front: Mapping[str, str]
    waivers: tuple[tuple[str, str], ...] = ()
    digest: bytes = b""
    """Digest of the body: its `trees.key`."""
    calls: tuple[str, ...] = ()
    """The expressions in the body, as they are written."""
    places: tuple[int, ...] = ()
    """Line and column of each of them in the file, in turn."""

    @property
    def body(self) -> str:
        """Its words."""
        return self.read()

    @property
    def singles(self) -> tuple[str, ...]:
        """Axes that are pinned to a single slug."""
        return tuple(pin.axis for pin in self.pins if pin.rank == 3)


@dataclass(frozen=True, slots=True)
class Slot:
    """A named place in a family's page."""

    name: str
    heading: Text | None = None
    snippet: str = ""
    """`required`, `optional` or empty."""
    partial: str = ""
    rows: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    lists: str = ""
    text: Text | None = None
    """The words of each link of a list; None for the words of the family that it lists."""
    line: Text | None = None
    """The line below each link of a list; None for the line of the family that it lists."""
    order: Path | None = None
    """The field that a list is sorted by; None for the order of its cells."""
    folds: str = ""
    max_grade: int = 0
    """The highest reading grade of its snippets; 0 for none."""
    location: Location = field(default_factory=lambda: Location("matrix/matrix.yaml"))


@dataclass(frozen=True, slots=True)
class Gate:
    """What a page must have to stand alone, and what becomes of it otherwise."""

    min_words: int = 0
    min_specific_share: float = 0.0
    max_sibling_likeness: float = 1.0
    min_specific_facts: int = 0
    review: str = "none"
    """`organization`: the site names one; `named`: each snippet names who read it."""
    min_children: int = 0
    otherwise: str = "hold"
    mode: str = "none"
    """`on` with thresholds, `off` when switched off, `none` when the family says nothing of it."""

    @property
    def needs_words(self) -> bool:
        """Whether a threshold asks for more than filled slots."""
        asked = self.min_words or self.min_specific_share or self.min_specific_facts
        return bool(asked) or self.max_sibling_likeness < 1


@dataclass(frozen=True, slots=True)
class Related:
    """Which siblings a page links to: those that differ in one axis only."""

    vary: str
    count: int


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of page over zero or more axes."""

    name: str
    axes: tuple[str, ...]
    cells: str
    """`all`, the name of a join, or `family:<name>` for the combinations of another family."""
    where: str
    route: str
    former_routes: tuple[str, ...]
    parent: str
    template: str
    titles: tuple[Text, ...]
    descriptions: tuple[Text, ...]
    h1: Text
    link_text: Text
    crumb: Text
    """The words of its place in breadcrumbs."""
    line: Text | None
    article: bool
    listed: bool
    slots: tuple[Slot, ...]
    fold_slots: tuple[str, ...]
    fold_heading: Text | None
    related: tuple[Related, ...]
    gate: Gate
    location: Location
    where_location: Location
    digest: bytes = b""
    share_title: str = ""
    """What the family's image for shared links says."""


@dataclass(frozen=True, slots=True)
class Join:
    """A table of rows about several axes."""

    name: str
    axes: tuple[str, ...]
    rows: tuple[Row, ...]
    index: Mapping[tuple[Row, ...], Row]


@dataclass(frozen=True, slots=True)
class Claim:
    """A rule of `claims.yaml`: a pattern that no sentence of the pages it is for may match."""

    id: str
    severity: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    sourced: bool
    """Whether a sentence with a source may say it."""
    scope: tuple[tuple[str, frozenset[str]], ...]
    """Kinds of rows and the slugs of those that a text must be about; empty for every text."""
    why: str
    right: str
    citation: str
    url: str
    location: Location

    def found_in(self, sentence: str) -> re.Match[str] | None:
        """Return what a sentence claims, None when it does not."""
        match = self.pattern.search(sentence)
        if match is None or (self.unless is not None and self.unless.search(sentence)):
            return None
        return match


@dataclass(frozen=True, slots=True)
class Claims:
    """`claims.yaml`: the rules, and the words that stand for numbers."""

    rules: tuple[Claim, ...]
    numbers: Mapping[str, str]
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Project:
    """Everything the user wrote, read and converted."""

    settings: Settings
    words: Words
    axes: Mapping[str, tuple[Row, ...]]
    tables: Mapping[str, tuple[Row, ...]]
    """Rows of axes, tables and joins by name, and of `fact` and `source`."""
    joins: Mapping[str, Join]
    facts: Mapping[str, Row]
    sources: Mapping[str, Row]
    families: Mapping[str, Family]
    snippets: tuple[Snippet, ...]
    fields: Mapping[str, frozenset[str] | None]
    """Declared fields by row kind; None where there is no schema."""
    markdown: Mapping[str, frozenset[str]]
    """Fields that are declared as Markdown, by row kind."""
    starts: Mapping[tuple[Row, str], Start]
    """Where the texts of those fields start in their files."""
    root_files: Mapping[str, bytes]
    """Files of `content/root/` by their public path."""
    ledger: Ledger = NOTHING
    claims: Claims | None = None
    """The claims that texts are judged by; None where the project has none."""
    awaited: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """By kind of row: the next day on which checks are over, and how many."""
    draft_count: int = 0
    incomplete: bool = False
    """Whether rows or snippets with problems were left out."""

    @property
    def has_feed(self) -> bool:
        """Whether the site has a feed: something was released, and the settings want one."""
        return bool(self.ledger and self.settings.feed and not self.settings.hidden)
