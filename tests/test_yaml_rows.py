"""Rows put into YAML files: at their place, every other byte as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pageloom.editing.yaml_rows import CannotEditError, RowsText, flow_list, plain, scalar
from pageloom.source import parse_yaml

NEW = {"slug": "m", "name": "M"}


def inserted(text: str, place: int, **pairs: str) -> str:
    rows = RowsText(text)
    rows.insert(place, pairs or NEW)
    return rows.text


@pytest.mark.parametrize(
    ("before", "place", "after"),
    [
        ("", 0, "- slug: m\n  name: M\n"),
        ("# Makers\n", 0, "# Makers\n- slug: m\n  name: M\n"),
        ("[]\n", 0, "[{slug: m, name: M}]\n"),
        ("- slug: a", 1, "- slug: a\n- slug: m\n  name: M\n"),
        ("# File\n- slug: z\n", 0, "# File\n- slug: m\n  name: M\n- slug: z\n"),
        (
            "- slug: a\n# About z\n- slug: z\n",
            1,
            "- slug: a\n- slug: m\n  name: M\n# About z\n- slug: z\n",
        ),
        (
            "- slug: a\n  text: |\n    # no comment\n\n# The end\n",
            1,
            "- slug: a\n  text: |\n    # no comment\n- slug: m\n  name: M\n\n# The end\n",
        ),
        ("- slug: a\n\n- slug: b\n", 2, "- slug: a\n\n- slug: b\n\n- slug: m\n  name: M\n"),
        (
            "- slug: a\n\n- slug: z\n",
            1,
            "- slug: a\n\n- slug: m\n  name: M\n\n- slug: z\n",
        ),
        (
            "- {slug: a} # first\n- {slug: z}\n",
            1,
            "- {slug: a} # first\n- {slug: m, name: M}\n- {slug: z}\n",
        ),
        ("[{slug: a}, {slug: z}]", 1, "[{slug: a}, {slug: m, name: M}, {slug: z}]"),
        (
            "[\n  {slug: a},\n  {slug: z}\n]\n",
            2,
            "[\n  {slug: a},\n  {slug: z},\n  {slug: m, name: M}\n]\n",
        ),
        (
            "  - slug: a\n  -\n    slug: z\n",
            1,
            "  - slug: a\n  - slug: m\n    name: M\n  -\n    slug: z\n",
        ),
        ("\ufeff- slug: a\r\n", 1, "\ufeff- slug: a\r\n- slug: m\r\n  name: M\r\n"),
        ("---\n- slug: z\n", 0, "---\n- slug: m\n  name: M\n- slug: z\n"),
        ('- slug: "a"\n  name: >\n    folded\n    text\n', 1, None),
    ],
)
def test_a_row_stands_at_its_place_and_all_else_as_it_was(before: str, place: int, after: str):
    made = inserted(before, place)
    assert made == (after if after is not None else before + "- slug: m\n  name: M\n")


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("- slug: a\n  name: A  # old\n", "name", "B", "- slug: a\n  name: B  # old\n"),
        ("- slug: a\n  name:\n", "name", "B", "- slug: a\n  name: B\n"),
        ("- slug: a\n", "name", "B", "- slug: a\n  name: B\n"),
        ("- slug: a # x\n- slug: b\n", "name", "B", "- slug: a # x\n  name: B\n- slug: b\n"),
        ("- {slug: a, name: 'A'}\n", "name", "B", "- {slug: a, name: B}\n"),
        ("- {slug: a}\n", "name", "B", "- {slug: a, name: B}\n"),
        (
            "- slug: a\n  tags:\n    - x\n    - y\n  z: 1\n",
            "tags",
            "[q]",
            "- slug: a\n  tags:\n    [q]\n  z: 1\n",
        ),
        (
            "- slug: a\n  name: |\n    long\n    text\n\n# c\n- slug: b\n",
            "name",
            "B",
            "- slug: a\n  name: B\n\n# c\n- slug: b\n",
        ),
    ],
)
def test_a_value_is_changed_and_all_else_stays(before: str, key: str, value: str, after: str):
    rows = RowsText(before)
    rows.change(0, key, value)
    assert rows.text == after


def test_a_file_that_is_no_list_is_refused():
    with pytest.raises(CannotEditError):
        RowsText("a: b\n")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1))
def test_any_text_reads_back_from_its_scalar(text: str):
    for flow, line in ((False, "k: {}"), (True, "{{k: {}}}")):
        node = parse_yaml(line.format(scalar(text, flow=flow)), "", lambda _: None)
        assert plain(node) == {"k": text}


@given(st.lists(st.text("ab: #,[]{}'\"&*!|>%@`-?~\n", max_size=5), min_size=1))
def test_any_list_reads_back(items: list[str]):
    assert plain(parse_yaml(f"k: {flow_list(items)}", "", lambda _: None)) == {"k": items}


@given(
    st.lists(st.sampled_from(["a", "c", "e", "g"]), unique=True).map(sorted),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["- {{slug: {}}}", "- slug: {}"]),
    st.sampled_from([[], ["# note"]]),
    st.sampled_from(["b", "d", "z"]),
)
def test_an_insertion_is_the_old_text_with_one_piece_more(
    slugs: list[str], newline: str, row: str, notes: list[str], new: str
):
    lines = ["# head"]
    for slug in slugs:
        lines += [*notes, row.format(slug)]
    before = newline.join([*lines, ""])
    place = sum(slug < new for slug in slugs)
    after = inserted(before, place, slug=new)
    cut = next(i for i in range(len(before) + 1) if after[: i + 1] != before[: i + 1])
    assert before[cut:] == "" or after.endswith(before[cut:])
    assert len(after) > len(before)
