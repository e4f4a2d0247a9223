"""Makes pages of ranges of cells: keys and titles first, then what is stale."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from pageloom import content, inputs, seo
from pageloom.compose import Composer
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.keys import Keys, digest
from pageloom.model import Family
from pageloom.plan import NOINDEX, PUBLISHED, FamilyPlan, Plan, page_route
from pageloom.publish import WRITTEN, Folder, ForeignError, State
from pageloom.render import Renderer
from pageloom.sheet import Sheet
from pageloom.theme import Theme, ThemeError

MAX_LINKS = 100
MAX_BYTES = 60_000
KEY, TITLE = 16, 8
"""Bytes of a page's key and of the digest of its title."""
Range = tuple[str, int, int]
"""Cells of a family: its name, the first number, and the one after the last."""


@dataclass(slots=True)
class Surveyed:
    """What the pages of a range are made from, page by page in order."""

    paths: str = ""
    """The files, one a line."""
    entries: bytes = b""
    """24 bytes a page: its key and the digest of its title."""
    indexed: bytes = b""
    """One byte a page: 1 when it belongs into the sitemap."""
    stale: bytes = b""
    """One byte a page: 1 when it must be made again."""
    problems: list[Diagnostic] = field(default_factory=list)

    def files(self) -> list[str]:
        """Return the files of the pages."""
        return self.paths.split("\n") if self.paths else []

    def pages(self) -> Iterator[tuple[str, bytes]]:
        """Yield what each page was made from, by its file."""
        size = KEY + TITLE
        for place, path in enumerate(self.files()):
            yield path, self.entries[place * size : (place + 1) * size]


@dataclass(slots=True)
class Written:
    """What became of the stale pages of a range."""

    written: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)
    problems: list[tuple[str, Diagnostic]] = field(default_factory=list)
    """Problems with the file of the page they were found on."""


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
        self._keys = Keys(plan, theme, _base(plan, theme, site))
        self._problems: list[Diagnostic] = []
        composer.report_to(self._problems.append)

    def pages(self, part: Range) -> Iterator[tuple[FamilyPlan, int, int, str]]:
        """Yield every page of a range: family, number of the cell, page number, file."""
        name, start, end = part
        plan = self._plan.families[name]
        for number in range(start, end):
            if plan.verdicts[number] >= NOINDEX:
                route = self._plan.route(plan.family, plan.cells[number])
                yield plan, number, 1, file_path(route)
                for page in range(2, self._plan.page_count(plan, number) + 1):
                    yield plan, number, page, file_path(page_route(route, page))

    def survey(self, part: Range, *, all_stale: bool) -> Surveyed:
        """Return keys and titles of the pages of a range, and which are stale."""
        paths: list[str] = []
        entries: list[bytes] = []
        indexed, stale = bytearray(), bytearray()
        known = self._state.entries
        for plan, number, page, path in self.pages(part):
            key = self._keys.page(plan, number, page)
            paths.append(path)
            indexed.append(plan.family.listed and plan.verdicts[number] == PUBLISHED)
            before = known.get(path, b"")
            if not all_stale and before[:KEY] == key:
                entries.append(before)
                stale.append(0)
            else:
                entries.append(key + self._title(plan, number, page))
                stale.append(1)
        return Surveyed(
            "\n".join(paths), b"".join(entries), bytes(indexed), bytes(stale), self.drained()
        )

    def write(self, part: Range, stale: bytes, *, compare: bool) -> Written:
        """Write the stale pages of a range; with `compare` files may be there already."""
        result = Written()
        for wanted, (plan, number, page, path) in zip(stale, self.pages(part), strict=True):
            if wanted:
                self._write(plan, number, page, path, result, compare=compare)
        return result

    def _write(
        self,
        plan: FamilyPlan,
        number: int,
        page: int,
        path: str,
        result: Written,
        *,
        compare: bool,
    ) -> None:
        made = self.page(plan, number, page)
        problems = self.drained()
        result.problems += ((path, problem) for problem in problems)
        if made is None or any(problem.is_error for problem in problems):
            result.failed.append(path)
            return
        known = path in self._state.entries
        ours = known or path in self._state.intended
        try:
            status = self._folder.put(path, made, ours=ours, compare=known or compare)
        except ForeignError as error:
            result.problems.append((path, error.diagnostic))
            result.failed.append(path)
            return
        if status == WRITTEN:
            result.written.append(path)
        else:
            result.unchanged += 1

    def proof(self, part: Range, stale: bytes) -> Iterator[tuple[str, list[Diagnostic]]]:
        """Make the stale pages of a range, write none; yield the file and problems of each."""
        for wanted, (plan, number, page, path) in zip(stale, self.pages(part), strict=True):
            if wanted:
                self.page(plan, number, page)
                yield path, self.drained()

    def check(self, part: Range) -> list[Diagnostic]:
        """Make every page of a range and write none; return the problems."""
        for plan, number, page, _ in self.pages(part):
            self.page(plan, number, page)
        return self.drained()

    def contents(self, part: Range) -> tuple[list[str], list[Diagnostic]]:
        """Return the digests of the content of the indexed pages of a range, and their problems."""
        name, start, end = part
        plan = self._plan.families[name]
        indexed = plan.verdicts if plan.family.listed else b""
        found = [
            content.digest(self._composer.sheet(plan, number), plan.family)
            for number, verdict in enumerate(indexed[start:end], start=start)
            if verdict == PUBLISHED
        ]
        return found, self.drained()

    def page(self, plan: FamilyPlan, number: int, page: int) -> bytes | None:
        """Return the bytes of a page, or None after its problem was noted."""
        location = _cell_location(plan, number)
        try:
            sheet = self._composer.sheet(plan, number, page)
            made = self._renderer.page(sheet, location)
        except ThemeError as failure:
            self._problems.append(failure.diagnostic)
            return None
        self._problems += _page_problems(sheet, made, plan.family)
        return made

    def _title(self, plan: FamilyPlan, number: int, page: int) -> bytes:
        title = self._composer.title(plan, number, page)
        return blake2b(title.casefold().encode(), digest_size=TITLE).digest()

    def drained(self) -> list[Diagnostic]:
        """Return the problems of the pages made since the last call."""
        problems = self._problems.copy()
        self._problems.clear()
        return problems


def _cell_location(plan: FamilyPlan, number: int) -> Location:
    cell = plan.cells[number]
    return cell[-1].location if cell else plan.family.location


def _page_problems(sheet: Sheet, made: bytes, family: Family) -> Iterator[Diagnostic]:
    """Yield what is wrong with a page, at the family's text that the author must edit."""
    name, title = family.name, sheet.title
    if not title or not sheet.h1:
        message = f"a page of `{name}` has no title or heading"
        yield _page_problem("P610", family.location, message, sheet, "", error=True)
    elif not sheet.title_fits:
        size = f"{len(title.encode())} bytes, {seo.pixels(title, 20):.0f} px"
        message = f"no title of `{name}` fits 30 to 60 bytes and {seo.TITLE_PIXELS} px"
        yield _page_problem("P601", family.titles[-1].location, message, sheet, f": {size}")
    if title == sheet.h1:
        message = f"the title of `{name}` repeats the heading"
        yield _page_problem("P604", family.titles[0].location, message, sheet, "")
    if sheet.description and not sheet.description_fits:
        message = f"no description of `{name}` fits 110 to 155 bytes"
        size = f": {len(sheet.description.encode())} bytes"
        yield _page_problem("P602", family.descriptions[-1].location, message, sheet, size)
    links = made.count(b'<a href="')
    if links > MAX_LINKS and (links := links - made.count(b'<a href="#')) > MAX_LINKS:
        message = f"a page of `{name}` has more than {MAX_LINKS} links"
        yield _page_problem("P605", family.location, message, sheet, f": {links} links")
    if len(made) > MAX_BYTES:
        message = f"a page of `{name}` is larger than {MAX_BYTES} bytes"
        yield _page_problem("P609", family.location, message, sheet, f": {len(made)} bytes")


def _page_problem(
    code: str, location: Location, message: str, sheet: Sheet, note: str, *, error: bool = False
) -> Diagnostic:
    severity = "error" if error else WARNING
    notes = (f"{sheet.canonical}{note}",)
    return Diagnostic(code=code, location=location, message=message, severity=severity, notes=notes)


def _base(plan: Plan, theme: Theme, site: Mapping[str, Any]) -> bytes:
    project = plan.project
    return digest(
        (
            inputs.engine_digest(),
            project.words.digest,
            project.settings.digest,
            theme.assets_digest(),
            _navigation_digest(site),
            _offers_digest(site),
        )
    )


def _offers_digest(site: Mapping[str, Any]) -> bytes:
    """Return the digest of the offers as they stand on the day that the build judges by."""
    return blake2b(json.dumps(site["offers"]).encode(), digest_size=16).digest()


def _navigation_digest(site: Mapping[str, Any]) -> bytes:
    """Return the digest of where the navigation leads: to pages that stand, and to the feed."""
    links = [item["href"] for name in ("nav", "footer") for item in site[name]]
    links.append(site["feed"])
    return blake2b("\n".join(links).encode(), digest_size=16).digest()
