"""Keys of pages: digests of all that a page is made from. Pure; the manifest does the I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from pageloom.model import Cite, FactCall, Family, Fragment, Link, Path, Project, Row, Slot
from pageloom.plan import FOLDED, Cell, FamilyPlan, Plan
from pageloom.theme import Theme

_FACT_CALL = re.compile(r"\b(?:fact|cite)\(\s*([^)]*?)\s*\)")
_LINK_CALL = re.compile(r"\b(?:link|url)\(\s*([^,)]*)")
_LITERAL = re.compile(r"""["']([^"']+)["']""")
_DOTTED = re.compile(r"[a-z_][a-z0-9_.]*")
NONE = b"\0" * 16
_MadeOf = tuple[bytes, list[Any], list[Any], tuple[Slot, ...]]
"""Digest that all pages of a family share; joins, snippet columns and lists that differ."""


def digest(parts: Iterable[bytes]) -> bytes:
    """Return the digest of some digests (16 bytes)."""
    return blake2b(b"".join(parts), digest_size=16).digest()


class Keys:
    """Makes keys of pages; one a process."""

    def __init__(self, plan: Plan, theme: Theme, base: bytes) -> None:
        """Take as `base` the digest of what every page depends on: engine, words, settings."""
        self._plan = plan
        self._project: Project = plan.project
        self._theme = theme
        self._base = base
        self._partials: dict[str, bytes] = {}
        self._fragments: dict[int, tuple[bytes, tuple[Link, ...]]] = {}
        self._tables: dict[str, bytes] = {}
        self._families: dict[str, bytes] = {}
        self._families_made: dict[str, _MadeOf] = {}
        self._ring_digests: dict[tuple[str, int, Cell], bytes] = {}

    def page(self, plan: FamilyPlan, number: int, page: int) -> bytes:
        """Return the key of page `page` of a cell."""
        cell = plan.cells[number]
        static, joins, columns, dynamic = self._made_of(plan)
        parts = [static, bytes((plan.verdicts[number], page & 255, page >> 8))]
        parts += [row.digest for row in cell]
        for index, pick in joins:
            joined = index.get(pick(cell))
            parts.append(NONE if joined is None else joined.digest)
        for column, levels in columns:
            snippet = column[number]
            if snippet is None:
                parts.append(NONE)
                continue
            for level in levels:
                fragment = self._plan.fragments.get((snippet.path, level))
                if fragment is not None:
                    own, links = self._fragment(fragment)
                    parts.append(own)
                    for link in links:
                        parts.extend(self._target(link, self._plan.scope(plan.family, cell)))
        for place, (ring, pick, _) in enumerate(self._plan.rings(plan)):
            parts.append(self._ring(plan, place, ring, pick(cell)))
        for slot in dynamic:
            parts.extend(self._listed(plan, number, slot))
        above = self._plan.parent(plan, number)
        if above is not None:
            parts.append(bytes((above[0].verdicts[above[1]],)))
        return digest(parts)

    def _made_of(self, plan: FamilyPlan) -> _MadeOf:
        """Return what all pages of a family are made of, and where their differences are."""
        found = self._families_made.get(plan.family.name)
        if found is None:
            family = plan.family
            parts = [self._shell(family)]
            for slot in family.slots:
                if slot.partial:
                    parts.append(self._partial(slot.partial))
                    covered = {*family.axes, *(name for name, _ in self._plan.covered(family))}
                    parts += [self._table(name) for name in slot.rows if name not in covered]
                if slot.lists:
                    parts.append(self._plan.families[slot.lists].family.digest)
            joins = [
                (self._project.joins[name].index, pick) for name, pick in self._plan.covered(family)
            ]
            columns = [
                (plan.choices[slot.name], (3,) if slot.heading else (2,))
                for slot in family.slots
                if slot.snippet
            ]
            dynamic = tuple(slot for slot in family.slots if slot.lists or slot.folds)
            found = (digest(parts), joins, columns, dynamic)
            self._families_made[family.name] = found
        return found

    def _ring(
        self, plan: FamilyPlan, place: int, ring: Mapping[Cell, list[int]], shared: Cell
    ) -> bytes:
        """Return the digest of the published siblings among which a page links to some."""
        key = (plan.family.name, place, shared)
        found = self._ring_digests.get(key)
        if found is None:
            group = ring.get(shared, ())
            rows = (row.digest for number in group for row in plan.cells[number])
            found = self._ring_digests[key] = digest(rows)
        return found

    def _shell(self, family: Family) -> bytes:
        parts = [self._base, family.digest, self._theme.digest(family.template)]
        above = self._project.families.get(family.parent)
        while above is not None:
            parts.append(above.digest)
            above = self._project.families.get(above.parent)
        return digest(parts)

    def _rows(self, family: Family, cell: Cell) -> Iterator[bytes]:
        for row in cell:
            yield row.digest
        for name, pick in self._plan.covered(family):
            joined = self._project.joins[name].index.get(pick(cell))
            yield NONE if joined is None else joined.digest

    def _listed(self, plan: FamilyPlan, number: int, slot: Slot) -> Iterator[bytes]:
        if slot.folds:
            yield from self._folded(plan, number, slot.folds)
            return
        other = self._plan.families[slot.lists]
        for child in self._plan.children(plan, number, slot.lists):
            yield from self._rows(other.family, other.cells[child])

    def _folded(self, plan: FamilyPlan, number: int, name: str) -> Iterator[bytes]:
        other = self._plan.families[name]
        yield other.family.digest
        for child in self._plan.folded(plan, number, name):
            scope = self._plan.scope(other.family, other.cells[child])
            yield from self._rows(other.family, other.cells[child])
            yield bytes((FOLDED,))
            for slot in other.family.slots:
                if slot.name not in other.family.fold_slots:
                    continue
                snippet = other.choices[slot.name][child] if slot.snippet else None
                if snippet is not None:
                    own, links = self._fragment(self._plan.fragments[(snippet.path, 4)])
                    yield own
                    for link in links:
                        yield from self._target(link, scope)
                elif slot.partial:
                    yield self._partial(slot.partial)
        for family in self._plan.families.values():
            if len(family.family.axes) == 1 and family.family.listed:
                yield self._family(family.family.name)

    def _fragment(self, fragment: Fragment) -> tuple[bytes, tuple[Link, ...]]:
        """Return the digest of a fragment and of what it cites, and its links."""
        found = self._fragments.get(id(fragment))
        if found is None:
            own = digest((fragment.digest, *_cited(fragment)))
            links = tuple(item for item in fragment.segments if isinstance(item, Link))
            found = self._fragments[id(fragment)] = (own, links)
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
        yield bytes((above[0].verdicts[above[1]],)) if above else b"-"
        yield from self._rows(family, target.cells[number])

    def _partial(self, name: str) -> bytes:
        found = self._partials.get(name)
        if found is None:
            found = self._partials[name] = digest(self._partial_parts(name))
        return found

    def _partial_parts(self, name: str) -> Iterator[bytes]:
        yield self._theme.digest(name)
        text = self._theme.text(name)
        for argument in _FACT_CALL.findall(text):
            literal = _LITERAL.fullmatch(argument)
            if literal:
                row = self._project.facts.get(literal[1]) or self._project.sources.get(literal[1])
                yield row.digest if row else NONE
            elif not _DOTTED.fullmatch(argument):
                yield self._table("facts")
                yield self._table("sources")
        for argument in _LINK_CALL.findall(text):
            literal = _LITERAL.fullmatch(argument.strip())
            names = [literal[1]] if literal else list(self._plan.families)
            for family in names:
                if family in self._plan.families:
                    yield self._family(family)

    def _table(self, name: str) -> bytes:
        found = self._tables.get(name)
        if found is None:
            table = {"facts": "fact", "sources": "source"}.get(name, name)
            rows = self._project.tables.get(table, ())
            found = self._tables[name] = digest(row.digest for row in rows)
        return found

    def _family(self, name: str) -> bytes:
        """Return the digest of which cells a family has, their verdicts, rows and parents'."""
        found = self._families.get(name)
        if found is None:
            plan = self._plan.families[name]
            rows = (row.digest for cell in plan.cells for row in cell)
            above = plan.family.parent
            parent = bytes(self._plan.families[above].verdicts) if above else b""
            found = digest((plan.family.digest, bytes(plan.verdicts), parent, *rows))
            self._families[name] = found
        return found


def _cited(fragment: Fragment) -> Iterator[bytes]:
    """Yield the digests of the facts and sources of a fragment, and its literal words."""
    for segment in fragment.segments:
        if isinstance(segment, bytes):
            yield blake2b(segment, digest_size=16).digest()
        elif isinstance(segment, Cite):
            yield segment.source.digest
            yield segment.fact.digest if segment.fact else NONE
        elif isinstance(segment, FactCall):
            yield str(segment.path).encode()
