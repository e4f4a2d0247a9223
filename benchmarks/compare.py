"""Compare the sites that generators made of one workload: `python benchmarks/compare.py A B …`.

Every address must exist in all of them, and every page of a sample must have the same title,
description, canonical address, structured data, links and visible text. Exit code 1 where not.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_SPACED = frozenset(
    (
        "html", "body", "main", "header", "footer", "nav", "aside", "section", "div", "p", "ul",
        "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "title",
    )
)  # fmt: skip
"""Elements around which text is parted; within a line a tag parts nothing."""
_LOC = re.compile(r"<loc>([^<]+)</loc>")
_SHOWN = 5


@dataclass(slots=True)
class Page:
    """What of a page must be equal."""

    title: str = ""
    description: str = ""
    canonical: str = ""
    jsonld: Any = None
    links: list[tuple[str, str]] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    """Reads a page once from start to end."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._words: list[str] = []
        self._inside: list[str] = []
        self._href: str | None = None
        self._anchor: list[str] = []
        self._json: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note head entries and the start of links."""
        values = dict(attrs)
        if tag == "meta" and values.get("name") == "description":
            self.page.description = values.get("content") or ""
        elif tag == "link" and values.get("rel") == "canonical":
            self.page.canonical = values.get("href") or ""
        elif tag == "a":
            self._href, self._anchor = values.get("href"), []
        if tag in {"h1", "h2", "h3", "h4"}:
            self.page.headings.append(tag)
        if tag in {"title", "script"}:
            self._inside.append(tag)
        if tag in _SPACED:
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Note the end of links."""
        if tag == "a" and self._href is not None:
            self.page.links.append((self._href, _plain("".join(self._anchor))))
            self._href = None
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        if tag in _SPACED:
            self._words.append(" ")

    def handle_data(self, data: str) -> None:
        """Sort text into title, structured data and visible text."""
        if self._inside and self._inside[-1] == "script":
            self._json.append(data)
            return
        if self._inside and self._inside[-1] == "title":
            self.page.title += data
            return
        self._words.append(data)
        if self._href is not None:
            self._anchor.append(data)

    def finished(self) -> Page:
        """Return the page."""
        self.page.text = _plain("".join(self._words))
        self.page.jsonld = json.loads("".join(self._json) or "null")
        return self.page


def _plain(text: str) -> str:
    return " ".join(text.split())


def read(path: Path) -> Page:
    """Return what counts of a page's file."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader.finished()


def addresses(site: Path) -> set[str]:
    """Return the pages of a site as paths of their files."""
    return {path.relative_to(site).as_posix() for path in site.rglob("*.html")}


def listed(site: Path) -> set[str]:
    """Return the addresses that the sitemaps list."""
    found = (
        _LOC.findall(path.read_text(encoding="utf-8")) for path in sorted(site.glob("sitemap*.xml"))
    )
    return {address for part in found for address in part if not address.endswith(".xml")}


def compare(sites: dict[str, Path], sample: int) -> Iterator[str]:
    """Yield every difference between the first site and the others, in words."""
    (first, base), *others = sites.items()
    paths = addresses(base)
    index = listed(base)
    chosen = sorted(paths)
    if sample and sample < len(chosen):
        chosen = random.Random("sample").sample(chosen, sample)
    for name, site in others:
        yield from _sets(f"{name}: page", paths, addresses(site))
        yield from _sets(f"{name}: sitemap entry", index, listed(site))
        for path in chosen:
            if (site / path).is_file():
                for part, mine, theirs in _differences(read(base / path), read(site / path)):
                    yield f"{path}: {part} of {first} and {name}: {mine!r} / {theirs!r}"


def _sets(what: str, mine: set[str], theirs: set[str]) -> Iterator[str]:
    yield from (f"{what} missing: {item}" for item in sorted(mine - theirs))
    yield from (f"{what} too many: {item}" for item in sorted(theirs - mine))


def _differences(mine: Page, theirs: Page) -> Iterator[tuple[str, Any, Any]]:
    for part in Page.__slots__:
        one, other = getattr(mine, part), getattr(theirs, part)
        if one == other:
            continue
        if isinstance(one, str):
            place = next(
                (n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
                min(len(one), len(other)),
            )
            start = max(0, place - 20)
            yield part, one[start : place + 40], other[start : place + 40]
        else:
            yield part, one, other


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("sites", type=Path, nargs="+", help="output folders; the first is the norm")
    parser.add_argument("--sample", type=int, default=500, help="pages to read; 0 for all")
    arguments = parser.parse_args()
    sites = {str(site): site for site in arguments.sites}
    found = list(compare(sites, arguments.sample))
    for line in found[:_SHOWN]:
        print(line)
    print(f"{len(addresses(arguments.sites[0]))} pages, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
