"""References between rows: looked up, checked for circles, and counted in their digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, TypeGuard

from pageloom.diagnostics import ERROR, WARNING, Diagnostic, Location, closest_help, letter, quoted
from pageloom.known import Known
from pageloom.load.pieces import Stored
from pageloom.load.rows import Raw, Tables, TableSpec, values_digest
from pageloom.load.schemas import schema_path
from pageloom.model import Join, Row
from pageloom.schema import Ref

Report = Callable[[Diagnostic], None]
Edges = Mapping[Row, list[tuple[Row, Ref]]]


def resolve(tables: Tables, report: Report) -> dict[str, tuple[Row, ...]]:
    """Look up every reference and return the rows by table, sorted by slug."""
    edges: dict[Row, list[tuple[Row, Ref]]] = {}
    _check_schemas(tables, report)
    finder = _Finder(tables, report)
    followed = {table for declared in tables.schemas.values() for table in _followed(declared)}
    for name, raws in tables.raw.items():
        for raw in raws:
            stored = None if name in followed else finder.stored(raw.values)
            if stored is not None:
                object.__setattr__(raw.row, "values", stored)
                object.__setattr__(raw.row, "named", stored.rows if stored.quiet else None)
                continue
            found = edges[raw.row] = []
            values: dict[str, Any] = raw.row.values  # type: ignore[assignment]
            values.update(raw.values)
            for key, value in raw.values.items():
                if type(value) is not str:
                    values[key] = finder.lookup(value, found)
    done: set[Row] = set()
    for start, targets in edges.items():
        if all(target in done for target, _ in targets):
            done.add(start)  # no circle can lead through it
        else:
            _walk(start, edges, done, report)
    _set_digests(tables.raw, edges)
    return {
        name: tuple(sorted((raw.row for raw in raws), key=lambda row: row.slug))
        for name, raws in tables.raw.items()
    }


def _check_schemas(tables: Tables, report: Report) -> None:
    """Report schemas that refer to what is no axis or table."""
    for name, declared in tables.schemas.items():
        for table in sorted(set(_referred(declared or {})) - set(tables.index)):
            report(
                Diagnostic(
                    code="M119",
                    location=Location(schema_path(tables.specs[name].schema)),
                    message=f"`x-ref` names {quoted(table)}, which is no axis or table",
                    expected="an axis, a table, `fact` or `source`",
                    help=closest_help(table, tables.index),
                )
            )


def _referred(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables that a schema refers to."""
    return (part["x-ref"] for part in _references(schema))


def _followed(schema: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield those whose rows become values, so that references may lead in a circle."""
    parts = _references(schema or {})
    return (part["x-ref"] for part in parts if not part.get("x-ref-checked"))


def _references(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "x-ref" in schema:
        yield schema
    for child in schema.get("properties", {}).values():
        yield from _references(child)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            yield from _references(schema[name])


class _Finder:
    """Finds the rows that references name."""

    def __init__(self, tables: Tables, report: Report) -> None:
        self._index = tables.index
        self._unread = tables.unread
        self._report = report

    def stored(self, values: Mapping[str, Any]) -> Stored | None:
        """Return packed values with the rows that they name; None where they must be unpacked.

        That is where one of these rows is not found, or its slug is the value.
        """
        if not isinstance(values, Stored):
            return None
        rows: list[Row] = []
        for table, slug, _, _, _, checked in values.refs:
            row = self._index.get(table, {}).get(slug)
            if row is None or checked or row.kind in {"draft", "broken"}:
                return None
            rows.append(row)
        return values.to(tuple(rows))

    def lookup(self, value: Any, edges: list[tuple[Row, Ref]]) -> Any:
        """Return a value with its references replaced by rows."""
        if isinstance(value, Ref):
            row = self._find(value)
            if value.checked:
                return value.slug
            if row is not None:
                edges.append((row, value))
            return row
        if isinstance(value, tuple):
            if all(isinstance(item, str) for item in value):
                return value
            found = [v if isinstance(v, str) else self.lookup(v, edges) for v in value]
            return tuple([item for item in found if item is not None])
        if isinstance(value, dict):
            return {key: self.lookup(item, edges) for key, item in value.items()}
        return value

    def _find(self, ref: Ref) -> Row | None:
        index = self._index.get(ref.table)
        if index is None:
            return None
        row = index.get(ref.slug)
        if row is None and ref.table not in self._unread:
            self._report(
                Diagnostic(
                    code=letter(ref.location.path) + "103",
                    location=ref.location,
                    message=f"unknown {ref.table} {quoted(ref.slug)}",
                    expected=f"the slug of a {ref.table}",
                    help=closest_help(ref.slug, index),
                    severity=WARNING if ref.checked else ERROR,
                )
            )
        return None if row is None or row.kind in {"draft", "broken"} else row


def _walk(start: Row, edges: Edges, done: set[Row], report: Report) -> None:
    """Report the first circle of references that can be reached from `start`."""
    path: list[Row] = []
    stack: list[tuple[Row, Iterator[tuple[Row, Ref]]]] = []

    def enter(row: Row) -> None:
        path.append(row)
        stack.append((row, iter(edges.get(row, ()))))

    if start not in done:
        enter(start)
    while stack:
        row, rest = stack[-1]
        for target, ref in rest:
            if ref.cycles or target in done:
                continue
            if target in path:
                circle = " → ".join(item.slug for item in (*path[path.index(target) :], target))
                message = f"rows refer to each other in a circle: {circle}"[:100]
                help_ = "take one reference out, or declare the field with `x-ref-cycles: true`"
                report(Diagnostic(code="M111", location=ref.location, message=message, help=help_))
                continue
            enter(target)
            break
        else:
            stack.pop()
            path.pop()
            done.add(row)


def _targets(row: Row, edges: Edges) -> Iterable[Row]:
    """Return the rows that a row refers to."""
    values = row.values
    return values.rows if isinstance(values, Stored) else (target for target, _ in edges[row])


def _own_digest(raw: Raw) -> bytes:
    dated = raw.row.kind in {"fact", "source"}  # may have got the field `due` since it was read
    return values_digest(raw.spec, raw.values) if dated or not raw.digest else raw.digest


def _set_digests(tables: Mapping[str, list[Raw]], edges: Edges) -> None:
    own = {raw.row: _own_digest(raw) for raws in tables.values() for raw in raws}
    reached: dict[Row, set[Row]] = {}
    below: Known[Row, bytes] = Known(lambda row: _below(row, edges, reached, own))
    for row, said in own.items():
        parts = sorted({below[target] for target in _targets(row, edges)})
        digest = blake2b(said + b"".join(parts), digest_size=16).digest() if parts else said
        object.__setattr__(row, "digest", digest)


def _below(row: Row, edges: Edges, reached: dict[Row, set[Row]], own: Mapping[Row, bytes]) -> bytes:
    """Return the digest of a row and all rows that it refers to."""
    parts = sorted([own[other] for other in _reachable(row, edges, reached) if other in own])
    return blake2b(b"".join(parts), digest_size=16).digest()


def _reachable(start: Row, edges: Edges, known: dict[Row, set[Row]]) -> set[Row]:
    """Return a row and all rows that it refers to, found once for each row."""
    seen = known.get(start)
    if seen is None:
        seen = known[start] = {start}
        queue = [start]
        while queue:
            for target, _ in edges.get(queue.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    queue.append(target)
    return seen


def _all_rows(items: tuple[Any, ...]) -> TypeGuard[tuple[Row, ...]]:
    return all(isinstance(item, Row) for item in items)


def _about(row: Row, axes: tuple[str, ...]) -> tuple[Any, ...]:
    values = row.values
    if isinstance(values, Stored):
        return values.rows[: len(axes)]
    return tuple(values.get(axis) for axis in axes)


def joins(specs: Iterable[TableSpec], tables: Mapping[str, tuple[Row, ...]]) -> dict[str, Join]:
    """Return the joins, indexed by the rows they are about; what is about a draft is left out."""
    made: dict[str, Join] = {}
    for spec in specs:
        rows: list[Row] = []
        index: dict[tuple[Row, ...], Row] = {}
        for row in tables.get(spec.name, ()):
            about = _about(row, spec.axes)
            if _all_rows(about):
                object.__setattr__(row, "about", about)
                rows.append(row)
                index[about] = row
        made[spec.name] = Join(spec.name, spec.axes, tuple(rows), index)
    return made
