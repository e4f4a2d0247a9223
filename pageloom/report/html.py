"""The report as one page: styles, script and data inside, no request to anywhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pageloom.report.data import CellLine, Data, HeatMap, Histogram
from pageloom.report.due import DueGroup

_HERE = Path(__file__).parent
MAX_ROWS = MAX_COLUMNS = 60
MAX_CELLS = 5000
MAX_SOURCES = 10
VERDICT_OF = {"p": "published", "n": "noindex", "f": "folded", "h": "held", "x": "excluded"}
STEPS = 4
"""Shades for how many of a square's cells are published."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square of the heat map: what it shows over all layers."""

    text: str
    shade: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram, in the units of its drawing."""

    x: int
    y: float
    height: float
    title: str


def page(data: Data) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value: f"{value * 100:.0f} %"
    environment.filters["number"] = lambda value: f"{value:,.0f}"
    rows, columns = _shown(data.heat) if data.heat is not None else ([], [])
    context = {
        "data": data,
        "rows": rows,
        "columns": columns,
        "squares": _squares(data.heat, rows, columns) if data.heat is not None else [],
        "totals": _totals(data),
        "bars": [_bars(histogram) for histogram in data.histograms],
        "due_total": sum(len(group.items) for group in data.due),
        "due_groups": data.due if data.review else _most_shown(data.due),
        "css": _inlined("page.css"),
        "script": _inlined("page.js"),
        "script_data": _script_data(data, rows, columns),
        "max_cells": MAX_CELLS,
    }
    return environment.get_template("page.html").render(context)


def _most_shown(groups: Sequence[DueGroup]) -> list[DueGroup]:
    return sorted(groups, key=lambda group: -group.pages)[:MAX_SOURCES]


def _inlined(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704  (our own file)


def _totals(data: Data) -> list[tuple[str, int]]:
    total: Counter[str] = Counter()
    for family in data.families:
        total.update(family.verdicts)
    return [(name, total[name]) for name in ("published", "noindex", "folded", "held")]


def _shown(heat: HeatMap) -> tuple[list[int], list[int]]:
    """Return the rows and columns that are drawn: those with the most cells, in their order."""
    down = Counter[int]()
    across = Counter[int]()
    for row, line in enumerate(heat.grid):
        for column, letters in enumerate(line):
            count = sum(letter in "pnfh" for letter in letters)
            down[row] += count
            across[column] += count
    return _most(down, MAX_ROWS), _most(across, MAX_COLUMNS)


def _most(counts: Counter[int], most: int) -> list[int]:
    return sorted(place for place, _ in counts.most_common(most))


def _squares(heat: HeatMap, rows: Sequence[int], columns: Sequence[int]) -> list[list[Square]]:
    return [[_square(heat, row, column) for column in columns] for row in rows]


def _square(heat: HeatMap, row: int, column: int) -> Square:
    counts = Counter(heat.grid[row][column])
    name = f"{heat.rows[row].name} × {heat.columns[column].name}"
    said = ", ".join(f"{counts[key]} {word}" for key, word in VERDICT_OF.items() if counts[key])
    total = sum(counts[letter] for letter in "pnfh")
    if not total:
        shade = "x" if counts["x"] else "none"
        return Square("×" if counts["x"] else "", shade, f"{name}: {said or 'no cell'}")
    if counts["p"]:
        shade = f"p{max(1, -(-counts['p'] * STEPS // total))}"
    else:
        shade = max("nfh", key=lambda letter: counts[letter])
    return Square(f"{counts['p']}/{total}", shade, f"{name}: {said}")


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _bars(histogram: Histogram) -> list[Bar]:
    top = max(histogram.counts, default=0) or 1
    size = len(histogram.counts)
    return [
        Bar(
            x=place * 20,
            y=round(100 - count / top * 100, 1),
            height=round(count / top * 100, 1),
            title=f"{place / size:.2f} to {(place + 1) / size:.2f}: {_cells(count)}",
        )
        for place, count in enumerate(histogram.counts)
    ]


def _script_data(data: Data, rows: Sequence[int], columns: Sequence[int]) -> Markup:
    """Return what the script shows on demand, as JSON that cannot end its element."""
    heat = data.heat
    value: dict[str, Any] = {"cells": [], "reasons": []}
    if heat is not None:
        kept = _kept(data.cells, rows, columns)
        reasons = {text: at for at, text in enumerate(_reasons(kept))}
        value = {
            "rows": [heat.rows[row].name for row in rows],
            "columns": [heat.columns[column].name for column in columns],
            "layers": [layer.name for layer in heat.layers],
            "grid": [[heat.grid[row][column] for column in columns] for row in rows],
            "cells": [_packed(line, rows, columns, reasons) for line in kept],
            "reasons": list(reasons),
            "left": len(data.cells) - len(kept),
        }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  (escaped above)


def _kept(cells: Sequence[CellLine], rows: Sequence[int], columns: Sequence[int]) -> list[CellLine]:
    down, across = frozenset(rows), frozenset(columns)
    shown = (line for line in cells if line.place[0] in down and line.place[1] in across)
    return [line for line, _ in zip(shown, range(MAX_CELLS), strict=False)]


def _reasons(cells: Sequence[CellLine]) -> dict[str, None]:
    return dict.fromkeys(reason for line in cells for reason in line.because)


def _packed(
    line: CellLine, rows: Sequence[int], columns: Sequence[int], reasons: dict[str, int]
) -> list[Any]:
    row, column, layer = line.place
    place = [rows.index(row), columns.index(column), layer]
    measures = [line.words, line.share, line.facts, line.likeness, line.demand]
    because = [reasons[reason] for reason in line.because]
    return [*place, line.verdict[0], line.route, *measures, line.narrow, line.wide, because]
