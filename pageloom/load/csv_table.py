"""CSV tables as the same trees that YAML files give."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from pageloom import source
from pageloom.diagnostics import Diagnostic, quoted
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]


def read(root: Path, path: str, report: Report) -> Node | None:
    """Return a CSV table as a list of maps; `;` and `|` inside a cell make no list."""
    text = source.read_text(root, path, report)
    return None if text is None else parse(text, path, report)


def parse(text: str, path: str, report: Report) -> Node | None:
    """Return a CSV text with a line of names first as a list of maps."""
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows: list[Node] = []
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, path, report)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_csv_row(header, cells, line, path, report))
            line = reader.line_num + 1
    except csv.Error as error:
        report(
            source.problem(
                path, 101, line, 1, f"not CSV: {error}"[:100], expected="cells as in the head"
            )
        )
        return None
    return Node("list", 1, 1, items=tuple(rows))


def _check_header(header: list[str], path: str, report: Report) -> None:
    for place, name in enumerate(header):
        if name and name in header[:place]:
            message = f"column {quoted(name)} appears twice"
            report(source.problem(path, 102, 1, place + 1, message, expected="each name once"))


def _csv_row(header: list[str], cells: list[str], line: int, path: str, report: Report) -> Node:
    if len(cells) > len(header):
        message = f"{len(cells)} cells in a table of {len(header)} columns"
        help_ = "put a cell that holds the separator in double quotes"
        report(source.problem(path, 105, line, 1, message, expected="a cell a column", help_=help_))
    pairs = tuple(
        (Node("text", 1, index + 1, text=name), _csv_cell(cell, line, index + 1))
        for index, (name, cell) in enumerate(zip(header, cells, strict=False))
        if name and name not in header[:index]
    )
    return Node("map", line, 1, pairs=pairs)


def _csv_cell(cell: str, line: int, column: int) -> Node:
    text = cell.strip()
    return Node("text" if text else "null", line, column, text=text)
