"""Likeness by refinement equals likeness by comparing every pair."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pageloom.likeness import most_alike

PAGES = st.integers(2, 8)


@st.composite
def columns(draw):
    pages = draw(PAGES)
    made = []
    for _ in range(draw(st.integers(1, 5))):
        weights = draw(st.lists(st.integers(1, 50), min_size=4, max_size=4))
        identities = draw(
            st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=pages, max_size=pages)
        )
        made.append((identities, [0 if i is None else weights[i] for i in identities]))
    return made


def by_pairs(made, first, second):
    shared = sum(
        w[first] for ids, w in made if ids[first] is not None and ids[first] == ids[second]
    )
    union = sum(w[first] + w[second] for _, w in made) - shared
    return shared / union if union else 0.0


@settings(deadline=None, derandomize=True)
@given(columns(), st.sampled_from([0.3, 0.5, 0.7, 0.9]))
def test_refinement_finds_the_largest_likeness_above_the_threshold(made, threshold):
    pages = range(len(made[0][0]))
    expected = {
        page: round(max(by_pairs(made, page, other) for other in pages if other != page), 9)
        for page in pages
    }
    found = {page: round(item.value, 9) for page, item in most_alike(made, threshold).items()}

    assert {page: value for page, value in expected.items() if value > threshold} == found
