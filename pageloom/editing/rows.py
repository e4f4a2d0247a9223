"""A new row at its place in its file; every other byte stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pageloom import source
from pageloom.characters import decode
from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, Location, problem, quoted, unheard
from pageloom.editing import derived, trial
from pageloom.editing.csv_rows import SheetText
from pageloom.editing.yaml_rows import CannotEditError, RowsText, flow_list, scalar
from pageloom.load import csv_table, slugs
from pageloom.load.rows import Tables, TableSpec, cell_types, complete
from pageloom.model import Row
from pageloom.pipeline import Decision
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
_OWN = frozenset(("draft", "former_slugs"))
"""Fields of every row, which a new one seldom needs."""


class UsageError(Exception):
    """The command cannot mean anything; the text says what can be meant."""


@dataclass(slots=True)
class Answer:
    """What a command did, as lines, and the problems that kept it from it."""

    lines: list[str] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    written: tuple[str, ...] = ()
    tried: Mapping[str, bytes] = field(default_factory=dict)
    """Files as they would be, for the excerpts of problems."""


def read_pairs(arguments: Iterable[str]) -> dict[str, list[str]]:
    """Return `key=value` arguments by key. Raises `UsageError`."""
    found: dict[str, list[str]] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key:
            raise UsageError(f"{quoted(argument)} is not `key=value`")
        found.setdefault(key.strip(), []).append(value.strip())
    return found


def add(root: Path, tables: Tables, spec: TableSpec, given: Mapping[str, Sequence[str]]) -> Answer:
    """Add a row to a table, when it is sound as far as it goes."""
    row = complete(tables.schemas[spec.name], spec)
    values = _named(spec, {key: list(value) for key, value in given.items()}, tables.lang)
    missing = [name for name in row["required"] if name not in values]
    order = [spec.key, *spec.axes, *row.get("properties", {}), *values]
    written = {
        name: _yaml(name, values.get(name, []), row)
        for name in dict.fromkeys(order)
        if name in values or name in missing
    }
    answer = Answer()
    path = belongs(tables, spec, values)
    if path is None:
        answer.problems.append(_no_file(spec))
        return answer
    key = _key(spec, {name: items[-1] for name, items in values.items() if items})
    try:
        content, place = _inserted(root, path, spec, key, written, values, cell_types(row))
    except CannotEditError as error:
        message = f"a row cannot be added: {error}"[:100]
        answer.problems.append(problem(path, 101, 1, 1, message))
        return answer
    decision = trial.decided(root, {path: content}, spec.schema)
    found = _found(decision, spec, key, path)
    faults = [problem for problem in decision.problems if problem.is_error and _at(problem, place)]
    if found is None or any(problem.location.path == path for problem in faults):
        answer.problems = [item for item in faults if item.location.path == path] or [
            item for item in decision.problems if item.is_error
        ]
        answer.tried = {path: content}
        return answer
    outlook = _outlook(root, decision, {path: content}, spec, key)
    _write(root, path, content)
    answer.written = (path, *derived.refresh(root))
    answer.lines = list(_said(spec, row, place, found, missing, written))
    answer.lines += _followed(answer.written[1:])
    answer.lines += outlook
    return answer


def _outlook(
    root: Path,
    tried: Decision,
    changes: Mapping[str, bytes],
    spec: TableSpec,
    key: tuple[str, ...],
) -> list[str]:
    """Return what a build makes of a new row: its cells, and the pages that it takes away.

    `tried` has drafts in it; a build leaves them out, unless the row is about one.
    """
    (path,) = changes
    plain = tried
    if trial.has_drafts(tried):
        plain = trial.decided(root, changes, spec.schema, preview=False)
    about_draft = _found(plain, spec, key, path) is None
    after = tried if about_draft else plain
    row = _found(after, spec, key, path)
    before = trial.decided(root, {}, preview=about_draft)
    cells = trial.of_row(after, row, trial.known(before.plan)) if row is not None else []
    head = "makes, when its drafts are published" if about_draft else "makes"
    return list(_cells(cells, trial.fallen(before, after), spec, head))


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines of a new row in its file."""

    path: str
    first: int
    last: int


def _at(problem: Diagnostic, place: _Place) -> bool:
    location = problem.location
    return location.path == place.path and place.first <= location.line <= place.last


def _named(spec: TableSpec, values: dict[str, list[str]], lang: str) -> dict[str, list[str]]:
    """Return the values with a slug, made of the name where none is given."""
    if spec.axes or spec.key in values:
        return values
    source_ = next((values[name][-1] for name in ("name", "title") if values.get(name)), "")
    slug = slugs.suggested(source_, spec.name, lang)
    if spec.key != "slug" or not slug:
        raise UsageError(f"a {spec.name} needs `{spec.key}=…`, or `name=…` to make it of")
    return {spec.key: [slug], **values}


def _key(spec: TableSpec, values: Mapping[str, str]) -> tuple[str, ...]:
    names = spec.axes or (spec.key,)
    absent = [name for name in names if not values.get(name)]
    if absent:
        said = " ".join(f"{name}=…" for name in absent)
        raise UsageError(f"a {spec.name} is about {', '.join(names)}: say {said}")
    return tuple(values[name] for name in names)


def _yaml(name: str, items: Sequence[str], row: Mapping[str, Any]) -> str:
    """Return the values that are given for a field as YAML."""
    if not items:
        return ""
    type_ = row.get("properties", {}).get(name, {}).get("type", "string")
    if type_ in {"array", "object"} and len(items) == 1 and items[0][:1] in {"[", "{"}:
        return items[0]
    if type_ == "array":
        parts = [part.strip() for item in items for part in item.split(csv_table.SEPARATOR)]
        return flow_list([part for part in parts if part])
    return scalar(items[-1], flow=True)


def belongs(tables: Tables, spec: TableSpec, values: Mapping[str, Sequence[str]]) -> str | None:
    """Return the file that a row belongs into; of a folder, the one named like its first slug."""
    if not spec.file:
        return None
    folder = f"matrix/{spec.file}"
    if not tables.is_folder(spec):
        paths = tables.paths(spec)
        return paths[0] if paths else None
    name = values[spec.axes[0] if spec.axes else spec.key][-1]
    for suffix in (".yaml", ".yml", ".csv"):
        if f"{folder}/{name}{suffix}" in tables.paths(spec):
            return f"{folder}/{name}{suffix}"
    return f"{folder}/{name}.yaml"


def _no_file(spec: TableSpec) -> Diagnostic:
    message = f"{quoted(spec.name)} has no file that a row can be added to"
    return Diagnostic(code="M116", location=spec.location, message=message, expected="one file")


def _inserted(
    root: Path,
    path: str,
    spec: TableSpec,
    key: tuple[str, ...],
    written: Mapping[str, str],
    values: Mapping[str, Sequence[str]],
    types: csv_table.Types,
) -> tuple[bytes, _Place]:
    """Return the file with the row in it, and its lines. Raises `CannotEditError`."""
    raw = (root / path).read_bytes() if source.is_file(root, path) else b""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotEditError("the file is not UTF-8") from error
    if path.endswith(".csv"):
        return _inserted_in_csv(text, path, spec, key, values, types)
    problems: list[Diagnostic] = []
    node = source.parse_yaml(decode(raw, path, problems.append) or "", path, problems.append)
    if problems:
        raise CannotEditError(f"line {problems[0].location.line}: {problems[0].message}")
    keys = [key_of(spec, item) for item in (node.items if node else ())]
    place = next((number for number, other in enumerate(keys) if other > key), len(keys))
    rows = RowsText(text)
    rows.insert(place, written)
    after = source.parse_yaml(decode(rows.text.encode(), path, unheard) or "", path, unheard)
    item = after.items[place] if after else None
    first = item.line if item else 1
    last = max((_last_line(value) for _, value in item.pairs), default=first) if item else first
    return rows.text.encode(), _Place(path, first, last)


def _last_line(node: Node) -> int:
    below = [*node.items, *(value for _, value in node.pairs)]
    return max((_last_line(item) for item in below), default=node.line)


def key_of(spec: TableSpec, node: Node) -> tuple[str, ...]:
    """Return what tells a row from the others: its slug, or the slugs that a join is about."""
    found = (node.get(name) for name in spec.axes or (spec.key,))
    return tuple(item.text if item else "" for item in found)


def _inserted_in_csv(
    text: str,
    path: str,
    spec: TableSpec,
    key: tuple[str, ...],
    values: Mapping[str, Sequence[str]],
    types: csv_table.Types,
) -> tuple[bytes, _Place]:
    sheet = SheetText(text, spec.axes or (spec.key,), types)
    unknown = [name for name in values if name not in sheet.names and name not in types]
    if unknown:
        raise CannotEditError(f"the table has no column {quoted(unknown[0])}")
    place = next((n for n, other in enumerate(sheet.keys) if other > key), len(sheet.keys))
    sheet.insert(place, key, {name: _node(name, items, types) for name, items in values.items()})
    node = csv_table.parse(decode(sheet.text.encode(), path, unheard) or "", path, unheard)
    row = node.items[place] if node is not None else Node("map", 1, 1)
    return sheet.text.encode(), _Place(path, row.line, _last_line(row))


def _node(name: str, items: Sequence[str], types: csv_table.Types) -> Node:
    """Return the values that are given for a field as a cell would be read."""
    if types.get(name) == "array":
        parts = (part.strip() for item in items for part in item.split(csv_table.SEPARATOR))
        return Node("list", 1, 1, items=tuple(Node("text", 1, 1, text=p) for p in parts if p))
    return Node("text", 1, 1, text=items[-1])


def _found(decision: Decision, spec: TableSpec, key: tuple[str, ...], path: str) -> Row | None:
    plan = decision.plan
    rows = plan.project.tables.get(spec.name, ()) if plan else ()
    slug = "/".join(key)
    return next((row for row in rows if row.slug == slug and row.location.path == path), None)


def _write(root: Path, path: str, content: bytes) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _said(
    spec: TableSpec,
    row: Mapping[str, Any],
    place: _Place,
    found: Row,
    missing: Sequence[str],
    written: Mapping[str, str],
) -> Iterator[str]:
    yield f"added {found.location.path}:{place.first}"
    yield from (f"  {name}: {value}".rstrip() for name, value in written.items())
    properties: Mapping[str, Any] = row.get("properties", {})
    if missing:
        yield "fill next; the build stops until these have a value"
    for number, name in enumerate(written):
        if name in missing:
            line = place.first + number if place.last > place.first else place.first
            yield _described(Location(found.location.path, line), name, properties)
    optional = [name for name in properties if name not in written and name not in _OWN]
    if optional:
        yield "may be filled: " + ", ".join(optional)
    if spec.schema and not properties:
        yield f"no schema describes its fields: matrix/schemas/{spec.schema}.schema.json"


def _followed(written: Sequence[str]) -> Iterator[str]:
    if written:
        yield f"{derived.FOLDER}/ follows, for editors: {counted(len(written), 'file')}"


def _described(location: Location, name: str, properties: Mapping[str, Any]) -> str:
    entry = properties.get(name, {})
    said = entry.get("description", "")
    refers = entry.get("x-ref") or entry.get("items", {}).get("x-ref")
    said = said or (f"slug of a {refers}" if refers else "")
    choices = ", ".join(entry.get("enum", ()))
    said = said.rstrip(".") if choices else said
    return f"  {location.path}:{location.line} {name}" + "".join(
        f": {part}" for part in (said, choices) if part
    )


def _cells(
    found: Sequence[trial.Cells], fallen: Sequence[str], spec: TableSpec, head: str
) -> Iterator[str]:
    if not found:
        yield f"makes no cell: no family has cells of this {spec.name} yet"
        return
    yield head
    for cells in found:
        yield from cells.lines()
    if fallen:
        yield f"takes away {counted(len(fallen), 'page')} that a build makes now"
        yield from (f"    {said}" for said in fallen[: trial.SHOWN])
        if len(fallen) > trial.SHOWN:
            yield f"    … and {len(fallen) - trial.SHOWN} more"
    for cells in found:
        for slot, pins in cells.empty:
            yield f"write next: python build.py new {slot} {pins}"
            return
