"""Cells: combinations of rows, and how to take some of their rows."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, islice, repeat
from math import prod
from operator import itemgetter
from typing import TypeVar, overload

from pageloom.model import Row

Cell = tuple[Row, ...]
T = TypeVar("T")
_AT_ONCE = 10_000


class Cells(Sequence[Cell]):
    """Combinations of rows of some axes, as the numbers of these rows in columns.

    A million take 6 MB that way and 90 MB as tuples, of which every process would have a copy.
    """

    __slots__ = ("_columns", "_count", "_rows", "_slugs")

    def __init__(
        self, rows: Mapping[str, Sequence[Row]], columns: Mapping[str, array[int]], count: int
    ) -> None:
        """`columns`: for each axis the number of a cell's row among those of the axis."""
        self._rows = rows
        self._slugs = {axis: [row.slug for row in rows[axis]] for axis in rows}
        self._columns = columns
        self._count = count

    @staticmethod
    def of(rows: Mapping[str, Sequence[Row]], cells: Iterable[Cell]) -> Cells:
        """Return cells over the rows of some axes, in the order in which they come."""
        numbers = {axis: {row: n for n, row in enumerate(rows[axis])} for axis in rows}
        columns = {axis: _column(rows[axis]) for axis in rows}
        left, count = iter(cells), 0
        while some := list(islice(left, _AT_ONCE)):
            count += len(some)
            for axis, part in zip(rows, zip(*some, strict=True), strict=True):
                columns[axis].extend(map(numbers[axis].__getitem__, part))
        return Cells(rows, columns, count)

    @staticmethod
    def product(rows: Mapping[str, Sequence[Row]]) -> Cells:
        """Return every combination of the rows of some axes, the last axis running fastest."""
        count = prod(map(len, rows.values()))
        columns: dict[str, array[int]] = {}
        runs = 1
        for axis in reversed(tuple(rows)):
            part = _column(rows[axis])
            for number in range(len(rows[axis])):
                part.extend(array(part.typecode, [number]) * runs)
            columns[axis] = part * (count // (len(part) or 1))
            runs *= len(rows[axis])
        return Cells(rows, {axis: columns[axis] for axis in rows}, count)

    def crossed(self, other: Cells, axes: Sequence[str]) -> Cells:
        """Return each of them with each of some cells over other axes, those of both in order."""
        count = len(other)
        columns = {axis: column * len(self) for axis, column in other._columns.items()}
        for axis, column in self._columns.items():
            each = chain.from_iterable(map(repeat, column, repeat(count)))
            columns[axis] = array(column.typecode, each)
        rows = {**self._rows, **other._rows}
        found = {axis: columns[axis] for axis in axes}
        return Cells({axis: rows[axis] for axis in axes}, found, len(self) * count)

    def __len__(self) -> int:
        """Return how many cells there are."""
        return self._count

    def __iter__(self) -> Iterator[Cell]:
        """Yield each cell."""
        return self.over(self._rows)

    @overload
    def __getitem__(self, place: int) -> Cell: ...
    @overload
    def __getitem__(self, place: slice) -> list[Cell]: ...
    def __getitem__(self, place: int | slice) -> Cell | list[Cell]:
        """Return a cell, or some of them."""
        if isinstance(place, slice):
            return self.at(range(self._count)[place])
        columns = self._columns
        return tuple([self._rows[axis][columns[axis][place]] for axis in columns])

    def at(self, numbers: Sequence[int]) -> list[Cell]:
        """Return some cells by their numbers."""
        return list(self.over(self._rows, numbers))

    def over(self, axes: Iterable[str], numbers: Sequence[int] | None = None) -> Iterator[Cell]:
        """Yield the rows of cells on some of their axes; of all cells, or by their numbers."""
        columns = [self.rows(axis, numbers) for axis in axes]
        if columns:
            return zip(*columns, strict=True)
        return iter([()] * (self._count if numbers is None else len(numbers)))

    def codes(self, axes: Iterable[str], numbers: Sequence[int] | None = None) -> list[int]:
        """Return numbers that are equal where cells have the same rows on some axes."""
        codes = [0] * (self._count if numbers is None else len(numbers))
        for axis in axes:
            size = len(self._rows[axis])
            pairs = zip(codes, self._at(axis, numbers), strict=True)
            codes = [code * size + row for code, row in pairs]
        return codes

    def rows(self, axis: str, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield the rows of cells on an axis."""
        return map(self._rows[axis].__getitem__, self._at(axis, numbers))

    def slugs(self, axis: str, numbers: Sequence[int] | None = None) -> Iterator[str]:
        """Yield the slugs of the rows of cells on an axis."""
        return map(self._slugs[axis].__getitem__, self._at(axis, numbers))

    def only(self, kept: Iterable[bool]) -> Cells:
        """Return those for which one of as many answers is true."""
        answers = bytes(kept)
        columns = {
            axis: array(column.typecode, compress(column, answers))
            for axis, column in self._columns.items()
        }
        return Cells(self._rows, columns, sum(answers))

    def in_order(self) -> Cells:
        """Return them in the order of the rows of the first axis, then of the others."""
        keys = list(zip(*self._columns.values(), strict=True))
        order = sorted(range(len(keys)), key=keys.__getitem__)
        columns = {
            axis: array(column.typecode, map(column.__getitem__, order))
            for axis, column in self._columns.items()
        }
        return Cells(self._rows, columns, self._count)

    def _at(self, axis: str, numbers: Sequence[int] | None) -> Iterable[int]:
        column = self._columns[axis]
        if numbers is None:
            return column
        if isinstance(numbers, range) and numbers.step == 1:
            return column[numbers.start : numbers.stop]
        return map(column.__getitem__, numbers)


def _column(rows: Sequence[Row]) -> array[int]:
    return array("H" if len(rows) <= 1 << 16 else "I")


def at(column: Sequence[T], numbers: Sequence[int]) -> Sequence[T]:
    """Return what a column of a family holds for some cells; of neighbours a slice."""
    if isinstance(numbers, range):
        return column[numbers.start : numbers.stop]
    return [column[number] for number in numbers]


def picker(axes: tuple[str, ...], wanted: tuple[str, ...]) -> Callable[[Cell], Cell]:
    """Return a function that takes a cell over `axes` to its rows on `wanted`."""
    places = tuple(axes.index(axis) for axis in wanted)
    if places == tuple(range(len(axes))):
        return _whole
    if not places:
        return _nothing
    if len(places) == 1:
        (place,) = places
        return lambda cell: (cell[place],)
    return itemgetter(*places)


def _whole(cell: Cell) -> Cell:
    return cell


def _nothing(_: Cell) -> Cell:
    return ()
