"""Keys of pages: digests of all that a page is made from. Pure; the manifest does the I/O.

Where it cannot be told without rendering what a text will look up, the key takes in all that it may
look up: a page too many is made again and found equal, never one too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, islice, zip_longest
from typing import Any

from pageloom.cells import at
from pageloom.digests import LITERAL, NONE, Digests, digest
from pageloom.known import Known
from pageloom.model import SOURCE, Family, Link, Path, Project, Row, Slot, Snippet
from pageloom.plan import FOLDED, NOINDEX, PUBLISHED, FamilyPlan, Plan
from pageloom.theme import Theme

_FACT_CALL = re.compile(r"\b(?:fact|cite|value)\(\s*([^)]*?)\s*\)")
_FIELD = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_COMPUTED = re.compile(r"~|\+|%\s*\(|\|\s*(?:join|format|replace|list|map|reverse)\b|\{%-?\s*set\b")
_BREAK = b"/"
BLOCK = 32
"""Neighbouring pages that are compared at once."""


_STATES: Known[tuple[int, int], bytes] = Known(lambda of: f"{of[0]} {of[1]}".encode())
"""What is told of a page by its verdict and number."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What all pages of a family share, and where they differ."""

    shared: bytes
    joins: tuple[str, ...]
    filled: tuple[Slot, ...]
    listed: tuple[Slot, ...]


Column = Sequence[bytes]


def each(columns: Sequence[Column]) -> list[bytes]:
    """Return the key of each page from all that pages are made from."""
    return [
        blake2b(_BREAK.join(parts), digest_size=16).digest() for parts in zip(*columns, strict=True)
    ]


def blocks(columns: Sequence[Column]) -> list[bytes]:
    """Return the digest of all that each `BLOCK` pages in turn are made from."""
    return [
        digest([_BREAK.join(column[start : start + BLOCK]) + _BREAK for column in columns])
        for start in range(0, len(columns[0]), BLOCK)
    ]


def differing(found: Sequence[bytes], before: Sequence[bytes], count: int) -> Sequence[int]:
    """Return the places of those pages, of `count`, whose block is not as it was before."""
    if not before:
        return range(count)
    pairs = enumerate(zip_longest(found, before[: len(found)]))
    starts = [number * BLOCK for number, (own, old) in pairs if own != old]
    return [place for start in starts for place in range(start, min(start + BLOCK, count))]


class Keys:
    """Finds what pages are made from; one a process."""

    def __init__(self, plan: Plan, theme: Theme, base: bytes) -> None:
        """Take as `base` the digest of what every page depends on: engine, words, settings."""
        self._plan = plan
        self._project: Project = plan.project
        self._theme = theme
        self._base = digest((base, _schemas(plan.project)))
        self._partials: dict[str, bytes] = {}
        self._fragments: dict[tuple[str, tuple[int, ...]], tuple[bytes, tuple[Link, ...]]] = {}
        self._digests = Digests(plan)
        self._made: dict[str, _Made] = {}
        self._differ: dict[tuple[str, str], list[bytes]] = {}

    def columns(
        self, plan: FamilyPlan, numbers: Sequence[int], pages: Sequence[int]
    ) -> list[Column]:
        """Return all that pages of a family are made from, page by page in each column.

        `numbers` are those of the cells, `pages` those of their pages.
        """
        made = self._made.get(plan.family.name) or self._made_of(plan)
        verdicts = at(plan.verdicts, numbers)
        columns: list[Column] = [
            [made.shared] * len(numbers),
            [_STATES[state] for state in zip(verdicts, pages, strict=True)],
        ]
        rows_of = plan.cells.rows
        columns += [list(map(self._digests.row, rows_of(a, numbers))) for a in plan.family.axes]
        for name in made.joins:
            rows = self._plan.joined(plan, name)
            columns.append(list(map(self._digests.row, at(rows, numbers))))
        columns += [self._filled(plan, numbers, slot) for slot in made.filled]
        columns += [self._listed(plan, slot, numbers) for slot in made.listed]
        if plan.family.related:
            columns += self._beside(plan, numbers)
        columns.append(self._above(plan, numbers))
        if plan.entries:
            columns.append([_dates(plan, *page) for page in zip(numbers, pages, strict=True)])
        return columns

    def _filled(self, plan: FamilyPlan, numbers: Sequence[int], slot: Slot) -> list[bytes]:
        """Return for each cell the digests of the snippet that fills a slot."""
        levels = (2, 3)
        chosen = at(plan.choices[slot.name], numbers)
        found: dict[Snippet | None, bytes] = {None: b""}
        linking: set[Snippet | None] = set()
        for snippet in set(chosen) - {None}:
            assert snippet is not None  # noqa: S101  (for the type checker)
            found[snippet], links = self._fragment(snippet, levels)
            if links:
                linking.add(snippet)
        if not linking:
            return [found[snippet] for snippet in chosen]
        return [  # where they lead differs from cell to cell
            b"".join(self._snippet(plan, number, slot, levels))
            if snippet in linking
            else found[snippet]
            for number, snippet in zip(numbers, chosen, strict=True)
        ]

    def _beside(self, plan: FamilyPlan, numbers: Sequence[int]) -> list[list[bytes]]:
        """Return columns of digests of the siblings that pages link to.

        Siblings of published pages differ from these by the rows of one axis, so that only those
        rows, and what joins say of them, need to be told.
        """
        if any(verdict != PUBLISHED for verdict in at(plan.verdicts, numbers)):
            cells, siblings = self._digests.cells, self._plan.siblings
            return [[b"".join(cells(plan, siblings(plan, number))) for number in numbers]]
        columns: list[list[bytes]] = []
        for axis, column in self._plan.after(plan):
            known = self._differing(plan, axis)
            columns.append([known[other] for other in at(column, numbers)])
        return columns

    def _differing(self, plan: FamilyPlan, axis: str) -> list[bytes]:
        """Return for each cell the digests of its row on an axis and of its joins' rows about it.

        The last stands for no cell.
        """
        key = (plan.family.name, axis)
        found = self._differ.get(key)
        if found is None:
            covered = [name for name, _ in self._plan.covered(plan.family)]
            about = [name for name in covered if axis in self._project.joins[name].axes]
            joined = [self._plan.joined(plan, name) for name in about]
            known: Known[tuple[Row | None, ...], bytes] = Known(_told)
            found = self._differ[key] = [
                known[rows] for rows in zip(plan.cells.rows(axis), *joined, strict=True)
            ]
            found.append(NONE)
        return found

    def _fragment(
        self, snippet: Snippet, levels: tuple[int, ...]
    ) -> tuple[bytes, tuple[Link, ...]]:
        return self._fragments.get((snippet.path, levels)) or self._read(snippet, levels)

    def _made_of(self, plan: FamilyPlan) -> _Made:
        """Return what all pages of a family share, and where they differ."""
        family = plan.family
        covered = self._plan.covered(family)
        names = {*family.axes, *(name for name, _ in covered)}
        parts = [self._shell(family)]
        for slot in family.slots:
            parts.append(_BREAK)
            if slot.partial:
                parts += (self._partial(slot.partial), *self._tables_of(slot, names))
        made = _Made(
            shared=digest(parts),
            joins=tuple(name for name, _ in covered),
            filled=tuple(slot for slot in family.slots if slot.snippet),
            listed=tuple(slot for slot in family.slots if slot.lists or slot.folds),
        )
        self._made[family.name] = made
        return made

    def _tables_of(self, slot: Slot, known: Container[str]) -> Iterator[bytes]:
        return (self._digests.table(name) for name in slot.rows if name not in known)

    def _above(self, plan: FamilyPlan, numbers: Sequence[int]) -> list[bytes]:
        """Return for each cell the digest of the pages above it."""
        parents = self._plan.parents(plan, numbers)
        places = [place for place in dict.fromkeys(parents) if place >= 0]
        known = {-1: NONE}
        if places:
            above = self._plan.families[plan.family.parent]
            own = self._digests.cells(above, places)
            higher = self._above(above, places)
            for place, rows, high in zip(places, own, higher, strict=True):
                verdict = above.verdicts[place]
                shown = (above.family.digest, bytes((verdict,)), rows, high)
                known[place] = digest(shown) if verdict >= NOINDEX else high
        return [known[parent] for parent in parents]

    def _shell(self, family: Family) -> bytes:
        templates = (family.template, SOURCE)
        return digest((self._base, _outline(family), *map(self._theme.digest, templates)))

    def _listed(self, plan: FamilyPlan, slot: Slot, numbers: Sequence[int]) -> list[bytes]:
        """Return for each cell the digests of the pages, or folded cells, that a slot lists."""
        if slot.folds:
            return [b"".join(self._folded(plan, number, slot.folds)) for number in numbers]
        other = self._plan.families[slot.lists]
        children = [self._plan.children(plan, number, slot.lists) for number in numbers]
        every = iter(self._digests.cells(other, list(chain.from_iterable(children))))
        return [other.family.digest + b"".join(islice(every, len(some))) for some in children]

    def _snippet(
        self, plan: FamilyPlan, number: int, slot: Slot, levels: tuple[int, ...]
    ) -> Iterator[bytes]:
        """Yield the digests of the snippet that fills a slot, and of what it links to."""
        snippet = plan.choices[slot.name][number]
        if snippet is None:
            return
        own, links = self._fragment(snippet, levels)
        yield own
        if links:
            scope = self._plan.scope(plan.family, plan.cells[number])
            for link in links:
                yield from self._target(link, scope)

    def _folded(self, plan: FamilyPlan, number: int, name: str) -> Iterator[bytes]:
        other = self._plan.families[name]
        yield _outline(other.family)
        for child in self._plan.folded(plan, number, name):
            scope = self._plan.scope(other.family, other.cells[child])
            yield from (self._digests.row(row) for name, row in scope.items() if name != "site")
            yield bytes((FOLDED,))
            for slot in other.family.slots:
                if slot.name in other.family.fold_slots:
                    yield _BREAK
                    yield from self._filling(other, child, slot, scope)
        own = tuple(axis for axis in other.family.axes if axis not in plan.family.axes)
        for hub in self._plan.families.values():
            if hub.family.axes == own and hub.family.listed:
                yield self._digests.family(hub.family.name)

    def _filling(
        self, plan: FamilyPlan, number: int, slot: Slot, scope: Mapping[str, Any]
    ) -> Iterator[bytes]:
        """Yield the digests of what fills a slot of a folded cell."""
        if slot.snippet and plan.choices[slot.name][number] is not None:
            yield from self._snippet(plan, number, slot, (4,))
        elif slot.partial:
            yield self._partial(slot.partial)
            yield from self._tables_of(slot, scope)

    def _read(self, snippet: Snippet, levels: tuple[int, ...]) -> tuple[bytes, tuple[Link, ...]]:
        """Return the digest of a snippet's fragments and of what they cite, and their links."""
        fragments = [
            fragment
            for level in levels
            if (fragment := self._plan.fragments.get((snippet.path, level)))
        ]
        parts = [item.digest for item in fragments]
        linked = [item for item in fragments if item.linked]
        links = tuple(part for item in linked for part in item.segments if isinstance(part, Link))
        found = self._fragments[(snippet.path, levels)] = (digest(parts), links)
        return found

    def _target(self, link: Link, scope: Mapping[str, Any]) -> Iterator[bytes]:
        family = self._project.families[link.family]
        if any(isinstance(pin, Path) for _, pin in link.pins):
            yield self._digests.family(link.family)
            return
        pins = dict(link.pins)
        rows = {axis: pins.get(axis, scope.get(axis)) for axis in family.axes}
        yield family.digest
        if any(not isinstance(row, Row) for row in rows.values()):
            return
        found = self._plan.find(link.family, rows)  # type: ignore[arg-type]
        if found is None:
            return
        target, number = found
        yield bytes((target.verdicts[number],))
        above = self._plan.parent(target, number)
        if above:
            yield above[0].family.digest
            yield bytes((above[0].verdicts[above[1]],))
        yield from self._digests.cells(target, (number,))

    def _partial(self, name: str) -> bytes:
        found = self._partials.get(name)
        if found is None:
            found = self._partials[name] = digest(self._partial_parts(name))
        return found

    def _partial_parts(self, name: str) -> Iterator[bytes]:
        yield self._theme.digest(name)
        text = self._theme.text(name)
        yield from self._digests.literals(text)
        for argument in _FACT_CALL.findall(text):
            # A field is a row or a text of one, and in that row's digest; a name may stand for
            # anything, but for an id only where one is put together.
            known = LITERAL.fullmatch(argument) or _FIELD.fullmatch(argument)
            if known or (_NAME.fullmatch(argument) and not _COMPUTED.search(text)):
                continue
            yield self._digests.table("facts")
            yield self._digests.table("sources")
            break
        yield from self._digests.linked(text)


def _told(rows: tuple[Row | None, ...]) -> bytes:
    """Return the digests of rows that stand together."""
    return b"".join([row.digest if row else NONE for row in rows])


def _dates(plan: FamilyPlan, number: int, page: int) -> bytes:
    """Return what a page prints of its line in the ledger."""
    entry = plan.entries[number] if page == 1 else None
    return f"{entry.published} {entry.modified}".encode() if entry else b""


def _outline(family: Family) -> bytes:
    """Return the digest of a family and of the order of its slots."""
    names = "\0".join(slot.name for slot in family.slots)
    return blake2b(family.digest + names.encode(), digest_size=16).digest()


def _schemas(project: Project) -> bytes:
    """Return the digest of which fields are declared, and which of them are Markdown."""
    fields = {kind: names and sorted(names) for kind, names in project.fields.items()}
    markdown = {kind: sorted(names) for kind, names in project.markdown.items()}
    text = json.dumps((fields, markdown), sort_keys=True)
    return blake2b(text.encode(), digest_size=16).digest()
