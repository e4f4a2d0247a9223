"""Axis, table and join files as rows, their references still open."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import source, trees
from pageloom.diagnostics import Diagnostic, Location, Start, letter, quoted
from pageloom.load import csv_table, slugs
from pageloom.load.pieces import Entry, Pieces, Stored
from pageloom.load.pieces import entry as made
from pageloom.load.schemas import read_schema, schema_path
from pageloom.model import Row
from pageloom.schema import Ref, Validator
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
_SUFFIXES = (".yaml", ".yml", ".csv")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What `matrix.yaml` says of an axis, table or join."""

    name: str
    file: str
    schema: str
    axes: tuple[str, ...] = ()
    key: str = "slug"
    location: Location = field(default_factory=lambda: Location("matrix/matrix.yaml"))
    routed: bool = False
    """Whether slugs of these rows stand in addresses, so that former ones matter."""


@dataclass(slots=True)
class Raw:
    """A row whose values still hold references."""

    spec: TableSpec
    values: Mapping[str, Any]
    row: Row
    digest: bytes = b""
    """Digest of the values, where they were kept with it."""

    def mark(self, name: str, value: str) -> None:
        """Give the row a value that does not stand in its file."""
        self.values = {**self.values, name: value}


class Tables:
    """Reads tables one after the other, then looks up what they refer to."""

    def __init__(self, root: Path, report: Report, *, preview: bool, lang: str) -> None:
        """`lang`: the language of the site, for slugs that are suggested."""
        self.lang = lang
        self._root = root
        self._report = report
        self._preview = preview
        self.raw: dict[str, list[Raw]] = {}
        self.index: dict[str, dict[str, Row]] = {}
        self.schemas: dict[str, Mapping[str, Any] | None] = {}
        self.unread: set[str] = set()
        """Tables with a file or slug that could not be read: references are not judged."""
        self.starts: dict[tuple[Row, str], Start] = {}
        """Where the Markdown fields of rows start in their files."""
        self.specs: dict[str, TableSpec] = {}
        self.drafts = 0

    def read(self, spec: TableSpec, built_in: Mapping[str, Any] | None = None) -> None:
        """Read one table; a row with problems is left out."""
        declared = built_in or read_schema(self._root, spec.schema, self._report)
        self.schemas[spec.name] = declared
        self.specs[spec.name] = spec
        validator = self._validator(spec, complete(declared, spec))
        self.raw[spec.name] = []
        self.index[spec.name] = {}
        for path in self.paths(spec):
            self._read_file(spec, path, validator)

    def fields(self) -> dict[str, frozenset[str] | None]:
        """Return the declared fields of each kind of row."""
        found = {
            name: None if declared is None else frozenset(complete(declared, None)["properties"])
            for name, declared in self.schemas.items()
        }
        for name in ("fact", "source"):
            found[name] = (found.get(name) or frozenset()) | {"due"}
        return found

    def carried(self, name: str) -> frozenset[str] | None:
        """Return the fields of rows without a schema; None where it has one, or rows are unread."""
        rows = self.raw.get(name)
        if (
            self.schemas.get(name) is not None
            or name in self.unread
            or self.hidden(name)
            or not rows
        ):
            return None
        own = complete(None, self.specs[name])["properties"]
        return frozenset(own).union(*(raw.values for raw in rows))

    def markdown(self) -> dict[str, frozenset[str]]:
        """Return the fields of each kind of row that are declared as Markdown."""
        return {name: _markdown_fields(declared) for name, declared in self.schemas.items()}

    def _validator(self, spec: TableSpec, complete: Mapping[str, Any]) -> Validator | None:
        try:
            return Validator(complete)
        except ValueError as error:
            location = Location(schema_path(spec.schema))
            message = f"the schema cannot be used: {str(error).splitlines()[0]}"[:80]
            self._report(Diagnostic(code="M119", location=location, message=message))
            self.unread.add(spec.name)
            return None

    def _read_file(self, spec: TableSpec, path: str, validator: Validator | None) -> None:
        text = source.read_text(self._root, path, self._report)
        csv = path.endswith(".csv")
        if text is not None and len(text) >= trees.LONG and not csv and validator is not None:
            entries = self._pieces(spec, validator).entries(text, path)
            if entries is not None:
                for entry in entries:
                    self._take(spec, entry)
                return
        node = None
        if text is not None and csv:
            node = csv_table.parse(
                text, path, self._report, cell_types(complete(self.schemas[spec.name], spec))
            )
        elif text is not None:
            node = source.parse_yaml(text, path, self._report)
        if node is not None and node.kind == "list":
            for item in node.items:
                self._entry(spec, item, path, validator)
            return
        if node is None or node.kind != "null":
            self.unread.add(spec.name)
        if node is not None and node.kind != "null":
            self._problem(path, node, 105, "the file is not a list", "a list of rows: `- slug: …`")

    def _pieces(self, spec: TableSpec, validator: Validator) -> Pieces:
        """Return what converts the rows of a long file."""

        def convert(node: Node, report: Report) -> dict[str, Any]:
            if node.kind != "map":
                self._no_map("", node, report)
                return {}
            if not spec.axes:
                self.check_slug(spec, node, "", report)
            values: dict[str, Any] = validator.convert(node, "", report)
            return values

        said = json.dumps((spec.name, spec.key, spec.axes, validator.schema), sort_keys=True)
        return Pieces(
            convert,
            partial(row_slug, spec),
            partial(values_digest, spec),
            spec.axes,
            _markdown_fields(self.schemas[spec.name]),
            blake2b(said.encode(), digest_size=16).digest(),
        )

    def hidden(self, name: str) -> set[str]:
        """Return the slugs of rows that were left out as drafts or with problems."""
        index = self.index.get(name, {})
        return {slug for slug, row in index.items() if row.kind in {"draft", "broken"}}

    def is_folder(self, spec: TableSpec) -> bool:
        """Return whether a table is a folder of files."""
        path = f"matrix/{spec.file}"
        return not path.endswith(_SUFFIXES) and source.is_folder(self._root, path)

    def paths(self, spec: TableSpec) -> tuple[str, ...]:
        """Return the files of a table; none after a problem was reported."""
        if not spec.file:
            return ()
        path = f"matrix/{spec.file}"
        if ".." in spec.file.split("/") or not source.is_inside(self._root, path):
            message = f"{quoted(spec.file)} lies outside the folder matrix/"
            self._misplaced("M116", spec.location, message, "a file under matrix/")
            self.unread.add(spec.name)
            return ()
        if self.is_folder(spec):
            return tuple(source.files(self._root, path, _SUFFIXES, self._report))
        stem, dot, suffix = path.rpartition(".")
        twin = f"{stem}.csv"
        if not dot or suffix not in {"yaml", "yml"} or not source.is_file(self._root, twin):
            return (path,)
        if not source.is_file(self._root, path):
            return (twin,)
        message = f"both {quoted(path, 30)} and {quoted(twin, 30)} exist"
        self._misplaced("M120", Location(twin), message, "one of them")
        self.unread.add(spec.name)
        return ()

    def _misplaced(self, code: str, location: Location, message: str, expected: str) -> None:
        self._report(Diagnostic(code=code, location=location, message=message, expected=expected))

    def _entry(self, spec: TableSpec, node: Node, path: str, validator: Validator | None) -> None:
        if node.kind != "map":
            self._no_map(path, node, self._report)
            self.unread.add(spec.name)
            return
        if validator is None:
            return
        problems: list[Diagnostic] = []
        if not spec.axes:
            self.check_slug(spec, node, path, problems.append)
        values = validator.convert(node, path, problems.append)
        for problem in problems:
            self._report(problem)
        if any(problem.is_error for problem in problems):
            slug = node.get(spec.key)
            self._remember_slug(spec, slug.text if slug else "")
            return
        markdown = _markdown_fields(self.schemas[spec.name])
        self._take(spec, made(values, row_slug(spec, values), node, path, markdown))

    def _no_map(self, path: str, node: Node, report: Report) -> None:
        report(_problem(path, node, 105, "a row that is not a map", "keys and values"))

    def _take(self, spec: TableSpec, entry: Entry) -> None:
        """Keep a row that is sound in itself."""
        if entry.draft:
            self.drafts += 1
            if not self._preview:
                self._remember_slug(spec, entry.slug, draft=True)
                return
        row = self._add(spec, entry)
        if row is not None and entry.starts:
            self.starts.update(((row, name), start) for name, start in entry.starts.items())

    def _remember_slug(self, spec: TableSpec, slug: str, *, draft: bool = False) -> None:
        """Keep the slug of a row that is left out, so that references to it are not blamed."""
        if not spec.axes and not _is_key(spec, slug):
            self.unread.add(spec.name)
        elif not spec.axes:
            ghost = Row("draft" if draft else "broken", slug, {}, Location("", 0, 0))
            self.index[spec.name].setdefault(slug, ghost)

    def check_slug(self, spec: TableSpec, node: Node, path: str, report: Report) -> None:
        """Report a slug that is missing or that cannot stand in an address."""
        slug = node.get(spec.key)
        if slug is None or slug.kind == "null":
            name = node.get("name") or node.get("title") or node.get("statement")
            suggestion = slugs.suggested(name.text if name else "", spec.name, self.lang)
            report(_missing_slug(spec, slug or node, path, suggestion))
        elif slug.kind == "text" and spec.key == "slug":
            fault = "" if slugs.is_slug(slug.text) else "cannot stand in an address"
            if not fault and spec.routed and slugs.is_device(slug.text):
                fault = "is the name of a device on Windows"
            if fault:
                suggestion = slugs.suggested(slug.text, spec.name, self.lang)
                report(_bad_slug(slug, path, fault, suggestion))

    def _add(self, spec: TableSpec, entry: Entry) -> Row | None:
        slug = entry.slug
        index = self.index[spec.name]
        if slug in index:
            first = index[slug].location
            self._report(
                Diagnostic(
                    code="M107",
                    location=entry.location,
                    message=f"a second {spec.name} row for {quoted(slug)}",
                    expected="one row",
                    notes=(f"first at {first}",) if first.path else (),
                )
            )
            return None
        row = Row(spec.name, slug, {}, entry.location)
        index[slug] = row
        values = entry.values
        if isinstance(values, Stored) and not spec.axes:
            values = values.unpacked()
        self.raw[spec.name].append(Raw(spec, values, row, entry.digest))
        return row

    def _problem(self, path: str, node: Node, number: int, message: str, expected: str) -> None:
        self._report(_problem(path, node, number, message, expected))


def _problem(path: str, node: Node, number: int, message: str, expected: str) -> Diagnostic:
    return Diagnostic(
        code=f"{letter(path)}{number}",
        location=Location(path, node.line, node.column),
        message=message,
        expected=expected,
    )


def row_slug(spec: TableSpec, values: Mapping[str, Any]) -> str:
    """Return the slug of a row; that of a join's is made of the slugs of the rows it is about."""
    if spec.axes:
        return "/".join(str(getattr(values.get(axis), "slug", "")) for axis in spec.axes)
    return str(values.get(spec.key, ""))


def values_digest(spec: TableSpec, values: Mapping[str, Any]) -> bytes:
    """Return the digest of a row's own values; a draft that is shown has that of the row."""
    own = {key: value for key, value in values.items() if key != "draft"}
    text = json.dumps(_canonical(own), sort_keys=True, ensure_ascii=False)
    head = f"{spec.name}\0{row_slug(spec, values)}\0"
    return blake2b((head + text).encode(), digest_size=16).digest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"ref": value.slug}
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value


def _markdown_fields(declared: Mapping[str, Any] | None) -> frozenset[str]:
    properties = (declared or {}).get("properties", {})
    return frozenset(
        name for name, entry in properties.items() if entry.get("format") == "markdown"
    )


def _is_key(spec: TableSpec, text: str) -> bool:
    return bool(text) and (spec.key != "slug" or slugs.is_slug(text))


def _bad_slug(slug: Node, path: str, fault: str, suggestion: str) -> Diagnostic:
    return Diagnostic(
        code="M108",
        location=Location(path, slug.line, slug.column),
        message=f"slug {quoted(slug.text)} {fault}",
        expected="lower-case letters, digits, single hyphens; at most 100 characters",
        help=f"write `slug: {suggestion}`" if suggestion else "",
    )


def _missing_slug(spec: TableSpec, node: Node, path: str, suggestion: str) -> Diagnostic:
    return Diagnostic(
        code="M109",
        location=Location(path, node.line, node.column),
        message=f"a {spec.name} row without `{spec.key}`",
        expected=f"a line `{spec.key}: …`",
        help=f"add the line `{spec.key}: {suggestion}`" if suggestion else "",
    )


def cell_types(declared: Mapping[str, Any]) -> dict[str, str]:
    """Return the types of fields as a CSV table needs them: by column, such as `a` or `a.b`."""
    types: dict[str, str] = {}
    for name, entry in declared.get("properties", {}).items():
        types[name] = entry.get("type", "string")
        for inner, below in entry.get("properties", {}).items():
            types[f"{name}.{inner}"] = below.get("type", "string")
    return types


_FORMER: Mapping[str, Any] = {
    "type": "array",
    "uniqueItems": True,
    "items": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
    "description": "Slugs that this row had before: their addresses lead to its pages.",
}


def complete(declared: Mapping[str, Any] | None, spec: TableSpec | None) -> dict[str, Any]:
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
        declared_key = properties.get(spec.key, {})
        own = {key: value for key, value in declared_key.items() if not key.startswith("x-ref")}
        properties[spec.key] = {**own, "type": "string"}
    if spec.routed:
        properties.setdefault("former_slugs", _FORMER)
    return {**base, "properties": properties, "required": required}
