"""A YAML list of rows as text that is changed at single places; every other byte stays.

Besides `source`, the only module that knows YAML: it asks for the places at which nodes start and
end. What it makes is read again by `source` and compared with what was wanted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pageloom import source
from pageloom.trees import Node

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT = re.compile(r"[ \t]*#")


class CannotEditError(Exception):
    """The text cannot be changed in this place without touching more; says why."""


def scalar(text: str, *, flow: bool = False) -> str:
    """Return a text as a YAML scalar: plain where it reads back the same, else in quotes."""
    context = "{{k: {}}}" if flow else "k: {}"
    if "\n" not in text and _reads(context.format(text), text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _reads(line: str, text: str) -> bool:
    node = source.parse_yaml(line, "", lambda _: None)
    if node is None or len(node.pairs) != 1:
        return False
    value = node.pairs[0][1]
    return value.kind == "text" and value.text == text and line.count(" #") == 0


def flow_list(items: Sequence[str]) -> str:
    """Return texts as a list on one line."""
    return f"[{', '.join(scalar(item, flow=True) for item in items)}]"


def plain(node: Node | None) -> Any:
    """Return a tree without positions, for comparison."""
    if node is None or node.kind == "null":
        return None
    if node.kind == "map":
        return {key.text: plain(value) for key, value in node.pairs}
    return [plain(item) for item in node.items] if node.kind == "list" else node.text


class RowsText:
    """The text of a table; each change is made on the text and read again."""

    def __init__(self, text: str) -> None:
        """`text` is as in the file, line ends and byte order mark included."""
        self.text = text
        self._parse()

    def _parse(self) -> None:
        self._mark = "\ufeff" if self.text.startswith("\ufeff") else ""
        body = self.text[len(self._mark) :]
        self._starts: list[int] = [0, *(found.end() for found in _LINE.finditer(body))]
        self._root: Any = yaml.compose(body, Loader=_Loader)
        if self._root is not None and not isinstance(self._root, yaml.SequenceNode):
            raise CannotEditError("the file is not a list of rows")
        self._items: list[Any] = list(self._root.value) if self._root is not None else []
        first = _LINE.search(body)
        self._newline = first.group() if first else "\n"

    def _offset(self, mark: Any) -> int:
        return len(self._mark) + int(self._starts[mark.line]) + int(mark.column)

    def _line_start(self, line: int) -> int:
        return len(self._mark) + self._starts[line]

    def _line_text(self, line: int) -> str:
        end = self._line_start(line + 1) if line + 1 < len(self._starts) else len(self.text)
        return self.text[self._line_start(line) : end]

    def _end(self, node: Any) -> int:
        """Return where the words of a node end; the parser says where the next one may start."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        start, end = self._offset(node.start_mark), self._offset(node.end_mark)
        return start + len(self.text[start:end].rstrip())

    @property
    def _in_flow(self) -> bool:
        return self._root is not None and bool(self._root.flow_style)

    def insert(self, place: int, pairs: Mapping[str, str]) -> None:
        """Put a row before row number `place`; values are YAML already."""
        wanted = self._tree()
        wanted.insert(place, _read_pairs(pairs))
        if self._in_flow:
            self._insert_in_flow(place, pairs)
        else:
            self._insert_block(place, pairs)
        self._check(wanted)

    def _insert_in_flow(self, place: int, pairs: Mapping[str, str]) -> None:
        row = _flow(pairs)
        if not self._items:
            at = self._offset(self._root.start_mark) + 1
            self._put(at, at, row)
            return
        lines = [item.start_mark.line for item in self._items]
        own_lines = len(lines) == 1 or len(set(lines)) == len(lines)
        broken = own_lines and lines[0] != self._root.start_mark.line
        indent = " " * self._items[0].start_mark.column
        between = f",{self._newline}{indent}" if broken else ", "
        if place < len(self._items):
            at = self._offset(self._items[place].start_mark)
            self._put(at, at, row + between)
        else:
            at = self._end(self._items[-1])
            self._put(at, at, between + row)

    def _insert_block(self, place: int, pairs: Mapping[str, str]) -> None:
        like = self._items[min(place, len(self._items) - 1)] if self._items else None
        lines = self._row_lines(pairs, like)
        blank = [""] if self._separated() else []
        if place < len(self._items):
            at = self._line_start(self._above(place))
            self._put(at, at, self._joined([*lines, *blank]))
            return
        at = self._after_last() if self._items else len(self.text)
        ended = at == len(self._mark) or self.text[at - 1] in "\r\n"
        self._put(at, at, ("" if ended else self._newline) + self._joined([*blank, *lines]))

    def _joined(self, lines: Sequence[str]) -> str:
        return "".join(f"{line}{self._newline}" for line in lines)

    def _row_lines(self, pairs: Mapping[str, str], like: Any) -> list[str]:
        dash = " " * self._root.start_mark.column if self._root is not None else ""
        if like is not None and like.flow_style:
            return [f"{dash}- {_flow(pairs)}"]
        lines = [f"{key}: {value}".rstrip() for key, value in pairs.items()]
        return [f"{dash}{'- ' if number == 0 else '  '}{line}" for number, line in enumerate(lines)]

    def _dash_line(self, place: int) -> int:
        """Return the line of the dash before a row: its own, or one above it."""
        line = int(self._items[place].start_mark.line)
        while not self._line_text(line)[self._root.start_mark.column :].startswith("-"):
            line -= 1
        return line

    def _above(self, place: int) -> int:
        """Return the first line that belongs to a row: its comments, but not those of the file."""
        line = self._dash_line(place)
        first = line
        while first > 0 and _COMMENT.match(self._line_text(first - 1)):
            first -= 1
        return line if first == 0 else first

    def _separated(self) -> bool:
        """Whether blank lines stand between rows."""
        if len(self._items) < 2:
            return False
        above = self._above(len(self._items) - 1)
        return above > 0 and not self._line_text(above - 1).strip()

    def _after_last(self) -> int:
        """Return where a row after the last one starts: before comments at the end of the file."""
        end = self._end(self._items[-1])
        match = _LINE.search(self.text, end)
        return match.end() if match else len(self.text)

    def change(self, place: int, key: str, value: str) -> None:
        """Give a key of a row another value, or add it; the value is YAML already."""
        item = self._items[place]
        if not isinstance(item, yaml.MappingNode):
            raise CannotEditError("the row is not a map")
        wanted = self._tree()
        wanted[place] = {**wanted[place], **_read_pairs({key: value})}
        found = next((pair for pair in item.value if pair[0].value == key), None)
        if found is not None:
            start, end = self._offset(found[1].start_mark), self._end(found[1])
            gap = " " if self.text[start - 1] == ":" else ""
            if start > end or self.text[start:end].strip() == "":
                start = end = self._end(found[0]) + 1
                gap = " "
            self._put(start, end, gap + value)
        elif item.flow_style:
            at = self._end(item.value[-1][1])
            self._put(at, at, f", {key}: {value}")
        else:
            at = self._end(item.value[-1][1])
            match = _LINE.search(self.text, at)
            at = match.start() if match else len(self.text)
            indent = " " * item.start_mark.column
            self._put(at, at, f"{self._newline}{indent}{key}: {value}")
        self._check(wanted)

    def _put(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]

    def _tree(self) -> list[Any]:
        normal = _LINE.sub("\n", self.text.removeprefix("\ufeff"))
        found = plain(source.parse_yaml(normal, "", lambda _: None))
        return list(found or ())

    def _check(self, wanted: list[Any]) -> None:
        """Read the text again; what is not exactly as wanted is not kept."""
        try:
            self._parse()
            sound = self._tree() == wanted
        except (yaml.YAMLError, CannotEditError):
            sound = False
        if not sound:
            raise CannotEditError("the file is written in a way that this change does not fit into")


def _flow(pairs: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{key}: {value}'.rstrip() for key, value in pairs.items())}}}"


def _read_pairs(pairs: Mapping[str, str]) -> dict[str, Any]:
    text = "\n".join(f"{key}: {value}" for key, value in pairs.items())
    found = plain(source.parse_yaml(text, "", lambda _: None))
    if not isinstance(found, dict):
        raise CannotEditError("a value is no YAML")
    return found
