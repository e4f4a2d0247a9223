"""Makes pages of ranges of cells: keys and titles first, then what is stale."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from html import unescape
from itertools import compress
from typing import Any

from pageloom import content, inputs, keys, seo
from pageloom.cells import at
from pageloom.compose import Composer, Pages, Runs
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.digests import digest
from pageloom.manifest import KEY, TITLE, Listed, State, pieces
from pageloom.model import Family
from pageloom.plan import NOINDEX, PUBLISHED, FamilyPlan, Plan, page_route
from pageloom.publish import WRITTEN, Folder, ForeignError
from pageloom.render import Renderer
from pageloom.sheet import ANCHOR, Sheet
from pageloom.theme import Theme, ThemeError

MAX_LINKS = 100
MAX_BYTES = 60_000
BLOCK = 64
"""Pages that are made together."""
Range = tuple[str, int, int]
"""Cells of a family: its name, the first number, and the one after the last."""
Page = tuple[int, int, str]
"""The number of a cell, of its page, and the file."""


@dataclass(slots=True)
class Surveyed:
    """What the pages of a range are made from, page by page in order."""

    first: str = ""
    """The file of the first page."""
    pages: Listed | None = None
    """None where they are just those of the manifest's part that starts so."""
    indexed: bytes = b""
    """One byte a page: 1 when it belongs into the sitemap."""
    stale: bytes = b""
    """One byte a page: `AS_BEFORE`, or that it must be made: `CHANGED` or `ADDED`."""
    problems: list[Diagnostic] = field(default_factory=list)


AS_BEFORE, CHANGED, ADDED = range(3)


@dataclass(slots=True)
class Written:
    """What became of the stale pages of a range."""

    statuses: bytearray = field(default_factory=bytearray)
    """One byte a stale page: `NEW`, `SAME` or `FAILED`."""
    problems: list[tuple[str, Diagnostic]] = field(default_factory=list)
    """Problems with the file of the page they were found on."""


NEW, SAME, FAILED = range(3)


def file_path(route: str) -> str:
    """Return the file of an address: `/a/b/` is `a/b/index.html`, `/404.html` is itself."""
    return route.strip("/") if route.endswith(".html") else f"{route}index.html".lstrip("/")


class Worker:
    """Makes pages; one a process."""

    def __init__(
        self, plan: Plan, theme: Theme, composer: Composer, folder: Folder, state: State
    ) -> None:
        self._plan = plan
        self._composer = composer
        self._folder = folder
        self._state = state
        site = composer.site
        self._renderer = Renderer(theme, site)
        self._make_keys = partial(keys.Keys, plan, theme, _base(plan, theme, site))
        self._keys: keys.Keys | None = None
        self._problems: list[Diagnostic] = []
        composer.report_to(self._problems.append)

    def pages(self, part: Range, stale: Sequence[int] = ()) -> tuple[FamilyPlan, list[Page]]:
        """Return the pages of a range, or only the stale ones: number of the cell, page, file."""
        plan, numbers, pages = self._numbers(part)
        if stale:
            numbers, pages = list(compress(numbers, stale)), list(compress(pages, stale))
        return plan, list(zip(numbers, pages, self._paths(plan, numbers, pages), strict=True))

    def _numbers(self, part: Range) -> tuple[FamilyPlan, Sequence[int], Sequence[int]]:
        """Return numbers of the cells and of their pages, page by page of a range."""
        name, start, end = part
        plan = self._plan.families[name]
        verdicts = plan.verdicts
        numbers: Sequence[int] = range(start, end)
        if min(verdicts[start:end], default=NOINDEX) < NOINDEX:
            numbers = [number for number in numbers if verdicts[number] >= NOINDEX]
        if not any(slot.lists for slot in plan.family.slots):
            return plan, numbers, [1] * len(numbers)
        several = [
            (number, page)
            for number in numbers
            for page in range(1, self._plan.page_count(plan, number) + 1)
        ]
        return plan, [number for number, _ in several], [page for _, page in several]

    def _paths(
        self, plan: FamilyPlan, numbers: Sequence[int], pages: Sequence[int]
    ) -> Iterator[str]:
        routes = self._plan.routes(plan, numbers)
        return map(file_path, map(page_route, routes, pages))

    def survey(self, part: Range, *, all_stale: bool) -> Surveyed:
        """Return keys and titles of the pages of a range, and which are stale."""
        plan, numbers, pages = self._numbers(part)
        if self._keys is None:
            self._keys = self._make_keys()
        columns = self._keys.columns(plan, numbers, pages)
        count, blocks = len(numbers), keys.blocks(columns)
        published = bytes(map(PUBLISHED.__eq__, at(plan.verdicts, numbers)))
        indexed = published if plan.family.listed else bytes(count)
        first = next(self._paths(plan, numbers[:1], pages[:1]), "")
        before = self._state.starting(first) or Listed()
        every = bytearray([CHANGED if all_stale else AS_BEFORE]) * count
        if before.blocks == b"".join(blocks):
            return Surveyed(first, None, indexed, bytes(every), self.drained())
        places = keys.differing(blocks, pieces(before.blocks, KEY), count)
        numbers, pages = at(numbers, places), at(pages, places)
        paths = list(self._paths(plan, numbers, pages))
        own = keys.each([at(column, places) for column in columns])
        known = before.at(places, paths) or self._state.known(paths)
        entries = [known.get(path, b"") for path in paths]
        stale = bytes(
            (CHANGED if entry else ADDED) if all_stale or entry[:KEY] != key else AS_BEFORE
            for entry, key in zip(entries, own, strict=True)
        )
        titles = self._titles(plan, list(zip(numbers, pages, paths, strict=True)), stale, entries)
        for place, value in zip(places, stale, strict=True):
            every[place] = value
        listed = before.replaced(count, places, paths, own, titles)
        listed = listed._replace(blocks=b"".join(blocks))
        return Surveyed(first, listed, indexed, bytes(every), self.drained())

    def _titles(
        self, plan: FamilyPlan, pages: Sequence[Page], stale: bytes, entries: Sequence[bytes]
    ) -> list[bytes]:
        """Return the digests of the titles of pages; those of stale ones are made."""
        made = self._composer.titles(plan, [page[:2] for page in compress(pages, stale)])
        found = [entry[KEY:] for entry in entries]
        for place, title in zip(compress(range(len(pages)), stale), made, strict=True):
            # Pages without a title have another problem, and are not said to have the same.
            said = _plain(title).casefold().encode() or f"\0{pages[place][2]}".encode()
            found[place] = blake2b(said, digest_size=TITLE).digest()
        return found

    def write(self, part: Range, stale: bytes, *, compare: bool) -> Written:
        """Write the stale pages of a range; with `compare` files may be there already."""
        result = Written()
        self._keys = None  # what they took to make is large, and no more are asked for
        there = 0 if self._state.fresh else CHANGED  # nothing is there in an empty folder
        known = (value == there for value in stale if value)
        for (path, made), ours in zip(self._made(part, stale), known, strict=True):
            self._write(path, made, result, compare=compare or ours, ours=ours)
        return result

    def _write(
        self, path: str, made: bytes | None, result: Written, *, compare: bool, ours: bool
    ) -> None:
        problems = self.drained() if self._problems else ()
        if problems:
            result.problems += ((path, problem) for problem in problems)
        if made is None or any(problem.is_error for problem in problems):
            result.statuses.append(FAILED)
            return
        ours = ours or path in self._state.intended
        try:
            status = self._folder.put(path, made, ours=ours, compare=compare)
        except ForeignError as error:
            result.problems.append((path, error.diagnostic))
            result.statuses.append(FAILED)
            return
        result.statuses.append(NEW if status == WRITTEN else SAME)

    def proof(self, part: Range, stale: bytes) -> Iterator[tuple[str, list[Diagnostic]]]:
        """Make the stale pages of a range, write none; yield the file and problems of each."""
        for path, _ in self._made(part, stale):
            yield path, self.drained()

    def check(self, part: Range) -> list[Diagnostic]:
        """Make every page of a range and write none; return the problems."""
        for _ in self._made(part):
            pass
        return self.drained()

    def contents(self, part: Range) -> tuple[list[str], list[Diagnostic]]:
        """Return the digests of the content of the indexed pages of a range, and their problems."""
        name, start, end = part
        plan = self._plan.families[name]
        listed = range(start, end) if plan.family.listed else ()
        numbers = [number for number in listed if plan.verdicts[number] == PUBLISHED]
        sheets = self._composer.pages(plan, numbers)
        left_out = content.alike(plan.family)
        found = [content.digest(sheets.sheet(place), left_out) for place in range(len(numbers))]
        return found, self.drained()

    def _made(self, part: Range, stale: bytes = b"") -> Iterator[tuple[str, bytes | None]]:
        """Yield the file and the bytes of each stale page of a range; None where it failed."""
        plan, wanted = self.pages(part, stale)
        sheets = self._composer.pages(plan, [number for number, _, _ in wanted])
        runs = Runs(sheets)
        for start in range(0, len(wanted), BLOCK):
            places = range(start, min(start + BLOCK, len(wanted)))
            made = self._in_runs(runs, places, plan) if len(places) > 1 else {}
            for place in places:
                number, page, path = wanted[place]
                together = made.pop(place, None)
                yield path, together or self._page(sheets, place, plan, number, page)

    def _in_runs(self, runs: Runs, places: range, plan: FamilyPlan) -> dict[int, bytes]:
        """Return pages that are made together, by place; the others must be made alone."""
        made: dict[int, bytes] = {}
        with contextlib.suppress(ThemeError):  # who makes the page alone tells of it
            for run in runs.of(places):
                pages, links = self._renderer.run(run.sheet, run.columns, plan.family.location)
                if run.links + links <= MAX_LINKS:
                    made.update(zip(run.places, pages, strict=True))
        return {place: page for place, page in made.items() if len(page) <= MAX_BYTES}

    def page(self, plan: FamilyPlan, number: int, page: int) -> bytes | None:
        """Return the bytes of a page, or None after its problem was noted."""
        return self._page(self._composer.pages(plan, (number,)), 0, plan, number, page)

    def _page(
        self, sheets: Pages, place: int, plan: FamilyPlan, number: int, page: int
    ) -> bytes | None:
        location = _cell_location(plan, number)
        try:
            sheet = sheets.sheet(place, page)
            made, links = self._renderer.page(sheet, location)
        except ThemeError as failure:
            self._problems.append(failure.diagnostic)
            return None
        self._problems += _page_problems(sheet, made, plan.family, links)
        return made

    def drained(self) -> list[Diagnostic]:
        """Return the problems of the pages made since the last call."""
        problems = self._problems.copy()
        self._problems.clear()
        return problems


def _cell_location(plan: FamilyPlan, number: int) -> Location:
    cell = plan.cells[number]
    return cell[-1].location if cell else plan.family.location


def _page_problems(sheet: Sheet, made: bytes, family: Family, links: int) -> Iterator[Diagnostic]:
    """Yield what is wrong with a page, at the family's text that the author must edit.

    Links are counted only where there may be too many.
    """
    name = family.name
    if not sheet.title or not sheet.h1:
        message = f"a page of `{name}` has no title or heading"
        yield _page_problem("P610", family.location, message, sheet, "", error=True)
    elif not sheet.title_fits:
        title = _plain(sheet.title)
        size = f"{len(title.encode())} bytes, {seo.pixels(title, 20):.0f} px"
        message = f"no title of `{name}` fits 30 to 60 bytes and {seo.TITLE_PIXELS} px"
        yield _page_problem("P601", family.titles[-1].location, message, sheet, f": {size}")
    if sheet.title == sheet.h1:
        message = f"the title of `{name}` repeats the heading"
        yield _page_problem("P604", family.titles[0].location, message, sheet, "")
    if sheet.description and not sheet.description_fits:
        message = f"no description of `{name}` fits 110 to 155 bytes"
        size = f": {len(_plain(sheet.description).encode())} bytes"
        yield _page_problem("P602", family.descriptions[-1].location, message, sheet, size)
    if links > MAX_LINKS:
        links = made.count(ANCHOR) - made.count(ANCHOR + b"#")
    if links > MAX_LINKS:
        message = f"a page of `{name}` has more than {MAX_LINKS} links"
        yield _page_problem("P605", family.location, message, sheet, f": {links} links")
    if len(made) > MAX_BYTES:
        message = f"a page of `{name}` is larger than {MAX_BYTES} bytes"
        yield _page_problem("P609", family.location, message, sheet, f": {len(made)} bytes")


def _plain(html: bytes) -> str:
    return unescape(html.decode())


def _page_problem(
    code: str, location: Location, message: str, sheet: Sheet, note: str, *, error: bool = False
) -> Diagnostic:
    severity = "error" if error else WARNING
    notes = (f"{_plain(sheet.canonical)}{note}",)
    return Diagnostic(code=code, location=location, message=message, severity=severity, notes=notes)


def _base(plan: Plan, theme: Theme, site: Mapping[str, Any]) -> bytes:
    project = plan.project
    return digest(
        (
            inputs.engine_digest(),
            project.words.digest,
            project.settings.digest,
            theme.assets_digest(),
            _site_digest(site),
        )
    )


def _site_digest(site: Mapping[str, Any]) -> bytes:
    """Return the digest of what templates see as `site`, also where that is of no settings.

    So are links to pages that stand, the feed once there is one, and the offers of the day.
    """
    return blake2b(json.dumps(site).encode(), digest_size=16).digest()
