"""Pages beside a page: those that share all its rows but one, in a ring."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from pageloom.cells import Cell, Cells, picker
from pageloom.model import Family

Ring = tuple[Mapping[Cell, list[int]], Callable[[Cell], Cell], int]
"""Published siblings by the rows they share, how to get those of a cell, how many to link to."""


def rings(family: Family, cells: Cells, numbers: Sequence[int]) -> tuple[Ring, ...]:
    """Return, for each rule of `related`, the siblings among some cells by the rows they share."""
    made: list[Ring] = []
    for related in family.related:
        shared = tuple(axis for axis in family.axes if axis != related.vary)
        ring: defaultdict[Cell, list[int]] = defaultdict(list)
        for key, number in zip(cells.over(shared, numbers), numbers, strict=True):
            ring[key].append(number)
        made.append((ring, picker(family.axes, shared), related.count))
    return tuple(made)


def after(found: Sequence[Ring], family: Family, cells: int) -> Sequence[tuple[str, array[int]]]:
    """Return for each place among siblings the axis in which these differ, and the numbers.

    The numbers are those of the siblings of each cell of so many, -1 where it has none there.
    """
    pairs = zip(family.related, found, strict=True)
    return [(rule.vary, column) for rule, ring in pairs for column in _after(ring, cells)]


def _after(ring: Ring, cells: int) -> list[array[int]]:
    groups, _, count = ring
    columns = [array("i", [-1]) * cells for _ in range(count)]
    for group in groups.values():
        for step, column in enumerate(columns[: len(group) - 1], start=1):
            for number, other in zip(group, (*group[step:], *group[:step]), strict=True):
                column[number] = other
    return columns
