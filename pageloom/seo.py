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


def graph(
    *,
    site: Mapping[str, Any],
    canonical: str,
    h1: str,
    lang: str,
    crumbs: Sequence[tuple[str, str]],
    links: Sequence[tuple[str, str]],
    article: bool,
    hub: bool,
    dates: tuple[str, str],
) -> dict[str, Any]:
    """Return the page's JSON-LD graph; each literal in it is visible on the page.

    `crumbs` and `links` are (words, absolute address), the crumbs from home to the page itself.
    Types: https://schema.org/WebPage, https://schema.org/BreadcrumbList
    """
    base = site["base_url"]
    page: dict[str, Any] = {
        "@type": "CollectionPage" if hub else "WebPage",
        "@id": f"{canonical}#webpage",
        "url": canonical,
        "name": h1,
        "inLanguage": lang,
        "isPartOf": {"@id": f"{base}/#website"},
    }
    nodes: list[dict[str, Any]] = [*_site_nodes(site, base), page]
    if crumbs:
        page["breadcrumb"] = {"@id": f"{canonical}#breadcrumb"}
        nodes.append(_breadcrumb(canonical, crumbs))
    if article:
        nodes.append(_article(canonical, base, h1, dates))
    if links:
        page["mainEntity"] = {"@id": f"{canonical}#list"}
        nodes.append(_item_list(canonical, links))
    return {"@context": "https://schema.org", "@graph": nodes}


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


def _breadcrumb(canonical: str, crumbs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@type": "BreadcrumbList",
        "@id": f"{canonical}#breadcrumb",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": address}
            for place, (name, address) in enumerate(crumbs, start=1)
        ],
    }


def _article(canonical: str, base: str, h1: str, dates: tuple[str, str]) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@type": "Article",
        "@id": f"{canonical}#article",
        "headline": h1,
        "mainEntityOfPage": {"@id": f"{canonical}#webpage"},
        "author": {"@id": f"{base}/#organization"},
        "publisher": {"@id": f"{base}/#organization"},
    }
    published, modified = dates
    if published:
        node["datePublished"] = published
        node["dateModified"] = modified or published
    return node


def _item_list(canonical: str, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@type": "ItemList",
        "@id": f"{canonical}#list",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "url": address}
            for place, (name, address) in enumerate(links, start=1)
        ],
    }


def sitemaps(
    base: str, pages: Iterable[tuple[str, str]], limit: int = SITEMAP_LIMIT
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of sitemaps; above `limit` URLs an index named `sitemap.xml`.

    `pages` are (address path, last modified date or empty) in order.
    """
    chunks: list[list[tuple[str, str]]] = [[]]
    for page in pages:
        if len(chunks[-1]) == limit:
            chunks.append([])
        chunks[-1].append(page)
    if len(chunks) == 1:
        yield "sitemap.xml", _urlset(base, chunks[0])
        return
    *names, index = sitemap_names(sum(map(len, chunks)), limit)
    for name, chunk in zip(names, chunks, strict=True):
        yield name, _urlset(base, chunk)
    yield index, _index(base, names)


def sitemap_names(pages: int, limit: int = SITEMAP_LIMIT) -> list[str]:
    """Return the file names of the sitemaps for a number of pages, the one to submit last."""
    if pages <= limit:
        return ["sitemap.xml"]
    return [*(f"sitemap-{n}.xml" for n in range(1, -(-pages // limit) + 1)), "sitemap.xml"]


def _urlset(base: str, pages: Iterable[tuple[str, str]]) -> bytes:
    return _xml(
        "urlset",
        "url",
        ([("loc", base + route)] + ([("lastmod", date)] if date else []) for route, date in pages),
    )


def _index(base: str, names: Iterable[str]) -> bytes:
    return _xml("sitemapindex", "sitemap", ([("loc", f"{base}/{name}")] for name in names))


def _xml(root: str, entry: str, entries: Iterable[Iterable[tuple[str, str]]]) -> bytes:
    import io

    from lxml import etree

    buffer = io.BytesIO()
    with etree.xmlfile(buffer, encoding="utf-8") as file:
        file.write_declaration()
        file.write(etree.Comment(GENERATOR_COMMENT))
        with file.element(root, nsmap={None: _NAMESPACE}):
            for fields in entries:
                element = etree.Element(entry)
                for name, text in fields:
                    etree.SubElement(element, name).text = text
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
