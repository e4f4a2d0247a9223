"""Markdown files as snippets: front matter, selectors, and what they may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pageloom.diagnostics import Diagnostic, Location, closest_help
from pageloom.expressions import text_of
from pageloom.model import Family, Pin, Row, Snippet
from pageloom.schema import is_date
from pageloom.source import Document, Node

Report = Callable[[Diagnostic], None]
KEYS = ("slot", "family", "for", "reviewed", "draft", "note", "interval_months", "waive")
SINGLE, LIST, FIELD = 3, 2, 1


class SnippetReader:
    """Reads snippets against the families and axis rows that exist."""

    def __init__(
        self,
        families: Mapping[str, Family],
        axes: Mapping[str, tuple[Row, ...]],
        fields: Mapping[str, frozenset[str] | None],
        report: Report,
    ) -> None:
        self._families = families
        self._rows = axes
        self._index = {axis: {row.slug: row for row in rows} for axis, rows in axes.items()}
        self._fields = fields
        self._report = report
        self.hidden: dict[str, set[str]] = {axis: set() for axis in axes}
        """Slugs of rows that are drafts or broken: naming them is no fault of the snippet."""

    def read(self, document: Document) -> Snippet | None:
        """Return the snippet of a file, or None after its problems were reported."""
        front = document.front
        if front.kind != "map":
            self._fault(document, front, "C201", "front matter is not a map", "slot: and for:")
            return None
        for key, _ in front.pairs:
            if key.text not in KEYS:
                help_ = closest_help(key.text, KEYS)
                message = f"unknown key `{key.text}`"
                self._fault(document, key, "C104", message, ", ".join(KEYS), help_)
        slot = self._text(document, "slot")
        selector = front.get("for")
        if selector is None:
            self._fault(document, front, "C106", "required field `for` is missing", "for: {}")
        if slot is None or selector is None or not self._dated(document):
            return None
        pins = tuple(self._pins(document, selector))
        named = self._named_families(document)
        families = self._matching(document, slot, named, {pin.axis for pin in pins if pin.axis})
        if not families or any(not pin.axis for pin in pins):
            return None
        return Snippet(
            path=document.path,
            slot=slot.text,
            families=families,
            pins=tuple(sorted(pins, key=lambda pin: pin.axis)),
            body=document.body,
            body_line=document.body_line,
            location=Location(document.path, slot.line, slot.column),
            front={key.text: value.text for key, value in front.pairs if value.kind == "text"},
            waivers=self._waivers(document),
        )

    def _waivers(self, document: Document) -> tuple[tuple[str, str], ...]:
        node = document.front.get("waive")
        if node is None:
            return ()
        if node.kind != "map" or any(value.kind != "text" for _, value in node.pairs):
            self._fault(document, node, "C105", "`waive` is no map", "rule: reason")
            return ()
        return tuple((key.text, value.text) for key, value in node.pairs)

    def _text(self, document: Document, name: str) -> Node | None:
        node = document.front.get(name)
        if node is None:
            message = f"required field `{name}` is missing"
            self._fault(document, document.front, "C106", message, f"a line `{name}: …`")
        elif node.kind != "text":
            self._fault(document, node, "C105", f"`{name}` is no text", "text")
            return None
        return node

    def _dated(self, document: Document) -> bool:
        node = document.front.get("reviewed")
        if node is None or (node.kind == "text" and is_date(node.text)):
            return True
        message = f"`reviewed` is `{node.text}`"
        self._fault(document, node, "C105", message, "a date such as 2026-11-25")
        return False

    def _named_families(self, document: Document) -> tuple[Node, ...]:
        node = document.front.get("family")
        if node is None:
            return ()
        return node.items if node.kind == "list" else (node,)

    def _matching(
        self, document: Document, slot: Node, named: tuple[Node, ...], axes: set[str]
    ) -> tuple[str, ...]:
        with_slot = {
            name: family
            for name, family in self._families.items()
            if any(item.name == slot.text and item.snippet for item in family.slots)
        }
        if not with_slot:
            known = {item.name for family in self._families.values() for item in family.slots}
            message = f"no family has a slot `{slot.text}` for snippets"
            self._fault(document, slot, "C202", message, "", closest_help(slot.text, known))
            return ()
        for node in named:
            if node.text not in with_slot:
                message = f"family `{node.text}` has no slot `{slot.text}`"
                expected = ", ".join(sorted(with_slot))
                help_ = closest_help(node.text, with_slot)
                self._fault(document, node, "C202", message, expected, help_)
                return ()
        chosen = [node.text for node in named] or list(with_slot)
        fitting = tuple(name for name in chosen if axes <= set(with_slot[name].axes))
        if not fitting:
            message = f"`for` names axes that no family with slot `{slot.text}` has"
            expected = "; ".join(f"{name}: {', '.join(with_slot[name].axes)}" for name in chosen)
            self._fault(document, slot, "C203", message, expected)
        return fitting

    def _pins(self, document: Document, selector: Node) -> Iterator[Pin]:
        if selector.kind == "null":
            return
        if selector.kind != "map":
            self._fault(document, selector, "C203", "`for` is no map", "axis: slug")
            yield Pin("", frozenset(), 0)
            return
        found: dict[str, list[Pin]] = {}
        for key, value in selector.pairs:
            pin = self._pin(document, key, value)
            found.setdefault(pin.axis, []).append(pin)
        for axis, pins in found.items():
            rows = frozenset.intersection(*(pin.rows for pin in pins))
            yield Pin(axis, rows, max(pin.rank for pin in pins))

    def _pin(self, document: Document, key: Node, value: Node) -> Pin:
        axis, _, field = key.text.partition(".")
        if axis not in self._index:
            help_ = closest_help(axis, self._index)
            expected = ", ".join(self._index)
            self._fault(document, key, "C203", f"unknown axis `{axis}`", expected, help_)
            return Pin("", frozenset(), 0)
        nodes = value.items if value.kind == "list" else (value,)
        if any(node.kind != "text" for node in nodes) or not nodes:
            self._fault(document, value, "C203", f"`{key.text}` has no value", "a slug or a list")
            return Pin("", frozenset(), 0)
        if field:
            return self._field_pin(document, key, nodes, axis, field)
        rows = tuple(self._slugs(document, nodes, axis))
        rank = SINGLE if value.kind == "text" or len(nodes) == 1 else LIST
        return Pin(axis, frozenset(rows), rank)

    def _slugs(self, document: Document, nodes: Iterable[Node], axis: str) -> Iterator[Row]:
        for node in nodes:
            row = self._index[axis].get(node.text)
            if row is not None:
                yield row
            elif node.text not in self.hidden[axis]:
                help_ = closest_help(node.text, self._index[axis])
                message = f"unknown {axis} `{node.text}`"
                self._fault(document, node, "C203", message, f"the slug of a {axis}", help_)

    def _field_pin(
        self, document: Document, key: Node, nodes: tuple[Node, ...], axis: str, field: str
    ) -> Pin:
        declared = self._fields.get(axis)
        if declared is not None and field not in declared:
            help_ = closest_help(field, declared)
            self._fault(document, key, "C203", f"`{axis}` has no field `{field}`", "", help_)
            return Pin("", frozenset(), 0)
        wanted = {node.text for node in nodes}
        rows = frozenset(row for row in self._rows[axis] if wanted & _texts(row.values.get(field)))
        if not rows:
            shown = ", ".join(sorted(wanted))
            self._fault(document, key, "C203", f"no {axis} has `{field}: {shown}`", "")
            return Pin("", frozenset(), 0)
        return Pin(axis, rows, FIELD)

    def _fault(
        self,
        document: Document,
        node: Node,
        code: str,
        message: str,
        expected: str,
        help_: str = "",
    ) -> None:
        location = Location(document.path, node.line, node.column)
        self._report(
            Diagnostic(code=code, location=location, message=message, expected=expected, help=help_)
        )


def _texts(value: Any) -> set[str]:
    values = value if isinstance(value, tuple) else (value,)
    return {item.slug if isinstance(item, Row) else text_of(item) for item in values}
