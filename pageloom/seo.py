"""What search engines read of a page: title and description lengths, robots, JSON-LD, sitemaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def pixels(text: str, size: float) -> float:
    """Return the width of a text in Arial at `size` pixels."""
    return sum(map(_WIDTHS.__getitem__, text)) * size / 1000


def title_fits(title: str) -> bool:
    """Return whether a title is 30 to 60 bytes long and at most 561 px wide."""
    low, high = TITLE_CHARACTERS
    return low <= len(title.encode()) <= high and pixels(title, 20) <= TITLE_PIXELS


def description_fits(description: str) -> bool:
    """Return whether a description is 110 to 155 bytes long and at most 985 px wide."""
    low, high = DESCRIPTION_CHARACTERS
    return (
        low <= len(description.encode()) <= high and pixels(description, 13) <= DESCRIPTION_PIXELS
    )


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


class Structured:
    """Makes the JSON-LD of pages: one graph a page, each literal in it visible on the page.

    Types: https://schema.org/WebPage, https://schema.org/BreadcrumbList
    """

    def __init__(self, site: Mapping[str, Any], lang: str) -> None:
        self._base = site["base_url"]
        self._lang = lang
        nodes = b",".join(map(script_json, _site_nodes(site, self._base)))
        self._head = b'{"@context":"https://schema.org","@graph":[' + nodes
        self._site = {"@id": f"{self._base}/#website"}
        self._owner = {"@id": f"{self._base}/#organization"}

    def page(
        self,
        canonical: str,
        h1: str,
        *,
        crumbs: Sequence[tuple[str, str]],
        links: Sequence[tuple[str, str]],
        article: bool,
        dates: tuple[str, str] | None = None,
    ) -> bytes:
        """Return the graph of a page as the text of its script element.

        `crumbs` and `links` are (words, address path), the crumbs from home to the page itself;
        `dates` are the days of publication and of the last change.
        """
        dated = {"datePublished": dates[0], "dateModified": dates[1]} if dates else {}
        page: dict[str, Any] = {
            "@type": "CollectionPage" if links else "WebPage",
            "@id": f"{canonical}#webpage",
            "url": canonical,
            "name": h1,
            "inLanguage": self._lang,
            "isPartOf": self._site,
            **dated,
        }
        nodes = [page]
        if crumbs:
            page["breadcrumb"] = {"@id": f"{canonical}#breadcrumb"}
            nodes.append(self._list("BreadcrumbList", f"{canonical}#breadcrumb", "item", crumbs))
        if article:
            nodes.append({**self._article(canonical, h1), **dated})
        if links:
            page["mainEntity"] = {"@id": f"{canonical}#list"}
            nodes.append(self._list("ItemList", f"{canonical}#list", "url", links))
        return b"%b,%b]}" % (self._head, script_json(nodes)[1:-1])

    def _list(
        self, kind: str, identity: str, key: str, entries: Sequence[tuple[str, str]]
    ) -> dict[str, Any]:
        base = self._base
        return {
            "@type": kind,
            "@id": identity,
            "itemListElement": [
                {"@type": "ListItem", "position": place, "name": name, key: base + address}
                for place, (name, address) in enumerate(entries, start=1)
            ],
        }

    def _article(self, canonical: str, h1: str) -> dict[str, Any]:
        return {
            "@type": "Article",
            "@id": f"{canonical}#article",
            "headline": h1,
            "mainEntityOfPage": {"@id": f"{canonical}#webpage"},
            "author": self._owner,
            "publisher": self._owner,
        }


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


Page = tuple[str, str]
"""Address path and the day of the last significant change, which may be empty."""


def sitemaps(
    base: str, groups: Mapping[str, Sequence[Page]], limit: int = SITEMAP_LIMIT
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of sitemaps, and of an index named `sitemap.xml` above them.

    `groups` are pages in order by the name of their release, empty where there are no releases;
    then one sitemap that holds all pages is named `sitemap.xml` and has no index.
    """
    *files, last = sitemap_files({name: len(pages) for name, pages in groups.items()}, limit)
    if not files:
        yield last[0], _urlset(base, groups.get("", ()))
        return
    parts = {name: groups[group][start : start + limit] for name, group, start in files}
    for name, pages in parts.items():
        yield name, _urlset(base, pages)
    changed = {name: max(date for _, date in pages) for name, pages in parts.items()}
    yield last[0], _index(base, changed)


def sitemap_files(
    sizes: Mapping[str, int], limit: int = SITEMAP_LIMIT
) -> list[tuple[str, str, int]]:
    """Return file name, group and first page of each sitemap, the one to submit last."""
    whole = ("sitemap.xml", "", 0)
    if not any(sizes) and sizes.get("", 0) <= limit:
        return [whole]
    files: list[tuple[str, str, int]] = []
    for group, size in sizes.items():
        for number, start in enumerate(range(0, size, limit), start=1):
            several = [str(number)] if number > 1 or not group else []
            files.append(
                ("-".join(("sitemap", *filter(None, (group,)), *several)) + ".xml", group, start)
            )
    return [*files, whole]


def _urlset(base: str, pages: Iterable[Page]) -> bytes:
    return _xml("urlset", "url", ((base + route, date) for route, date in pages))


def _index(base: str, changed: Mapping[str, str]) -> bytes:
    entries = ((f"{base}/{name}", date) for name, date in changed.items())
    return _xml("sitemapindex", "sitemap", entries)


def _xml(root: str, entry: str, entries: Iterable[Page]) -> bytes:
    import io

    from lxml import etree

    buffer = io.BytesIO()
    with etree.xmlfile(buffer, encoding="utf-8") as file:
        file.write_declaration()
        file.write(etree.Comment(GENERATOR_COMMENT))
        with file.element(root, nsmap={None: _NAMESPACE}):
            for address, date in entries:
                element = etree.Element(entry)
                etree.SubElement(element, "loc").text = address
                if date:
                    etree.SubElement(element, "lastmod").text = date
                file.write(element)
                file.write("\n")
    return buffer.getvalue()


_TRAINING = (
    "Amazonbot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot", "GPTBot",
    "Google-Extended", "Meta-ExternalAgent",
)  # fmt: skip
_ANSWERING = ("Claude-SearchBot", "OAI-SearchBot", "PerplexityBot")


def robots_txt(base: str, crawlers: str) -> bytes:
    """Return robots.txt (https://www.rfc-editor.org/rfc/rfc9309) for a policy of site.yaml."""
    refused = {
        "allow-all": (),
        "search-only": _TRAINING,
        "none": (*_ANSWERING, *_TRAINING),
    }[crawlers]
    lines: list[str] = []
    if refused:
        lines += [f"User-agent: {name}" for name in refused]
        lines += ["Disallow: /", ""]
    lines += ["User-agent: *", "Allow: /", "", f"Sitemap: {base}/sitemap.xml", ""]
    return "\n".join(lines).encode()
