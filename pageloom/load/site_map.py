"""`matrix/matrix.yaml` before rows are read: axes, tables, joins, and the names of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted
from pageloom.load.rows import TableSpec
from pageloom.load.schemas import built_in
from pageloom.schema import Validator, one_of
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
MATRIX = "matrix/matrix.yaml"
_ROWS_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PAGES_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TAKEN = frozenset(("site", "page", "fact", "source", "facts", "sources", "text", "family", "slug"))
"""Names that texts, templates, links and tables give another meaning."""


@dataclass(frozen=True, slots=True)
class Map:
    """What `matrix.yaml` says before rows are read."""

    axes: tuple[TableSpec, ...]
    tables: tuple[TableSpec, ...]
    joins: tuple[TableSpec, ...]
    facts: str
    sources: str
    claims: str
    values: Mapping[str, Any]
    node: Node


def read_map(node: Node, report: Report) -> Map | None:
    """Return the map of the site, or None after problems that leave nothing to go on with."""
    problems: list[Diagnostic] = []
    values = Validator(built_in("matrix")).convert(node, MATRIX, problems.append, "the file")
    if isinstance(values, dict) and not problems:
        problems = [*_name_faults(node), *_join_faults(node)]
    for problem in problems:
        report(problem)
    if not isinstance(values, dict) or problems:
        return None
    return Map(
        axes=_specs(node, values, "axes"),
        tables=_specs(node, values, "tables"),
        joins=_specs(node, values, "joins"),
        facts=values.get("facts", ""),
        sources=values.get("sources", ""),
        claims=values.get("claims", ""),
        values=values,
        node=node,
    )


def _specs(node: Node, values: Mapping[str, Any], section: str) -> tuple[TableSpec, ...]:
    return tuple(
        TableSpec(
            key.text,
            values[section][key.text]["file"],
            values[section][key.text].get("schema", key.text),
            values[section][key.text].get("axes", ()),
            location=_place(entry.get("file") or key),
            routed=section == "axes",
        )
        for key, entry in _pairs(node, section)
    )


def _pairs(node: Node | None, section: str) -> tuple[tuple[Node, Node], ...]:
    found = node.get(section) if node is not None else None
    return found.pairs if found is not None else ()


def _name_faults(node: Node) -> Iterator[Diagnostic]:
    """Yield names that cannot be used, or that mean two things."""
    seen: dict[str, Node] = {}
    for section in ("axes", "tables", "joins"):
        for key, entry in _pairs(node, section):
            if not _ROWS_NAME.fullmatch(key.text) or key.text in _TAKEN:
                expected = (
                    "lower-case letters, digits and `_`, and no word with a meaning of its own"
                )
                yield _fault(105, key, f"{quoted(key.text)} cannot be the name of rows", expected)
            elif key.text in seen:
                message = f"{quoted(key.text)} is the name of two kinds of rows"
                note = f"first at {_place(seen[key.text])}"
                yield _fault(102, key, message, "a name of its own", note=note)
            seen[key.text] = key
            schema = entry.get("schema")
            if schema is not None and not _PAGES_NAME.fullmatch(schema.text):
                message = f"{quoted(schema.text)} cannot be the name of a schema"
                yield _fault(105, schema, message, "the name of a file in matrix/schemas/")
    for key, entry in _pairs(node, "families"):
        for name in (key, *(slot for slot, _ in _pairs(entry, "slots"))):
            if not _PAGES_NAME.fullmatch(name.text):
                expected = "lower-case letters, digits, `-` and `_`"
                message = f"{quoted(name.text)} cannot be the name of a family or slot"
                yield _fault(105, name, message, expected)


def _join_faults(node: Node) -> Iterator[Diagnostic]:
    axes = [key.text for key, _ in _pairs(node, "axes")]
    for _, entry in _pairs(node, "joins"):
        named = entry.get("axes")
        for item in named.items if named is not None else ():
            if item.text not in axes:
                yield undefined(item, f"unknown axis {quoted(item.text)}", axes)


def undefined(node: Node, message: str, known: Iterable[str]) -> Diagnostic:
    """Return the problem of a name that the map of the site does not define."""
    names = sorted(known)
    return Diagnostic(
        code="M118",
        location=_place(node),
        message=message,
        expected=one_of(names) if names else "",
        help=closest_help(message.split("`")[1], names) if names and "`" in message else "",
    )


def _fault(number: int, node: Node, message: str, expected: str, note: str = "") -> Diagnostic:
    return Diagnostic(
        code=f"M{number}",
        location=_place(node),
        message=message,
        expected=expected,
        notes=(note,) if note else (),
    )


def _place(node: Node) -> Location:
    return Location(MATRIX, node.line, node.column)
