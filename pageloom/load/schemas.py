"""JSON Schema files: the engine's own, and those of a project, checked for the supported subset.

The subset is documented in `docs/reference/rows-and-schemas.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pageloom import source
from pageloom.diagnostics import Diagnostic, Location, quoted

Report = Callable[[Diagnostic], None]
_TYPES = ("string", "integer", "number", "boolean", "array", "object")
_FORMATS = ("date", "https-url", "markdown")
_FREE = frozenset(("$schema", "$id", "title", "description", "examples", "default"))
_NUMBERS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
_MAX_DEPTH = 12


@cache
def built_in(name: str) -> dict[str, Any]:
    """Return the schema of `site`, `matrix`, `gate`, `fact` or `source`."""
    path = Path(__file__).parent.parent / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def schema_path(name: str) -> str:
    """Return where the schema of a kind of row lies."""
    return f"matrix/schemas/{name}.schema.json"


def read_schema(root: Path, name: str, report: Report) -> Mapping[str, Any] | None:
    """Return a project's schema; None when there is none or its problems were reported."""
    path = schema_path(name)
    if not source.is_file(root, path):
        return None
    text = source.read_text(root, path, report)
    if text is None:
        return None
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError as error:
        report(_problem(path, f"not JSON: {error.msg}"[:80], "", error.lineno, error.colno))
        return None
    except RecursionError:
        report(_problem(path, "values are nested too deeply", ""))
        return None
    found = list(_faults(loaded, "", 0)) or list(_root_faults(loaded))
    for message, expected in found:
        report(_problem(path, message, expected))
    return None if found else dict(loaded)


def _problem(path: str, message: str, expected: str, line: int = 1, column: int = 1) -> Diagnostic:
    location = Location(path, line, column)
    return Diagnostic(code="M119", location=location, message=message, expected=expected)


def _root_faults(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if schema.get("type", "object") != "object":
        yield "the schema of a row is not of type `object`", "`type: object`"


def _faults(schema: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield message and expectation for what is outside the supported subset."""
    place = where or "/"
    if not isinstance(schema, Mapping):
        yield f"the schema at {quoted(place)} is not an object", "keywords and values"
        return
    if depth > _MAX_DEPTH:
        yield f"the schema at {quoted(place)} is nested too deeply", f"{_MAX_DEPTH} levels"
        return
    for key, value in schema.items():
        expected = _expected(key, value)
        if expected is None:
            message = f"keyword {quoted(f'{where}/{key}')} is not supported"
            yield message, "the subset of docs/reference/rows-and-schemas.md"
        elif expected:
            yield f"keyword {quoted(f'{where}/{key}')} has a value of the wrong form", expected
    for child, name in _children(schema):
        yield from _faults(child, f"{where}/{name}", depth + 1)


def _children(schema: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        yield from ((child, name) for name, child in properties.items())
    if "items" in schema:
        yield schema["items"], "items"
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield schema["additionalProperties"], "additionalProperties"


def _expected(key: str, value: Any) -> str | None:
    """Return what a keyword's value should be, nothing when it is so, None for no keyword."""
    if key in _FREE or key in {"items", "const"}:
        return ""
    if key in _NUMBERS:
        return "" if isinstance(value, (int, float)) and not isinstance(value, bool) else "a number"
    if key not in _FORMS:
        return None
    holds, expected = _FORMS[key]
    return "" if holds(value) else expected


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except (re.error, RecursionError, OverflowError):
        return False


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "type": (lambda value: value in _TYPES, "one of " + ", ".join(_TYPES)),
    "properties": (lambda value: isinstance(value, Mapping), "names and schemas"),
    "required": (_is_texts, "a list of names"),
    "additionalProperties": (lambda value: isinstance(value, (bool, Mapping)), "false or a schema"),
    "enum": (_is_texts, "a list of texts"),
    "pattern": (_is_pattern, "a regular expression"),
    "uniqueItems": (_is_boolean, "true or false"),
    "format": (lambda value: value in _FORMATS, "one of " + ", ".join(_FORMATS)),
    "x-ref": (lambda value: isinstance(value, str), "the name of an axis or table"),
    "x-ref-cycles": (_is_boolean, "true or false"),
    "x-ref-checked": (_is_boolean, "true or false"),
    "x-markdown": (_is_boolean, "true or false"),
}
