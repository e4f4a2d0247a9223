"""What of a page is significant content, as a digest: what readers read, and where its links lead.

Title, main heading, and of each slot its heading, words and links. Not in it: what the theme puts
around the slots, links to related pages, numbers of citations and the list of sources with the
days of their checks, dates, assets, and slots that say the same on every page of the family.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from hashlib import blake2b
from itertools import islice

from pageloom.ledger import DIGEST
from pageloom.model import Family
from pageloom.sheet import Section, Sheet

_MARK = re.compile(rb'<sup class="cite">.*?</sup>', re.DOTALL)
_HREF = re.compile(rb'<a\b[^>]*?\bhref="([^"#][^"]*)"')
_INLINE = re.compile(
    rb"</?(?:a|abbr|b|cite|code|em|i|kbd|mark|q|s|small|span|strong|sub|sup|time)\b[^>]*>"
)
_TAG = re.compile(rb"<[^>]*>")
_BREAK = b"\x1f"


def digest(sheet: Sheet, left_out: Container[str]) -> str:
    """Return the digest of a page's significant content; slots of these names are none."""
    found = blake2b(digest_size=DIGEST // 2)
    for part in _parts(sheet, left_out):
        found.update(part + _BREAK)
    return found.hexdigest()


def alike(family: Family) -> frozenset[str]:
    """Return the slots that say the same on every page of a family: partials over no rows."""
    if not family.axes:
        return frozenset()
    return frozenset(
        slot.name for slot in family.slots if slot.partial and not slot.rows and not slot.snippet
    )


def _parts(sheet: Sheet, left_out: Container[str]) -> Iterator[bytes]:
    yield sheet.title
    yield sheet.h1
    for section in sheet.sections:
        if section.shape[0] not in left_out:
            yield from _section(section)


def _section(section: Section) -> Iterator[bytes]:
    """Yield what a section says; its texts stand in the order of its shape."""
    _, headed, filled, lines, parts = section.shape
    texts = iter(section.texts)
    if headed:
        yield next(texts)
    if filled:
        yield from _said(next(texts))
    for has_line in lines:
        yield from islice(texts, 3 if has_line else 2)
    for part_headed, links in parts:
        next(texts)  # its id
        if part_headed:
            yield next(texts)
        yield from _said(next(texts))
        for _ in range(2 * links):
            next(texts)  # to hubs


def _said(html: bytes) -> Iterator[bytes]:
    """Yield the words of some HTML, and the targets of its links that lead elsewhere."""
    text = _TAG.sub(b" ", _INLINE.sub(b"", _MARK.sub(b"", html)))
    yield b" ".join(text.split())
    yield from _HREF.findall(html)
