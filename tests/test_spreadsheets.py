"""Tables as spreadsheets save them: read as they were meant, or a problem at the cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pageloom.characters import decode
from pageloom.diagnostics import Diagnostic
from pageloom.load import csv_table
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.trees import Node

Site = Callable[[str], Path]
TYPES = {"tags": "array", "open": "boolean", "library": "object", "library.name": "string"}

PROJECT = """\
-- content/site.yaml --
brand: Shop
base_url: https://shop.example
as_of: 2026-11-25
-- content/answer.md --
---
slot: answer
for: {}
---
Ask {{ maker.name }}.
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.csv}
families:
  maker:
    axes: [maker]
    route: /{maker}/
    title: ["{{ maker.name }} and all of its faults at home"]
    h1: "{{ maker.name }}"
    slots:
      answer: {snippet: required}
-- matrix/schemas/maker.schema.json --
{"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
 "slug": {"type": "string"},
 "name": {"type": "string"},
 "code": {"type": "string", "pattern": "^[0-9]{5}$"},
 "since": {"type": "string", "format": "date"},
 "share": {"type": "number"},
 "open": {"type": "boolean"},
 "tags": {"type": "array", "items": {"type": "string"}},
 "library": {"type": "object", "additionalProperties": false, "required": ["name"],
   "properties": {"name": {"type": "string"}, "url": {"type": "string", "format": "https-url"}}}}}
"""


def plain(node: Node | None) -> Any:
    if node is None or node.kind == "null":
        return None
    if node.kind == "map":
        return {key.text: plain(value) for key, value in node.pairs}
    return [plain(item) for item in node.items] if node.kind == "list" else node.text


def parsed(raw: bytes) -> Any:
    problems: list[Diagnostic] = []
    text = decode(raw, "matrix/t.csv", problems.append)
    assert text is not None
    found = plain(csv_table.parse(text, "matrix/t.csv", problems.append, TYPES))
    assert problems == []
    return found


def problems(root: Path, table: bytes) -> list[tuple[str, str]]:
    (root / "matrix/makers.csv").write_bytes(table)
    found = decide(Options(root=root)).problems
    return [(problem.first_line(), problem.help) for problem in found]


@pytest.mark.parametrize(
    "saved",
    [
        b"slug,name,tags,open\na,A B,x|y,true\nb,,,\n",
        b"slug,name,tags,open\r\na,A B,x|y,TRUE\r\nb,,,\r\n",
        "\ufeffslug;name;tags;open\r\na;A B;x | y;TRUE\r\nb;;;\r\n".encode(),
        b"sep=;\r\nslug;name;tags;open\r\na;A B;x|y;TRUE\r\nb;;;\r\n",
        b"slug\tname\ttags\topen\na\tA B\tx|y\tTRUE\nb\t\t\t",
        b'"slug","name","tags","open"\n"a","A B","x|y","true"\n"b","","",""',
        b"slug,name,tags,open,,\na,A B,x|y,true,,\n,,,,,\nb,,,,,\n\n",
    ],
    ids=["plain", "crlf", "excel in Europe", "sep line", "tabs", "quoted", "empty cells"],
)
def test_what_spreadsheets_save_reads_the_same(saved: bytes):
    a = {"slug": "a", "name": "A B", "tags": ["x", "y"], "open": "true"}
    assert parsed(saved) == [a, {"slug": "b", "name": None, "tags": None, "open": None}]


def test_a_cell_may_hold_separators_quotes_and_lines():
    assert parsed(b'slug,name\na,"B, ""C""\nD"\nb,E\n') == [
        {"slug": "a", "name": 'B, "C"\nD'},
        {"slug": "b", "name": "E"},
    ]


def test_a_column_with_a_dot_is_a_key_of_a_map():
    found = parsed(b"slug,library.name,library.url\na,L,https://l.example/\nb,,\n")
    assert found[0]["library"] == {"name": "L", "url": "https://l.example/"}
    assert "library" not in found[1]


@pytest.mark.parametrize(
    ("cell", "column", "wanted", "help_"),
    [
        ("since,25.11.2026", 5, "`since` is `25.11.2026`", "write `2026-11-25`"),
        ("since,11/25/2026", 5, "`since` is `11/25/2026`", "write `2026-11-25`"),
        ("since,3/4/2026", 5, "`since` is `3/4/2026`", "write `2026-03-04` or `2026-04-03`"),
        ("code,123", 5, "`code` is `123`", ""),
        ("open,yes", 5, "`open` is `yes`", "write `true`"),
        ('share,"0,40"', 5, "`share` is `0,40`", "write `0.40`"),
        ("tags.x,1", 3, "unknown key `tags.x`", "the closest name is `tags`"),
        ("since,#REF!", 5, "`since` is `#REF!`, an error of the spreadsheet", ""),
    ],
)
def test_what_a_spreadsheet_spoiled_is_a_problem_at_its_cell(
    site: Site, cell: str, column: int, wanted: str, help_: str
):
    name, value = cell.split(",", 1)
    table = f"slug,name,{name}\r\na,A,{value}\r\n".encode()
    found = problems(site(PROJECT), table)
    line = 1 if wanted.startswith("unknown") else 2
    column = 11 if line == 1 else column
    number = "104" if line == 1 else "105"
    assert (f"matrix/makers.csv:{line}:{column}: error[M{number}]: {wanted}", help_) in found


def test_lost_zeros_and_dates_in_two_rows_are_told_in_one_run(site: Site):
    table = b"slug,name,code,since\na,A,00123,2026-11-25\nb,B,123,25.11.2026\n"
    assert [first for first, _ in problems(site(PROJECT), table)] == [
        "matrix/makers.csv:3:5: error[M105]: `code` is `123`",
        "matrix/makers.csv:3:9: error[M105]: `since` is `25.11.2026`",
    ]


@given(st.lists(st.lists(st.text("ab,;\"\n|' \t", max_size=6), min_size=3, max_size=3), max_size=5))
def test_what_python_writes_is_read_back(rows: list[list[str]]):
    import csv
    import io

    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["k", "l", "m"], *rows])
    wanted = [[cell.strip() or None for cell in row] for row in rows]
    wanted = [row for row in wanted if any(row)]
    assert [list(row.values()) for row in parsed(file.getvalue().encode())] == wanted
