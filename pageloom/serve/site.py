"""A decided site as answers to addresses; pages are made when they are asked for.

Nothing here opens a file: an address is looked up among the routes and files of the plan, so that
none can lead out of the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pageloom import writing
from pageloom.diagnostics import Diagnostic
from pageloom.manifest import Listed, State
from pageloom.options import Options
from pageloom.pipeline import Decision
from pageloom.plan import NOINDEX, FamilyPlan, Plan, page_route

NOT_FOUND = "/404.html"
_HTML = "text/html; charset=utf-8"
_TYPES = {
    "html": _HTML,
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "xml": "application/xml",
    "txt": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "woff": "font/woff",
    "pdf": "application/pdf",
    "webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent for an address."""

    status: int
    type: str
    body: bytes
    location: str = ""
    """Where the address has moved to."""
    stays: bool = False
    """Whether the address always has these bytes: their hash is part of it."""

    @property
    def is_page(self) -> bool:
        """Whether a browser shows it as a document of ours."""
        return self.type == _HTML


@dataclass(frozen=True, slots=True)
class Place:
    """A page of a cell."""

    family: FamilyPlan
    number: int
    page: int


class Site:
    """One decision, its pages and files."""

    def __init__(self, options: Options, decision: Decision, entries: dict[str, bytes]) -> None:
        """`entries` are the keys of pages that were proved before; they are kept up to date."""
        plan, theme, composer = decision.plan, decision.theme, decision.composer
        assert plan is not None  # noqa: S101  (a site is made of a sound decision)
        assert theme is not None  # noqa: S101
        assert composer is not None  # noqa: S101
        self.plan: Plan = plan
        self.theme = theme
        self._composer = composer
        self.decision = decision
        self._preview = options.preview
        self._entries = entries
        state = State(entries)
        self._worker = writing.Worker(plan, theme, composer, options.folder, state)
        self._made: dict[str, bytes | None] = {}
        self._assets = {asset.public: asset.content for asset in theme.assets.values()}

    def _other(self, address: str) -> bytes | None:
        """Return a file that is made from the whole site, such as the sitemap."""
        file = self._files.get(address.removeprefix("/"))
        return file.content() if file is not None else None

    @cached_property
    def _files(self) -> dict[str, writing.Other]:
        return writing.others(self.plan, self.theme, self._composer, self._indexed)

    def _indexed(self) -> Iterator[str]:
        """Yield the addresses of the pages for the sitemap."""
        for family in self.plan.families.values():
            for number in family.published() if family.family.listed else ():
                yield self.plan.route(family.family, family.cells[number])

    @cached_property
    def _routes(self) -> dict[str, tuple[FamilyPlan, int]]:
        return {
            self.plan.route(family.family, cell): (family, number)
            for family in self.plan.families.values()
            for number, cell in enumerate(family.cells)
        }

    def place(self, address: str) -> Place | None:
        """Return the cell whose page, or would-be page, has an address."""
        found = self._routes.get(address)
        if found is not None:
            return Place(*found, 1)
        head, middle, tail = address.rstrip("/").rpartition("/page/")
        found = self._routes.get(f"{head}/") if middle and address.endswith("/") else None
        if found is None or not tail.isascii() or not tail.isdigit():
            return None
        pages = self.plan.page_count(*found)
        right = 2 <= int(tail) <= pages and page_route(f"{head}/", int(tail)) == address
        return Place(*found, int(tail)) if right else None

    def answer(self, address: str) -> Answer:
        """Return what is sent for an address."""
        route = address.removesuffix("index.html") if address.endswith("/index.html") else address
        body = self._page(route)
        if body is not None:
            return Answer(404 if route == NOT_FOUND else 200, _HTML, body)
        content = self._assets.get(address) or self._other(address)
        if content is not None:
            suffix = address.rpartition(".")[2].lower()
            type_ = _TYPES.get(suffix, "application/octet-stream")
            return Answer(200, type_, content, stays=address.startswith("/assets/"))
        if not address.endswith("/") and self._page(f"{address}/") is not None:
            return Answer(301, _HTML, b"", f"{address}/")
        missing = self._page(NOT_FOUND)
        return Answer(404, _HTML, missing if missing is not None else _NOTHING)

    def _page(self, route: str) -> bytes | None:
        """Return the page at an address; with --preview also one that has no address of its own."""
        if route not in self._made:
            place = self.place(route)
            shown = place is not None and (
                self._preview or place.family.verdicts[place.number] >= NOINDEX
            )
            self._made[route] = (
                self._worker.page(place.family, place.number, place.page)
                if shown and place is not None
                else None
            )
            self._worker.drained()
        return self._made[route]

    def proofs(self, step: int) -> Iterator[list[tuple[str, list[Diagnostic]]]]:
        """Make the pages that have changed since they were proved, some cells at a time.

        Yield the files and problems of each lot. Problems of files that stay stand as they were.
        """
        seen: set[str] = set()
        for name, start, end in writing.ranges(self.plan):
            for first in range(start, end, step):
                part = (name, first, min(first + step, end))
                found = self._worker.survey(part, all_stale=False)
                proved = list(self._worker.proof(part, found.stale))
                entries = dict(found.pages.entries()) if found.pages else {}
                self._entries.update(entries)
                seen |= entries.keys()
                yield proved
        for path in self._entries.keys() - seen:
            del self._entries[path]

    def duplicates(self) -> list[Diagnostic]:
        """Return the problems of pages that have one title; all pages must be proved."""
        return list(writing.duplicates([Listed.of(self._entries)]))


_NOTHING = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Not found</title>"
    b"<h1>No page has this address</h1></html>"
)
