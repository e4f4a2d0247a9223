"""Keys of pages: digests of all that a page is made from. Pure; the manifest does the I/O.

Where it cannot be told without rendering what a text will look up, the key takes in all that it may
look up: a page too many is made again and found equal, never one too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from pageloom.model import Cite, Family, Fragment, Link, Path, Project, Row, Slot
from pageloom.plan import FOLDED, FamilyPlan, Plan
from pageloom.theme import Theme

_FACT_CALL = re.compile(r"\b(?:fact|cite)\(\s*([^)]*?)\s*\)")
_LINK_CALL = re.compile(r"\b(?:link|url)\(\s*([^,)]*)")
_LITERAL = re.compile(r"""["']([^"'\n]+)["']""")
_FIELD = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_COMPUTED = re.compile(r"~|\+|%\s*\(|\|\s*(?:join|format|replace|list|map|reverse)\b|\{%-?\s*set\b")
_BREAK = b"/"
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
        self._base = digest((base, _schemas(plan.project)))
        self._partials: dict[str, bytes] = {}
        self._fragments: dict[int, bytes] = {}
        self._tables: dict[str, bytes] = {}
        self._families: dict[str, bytes] = {}
        self._shells: dict[str, bytes] = {}
        self._deep: dict[Row, bytes] = {}

    def page(self, plan: FamilyPlan, number: int, page: int) -> bytes:
        """Return the key of page `page` of a cell."""
        family, cell = plan.family, plan.cells[number]
        scope = self._plan.scope(family, cell)
        parts = [
            self._shell(family),
            bytes((plan.verdicts[number], page & 255, page >> 8)),
            *self._own_rows(scope),
        ]
        for slot in family.slots:
            parts.append(_BREAK)
            parts.extend(self._slot(plan, number, slot, scope))
        for other in self._plan.siblings(plan, number):
            parts.extend(_rows(self._plan.scope(family, plan.cells[other])))
        for above, place in self._plan.crumbs(plan, number):
            parts += (above.family.digest, bytes((above.verdicts[place],)))
        return digest(parts)

    def _shell(self, family: Family) -> bytes:
        found = self._shells.get(family.name)
        if found is None:
            parts = [self._base, _outline(family), self._theme.digest(family.template)]
            above = self._project.families.get(family.parent)
            seen = {family.name}
            while above is not None and above.name not in seen:
                seen.add(above.name)
                parts.append(above.digest)
                above = self._project.families.get(above.parent)
            found = self._shells[family.name] = digest(parts)
        return found

    def _own_rows(self, scope: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the digests of a cell's rows with what their texts look up."""
        for name, row in scope.items():
            if name != "site":
                yield self._looked_up(row) if row is not None else NONE

    def _slot(
        self, plan: FamilyPlan, number: int, slot: Slot, scope: Mapping[str, Any]
    ) -> Iterator[bytes]:
        if slot.lists:
            other = self._plan.families[slot.lists]
            yield other.family.digest
            for child in self._plan.children(plan, number, slot.lists):
                yield from _rows(self._plan.scope(other.family, other.cells[child]))
        elif slot.folds:
            yield from self._folded(plan, number, slot.folds)
        else:
            yield from self._filling(plan, number, slot, scope, (2, 3))

    def _filling(
        self,
        plan: FamilyPlan,
        number: int,
        slot: Slot,
        scope: Mapping[str, Any],
        levels: Iterable[int],
    ) -> Iterator[bytes]:
        """Yield the digests of the snippet or partial that fills a slot."""
        snippet = plan.choices[slot.name][number] if slot.snippet else None
        if snippet is not None:
            for level in levels:
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
        yield _outline(other.family)
        for child in self._plan.folded(plan, number, name):
            scope = self._plan.scope(other.family, other.cells[child])
            yield from self._own_rows(scope)
            yield bytes((FOLDED,))
            for slot in other.family.slots:
                if slot.name in other.family.fold_slots:
                    yield _BREAK
                    yield from self._filling(other, child, slot, scope, (4,))
        own = tuple(axis for axis in other.family.axes if axis not in plan.family.axes)
        for hub in self._plan.families.values():
            if hub.family.axes == own and hub.family.listed:
                yield self._family(hub.family.name)

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
        if above:
            yield above[0].family.digest
            yield bytes((above[0].verdicts[above[1]],))
        yield from _rows(self._plan.scope(family, target.cells[number]))

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
            parts = [row.digest]
            for reached, name, text in _texts(row):
                named = self._project.facts.get(text) or self._project.sources.get(text)
                if named is not None:
                    parts.append(named.digest)
                if name in self._project.markdown.get(reached.kind, ()):
                    parts += self._literals(text)
                    parts += self._linked(text)
            found = self._deep[row] = digest(parts) if len(parts) > 1 else row.digest
        return found

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
            for cell in plan.cells:
                parts += _rows(self._plan.scope(plan.family, cell))
            found = self._families[name] = digest(parts)
        return found


def _rows(scope: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the digests of a cell's rows."""
    for name, row in scope.items():
        if name != "site":
            yield row.digest if row is not None else NONE


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


def _texts(row: Row) -> Iterator[tuple[Row, str, str]]:
    """Yield every text of a row and of the rows it refers to, with its row and field."""
    seen = {row}
    queue: list[tuple[Row, str, Any]] = [(row, name, value) for name, value in row.values.items()]
    while queue:
        owner, name, value = queue.pop()
        if isinstance(value, str):
            yield owner, name, value
        elif isinstance(value, Row):
            if value not in seen:
                seen.add(value)
                queue += ((value, key, item) for key, item in value.values.items())
        elif isinstance(value, tuple):
            queue += ((owner, name, item) for item in value)
        elif isinstance(value, Mapping):
            queue += ((owner, name, item) for item in value.values())


def _cited(fragment: Fragment) -> Iterator[bytes]:
    """Yield the digests of the facts and sources of a fragment, and of its literal words."""
    for segment in fragment.segments:
        if isinstance(segment, bytes):
            yield blake2b(segment, digest_size=16).digest()
        elif isinstance(segment, Cite):
            yield segment.source.digest
            yield segment.fact.digest if segment.fact else NONE
