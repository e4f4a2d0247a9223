"""The feed of the newest pages: Atom, https://www.rfc-editor.org/rfc/rfc4287."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pageloom.seo import GENERATOR_COMMENT

PATH = "feed.xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A page in the feed."""

    first: str
    """The address under which it was first released: its identity, whatever it is now."""
    address: str
    title: str
    summary: str
    published: str
    modified: str


def feed(
    *, base: str, lang: str, title: str, author: str, updated: str, items: Iterable[Item]
) -> bytes:
    """Return the feed of some pages; dates are days, the time of day in it is midnight."""
    from lxml import etree

    root = etree.Element("feed", {_LANG: lang}, nsmap={None: _NAMESPACE})
    address = f"{base}/{PATH}"
    _text(root, "id", address)
    _text(root, "title", title)
    _text(root, "updated", _moment(updated))
    _link(root, rel="self", type="application/atom+xml", href=address)
    _link(root, rel="alternate", type="text/html", href=f"{base}/")
    _text(etree.SubElement(root, "author"), "name", author)
    for item in items:
        entry = etree.SubElement(root, "entry")
        _text(entry, "id", base + item.first)
        _text(entry, "title", item.title)
        _text(entry, "published", _moment(item.published))
        _text(entry, "updated", _moment(item.modified))
        _link(entry, rel="alternate", type="text/html", href=base + item.address)
        if item.summary:
            _text(entry, "summary", item.summary)
    root.addprevious(etree.Comment(GENERATOR_COMMENT))
    made: bytes = etree.tostring(
        root.getroottree(), encoding="utf-8", xml_declaration=True, pretty_print=True
    )
    return made


def _moment(day: str) -> str:
    """Return a day as a date-time (https://www.rfc-editor.org/rfc/rfc3339)."""
    return f"{day}T00:00:00Z"


def _text(parent: Any, name: str, text: str) -> None:
    from lxml import etree

    etree.SubElement(parent, name).text = text


def _link(parent: Any, **attributes: str) -> None:
    from lxml import etree

    etree.SubElement(parent, "link", attributes)
