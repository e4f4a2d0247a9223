"""The families of `matrix/matrix.yaml`: kinds of pages over rows that are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from pageloom.characters import position
from pageloom.conditions import Condition, ConditionError
from pageloom.diagnostics import Diagnostic, Location, Start, closest_help, quoted
from pageloom.load import slugs
from pageloom.load.schemas import built_in
from pageloom.load.site_map import MATRIX, Map, undefined
from pageloom.load.texts import Names, text
from pageloom.model import Family, Gate, Path, Related, Slot, Text
from pageloom.schema import Validator
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
Carried = Callable[[str], frozenset[str] | None]
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,99}|\{[a-z_][a-z0-9_]*\}")
_PAGE = re.compile(r"(?!index\.)[a-z0-9][a-z0-9-]{0,94}\.html")


def families(
    map_: Map, fields: Mapping[str, frozenset[str] | None], carried: Carried, report: Report
) -> dict[str, Family]:
    """Return the families by name, in the order of the file.

    `carried` gives the fields that the rows of a table without a schema have.
    """
    reader = _Reader(map_, fields, carried, report)
    nodes = map_.node.get("families")
    pairs = nodes.pairs if nodes else ()
    made = {
        key.text: reader.family(key, node, map_.values["families"][key.text]) for key, node in pairs
    }
    return _without_circles(made, map_, report)


class _Reader:
    """Turns one family's entry after the other into a `Family`."""

    def __init__(
        self,
        map_: Map,
        fields: Mapping[str, frozenset[str] | None],
        carried: Carried,
        report: Report,
    ) -> None:
        self._map = map_
        self._carried = carried
        self._fields = fields
        self._report = report
        self._axes = {spec.name for spec in map_.axes}
        self._joins = {spec.name: spec for spec in map_.joins}
        self._tables = {spec.name for spec in (*map_.axes, *map_.tables, *map_.joins)}
        self._families: Mapping[str, Any] = map_.values["families"]

    def family(self, key: Node, node: Node, values: Mapping[str, Any]) -> Family:
        """Return a family; one with a fault in its axes, cells or route has no cells."""
        axes = tuple(axis for axis in values["axes"] if axis in self._axes)
        sound = self._check_axes(node, values["axes"])
        names = Names(axes, self._map, self._fields, judged=sound)

        def read(name: str, owner: Node = node) -> Text:
            return text(owner.get(name) or node, names, self._report)

        def read_all(name: str) -> tuple[Text, ...]:
            entry = node.get(name)
            items = entry.items if entry is not None else ()
            return tuple(text(item, names, self._report) for item in items)

        h1 = read("h1")
        link_text = read("link_text") if "link_text" in values else h1
        fold = node.get("fold")
        where = node.get("where")
        cells = self._cells(node, values, axes) if sound else ""
        sound = sound and self._check_route(node.get("route") or node, values["route"], axes)
        former = self._former_routes(node, axes) if sound else ()
        serialised = json.dumps(_jsonable(values), sort_keys=True)
        return Family(
            name=key.text,
            axes=axes,
            cells=cells if sound else "",
            where=self._where(node, values, axes),
            route=values["route"],
            former_routes=former,
            parent=self._parent(node, values, axes),
            template=values.get("template", "page.html"),
            titles=read_all("title"),
            descriptions=read_all("description"),
            h1=h1,
            link_text=link_text,
            crumb=read("crumb") if "crumb" in values else link_text,
            line=read("line") if "line" in values else None,
            article=values.get("article", False),
            listed=values.get("listed", True),
            slots=self._slots(key, node, values.get("slots", {}), axes, names),
            fold_slots=self._fold_slots(node, values),
            fold_heading=read("heading", fold) if fold is not None else None,
            related=self._related(node, values.get("related", ()), axes),
            gate=self._gate(node),
            location=_place(key),
            where_location=_place(where or key),
            digest=blake2b(serialised.encode(), digest_size=16).digest(),
            share_title=values.get("share_title", ""),
        )

    def _check_axes(self, node: Node, axes: Iterable[str]) -> bool:
        entry = node.get("axes")
        for item in entry.items if entry else ():
            if item.text not in self._axes:
                self._undefined(item, f"unknown axis {quoted(item.text)}", self._axes)
        return set(axes) <= self._axes

    def _cells(self, node: Node, values: Mapping[str, Any], axes: tuple[str, ...]) -> str:
        """Return what the cells are made of; nothing after a fault was reported."""
        cells = str(values.get("cells", "all"))
        entry = node.get("cells") or node
        if cells == "all":
            return cells
        if cells.startswith("from "):
            source = cells.removeprefix("from ").strip()
            other = self._families.get(source)
            if other is None:
                self._undefined(entry, f"unknown family {quoted(source)}", self._families)
            elif not set(axes) <= set(other["axes"]):
                self._undefined(entry, f"`{source}` does not have the axes of this family", ())
            else:
                return f"family:{source}"
        elif cells not in self._joins:
            self._undefined(entry, f"{quoted(cells)} is no join", (*self._joins, "all"))
        elif not set(self._joins[cells].axes) <= set(axes):
            self._undefined(entry, f"`{cells}` is about axes that this family does not have", ())
        else:
            return cells
        return ""

    def _fold_slots(self, node: Node, values: Mapping[str, Any]) -> tuple[str, ...]:
        fold = node.get("fold")
        entry = fold.get("slots") if fold is not None else None
        known = values.get("slots", {})
        for item in entry.items if entry is not None else ():
            if item.text not in known:
                self._undefined(item, f"unknown slot {quoted(item.text)}", known)
        return tuple(name for name in values.get("fold", {}).get("slots", ()) if name in known)

    def _where(self, node: Node, values: Mapping[str, Any], axes: tuple[str, ...]) -> str:
        where = str(values.get("where", ""))
        entry = node.get("where")
        if not where or entry is None:
            return ""
        location = _place(entry)
        try:
            condition = Condition(where)
        except ConditionError as error:
            message = f"not a condition: {error}"[:100]
            self._report(Diagnostic(code="M113", location=location, message=message))
            return ""
        names = Names(axes, self._map, self._fields)
        start = entry.start or Start(entry.line, entry.column)
        sound = True
        for root, field in dict.fromkeys(condition.paths):
            fault, help_ = self._path_fault(root, field, names)
            if fault:
                place = start.location(MATRIX, *position(where, condition.offset(root, field)))
                self._report(Diagnostic(code="C205", location=place, message=fault, help=help_))
                sound = False
        return where if sound else ""

    def _path_fault(self, root: str, field: str, names: Names) -> tuple[str, str]:
        """Return what is wrong with a path of a condition, and a help text."""
        if root == "site":
            return "`site` has no place in a condition", ""
        fault, help_ = names.fault(Path(root, (field,) if field else ()))
        known = None if fault else self._carried(root)
        if known is not None and field not in known:
            return f"no row of `{root}` has a field `{field}`", closest_help(field, known)
        return fault, help_

    def _former_routes(self, node: Node, axes: tuple[str, ...]) -> tuple[str, ...]:
        entry = node.get("former_routes")
        items = entry.items if entry is not None else ()
        return tuple(item.text for item in items if self._check_route(item, item.text, axes))

    def _check_route(self, node: Node, route: str, axes: tuple[str, ...]) -> bool:
        parts = [part for part in route.strip("/").split("/") if part]
        named = [part[1:-1] for part in parts if part.startswith("{")]
        file = bool(parts) and route.endswith(".html")
        folders = parts[:-1] if file else parts
        fault = ""
        if not all(_SEGMENT.fullmatch(part) for part in folders):
            fault = "has a part that is neither a word nor one `{axis}`"
        elif any(map(slugs.is_device, parts)):
            fault = "has a part that is the name of a device on Windows"
        elif file and not _PAGE.fullmatch(parts[-1]):
            fault = "does not end with a word and .html"
        elif sorted(named) != sorted(axes):
            fault = "does not name each axis once"
        elif route != "/".join(("", *parts, *(() if file else ("",)))) and parts:
            fault = "ends neither with a slash nor with .html"
        elif not parts and route != "/":
            fault = "has an empty part"
        if fault:
            self._undefined(node, f"route {quoted(route, 30)} {fault}", ())
        return not fault

    def _parent(self, node: Node, values: Mapping[str, Any], axes: tuple[str, ...]) -> str:
        parent = str(values.get("parent", ""))
        entry = node.get("parent") or node
        if not parent:
            return ""
        if parent not in self._families:
            self._undefined(entry, f"unknown family {quoted(parent)}", self._families)
            return ""
        if not set(self._families[parent]["axes"]) <= set(axes):
            self._undefined(entry, f"`{parent}` has axes that this family does not have", ())
            return ""
        return parent

    def _slots(
        self, key: Node, node: Node, entries: Mapping[str, Any], axes: tuple[str, ...], names: Names
    ) -> tuple[Slot, ...]:
        slots = node.get("slots")
        family = key.text
        return tuple(
            self._slot(key, child, entries[key.text], axes, names, family)
            for key, child in (slots.pairs if slots else ())
            if key.text in entries
        )

    def _slot(
        self,
        key: Node,
        node: Node,
        entry: Mapping[str, Any],
        axes: tuple[str, ...],
        names: Names,
        family: str,
    ) -> Slot:
        heading = node.get("heading")
        self._check_slot(node, family)
        prefer = tuple(axis for axis in entry.get("prefer", axes) if axis in axes)
        if len(prefer) < len(entry.get("prefer", ())):
            self._undefined(node.get("prefer") or node, "`prefer` names another axis", axes)
        return Slot(
            name=key.text,
            heading=text(heading, names, self._report)
            if entry.get("heading") and heading
            else None,
            snippet=entry.get("snippet", ""),
            partial=entry.get("from", ""),
            rows=tuple(entry.get("rows", ())),
            prefer=(*prefer, *(axis for axis in axes if axis not in prefer)),
            lists=entry.get("list", ""),
            text=self._listed(node, "text"),
            line=self._listed(node, "line"),
            order=self._order(node),
            folds=entry.get("fold", ""),
            max_grade=entry.get("max_grade", self._families[family].get("max_grade", 0)),
            location=_place(key),
        )

    def _listed(self, node: Node, name: str) -> Text | None:
        """Return a text beside a `list`, over the axes and joins of the family that it lists."""
        entry, listed = node.get(name), node.get("list")
        if entry is None:
            return None
        other = self._families.get(listed.text) if listed is not None else None
        if other is None:
            self._undefined(entry, f"`{name}` stands beside a `list` only", ())
            return None
        axes = tuple(axis for axis in other["axes"] if axis in self._axes)
        return text(entry, Names(axes, self._map, self._fields), self._report)

    def _order(self, node: Node) -> Path | None:
        found = self._listed(node, "order")
        entry = node.get("order")
        if found is None or entry is None:
            return None
        match found.parts:
            case (Path() as path,):
                return path
        self._undefined(entry, "`order` is not one field, such as `{{ axis.rank }}`", ())
        return None

    def _check_slot(self, node: Node, family: str) -> None:
        known = {*self._tables, "facts", "sources"}
        rows = node.get("rows")
        for item in rows.items if rows is not None else ():
            if item.text not in known:
                self._undefined(item, f"unknown table {quoted(item.text)}", known)
        for name in ("list", "fold"):
            child = node.get(name)
            if child is not None and child.text not in self._families:
                self._undefined(child, f"unknown family {quoted(child.text)}", self._families)
            elif name == "fold" and child and self._families[child.text].get("parent") != family:
                message = f"`{child.text}` does not fold into this family, its parent is another"
                self._undefined(child, message, ())

    def _related(self, node: Node, entries: Any, axes: tuple[str, ...]) -> tuple[Related, ...]:
        found = node.get("related")
        for item in found.items if found is not None else ():
            vary = item.get("vary")
            if vary is not None and vary.text not in axes:
                self._undefined(vary, f"{quoted(vary.text)} is no axis of this family", axes)
        return tuple(
            Related(entry["vary"], entry["count"]) for entry in entries if entry["vary"] in axes
        )

    def _gate(self, node: Node) -> Gate:
        entry = node.get("gate")
        if self._map.values.get("gate") == "off":
            return Gate(mode="off")
        if entry is None or entry.kind == "null":
            return Gate()
        if entry.kind != "map":
            if entry.text != "off":
                shown = quoted(entry.text) if entry.kind == "text" else f"a {entry.kind}"
                self._undefined(entry, f"gate is {shown}, neither conditions nor `off`", ())
            return Gate(mode="off")
        problems: list[Diagnostic] = []
        gate = Validator(built_in("gate")).convert(entry, MATRIX, problems.append)
        for problem in problems:
            self._report(problem)
        if problems:
            return Gate()
        published = gate.pop("published", {})
        return replace(Gate(mode="on"), **published, **gate)

    def _undefined(self, node: Node, message: str, known: Iterable[str]) -> None:
        self._report(undefined(node, message, known))


def _without_circles(
    families: Mapping[str, Family], map_: Map, report: Report
) -> dict[str, Family]:
    """Report families that are above themselves, or whose cells come from themselves."""
    made = dict(families)
    nodes = map_.node.get("families")
    for name, family in families.items():
        entry = nodes.get(name) if nodes is not None else None
        circle = _circle(name, {key: item.parent for key, item in made.items()})
        if circle and entry is not None:
            _report_circle(
                entry.get("parent") or entry, "are parents of each other", circle, report
            )
            made[name] = replace(made[name], parent="")
        sources = {key: item.cells.removeprefix("family:") for key, item in made.items()}
        circle = _circle(name, sources) if family.cells.startswith("family:") else ()
        if circle and entry is not None:
            _report_circle(
                entry.get("cells") or entry, "take cells from each other", circle, report
            )
            made[name] = replace(made[name], cells="")
    return made


def _circle(name: str, above: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names from `name` up to itself, or nothing."""
    path = [name]
    while (following := above.get(path[-1], "")) not in {"", *path}:
        path.append(following)
    return (*path, name) if above.get(path[-1]) == name else ()


def _report_circle(node: Node, what: str, circle: tuple[str, ...], report: Report) -> None:
    message = f"families {what}: {' → '.join(circle)}"[:100]
    help_ = "take one of these lines out"
    report(Diagnostic(code="M111", location=_place(node), message=message, help=help_))


def _place(node: Node) -> Location:
    return Location(MATRIX, node.line, node.column)


def _jsonable(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return value
