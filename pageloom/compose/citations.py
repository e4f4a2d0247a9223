"""Citations of a page: their numbers in order of appearance, their marks, and the source list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from markupsafe import escape

from pageloom.compose.filling import Filled
from pageloom.diagnostics import Location
from pageloom.lexicon import Lexicon
from pageloom.model import SOURCE, Cite, Row
from pageloom.sheet import SourceItem
from pageloom.theme import Theme

_KEPT = 512
K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Citations:
    """The numbers of a page's sources, and what of each is cited."""

    numbers: dict[Row, int] = field(default_factory=dict)
    pinpoints: dict[Row, list[str]] = field(default_factory=dict)
    addresses: dict[Row, str] = field(default_factory=dict)
    due: dict[Row, str] = field(default_factory=dict)

    def number(self, cite: Cite) -> int:
        """Return the number of a citation's source on this page."""
        source = cite.source
        number = self.numbers.get(source)
        if number is None:
            number = self.numbers[source] = len(self.numbers) + 1
            self.pinpoints[source] = []
        found = self.pinpoints[source]
        # Two facts may name one place of their source: it is said once.
        places = cite.pinpoint.split("; ") if cite.pinpoint else ()
        found += [place for place in dict.fromkeys(places) if place not in found]
        if cite.fact is not None and cite.fact.values.get("url"):
            self.addresses.setdefault(source, cite.fact.values["url"])
        due = (cite.fact or source).values.get("due")
        if due:
            self.due[source] = min(due, self.due.get(source, due))
        return number


@dataclass(frozen=True, slots=True)
class Finished:
    """Fillings of a page with their citations numbered, and the sources that they name."""

    html: dict[int, bytes]
    """By the identity of the filling; the fillings are kept, so that it stays theirs."""
    sources: tuple[SourceItem, ...]
    entries: tuple[bytes, ...]
    """The sources as they are listed."""
    fillings: tuple[Filled, ...]


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The citations of a page with their numbers."""

    marks: tuple[tuple[bytes, ...], ...]
    """What is printed for each citation of each filling."""
    sources: tuple[SourceItem, ...]
    entries: tuple[bytes, ...]
    cites: tuple[tuple[Cite, ...], ...]
    """Kept, so that their identity stays theirs."""


class Numberer:
    """Numbers citations; pages that cite alike are numbered once."""

    def __init__(self, lexicon: Lexicon, theme: Theme) -> None:
        self._lexicon = lexicon
        self._theme = theme
        self._marks: dict[int, bytes] = {}
        self._finished: dict[tuple[Filled, ...], Finished] = {}
        self._numbered: dict[tuple[int, ...], _Numbered] = {}
        self._entries: dict[tuple[Row, str, str, str], bytes] = {}

    def finished(self, fillings: tuple[Filled, ...]) -> Finished:
        """Return fillings that cite, with their citations numbered."""
        found = self._finished.get(fillings)
        if found is None:
            numbered = self._numbers(fillings)
            pairs = zip(fillings, numbered.marks, strict=True)
            html = {id(item): _marked(item, marks) for item, marks in pairs}
            found = Finished(html, numbered.sources, numbered.entries, fillings)
            if not any(item.own for item in fillings):
                _room(self._finished)[fillings] = found
        return found

    def _numbers(self, fillings: tuple[Filled, ...]) -> _Numbered:
        key = tuple([id(item.cites) for item in fillings])
        found = self._numbered.get(key)
        if found is None:
            citations = Citations()
            marks = tuple(tuple(self._marks_of(item, citations)) for item in fillings)
            sources = self.sources(citations)
            entries = tuple(item.html for item in sources)
            cites = tuple(item.cites for item in fillings)
            found = _room(self._numbered)[key] = _Numbered(marks, sources, entries, cites)
        return found

    def _marks_of(self, item: Filled, citations: Citations) -> Iterator[bytes]:
        """Yield the mark of each citation; a source that is cited twice in a row has one mark."""
        before: Row | None = None
        for segment in item.segments:
            if isinstance(segment, Cite):
                number = citations.number(segment)
                yield self._mark(number) if segment.source is not before else b""
                before = segment.source
            elif isinstance(segment, bytes) and segment.strip():
                before = None

    def sources(self, citations: Citations) -> tuple[SourceItem, ...]:
        """Return the page's source list."""
        return tuple(
            SourceItem(number, self._entry(source, citations))
            for source, number in citations.numbers.items()
        )

    def _mark(self, number: int) -> bytes:
        if number not in self._marks:
            label = escape(self._lexicon.text("cite_label", number))
            anchor = f'<a href="#source-{number}" aria-label="{label}">{number}</a>'
            self._marks[number] = f'<sup class="cite">{anchor}</sup>'.encode()
        return self._marks[number]

    def _entry(self, source: Row, citations: Citations) -> bytes:
        """Return a source's entry in the list, rendered once for all pages that cite it alike."""
        citation = "; ".join(citations.pinpoints[source])
        href = str(source.values.get("url") or citations.addresses.get(source, ""))
        due = citations.due.get(source, "")
        key = (source, citation, href, due)
        found = self._entries.get(key)
        if found is None:
            found = self._entries[key] = self._rendered(source, citation, href, due)
        return found

    def _rendered(self, source: Row, citation: str, href: str, due: str) -> bytes:
        as_of = source.values.get("as_of", "")
        entry = {
            "title": str(source.values.get("title", source.slug)),
            "publisher": str(source.values.get("publisher", "")),
            "citation": citation,
            "href": href,
            "dated": str(source.values.get("dated", "")),
            "as_of": self._lexicon.date(as_of) if as_of else "",
            "due": self._lexicon.date(due) if due else "",
        }
        location: Location = source.location
        return self._theme.render(SOURCE, {"source": entry}, location).strip().encode()


def _marked(item: Filled, marks: Iterable[bytes]) -> bytes:
    """Return the bytes of a filling with the marks of its citations."""
    mark = iter(marks)
    return b"".join([part if isinstance(part, bytes) else next(mark) for part in item.segments])


def _room(kept: dict[K, V]) -> dict[K, V]:
    """Return what is kept, emptied where it is full."""
    if len(kept) >= _KEPT:
        kept.clear()
    return kept
