"""Bytes of the user's files as located trees; the only module that knows YAML, CSV and files.

Scalars stay text with their position: YAML 1.1 would read `NO` as false, `12:30` as 750 and
`0123` as 83 (https://yaml.org/type/). Fields are converted by their declared type in `schema`.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from pageloom.diagnostics import Diagnostic, Location, letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[Diagnostic], None]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HAS_LIBYAML = hasattr(yaml, "CSafeLoader")
_CONFLICT = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ue000-\uf8ff]")
_MAX_DEPTH = 40
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its position: text, null, a list of nodes, or a map of (key, value) nodes."""

    kind: Literal["text", "null", "list", "map"]
    line: int
    column: int
    text: str = ""
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()

    def get(self, key: str) -> Node | None:
        """Return the value under `key` of a map, or None."""
        return next((value for name, value in self.pairs if name.text == key), None)


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown file: its front matter and the body with the line on which the body starts."""

    path: str
    front: Node
    body: str
    body_line: int


def read_text(root: Path, path: str, report: Report) -> str | None:
    """Return the text of a file with LF as line end, or None after a problem was reported."""
    try:
        raw = (root / path).read_bytes()
    except OSError:
        report(_problem(path, 116, 1, 1, f"cannot read `{path}`", expected="a file at this path"))
        return None
    return decode(raw, path, report)


def decode(raw: bytes, path: str, report: Report) -> str | None:
    """Return bytes as text: UTF-8, byte order mark removed, CRLF as LF."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        report(
            _problem(
                path, 115, line, column, message, expected="UTF-8", help_="save the file as UTF-8"
            )
        )
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        help_ = "keep one of the two versions and delete the marker lines"
        report(_problem(path, 114, line, 1, "merge conflict left in the file", help_=help_))
        return None
    control = _CONTROL.search(text)
    if control:
        line, column = position(text, control.start())
        message = f"character U+{ord(control.group()):04X} has no place in text"
        report(Diagnostic(code="C219", location=Location(path, line, column), message=message))
        return None
    return text


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column (from 1) of a character offset in `text`."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def parse_yaml(text: str, path: str, report: Report, first_line: int = 1) -> Node | None:
    """Return the tree of a YAML text, or None after its problems were reported."""
    builder = _Builder(path, report, first_line - 1)
    try:
        return builder.document(iter(yaml.parse(text, Loader=_Loader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (first_line, 1)
        message = _yaml_message(error)
        report(_problem(path, 101, line, column, message, help_=_yaml_help(error)))
    except yaml.YAMLError as error:
        report(_problem(path, 101, first_line, 1, f"not YAML: {str(error).splitlines()[0]}"))
    except _StopError:
        pass
    return None


def read_yaml(root: Path, path: str, report: Report) -> Node | None:
    """Return the tree of a YAML file, or None after its problems were reported."""
    text = read_text(root, path, report)
    return None if text is None else parse_yaml(text, path, report)


def read_csv(root: Path, path: str, report: Report) -> Node | None:
    """Return a CSV table as a list of maps; `;` and `|` inside a cell make no list."""
    text = read_text(root, path, report)
    if text is None:
        return None
    delimiter = (
        ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    )
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    header: list[str] = next(reader, [])
    rows = [
        _csv_row(header, cells, line)
        for line, cells in enumerate(reader, start=2)
        if any(cell.strip() for cell in cells)
    ]
    return Node("list", 1, 1, items=tuple(rows))


def _csv_row(header: list[str], cells: list[str], line: int) -> Node:
    pairs = tuple(
        (Node("text", 1, index + 1, text=name.strip()), _csv_cell(cell, line, index + 1))
        for index, (name, cell) in enumerate(zip(header, cells, strict=False))
        if name.strip()
    )
    return Node("map", line, 1, pairs=pairs)


def _csv_cell(cell: str, line: int, column: int) -> Node:
    text = cell.strip()
    return Node("text" if text else "null", line, column, text=text)


def read_document(root: Path, path: str, report: Report) -> Document | None:
    """Return a Markdown file split into front matter and body."""
    text = read_text(root, path, report)
    return None if text is None else parse_document(text, path, report)


def parse_document(text: str, path: str, report: Report) -> Document | None:
    """Return a Markdown text split into front matter and body, or None after a report."""
    expected = "`---`, YAML with `slot:` and `for:`, `---`, then Markdown"
    if not text.startswith("---\n"):
        message = "the file does not start with front matter"
        report(Diagnostic(code="C201", location=Location(path), message=message, expected=expected))
        return None
    end = text.find("\n---\n", 3)
    if end < 0 and text.endswith("\n---"):
        end = len(text) - 4
    if end < 0:
        message = "front matter is not closed"
        report(
            Diagnostic(
                code="C201",
                location=Location(path),
                message=message,
                expected=expected,
                help="put a line `---` after the last key",
            )
        )
        return None
    front = parse_yaml(text[4 : end + 1], path, report, first_line=2)
    if front is None:
        return None
    body = text[end + 5 :]
    return Document(path, front, body, text.count("\n", 0, min(end + 5, len(text))) + 1)


def files(root: Path, folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths of files under a folder of the project, sorted, links outside left out."""
    base = root / folder
    resolved = root.resolve()
    for path in sorted(base.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(base).parts)
        wanted = path.suffix in suffixes and not hidden and path.is_file()
        if wanted and path.resolve().is_relative_to(resolved):
            yield path.relative_to(root).as_posix()


class _StopError(Exception):
    """The problem was reported; the file is not read further."""


class _Builder:
    """Makes nodes from YAML events; anchors, aliases and tags are problems."""

    def __init__(self, path: str, report: Report, offset: int) -> None:
        self._path = path
        self._report = report
        self._offset = offset

    def document(self, events: Iterator[yaml.Event]) -> Node:
        next(events)  # stream start
        event = next(events)
        if isinstance(event, yaml.StreamEndEvent):
            return Node("null", 1 + self._offset, 1)
        node = self._node(next(events), events, 0)
        next(events)  # document end
        event = next(events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._stop(event, 101, "a second YAML document in one file", "one document a file")
        return node

    def _node(self, event: Any, events: Iterator[yaml.Event], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            self._stop(event, 110, f"alias `*{event.anchor}`", "values written out")
        if getattr(event, "anchor", None):
            self._stop(event, 110, f"anchor `&{event.anchor}`", "values written out")
        if getattr(event, "tag", None):
            self._stop(event, 110, f"tag `{event.tag}`", "plain values; fields declare their type")
        if depth > _MAX_DEPTH:
            self._stop(event, 101, "values nested too deeply", f"at most {_MAX_DEPTH} levels")
        line, column = self._at(event)
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None or event.style == ""
            null = plain and event.value in _NULLS
            return Node("null" if null else "text", line, column, text=event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node("list", line, column, items=tuple(self._items(events, depth)))
        return Node("map", line, column, pairs=tuple(self._pairs(events, depth)))

    def _items(self, events: Iterator[yaml.Event], depth: int) -> Iterator[Node]:
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield self._node(event, events, depth + 1)

    def _pairs(self, events: Iterator[yaml.Event], depth: int) -> Iterator[tuple[Node, Node]]:
        seen: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.kind not in {"text", "null"}:
                self._stop(event, 105, "a key that is not text", "text before the colon")
            if key.text in seen:
                self._duplicate(key, seen[key.text])
            seen.setdefault(key.text, key)
            yield key, value

    def _duplicate(self, key: Node, first: Node) -> None:
        location = Location(self._path, key.line, key.column)
        self._report(
            Diagnostic(
                code=letter(self._path) + "102",
                location=location,
                message=f"key `{key.text}` appears twice",
                expected="each key once",
                notes=(f"first at {self._path}:{first.line}:{first.column}",),
            )
        )

    def _at(self, event: yaml.Event) -> tuple[int, int]:
        mark: Any = event.start_mark
        return mark.line + 1 + self._offset, mark.column + 1

    def _stop(self, event: yaml.Event, number: int, message: str, expected: str) -> None:
        line, column = self._at(event)
        self._report(_problem(self._path, number, line, column, message, expected=expected))
        raise _StopError


def _problem(
    path: str,
    number: int,
    line: int,
    column: int,
    message: str,
    *,
    expected: str = "",
    help_: str = "",
) -> Diagnostic:
    return Diagnostic(
        code=f"{letter(path)}{number}",
        location=Location(path, line, column),
        message=message,
        expected=expected,
        help=help_,
    )


def _yaml_message(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not YAML"
    if "\\t" in problem or "tab" in problem:
        return "a tab where YAML wants spaces"
    context = f" {error.context}" if error.context else ""
    return f"{problem}{context}"[:100]


def _yaml_help(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "put the value in quotes when it holds a colon and a space"
    return ""
