"""Pages link to those that come after them in a ring of pages that differ in one axis."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pageloom import rings
from pageloom.cells import Cells
from pageloom.diagnostics import Location
from pageloom.model import Related, Row

SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=3)


def grid(sizes: list[int]) -> Cells:
    rows = {
        f"a{place}": tuple(Row("a", f"{n}", {}, Location("rows.yaml")) for n in range(size))
        for place, size in enumerate(sizes)
    }
    return Cells.product(rows)


@given(SIZES, st.integers(1, 4), st.integers(2, 16), st.data())
def test_the_next_pages_of_a_ring_are_those_after_a_page(
    sizes: list[int], count: int, many: int, data: st.DataObject
):
    cells = grid(sizes)
    axes = tuple(f"a{place}" for place in range(len(sizes)))
    vary = data.draw(st.sampled_from(axes))
    family: Any = SimpleNamespace(axes=axes, related=(Related(vary, count),))
    every = range(len(cells))
    some = sorted(data.draw(st.sets(st.sampled_from(every))))
    for numbers in (every, some):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rings, "MANY", many)
            found = rings.rings(family, cells, numbers)
            columns = rings.after(found, family, len(cells))
        place = axes.index(vary)
        for number in every:
            cell = cells[number]
            ring = [
                other
                for other in numbers
                if all(
                    a is b or p == place
                    for p, (a, b) in enumerate(zip(cells[other], cell, strict=True))
                )
            ]
            if number in ring:
                at = ring.index(number)
                after = (ring[at + 1 :] + ring[:at])[:count]
                told = [column[number] for _, column in columns]
                assert told == after + [-1] * (count - len(after))
            else:
                assert all(column[number] == -1 for _, column in columns)
