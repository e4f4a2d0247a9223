"""Texts that are near-copies of each other: pasted, with a word changed here and there.

Candidates come from MinHash with locality-sensitive hashing (Broder,
https://doi.org/10.1109/SEQUEN.1997.666900); each pair is then compared exactly. Two texts are
near-copies when their 5-word shingles are at least `ALIKE` alike (Jaccard); near-copies of
near-copies belong together.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress
from typing import Any

ALIKE = 0.8
SHINGLE = 5
_BANDS, _ROWS, _SEED = 32, 6, 42
"""A pair that is 0.8 alike is missed with a probability of (1 - 0.8^6)^32 = 6e-5."""


@dataclass(frozen=True, slots=True)
class Shingled:
    """A text as it is compared: how many words it has, and its shingles as hashes."""

    words: int
    hashes: array[int]


def clusters(texts: Sequence[Shingled]) -> list[int]:
    """Return for each text the place of the first text of its cluster."""
    first = list(range(len(texts)))
    shingled = [text.hashes for text in texts]
    for one, other in _candidates(shingled):
        here, there = _root(first, one), _root(first, other)
        if here != there and jaccard(set(shingled[one]), set(shingled[other])) >= ALIKE:
            first[max(here, there)] = min(here, there)
    return [_root(first, place) for place in range(len(texts))]


def shingles(text: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Return the 5-word shingles of a text; a shorter text is one shingle."""
    if len(text) < SHINGLE:
        return frozenset((tuple(text),) if text else ())
    return frozenset(zip(*(text[start:] for start in range(SHINGLE)), strict=False))


def jaccard(one: AbstractSet[object], other: AbstractSet[object]) -> float:
    """Return the part that two sets have in common of what either has."""
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 0.0


class Shingles:
    """Takes texts apart; a word has one number wherever it stands, and in every process."""

    def __init__(self) -> None:
        self._numbers = _Numbers()

    def __call__(self, text: Sequence[str]) -> Shingled:
        """Return a text, given as words, with its shingles as hashes of numbers."""
        numbers = list(map(self._numbers.__getitem__, text))
        if len(numbers) < SHINGLE:
            return Shingled(len(text), array("q", (hash(tuple(numbers)),) if numbers else ()))
        runs = zip(*(numbers[start:] for start in range(SHINGLE)), strict=False)
        return Shingled(len(text), array("q", map(hash, runs)))


class _Numbers(dict[str, int]):
    def __missing__(self, word: str) -> int:
        raw = word.encode(errors="surrogatepass")
        number = self[word] = int.from_bytes(blake2b(raw, digest_size=8).digest())
        return number


def _candidates(shingled: Sequence[array[int]]) -> Iterator[tuple[int, int]]:
    """Yield pairs of places that share a band of their signatures, each pair once."""
    import rensa

    places = [place for place, found in enumerate(shingled) if found]
    index = rensa.RMinHashLSH(ALIKE, _BANDS * _ROWS, _BANDS)
    flags = index.query_duplicate_flags_matrix_one_shot(_signatures(shingled, places))
    places = list(compress(places, flags))
    rows = _signatures(shingled, places).to_rows()
    seen: set[tuple[int, int]] = set()
    for start in range(0, _BANDS * _ROWS, _ROWS):
        buckets: dict[tuple[int, ...], list[int]] = {}
        for place, row in zip(places, rows, strict=True):
            bucket = buckets.setdefault(tuple(row[start : start + _ROWS]), [])
            for other in bucket:
                if (other, place) not in seen:
                    seen.add((other, place))
                    yield other, place
            bucket.append(place)


def _signatures(shingled: Sequence[array[int]], places: Sequence[int]) -> Any:
    """Return the MinHash signatures of some texts as a matrix of the library."""
    import rensa

    flat, ends = array("q"), array("Q", [0])
    for place in places:
        flat.extend(shingled[place])
        ends.append(len(flat))
    hashes = memoryview(flat).cast("B").cast("Q") if flat else flat
    return rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, ends, _BANDS * _ROWS, _SEED)


def _root(first: list[int], place: int) -> int:
    while first[place] != place:
        first[place] = first[first[place]]
        place = first[place]
    return place
