"""Rows and settings converted and validated by JSON Schema files, with positions.

A documented subset of https://json-schema.org/draft/2020-12 (`docs/reference/rows-and-schemas.md`):
conversion from text by declared type is ours, validation is `jsonschema-rs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, Location, closest_help, letter, quoted
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
Where = tuple[str | int, ...]

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Ref:
    """A slug that refers to a row of another axis or table, before it is looked up."""

    table: str
    slug: str
    location: Location
    cycles: bool = False
    checked: bool = False
    """Whether only its existence is checked; the value stays the slug."""


class Validator:
    """Converts and validates nodes by one schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        import jsonschema_rs

        self.schema = schema
        self._validator = jsonschema_rs.Draft202012Validator(
            dict(schema),
            validate_formats=True,
            formats={"https-url": is_https_url, "date": is_date, "markdown": _anything},
        )

    def convert(self, node: Node, path: str, report: Report, name: str = "the entry") -> Any:
        """Return the node's value by the schema, references as `Ref`; problems are reported.

        `name` is what messages call the whole node.
        """
        conversion = _Conversion(path, report, name)
        value = conversion.value(node, self.schema, ())
        plain = _plain(value)
        for error in self._validator.iter_errors(plain):
            self._report(error, conversion, path, report)
        return value

    def _report(self, error: Any, conversion: _Conversion, path: str, report: Report) -> None:
        where: Where = tuple(error.instance_path)
        if any(where[: len(bad)] == bad for bad in conversion.failed):
            return
        kind = error.kind.name if hasattr(error.kind, "name") else type(error.kind).__name__
        line, column = conversion.position(where)
        number, message, expected, help_ = _explain(str(kind), error, _name(where, conversion.name))
        if kind.lower() == "pattern":
            expected = self._form(error) or expected
        if number == 106:
            missing: Where = (*where, error.kind.property)
            if missing in conversion.failed:
                return
            if missing in conversion.empty:
                line, column = conversion.empty[missing]
                message = f"required field `{missing[-1]}` is empty"
            help_ = _asked(self.schema, missing)
        if number:
            report(
                Diagnostic(
                    code=f"{letter(path)}{number}",
                    location=Location(path, line, column),
                    message=message,
                    expected=expected,
                    help=help_,
                )
            )

    def _form(self, error: Any) -> str:
        """Return the form of a text by an example, where the schema has one."""
        place: Any = self.schema
        for step in tuple(error.schema_path)[:-1]:
            place = place[step]
        examples = place.get("examples") or ()
        return f"text such as {examples[0]}" if examples else ""


class _Conversion:
    """One walk over a node and its schema together."""

    def __init__(self, path: str, report: Report, name: str) -> None:
        self._path = path
        self._report = report
        self.name = name
        self._positions: dict[Where, tuple[int, int]] = {}
        self.failed: set[Where] = set()
        self.empty: dict[Where, tuple[int, int]] = {}
        """Keys without a value."""

    def position(self, where: Where) -> tuple[int, int]:
        while where not in self._positions:
            where = where[:-1]
        return self._positions[where]

    def value(self, node: Node, schema: Mapping[str, Any], where: Where) -> Any:
        self._positions[where] = (node.line, node.column)
        type_ = schema.get("type")
        if node.kind == "map" and type_ in {"object", None}:
            return self._object(node, schema, where)
        if node.kind == "list" and type_ in {"array", None}:
            items = schema.get("items", {})
            return tuple(
                self.value(item, items, (*where, index)) for index, item in enumerate(node.items)
            )
        if node.kind in {"text", "null"} and type_ not in {"object", "array"}:
            return self._scalar(node, schema, where)
        self._wrong(node, schema, where)
        return None

    def _object(self, node: Node, schema: Mapping[str, Any], where: Where) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        extra = schema.get("additionalProperties", True)
        values: dict[str, Any] = {}
        for key, child in node.pairs:
            if key.text not in properties and extra is False:
                self._unknown(key, properties)
                continue
            declared = properties.get(key.text, extra if isinstance(extra, Mapping) else {})
            if child.kind == "null" and (key.text in properties or not declared.get("required")):
                self.empty[(*where, key.text)] = (child.line, child.column)
                continue
            values[key.text] = self.value(child, declared, (*where, key.text))
        return values

    def _scalar(self, node: Node, schema: Mapping[str, Any], where: Where) -> Any:
        text = node.text
        if "x-ref" in schema:
            location = Location(self._path, node.line, node.column)
            cycles, checked = (bool(schema.get(f"x-ref-{key}")) for key in ("cycles", "checked"))
            return Ref(schema["x-ref"], text, location, cycles, checked)
        type_ = schema.get("type", "string")
        if type_ == "integer" and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
            return int(text)
        if type_ == "number" and re.fullmatch(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?", text):
            number = float(text)
            return int(number) if number.is_integer() and "." not in text else number
        if type_ == "boolean" and text in {"true", "false"}:
            return text == "true"
        if type_ == "string":
            return text
        self._wrong(node, schema, where)
        return None

    def _wrong(self, node: Node, schema: Mapping[str, Any], where: Where) -> None:
        self.failed.add(where)
        shown = {"text": quoted(node.text), "null": "empty"}.get(node.kind, f"a {node.kind}")
        name = _name(where, self.name)
        self._report(
            Diagnostic(
                code=f"{letter(self._path)}105",
                location=Location(self._path, node.line, node.column),
                message=f"{name} is {shown}",
                expected=describe(schema),
                help=_type_help(node, schema),
            )
        )

    def _unknown(self, key: Node, properties: Mapping[str, Any]) -> None:
        self._report(
            Diagnostic(
                code=f"{letter(self._path)}104",
                location=Location(self._path, key.line, key.column),
                message=f"unknown key {quoted(key.text)}",
                expected=one_of(properties),
                help=closest_help(key.text, properties),
            )
        )


def _name(where: Where, whole: str) -> str:
    """Return what a place in an entry is called: its key, or the key of its list."""
    keys = [part for part in where if isinstance(part, str)]
    name = f"`{keys[-1]}`" if keys else whole
    return name if not where or where[-1] == (keys or [""])[-1] else f"an entry of {name}"


def _type_help(node: Node, schema: Mapping[str, Any]) -> str:
    """Return the change that YAML's older readings and near misses ask for."""
    type_, text = schema.get("type"), node.text.strip()
    if type_ == "boolean" and text.lower() in {"yes", "on", "y", "true"}:
        return "write `true`"
    if type_ == "boolean" and text.lower() in {"no", "off", "n", "false"}:
        return "write `false`"
    plain = re.sub(r"[_,' ]", "", text).lstrip("+").lstrip("0")
    if type_ == "integer" and re.fullmatch(r"[1-9][0-9]{0,17}", plain):
        return f"write `{plain}`"
    if type_ == "number" and re.fullmatch(r"-?\d+,\d+", text):
        return f"write `{text.replace(',', '.')}`"
    if type_ == "array" and node.kind == "text":
        return f"write a list: `[{text[:40]}]`"
    return ""


def one_of(names: Iterable[str]) -> str:
    """Return names as the text of an `expected:` line."""
    return "one of " + ", ".join(f"`{name}`" for name in sorted(names))


def _plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.slug
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return value


def _explain(kind: str, error: Any, name: str) -> tuple[int, str, str, str]:
    """Return number, message, expected and help for an error of the validator."""
    kind = kind[:1].lower() + kind[1:]
    if kind == "required":
        missing = error.kind.property
        return 106, f"required field `{missing}` is missing", f"a line `{missing}: …`", ""
    if kind in {"additionalProperties", "anyOf", "type"}:
        return 0, "", "", ""
    shown = str(error.instance)
    message = f"{name} is {_shown(error.instance)}"
    wordings: Mapping[str, Callable[[], str]] = {
        "minLength": lambda: f"at least {counted(error.kind.limit, 'character')}",
        "maxLength": lambda: (
            f"at most {counted(error.kind.limit, 'character')}, not {len(error.instance)}"
        ),
        "minItems": lambda: f"at least {counted(error.kind.limit, 'entry', 'entries')}",
        "maxItems": lambda: f"at most {counted(error.kind.limit, 'entry', 'entries')}",
        "minimum": lambda: f"at least {error.kind.limit}",
        "maximum": lambda: f"at most {error.kind.limit}",
        "pattern": lambda: f"text of the form {error.kind.pattern}",
        "format": lambda: _format_name(error.kind.format),
        "enum": lambda: one_of(str(option) for option in error.kind.options),
        "uniqueItems": lambda: "each entry once",
    }
    expected = wordings[kind]() if kind in wordings else str(error.message)[:120]
    help_ = closest_help(shown, map(str, error.kind.options)) if kind == "enum" else ""
    if kind == "format" and error.kind.format == "date":
        help_ = _date_help(shown)
    return 105, message, expected, help_


def _asked(schema: Mapping[str, Any], where: Where) -> str:
    """Return what the schema says of a field at the top of an entry, for who has to fill it."""
    entry = schema.get("properties", {}).get(where[0], {}) if len(where) == 1 else {}
    choices = ", ".join(map(str, entry.get("enum", ())))
    said = entry.get("description", "")
    said = said.rstrip(".") if choices else said
    return ": ".join(part for part in (said, choices) if part)


def _date_help(text: str) -> str:
    """Return the change for a date as spreadsheets and people write it, where it is certain."""
    found = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?: 0?0:00(?::00)?)?", text)
    if found is None:
        return ""
    first, sign, second, year = int(found[1]), found[2], int(found[3]), found[4]
    readings = [(second, first)] if sign == "." or first > 12 else [(first, second)]
    if sign != "." and first <= 12 and second <= 12 and first != second:
        readings.append((second, first))
    dates = [f"{year}-{month:02}-{day:02}" for month, day in readings]
    said = " or ".join(f"`{item}`" for item in dates if is_date(item))
    return f"write {said}" if said else ""


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "empty" if not value else f"a list of {len(value)}"
    return quoted(str(value)) if str(value).strip() else "empty"


def _format_name(name: str) -> str:
    return {
        "date": "a date such as 2026-11-25",
        "https-url": "an address that starts with https://",
    }.get(name, name)


def describe(schema: Mapping[str, Any]) -> str:
    """Return in words what a schema accepts, for `expected:` lines."""
    type_ = schema.get("type", "text")
    return {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "keys and values",
    }.get(type_, "text")


def is_https_url(text: str) -> bool:
    """Return whether the text is an absolute https address without spaces or quotes."""
    return re.fullmatch(r"https://[A-Za-z0-9.-]+(?::\d+)?(?:/[^\s\"'<>\\]*)?", text) is not None


def is_date(text: str) -> bool:
    """Return whether the text is a date of ISO 8601, `2026-11-25`."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _anything(text: str) -> bool:
    return isinstance(text, str)
