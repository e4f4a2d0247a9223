"""Keys of pages: digests of all that a page is made from. Pure; the manifest does the I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from pageloom.model import Cite, FactCall, Family, Fragment, Link, Path, Project, Row, Slot
from pageloom.plan import FOLDED, FamilyPlan, Plan
from pageloom.theme import Theme

_FACT_CALL = re.compile(r"\b(?:fact|cite)\(\s*([^)]*?)\s*\)")
_LINK_CALL = re.compile(r"\b(?:link|url)\(\s*([^,)]*)")
_LITERAL = re.compile(r"""["']([^"']+)["']""")
_DOTTED = re.compile(r"[a-z_][a-z0-9_.]*")
NONE = b"\0" * 16


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
        self._fragments: dict[int, bytes] = {}
        self._tables: dict[str, bytes] = {}
        self._families: dict[str, bytes] = {}
        self._shells: dict[str, bytes] = {}

    def page(self, plan: FamilyPlan, number: int, page: int) -> bytes:
        """Return the key of page `page` of a cell."""
        family, cell = plan.family, plan.cells[number]
        scope = self._plan.scope(family, cell)
        parts = [
            self._shell(family),
            bytes((plan.verdicts[number], page & 255, page >> 8)),
            *self._rows(family, scope),
        ]
        for slot in family.slots:
            parts.extend(self._slot(plan, number, slot, scope))
        for other in self._plan.siblings(plan, number):
            parts.extend(row.digest for row in plan.cells[other])
        for above, place in self._plan.crumbs(plan, number):
            parts.append(bytes((above.verdicts[place],)))
        return digest(parts)

    def _shell(self, family: Family) -> bytes:
        found = self._shells.get(family.name)
        if found is None:
            parts = [self._base, family.digest, self._theme.digest(family.template)]
            above = self._project.families.get(family.parent)
            while above is not None:
                parts.append(above.digest)
                above = self._project.families.get(above.parent)
            found = self._shells[family.name] = digest(parts)
        return found

    def _rows(self, family: Family, scope: Mapping[str, Any]) -> Iterator[bytes]:
        del family
        for name, row in scope.items():
            if name != "site":
                yield row.digest if row is not None else NONE

    def _slot(
        self, plan: FamilyPlan, number: int, slot: Slot, scope: Mapping[str, Any]
    ) -> Iterator[bytes]:
        if slot.lists:
            other = self._plan.families[slot.lists]
            yield other.family.digest
            for child in self._plan.children(plan, number, slot.lists):
                yield from self._rows(
                    other.family, self._plan.scope(other.family, other.cells[child])
                )
            return
        if slot.folds:
            yield from self._folded(plan, number, slot.folds)
            return
        snippet = plan.choices[slot.name][number] if slot.snippet else None
        if snippet is not None:
            for level in (2, 3):
                fragment = self._plan.fragments.get((snippet.path, level))
                if fragment is not None:
                    yield from self._fragment(fragment, scope)
        elif slot.partial:
            yield self._partial(slot.partial)
            for name in slot.rows:
                if name not in scope:
                    yield self._table(name)

    def _folded(self, plan: FamilyPlan, number: int, name: str) -> Iterator[bytes]:
        other = self._plan.families[name]
        yield other.family.digest
        for child in self._plan.folded(plan, number, name):
            scope = self._plan.scope(other.family, other.cells[child])
            yield from self._rows(other.family, scope)
            yield bytes((FOLDED,))
            for slot in other.family.slots:
                if slot.name not in other.family.fold_slots:
                    continue
                snippet = other.choices[slot.name][child] if slot.snippet else None
                if snippet is not None:
                    yield from self._fragment(self._plan.fragments[(snippet.path, 4)], scope)
                elif slot.partial:
                    yield self._partial(slot.partial)
        for family in self._plan.families.values():
            if len(family.family.axes) == 1 and family.family.listed:
                yield self._family(family.family.name)

    def _fragment(self, fragment: Fragment, scope: Mapping[str, Any]) -> Iterator[bytes]:
        own = self._fragments.get(id(fragment))
        if own is None:
            own = digest((fragment.digest, *_cited(fragment)))
            self._fragments[id(fragment)] = own
        yield own
        for segment in fragment.segments:
            if isinstance(segment, Link):
                yield from self._target(segment, scope)

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
        yield from self._rows(family, self._plan.scope(family, target.cells[number]))

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
