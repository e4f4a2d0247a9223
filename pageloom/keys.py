"""Keys of pages: digests of all that a page is made from. Pure; the manifest does the I/O.

Where it cannot be told without rendering what a text will look up, the key takes in all that it may
look up: a page too many is made again and found equal, never one too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

from pageloom.model import Cite, Family, Fragment, Link, Path, Project, Row, Slot, Snippet
from pageloom.plan import FOLDED, Cell, FamilyPlan, Plan
from pageloom.theme import Theme

_FACT_CALL = re.compile(r"\b(?:fact|cite)\(\s*([^)]*?)\s*\)")
_LINK_CALL = re.compile(r"\b(?:link|url)\(\s*([^,)]*)")
_LITERAL = re.compile(r"""["']([^"'\n]+)["']""")
_FIELD = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_COMPUTED = re.compile(r"~|\+|%\s*\(|\|\s*(?:join|format|replace|list|map|reverse)\b|\{%-?\s*set\b")
_BREAK = b"/"
NONE = b"\0" * 16
KEPT_CELLS = 20_000


def digest(parts: Iterable[bytes]) -> bytes:
    """Return the digest of some digests (16 bytes)."""
    return blake2b(b"".join(parts), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Made:
    """What all pages of a family share, and where they differ."""

    shared: bytes
    joins: tuple[tuple[Mapping[Cell, Row], Callable[[Cell], Cell]], ...]
    filled: tuple[Slot, ...]
    listed: tuple[Slot, ...]


class _Cells(dict[int, bytes]):
    """Digests of cells by their numbers; pages near each other link to the same ones."""

    def __init__(self, make: Callable[[int], bytes]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> bytes:
        found = self[number] = self._make(number)
        return found

    def trim(self) -> None:
        """Forget them where there are many."""
        if len(self) > KEPT_CELLS:
            self.clear()


class _CircleError(Exception):
    """Rows refer to each other in a circle, as entries of a glossary may."""


class Keys:
    """Makes keys of pages; one a process."""

    def __init__(self, plan: Plan, theme: Theme, base: bytes) -> None:
        """Take as `base` the digest of what every page depends on: engine, words, settings."""
        self._plan = plan
        self._project: Project = plan.project
        self._theme = theme
        self._base = digest((base, _schemas(plan.project)))
        self._partials: dict[str, bytes] = {}
        self._fragments: dict[tuple[str, tuple[int, ...]], tuple[bytes, tuple[Link, ...]]] = {}
        self._tables: dict[str, bytes] = {}
        self._families: dict[str, bytes] = {}
        self._deep: dict[Row, bytes] = {}
        self._made: dict[str, _Made] = {}
        self._cells: dict[str, _Cells] = {}
        self._above_last: tuple[Any, bytes] = (None, NONE)

    def pages(self, plan: FamilyPlan, pages: Sequence[tuple[int, int, str]]) -> list[bytes]:
        """Return the keys of pages of a family: (number of the cell, of its page, anything)."""
        numbers = [number for number, _, _ in pages]
        cells = [plan.cells[number] for number in numbers]
        made = self._made.get(plan.family.name) or self._made_of(plan)
        state = [bytes((plan.verdicts[n], page & 255, page >> 8)) for n, page, _ in pages]
        columns: list[Sequence[bytes]] = [[made.shared] * len(pages), state]
        columns += [list(map(self._looked_up, column)) for column in zip(*cells, strict=True)]
        for index, pick in made.joins:
            columns.append([self._joined(index.get(pick(cell))) for cell in cells])
        columns += [self._filled(plan, numbers, slot) for slot in made.filled]
        for slot in made.listed:
            columns.append([b"".join(self._listed(plan, number, slot)) for number in numbers])
        if plan.family.related:
            kept = self._cells.setdefault(plan.family.name, _Cells(partial(self._cell, plan)))
            kept.trim()
            siblings = self._plan.siblings
            columns.append(
                [b"".join([kept[other] for other in siblings(plan, n)]) for n in numbers]
            )
        columns.append([self._above(plan, number) for number in numbers])
        if plan.entries:
            columns.append([_dates(plan, number, page) for number, page, _ in pages])
        return [
            blake2b(_BREAK.join(parts), digest_size=16).digest()
            for parts in zip(*columns, strict=True)
        ]

    def _joined(self, row: Row | None) -> bytes:
        return NONE if row is None else self._looked_up(row)

    def _filled(self, plan: FamilyPlan, numbers: Sequence[int], slot: Slot) -> list[bytes]:
        """Return for each cell the digests of the snippet that fills a slot."""
        levels = (2, 3)
        found: dict[Snippet | None, bytes] = {None: b""}
        column: list[bytes] = []
        for number in numbers:
            snippet = plan.choices[slot.name][number]
            part = found.get(snippet)
            if part is None and snippet is not None:
                own, links = self._fragment(snippet, levels)
                if links:  # where they lead differs from cell to cell
                    part = b"".join(self._snippet(plan, number, slot, levels))
                else:
                    part = found[snippet] = own
            column.append(part or b"")
        return column

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
            joins=tuple((self._project.joins[name].index, pick) for name, pick in covered),
            filled=tuple(slot for slot in family.slots if slot.snippet),
            listed=tuple(slot for slot in family.slots if slot.lists or slot.folds),
        )
        self._made[family.name] = made
        return made

    def _tables_of(self, slot: Slot, known: Container[str]) -> Iterator[bytes]:
        return (self._table(name) for name in slot.rows if name not in known)

    def _cell(self, plan: FamilyPlan, number: int) -> bytes:
        """Return the digests of a sibling's rows."""
        return b"".join(self._rows(plan, number))

    def _rows(self, plan: FamilyPlan, number: int) -> Iterator[bytes]:
        """Yield the digests of a cell's rows."""
        cell = plan.cells[number]
        for row in cell:
            yield row.digest
        for name, pick in self._plan.covered(plan.family):
            joined = self._project.joins[name].index.get(pick(cell))
            yield NONE if joined is None else joined.digest

    def _above(self, plan: FamilyPlan, number: int) -> bytes:
        """Return the digest of the pages above a cell; its neighbours have the same."""
        above = self._plan.parent(plan, number)
        if above is None:
            return NONE
        key = (above[0].family.name, above[1])
        if self._above_last[0] != key:
            parts: list[bytes] = []
            for crumb, place in self._plan.crumbs(plan, number):
                parts += (crumb.family.digest, bytes((crumb.verdicts[place],)))
                parts += self._rows(crumb, place)
            self._above_last = (key, digest(parts))
        return self._above_last[1]

    def _shell(self, family: Family) -> bytes:
        return digest((self._base, _outline(family), self._theme.digest(family.template)))

    def _own_rows(self, scope: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the digests of a cell's rows with what their texts look up."""
        for name, row in scope.items():
            if name != "site":
                yield self._looked_up(row) if row is not None else NONE

    def _listed(self, plan: FamilyPlan, number: int, slot: Slot) -> Iterator[bytes]:
        if slot.folds:
            yield from self._folded(plan, number, slot.folds)
            return
        other = self._plan.families[slot.lists]
        yield other.family.digest
        for child in self._plan.children(plan, number, slot.lists):
            yield from self._rows(other, child)

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
            yield from self._own_rows(scope)
            yield bytes((FOLDED,))
            for slot in other.family.slots:
                if slot.name in other.family.fold_slots:
                    yield _BREAK
                    yield from self._filling(other, child, slot, scope)
        own = tuple(axis for axis in other.family.axes if axis not in plan.family.axes)
        for hub in self._plan.families.values():
            if hub.family.axes == own and hub.family.listed:
                yield self._family(hub.family.name)

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
        parts = [part for item in fragments for part in (item.digest, *_cited(item))]
        links = tuple(
            segment for item in fragments for segment in item.segments if isinstance(segment, Link)
        )
        found = self._fragments[(snippet.path, levels)] = (digest(parts), links)
        return found

    def _target(self, link: Link, scope: Mapping[str, Any]) -> Iterator[bytes]:
        family = self._project.families[link.family]
        if any(isinstance(pin, Path) for _, pin in link.pins):
            yield self._family(link.family)
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
        yield from self._rows(target, number)

    def _partial(self, name: str) -> bytes:
        found = self._partials.get(name)
        if found is None:
            found = self._partials[name] = digest(self._partial_parts(name))
        return found

    def _partial_parts(self, name: str) -> Iterator[bytes]:
        yield self._theme.digest(name)
        text = self._theme.text(name)
        yield from self._literals(text)
        for argument in _FACT_CALL.findall(text):
            # A field is a row or a text of one, and in that row's digest; a name may stand for
            # anything, but for an id only where one is put together.
            known = _LITERAL.fullmatch(argument) or _FIELD.fullmatch(argument)
            if known or (_NAME.fullmatch(argument) and not _COMPUTED.search(text)):
                continue
            yield self._table("facts")
            yield self._table("sources")
            break
        yield from self._linked(text)

    def _literals(self, text: str) -> Iterator[bytes]:
        """Yield the digests of the facts and sources that a text names in quotes."""
        for literal in _LITERAL.findall(text):
            row = self._project.facts.get(literal) or self._project.sources.get(literal)
            if row is not None:
                yield row.digest

    def _linked(self, text: str) -> Iterator[bytes]:
        """Yield the digests of the families that a text links to."""
        for argument in _LINK_CALL.findall(text):
            literal = _LITERAL.fullmatch(argument.strip())
            names = [literal[1]] if literal else list(self._plan.families)
            for family in names:
                if family in self._plan.families:
                    yield self._family(family)

    def _looked_up(self, row: Row) -> bytes:
        """Return the digest of a row and of the facts, sources and pages that its texts name."""
        found = self._deep.get(row)
        if found is None:
            try:
                found = self._from_its_own(row, set())
            except _CircleError:
                found = self._deep[row] = self._walked(row)
        return found

    def _from_its_own(self, row: Row, above: set[Row]) -> bytes:
        """Return that digest from the row's own texts and the digests of the rows it refers to.

        Raises `_CircleError` where rows refer to each other.
        """
        found = self._deep.get(row)
        if found is None:
            if row in above:
                raise _CircleError
            above.add(row)
            parts = [row.digest]
            for name, value in _own(row):
                if isinstance(value, Row):
                    parts.append(self._from_its_own(value, above))
                else:
                    parts += self._named(row, name, value)
            above.discard(row)
            found = self._deep[row] = digest(parts) if len(parts) > 1 else row.digest
        return found

    def _walked(self, row: Row) -> bytes:
        """Return that digest from the texts of all rows that can be reached."""
        parts = [row.digest]
        seen = {row}
        queue = [row]
        while queue:
            reached = queue.pop()
            for name, value in _own(reached):
                if not isinstance(value, Row):
                    parts += self._named(reached, name, value)
                elif value not in seen:
                    seen.add(value)
                    queue.append(value)
        return digest(parts)

    def _named(self, row: Row, name: str, text: str) -> Iterator[bytes]:
        """Yield the digests of what a text of a row names."""
        named = self._project.facts.get(text) or self._project.sources.get(text)
        if named is not None:
            yield named.digest
        if name in self._project.markdown.get(row.kind, ()):
            yield from self._literals(text)
            yield from self._linked(text)

    def _table(self, name: str) -> bytes:
        found = self._tables.get(name)
        if found is None:
            table = {"facts": "fact", "sources": "source"}.get(name, name)
            rows = self._project.tables.get(table, ())
            found = self._tables[name] = digest(self._looked_up(row) for row in rows)
        return found

    def _family(self, name: str) -> bytes:
        """Return the digest of which cells a family has, their verdicts, rows and parents'."""
        found = self._families.get(name)
        if found is None:
            plan = self._plan.families[name]
            parts = [plan.family.digest, bytes(plan.verdicts)]
            if plan.family.parent:
                above = self._plan.families[plan.family.parent]
                parts += (above.family.digest, bytes(above.verdicts))
            for axis in plan.family.axes:
                parts += (row.digest for row in self._project.axes[axis])
            for number in range(len(plan.cells)):
                parts += self._rows(plan, number)
            found = self._families[name] = digest(parts)
        return found


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


def _own(row: Row) -> Iterator[tuple[str, str | Row]]:
    """Yield every text of a row and every row it refers to, with the field it stands in."""
    queue: list[tuple[str, Any]] = list(row.values.items())
    while queue:
        name, value = queue.pop()
        if isinstance(value, (str, Row)):
            yield name, value
        elif isinstance(value, tuple):
            queue += ((name, item) for item in value)
        elif isinstance(value, Mapping):
            queue += ((name, item) for item in value.values())


def _cited(fragment: Fragment) -> Iterator[bytes]:
    """Yield the digests of the facts and sources of a fragment, and of its literal words."""
    for segment in fragment.segments:
        if isinstance(segment, bytes):
            yield blake2b(segment, digest_size=16).digest()
        elif isinstance(segment, Cite):
            yield segment.source.digest
            yield segment.fact.digest if segment.fact else NONE
