"""Markdown becomes the sentences that readers see, and each knows where it stands."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pageloom import prose
from pageloom.diagnostics import Location
from pageloom.lint.language import Acronyms, Slips
from pageloom.lint.numbers import Numbers
from pageloom.model import Row
from pageloom.prose import MAX_SENTENCE, StandIn, sentences
from pageloom.settings import Words


def stand_in(text: str) -> StandIn:
    if "cite" in text:
        return StandIn(cited=True)
    return StandIn("9 days", cited=True) if "fact" in text else StandIn(text.strip().capitalize())


def said(text: str) -> list[tuple[str, bool]]:
    return [(item.text, item.cited) for item in sentences(text, stand_in)]


def test_a_citation_counts_for_its_sentence_only():
    text = "Wait {{ fact('a') }}. Then\ngo. Come back {{ cite('b') }}. Sit. {{ cite('c') }} Rest."
    assert said(text) == [
        ("Wait 9 days.", True),
        ("Then go.", False),
        ("Come back.", True),
        ("Sit.", True),
        ("Rest.", False),
    ]


def test_marks_of_markdown_are_not_read():
    text = "## A **head**\n\n- one [link]({{ x }})\n- two\n\n| a | b |\n|---|---|\n| c | d |\n"
    assert [text for text, _ in said(text)] == ["A head", "one link", "two", "a ; b", "c ; d"]


def test_abbreviations_do_not_end_a_sentence():
    assert [text for text, _ in said("Ask Dr. Gray, e.g. Today. Now.")] == [
        "Ask Dr. Gray, e.g. Today.",
        "Now.",
    ]


def test_a_place_in_a_sentence_leads_to_the_source():
    text = "First **bold**. {{ row }} says\nno to *this* word."
    found = list(sentences(text, stand_in))[1]
    assert found.text == "Row says no to this word."
    assert text[found.at(found.text.index("word")) :] == "word."


def test_a_long_sentence_is_judged_in_pieces():
    assert [len(text) for text, _ in said("a" * (2 * MAX_SENTENCE + 5))] == [600, 600, 5]


@given(st.text(alphabet="ab.# |-*[](){}\n\\:>`1é", max_size=80))
def test_any_text_has_sentences_with_places_inside_it(text: str):
    for sentence in sentences(text, stand_in):
        assert all(0 <= sentence.at(index) <= len(text) for index in range(len(sentence.text)))


PIECES = (
    "the", "a", "an", "A", "An", "hour", "one-time", "user", "x-ray", "patient", "MRI",
    "mri", "Mri", "5", "days", "percent",
    "None", "is", "undefined", " ", " ", " ", " ", "\n", "\n\n", ". ", ". ", "! ", "; ", "**", "`",
    "[", "](https://example.org)", "# ", "- ", "1. ", "| ", " |", "|---|", "> ", "{{ cite }}",
    " {{ cite }}", "{{ fact }}", " {{ name }} ", "{", "}", "’", "-", "(", ")", "e.g. ", "[^1]",
    "$5",
)  # fmt: skip
STAND_INS = {
    "cite": StandIn(cited=True),
    "fact": StandIn("5 days", cited=True),
    "name": StandIn("An MRI"),
}


@settings(deadline=None, derandomize=True, max_examples=1500)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), max_size=3))
def test_what_is_found_in_no_sentence_is_told_from_texts_in_one_piece(texts: list[str]):
    """Texts that are skipped because nothing is found in all of them have nothing to find."""

    def put(name: str) -> StandIn:
        return STAND_INS.get(name.strip(), StandIn())

    acronyms = Acronyms([Row("x", "mri", {"name": "MRI of the knee"}, Location("x"))])
    numbers = Numbers(Words("en", {"units": {"days": {"other": "{n} days"}}}, "w"), {})
    slips = Slips(acronyms, "en")
    whole = prose.whole(prose.SEAM.join(texts), put)
    if whole is None:
        return
    for sentence in (sentence for text in texts for sentence in prose.sentences(text, put)):
        for check in slips.checks:
            if any(check(sentence.text)):
                assert check in slips.likely(whole.text), sentence.text
        if not sentence.cited and any(numbers.found(sentence.text)):
            assert any(numbers.found(whole.bare)), sentence.text
