"""Digests of rows and of all that their texts look up: facts, sources, other rows, pages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from pageloom.known import Known
from pageloom.model import Project, Row
from pageloom.plan import FamilyPlan, Plan

_LINK_CALL = re.compile(r"\b(?:link|url)\(\s*([^,)]*)")
LITERAL = re.compile(r"""["']([^"'\n]+)["']""")
NONE = b"\0" * 16
_DIGEST = attrgetter("digest")


def digest(parts: Iterable[bytes]) -> bytes:
    """Return the digest of some digests (16 bytes)."""
    return blake2b(b"".join(parts), digest_size=16).digest()


class _CircleError(Exception):
    """Rows refer to each other in a circle, as entries of a glossary may."""


class Digests:
    """Digests of what can be reached from rows and texts; one a process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._project: Project = plan.project
        self._tables: dict[str, bytes] = {}
        self._families: dict[str, bytes] = {}
        named = {**plan.project.sources, **plan.project.facts}
        self._ids = {id_: row.digest for id_, row in named.items()}
        self._deep = Known(self._reached)
        self.row = self._deep.__getitem__
        """Returns the digest of a row and of the facts, sources and pages that its texts name.

        That of an absent row is `NONE`.
        """

    def cells(self, plan: FamilyPlan, numbers: Sequence[int]) -> list[bytes]:
        """Return for each cell the digests of its rows and of the joins' rows about it."""
        if not plan.family.axes:
            return [b""] * len(numbers)
        rows = plan.cells.rows
        columns: list[Iterable[bytes]] = [
            map(_DIGEST, rows(axis, numbers)) for axis in plan.family.axes
        ]
        for name, _ in self._plan.covered(plan.family):
            joined = self._plan.joined(plan, name)
            columns.append([row.digest if (row := joined[n]) else NONE for n in numbers])
        return list(map(b"".join, zip(*columns, strict=True)))

    def literals(self, text: str) -> Iterator[bytes]:
        """Yield the digests of the facts and sources that a text names in quotes."""
        for literal in LITERAL.findall(text):
            if literal in self._ids:
                yield self._ids[literal]

    def linked(self, text: str) -> Iterator[bytes]:
        """Yield the digests of the families that a text links to."""
        for argument in _LINK_CALL.findall(text):
            literal = LITERAL.fullmatch(argument.strip())
            names = [literal[1]] if literal else list(self._plan.families)
            for family in names:
                if family in self._plan.families:
                    yield self.family(family)

    def _reached(self, row: Row | None) -> bytes:
        if row is None:
            return NONE
        try:
            return self._from_its_own(row, set())
        except _CircleError:
            return self._walked(row)

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
            parts += (self._from_its_own(other, above) for other in row.named or ())
            for name, value in _own(row) if row.named is None else ():
                if isinstance(value, Row):
                    parts.append(self._from_its_own(value, above))
                elif "{{" in value or value in self._ids:
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

    def _named(self, row: Row, name: str, text: str) -> list[bytes]:
        """Return the digests of what a text of a row names."""
        found = [self._ids[text]] if text in self._ids else []
        if "{{" in text and name in self._project.markdown.get(row.kind, ()):
            found += self.literals(text)
            found += self.linked(text)
        return found

    def table(self, name: str) -> bytes:
        """Return the digest of all rows of a table."""
        found = self._tables.get(name)
        if found is None:
            table = {"facts": "fact", "sources": "source"}.get(name, name)
            rows = self._project.tables.get(table, ())
            found = self._tables[name] = digest(self.row(row) for row in rows)
        return found

    def family(self, name: str) -> bytes:
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
            parts += self.cells(plan, range(len(plan.cells)))
            found = self._families[name] = digest(parts)
        return found


def _own(row: Row) -> Iterator[tuple[str, str | Row]]:
    """Yield every text of a row and every row it refers to, with the field it stands in."""
    for name, value in row.values.items():
        if isinstance(value, (str, Row)):
            yield name, value
        elif value is not None:
            for item in _inner(value):
                yield name, item


def _inner(value: Any) -> Iterator[str | Row]:
    """Yield every text and row in a list or a map."""
    if isinstance(value, (str, Row)):
        yield value
    elif isinstance(value, (tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _inner(item)
