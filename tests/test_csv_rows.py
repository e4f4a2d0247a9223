"""Rows put into CSV tables: at their place, every other byte as it was."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pageloom.editing.csv_rows import SheetText
from pageloom.editing.yaml_rows import CannotEditError
from pageloom.trees import Node

TYPES = {"tags": "array", "open": "boolean", "library": "object", "library.name": "string"}


def text(said: str) -> Node:
    return Node("text", 1, 1, text=said)


def changed(before: str, place: int, name: str, value: Node) -> str:
    sheet = SheetText(before, ("slug",), TYPES)
    sheet.change(place, name, value)
    return sheet.text


def inserted(before: str, place: int, **values: str) -> str:
    sheet = SheetText(before, ("slug",), TYPES)
    sheet.insert(place, (values["slug"],), {name: text(value) for name, value in values.items()})
    return sheet.text


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("slug,name\na,A\n", "B", "slug,name\na,B\n"),
        ("slug,name\r\na,A\r\nb,\r\n", "B", "slug,name\r\na,B\r\nb,\r\n"),
        ("slug,name\na,A", "B, C", 'slug,name\na,"B, C"'),
        ("slug;name\na;A", "B, C", "slug;name\na;B, C"),
        ('slug,name\na,"A"\n', 'B "C"', 'slug,name\na,"B ""C"""\n'),
        ('slug,name\na, "A" \n', "B", 'slug,name\na,"B"\n'),
        ('slug,name\na,\nb,"B"\n', "A", 'slug,name\na,"A"\nb,"B"\n'),
        ("slug,name\na\nb,B\n", "A", "slug,name\na,A\nb,B\n"),
        ("slug,name\na,A\n", "B\nC", 'slug,name\na,"B\nC"\n'),
        ("sep=;\r\nslug;name\r\na;A\r\n", "B", "sep=;\r\nslug;name\r\na;B\r\n"),
        ("\ufeffslug,name,,\na,A,,\n,,,\n", "B", "\ufeffslug,name,,\na,B,,\n,,,\n"),
        ('slug,name,x\na,A,"1\r\n2"\r\n', "B", 'slug,name,x\na,B,"1\r\n2"\r\n'),
        ("slug,name\ra,A\rb,B\r", "C", "slug,name\ra,C\rb,B\r"),
    ],
)
def test_a_cell_is_changed_and_all_else_stays(before: str, value: str, after: str):
    assert changed(before, 0, "name", text(value)) == after


@pytest.mark.parametrize(
    ("before", "place", "after"),
    [
        ("slug,name\na,A\nz,Z\n", 1, "slug,name\na,A\nm,M\nz,Z\n"),
        ("slug,name", 0, "slug,name\nm,M\n"),
        ("slug,name\na,A", 1, "slug,name\na,A\nm,M\n"),
        ("slug,name\r\na,A\r\n,\r\n", 1, "slug,name\r\na,A\r\nm,M\r\n,\r\n"),
        ('"slug","name"\n"a","A"\n', 1, '"slug","name"\n"a","A"\n"m","M"\n'),
        ('"slug","name","x"\n"a","A",""\n', 1, '"slug","name","x"\n"a","A",""\n"m","M",""\n'),
        ("name;slug;x;\nA;a;1;\n", 1, "name;slug;x;\nA;a;1;\nM;m;;\n"),
        ("sep=;\nslug;name\nz;Z\n", 0, "sep=;\nslug;name\nm;M\nz;Z\n"),
        ("slug\na\n", 1, "slug,name\na,\nm,M\n"),
    ],
)
def test_a_row_stands_at_its_place_and_all_else_as_it_was(before: str, place: int, after: str):
    assert inserted(before, place, slug="m", name="M") == after


def test_lists_maps_and_truth_are_written_as_the_table_has_them():
    before = "slug,tags,open,library.name\na,x|y,TRUE,L\nb,,,\n"
    tags = Node("list", 1, 1, items=(text("p"), text("q")))
    library = Node("map", 1, 1, pairs=((text("name"), text("K")),))
    assert changed(before, 1, "tags", tags) == before.replace("b,,,", "b,p|q,,")
    assert changed(before, 1, "open", text("false")) == before.replace("b,,,", "b,,FALSE,")
    assert changed(before, 1, "library", library) == before.replace("b,,,", "b,,,K")


@pytest.mark.parametrize(
    "value",
    [
        Node("list", 1, 1, items=(Node("map", 1, 1),)),
        Node("list", 1, 1, items=(text("a|b"),)),
        text(" padded "),
    ],
)
def test_what_no_cell_can_hold_is_refused(value: Node):
    with pytest.raises(CannotEditError):
        changed("slug,tags,name\na,x,A\n", 0, "name" if value.kind == "text" else "tags", value)


def test_a_file_without_names_is_refused():
    for before in ("", "\n,,\n", 'slug,"name\n'):
        with pytest.raises(CannotEditError):
            SheetText(before, ("slug",), TYPES)


CELL = st.text("ab,;\"\n|' \t.=", max_size=5)
VALUE = CELL.map(str.strip).filter(bool)


@st.composite
def tables(draw: Any) -> tuple[str, list[dict[str, str | None]]]:
    """Draw a table as some program wrote it, and what it says."""
    count = draw(st.integers(0, 4))
    rows = [[f"r{n}", *draw(st.lists(CELL, min_size=2, max_size=2))] for n in range(count)]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    file = io.StringIO()
    writer = csv.writer(
        file,
        delimiter=draw(st.sampled_from([",", ";", "\t"])),
        lineterminator=newline,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerows([["slug", "name", "line"], *rows])
    text = draw(st.sampled_from(["", "\ufeff"])) + file.getvalue()
    if draw(st.booleans()):
        text = text.removesuffix(newline)
    names = ("slug", "name", "line")
    said = [dict(zip(names, (cell.strip() or None for cell in row), strict=True)) for row in rows]
    return text, said


@given(tables())
def test_taken_apart_and_put_together_it_is_the_same(table: tuple[str, list[Any]]):
    before, rows = table
    sheet = SheetText(before, ("slug",), {})
    assert (sheet.text, sheet.rows) == (before, rows)


@given(tables(), st.data())
def test_any_value_reads_back_and_stands_where_the_old_one_stood(
    table: tuple[str, list[Any]], data: st.DataObject
):
    before, rows = table
    if not rows:
        return
    place = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(["name", "line"]))
    value = data.draw(VALUE)
    after = changed(before, place, name, text(value))
    rows[place][name] = value
    assert SheetText(after, ("slug",), {}).rows == rows
    untouched = [row for number, row in enumerate(pieces(before)) if number != place + 1]
    assert [row for number, row in enumerate(pieces(after)) if number != place + 1] == untouched


@given(tables(), st.data())
def test_an_insertion_is_the_old_text_with_one_row_more(
    table: tuple[str, list[Any]], data: st.DataObject
):
    before, rows = table
    place = data.draw(st.integers(0, len(rows)))
    values = {"slug": "new", "name": data.draw(VALUE)}
    after = inserted(before, place, **values)
    rows.insert(place, {**values, "line": None})
    assert SheetText(after, ("slug",), {}).rows == rows
    found = pieces(after)
    del found[place + 1]
    same = pieces(before)
    assert [row.rstrip("\r\n") for row in found] == [row.rstrip("\r\n") for row in same]


def pieces(table: str) -> list[str]:
    """Return a table as its rows are written."""
    made: list[str] = []
    for line in table.splitlines(keepends=True):
        if made and made[-1].count('"') % 2:
            made[-1] += line
        else:
            made.append(line)
    return made
