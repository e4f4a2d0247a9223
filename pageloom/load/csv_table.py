"""CSV tables, as spreadsheets save them, as the same trees that YAML files give.

Every cell keeps its place. What a spreadsheet does to values is undone where it is certain (the
byte order mark, `;` and tabs between cells, `TRUE`), and left for the schema to judge otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pageloom import source
from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, problem, quoted
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
Types = Mapping[str, str]
"""Declared types of fields: `array`, `boolean`, `object`; what is not named is text."""
_NO_TYPES: Types = {}
SEPARATOR = "|"
"""What stands between the entries of a list in a cell."""
DELIMITERS = (",", ";", "\t")
_ERRORS = ("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#ERROR!")
_SAID = re.compile(r"sep=(.)\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with its place in the file."""

    text: str
    line: int
    column: int
    start: int = 0
    end: int = 0
    """Where it stands in the text, its quotes and spaces included."""


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of a row, and where it stands in the text."""

    cells: tuple[Cell, ...]
    start: int
    end: int


@dataclass(slots=True)
class Sheet:
    """A CSV text taken apart: the names of its columns and its rows."""

    delimiter: str
    header: tuple[Cell, ...] = ()
    head: Line | None = None
    """The row of names."""
    lines: list[Line] = field(default_factory=list)


class _CsvError(Exception):
    """The text is no CSV from here on."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def read(root: Path, path: str, report: Report, types: Types = _NO_TYPES) -> Node | None:
    """Return a CSV table as a list of maps."""
    text = source.read_text(root, path, report)
    return None if text is None else parse(text, path, report, types)


def parse(text: str, path: str, report: Report, types: Types = _NO_TYPES) -> Node | None:
    """Return a CSV text with a line of names first as a list of maps."""
    found = sheet(text, path, report)
    if found is None:
        return None
    _check_header(found.header, path, report)
    reader = _Reader(found.header, path, report, types)
    rows = tuple(reader.row(line) for line in found.lines)
    return Node("list", 1, 1, items=rows)


def sheet(text: str, path: str, report: Report) -> Sheet | None:
    """Return a CSV text taken apart, None after a problem was reported; blank rows are left out."""
    said = _SAID.match(text)
    offset = said.end() if said else 0
    delimiter = said[1] if said else _delimiter(text.split("\n", 1)[0])
    found = Sheet(delimiter)
    try:
        for line in _lines(text, offset, delimiter):
            if not any(cell.text.strip() for cell in line.cells):
                continue
            if not found.header:
                found.header, found.head = line.cells, line
            else:
                found.lines.append(line)
    except _CsvError as error:
        expected = "cells in double quotes, and quotes inside them twice"
        message = f"not CSV: {error}"
        report(problem(path, 101, error.line, error.column, message, expected=expected))
        return None
    return found


def _delimiter(head: str) -> str:
    return max(DELIMITERS, key=head.count)


def _lines(text: str, offset: int, delimiter: str) -> Iterator[Line]:
    """Yield the rows of a text (https://www.rfc-editor.org/rfc/rfc4180)."""
    stop = re.escape(delimiter)
    quoted_cell = re.compile(rf'[ ]*"((?:[^"]|"")*)"[ ]*(?={stop}|\n|\Z)')
    plain_cell = re.compile(rf"[^{stop}\n]*")
    line = text.count("\n", 0, offset) + 1
    begun = line_start = place = offset
    cells: list[Cell] = []
    while place < len(text):
        column = place - line_start + 1
        match = quoted_cell.match(text, place)
        if match:
            whole = match[1].replace('""', '"')
            cells.append(Cell(whole, line, column, place, match.end()))
            inside = text.count("\n", place, match.end())
            line += inside
            if inside:
                line_start = text.rfind("\n", 0, match.end()) + 1
        else:
            match = plain_cell.match(text, place)
            assert match is not None  # noqa: S101  (it matches nothing, too)
            if match.group().lstrip().startswith('"'):
                raise _CsvError("a quote that does not close before the cell ends", line, column)
            cells.append(Cell(match.group(), line, column, place, match.end()))
        place = match.end()
        if text[place : place + 1] == delimiter:
            place += 1
            if place < len(text):
                continue
            cells.append(Cell("", line, place - line_start + 1, place, place))
        place = min(place + 1, len(text))
        yield Line(tuple(cells), begun, place)
        cells, begun, line_start, line = [], place, place, line + 1


def _check_header(header: tuple[Cell, ...], path: str, report: Report) -> None:
    seen: set[str] = set()
    for cell in header:
        name = cell.text.strip()
        if name and name in seen:
            message = f"column {quoted(name)} appears twice"
            expected = "each name once"
            report(problem(path, 102, cell.line, cell.column, message, expected=expected))
        seen.add(name)


class _Reader:
    """Turns the cells of one row after the other into a map."""

    def __init__(self, header: tuple[Cell, ...], path: str, report: Report, types: Types) -> None:
        self._names = [(cell, cell.text.strip()) for cell in header]
        self._path = path
        self._report = report
        self._types = types

    def row(self, line: Line) -> Node:
        """Return a row; a column `a.b` is the key `b` of the map `a`."""
        first = line.cells[0]
        beyond = [cell for cell in line.cells[len(self._names) :] if cell.text.strip()]
        if beyond:
            message = f"{len(line.cells)} cells in a table of {counted(len(self._names), 'column')}"
            help_ = "put a cell that holds the separator in double quotes"
            self._problem(beyond[0], message, "a cell a column", help_)
        pairs: dict[str, tuple[Node, Node]] = {}
        nested: dict[str, list[tuple[Node, Node]]] = {}
        for (head, name), cell in zip(self._names, line.cells, strict=False):
            outer, dot, inner = name.partition(".")
            if dot and self._types.get(outer) == "object":
                if cell.text.strip():
                    key = Node("text", head.line, head.column, text=inner)
                    nested.setdefault(outer, []).append((key, self._value(name, cell)))
            elif name and name not in pairs:
                key = Node("text", head.line, head.column, text=name)
                pairs[name] = (key, self._value(name, cell))
        for outer, inside in nested.items():
            place = inside[0][1]
            key = Node("text", place.line, place.column, text=outer)
            pairs[outer] = (key, Node("map", place.line, place.column, pairs=tuple(inside)))
        return Node("map", first.line, first.column, pairs=tuple(pairs.values()))

    def _value(self, name: str, cell: Cell) -> Node:
        text = cell.text.strip()
        if text in _ERRORS:
            message = f"{quoted(name)} is {quoted(text)}, an error of the spreadsheet"
            self._problem(cell, message, "a value")
        type_ = self._types.get(name, "string")
        if type_ == "array" and text:
            return Node("list", cell.line, cell.column, items=tuple(_entries(cell)))
        if type_ == "boolean" and text in {"TRUE", "FALSE"}:
            text = text.lower()
        return Node("text" if text else "null", cell.line, cell.column, text=text)

    def _problem(self, cell: Cell, message: str, expected: str, help_: str = "") -> None:
        self._report(
            problem(
                self._path, 105, cell.line, cell.column, message, expected=expected, help_=help_
            )
        )


def _entries(cell: Cell) -> Iterator[Node]:
    """Yield the entries of a list in a cell."""
    place = cell.column
    for part in cell.text.split(SEPARATOR):
        if part.strip():
            before = len(part) - len(part.lstrip())
            yield Node("text", cell.line, place + before, text=part.strip())
        place += len(part) + 1
