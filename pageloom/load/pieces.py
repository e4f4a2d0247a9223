"""Rows of long tables, converted once for each piece of their text and kept by content.

A long list is cut where rows start (`trees.pieces`), so that an edit converts a few rows instead of
all. A piece in which anything is wrong is not kept: the whole file is then read in the plain way,
which tells the problems. Rows of a join stay packed until somebody looks at one.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from sys import intern
from typing import Any

from pageloom import source, trees
from pageloom.diagnostics import Diagnostic, Location, Start
from pageloom.model import Row
from pageloom.schema import Ref
from pageloom.trees import Node

Convert = Callable[[Node, Callable[[Diagnostic], None]], dict[str, Any]]
"""Returns the values of a row; references are `Ref`, problems are reported."""
PackedRef = tuple[str, str, int, int, bool, bool]
"""A `Ref` with table, slug, line in its piece, column, cycles and checked."""
ALL, FEW = 16_384, 1024
"""Rows that stay unpacked: those of 100,000 pages, but not of more, which are looked at in turn."""


@dataclass(slots=True)
class Entry:
    """A row of a table as it stands in its file."""

    slug: str
    values: Mapping[str, Any]
    location: Location
    starts: Mapping[str, Start]
    """Where its Markdown fields start."""
    draft: bool = False
    digest: bytes = b""
    """Digest of the values, where they were kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Neighbouring rows of a long table, packed one after the other."""

    path: str
    lines: int
    """Lines of the file before it."""
    packed: bytes


class Stored(Mapping[str, Any]):
    """Values of a row of a long table, unpacked when they are looked at.

    A large join is mostly read row by row, once for each check and once for its pages. Packed it
    takes a third of the memory, which all processes share.
    """

    __slots__ = ("_piece", "_start", "_values", "quiet", "refs", "rows")

    def __init__(
        self,
        piece: Piece,
        start: int,
        refs: tuple[PackedRef, ...],
        rows: tuple[Row, ...] = (),
        *,
        quiet: bool = False,
    ) -> None:
        self._piece = piece
        self._start = start
        self.quiet = quiet
        """Whether no text among them can name a fact, source or page."""
        self._values: dict[str, Any] | None = None
        self.refs = refs
        """Its references, until they are looked up."""
        self.rows = rows
        """The rows that they name."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process makes it from."""
        return Stored, (self._piece, self._start, self.refs, self.rows)

    def to(self, rows: tuple[Row, ...]) -> Stored:
        """Return the same values, with the rows that their references name."""
        return Stored(self._piece, self._start, (), rows, quiet=self.quiet)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a field."""
        return (self._values or self._looked_at())[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, or else the default."""
        return (self._values or self._looked_at()).get(name, default)

    def items(self) -> ItemsView[str, Any]:
        """Return names and values of the fields."""
        return (self._values or self._looked_at()).items()

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the fields."""
        return iter(self._values or self._looked_at())

    def __len__(self) -> int:
        """Return the number of fields."""
        return len(self._values or self._looked_at())

    def pack(self) -> None:
        """Forget what was unpacked."""
        self._values = None

    def unpacked(self) -> dict[str, Any]:
        """Return the values; they are not kept here."""
        piece = self._piece
        values: dict[str, Any]
        values, apart = marshal.loads(memoryview(piece.packed)[self._start :])  # noqa: S302
        named = self.rows or [_ref(ref, piece) for ref in self.refs]
        for name in apart:
            values[name] = _filled(values[name], named)
        return values

    def _looked_at(self) -> dict[str, Any]:
        values = self._values = self.unpacked()
        looked_at.append(self)
        return values


class LookedAt:
    """Rows that were unpacked; where there are too many to keep, few are kept."""

    def __init__(self) -> None:
        self._rows: deque[Stored] = deque()
        self._most = ALL

    def __len__(self) -> int:
        """Return how many are unpacked."""
        return len(self._rows)

    def append(self, values: Stored) -> None:
        """Add a row, and pack up the ones that were added first."""
        self._rows.append(values)
        if len(self._rows) > self._most:
            self._most = FEW
            while len(self._rows) > FEW:
                self._rows.popleft().pack()


looked_at = LookedAt()


def entry(
    values: dict[str, Any], slug: str, node: Node, path: str, markdown: frozenset[str]
) -> Entry:
    """Return a row that was converted from a node; `markdown` are fields that are Markdown."""
    starts = {
        key.text: value.start or Start(value.line, value.column)
        for key, value in node.pairs
        if key.text in markdown
    }
    draft = bool(values.pop("draft", False))
    return Entry(slug, values, Location(path, node.line, node.column), starts, draft)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Converts the rows of a table."""

    convert: Convert
    slug: Callable[[Mapping[str, Any]], str]
    digest: Callable[[Mapping[str, Any]], bytes]
    about: tuple[str, ...]
    """The fields whose references come first: the axes of a join."""
    markdown: frozenset[str]
    salt: bytes
    """Digest of what, besides the text, decides on the result."""

    def entries(self, text: str, path: str) -> Iterator[Entry] | None:
        """Return the rows of a long table's text; None where it must be read in the plain way."""
        salt = self.salt
        pieces = [(trees.key(piece, salt), piece, line) for piece, line in trees.pieces(text)]
        make = self._packed
        trees.memo.prepare({key: piece for key, piece, _ in pieces}, make)
        found: list[Piece] = []
        for key, piece, line in pieces:
            made = trees.memo.get(key, partial(make, piece))
            if made is None:
                return None
            found.append(Piece(path, line - 1, made))
        return _entries(found) if found else None

    def _packed(self, text: str) -> bytes | None:
        """Return a piece: what its rows say at once, then their values; None after a problem."""
        problems: list[Diagnostic] = []
        node = source.tree(text, "", problems.append)
        if node is None or node.kind != "list" or node.column != 1:
            return None
        heads: list[Any] = []
        rows = bytearray()
        for item in node.items:
            values = self.convert(item, problems.append)
            if problems:
                return None
            made = entry(values, self.slug(values), item, "", self.markdown)
            starts = {name: (s.line, s.column, s.indented) for name, s in made.starts.items()}
            refs: list[PackedRef] = []
            for name in self.about:
                _packed(values[name], refs)
            packed = {intern(name): _packed(value, refs) for name, value in values.items()}
            apart = tuple(name for name, value in packed.items() if not _is_plain(value))
            place = (item.line - 1, item.column, len(rows))
            quiet = _is_quiet(values)
            digest = self.digest(values)
            heads.append((made.slug, made.draft, digest, tuple(refs), quiet, starts, *place))
            rows += marshal.dumps((packed, apart))
        return marshal.dumps((len(rows), heads)) + rows


def _entries(pieces: Iterable[Piece]) -> Iterator[Entry]:
    for piece in pieces:
        path, lines = piece.path, piece.lines
        size, heads = marshal.loads(piece.packed)  # noqa: S302  (made here, or kept by digest)
        begin = len(piece.packed) - size
        for slug, draft, digest, refs, quiet, starts, line, column, start in heads:
            begun = {name: Start(at[0] + lines, at[1], at[2]) for name, at in starts.items()}
            values = Stored(piece, begin + start, refs, quiet=quiet)
            yield Entry(
                slug, values, Location(path, line + lines + 1, column), begun, draft, digest
            )


def _is_plain(value: Any) -> bool:
    """Whether a packed value is what it was packed from."""
    if isinstance(value, (tuple, dict)):
        return all(map(_is_plain, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, list)


def _is_quiet(value: Any) -> bool:
    """Whether no text can name a fact, source or page: it is no single word, and calls nothing."""
    if isinstance(value, str):
        return (" " in value or not value) and "{{" not in value
    if isinstance(value, (tuple, dict)):
        return all(map(_is_quiet, value.values() if isinstance(value, dict) else value))
    return True


def _packed(value: Any, refs: list[PackedRef]) -> Any:
    """Return a value with a list in place of each reference: its number among them."""
    if isinstance(value, Ref):
        place = value.location
        ref = (value.table, value.slug, place.line, place.column, value.cycles, value.checked)
        if ref not in refs:
            refs.append(ref)
        return [refs.index(ref)]
    if isinstance(value, tuple):
        return tuple(_packed(item, refs) for item in value)
    if isinstance(value, dict):
        return {key: _packed(item, refs) for key, item in value.items()}
    return value


def _filled(value: Any, named: Sequence[Row | Ref]) -> Any:
    if isinstance(value, list):
        return named[value[0]]
    if isinstance(value, tuple):
        return tuple([_filled(item, named) for item in value])
    if isinstance(value, dict):
        return {key: _filled(item, named) for key, item in value.items()}
    return value


def _ref(packed: PackedRef, piece: Piece) -> Ref:
    table, slug, line, column, cycles, checked = packed
    return Ref(table, slug, Location(piece.path, line + piece.lines, column), cycles, checked)
