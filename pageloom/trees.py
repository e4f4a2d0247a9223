"""What was made of texts, kept by content, so that an edit parses only the rows it touches.

A text that was parsed without a problem gives the same tree again, moved to its line. A long list
is cut where rows start, at places that the rows themselves decide, so that one new row moves no
other cut.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal
from zlib import crc32

from pageloom.diagnostics import Start

LONG = 60_000
"""Characters from which a list is cut."""
SPREAD_FROM = 20
"""New pieces of a list from which it pays to parse in processes."""
_ROWS_A_PIECE = 64
_ROW = "\n- "


@dataclass(slots=True)
class Node:
    """A value with its position: text, null, a list of nodes, or a map of (key, value) nodes.

    Not frozen: there are several for each line of the tables, and freezing triples their cost.
    """

    kind: Literal["text", "null", "list", "map"]
    line: int
    column: int
    text: str = ""
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()
    start: Start | None = None
    """Where the words of a quoted or block text start, when that is not its own position."""

    def get(self, key: str) -> Node | None:
        """Return the value under `key` of a map, or None."""
        return next((value for name, value in self.pairs if name.text == key), None)


def packed(node: Node, first_line: int) -> bytes:
    """Return a node as bytes, lines counted from 0."""
    return marshal.dumps(_plain(node, first_line))


def unpacked(packed: bytes, first_line: int) -> Node:
    """Return a node that was packed, moved to its line."""
    return _node(marshal.loads(packed), first_line)  # noqa: S302  (made here, or kept by digest)


def _plain(node: Node, first_line: int) -> Any:
    start = node.start and (node.start.line - first_line, node.start.column, node.start.indented)
    if node.kind == "list":
        children: Any = tuple(_plain(item, first_line) for item in node.items)
    else:
        children = tuple(
            (_plain(key, first_line), _plain(value, first_line)) for key, value in node.pairs
        )
    return (node.kind, node.line - first_line, node.column, node.text, children, start)


def _node(packed: Any, first_line: int) -> Node:
    kind, line, column, text, children, start = packed
    begun = start and Start(start[0] + first_line, start[1], start[2])
    if kind == "list":
        items = tuple([_node(item, first_line) for item in children])
        return Node(kind, line + first_line, column, items=items)
    if kind == "map":
        pairs = tuple(
            [(_node(key, first_line), _node(value, first_line)) for key, value in children]
        )
        return Node(kind, line + first_line, column, pairs=pairs)
    return Node(kind, line + first_line, column, text, start=begun)


Spread = Callable[[Callable[[int, int], "dict[bytes, bytes]"]], "Iterable[dict[bytes, bytes]]"]


class Memo:
    """What was made of texts, by their digest; as bytes, since trees take much memory."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        self._used: dict[bytes, bytes] = {}
        self._spread: Spread = lambda _: ()

    def load(self, found: dict[bytes, bytes], spread: Spread) -> None:
        """Take what an earlier build kept, and what has texts parsed in other processes."""
        self._kept, self._used, self._spread = found, {}, spread

    def take(self) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        """Return the trees that this build used, and those that it was given.

        The memo is empty then: nothing is parsed after loading.
        """
        used, given = self._used, self._kept
        self._kept, self._used = {}, {}
        return used, given

    def get(self, key: bytes, make: Callable[[], bytes | None]) -> bytes | None:
        """Return what was made of a text, by its key; `make` gives it, or None after a problem."""
        found = self._used.get(key) or self._kept.get(key) or make()
        if found is not None:
            self._used[key] = found
        return found

    def prepare(self, texts: Mapping[bytes, str], make: Callable[[str], bytes | None]) -> None:
        """Make what is new of many texts in other processes; one with a problem is left out."""
        new = [key for key in texts if key not in self._used and key not in self._kept]
        if len(new) >= SPREAD_FROM:
            self.spread(lambda part, parts: ((k, make(texts[k])) for k in new[part::parts]))

    def spread(self, make: Callable[[int, int], Iterable[tuple[bytes, bytes | None]]]) -> None:
        """Take what other processes make of parts of many texts, where that can be done."""

        def work(part: int, parts: int) -> dict[bytes, bytes]:
            return {key: made for key, made in make(part, parts) if made is not None}

        for found in self._spread(work):
            self._used.update(found)

    def __len__(self) -> int:
        """Return how many texts are known."""
        return len(self._kept) + len(self._used)


def key(text: str | bytes, salt: bytes = b"") -> bytes:
    """Return under which it is kept what was made of a text.

    `salt` tells apart what is made of one text in several ways.
    """
    content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    found = blake2b(content, digest_size=16)
    found.update(salt)
    return found.digest()


def pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield the pieces of a long list with their first lines; each starts with a row.

    A row ends a piece when its own text says so, one in 64 on average.
    """
    start = 0 if text.startswith("- ") else text.find(_ROW) + 1
    if not text.startswith("- ", start):
        return
    begin, line, last = 0, 1, len(text)
    while start < last:
        following = text.find(_ROW, start) + 1 or last
        row = text[start:following]
        if crc32(row.encode(errors="surrogatepass")) % _ROWS_A_PIECE == 0 or following == last:
            piece = text[begin:following]
            yield piece, line
            line += piece.count("\n")
            begin = following
        start = following


memo = Memo()
"""The trees of this process; what is in it never changes what a text gives."""
