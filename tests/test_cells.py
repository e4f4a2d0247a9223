"""Cells in columns of numbers are the combinations of rows that they stand for."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from pageloom.cells import Cells
from pageloom.diagnostics import Location
from pageloom.model import Row

NOWHERE = Location("matrix/rows.yaml")


def axis(name: str, count: int) -> tuple[Row, ...]:
    return tuple(Row(name, f"{name}{number:05}", {}, NOWHERE) for number in range(count))


Axes = dict[str, tuple[Row, ...]]
AXES = st.dictionaries(st.sampled_from("abc"), st.integers(1, 4), max_size=3).map(
    lambda sizes: {name: axis(name, size) for name, size in sizes.items()}
)


@given(AXES, st.data())
def test_cells_are_the_tuples_they_were_made_of(rows: Axes, data: st.DataObject):
    every = list(product(*rows.values()))
    taken = data.draw(st.lists(st.sampled_from(every), max_size=12))
    cells = Cells.of(rows, taken)
    assert list(cells) == taken
    assert len(cells) == len(taken)
    assert [cells[number] for number in range(len(taken))] == taken
    part = data.draw(st.slices(len(taken)))
    assert cells[part] == taken[part]
    numbers = data.draw(st.lists(st.sampled_from(range(len(taken))))) if taken else []
    assert cells.at(numbers) == [taken[number] for number in numbers]
    some = data.draw(st.permutations(list(rows)))[: data.draw(st.integers(0, len(rows)))]
    places = [list(rows).index(name) for name in some]
    assert list(cells.over(some, numbers)) == [
        tuple(taken[number][place] for place in places) for number in numbers
    ]
    assert list(cells.over(some)) == [tuple(cell[place] for place in places) for cell in taken]
    for place, name in zip(places, some, strict=True):
        assert list(cells.rows(name)) == [cell[place] for cell in taken]
        assert list(cells.slugs(name, numbers)) == [taken[n][place].slug for n in numbers]
    kept = data.draw(st.lists(st.booleans(), min_size=len(taken), max_size=len(taken)))
    wanted = [cell for cell, keeps in zip(taken, kept, strict=True) if keeps]
    assert list(cells.only(kept)) == wanted
    by_slug = sorted(taken, key=lambda cell: [row.slug for row in cell])
    assert list(cells.in_order()) == by_slug


@given(AXES)
def test_a_product_has_every_combination_in_order(rows: Axes):
    assert list(Cells.product(rows)) == list(product(*rows.values()))
    assert list(Cells.product({**rows, "none": ()})) == []


@given(AXES, AXES, st.data())
def test_crossed_cells_have_the_rows_of_both(one: Axes, other: Axes, data: st.DataObject):
    two = {name.upper(): found for name, found in other.items()}
    names = data.draw(st.permutations([*one, *two]))
    both = [
        dict(zip((*one, *two), (*first, *second), strict=True))
        for first in product(*one.values())
        for second in product(*two.values())
    ]
    crossed = Cells.product(one).crossed(Cells.product(two), names)
    assert list(crossed) == [tuple(cell[name] for name in names) for cell in both]


def test_an_axis_may_have_more_rows_than_two_bytes_count():
    rows = {"a": axis("a", 70_000)}
    assert Cells.product(rows)[69_999] == (rows["a"][-1],)
    assert list(Cells.of(rows, [(rows["a"][66_000],)])) == [(rows["a"][66_000],)]


@given(AXES, st.data())
def test_cells_with_the_same_rows_have_the_same_code(rows: Axes, data: st.DataObject):
    cells = Cells.product(rows)
    axes = data.draw(st.permutations(list(rows)))[: data.draw(st.integers(0, len(rows)))]
    shared = list(cells.over(axes))
    codes = cells.codes(axes)
    assert len(set(zip(codes, shared, strict=True))) == len(set(codes)) == len(set(shared))
    assert cells.codes(axes, range(len(cells))) == codes
