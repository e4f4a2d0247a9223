"""Cells: combinations of rows, and how to take some of their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeVar

from pageloom.model import Row

Cell = tuple[Row, ...]
T = TypeVar("T")


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
