"""What search engines read of a page: title and description lengths, robots, JSON-LD, sitemaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Any

import orjson

TITLE_CHARACTERS = (30, 60)
TITLE_PIXELS = 561
DESCRIPTION_CHARACTERS = (110, 155)
DESCRIPTION_PIXELS = 985
SITEMAP_LIMIT = 50_000
"""URLs in one sitemap: https://www.sitemaps.org/protocol.html"""
ROBOTS_OPEN = "max-image-preview:large, max-snippet:-1, max-video-preview:-1"
ROBOTS_CLOSED = "noindex"
GENERATOR_COMMENT = " generator: Pageloom "
"""By this comment the publisher knows a sitemap of ours when its records are lost."""
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

# Advance widths of Arial in thousandths of the font size, from its metric twin Helvetica
# (https://www.adobe.com/content/dam/acom/en/devnet/font/pdfs/5004.AFM_Spec.pdf).
_NARROW = {
    "ijl'": 222, "|": 260, " !,./:;I[\\]ft": 278, '"': 355, "-()r`": 333, "*": 389,
    "^": 469, "cksvxyzJ": 500, "+<=>~": 584, "FTZ": 611, "&ABEKPSVXY": 667,
    "CDHNRUw": 722, "GOQ": 778, "Mm": 833, "%": 889, "W": 944, "@": 1015, "{}": 334,
}  # fmt: skip


class _Widths(dict[str, int]):
    """Width of a letter; that of a figure, 556, for those that are not in the table."""

    def __missing__(self, letter: str) -> int:
        self[letter] = 556
        return 556


_WIDTHS = _Widths({letter: width for letters, width in _NARROW.items() for letter in letters})


def width(text: str) -> int:
    """Return the width of a text in Arial in thousandths of the font size."""
    return sum(map(_WIDTHS.__getitem__, text))


def pixels(text: str, size: float) -> float:
    """Return the width of a text in Arial at `size` pixels."""
    return width(text) * size / 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a text may be: bytes, and pixels in Arial at a font size."""

    low: int
    high: int
    size: int
    pixels: int

    @property
    def widest(self) -> float:
        """The most thousandths of the font size."""
        return self.pixels * 1000 / self.size

    def fit(self, text: str) -> bool:
        """Return whether a text is neither too short nor too long."""
        return self.low <= len(text.encode()) <= self.high and width(text) <= self.widest


TITLE = Limits(*TITLE_CHARACTERS, 20, TITLE_PIXELS)
DESCRIPTION = Limits(*DESCRIPTION_CHARACTERS, 13, DESCRIPTION_PIXELS)
title_fits, description_fits = TITLE.fit, DESCRIPTION.fit


def script_json(value: Any) -> bytes:
    """Return JSON that can stand in a script element: `<`, `>`, `&` as escapes.

    https://www.w3.org/TR/json-ld11/#restrictions-for-contents-of-json-ld-script-elements
    """
    text = orjson.dumps(value)
    for letter, code in _ESCAPES:
        if letter in text:
            text = text.replace(letter, code)
    return text


_ESCAPES = tuple(
    (letter.encode(), f"\\u{ord(letter):04x}".encode()) for letter in "<>&\u2028\u2029"
)


_special = re.compile('[<>&"\\\\\x00-\x1f\u2028\u2029]').search


def said(text: str) -> bytes:
    """Return a text as it stands between the quotes of a JSON string in a script element."""
    return text.encode() if _special(text) is None else script_json(text)[1:-1]


def say_all(texts: Sequence[str]) -> list[bytes]:
    """Return texts without controls as `said` returns them."""
    joined = "".join(texts)
    return list(map(str.encode if _special(joined) is None else said, texts))


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The graph of a kind of page as a pattern, and the numbers of the values that it takes."""

    text: bytes
    values: tuple[int, ...]


_Kind = tuple[int, bool, bool, bool]
"""How many crumbs a page has, and whether it has lists, is an article, and has dates."""
_TOKEN = re.compile("\ue000(\\d+)\ue001")
_CANONICAL, _HEADING, _LINKS, _PUBLISHED, _MODIFIED, _CRUMBS = range(6)


def _token(number: int) -> str:
    return f"\ue000{number}\ue001"


class Structured:
    """Makes the JSON-LD of pages: one graph a page, each literal in it visible on the page.

    Types: https://schema.org/WebPage, https://schema.org/BreadcrumbList. The graph of a kind of
    page is made once, with places for its texts.
    """

    def __init__(self, site: Mapping[str, Any], lang: str) -> None:
        self._base = site["base_url"]
        self._lang = lang
        nodes = b",".join(map(script_json, _site_nodes(site, self._base)))
        self._head = b'{"@context":"https://schema.org","@graph":[' + nodes
        self._site = {"@id": f"{self._base}/#website"}
        self._owner = {"@id": f"{self._base}/#organization"}
        self._patterns: dict[_Kind, _Pattern] = {}

    def page(
        self,
        canonical: bytes,
        h1: bytes,
        *,
        crumbs: Sequence[bytes],
        links: Sequence[tuple[bytes, bytes]] = (),
        article: bool,
        dates: tuple[str, str] | None = None,
    ) -> bytes:
        """Return the graph of a page as the text of its script element.

        All bytes are texts as `said` returns them. `crumbs` are words and address path in turn,
        from home to the page itself; `links` are (words, address path); `dates` are the days of
        publication and of the last change.
        """
        key = (len(crumbs) // 2, bool(links), article, bool(dates))
        pattern = self._patterns.get(key)
        if pattern is None:
            pattern = self._patterns[key] = self._pattern(key)
        days = (dates[0].encode(), dates[1].encode()) if dates else (b"", b"")
        values = (canonical, h1, self._entries(links) if links else b"", *days, *crumbs)
        return pattern.text % tuple([values[number] for number in pattern.values])

    def _entries(self, links: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the entries of a list of links."""
        base = said(self._base)
        return b",".join(
            b'{"@type":"ListItem","position":%d,"name":"%b","url":"%b%b"}'
            % (place, words, base, path)
            for place, (words, path) in enumerate(links, start=1)
        )

    def _pattern(self, kind: _Kind) -> _Pattern:
        """Return the graph of a kind of page with a token for each text."""
        text = self._head + b"," + script_json(list(self._nodes(kind)))[1:]
        # The entries of a list stand in its place without the quotes of the token.
        text = text.replace(b'"%b"' % _LINKS_TOKEN, _LINKS_TOKEN)
        parts = _TOKEN.split(text.decode().replace("%", "%%"))
        return _Pattern("%b".join(parts[::2]).encode() + b"}", tuple(map(int, parts[1::2])))

    def _nodes(self, kind: _Kind) -> Iterator[dict[str, Any]]:
        crumbs, links, article, dated = kind
        days = {"datePublished": _token(_PUBLISHED), "dateModified": _token(_MODIFIED)}
        dates = days if dated else {}
        canonical, h1 = _token(_CANONICAL), _token(_HEADING)
        page: dict[str, Any] = {
            "@type": "CollectionPage" if links else "WebPage",
            "@id": f"{canonical}#webpage",
            "url": canonical,
            "name": h1,
            "inLanguage": self._lang,
            "isPartOf": self._site,
            **dates,
        }
        if crumbs:
            page["breadcrumb"] = {"@id": f"{canonical}#breadcrumb"}
        if links:
            page["mainEntity"] = {"@id": f"{canonical}#list"}
        yield page
        if crumbs:
            places = range(_CRUMBS, _CRUMBS + 2 * crumbs, 2)
            entries = [
                {
                    "@type": "ListItem",
                    "position": number,
                    "name": _token(place),
                    "item": self._base + _token(place + 1),
                }
                for number, place in enumerate(places, start=1)
            ]
            yield _list("BreadcrumbList", f"{canonical}#breadcrumb", entries)
        if article:
            yield {**self._article(canonical, h1), **dates}
        if links:
            yield _list("ItemList", f"{canonical}#list", [_token(_LINKS)])

    def _article(self, canonical: str, h1: str) -> dict[str, Any]:
        return {
            "@type": "Article",
            "@id": f"{canonical}#article",
            "headline": h1,
            "mainEntityOfPage": {"@id": f"{canonical}#webpage"},
            "author": self._owner,
            "publisher": self._owner,
        }


_LINKS_TOKEN = _token(_LINKS).encode()


def _list(kind: str, identity: str, entries: list[Any]) -> dict[str, Any]:
    return {"@type": kind, "@id": identity, "itemListElement": entries}


def _site_nodes(site: Mapping[str, Any], base: str) -> Iterator[dict[str, Any]]:
    organization = site.get("organization", {})
    yield {
        "@type": "WebSite",
        "@id": f"{base}/#website",
        "url": f"{base}/",
        "name": site["brand"],
        "publisher": {"@id": f"{base}/#organization"},
    }
    yield {
        "@type": "Organization",
        "@id": f"{base}/#organization",
        "url": f"{base}/",
        "name": organization.get("name", site["brand"]),
    }


WHOLE = "sitemap.xml"
Page = tuple[str, str]
"""Address path and the day of the last significant change, which may be empty."""


def sitemaps(
    base: str,
    groups: Mapping[str, Iterator[Page]],
    sizes: Mapping[str, int],
    limit: int = SITEMAP_LIMIT,
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of sitemaps, and of an index named `sitemap.xml` above them.

    `groups` are pages in order by the name of their release, empty where there are no releases;
    then one sitemap that holds all pages is named `sitemap.xml` and has no index. `sizes` are how
    many pages each has. They are taken as the sitemap that they stand in is asked for.
    """
    changed: dict[str, str] = {}
    for name, group in sitemap_files(sizes, limit):
        some = list(islice(groups.get(group, ()), limit))
        changed[name] = max((date for _, date in some), default="")
        yield name, _urlset(base, some)
    if WHOLE not in changed:
        yield WHOLE, _index(base, changed)


def sitemap_files(sizes: Mapping[str, int], limit: int = SITEMAP_LIMIT) -> list[tuple[str, str]]:
    """Return file name and group of each sitemap; the one to submit is `WHOLE`, or an index."""
    if not any(sizes) and sizes.get("", 0) <= limit:
        return [(WHOLE, "")]
    files: list[tuple[str, str]] = []
    for group, size in sizes.items():
        for number in range(1, len(range(0, size, limit)) + 1):
            several = [str(number)] if number > 1 or not group else []
            files.append(("-".join(("sitemap", *filter(None, (group,)), *several)) + ".xml", group))
    return files


def _urlset(base: str, pages: Iterable[Page]) -> bytes:
    return _xml("urlset", "url", ((base + route, date) for route, date in pages))


def _index(base: str, changed: Mapping[str, str]) -> bytes:
    entries = ((f"{base}/{name}", date) for name, date in changed.items())
    return _xml("sitemapindex", "sitemap", entries)


def _xml(root: str, entry: str, entries: Iterable[Page]) -> bytes:
    """Return a list of addresses with the days of their last changes, one a line."""
    lines = [
        "<?xml version='1.0' encoding='utf-8'?>\n",
        f'<!--{GENERATOR_COMMENT}--><{root} xmlns="{_NAMESPACE}">',
    ]
    for address, date in entries:
        changed = f"<lastmod>{escape(date)}</lastmod>" if date else ""
        lines.append(f"<{entry}><loc>{escape(address)}</loc>{changed}</{entry}>\n")
    return "".join([*lines, f"</{root}>"]).encode()


_TRAINING = (
    "Amazonbot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot", "GPTBot",
    "Google-Extended", "Meta-ExternalAgent",
)  # fmt: skip
_ANSWERING = ("Claude-SearchBot", "OAI-SearchBot", "PerplexityBot")


def robots_txt(base: str, crawlers: str) -> bytes:
    """Return robots.txt (https://www.rfc-editor.org/rfc/rfc9309) for a policy of site.yaml.

    It names the sitemap of `base`, where that is given. Pages that are noindex are not refused: a
    crawler must read them to see it (https://developers.google.com/search/docs/crawling-indexing/block-indexing).
    """
    refused = {
        "allow-all": (),
        "search-only": _TRAINING,
        "none": (*_ANSWERING, *_TRAINING),
    }[crawlers]
    lines: list[str] = []
    if refused:
        lines += [f"User-agent: {name}" for name in refused]
        lines += ["Disallow: /", ""]
    lines += ["User-agent: *", "Allow: /", ""]
    lines += [f"Sitemap: {base}/sitemap.xml", ""] if base else []
    return "\n".join(lines).encode()
