"""Where in its file a text stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from pageloom.characters import position
from pageloom.diagnostics import Location
from pageloom.lint.passages import Passage

Read = Callable[[str], str]


class Places:
    """Finds texts in their files again, for those whose place is not known."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._files: dict[str, tuple[str, list[int]]] = {}

    def of(self, passage: Passage, offset: int) -> Location | None:
        """Return the place of a character of a passage; None where the file does not hold it."""
        if passage.start is not None:
            return passage.start.location(passage.path, *position(passage.text, offset))
        if passage.path not in self._files:
            text = self._read(passage.path)
            starts = [0, *(match.end() for match in re.finditer("\n", text))]
            self._files[passage.path] = (text, starts)
        text, starts = self._files[passage.path]
        first = starts[min(passage.line, len(starts)) - 1]
        for words, shift in _searched(passage.text, offset):
            found = text.find(words, first)
            if found >= 0:
                line = bisect_right(starts, found + shift)
                return Location(passage.path, line, found + shift - starts[line - 1] + 1)
        return Location(passage.path, passage.line) if passage.line > 1 else None


def _searched(text: str, offset: int) -> Iterator[tuple[str, int]]:
    """Yield parts of a text to look for, and how far into them the character stands.

    A folded or quoted value reads otherwise in its file, so shorter parts are tried as well.
    """
    yield text, offset
    for size in (60, 30, 15):
        yield text[offset : offset + size], 0
    yield text[:30], 0
