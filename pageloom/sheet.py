"""A page as a shape and a row of values.

A template is rendered once per shape, with a token for each value; a page of that shape is the
literal parts with its own values between them. `Sheet.shape`, `Sheet.values` and `context` walk in
the same order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

from pageloom.theme import Opaque


@dataclass(frozen=True, slots=True)
class Item:
    """A link in a list: address, words, and a distinguishing line that may be empty."""

    href: str
    title: str
    line: str = ""
    texts: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    """Title, address and line (when there is one), escaped."""

    def __post_init__(self) -> None:
        texts = [escaped(self.title), escaped(self.href)]
        if self.line:
            texts.append(escaped(self.line))
        object.__setattr__(self, "texts", tuple(texts))


@dataclass(frozen=True, slots=True)
class Part:
    """A folded cell's section on its parent page."""

    id: str
    heading: str
    html: bytes
    links: tuple[Item, ...] = ()


@dataclass(slots=True)
class Section:
    """A slot that has something in it.

    Not frozen: several are made a page, and freezing costs more than making.
    """

    id: str
    heading: str = ""
    html: bytes = b""
    links: tuple[Item, ...] = ()
    folded: tuple[Part, ...] = ()


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


@dataclass(slots=True, kw_only=True)
class Sheet:
    """All that a page template may print.

    Not frozen: one is made a page, and freezing costs more than making.
    """

    template: str
    family: str
    robots: str
    og_type: str
    title: str
    title_fits: bool
    description: str
    description_fits: bool
    canonical: str
    h1: str
    og_image: str
    jsonld: bytes
    crumbs: tuple[Item, ...]
    sections: list[Section]
    related: tuple[Item, ...]
    sources: tuple[SourceItem, ...]
    published: str = ""
    modified: str = ""
    pager: Pager | None = None

    def shape(self) -> tuple[Any, ...]:
        """Return what of the page a template can tell without reading its texts."""
        return (
            self.template,
            self.family,
            self.robots,
            self.og_type,
            bool(self.og_image),
            len(self.crumbs),
            tuple([_section_shape(section) for section in self.sections]),
            len(self.related),
            len(self.sources),
            bool(self.published),
            bool(self.modified),
            _pager_shape(self.pager),
        )

    def values(self) -> list[bytes]:
        """Return the texts of the page, escaped, in the order of `context`."""
        found = [escaped(text) for text in (self.title, self.description, self.canonical, self.h1)]
        found.append(self.jsonld)
        if self.og_image:
            found.append(escaped(self.og_image))
        for item in self.crumbs:
            found += item.texts[:2]
        for section in self.sections:
            found += _section_texts(section)
        for item in self.related:
            found += item.texts[:2]
        found += [source.html for source in self.sources]
        found += [escaped(date) for date in (self.published, self.modified) if date]
        if self.pager:
            places = (self.pager.first, self.pager.previous, self.pager.next)
            found += [escaped(place) for place in places if place]
        return found


def _section_shape(section: Section) -> tuple[Any, ...]:
    links, folded = section.links, section.folded
    return (
        section.id,
        bool(section.heading),
        bool(section.html),
        tuple([bool(item.line) for item in links]) if links else (),
        tuple([(bool(part.heading), len(part.links)) for part in folded]) if folded else (),
    )


def _section_texts(section: Section) -> list[bytes]:
    found = [escaped(section.heading)] if section.heading else []
    if section.html:
        found.append(section.html)
    for item in section.links:
        found += item.texts
    for part in section.folded:
        found.append(escaped(part.id))
        if part.heading:
            found.append(escaped(part.heading))
        found.append(part.html)
        for item in part.links:
            found += item.texts[:2]
    return found


_special = re.compile("[&<>\"']").search


def escaped(text: str) -> bytes:
    """Return a text as it stands in HTML, between tags or in quotes."""
    return text.encode() if _special(text) is None else str(escape(text)).encode()


def _pager_shape(pager: Pager | None) -> tuple[Any, ...]:
    if pager is None:
        return ()
    return (pager.number, pager.total, bool(pager.first), bool(pager.previous), bool(pager.next))


class _Slots(dict[str, Any]):
    """Sections by id; a missing one is falsy."""

    def __missing__(self, key: str) -> str:
        return ""


def context(shape: tuple[Any, ...]) -> dict[str, Any]:
    """Return what a template sees as `page`: an opaque place for each text of the shape."""
    number = iter(range(1_000_000))

    def place(*, present: bool = True) -> Any:
        return Opaque(next(number)) if present else ""

    (_, family, robots, og_type, has_image, crumbs, sections, related, sources, *dates, pager) = (
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
    page["published"], page["modified"] = (place(present=present) for present in dates)
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
