"""A number stands with its word in the form that the number wants, in all that is printed."""

from __future__ import annotations

import pytest

from pageloom.counted import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("row",), "2 rows"),
        (1, ("entry", "entries"), "1 entry"),
        (3, ("entry", "entries"), "3 entries"),
    ],
)
def test_one_thing_is_said_in_the_singular(number: int, words: tuple[str, ...], said: str):
    assert counted(number, *words) == said
