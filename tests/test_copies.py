"""Near-copies are found, and nothing else."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from pageloom import copies
from pageloom.model import Row
from pageloom.names import MASK, Names, words

WORDS = st.lists(st.sampled_from("abcdefghijklmnop"), min_size=0, max_size=40)


@st.composite
def texts(draw):
    made = draw(st.lists(WORDS, min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 5))):
        text = list(draw(st.sampled_from(made)))
        for _ in range(draw(st.integers(0, 2))):
            if text:
                text[draw(st.integers(0, len(text) - 1))] = "z"
        made.append(text)
    return made


def by_pairs(found):
    """Return the clusters by comparing every pair."""
    shingles = [copies.shingles(text) for text in found]
    first = list(range(len(found)))
    for one in range(len(found)):
        for other in range(one):
            if copies.jaccard(shingles[one], shingles[other]) >= copies.ALIKE:
                low, high = sorted((first[one], first[other]))
                first = [low if place == high else place for place in first]
    return first


@settings(deadline=None, derandomize=True, max_examples=300)
@given(texts())
def test_clusters_are_those_of_comparing_every_pair(found):
    assert copies.clusters(list(map(copies.Shingles(), found))) == by_pairs(found)


def test_clusters_do_not_vary_from_process_to_process():
    program = (
        "from pageloom import copies\n"
        "text = [f'w{n}' for n in range(60)]\n"
        "texts = [[*text[:n], 'x', *text[n + 1:]] for n in range(0, 60, 6)]\n"
        "print(copies.clusters(list(map(copies.Shingles(), texts))))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(made) == 1


def row(**values: object) -> Row:
    return Row("payer", "x", values, None)  # type: ignore[arg-type]


def test_names_aliases_and_possessives_are_one_word():
    names = Names((row(name="St. Luke’s Health", short="Luke", aliases=("SLH", "the Luke plan")),))
    text = "St. Luke's Health’s letter, slh’s form, LUKE and the Luke plan; Lukewarm stays."
    expected = [MASK, "letter", MASK, "form", MASK, "and", MASK, "lukewarm", "stays"]
    assert names.masked(words(text)) == expected


def test_the_longest_name_is_masked():
    names = Names((row(name="Blue Cross", aliases=("Blue Cross of Ohio",)),))
    assert names.masked(words("Blue Cross of Ohio or Blue Cross")) == [MASK, "or", MASK]
