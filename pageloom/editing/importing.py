"""Rows of a spreadsheet into a table: the difference first, the files only when told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pageloom import load, source
from pageloom.characters import decode
from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted, unheard
from pageloom.editing import derived
from pageloom.editing.csv_rows import SheetText
from pageloom.editing.rows import Answer, UsageError, belongs, key_of
from pageloom.editing.yaml_rows import CannotEditError, RowsText, flow_list, plain, scalar
from pageloom.load import csv_table
from pageloom.load.rows import Tables, TableSpec, cell_types, complete
from pageloom.schema import Ref, Validator
from pageloom.trees import Node

Key = tuple[str, ...]


@dataclass(slots=True)
class _Counts:
    """What an import would do."""

    added: int = 0
    changed: int = 0
    same: int = 0
    empty: int = 0
    seen: set[Key] = field(default_factory=set)


def import_rows(root: Path, file: Path, name: str, *, apply: bool) -> Answer:
    """Bring the rows of a CSV file into a table. Raises `UsageError`."""
    answer = Answer()
    map_, tables = load.read_tables(root, answer.problems.append, preview=True)
    if map_ is None:
        return answer
    spec = tables.specs.get(name)
    if spec is None or not spec.file:
        help_ = closest_help(name, tables.specs) or f"known: {', '.join(sorted(tables.specs))}"
        raise UsageError(f"{quoted(name)} is no axis, table or join\n{help_}")
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    answer.problems, answer.tried = [], {str(file): raw}
    rows = _sound_rows(tables, spec, raw, str(file), answer.problems)
    if rows is None:
        return answer
    files = _Files(root, tables, spec)
    counts = _Counts()
    for row in rows:
        try:
            _bring(files, spec, row, counts)
        except CannotEditError as error:
            location = Location(str(file), row.line, 1)
            message = f"the row cannot be brought in: {error}"[:100]
            answer.problems.append(Diagnostic(code="M105", location=location, message=message))
    if not any(problem.is_error for problem in answer.problems):
        answer.lines = [*files.difference(), *_summary(counts, files, applied=apply)]
        if apply:
            answer.written = (*files.write(), *derived.refresh(root))
    return answer


def _sound_rows(
    tables: Tables, spec: TableSpec, raw: bytes, path: str, problems: list[Diagnostic]
) -> Sequence[Node] | None:
    """Return the rows of a CSV file, None after problems at its cells were reported."""
    text = decode(raw, path, problems.append)
    declared = complete(tables.schemas[spec.name], spec)
    found = None
    if text is not None:
        found = csv_table.parse(text, path, problems.append, cell_types(declared))
    if found is None:
        return None
    validator = Validator(declared)
    keys: dict[Key, Node] = {}
    for row in found.items:
        said: list[Diagnostic] = []
        if not spec.axes:
            tables.check_slug(spec, row, path, said.append)
        values = validator.convert(row, path, said.append)
        known = key_of(spec, row) in _keys(tables, spec)
        problems += (item for item in said if not (known and item.code.endswith("106")))
        problems += _unknown(tables, values)
        first = keys.setdefault(key_of(spec, row), row)
        if first is not row:
            problems.append(_twice(spec, row, first, path))
    return None if any(problem.is_error for problem in problems) else found.items


def _keys(tables: Tables, spec: TableSpec) -> set[Key]:
    if not spec.axes:
        return {(slug,) for slug in tables.index[spec.name]}
    return {tuple(slug.split("/")) for slug in tables.index[spec.name]} | {
        tuple(str(getattr(raw.values.get(axis), "slug", "")) for axis in spec.axes)
        for raw in tables.raw[spec.name]
    }


def _unknown(tables: Tables, value: Any) -> Iterator[Diagnostic]:
    """Yield references to rows that do not exist."""
    if isinstance(value, Ref):
        index = tables.index.get(value.table)
        if index is not None and value.slug not in index and value.table not in tables.unread:
            yield Diagnostic(
                code="M103",
                location=value.location,
                message=f"unknown {value.table} {quoted(value.slug)}",
                expected=f"the slug of a {value.table}",
                help=closest_help(value.slug, index),
            )
    elif isinstance(value, (tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _unknown(tables, item)


def _twice(spec: TableSpec, row: Node, first: Node, path: str) -> Diagnostic:
    return Diagnostic(
        code="M107",
        location=Location(path, row.line, row.column),
        message=f"a second {spec.name} row for {quoted('/'.join(key_of(spec, row)))}",
        expected="one row",
        notes=(f"first at {path}:{first.line}:{first.column}",),
    )


def _yaml(node: Node) -> str:
    if node.kind == "list":
        return flow_list([item.text for item in node.items])
    if node.kind == "map":
        inside = ", ".join(f"{key.text}: {_yaml(value)}" for key, value in node.pairs)
        return f"{{{inside}}}"
    return scalar(node.text, flow=True)


class _Table(Protocol):
    """The text of a file of rows, as it becomes."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The values of the rows."""

    @property
    def keys(self) -> Sequence[Key]:
        """What tells the rows apart."""

    @property
    def text(self) -> str:
        """The file as it is now."""

    def insert(self, place: int, key: Key, values: Mapping[str, Node]) -> None:
        """Put a row before row number `place`."""

    def change(self, place: int, name: str, value: Node) -> None:
        """Give a field of a row another value."""


class _YamlTable:
    """A YAML file; it is read again after each change."""

    def __init__(self, text: str, spec: TableSpec) -> None:
        self._made = RowsText(text)
        self._spec = spec
        self._read()

    @property
    def text(self) -> str:
        return self._made.text

    def insert(self, place: int, key: Key, values: Mapping[str, Node]) -> None:
        del key
        self._made.insert(place, {name: _yaml(value) for name, value in values.items()})
        self._read()

    def change(self, place: int, name: str, value: Node) -> None:
        self._made.change(place, name, _yaml(value))
        self._read()

    def _read(self) -> None:
        normal = decode(self.text.encode(), "", unheard) or ""
        node = source.parse_yaml(normal, "", unheard)
        items = node.items if node is not None else ()
        self.keys: Sequence[Key] = [key_of(self._spec, item) for item in items]
        self.rows: Sequence[Mapping[str, Any]] = [plain(item) for item in items]


class _Files:
    """The files of a table as they are and as they become."""

    def __init__(self, root: Path, tables: Tables, spec: TableSpec) -> None:
        self._root = root
        self._tables = tables
        self._spec = spec
        self._before: dict[str, str] = {}
        self._texts: dict[str, _Table] = {}
        for path in tables.paths(spec):
            self._open(path)

    def _open(self, path: str) -> None:
        there = source.is_file(self._root, path)
        raw = (self._root / path).read_bytes() if there else b""
        try:
            text = self._before[path] = raw.decode()
            self._texts[path] = self._table(path, text)
        except UnicodeDecodeError as error:
            raise UsageError(f"{path}: the file is not UTF-8") from error
        except CannotEditError as error:
            raise UsageError(f"{path}: {error}") from error

    def _table(self, path: str, text: str) -> _Table:
        if not path.endswith(".csv"):
            return _YamlTable(text, self._spec)
        types = cell_types(complete(self._tables.schemas[self._spec.name], self._spec))
        return SheetText(text, self._spec.axes or (self._spec.key,), types)

    def place(self, key: Key) -> tuple[str, int, Mapping[str, Any]] | None:
        """Return the file, number and values of the row with a key."""
        for path, table in self._texts.items():
            if key in table.keys:
                place = table.keys.index(key)
                return path, place, table.rows[place]
        return None

    def add(self, key: Key, values: Mapping[str, Node]) -> None:
        """Put a row at its place."""
        named = {
            name: [slug] for name, slug in zip(self._spec.axes or ("slug",), key, strict=False)
        }
        path = belongs(self._tables, self._spec, named)
        if path is None:
            raise CannotEditError("the table has no file")
        if path not in self._texts:
            self._open(path)
        keys = self._texts[path].keys
        place = next((number for number, other in enumerate(keys) if other > key), len(keys))
        self._texts[path].insert(place, key, values)

    def change(self, path: str, place: int, name: str, value: Node) -> None:
        """Give a field of a row another value."""
        self._texts[path].change(place, name, value)

    def count(self) -> int:
        """Return how many rows there are."""
        return sum(len(table.keys) for table in self._texts.values())

    def difference(self) -> Iterator[str]:
        """Yield what would change, as a unified diff."""
        for path, text in self._changed():
            before, after = self._before[path].splitlines(), text.splitlines()
            yield from difflib.unified_diff(before, after, path, path, lineterm="", n=1)

    def _changed(self) -> Iterable[tuple[str, str]]:
        made = ((path, rows.text) for path, rows in self._texts.items())
        return [(path, text) for path, text in made if text != self._before[path]]

    def write(self) -> tuple[str, ...]:
        """Write the files that change."""
        changed = self._changed()
        for path, text in changed:
            (self._root / path).parent.mkdir(parents=True, exist_ok=True)
            (self._root / path).write_bytes(text.encode())
        return tuple(path for path, _ in changed)


def _bring(files: _Files, spec: TableSpec, row: Node, counts: _Counts) -> None:
    """Add a row, or change the fields in which it differs; an empty cell leaves a field alone."""
    key = key_of(spec, row)
    counts.seen.add(key)
    filled = {name.text: value for name, value in row.pairs if value.kind != "null"}
    found = files.place(key)
    if found is None:
        files.add(key, filled)
        counts.added += 1
        return
    path, place, before = found
    counts.empty += sum(
        before.get(name.text) is not None for name, value in row.pairs if value.kind == "null"
    )
    merged = {name: _merged(value, before.get(name)) for name, value in filled.items()}
    differing = {name: value for name, value in merged.items() if plain(value) != before.get(name)}
    for name, value in differing.items():
        files.change(path, place, name, value)
    counts.changed += bool(differing)
    counts.same += not differing


def _merged(value: Node, before: Any) -> Node:
    """Return a map with the keys that it had before and that the sheet leaves empty."""
    if value.kind != "map" or not isinstance(before, dict):
        return value
    given = {key.text: (key, below) for key, below in value.pairs}
    kept = {name: (_text(name), _text(old)) for name, old in before.items() if name not in given}
    if any(not isinstance(old, str) for name, old in before.items() if name in kept):
        raise CannotEditError("a map with lists or maps in it is changed by hand")
    pairs = {name: given.get(name) or kept[name] for name in (*before, *given)}
    return Node("map", value.line, value.column, pairs=tuple(pairs.values()))


def _text(text: str) -> Node:
    return Node("text", 0, 0, text=text)


def _summary(counts: _Counts, files: _Files, *, applied: bool) -> Iterator[str]:
    as_was = "as it was" if counts.same == 1 else "as they were"
    added = counted(counts.added, "row")
    yield f"{added} added, {counts.changed} changed, {counts.same} {as_was}"
    others = files.count() - len(counts.seen)
    if others == 1:
        yield "1 row of the table is not in the file and stays"
    elif others:
        yield f"{others} rows of the table are not in the file and stay"
    if counts.empty == 1:
        yield "1 empty cell leaves its field as it is"
    elif counts.empty:
        yield f"{counts.empty} empty cells leave their fields as they are"
    if (counts.added or counts.changed) and not applied:
        yield "nothing is written yet; run it again with --apply"
