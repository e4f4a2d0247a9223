"""Bytes of YAML, CSV and Markdown files as trees with positions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pageloom.characters import decode
from pageloom.diagnostics import Diagnostic, Start
from pageloom.load import csv_table
from pageloom.load.document import parse_document
from pageloom.source import files, parse_yaml, read_text
from pageloom.trees import Node

SETTINGS = settings(deadline=None, derandomize=True, max_examples=150)


def plain(node: Node | None) -> object:
    """Return a tree without positions."""
    if node is None or node.kind == "null":
        return None
    if node.kind == "map":
        return {key.text: plain(value) for key, value in node.pairs}
    return [plain(item) for item in node.items] if node.kind == "list" else node.text


def tree(text: str) -> tuple[object, list[str]]:
    problems: list[Diagnostic] = []
    node = parse_yaml(text, "matrix/rows.yaml", problems.append)
    return plain(node), [problem.first_line() for problem in problems]


@pytest.mark.parametrize(
    "written", ["NO", "yes", "12:30", "0123", "0o17", "1_000", ".5", "1e3", "2026-11-25", "=", "<<"]
)
def test_a_scalar_stays_the_text_that_is_written(written: str):
    assert tree(f"value: {written}") == ({"value": written}, [])


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_a_plain_null_is_no_value(written: str):
    assert tree(f"value: {written}") == ({"value": None}, [])


@pytest.mark.parametrize("written", ["'null'", '"~"', '""'])
def test_a_quoted_null_is_text(written: str):
    assert tree(f"value: {written}") == ({"value": written[1:-1]}, [])


def test_an_empty_file_is_a_null():
    assert tree("") == (None, [])
    assert tree("# only a comment\n") == (None, [])


def test_positions_count_lines_and_columns_from_1():
    node = parse_yaml("- slug: a\n  signs: [x, {y: z}]\n", "matrix/rows.yaml", lambda _: None)
    assert node is not None
    (row,) = node.items
    signs = row.get("signs")
    assert signs is not None
    nested = signs.items[1].get("y")
    assert nested is not None
    assert (row.line, row.column) == (1, 3)
    assert (nested.line, nested.column) == (2, 18)


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("a: word", None),
        ("a: 'word'", Start(1, 5)),
        ("a: |\n  word\n  more", Start(2, 3, indented=True)),
        ("a: >-\n\n     word", Start(2, 6, indented=True)),
    ],
)
def test_the_start_of_a_text_is_known(written: str, start: Start | None):
    node = parse_yaml(written, "matrix/rows.yaml", lambda _: None)
    assert node is not None
    value = node.get("a")
    assert value is not None
    assert value.start == start


def test_a_repeated_key_is_reported_each_time():
    found, problems = tree("a: 1\na: 2\na: 3")
    assert found == {"a": "3"}
    assert problems == [
        "matrix/rows.yaml:2:1: error[M102]: key `a` appears twice",
        "matrix/rows.yaml:3:1: error[M102]: key `a` appears twice",
    ]


@pytest.mark.parametrize(
    "character", ["\\0", "\\x07", "\\x85", "\\uE000", "\\uFFFF", "\\U0001FFFE"]
)
def test_an_escape_makes_no_character_that_is_no_text(character: str):
    found, (problem,) = tree(f'a: "{character}"')
    assert found is None
    assert problem.startswith("matrix/rows.yaml:1:4: error[C219]: character U+")


def test_half_of_a_pair_is_no_character():
    found, (problem,) = tree('a: "\\uD800"')
    assert found is None
    assert "error[M101]" in problem


def test_a_huge_text_is_read_whole():
    text = "word " * 400_000
    assert tree(f"a: {text}") == ({"a": text.strip()}, [])


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 5000, "{a: " * 5000, "? " * 5000])
def test_deep_nesting_is_one_problem(text: str):
    found, problems = tree(text)
    assert found is None
    assert len(problems) == 1


def test_line_ends_and_the_byte_order_mark_are_made_one():
    assert decode(b"\xef\xbb\xbfa\r\nb\rc\n", "content/a.md", lambda _: None) == "a\nb\nc\n"


def test_a_document_is_split_at_its_fences():
    document = parse_document("---\nslot: a\n--- \n\nBody\n---\nmore", "content/a.md", print)
    assert document is not None
    assert (plain(document.front), document.body, document.body_line) == (
        {"slot": "a"},
        "\nBody\n---\nmore",
        4,
    )


@pytest.mark.parametrize("text", ["---\nslot: a\n---", "---\nslot: a\n---\n"])
def test_a_document_may_end_with_its_front_matter(text: str):
    document = parse_document(text, "content/a.md", print)
    assert document is not None
    assert document.body == ""


def test_a_csv_table_is_the_tree_of_its_rows():
    node = csv_table.parse('slug,name,note\na,"Alfa, Bravo",\n\nb,"two\nlines",x\n', "m.csv", print)
    assert plain(node) == [
        {"slug": "a", "name": "Alfa, Bravo", "note": None},
        {"slug": "b", "name": "two\nlines", "note": "x"},
    ]
    assert node is not None
    assert [row.line for row in node.items] == [2, 4]


def test_a_csv_table_may_be_separated_by_semicolons():
    node = csv_table.parse("slug;name\na;Alfa, Bravo\n", "matrix/m.csv", print)
    assert plain(node) == [{"slug": "a", "name": "Alfa, Bravo"}]


@pytest.mark.parametrize("text", ["", "\n", "slug\n", ",,\n,,\n"])
def test_a_csv_table_without_cells_has_no_rows(text: str):
    assert plain(csv_table.parse(text, "matrix/m.csv", print)) == []


def test_a_csv_cell_may_be_long():
    problems: list[Diagnostic] = []
    found = csv_table.parse("slug\n" + "a" * 200_000, "matrix/m.csv", problems.append)
    assert found is not None
    assert (len(found.items[0].pairs[0][1].text), problems) == (200_000, [])


def test_files_are_sorted_and_hidden_ones_left_out(tmp_path: Path):
    for path in ("content/b/x.md", "content/a.md", "content/.git/y.md", "content/c.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "content/folder.md").mkdir()
    assert list(files(tmp_path, "content", (".md",), print)) == ["content/a.md", "content/b/x.md"]


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "a\x00b", "a" * 5000, "loop"])
def test_a_path_that_leads_nowhere_is_a_problem(tmp_path: Path, path: str):
    (tmp_path / "loop").symlink_to("loop")
    problems: list[Diagnostic] = []
    assert read_text(tmp_path, path, problems.append) is None
    assert [problem.code for problem in problems] == ["M116"]


@SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_a_problem(raw: bytes):
    problems: list[Diagnostic] = []
    text = decode(raw, "matrix/rows.yaml", problems.append)
    node = None if text is None else parse_yaml(text, "matrix/rows.yaml", problems.append)
    assert node is not None or problems
    for problem in problems:
        assert "\n" not in problem.first_line()


@SETTINGS
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Co", "Cn"])))
def test_any_text_in_quotes_is_read_as_it_is(text: str):
    quoted = "'" + text.replace("'", "''") + "'"
    if "\u2028" in text or "\u2029" in text:
        return  # YAML folds these as line ends
    assert tree(f"a: {quoted}") == ({"a": text}, [])
