"""The reading grade: syllables, sentences, and texts whose grade is known."""

from __future__ import annotations

import pytest

from pageloom import grade


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("the", 1),
        ("make", 1),
        ("table", 2),
        ("wanted", 2),
        ("asked", 1),
        ("places", 2),
        ("operation", 4),
        ("documentation", 5),
        ("plan’s", 1),
        ("follow-up", 3),
        ("MRI", 1),
        ("x", 1),
    ],
)
def test_syllables_are_counted_as_they_are_spoken(word: str, count: int):
    assert grade.syllables(word) == count


def test_the_grade_is_that_of_the_formula():
    """0.39 × 6 words a sentence + 11.8 × 1 syllable a word - 15.59 (Kincaid et al. 1975)."""
    assert grade.of(["The cat sat on the mat."] * 5) == pytest.approx(0.39 * 6 + 11.8 - 15.59)


def test_longer_sentences_and_longer_words_raise_the_grade():
    short = grade.of(["Send the scan. Keep a copy. Ask for the name. Write down the date."] * 3)
    joined = grade.of(["Send the scan and keep a copy and ask for the name and write the date"] * 3)
    harder = grade.of(["Transmit radiological documentation expeditiously to organizations"] * 6)
    assert short < joined < harder


def test_a_colon_a_semicolon_and_a_cell_end_a_unit_of_speech():
    apart = grade.of(["Send the scan.", "Keep a copy of it.", "Ask for a name."] * 4)
    assert grade.of(["Send the scan: Keep a copy of it; Ask for a name."] * 4) == apart


def test_a_short_text_has_no_grade():
    assert grade.of(["Electroencephalography."]) == 0
