"""`matrix/matrix.yaml` as families: the map of the site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from pageloom import expressions
from pageloom.conditions import Condition, ConditionError
from pageloom.diagnostics import Diagnostic, Location, closest_help
from pageloom.load.rows import TableSpec
from pageloom.load.schemas import built_in
from pageloom.model import Call, Expression, Family, Gate, Path, Related, Slot, Text
from pageloom.schema import Validator
from pageloom.source import Node

Report = Callable[[Diagnostic], None]
MATRIX = "matrix/matrix.yaml"
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9.-]*|\{[a-z_][a-z0-9_]*\}")


@dataclass(frozen=True, slots=True)
class Map:
    """What `matrix.yaml` says before rows are read."""

    axes: tuple[TableSpec, ...]
    tables: tuple[TableSpec, ...]
    joins: tuple[TableSpec, ...]
    facts: str
    sources: str
    values: Mapping[str, Any]
    node: Node


def read_map(node: Node, report: Report) -> Map | None:
    """Return the map of the site, or None after problems that leave nothing to go on with."""
    problems: list[Diagnostic] = []
    values = Validator(built_in("matrix")).convert(node, MATRIX, problems.append)
    for problem in problems:
        report(problem)
    if not isinstance(values, dict) or any(problem.is_error for problem in problems):
        return None
    return Map(
        axes=_specs(values.get("axes", {})),
        tables=_specs(values.get("tables", {})),
        joins=_specs(values.get("joins", {})),
        facts=values.get("facts", ""),
        sources=values.get("sources", ""),
        values=values,
        node=node,
    )


def _specs(entries: Mapping[str, Any]) -> tuple[TableSpec, ...]:
    return tuple(
        TableSpec(name, entry["file"], entry.get("schema", name), entry.get("axes", ()))
        for name, entry in entries.items()
    )


class Names:
    """The names that a text of a family may use, and the fields behind them."""

    def __init__(
        self, axes: tuple[str, ...], map_: Map, fields: Mapping[str, frozenset[str] | None]
    ) -> None:
        covered = (spec for spec in map_.joins if set(spec.axes) <= set(axes))
        self.known: dict[str, frozenset[str] | None] = {
            **{name: fields.get(name) for name in axes},
            **{spec.name: fields.get(spec.name) for spec in covered},
            "site": frozenset(("brand", "base_url", "organization")),
        }

    def check(self, expression: Expression) -> str:
        """Return what is wrong with the names of an expression, or an empty string."""
        for path in expressions.references(expression):
            if path.root not in self.known:
                return f"unknown name `{path.root}`"
            declared = self.known[path.root]
            if not path.fields:
                return f"`{path.root}` is a row; it has fields to print"
            if declared is not None and path.fields[0] not in declared | {"slug"}:
                return f"`{path.root}` has no field `{path.fields[0]}`"
        return ""

    def suggest(self, expression: Expression) -> str:
        """Return a help text with the closest name or field."""
        for path in expressions.references(expression):
            if path.root not in self.known:
                return closest_help(path.root, self.known)
            declared = self.known[path.root]
            if declared is not None and path.fields and path.fields[0] not in declared:
                return closest_help(path.fields[0], declared)
        return ""


def text(source: str, location: Location, names: Names, report: Report) -> Text:
    """Return a text of the matrix with its expressions parsed; faults are reported."""
    parts: list[str | Expression] = []
    for index, (part, _) in enumerate(expressions.split(source)):
        if index % 2 == 0:
            parts.append(part)
            continue
        try:
            expression = expressions.parse(part)
        except expressions.NotAllowedError as error:
            report(
                Diagnostic(code="C204", location=location, message=f"not allowed: {error}"[:100])
            )
            continue
        fault = names.check(expression)
        if isinstance(expression, Call):
            fault = fault or f"{expression.name}() has no place here"
        if fault:
            help_ = names.suggest(expression)
            report(Diagnostic(code="C205", location=location, message=fault, help=help_))
            continue
        parts.append(expression)
    return Text(tuple(part for part in parts if part != ""), source, location)


def families(
    map_: Map, fields: Mapping[str, frozenset[str] | None], report: Report
) -> dict[str, Family]:
    """Return the families by name, in the order of the file."""
    reader = _Reader(map_, fields, report)
    nodes = map_.node.get("families")
    pairs = nodes.pairs if nodes else ()
    made = {
        key.text: reader.family(key, node, map_.values["families"][key.text]) for key, node in pairs
    }
    return {name: family for name, family in made.items() if family is not None}


class _Reader:
    """Turns one family's entry after the other into a `Family`."""

    def __init__(
        self, map_: Map, fields: Mapping[str, frozenset[str] | None], report: Report
    ) -> None:
        self._map = map_
        self._fields = fields
        self._report = report
        self._axes = {spec.name for spec in map_.axes}
        self._joins = {spec.name: spec for spec in map_.joins}
        self._tables = {spec.name for spec in (*map_.axes, *map_.tables, *map_.joins)}
        self._families: Mapping[str, Any] = map_.values["families"]

    def family(self, key: Node, node: Node, values: Mapping[str, Any]) -> Family | None:
        axes = tuple(values["axes"])
        if not self._check_axes(node, axes):
            return None
        names = Names(axes, self._map, self._fields)
        at = _Places(node)

        def read(name: str, source: str, index: int | None = None) -> Text:
            return text(source, at.of(name, index), names, self._report)

        titles = tuple(read("title", item, n) for n, item in enumerate(values["title"]))
        described = tuple(
            read("description", item, n) for n, item in enumerate(values.get("description", ()))
        )
        h1 = read("h1", values["h1"])
        fold = values.get("fold", {})
        serialised = json.dumps(_jsonable(values), sort_keys=True)
        return Family(
            name=key.text,
            axes=axes,
            cells=self._cells(node, values, axes),
            where=self._where(node, values, axes),
            route=self._route(node, values["route"], axes),
            parent=self._parent(node, values, axes),
            template=values.get("template", "page.html"),
            titles=titles,
            descriptions=described,
            h1=h1,
            link_text=read("link_text", values["link_text"]) if "link_text" in values else h1,
            line=read("line", values["line"]) if "line" in values else None,
            article=values.get("article", False),
            listed=values.get("listed", True),
            slots=self._slots(node, values.get("slots", {}), axes, names),
            fold_slots=tuple(fold.get("slots", ())),
            fold_heading=read("fold", fold["heading"]) if fold else None,
            related=self._related(node, values.get("related", ()), axes),
            gate=self._gate(node),
            location=Location(MATRIX, key.line, key.column),
            where_location=at.of("where"),
            digest=blake2b(serialised.encode(), digest_size=16).digest(),
        )

    def _check_axes(self, node: Node, axes: tuple[str, ...]) -> bool:
        entry = node.get("axes")
        unknown = [item for item in (entry.items if entry else ()) if item.text not in self._axes]
        for item in unknown:
            self._undefined(item, f"unknown axis `{item.text}`", self._axes)
        return not unknown and len(axes) == len(set(axes))

    def _cells(self, node: Node, values: Mapping[str, Any], axes: tuple[str, ...]) -> str:
        cells = str(values.get("cells", "all"))
        entry = node.get("cells") or node
        if cells == "all":
            return cells
        if cells.startswith("from "):
            source = cells.removeprefix("from ").strip()
            other = self._families.get(source)
            if other is None:
                self._undefined(entry, f"unknown family `{source}`", self._families)
            elif not set(axes) <= set(other["axes"]):
                self._undefined(entry, f"`{source}` does not have the axes of this family", ())
            return f"family:{source}"
        if cells not in self._joins:
            self._undefined(entry, f"`{cells}` is no join", (*self._joins, "all"))
        elif not set(self._joins[cells].axes) <= set(axes):
            self._undefined(entry, f"`{cells}` is about axes that this family does not have", ())
        return cells

    def _where(self, node: Node, values: Mapping[str, Any], axes: tuple[str, ...]) -> str:
        where = str(values.get("where", ""))
        entry = node.get("where")
        if not where or entry is None:
            return ""
        location = Location(MATRIX, entry.line, entry.column)
        try:
            condition = Condition(where)
        except ConditionError as error:
            message = f"not a condition: {error}"[:100]
            self._report(Diagnostic(code="M113", location=location, message=message))
            return ""
        names = Names(axes, self._map, self._fields)
        for root, field in condition.paths:
            fault = names.check(Path(root, (field,) if field else ()))
            if fault:
                help_ = names.suggest(Path(root, (field,)))
                self._report(Diagnostic(code="C205", location=location, message=fault, help=help_))
                return ""
        return where

    def _route(self, node: Node, route: str, axes: tuple[str, ...]) -> str:
        entry = node.get("route") or node
        parts = route.strip("/").split("/") if route.strip("/") else []
        named = [part[1:-1] for part in parts if part.startswith("{")]
        fault = ""
        if any(not _SEGMENT.fullmatch(part) for part in parts):
            fault = f"route `{route}` has a part that is neither a word nor one `{{axis}}`"
        elif sorted(named) != sorted(axes):
            fault = f"route `{route}` does not name each axis once"
        elif not route.endswith("/") and not (parts and parts[-1].endswith(".html")):
            fault = f"route `{route}` ends neither with a slash nor with .html"
        if fault:
            self._undefined(entry, fault, ())
        return route

    def _parent(self, node: Node, values: Mapping[str, Any], axes: tuple[str, ...]) -> str:
        parent = str(values.get("parent", ""))
        entry = node.get("parent") or node
        if not parent:
            return ""
        if parent not in self._families:
            self._undefined(entry, f"unknown family `{parent}`", self._families)
            return ""
        if not set(self._families[parent]["axes"]) <= set(axes):
            self._undefined(entry, f"`{parent}` has axes that this family does not have", ())
            return ""
        return parent

    def _slots(
        self, node: Node, entries: Mapping[str, Any], axes: tuple[str, ...], names: Names
    ) -> tuple[Slot, ...]:
        slots = node.get("slots")
        return tuple(
            self._slot(key, child, entries[key.text], axes, names)
            for key, child in (slots.pairs if slots else ())
        )

    def _slot(
        self,
        key: Node,
        node: Node,
        entry: Mapping[str, Any],
        axes: tuple[str, ...],
        names: Names,
    ) -> Slot:
        location = Location(MATRIX, key.line, key.column)
        heading = entry.get("heading")
        for name in entry.get("rows", ()):
            if name not in {*self._tables, "facts", "sources"}:
                self._undefined(node.get("rows") or node, f"unknown table `{name}`", self._tables)
        for name in ("list", "fold"):
            if name in entry and entry[name] not in self._families:
                child = node.get(name) or node
                self._undefined(child, f"unknown family `{entry[name]}`", self._families)
        prefer = tuple(entry.get("prefer", axes))
        if not set(prefer) <= set(axes):
            self._undefined(node.get("prefer") or node, "`prefer` names another axis", axes)
        return Slot(
            name=key.text,
            heading=text(heading, location, names, self._report) if heading else None,
            snippet=entry.get("snippet", ""),
            partial=entry.get("from", ""),
            rows=tuple(entry.get("rows", ())),
            prefer=(*prefer, *(axis for axis in axes if axis not in prefer)),
            lists=entry.get("list", ""),
            folds=entry.get("fold", ""),
            location=location,
        )

    def _related(self, node: Node, entries: Any, axes: tuple[str, ...]) -> tuple[Related, ...]:
        for entry in entries:
            if entry["vary"] not in axes:
                place = node.get("related") or node
                self._undefined(place, f"`{entry['vary']}` is no axis of this family", axes)
        return tuple(
            Related(entry["vary"], entry["count"]) for entry in entries if entry["vary"] in axes
        )

    def _gate(self, node: Node) -> Gate:
        entry = node.get("gate")
        if self._map.values.get("gate") == "off":
            return Gate(mode="off")
        if entry is None:
            return Gate()
        if entry.kind != "map":
            if entry.text != "off":
                self._undefined(entry, f"gate `{entry.text}`", ("off",))
            return Gate(mode="off")
        gate = Validator(built_in("gate")).convert(entry, MATRIX, self._report)
        published = gate.pop("published", {})
        return replace(Gate(mode="on"), **published, **gate)

    def _undefined(self, node: Node, message: str, known: Any) -> None:
        names = sorted(known)
        self._report(
            Diagnostic(
                code="M118",
                location=Location(MATRIX, node.line, node.column),
                message=message[:100],
                expected="one of " + ", ".join(f"`{name}`" for name in names) if names else "",
                help=closest_help(message.split("`")[1], names) if names and "`" in message else "",
            )
        )


class _Places:
    """Positions of a family's keys."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def of(self, name: str, index: int | None = None) -> Location:
        node = self._node.get(name) or self._node
        if index is not None and index < len(node.items):
            node = node.items[index]
        return Location(MATRIX, node.line, node.column)


def _jsonable(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return value
