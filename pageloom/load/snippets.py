"""Markdown files as snippets: front matter, selectors, and what they may name."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import expressions, source, trees
from pageloom.characters import decode, position
from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted, unheard
from pageloom.expressions import text_of
from pageloom.known import Known, same
from pageloom.load.document import Document, parse_document
from pageloom.load.schemas import built_in
from pageloom.model import Family, Pin, Row, Snippet
from pageloom.schema import Validator
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
SINGLE, LIST, FIELD = 3, 2, 1


class SnippetReader:
    """Reads snippets against the families and axis rows that exist."""

    def __init__(
        self,
        root: Path,
        families: Mapping[str, Family],
        axes: Mapping[str, tuple[Row, ...]],
        fields: Mapping[str, frozenset[str] | None],
        hidden: Mapping[str, set[str]],
        *,
        unread: Iterable[str] = (),
    ) -> None:
        """`hidden`: slugs of drafts and broken rows; `unread`: axes that could not be read.

        Naming them is no fault of a snippet.
        """
        self._root = root
        self._families = families
        self._rows = axes
        self._index = {axis: {row.slug: row for row in rows} for axis, rows in axes.items()}
        self._fields = fields
        self._report: Report = unheard
        self._hidden = hidden
        self._unread = frozenset(unread)
        self._faults = 0
        self._validator = Validator(built_in("snippet"))
        self._pinned = Known(self._pin_of)
        self._fronts: Known[tuple[tuple[str, str], ...], Mapping[str, str]] = Known(dict)
        self._same = same()
        """What many heads say alike."""
        self._salt = _digest_of(families, axes, fields, (hidden, self._unread))

    def snippet(self, raw: bytes, path: str, report: Report) -> Snippet | None:
        """Return the snippet of a file's content, or None after its problems were reported.

        One without problems is kept by its content, and by what else decides on its head.
        """
        problems: list[Diagnostic] = []
        made: list[Snippet | None] = []

        def make() -> bytes | None:
            found, packed = self._made(raw, path, problems.append)
            made.append(found)
            return None if problems else packed

        packed = trees.memo.get(trees.key(raw, self._salt), make)
        for problem in problems:
            report(problem)
        return made[0] if made or packed is None else self._unpacked(packed, path)

    def prepare(self, files: Callable[[int, int], Iterable[bytes]]) -> None:
        """Read the heads of parts of many files in other processes, where that can be done."""

        def make(part: int, parts: int) -> Iterator[tuple[bytes, bytes | None]]:
            for raw in files(part, parts):
                problems: list[Diagnostic] = []
                _, packed = self._made(raw, "", problems.append)
                yield trees.key(raw, self._salt), None if problems else packed

        trees.memo.spread(make)

    def _made(self, raw: bytes, path: str, report: Report) -> tuple[Snippet | None, bytes | None]:
        """Return the snippet of a file, and what is kept of it."""
        text = decode(raw, path, report)
        document = None if text is None else parse_document(text, path, report)
        found = None if document is None else self.read(document, report)
        if document is None or found is None:
            return None, None
        return found, _packed(found, document.offset)

    def _unpacked(self, packed: bytes, path: str) -> Snippet:
        found = marshal.loads(packed)  # noqa: S302  (made here, or kept by digest)
        slot, families, pins, offset, line, place, front, waivers, digest, calls, places = found
        return Snippet(
            path,
            self._same[slot],
            self._same[families],
            tuple([self._pinned[pin] for pin in pins]),
            partial(_words, self._root, path, offset, digest),
            line,
            Location(path, *place),
            self._fronts[front],
            waivers,
            digest,
            self._same[calls],
            self._same[places],
        )

    def _pin_of(self, packed: tuple[str, tuple[str, ...], int]) -> Pin:
        axis, slugs, rank = packed
        return pinned(axis, [self._index[axis][slug] for slug in slugs], rank)

    def read(self, document: Document, report: Report) -> Snippet | None:
        """Return the snippet of a file, or None after its problems were reported.

        None also for one that is only for rows that are left out themselves.
        """
        self._faults = 0
        self._report = report
        front = document.front
        if front.kind != "map":
            self._fault(document, front, "C201", "front matter is not a map", "slot: and for:")
            return None
        self._validator.convert(front, document.path, self._counted, "the head")
        slot, selector = front.get("slot"), front.get("for")
        if slot is not None and slot.kind != "text":
            slot = None
        if selector is None:
            self._fault(document, front, "C106", "required field `for` is missing", "for: {}")
        waivers = tuple(self._waivers(document))
        pins = tuple(self._pins(document, selector)) if selector is not None else ()
        families: tuple[str, ...] = ()
        if slot is not None:
            named = self._named_families(document)
            families = self._matching(document, slot, named, {pin.axis for pin in pins})
        if self._faults or slot is None or any(not pin.rows for pin in pins):
            return None
        digest = trees.key(document.body)
        return Snippet(
            path=document.path,
            slot=slot.text,
            families=families,
            pins=tuple(sorted(pins, key=lambda pin: pin.axis)),
            read=partial(_words, self._root, document.path, document.offset, digest),
            body_line=document.body_line,
            location=Location(document.path, slot.line, slot.column),
            front={key.text: value.text for key, value in front.pairs if value.kind == "text"},
            waivers=waivers,
            digest=digest,
            calls=tuple(expressions.calls(document.body)),
            places=tuple(_places(document)),
        )

    def _counted(self, problem: Diagnostic) -> None:
        self._faults += 1
        self._report(problem)

    def _waivers(self, document: Document) -> Iterator[tuple[str, str]]:
        node = document.front.get("waive")
        for key, value in node.pairs if node is not None else ():
            if value.kind == "null":
                message = f"the waiver of {quoted(key.text)} has no reason"
                self._fault(document, key, "C105", message, "a reason after the colon")
            yield key.text, value.text

    def _named_families(self, document: Document) -> tuple[Node, ...]:
        node = document.front.get("family")
        if node is None or node.kind == "null":
            return ()
        nodes = node.items if node.kind == "list" else (node,)
        if any(item.kind != "text" for item in nodes):
            self._fault(document, node, "C105", "`family` is no name", "a family, or a list")
            return ()
        return tuple({item.text: item for item in nodes}.values())

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
            message = f"no family has a slot {quoted(slot.text)} for snippets"
            self._fault(document, slot, "C202", message, "", closest_help(slot.text, known))
            return ()
        for node in named:
            if node.text not in with_slot:
                message = f"family {quoted(node.text)} has no slot `{slot.text}`"
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
        found: dict[str, list[Pin]] = {}
        for key, value in selector.pairs:
            pin = self._pin(document, key, value)
            if pin is not None:
                found.setdefault(pin.axis, []).append(pin)
        for axis, pins in found.items():
            rows = frozenset.intersection(*(pin.rows for pin in pins))
            yield pinned(axis, rows, max(pin.rank for pin in pins))

    def _pin(self, document: Document, key: Node, value: Node) -> Pin | None:
        axis, _, field = key.text.partition(".")
        if axis not in self._index:
            help_ = closest_help(axis, self._index)
            expected = ", ".join(self._index)
            self._fault(document, key, "C203", f"unknown axis {quoted(axis)}", expected, help_)
            return None
        nodes = value.items if value.kind == "list" else (value,)
        if any(node.kind != "text" for node in nodes) or not nodes:
            message = f"{quoted(key.text)} has no value"
            self._fault(document, value, "C203", message, "a slug or a list")
            return None
        if field:
            return self._field_pin(document, key, nodes, axis, field)
        rows = tuple(self._slugs(document, nodes, axis))
        rank = SINGLE if value.kind == "text" or len(nodes) == 1 else LIST
        return pinned(axis, rows, rank)

    def _slugs(self, document: Document, nodes: Iterable[Node], axis: str) -> Iterator[Row]:
        for node in nodes:
            row = self._index[axis].get(node.text)
            if row is not None:
                yield row
            elif node.text not in self._hidden.get(axis, ()) and axis not in self._unread:
                help_ = closest_help(node.text, self._index[axis])
                message = f"unknown {axis} {quoted(node.text)}"
                self._fault(document, node, "C203", message, f"the slug of a {axis}", help_)

    def _field_pin(
        self, document: Document, key: Node, nodes: tuple[Node, ...], axis: str, field: str
    ) -> Pin | None:
        declared = self._fields.get(axis)
        if declared is not None and field not in declared:
            help_ = closest_help(field, declared)
            message = f"`{axis}` has no field {quoted(field)}"
            self._fault(document, key, "C203", message, "", help_)
            return None
        wanted = {node.text for node in nodes}
        rows = frozenset(row for row in self._rows[axis] if wanted & _texts(row.values.get(field)))
        if not rows and axis not in self._unread:
            shown = ", ".join(sorted(wanted))
            message = f"no {axis} has {quoted(f'{field}: {shown}')}"
            self._fault(document, key, "C203", message, "a value that a row has")
            return None
        return pinned(axis, rows, FIELD)

    def _fault(
        self,
        document: Document,
        node: Node,
        code: str,
        message: str,
        expected: str,
        help_: str = "",
    ) -> None:
        self._faults += 1
        location = Location(document.path, node.line, node.column)
        self._report(
            Diagnostic(code=code, location=location, message=message, expected=expected, help=help_)
        )


def _words(root: Path, path: str, offset: int, digest: bytes) -> str:
    """Return what stands after the head in a file. Raises `ChangedError` where it is not the same.

    What is kept of these words, and the keys of pages, would speak of others.
    """
    raw = source.read_listed(root, path, unheard)
    text = None if raw is None else decode(raw, path, unheard)
    words = "" if text is None else text[offset:]
    if trees.key(words) != digest:
        raise source.changed(path)
    return words


def _places(document: Document) -> Iterator[int]:
    """Yield line and column of each expression in a text."""
    for _, offset in expressions.split(document.body)[1::2]:
        line, column = position(document.body, offset)
        yield from (document.body_line + line - 1, column)


def pinned(axis: str, rows: Iterable[Row], rank: int) -> Pin:
    """Return a pin of rows of an axis."""
    chosen = frozenset(rows)
    return Pin(axis, chosen, rank, tuple(sorted(row.slug for row in chosen)))


def _packed(snippet: Snippet, offset: int) -> bytes:
    """Return a snippet without its rows and its text."""
    return marshal.dumps(
        (
            snippet.slot,
            snippet.families,
            tuple((pin.axis, pin.slugs, pin.rank) for pin in snippet.pins),
            offset,
            snippet.body_line,
            (snippet.location.line, snippet.location.column),
            tuple(snippet.front.items()),
            snippet.waivers,
            snippet.digest,
            snippet.calls,
            snippet.places,
        )
    )


def _digest_of(
    families: Mapping[str, Family],
    axes: Mapping[str, tuple[Row, ...]],
    fields: Mapping[str, frozenset[str] | None],
    left_out: tuple[Mapping[str, set[str]], frozenset[str]],
) -> bytes:
    """Return the digest of what, besides its text, decides on the head of a snippet."""
    hidden, unread = left_out
    said = (
        [
            (f.name, f.axes, [(slot.name, slot.snippet) for slot in f.slots])
            for f in families.values()
        ],
        [(axis, [row.digest for row in rows]) for axis, rows in axes.items()],
        [(kind, names and sorted(names)) for kind, names in fields.items()],
        [(axis, sorted(slugs)) for axis, slugs in hidden.items()],
        sorted(unread),
    )
    return blake2b(repr(said).encode(), digest_size=16).digest()


def _texts(value: Any) -> set[str]:
    values = value if isinstance(value, tuple) else (value,)
    return {item.slug if isinstance(item, Row) else text_of(item) for item in values}
