"""Axis, table and join files as rows, with references looked up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeGuard

from pageloom import schema, source
from pageloom.diagnostics import Diagnostic, Location, closest_help, letter
from pageloom.model import Join, Row
from pageloom.schema import Ref, Validator
from pageloom.source import Node

Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What `matrix.yaml` says of an axis, table or join."""

    name: str
    file: str
    schema: str
    axes: tuple[str, ...] = ()
    key: str = "slug"


@dataclass(slots=True)
class _Raw:
    spec: TableSpec
    values: dict[str, Any]
    location: Location
    row: Row


class Tables:
    """Reads tables one after the other, then looks up what they refer to."""

    def __init__(self, root: Path, report: Report, *, preview: bool) -> None:
        self._root = root
        self._report = report
        self._preview = preview
        self._raw: dict[str, list[_Raw]] = {}
        self._index: dict[str, dict[str, Row]] = {}
        self._schemas: dict[str, Mapping[str, Any] | None] = {}
        self.drafts = 0

    def read(self, spec: TableSpec, built_in: Mapping[str, Any] | None = None) -> None:
        """Read one table; a row with problems is left out."""
        declared = self._schema(spec) or built_in
        self._schemas[spec.name] = declared
        validator = self._validator(spec, _complete(declared, spec))
        self._raw[spec.name] = []
        self._index[spec.name] = {}
        for path, node in self._nodes(spec):
            for entry in node.items:
                self._entry(spec, entry, path, validator)

    def fields(self) -> dict[str, frozenset[str] | None]:
        """Return the declared fields of each kind of row."""
        return {
            name: None if declared is None else frozenset(_complete(declared, None)["properties"])
            for name, declared in self._schemas.items()
        }

    def markdown(self) -> dict[str, frozenset[str]]:
        """Return the fields of each kind of row that are declared as Markdown."""
        return {
            name: frozenset(
                field
                for field, entry in (declared or {}).get("properties", {}).items()
                if entry.get("format") == "markdown"
            )
            for name, declared in self._schemas.items()
        }

    def resolve(self) -> dict[str, tuple[Row, ...]]:
        """Look up every reference and return the rows by table, sorted by slug."""
        edges: dict[Row, list[tuple[Row, Ref]]] = {}
        for raws in self._raw.values():
            for raw in raws:
                edges[raw.row] = []
                for key, value in raw.values.items():
                    raw.row.values[key] = self._lookup(value, edges[raw.row])  # type: ignore[index]
        self._report_cycles(edges)
        _set_digests(self._raw, edges)
        return {
            name: tuple(sorted((raw.row for raw in raws), key=_sort_key))
            for name, raws in self._raw.items()
        }

    def _schema(self, spec: TableSpec) -> Mapping[str, Any] | None:
        path = f"matrix/schemas/{spec.schema}.schema.json"
        if not (self._root / path).is_file():
            return None
        text = source.read_text(self._root, path, self._report)
        try:
            loaded = json.loads(text or "{}")
        except json.JSONDecodeError as error:
            location = Location(path, error.lineno, error.colno)
            self._report(
                Diagnostic(code="M119", location=location, message=f"not JSON: {error.msg}")
            )
            return None
        outside = schema.unsupported(loaded)
        for keyword in outside:
            self._report(
                Diagnostic(
                    code="M119",
                    location=Location(path),
                    message=f"keyword `{keyword}` is not supported",
                    expected="the subset of docs/reference/schemas.md",
                )
            )
        return None if outside else loaded

    def _validator(self, spec: TableSpec, complete: Mapping[str, Any]) -> Validator | None:
        try:
            return Validator(complete)
        except ValueError as error:
            location = Location(f"matrix/schemas/{spec.schema}.schema.json")
            message = f"the schema cannot be used: {str(error).splitlines()[0]}"[:120]
            self._report(Diagnostic(code="M119", location=location, message=message))
            return None

    def _nodes(self, spec: TableSpec) -> Iterator[tuple[str, Node]]:
        for path in self._paths(spec):
            read = source.read_csv if path.endswith(".csv") else source.read_yaml
            node = read(self._root, path, self._report)
            if node is None or node.kind == "null":
                continue
            if node.kind != "list":
                self._problem(
                    path, node, 105, "the file is not a list", "a list of rows: `- slug: …`"
                )
                continue
            yield path, node

    def hidden(self, name: str) -> set[str]:
        """Return the slugs of rows that were left out as drafts or with problems."""
        index = self._index.get(name, {})
        return {slug for slug, row in index.items() if row.kind in {"draft", "broken"}}

    def _paths(self, spec: TableSpec) -> tuple[str, ...]:
        if not spec.file:
            return ()
        path = f"matrix/{spec.file}"
        place = self._root / path
        if not place.resolve().is_relative_to(self._root.resolve()):
            self._report(
                Diagnostic(
                    code="M116",
                    location=Location("matrix/matrix.yaml"),
                    message=f"`{spec.file}` lies outside the project",
                    expected="a file under matrix/",
                )
            )
            return ()
        if place.is_dir():
            return tuple(source.files(self._root, path, (".yaml", ".yml", ".csv")))
        table = place.with_suffix(".csv")
        if place.suffix in {".yaml", ".yml"} and table.is_file():
            twin = table.relative_to(self._root).as_posix()
            if place.is_file():
                message = f"both `{path}` and `{twin}` exist"
                self._report(
                    Diagnostic(
                        code="M120",
                        location=Location(twin),
                        message=message,
                        expected="one of them",
                    )
                )
                return ()
            return (twin,)
        return (path,)

    def _entry(self, spec: TableSpec, node: Node, path: str, validator: Validator | None) -> None:
        if node.kind != "map":
            self._problem(path, node, 105, "a row that is not a map", "keys and values")
            return
        if validator is None:
            return
        problems: list[Diagnostic] = []
        if not spec.axes:
            node = self._with_slug(spec, node, path, problems)
        values = validator.convert(node, path, problems.append)
        for problem in problems:
            self._report(problem)
        if any(problem.is_error for problem in problems):
            self._remember_slug(spec, node)
            return
        if values.pop("draft", False):
            self.drafts += 1
            if not self._preview:
                self._remember_slug(spec, node, draft=True)
                return
        self._add(spec, values, Location(path, node.line, node.column))

    def _remember_slug(self, spec: TableSpec, node: Node, *, draft: bool = False) -> None:
        """Keep the slug of a row that is left out, so that references to it are not blamed."""
        slug = node.get(spec.key)
        if not spec.axes and slug is not None:
            ghost = Row("draft" if draft else "broken", slug.text, {}, Location("", 0, 0))
            self._index[spec.name].setdefault(slug.text, ghost)

    def _with_slug(
        self, spec: TableSpec, node: Node, path: str, problems: list[Diagnostic]
    ) -> Node:
        slug = node.get(spec.key)
        if slug is None:
            name = node.get("name") or node.get("title") or node.get("statement")
            problems.append(_missing_slug(spec, node, path, name.text if name else ""))
        elif spec.key == "slug" and not schema.SLUG.fullmatch(slug.text):
            from slugify import slugify

            suggestion = slugify(slug.text)
            problems.append(
                Diagnostic(
                    code="M108",
                    location=Location(path, slug.line, slug.column),
                    message=f"slug `{slug.text[:60]}` cannot stand in an address",
                    expected="lower-case letters, digits and single hyphens",
                    help=f"write `slug: {suggestion}`" if suggestion else "",
                )
            )
        return node

    def _add(self, spec: TableSpec, values: dict[str, Any], location: Location) -> None:
        slug = str(values.get(spec.key, ""))
        if spec.axes:
            slug = "/".join(str(getattr(values.get(axis), "slug", "")) for axis in spec.axes)
        index = self._index[spec.name]
        if slug in index:
            first = index[slug].location
            self._report(
                Diagnostic(
                    code="M107",
                    location=location,
                    message=f"a second {spec.name} row for `{slug}`",
                    expected="one row",
                    notes=(f"first at {first}",) if first.path else (),
                )
            )
            return
        row = Row(spec.name, slug, {}, location)
        index[slug] = row
        self._raw[spec.name].append(_Raw(spec, values, location, row))

    def _lookup(self, value: Any, edges: list[tuple[Row, Ref]]) -> Any:
        if isinstance(value, Ref):
            row = self._find(value)
            if row is not None:
                edges.append((row, value))
            return row
        if isinstance(value, tuple):
            found = (self._lookup(item, edges) for item in value)
            return tuple(item for item in found if item is not None)
        if isinstance(value, dict):
            return {key: self._lookup(item, edges) for key, item in value.items()}
        return value

    def _find(self, ref: Ref) -> Row | None:
        index = self._index.get(ref.table)
        if index is None:
            message = f"the schema refers to `{ref.table}`, which is no axis or table"
            self._report(Diagnostic(code="M119", location=ref.location, message=message))
            return None
        row = index.get(ref.slug)
        if row is None:
            self._report(
                Diagnostic(
                    code=letter(ref.location.path) + "103",
                    location=ref.location,
                    message=f"unknown {ref.table} `{ref.slug}`",
                    expected=f"the slug of a {ref.table}",
                    help=closest_help(ref.slug, index),
                )
            )
            return None
        return None if row.kind in {"draft", "broken"} else row

    def _report_cycles(self, edges: Mapping[Row, list[tuple[Row, Ref]]]) -> None:
        done: set[Row] = set()
        for start in edges:
            _walk(start, edges, done, self._report)

    def _problem(self, path: str, node: Node, number: int, message: str, expected: str) -> None:
        self._report(
            Diagnostic(
                code=f"{letter(path)}{number}",
                location=Location(path, node.line, node.column),
                message=message,
                expected=expected,
            )
        )


def _walk(
    start: Row, edges: Mapping[Row, list[tuple[Row, Ref]]], done: set[Row], report: Report
) -> None:
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
                report(Diagnostic(code="M111", location=ref.location, message=message))
                continue
            enter(target)
            break
        else:
            stack.pop()
            path.pop()
            done.add(row)


def _missing_slug(spec: TableSpec, node: Node, path: str, name: str) -> Diagnostic:
    from slugify import slugify

    suggestion = slugify(name)
    return Diagnostic(
        code="M109",
        location=Location(path, node.line, node.column),
        message=f"a {spec.name} row without `{spec.key}`",
        expected=f"a line `{spec.key}: …`",
        help=f"add the line `{spec.key}: {suggestion}`" if suggestion else "",
    )


def _complete(declared: Mapping[str, Any] | None, spec: TableSpec | None) -> dict[str, Any]:
    """Return the schema with what every row of this kind has: slug or axes, and `draft`."""
    base = dict(declared or {"type": "object", "additionalProperties": True})
    properties: dict[str, Any] = dict(base.get("properties", {}))
    properties.setdefault("draft", {"type": "boolean"})
    required = [name for name in base.get("required", ()) if name not in {"slug", "id"}]
    if spec is None:
        return {**base, "properties": properties}
    if spec.axes:
        for axis in spec.axes:
            properties[axis] = {"type": "string", "x-ref": axis}
        required = [*required, *(axis for axis in spec.axes if axis not in required)]
    else:
        properties.setdefault(spec.key, {"type": "string"})
    return {**base, "properties": properties, "required": required}


def _sort_key(row: Row) -> str:
    return row.slug


def _own_digest(raw: _Raw) -> bytes:
    text = json.dumps(_canonical(raw.values), sort_keys=True, ensure_ascii=False)
    head = f"{raw.spec.name}\0{raw.row.slug}\0"
    return blake2b((head + text).encode(), digest_size=16).digest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"ref": value.slug}
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value


def _set_digests(
    tables: Mapping[str, list[_Raw]], edges: Mapping[Row, list[tuple[Row, Ref]]]
) -> None:
    own = {raw.row: _own_digest(raw) for raws in tables.values() for raw in raws}
    for row, targets in edges.items():
        digest = own[row]
        if targets:
            reached = sorted(own[other] for other in _reachable(row, edges) if other in own)
            digest = blake2b(digest + b"".join(reached), digest_size=16).digest()
        object.__setattr__(row, "digest", digest)


def _reachable(row: Row, edges: Mapping[Row, list[tuple[Row, Ref]]]) -> set[Row]:
    seen: set[Row] = set()
    queue = [row]
    while queue:
        for target, _ in edges.get(queue.pop(), ()):
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


def _all_rows(items: tuple[Any, ...]) -> TypeGuard[tuple[Row, ...]]:
    return all(isinstance(item, Row) for item in items)


def joins(specs: Iterable[TableSpec], tables: Mapping[str, tuple[Row, ...]]) -> dict[str, Join]:
    """Return the joins, indexed by the rows they are about; what is about a draft is left out."""
    made: dict[str, Join] = {}
    for spec in specs:
        rows: list[Row] = []
        index: dict[tuple[Row, ...], Row] = {}
        for row in tables.get(spec.name, ()):
            about = tuple(row.values.get(axis) for axis in spec.axes)
            if _all_rows(about):
                object.__setattr__(row, "about", about)
                rows.append(row)
                index[about] = row
        made[spec.name] = Join(spec.name, spec.axes, tuple(rows), index)
    return made
