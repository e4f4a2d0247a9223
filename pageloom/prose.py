"""Texts as a reader meets them: Markdown without its marks, sentence by sentence.

Claims are judged one sentence at a time, so that a source in the same sentence counts and a word
two paragraphs away does not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pageloom import expressions
from pageloom.model import Row

MAX_SENTENCE = 600
"""Longer sentences are judged in pieces, so that no pattern meets a long text."""
SEAM = "\n\n;\n\n"
"""Stands between texts that are looked at as one: nothing is hidden by what stands beside it."""
_CITE, _OTHER = 0x100000, 0xF0000
_TOKEN = re.compile("[\U000f0000-\U0010ffff]")
_LINE = re.compile(r"[ \t]*(?:(?:#{1,6}|[-*+]|\d{1,3}[.)]|:|>|\[\^[^\]\n]+\]:)[ \t]+)*")
_MARKS = re.compile("\n" + _LINE.pattern)
_SILENT = "\ue002"
_QUIET = re.compile(rf"[ \t]*{_SILENT}")
_GLUED = re.compile(rf"\n[ \t]*{_SILENT}|{_SILENT}(?![\s.,;:!?)|]|$)")
_RULE = re.compile(r"[|:\-\s]+")
_INLINE = re.compile(
    r"\*\**|__|`|\]\([^)\s]*\)|\[\^[^\]\n]*\]|\\(?=[^\w\s])|\[|\]|\{:[^}\n]*\}"
    r"|<(?:https?://|mailto:)[^\s>]*>?|https?://[^\s>]*>?|mailto:[^\s>]*>?"
)
"""Each choice starts with a sign: so `re` skips to the next one, which is many times faster."""
_ABBREVIATION = r"(?<!\b[A-Z]\.)(?<!\b(?:Dr|Mr|Ms|No|St|vs|Jr)\.)(?<!\b(?:Mrs|Inc|e\.g|i\.e)\.)"
_END = re.compile(
    rf"[.!?]{_ABBREVIATION}[\"'”’)]*(?:[ \t]*[\U00100000-\U0010ffff])*(?=\s+[^a-z\s]|\s*$)"
)


@dataclass(frozen=True, slots=True)
class StandIn:
    """What takes the place of an expression: words, and whether a source stands behind them."""

    words: str = ""
    cited: bool = False
    fact: Row | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, a heading, a row of a table: what is judged as one."""

    text: str
    cited: bool = False
    facts: tuple[Row, ...] = ()
    places: tuple[tuple[int, int], ...] = ((0, 0),)
    """Where parts of `text` start, and where these stand in the source."""

    def at(self, index: int) -> int:
        """Return where in the source a character of the sentence stands."""
        start, offset = self.places[bisect_right(self.places, (index, 1 << 60)) - 1]
        return offset + index - start


def sentences(text: str, stand_in: Callable[[str], StandIn] | None) -> Iterator[Sentence]:
    """Yield the sentences of a Markdown text, its expressions replaced; without `stand_in`, not."""
    put: dict[str, StandIn] = {}
    marked, shifts = _set_aside(text, stand_in, put) if stand_in else (text, [(0, 0)])
    for block in _blocks(marked):
        start = 0
        for end in (*(match.end() for match in _END.finditer(block.text)), len(block.text)):
            for piece in range(start, end, MAX_SENTENCE):
                part = block.part(piece, min(end, piece + MAX_SENTENCE))
                if part.text.strip():
                    yield _filled(part, shifts, put)
            start = end


@dataclass(frozen=True, slots=True)
class Whole:
    """All sentences of a text in a row: what no pattern finds here, it finds in none of them."""

    text: str
    bare: str
    """The same without the words that a source stands behind."""


def whole(text: str, stand_in: Callable[[str], StandIn] | None) -> Whole | None:
    """Return a Markdown text without its marks, its expressions replaced, in one piece.

    None where an expression that says nothing starts a line, or has a word right behind it: this
    word and what stands before it may be glued together.
    """
    if stand_in is None:
        plain = _unmarked(text)
        return Whole(plain, plain)
    said: list[str] = []
    bare: list[str] = []
    for index, (part, _) in enumerate(expressions.split(text)):
        if index % 2 == 0:
            said.append(part)
            bare.append(part)
            continue
        found = stand_in(part)
        said.append(found.words.replace("\n", " ") or _SILENT)
        bare.append(_SILENT if found.cited else said[-1])
    joined = "".join(said)
    if _SILENT in joined and _GLUED.search(joined):
        return None
    plain = _unmarked(joined)
    return Whole(plain, plain if said == bare else _unmarked("".join(bare)))


def _unmarked(text: str) -> str:
    text = _INLINE.sub("", _MARKS.sub("\n", f"\n{text}")).replace("|", ";")
    text = _QUIET.sub("", text) if _SILENT in text else text
    return " ".join(filter(None, map(str.strip, text.split("\n"))))


def _set_aside(
    text: str, stand_in: Callable[[str], StandIn], put: dict[str, StandIn]
) -> tuple[str, list[tuple[int, int]]]:
    """Return the text with one character for each expression, and where its parts come from."""
    marked, shifts = "", [(0, 0)]
    for index, (part, offset) in enumerate(expressions.split(text)):
        shifts.append((len(marked), offset))
        if index % 2 == 0:
            marked += part
            continue
        found = stand_in(part)
        silent = found.cited and not found.words
        token = chr((_CITE if silent else _OTHER) + len(put) % 0xFFF0)
        put[token] = found
        marked += token
    return marked, shifts


@dataclass(slots=True)
class _Words:
    """Words of a block with the places that their parts have in the marked text."""

    text: str = ""
    places: tuple[tuple[int, int], ...] = ()

    def add(self, words: str, offset: int) -> None:
        self.places = (*self.places, (len(self.text), offset))
        self.text += words

    def part(self, start: int, end: int) -> _Words:
        """Return what stands between two characters, without the space before it."""
        start += len(self.text[start:end]) - len(self.text[start:end].lstrip())
        first = bisect_right(self.places, (start, 1 << 60)) - 1
        at, offset = self.places[first]
        inside = tuple((place - start, o) for place, o in self.places[first + 1 :] if place < end)
        return _Words(self.text[start:end].rstrip(), ((0, offset + start - at), *inside))


def _blocks(marked: str) -> Iterator[_Words]:
    """Yield paragraphs, headings, entries of lists and rows of tables, without marks."""
    block = _Words()
    offset = 0
    for line in marked.split("\n"):
        mark = _LINE.match(line)
        skipped = mark.end() if mark else 0
        heading = line.lstrip().startswith("#")
        row = line.lstrip().startswith("|")
        empty = not line.strip() or (row and _RULE.fullmatch(line))
        if (empty or row or line[:skipped].strip()) and block.text:
            yield block
            block = _Words()
        if not empty:
            if block.text:
                block.add(" ", offset)
            _add_line(block, line[skipped:], offset + skipped, row=row)
        if heading or row:
            yield block
            block = _Words()
        offset += len(line) + 1
    yield block


def _add_line(block: _Words, line: str, offset: int, *, row: bool) -> None:
    words = line.strip().strip("|") if row else line.rstrip()
    offset += line.find(words) if row else 0
    end = 0
    for match in _INLINE.finditer(words):
        if match.start() > end:
            block.add(_celled(words[end : match.start()], row=row), offset + end)
        end = match.end()
    if end < len(words):
        block.add(_celled(words[end:], row=row), offset + end)


def _celled(words: str, *, row: bool) -> str:
    return words.replace("|", ";") if row else words


def _filled(part: _Words, shifts: list[tuple[int, int]], put: dict[str, StandIn]) -> Sentence:
    """Return a sentence with the stand-ins in it and the places of its parts in the source."""
    text = ""
    places: list[tuple[int, int]] = []
    facts: list[Row] = []
    cited = False

    def source(index: int) -> int:
        at, offset = part.places[bisect_right(part.places, (index, 1 << 60)) - 1]
        marked, original = shifts[bisect_right(shifts, (offset + index - at, 1 << 60)) - 1]
        return original + offset + index - at - marked

    starts = sorted({0, *(place for place, _ in part.places), *_around(part.text)})
    for start, end in zip(starts, (*starts[1:], len(part.text)), strict=True):
        words = part.text[start:end]
        found = put.get(words)
        if found is not None:
            cited = cited or found.cited
            facts += [found.fact] if found.fact is not None else []
            if not found.words:
                text = text.rstrip()
            words = found.words
        if words:
            places.append((len(text), source(start)))
            text += words
    return Sentence(text, cited, tuple(facts), tuple(places) or ((0, 0),))


def _around(text: str) -> Iterator[int]:
    """Yield where each token starts and ends."""
    for token in _TOKEN.finditer(text):
        yield token.start()
        if token.end() < len(text):
            yield token.end()
