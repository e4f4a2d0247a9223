"""What of a page is significant content, as a digest: what readers read, and where its links lead.

Title, main heading, and of each slot its heading, words and links. Not in it: what the theme puts
around the slots, links to related pages, numbers of citations and the list of sources with the
days of their checks, dates, assets, and slots that say the same on every page of the family.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b

from pageloom.ledger import DIGEST
from pageloom.model import Family
from pageloom.sheet import Item, Sheet

_MARK = re.compile(rb'<sup class="cite">.*?</sup>', re.DOTALL)
_HREF = re.compile(rb'<a\b[^>]*?\bhref="([^"#][^"]*)"')
_INLINE = re.compile(
    rb"</?(?:a|abbr|b|cite|code|em|i|kbd|mark|q|s|small|span|strong|sub|sup|time)\b[^>]*>"
)
_TAG = re.compile(rb"<[^>]*>")
_BREAK = b"\x1f"


def digest(sheet: Sheet, family: Family) -> str:
    """Return the digest of a page's significant content."""
    found = blake2b(digest_size=DIGEST // 2)
    for part in _parts(sheet, alike(family)):
        found.update(part + _BREAK)
    return found.hexdigest()


def alike(family: Family) -> frozenset[str]:
    """Return the slots that say the same on every page of a family: partials over no rows."""
    if not family.axes:
        return frozenset()
    return frozenset(
        slot.name for slot in family.slots if slot.partial and not slot.rows and not slot.snippet
    )


def _parts(sheet: Sheet, left_out: frozenset[str]) -> Iterator[bytes]:
    yield sheet.title.encode()
    yield sheet.h1.encode()
    for section in sheet.sections:
        if section.id in left_out:
            continue
        yield section.heading.encode()
        yield from _said(section.html)
        yield from map(_link, section.links)
        for part in section.folded:
            yield part.heading.encode()
            yield from _said(part.html)


def _said(html: bytes) -> Iterator[bytes]:
    """Yield the words of some HTML, and the targets of its links that lead elsewhere."""
    text = _TAG.sub(b" ", _INLINE.sub(b"", _MARK.sub(b"", html)))
    yield b" ".join(text.split())
    yield from _HREF.findall(html)


def _link(item: Item) -> bytes:
    return f"{item.title} {item.line} {item.href}".encode()
