"""What people search for, put to the cells that answer it; a query never makes a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pageloom import source
from pageloom.cells import Cell, picker
from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted
from pageloom.load import csv_table
from pageloom.model import Project, Row
from pageloom.names import NAMES
from pageloom.plan import FamilyPlan
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
FILE = "matrix/demand.csv"
SYNONYMS = "search_synonyms"
COLUMNS = ("query", "volume")
LEAST_AXES = 2
_WORD = re.compile(r"\w+")
_POSSESSIVE = re.compile(r"['’]s\b")


@dataclass(frozen=True, slots=True)
class Query:
    """What people search for, and how often."""

    text: str
    volume: int
    line: int


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A query that leads to no cell, and why."""

    text: str
    volume: int
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Demand:
    """Volumes by cell of a family, and the queries that lead to none."""

    volumes: Mapping[int, float]
    unmatched: tuple[Unmatched, ...] = ()
    queries: int = 0
    volume: int = 0


def read(root: Path, report: Report) -> tuple[Query, ...]:
    """Return the queries of `matrix/demand.csv`; a project need not have one."""
    if not source.is_file(root, FILE):
        return ()
    table = csv_table.read(root, FILE, report)
    return tuple(_queries(table, report)) if table is not None else ()


def _queries(table: Node, report: Report) -> Iterator[Query]:
    for row in table.items:
        for key, _ in row.pairs:
            if key.text not in COLUMNS:
                message = f"unknown column {quoted(key.text)}"
                _fault(104, 1, key.column, message, ", ".join(COLUMNS), report, key.text)
                return
        text, volume = row.get("query"), row.get("volume")
        if text is None or not text.text or volume is None or not volume.text:
            message = "a query or its volume is missing"
            _fault(106, row.line, row.column, message, "query,volume", report)
        elif not (volume.text.isascii() and volume.text.isdigit()):
            message = f"{quoted(volume.text)} is no volume"
            _fault(105, volume.line, volume.column, message, "a whole number", report)
        else:
            yield Query(text.text, int(volume.text), row.line)


def _fault(
    number: int,
    line: int,
    column: int,
    message: str,
    expected: str,
    report: Report,
    near: str = "",
) -> None:
    report(
        Diagnostic(
            code=f"M{number}",
            location=Location(FILE, line, column),
            message=message,
            expected=expected,
            help=closest_help(near, COLUMNS) if near else "",
        )
    )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, without case, marks and possessives."""
    return tuple(_WORD.findall(_POSSESSIVE.sub("", text.casefold())))


class Names:
    """Rows by the words that people use for them."""

    def __init__(self, project: Project, axes: Sequence[str]) -> None:
        self._axes = tuple(axes)
        self._rows: dict[str, dict[tuple[str, ...], list[Row]]] = {}
        self._longest = 1
        for axis in axes:
            index = self._rows[axis] = {}
            for row in project.axes[axis]:
                for phrase in dict.fromkeys(map(words_of, _phrases(row))):
                    if phrase:
                        index.setdefault(phrase, []).append(row)
                        self._longest = max(self._longest, len(phrase))

    def named(self, text: str) -> dict[str, tuple[Row, ...]]:
        """Return the rows that a query names, by axis; the longest phrase counts."""
        words = words_of(text)
        found = {axis: tuple(self._on_axis(words, self._rows[axis])) for axis in self._axes}
        return {axis: rows for axis, rows in found.items() if rows}

    def _on_axis(
        self, words: tuple[str, ...], index: Mapping[tuple[str, ...], list[Row]]
    ) -> Iterable[Row]:
        taken: set[int] = set()
        rows: dict[Row, None] = {}
        for length in range(min(self._longest, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                span = range(start, start + length)
                if taken.isdisjoint(span) and words[start : start + length] in index:
                    taken.update(span)
                    rows.update(dict.fromkeys(index[words[start : start + length]]))
        return rows


def _phrases(row: Row) -> Iterator[str]:
    for name in NAMES:
        yield str(row.values.get(name, ""))
    for name in ("aliases", SYNONYMS):
        values = row.values.get(name, ())
        for value in values if isinstance(values, tuple) else (values,):
            yield str(value)
    yield row.slug.replace("-", " ")


def demand(project: Project, plan: FamilyPlan, queries: Sequence[Query]) -> Demand:
    """Put each query's volume to the cells that agree with every row it names, in equal parts."""
    if not queries:
        return Demand({})
    names = Names(project, plan.family.axes)
    least = min(LEAST_AXES, len(plan.family.axes))
    volumes: dict[int, float] = {}
    unmatched: list[Unmatched] = []
    groups: dict[tuple[str, ...], dict[Cell, list[int]]] = {}
    for query in queries:
        named = names.named(query.text)
        cells = _cells(plan, named, groups) if len(named) >= least else []
        for number in cells:
            volumes[number] = volumes.get(number, 0.0) + query.volume / len(cells)
        if not cells:
            reason = _reason(named, least)
            unmatched.append(Unmatched(query.text, query.volume, query.line, reason))
    total = sum(query.volume for query in queries)
    return Demand(volumes, tuple(unmatched), len(queries), total)


def _cells(
    plan: FamilyPlan,
    named: Mapping[str, tuple[Row, ...]],
    groups: dict[tuple[str, ...], dict[Cell, list[int]]],
) -> list[int]:
    axes = tuple(named)
    if axes not in groups:
        pick = picker(plan.family.axes, axes)
        group = groups[axes] = {}
        for number, cell in enumerate(plan.cells):
            group.setdefault(pick(cell), []).append(number)
    combinations: list[Cell] = [()]
    for rows in named.values():
        combinations = [(*cell, row) for cell in combinations for row in rows]
    return sorted({number for cell in combinations for number in groups[axes].get(cell, ())})


def _reason(named: Mapping[str, tuple[Row, ...]], least: int) -> str:
    if not named:
        return "it names no row"
    shown = " × ".join(
        f"{axis} {'/'.join(row.slug for row in rows)}" for axis, rows in named.items()
    )
    return f"no cell for {shown}" if len(named) >= least else f"it names only {shown}"
