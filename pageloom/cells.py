"""Cells: combinations of rows, and how to take some of their rows."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

from pageloom.model import Row

Cell = tuple[Row, ...]


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
