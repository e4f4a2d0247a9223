"""A CSV table as text that is changed cell by cell; every other byte stays.

What separates cells, ends lines and stands around cells is taken from the table itself. What is
made is read again and compared with what was wanted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pageloom.diagnostics import quoted
from pageloom.editing.yaml_rows import CannotEditError, plain
from pageloom.load import csv_table
from pageloom.load.csv_table import SEPARATOR, Types
from pageloom.trees import Node

_BREAK = re.compile("\r\n")


@dataclass(slots=True)
class _Line:
    """A row as it is written: what stands before it, its cells, and how its line ends."""

    before: str
    cells: list[str]
    end: str

    def text(self, delimiter: str) -> str:
        """Return the row with all that belongs to it."""
        return self.before + delimiter.join(self.cells) + self.end


@dataclass(slots=True)
class _Taken:
    """A text taken apart."""

    delimiter: str
    head: _Line
    lines: list[_Line] = field(default_factory=list)
    tail: str = ""


class SheetText:
    """The text of a CSV table; rows are counted from 0, blank ones are not counted."""

    def __init__(self, text: str, names: Sequence[str], types: Types) -> None:
        """`text` is as in the file; `names` are the fields that tell rows apart."""
        self._types = types
        self._taken = _taken(text)
        self.rows = _read(text, types)
        """The values of the rows, without their places."""
        self.keys = [tuple(str(row.get(name) or "") for name in names) for row in self.rows]

    @property
    def text(self) -> str:
        """The table as it is now."""
        taken = self._taken
        lines = (line.text(taken.delimiter) for line in (taken.head, *taken.lines))
        return "".join(lines) + taken.tail

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [_shown(cell) for cell in self._taken.head.cells]

    def insert(self, place: int, key: tuple[str, ...], values: Mapping[str, Node]) -> None:
        """Put a row before row number `place`."""
        taken = self._taken
        cells = dict(cell for item in values.items() for cell in _cells(*item))
        for name in cells:
            self._column(name)
        written = [self._written(name, cells.get(name, "")) for name in self.names]
        newline = taken.head.end or "\n"
        line = _Line("", written, newline)
        if place < len(taken.lines):
            following = taken.lines[place]
            line.before, following.before = following.before, ""
        else:
            last = taken.lines[-1] if taken.lines else taken.head
            last.end = last.end or newline
        taken.lines.insert(place, line)
        self.keys.insert(place, key)
        self.rows.insert(place, {name: plain(value) for name, value in values.items()})
        self._check(place)

    def change(self, place: int, name: str, value: Node) -> None:
        """Give a field of a row another value; of a map, its keys that have a value."""
        line = self._taken.lines[place]
        for column, text in _cells(name, value):
            at = self._column(column)
            while len(line.cells) <= at:
                line.cells.append("")
            written = self._written(column, text, like=line.cells[at])
            line.cells[at] = written
        self.rows[place][name] = plain(value)
        self._check(place)

    def _column(self, name: str) -> int:
        """Return the place of a column, which is added where there is none.

        Every row has as many cells as the first then
        (https://www.rfc-editor.org/rfc/rfc4180#section-2).
        """
        names = self.names
        if name not in names:
            width = len(names)
            self._taken.head.cells.append(self._quoted(name, like=self._taken.head.cells[0]))
            for line in self._taken.lines:
                if len(line.cells) == width:
                    line.cells.append("")
            names.append(name)
        return names.index(name)

    def _written(self, name: str, text: str, like: str | None = None) -> str:
        """Return a value as a cell, in the form of the cell it replaces or of its column."""
        at = self.names.index(name)
        column = [line.cells[at] for line in self._taken.lines if at < len(line.cells)]
        if self._types.get(name) == "boolean" and any(_shown(c).isupper() for c in column):
            text = text.upper()
        if like is not None and like.strip():
            return self._quoted(text, like=like)
        among = [cell for cell in column if bool(_shown(cell)) == bool(text)]
        among = among or column or [self._taken.head.cells[at]]
        every = all(cell.lstrip().startswith('"') for cell in among)
        return self._quoted(text, like='"' if every else "")

    def _quoted(self, text: str, like: str) -> str:
        """Return a text as a cell: in quotes where another cell is, or where it must be."""
        special = (self._taken.delimiter, '"', "\n", "\r")
        needs = any(sign in text for sign in special) or text != text.strip()
        if needs or like.lstrip().startswith('"'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _check(self, place: int) -> None:
        """Read a row again; what is not as wanted is refused."""
        taken = self._taken
        names, cells = (
            taken.delimiter.join(line.cells) for line in (taken.head, taken.lines[place])
        )
        found = _read(f"{taken.head.before}{names}\n{cells}\n", self._types)
        wanted = {name: value for name, value in self.rows[place].items() if value is not None}
        if [{k: v for k, v in row.items() if v is not None} for row in found] != [wanted]:
            raise CannotEditError("a value cannot be written in a cell")


def _cells(name: str, value: Node) -> Iterator[tuple[str, str]]:
    """Yield the columns of a field and what is written in them."""
    if value.kind == "map":
        for key, below in value.pairs:
            yield from _cells(f"{name}.{key.text}", below)
    elif value.kind == "list":
        if any(item.kind != "text" for item in value.items):
            raise CannotEditError(f"{quoted(name)} is a list of maps, which no cell holds")
        yield name, SEPARATOR.join(item.text for item in value.items)
    elif value.kind == "text":
        yield name, value.text


def _taken(text: str) -> _Taken:
    """Return a text in pieces that make it again. Raises `CannotEditError`."""
    normal, raw_at = _normal(text)
    sheet = csv_table.sheet(normal, "", lambda _: None)
    if sheet is None or sheet.head is None:
        raise CannotEditError("the file is no CSV with a line of names")
    place = 0
    made: list[_Line] = []
    for line in (sheet.head, *sheet.lines):
        cells = [text[raw_at(cell.start) : raw_at(cell.end)] for cell in line.cells]
        end = text[raw_at(line.cells[-1].end) : raw_at(line.end)]
        made.append(_Line(text[place : raw_at(line.start)], cells, end))
        place = raw_at(line.end)
    return _Taken(sheet.delimiter, made[0], made[1:], text[place:])


def _normal(text: str) -> tuple[str, Any]:
    """Return a text as it is read, and what takes a place in it to its place in the file."""
    mark = len(text) - len(text.removeprefix("\ufeff"))
    body = text[mark:]
    breaks = [found.start() - number for number, found in enumerate(_BREAK.finditer(body))]
    normal = body.replace("\r\n", "\n").replace("\r", "\n")
    return normal, lambda place: mark + place + bisect_left(breaks, place)


def _read(text: str, types: Types) -> list[dict[str, Any]]:
    found = csv_table.parse(_normal(text)[0], "", lambda _: None, types)
    return [dict(plain(row)) for row in (found.items if found is not None else ())]


def _shown(cell: str) -> str:
    """Return what a written cell says."""
    cell = cell.strip()
    return cell[1:-1].replace('""', '"').strip() if cell[:1] == '"' else cell
