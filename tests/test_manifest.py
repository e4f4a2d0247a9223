"""What is kept of pages: in parts, which are compared and kept as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pageloom import keys, manifest
from pageloom.manifest import BETWEEN, KEY, TITLE, Listed, State, pieces
from pageloom.writing.part import Part
from pageloom.writing.worker import ADDED, AS_BEFORE, CHANGED, FAILED, NEW

SMALL = st.lists(st.lists(st.integers(0, 40), max_size=6), max_size=6)


def listed(numbers: list[int]) -> Listed:
    """Return pages by their numbers."""
    files = BETWEEN.join(f"a/{number}/index.html" for number in numbers)
    digests = (b"".join(bytes([n]) * size for n in numbers) for size in (KEY, TITLE))
    return Listed(files, *digests)


@given(SMALL)
def test_a_manifest_says_again_what_it_was_told(parts: list[list[int]]):
    pages = [listed(numbers) for numbers in parts]
    lines = list(manifest.lines("/out", {"a\n\tb": b"\1" * (KEY + TITLE)}, pages, {}))
    assert all("\n" not in line for line in lines)
    state = manifest.parsed(lines, "/out")
    assert list(state.pages) == pages
    assert state.entries == {"a\n\tb": b"\1" * (KEY + TITLE)}
    assert list(state.paths()) == ["a\n\tb", *(path for part in pages for path in part.paths())]


def test_a_manifest_of_another_folder_or_form_is_none():
    lines = list(manifest.lines("/out", {}, [listed([1])], {}))
    with pytest.raises(ValueError, match="another folder"):
        manifest.parsed(lines, "/other")
    for damaged in ([], ["{}"], ["[]"], lines[:-1], [lines[0], "a", "x", "y"]):
        with pytest.raises(ValueError, match=r"."):
            manifest.parsed(damaged, "/out")


@given(st.lists(st.integers(0, 40), unique=True, max_size=20).map(sorted), st.integers(1, 5))
def test_what_is_known_of_pages_is_what_the_manifest_says(numbers: list[int], size: int):
    parts = [listed(numbers[start : start + size]) for start in range(0, len(numbers), size)]
    state = State(pages=parts)
    for part in parts:
        assert state.starting(part.first) is part
        known = state.known(part.paths())
        assert {path: known[path] for path in part.paths()} == dict(part.entries())
    everything = state.known(["b/index.html"])
    assert dict(everything) == dict(entry for part in parts for entry in part.entries())


def test_pages_that_move_between_parts_are_known():
    state = State(pages=[listed([1, 2, 3]), listed([4, 5, 6]), listed([7, 8])])
    moved = listed([3, 4, 5, 6])
    known = state.known(moved.paths())
    assert [known[path] for path in moved.paths()] == [entry for _, entry in moved.entries()]


def test_pages_that_failed_lose_their_keys_and_new_ones_their_place():
    part = Part(
        ("f", 0, 4),
        listed([1, 2, 3, 4]),
        b"",
        bytes((ADDED, ADDED, CHANGED, AS_BEFORE)),
        kept=False,
    )
    part.statuses = bytes((NEW, FAILED, FAILED))
    first, _, third, fourth = part.pages.paths()
    assert list(part.made(NEW)) == [first]
    entries = dict(part.pages.entries())
    found = dict(part.listed().entries())
    assert found == {
        first: entries[first],
        third: bytes(KEY) + entries[third][KEY:],
        fourth: entries[fourth],
    }
    assert list(part.made(NEW)) == [first]


def test_pages_that_did_not_fail_are_kept_as_they_are():
    part = Part(("f", 0, 2), listed([1, 2]), b"", bytes((ADDED, AS_BEFORE)), kept=False)
    part.statuses = bytes((NEW,))
    assert part.listed() is part.pages


def blocks_of(numbers: list[int]) -> list[bytes]:
    return keys.blocks([[b"same"] * len(numbers), [str(number).encode() for number in numbers]])


@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(0, 9), max_size=12))
def test_pages_of_blocks_that_differ_take_their_places(old: list[int], new: list[int]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "BLOCK", 3)
        found = keys.differing(blocks_of(new), blocks_of(old), len(new))
    assert {p for p in range(len(new)) if new[p : p + 1] != old[p : p + 1]} <= set(found)
    before, after = listed(old), listed(new)
    paths, own, titles = after.paths(), pieces(after.keys, KEY), pieces(after.titles, TITLE)
    at = [[column[place] for place in found] for column in (paths, own, titles)]
    assert before.replaced(len(new), found, *at) == after
    known = before.at(found, at[0])
    assert known == {} or known == dict(zip(at[0], map(bytes.__add__, *at[1:]), strict=True))


def test_pages_as_before_are_in_no_block_that_differs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys, "BLOCK", 3)
    old = [*range(10)]
    assert keys.differing(blocks_of(old), blocks_of(old), 10) == []
    assert keys.differing(blocks_of([*old[:4], 0, *old[5:]]), blocks_of(old), 10) == [3, 4, 5]
    assert keys.differing(blocks_of(old[:7]), blocks_of(old), 7) == [6]
    assert keys.differing(blocks_of(old), [], 10) == range(10)
