"""Pages beside a page: those that share all its rows but one, in a ring."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain

from pageloom.cells import Cells
from pageloom.model import Family

MANY = 16
"""Numbers from which it pays to write to the places of all of them at once."""
Ring = tuple[Mapping[int, list[int]], Sequence[str], int]
"""Published siblings by the code of their rows on the axes they share, and how many to link to."""


def rings(family: Family, cells: Cells, numbers: Sequence[int]) -> tuple[Ring, ...]:
    """Return, for each rule of `related`, the siblings among some cells by the rows they share."""
    made: list[Ring] = []
    for related in family.related:
        shared = tuple(axis for axis in family.axes if axis != related.vary)
        ring: defaultdict[int, list[int]] = defaultdict(list)
        for code, number in zip(cells.codes(shared, numbers), numbers, strict=True):
            ring[code].append(number)
        made.append((ring, shared, related.count))
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
    following = _evenly(list(chain.from_iterable(groups.values())))
    for step, column in enumerate(columns, start=1):
        turned = (
            group[step:] + group[:step] if step < len(group) else [-1] * len(group)
            for group in groups.values()
        )
        if following is not None:  # each group stands after the one before it
            column[following] = array("i", chain.from_iterable(turned))
            continue
        for group, others in zip(groups.values(), turned, strict=True):
            places = _evenly(group)
            if places is not None:
                column[places] = array("i", others)
                continue
            for number, other in zip(group, others, strict=True):
                column[number] = other
    return columns


def _evenly(numbers: list[int]) -> slice | None:
    """Return the slice that numbers are, where they are many and evenly spaced."""
    if len(numbers) < MANY or (step := numbers[1] - numbers[0]) < 1:
        return None
    places = range(numbers[0], numbers[-1] + 1, step)
    return slice(places.start, places.stop, step) if numbers == list(places) else None
