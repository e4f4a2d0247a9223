"""Rows of long tables, converted once for each piece of their text and kept by content.

A long list is cut where rows start (`trees.pieces`), so that an edit converts a few rows instead of
all. A piece in which anything is wrong is not kept: the whole file is then read in the plain way,
which tells the problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pageloom import source, trees
from pageloom.diagnostics import Diagnostic, Location, Start
from pageloom.schema import Ref
from pageloom.trees import Node

Convert = Callable[[Node, Callable[[Diagnostic], None]], dict[str, Any]]
"""Returns the values of a row; references are `Ref`, problems are reported."""


@dataclass(slots=True)
class Entry:
    """A row of a table as it stands in its file."""

    values: dict[str, Any]
    location: Location
    starts: Mapping[str, Start]
    """Where its Markdown fields start."""
    digest: bytes = b""
    """Digest of the values, where they were kept."""


def entry(values: dict[str, Any], node: Node, path: str, markdown: frozenset[str]) -> Entry:
    """Return a row that was converted from a node."""
    starts = {
        key.text: value.start or Start(value.line, value.column)
        for key, value in node.pairs
        if key.text in markdown
    }
    return Entry(values, Location(path, node.line, node.column), starts)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Converts the rows of a table."""

    convert: Convert
    digest: Callable[[dict[str, Any]], bytes]
    markdown: frozenset[str]
    salt: bytes
    """Digest of what, besides the text, decides on the result."""

    def entries(self, text: str, path: str) -> Iterator[Entry] | None:
        """Return the rows of a long table's text; None where it must be read in the plain way."""
        salt = self.salt
        pieces = [(trees.key(piece, salt), piece, line) for piece, line in trees.pieces(text)]
        make = self._packed
        trees.memo.prepare({key: piece for key, piece, _ in pieces}, make)
        if not pieces or not all(
            trees.memo.has(key, partial(make, piece)) for key, piece, _ in pieces
        ):
            return None
        return self._unpacked(pieces, path)

    def _packed(self, text: str) -> Any:
        """Return the rows of a piece as plain values; None where something is wrong in it."""
        problems: list[Diagnostic] = []
        node = source.tree(text, "", problems.append)
        if node is None or node.kind != "list" or node.column != 1:
            return None
        found: list[Any] = []
        for item in node.items:
            values = self.convert(item, problems.append)
            if problems:
                return None
            made = entry(values, item, "", self.markdown)
            starts = {name: (s.line, s.column, s.indented) for name, s in made.starts.items()}
            place = (item.line - 1, item.column)
            packed = _packed(values)
            apart = [name for name, value in packed.items() if not _is_plain(value)]
            found.append((packed, apart, *place, starts, self.digest(values)))
        return found

    def _unpacked(self, pieces: list[tuple[bytes, str, int]], path: str) -> Iterator[Entry]:
        for key, piece, first in pieces:
            make = partial(self._packed, piece)
            for values, apart, line, column, starts, digest in trees.memo.get(key, make):
                begun = {
                    name: Start(start[0] + first - 1, start[1], start[2])
                    for name, start in starts.items()
                }
                for name in apart:
                    values[name] = _unpacked(values[name], path, first - 1)
                yield Entry(values, Location(path, line + first, column), begun, digest)


def _is_plain(value: Any) -> bool:
    """Whether a packed value is what it was packed from."""
    if isinstance(value, (tuple, dict)):
        return all(map(_is_plain, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, list)


def _packed(value: Any) -> Any:
    if isinstance(value, Ref):
        place = value.location
        return [value.table, value.slug, place.line, place.column, value.cycles, value.checked]
    if isinstance(value, tuple):
        return tuple(_packed(item) for item in value)
    if isinstance(value, dict):
        return {key: _packed(item) for key, item in value.items()}
    return value


def _unpacked(value: Any, path: str, lines: int) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        table, slug, line, column, cycles, checked = value
        return Ref(table, slug, Location(path, line + lines, column), cycles, checked)
    if isinstance(value, tuple):
        return tuple([_unpacked(item, path, lines) for item in value])
    if isinstance(value, dict):
        return {key: _unpacked(item, path, lines) for key, item in value.items()}
    return value
