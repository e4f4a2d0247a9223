"""Files that are derived from the project for the editor's program; written by `schema` only.

A generated schema is the schema of a row with the slugs of other tables in place of references, so
that an editor can offer them. It is looser than the engine where YAML and the engine read a scalar
differently: the engine takes `14` for text, an editor takes it for a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pageloom import load, source
from pageloom.diagnostics import Diagnostic, problem, unheard
from pageloom.editing.heads import head
from pageloom.ledger import GONE_FILE
from pageloom.load.reviews import REVIEWS
from pageloom.load.rows import Tables, TableSpec, complete
from pageloom.load.schemas import built_in
from pageloom.load.settings import SITE
from pageloom.load.site_map import MATRIX, Map

Report = Callable[[Diagnostic], None]
FOLDER = "matrix/schemas/generated"
SETTINGS = ".vscode/settings.json"
SNIPPET = "snippet"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FOR_HEADS = "http://json-schema.org/draft-07/schema#"
"""What tools that read the heads of Markdown files take; every keyword means the same in both."""
_FACT_OR_SOURCE = ("fact", "source")
_LOOSE = ["string", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Derived:
    """Files by path, and those of an earlier run that nothing claims any more."""

    files: Mapping[str, bytes]
    gone: tuple[str, ...] = ()

    def stale(self, root: Path) -> tuple[str, ...]:
        """Return the paths that are not as they should be."""
        changed = (path for path, content in self.files.items() if _bytes(root / path) != content)
        return (*changed, *self.gone)

    def write(self, root: Path) -> tuple[str, ...]:
        """Bring every file up to date; return the paths that were not."""
        stale = self.stale(root)
        for path in stale:
            target = root / path
            if path in self.files:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.files[path])
            else:
                target.unlink()
        return stale


def derived(root: Path, report: Report) -> Derived | None:
    """Return what is derived from the project; None where its map or settings cannot be read."""
    map_, tables = load.read_tables(root, report, preview=True)
    if map_ is None:
        return None
    schemas = dict(_schemas(root, map_, tables))
    mapped = {
        f"{FOLDER}/{name}.schema.json": places for name, (_, places) in schemas.items() if places
    }
    settings = _settings(root, mapped, report)
    if settings is None:
        return None
    files = {f"{FOLDER}/{name}.schema.json": _json(made) for name, (made, _) in schemas.items()}
    there = (path.relative_to(root).as_posix() for path in (root / FOLDER).glob("*.schema.json"))
    gone = tuple(sorted(path for path in there if path not in files))
    return Derived({**files, SETTINGS: settings}, gone)


def refresh(root: Path) -> tuple[str, ...]:
    """Bring the derived files of a project that has them up to date; return what was not."""
    if not source.is_folder(root, FOLDER):
        return ()
    found = derived(root, unheard)
    return found.write(root) if found is not None else ()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _settings(root: Path, mapped: Mapping[str, Iterable[str]], report: Report) -> bytes | None:
    """Return the settings of VS Code with our schemas in them, everything else as it was."""
    values: dict[str, Any] = {}
    if source.is_file(root, SETTINGS):
        text = source.read_text(root, SETTINGS, report)
        try:
            values = json.loads(text or "")
        except ValueError:
            message = "the settings are no plain JSON, so they are left alone"
            help_ = "take comments and commas at the end of lists out"
            report(problem(SETTINGS, 101, 1, 1, message, expected="JSON", help_=help_))
            return None
    kept = {
        path: places
        for path, places in dict(values.get("yaml.schemas", {})).items()
        if not path.startswith(FOLDER)
    }
    values["yaml.schemas"] = {**kept, **{path: list(places) for path, places in mapped.items()}}
    return json.dumps(values, ensure_ascii=False, indent=2).encode() + b"\n"


def _schemas(
    root: Path, map_: Map, tables: Tables
) -> Iterator[tuple[str, tuple[dict[str, Any], tuple[str, ...]]]]:
    """Yield for each schema its name, and what it is and which files it is for."""
    slugs = {name: sorted(index) for name, index in tables.index.items()}
    for spec in tables.specs.values():
        if spec.file:
            yield spec.name, (_table(spec, tables, slugs), _places(root, spec))
    if map_.claims:
        yield "claims", (_plain("claims"), (f"matrix/{map_.claims}",))
    reviews = {"$schema": _DIALECT, "type": "array", "items": _plain("review")}
    if source.is_file(root, REVIEWS):
        yield "reviews", (reviews, (REVIEWS,))
    gone = {"$schema": _DIALECT, "type": "array", "items": _plain("gone")}
    if source.is_file(root, GONE_FILE):
        yield "gone", (gone, (GONE_FILE,))
    yield SNIPPET, (_snippet(root, map_, tables, slugs), ())
    yield "matrix", (_matrix(map_), (MATRIX,))
    yield "site", (_site(root, map_, slugs), (SITE,))


def _snippet(
    root: Path, map_: Map, tables: Tables, slugs: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Return the schema of the heads of snippets."""
    node = source.read_yaml(root, f"matrix/{map_.claims}", unheard) if map_.claims else None
    rules = node.get("rules") if node is not None else None
    ids = [rule.get("id") for rule in rules.items] if rules is not None else []
    used: set[str] = set()
    schema = _open(head(map_, tables, [found.text for found in ids if found is not None]), used)
    return {**schema, "$schema": _FOR_HEADS, "$defs": _choices(used, slugs)}


def _choices(used: Iterable[str], slugs: Mapping[str, list[str]]) -> dict[str, Any]:
    return {name: {"type": "string", "enum": slugs.get(name, [])} for name in sorted(used)}


def _plain(name: str) -> dict[str, Any]:
    """Return a schema of the engine as editors take it."""
    return {**_open(built_in(name), set()), "$schema": _DIALECT}


def _places(root: Path, spec: TableSpec) -> tuple[str, ...]:
    path = f"matrix/{spec.file}"
    return (f"{path}/*.yaml",) if source.is_folder(root, path) else (path,)


def _table(spec: TableSpec, tables: Tables, slugs: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the schema of a table: a list of rows."""
    declared = tables.schemas[spec.name]
    row = complete(declared, spec)
    if spec.name == "fact":
        row = {**row, "properties": {**row["properties"], "about": _about(row["properties"])}}
    if not spec.axes:
        row["required"] = [spec.key, *(name for name in row["required"] if name != spec.key)]
    used: set[str] = set()
    items = _open(row, used)
    found: dict[str, Any] = {"$schema": _DIALECT, "title": spec.name, "type": "array"}
    found["items"] = items
    if used:
        found["$defs"] = _choices(used, slugs)
    return found


def _about(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `about` of a fact may say: a slug or a list of slugs by table."""
    about = properties["about"]
    one = {
        name: {"anyOf": [_reference(name), {"type": "array", "items": _reference(name)}]}
        for name in about["properties"]
        if name not in _FACT_OR_SOURCE
    }
    return {**about, "properties": one}


def _reference(name: str) -> dict[str, Any]:
    return {"type": "string", "x-ref": name}


def _open(schema: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    """Return a schema as editors take it: slugs for references, scalars as YAML reads them."""
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: _optional(_open(child, used)) for name, child in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, Mapping):
            made[key] = _open(value, used)
        elif key == "anyOf":
            made[key] = [_open(child, used) for child in value]
        elif not key.startswith(("x-", "$")) and not (key == "format" and value != "date"):
            made[key] = value
    if "x-ref" in schema and schema.get("type") != "object" and "items" not in schema:
        used.add(schema["x-ref"])
        return {**_without(made, "type"), "$ref": f"#/$defs/{schema['x-ref']}"}
    if schema.get("type") == "string" and "enum" not in schema:
        made["type"] = _LOOSE
    return made


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a key stand without a value: the engine takes it for absent."""
    type_ = schema.get("type")
    if isinstance(type_, str) and "enum" not in schema:
        return {**schema, "type": [type_, "null"]}
    return {**schema, "type": [*type_, "null"]} if isinstance(type_, list) else schema


def _matrix(map_: Map) -> dict[str, Any]:
    """Return the schema of the map with the names that it defines."""
    schema = json.loads(json.dumps(built_in("matrix")))
    axes = [spec.name for spec in map_.axes]
    tables = [spec.name for spec in (*map_.axes, *map_.tables, *map_.joins)]
    families = list(map_.values["families"])
    family = schema["properties"]["families"]["additionalProperties"]["properties"]
    slot = family["slots"]["additionalProperties"]["properties"]
    family["axes"]["items"] = slot["prefer"]["items"] = _enum(axes)
    family["related"]["items"]["properties"]["vary"] = _enum(axes)
    family["parent"] = {**family["parent"], **_enum(families)}
    cells = ["all", *(spec.name for spec in map_.joins), *(f"from {name}" for name in families)]
    family["cells"] = {**family["cells"], **_enum(cells)}
    slot["list"], slot["fold"] = _enum(families), _enum(families)
    slot["rows"]["items"] = _enum([*tables, "facts", "sources"])
    gate = _without(built_in("gate"), "$schema")
    family["gate"] = {"anyOf": [gate, _enum(["off"])]}
    schema["properties"]["joins"]["additionalProperties"]["properties"]["axes"]["items"] = _enum(
        axes
    )
    return {**_open(schema, set()), "$schema": _DIALECT}


def _enum(names: Iterable[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


def _site(root: Path, map_: Map, slugs: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the schema of the settings with the names that menus and offers may use."""
    schema = json.loads(json.dumps(built_in("site")))
    properties = schema["properties"]
    families = map_.values["families"]
    entry = {
        "text": {"type": "string", "description": "The words of the link."},
        "family": {**_enum(families), "description": "The kind of page it leads to."},
        **{spec.name: _enum(slugs[spec.name]) for spec in map_.axes},
    }
    for menu in ("nav", "footer"):
        items = {"type": "object", "properties": entry, "required": ["text", "family"]}
        properties[menu]["items"] = {**items, "additionalProperties": False}
    themes = sorted({"default", *source.folders(root, "themes")})
    properties["theme"] = {**_without(properties["theme"], "pattern"), **_enum(themes)}
    offers = properties["offers"]
    offers["properties"] = dict.fromkeys(families, offers["additionalProperties"])
    offers["additionalProperties"] = False
    return {**_open(schema, set()), "$schema": _DIALECT}
