"""The schema of the head of a snippet with the names that a project defines, for editors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pageloom.lint.linter import BUILT_IN
from pageloom.load.rows import Tables, TableSpec, complete
from pageloom.load.schemas import built_in
from pageloom.load.site_map import Map

Schema = dict[str, Any]
_UNPINNED = frozenset(("name", "name_in_sentence", "short", "aliases", "draft", "former_slugs"))
"""Fields of every kind of row that say nothing about which cells a text is for."""
_FORMATS = frozenset(("markdown", "https-url", "date"))


def slots(map_: Map) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the slots that snippets fill, with their families and the axes of these."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, family in map_.values["families"].items():
        for slot, entry in family.get("slots", {}).items():
            if entry.get("snippet"):
                found.setdefault(slot, {})[name] = tuple(family["axes"])
    return found


def head(map_: Map, tables: Tables, rules: Iterable[str]) -> Schema:
    """Return the schema; `rules` are the claims that a project has."""
    schema: Schema = json.loads(json.dumps(built_in("snippet")))
    schema["required"] = ["slot", "for"]
    properties: Schema = schema["properties"]
    found = slots(map_)
    families = sorted({name for named in found.values() for name in named})
    properties["slot"] |= {"enum": sorted(found)}
    properties["family"] |= {"anyOf": _one_or_more({"type": "string", "enum": families})}
    pins = dict(pin for spec in map_.axes for pin in _pins(spec, tables))
    properties["for"] |= {"properties": pins, "additionalProperties": False}
    bare = [spec.name for spec in map_.axes if not tables.schemas[spec.name]]
    if bare:  # rows without a schema have any field
        properties["for"]["patternProperties"] = {f"^({'|'.join(bare)})\\..+$": {}}
    reason = properties["waive"].pop("additionalProperties")
    names = sorted({*BUILT_IN, *rules})
    properties["waive"] |= {
        "properties": dict.fromkeys(names, reason),
        "additionalProperties": False,
    }
    return schema


def _one_or_more(one: Schema) -> list[Schema]:
    return [one, {"type": "array", "minItems": 1, "items": one}]


def _pins(spec: TableSpec, tables: Tables) -> Iterator[tuple[str, Schema]]:
    """Yield what `for` may say of an axis: its slugs, and values of its fields."""
    slug = {"type": "string", "x-ref": spec.name}
    yield spec.name, {"anyOf": _one_or_more(slug)}
    row: Mapping[str, Any] = complete(tables.schemas[spec.name], spec)
    for name, entry in row.get("properties", {}).items():
        of = entry.get("items", entry) if entry.get("type") == "array" else entry
        plain = of.get("type", "string") in {"string", "boolean", "integer", "number"}
        if name in {spec.key, *_UNPINNED} or not plain or of.get("format") in _FORMATS:
            continue
        kept = ("type", "enum", "x-ref", "description")
        value = {key: of[key] for key in kept if key in of}
        yield f"{spec.name}.{name}", {"anyOf": _one_or_more(value or {"type": "string"})}
