"""One text on its way to a fragment: its tokens, what they stand for, and positions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pageloom.characters import position
from pageloom.diagnostics import Location, Start
from pageloom.model import Cite, FactCall, Link, Print, Segment

Html = tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""HTML with tokens, heading levels, and the numbers of target and flat tokens."""
TOKEN = re.compile("\ue000(\\d+)\ue001")
_UNSTABLE = re.compile("\ue000\\d+\ue001|\x02\\d*\x03")
"""What may read otherwise in the source: expressions and escaped characters."""


@dataclass(frozen=True, slots=True)
class Valued:
    """A fact in running text: its value and its citation."""

    value: bytes
    cite: Cite | None


@dataclass(slots=True)
class Body:
    """One text on its way to a fragment."""

    path: str
    text: str
    start: Start
    slot: str
    base: int
    anchors: bool = True
    """Whether headings get ids."""
    marked: str = ""
    """The text with a token for each expression."""
    segments: list[Segment | Valued] = field(default_factory=list)
    plain: dict[int, Segment] = field(default_factory=dict)
    targets: set[int] = field(default_factory=set)
    flat: set[int] = field(default_factory=set)
    outline: list[int] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    _shifts: list[tuple[int, int]] = field(default_factory=list)

    def add(self, marked: str, offset: int) -> None:
        """Append to the marked text what stands at `offset` of the text."""
        self._shifts.append((len(self.marked), offset))
        self.marked += marked

    def at(self, offset: int) -> Location:
        """Return the place in the file of an offset in the text."""
        line, column = position(self.text, offset)
        return self.start.location(self.path, line, column)

    def find(self, text: str) -> Location:
        """Return the place of a text that Markdown left behind; the first line when unsure."""
        found = self._search(text)
        return self.at(max(found, 0))

    def find_heading(self, text: str) -> Location:
        """Return the place of a heading with this text."""
        words = next((part for part in _stable(text)), "")
        pattern = rf"^#+[ \t]*{re.escape(words)}" if words else r"^#+[ \t]*#*[ \t]*$"
        mark = re.search(pattern, self.marked, re.MULTILINE)
        return self.at(self._original(mark.start())) if mark else self.find(text)

    def _search(self, text: str) -> int:
        for line in text.split("\n"):
            for words in (line.strip()[:60], *_stable(line)):
                offset = self.marked.find(words) if words else -1
                if offset >= 0:
                    return self._original(offset)
        return -1

    def _original(self, offset: int) -> int:
        place = bisect_right(self._shifts, offset, key=lambda shift: shift[0]) - 1
        marked, original = self._shifts[place]
        return original if place % 2 else original + offset - marked


def _stable(text: str) -> Iterator[str]:
    """Yield the parts of a text that stand in the source as they are, the longest first."""
    parts = (part.strip()[:60] for part in _UNSTABLE.split(text))
    yield from sorted((part for part in parts if part), key=len, reverse=True)


def split_tokens(html: str, segments: Mapping[int, Iterable[Any]]) -> Iterator[Segment]:
    """Yield the literal bytes and what stands for each token, in order."""
    end = 0
    for match in TOKEN.finditer(html):
        if match.start() > end:
            yield html[end : match.start()].encode()
        yield from segments[int(match.group(1))]
        end = match.end()
    if end < len(html):
        yield html[end:].encode()


def merged(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return the segments with neighbouring literals joined and empty ones dropped."""
    result: list[Segment] = []
    for segment in segments:
        if segment == b"":
            continue
        if isinstance(segment, Cite) and result and isinstance(result[-1], bytes):
            result[-1] = result[-1].rstrip(b" ")
        if isinstance(segment, bytes) and result and isinstance(result[-1], bytes):
            result[-1] = result[-1] + segment
        else:
            result.append(segment)
    return tuple(result)


def filled(html: str, body: Body) -> tuple[Segment, ...]:
    """Return HTML with tokens as segments."""
    chosen: dict[int, tuple[Any, ...]] = {}
    for index, segment in enumerate(body.segments):
        if index in body.targets and isinstance(segment, Link):
            chosen[index] = (replace(segment, bare=True),)
        elif index in body.flat:
            chosen[index] = (_flat(body.plain[index]),)
        else:
            chosen[index] = spread(segment)
    return merged(split_tokens(html, chosen))


def spread(segment: Any) -> tuple[Segment, ...]:
    """Return a fact's value and citation as two segments, anything else as it is."""
    if isinstance(segment, Valued):
        return (segment.value, segment.cite) if segment.cite else (segment.value,)
    return (segment,)


def _flat(segment: Any) -> Segment:
    if isinstance(segment, FactCall):
        return FactCall(
            "plain" if segment.name == "fact" else "nothing", segment.path, segment.location
        )
    if isinstance(segment, Cite):
        return b""
    result: Segment = segment
    return result


def target_prints(body: Body) -> Iterator[Print]:
    """Yield the printed paths that are the whole target of a link."""
    for index in sorted(body.targets):
        segment = body.segments[index]
        if isinstance(segment, Print):
            yield segment
