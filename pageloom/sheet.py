"""A page as a shape and a row of values.

A template is rendered once per shape, with a token for each value; a page of that shape is the
literal parts with its own values between them. `Sheet.shape`, `Sheet.values` and `context` walk in
the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

from markupsafe import escape

from pageloom.markup import TOKEN
from pageloom.views import Opaque

ANCHOR = b'<a href="'
"""How every link begins that the engine or a theme prints."""

Linked = tuple[bytes, bytes]
"""Words and address of a link, escaped."""


@dataclass(slots=True)
class Item:
    """A link in a list. Not frozen: as many are made as there are pages."""

    link: Linked
    said: tuple[bytes, bytes] = (b"", b"")
    """Words and address as they stand in JSON."""
    line: bytes = b""
    """What distinguishes it, escaped; may be empty."""

    def texts(self) -> tuple[bytes, ...]:
        """Return words, address and line (when there is one)."""
        return (*self.link, self.line) if self.line else self.link


@dataclass(frozen=True, slots=True)
class Part:
    """A folded cell's section on its parent page."""

    id: str
    heading: str
    html: bytes
    links: tuple[Item, ...] = ()

    def texts(self) -> list[bytes]:
        """Return its texts, escaped."""
        found = [escaped(self.id), *([escaped(self.heading)] if self.heading else []), self.html]
        for item in self.links:
            found += item.link
        return found


@dataclass(slots=True)
class Section:
    """A slot that has something in it, as its shape and its texts.

    Not frozen: several are made a page, and freezing costs more than making.
    """

    shape: tuple[Any, ...]
    texts: Sequence[bytes]
    links: int = 0
    """How many links to pages its texts have."""
    spaces: int = 0
    """About how many words it has."""


def section(
    name: str,
    heading: bytes,
    html: bytes = b"",
    links: Sequence[Item] = (),
    folded: Sequence[Part] = (),
) -> Section:
    """Return a section; its heading is escaped."""
    texts = [text for text in (heading, html) if text]
    for item in links:
        texts += item.texts()
    for part in folded:
        texts += part.texts()
    lines = tuple([bool(item.line) for item in links])
    parts = tuple([(bool(part.heading), len(part.links)) for part in folded])
    shape = (name, bool(heading), bool(html), lines, parts)
    whole = b"".join(texts)
    return Section(shape, texts, whole.count(ANCHOR), whole.count(b" "))


@dataclass(frozen=True, slots=True)
class SourceItem:
    """An entry of the page's source list, as the theme's `partials/source.html` prints it."""

    number: int
    html: bytes


@dataclass(frozen=True, slots=True)
class Pager:
    """Where the other pages of a hub are; empty addresses where there is none."""

    number: int
    total: int
    first: str = ""
    previous: str = ""
    next: str = ""

    def shape(self) -> tuple[Any, ...]:
        """Return what a template can tell without reading the addresses."""
        return (self.number, self.total, *map(bool, (self.first, self.previous, self.next)))

    def texts(self) -> list[bytes]:
        """Return the addresses that there are."""
        return [escaped(place) for place in (self.first, self.previous, self.next) if place]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """All that a page template may print.

    Not frozen: one is made a page, and freezing costs more than making.
    """

    template: str
    family: str
    robots: str
    og_type: str
    title: bytes
    """Escaped, as all bytes here are."""
    title_fits: bool
    description: bytes
    description_fits: bool
    canonical: bytes
    h1: bytes
    og_image: bytes
    jsonld: bytes
    crumbs: Sequence[bytes]
    """Words and address in turn; the last, of the page itself, has an empty address."""
    sections: Sequence[Section]
    related: Sequence[Linked]
    sources: Sequence[SourceItem]
    published: bytes = b""
    modified: bytes = b""
    reading_time: bytes = b""
    """How long an article takes to read, in words; empty on other pages."""
    pager: Pager | None = None

    def shape(self) -> tuple[Any, ...]:
        """Return what of the page a template can tell without reading its texts."""
        return (
            self.template,
            self.family,
            self.robots,
            self.og_type,
            bool(self.og_image),
            len(self.crumbs) // 2,
            tuple([section.shape for section in self.sections]),
            len(self.related),
            len(self.sources),
            bool(self.published),
            bool(self.modified),
            bool(self.reading_time),
            self.pager.shape() if self.pager else (),
        )

    def links(self) -> int:
        """Return at most how many links its texts have; those of the template come on top."""
        return sum([part.links for part in self.sections]) + len(self.sources)

    def values(self) -> list[bytes]:
        """Return the texts of the page, escaped, in the order of `context`."""
        found = [self.title, self.description, self.canonical, self.h1, self.jsonld]
        if self.og_image:
            found.append(self.og_image)
        found += self.crumbs
        for part in self.sections:
            found += part.texts
        for link in self.related:
            found += link
        found += [source.html for source in self.sources]
        times = (self.published, self.modified, self.reading_time)
        found += [text for text in times if text]
        if self.pager:
            found += self.pager.texts()
        return found


@dataclass(frozen=True, slots=True)
class Holed:
    """A rendered template: literal parts, with a hole between each two."""

    parts: list[bytes]
    take: Callable[[Sequence[Any]], Sequence[Any]]
    """Takes the values (or their columns) that fill the holes, in their order."""

    def filled(self, values: Sequence[bytes]) -> bytes:
        """Return the template with values in its holes."""
        parts = self.parts.copy()
        parts[1::2] = self.take(values)
        return b"".join(parts)

    def filled_all(self, columns: Sequence[Sequence[bytes]], count: int) -> Iterable[bytes]:
        """Return the template `count` times, each time with the next values of the columns."""
        parts: list[Iterable[bytes]] = [repeat(part, count) for part in self.parts]
        parts[1::2] = self.take(columns)
        return map(b"".join, zip(*parts, strict=True))


def holed(text: str) -> Holed:
    """Return a text with a token for each value as parts and holes."""
    pieces = TOKEN.split(text)
    parts = [b"" if place % 2 else piece.encode() for place, piece in enumerate(pieces)]
    numbers = [int(piece) for piece in pieces[1::2]]
    if len(numbers) > 1:
        return Holed(parts, itemgetter(*numbers))
    return Holed(parts, lambda values: [values[number] for number in numbers])


_special = re.compile("[&<>\"']").search


def escaped(text: str) -> bytes:
    """Return a text as it stands in HTML, between tags or in quotes."""
    return text.encode() if _special(text) is None else str(escape(text)).encode()


def escape_all(texts: Sequence[str]) -> list[bytes]:
    """Return texts of one line each as they stand in HTML."""
    return escaped("\n".join(texts)).split(b"\n") if texts else []


class _Slots(dict[str, Any]):
    """Sections by id; a missing one is falsy."""

    def __missing__(self, key: str) -> str:
        return ""


def context(shape: tuple[Any, ...]) -> dict[str, Any]:
    """Return what a template sees as `page`: an opaque place for each text of the shape."""
    number = iter(range(1_000_000))

    def place(*, present: bool = True) -> Any:
        return Opaque(next(number)) if present else ""

    (_, family, robots, og_type, has_image, crumbs, sections, related, sources, *times, pager) = (
        shape
    )
    page: dict[str, Any] = {"family": family, "robots": robots, "og_type": og_type}
    for name in ("title", "description", "canonical", "h1", "jsonld"):
        page[name] = place()
    page["og_image"] = place(present=has_image)
    page["crumbs"] = [_link(place) for _ in range(crumbs)]
    if crumbs:
        page["crumbs"][-1]["href"] = ""
    page["sections"] = [_section(place, section) for section in sections]
    page["slots"] = _Slots({section["id"]: section for section in page["sections"]})
    page["related"] = [_link(place) for _ in range(related)]
    page["sources"] = [{"number": n, "html": place()} for n in range(1, sources + 1)]
    for name, present in zip(("published", "modified", "reading_time"), times, strict=True):
        page[name] = place(present=present)
    page["pager"] = _pager(place, pager)
    return page


def _link(place: Any, *, line: bool | None = None) -> dict[str, Any]:
    link = {"title": place(), "href": place()}
    if line is not None:
        link["line"] = place(present=line)
    return link


def _section(place: Any, section: tuple[Any, ...]) -> dict[str, Any]:
    name, heading, html, lines, folded = section
    return {
        "id": name,
        "heading": place(present=heading),
        "html": place(present=html),
        "links": [_link(place, line=line) for line in lines],
        "folded": [
            {
                "id": place(),
                "heading": place(present=headed),
                "html": place(),
                "links": [_link(place, line=False) for _ in range(links)],
            }
            for headed, links in folded
        ],
    }


def _pager(place: Any, pager: tuple[Any, ...]) -> Mapping[str, Any] | str:
    if not pager:
        return ""
    number, total, first, previous, following = pager
    return {
        "number": number,
        "total": total,
        "first": place(present=first),
        "previous": place(present=previous),
        "next": place(present=following),
    }
