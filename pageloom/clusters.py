"""The columns that likeness is measured on: near-copies count as one fragment, in any slot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pageloom import copies
from pageloom.measure import Column, Weight
from pageloom.model import Snippet

Compared = tuple[list[int | None], list[int]]
"""Identities (None where a page has nothing) and weights in words, by page."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Snippets that are near-copies of each other."""

    first: str
    """Path of the first of them."""
    size: int
    words: int
    """Words of the shortest: what all have in common is no more."""
    spans: bool
    """Whether they fill different slots."""


def near_copies(
    columns: Sequence[Column],
    passed: Sequence[int],
    shingled: Callable[[Snippet, int], copies.Shingled],
) -> Mapping[Snippet, Cluster]:
    """Return the clusters of the snippets that have near-copies among those of these pages."""
    used: dict[Snippet, int] = {}
    for column in columns:
        for kind in {column.kinds[number] for number in passed}:
            weight = column.weights[kind]
            if weight.snippet is not None:
                used.setdefault(weight.snippet, 3 if column.slot.heading else 2)
    snippets = sorted(used, key=lambda snippet: snippet.path)
    texts = [shingled(snippet, used[snippet]) for snippet in snippets]
    groups: dict[int, list[int]] = {}
    for place, first in enumerate(copies.clusters(texts)):
        groups.setdefault(first, []).append(place)
    found: dict[Snippet, Cluster] = {}
    for first, places in groups.items():
        if len(places) > 1:
            slots = {snippets[place].slot for place in places}
            least = min(texts[place].words for place in places)
            cluster = Cluster(snippets[first].path, len(places), least, len(slots) > 1)
            found.update((snippets[place], cluster) for place in places)
    return found


def compared_columns(
    columns: Sequence[Column], clusters: Mapping[Snippet, Cluster], passed: Sequence[int]
) -> list[Compared]:
    """Return the columns of the pages that passed, and those of clusters that span slots."""
    numbers: dict[Hashable, int] = {}
    made: list[Compared] = []
    for column in columns:
        ids: list[int | None] = [
            None
            if weight.identity is None
            else numbers.setdefault(_identity(weight, clusters), len(numbers))
            for weight in column.weights
        ]
        words = [_words(weight, clusters) for weight in column.weights]
        kinds = [column.kinds[number] for number in passed]
        made.append(([ids[kind] for kind in kinds], [words[kind] for kind in kinds]))
    return made + _spanning(columns, clusters, passed, made)


def _cluster(weight: Weight, clusters: Mapping[Snippet, Cluster]) -> Cluster | None:
    return clusters.get(weight.snippet) if weight.snippet is not None else None


def _identity(weight: Weight, clusters: Mapping[Snippet, Cluster]) -> Hashable:
    cluster = _cluster(weight, clusters)
    return (cluster.first, weight.values) if cluster else weight.identity


def _words(weight: Weight, clusters: Mapping[Snippet, Cluster]) -> int:
    cluster = _cluster(weight, clusters)
    return min(cluster.words, weight.words) if cluster else weight.words


def _spanning(
    columns: Sequence[Column],
    clusters: Mapping[Snippet, Cluster],
    passed: Sequence[int],
    made: Sequence[Compared],
) -> list[Compared]:
    """Move what belongs to a cluster over several slots to columns of their own.

    Clusters that meet on a page have different columns; a second fragment of one cluster on a page
    says nothing new.
    """
    tables = []
    for column, target in zip(columns, made, strict=True):
        found = [_cluster(weight, clusters) for weight in column.weights]
        if any(cluster is not None and cluster.spans for cluster in found):
            tables.append((column.kinds, [c if c and c.spans else None for c in found], target))
    pages = {
        place: [
            (cluster, target)
            for kinds, table, target in tables
            if (cluster := table[kinds[number]]) is not None
        ]
        for place, number in (enumerate(passed) if tables else ())
    }
    colors = _colors([cluster.first for cluster, _ in found] for found in pages.values())
    size, count = len(passed), 1 + max(colors.values(), default=-1)
    extra: list[Compared] = [([None] * size, [0] * size) for _ in range(count)]
    for place, members in pages.items():
        for cluster, (ids, words) in members:
            own_ids, own_words = extra[colors[cluster.first]]
            if own_ids[place] is None:
                own_ids[place], own_words[place] = ids[place], words[place]
            ids[place], words[place] = None, 0
    return extra


def _colors(pages: Iterator[list[str]]) -> dict[str, int]:
    """Return a number for each name so that different names on a page have different numbers."""
    beside: dict[str, set[str]] = {}
    seen: Counter[str] = Counter()
    for names in pages:
        for name in names:
            beside.setdefault(name, set()).update(names)
            seen[name] += 1
    colors: dict[str, int] = {}
    for name in sorted(seen, key=lambda name: (-seen[name], name)):
        taken = {colors[other] for other in beside[name] if other in colors and other != name}
        colors[name] = next(number for number in range(len(taken) + 1) if number not in taken)
    return colors
