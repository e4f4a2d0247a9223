"""Citations of a page: their numbers in order of appearance, their marks, and the source list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from markupsafe import escape

from pageloom.diagnostics import Location
from pageloom.lexicon import Lexicon
from pageloom.model import SOURCE, Cite, Filled, Link, Row, Segment
from pageloom.sheet import SourceItem
from pageloom.theme import Theme

_KEPT = 512
Anchor = Callable[[Link], bytes]


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


class Numberer:
    """Numbers citations; pages with the same cited fillings are numbered once."""

    def __init__(self, lexicon: Lexicon, theme: Theme) -> None:
        self._lexicon = lexicon
        self._theme = theme
        self._marks: dict[int, bytes] = {}
        self._finished: dict[tuple[Filled, ...], Finished] = {}
        self._entries: dict[tuple[Row, str, str, str], bytes] = {}

    def finished(self, fillings: tuple[Filled, ...]) -> Finished:
        """Return fillings that cite, and link to nothing, with their citations numbered."""
        found = self._finished.get(fillings)
        if found is None:
            if len(self._finished) >= _KEPT:
                self._finished.clear()
            citations = Citations()
            html = {
                id(item): b"".join(self.pieces(item.segments, citations, _no_link))
                for item in fillings
            }
            sources = self.sources(citations)
            found = Finished(html, sources, tuple(item.html for item in sources), fillings)
            self._finished[fillings] = found
        return found

    def pieces(
        self, segments: Iterable[Segment], citations: Citations, anchor: Anchor
    ) -> Iterable[bytes]:
        """Yield segments as bytes; a source that is cited twice in a row is marked once."""
        before: Row | None = None
        for segment in segments:
            if isinstance(segment, bytes):
                yield segment
                if segment.strip():
                    before = None
            elif isinstance(segment, Cite):
                number = citations.number(segment)
                if segment.source is not before:
                    yield self._mark(number)
                before = segment.source
            elif isinstance(segment, Link):
                yield anchor(segment)
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


def _no_link(_: Link) -> bytes:
    raise AssertionError("a filling with links is numbered page by page")
