"""Phase B: what is stale by its key is composed, rendered and published, in one or more processes.

Each process makes its own pages and writes its own files; it sends back keys, counts and problems,
never HTML.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import __version__, inputs, seo
from pageloom.compose import Composer
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.keys import NONE, Keys, digest
from pageloom.model import Family
from pageloom.plan import NOINDEX, PUBLISHED, VERDICTS, FamilyPlan, Plan, page_route
from pageloom.publish import (
    GENERATOR,
    MARKER,
    WRITTEN,
    Entry,
    Folder,
    ForeignError,
    State,
    content_key,
    in_the_way,
)
from pageloom.render import Renderer
from pageloom.sheet import Sheet
from pageloom.theme import Theme, ThemeError

Progress = Callable[[int, int], None]
CELLS_A_TASK = 1500
PARALLEL_FROM = 400
MAX_LINKS = 100
MAX_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the writer did."""

    problems: tuple[Diagnostic, ...] = ()
    written: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Surveyed:
    """Keys and titles of the pages of a range of cells."""

    pages: list[tuple[str, bytes, str, bool]] = field(default_factory=list)
    """Path, key, digest of the title, and whether the page is stale."""
    problems: list[Diagnostic] = field(default_factory=list)


@dataclass(slots=True)
class _Written:
    """Results of writing the stale pages of a range of cells."""

    written: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)


Range = tuple[str, int, int]


def state_name(out: Path) -> str:
    """Return the name of the state folder of an output folder."""
    return f"{out.name}-{blake2b(str(out).encode(), digest_size=4).hexdigest()}"


def file_path(route: str) -> str:
    """Return the file of an address: `/a/b/` is `a/b/index.html`, `/404.html` is itself."""
    return route.strip("/") if route.endswith(".html") else f"{route}index.html".lstrip("/")


@contextlib.contextmanager
def theme_failures(report: Callable[[Diagnostic], None]) -> Iterator[None]:
    """Report a template's failure as a problem."""
    try:
        yield
    except ThemeError as failure:
        report(failure.diagnostic)


class Worker:
    """Makes pages of ranges of cells; one a process."""

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

    def survey(self, part: Range, *, all_stale: bool) -> _Surveyed:
        """Return keys and titles of the pages of a range, and which are stale."""
        name, start, end = part
        plan = self._plan.families[name]
        result = _Surveyed()
        for number in range(start, end):
            if plan.verdicts[number] < NOINDEX:
                continue
            for page in range(1, self._plan.page_count(plan, number) + 1):
                path = self._path(plan, number, page)
                key = self._keys.page(plan, number, page)
                known = self._state.entries.get(path)
                stale = all_stale or known is None or known.key != key
                title = known.title if known and not stale else self._title(plan, number, page)
                result.pages.append((path, key, title, stale))
        result.problems = self._drained()
        return result

    def write(self, part: Range, stale: frozenset[str], *, compare: bool) -> _Written:
        """Write the stale pages of a range."""
        name, start, end = part
        plan = self._plan.families[name]
        result = _Written()
        for number in range(start, end):
            if plan.verdicts[number] < NOINDEX:
                continue
            for page in range(1, self._plan.page_count(plan, number) + 1):
                path = self._path(plan, number, page)
                if path in stale:
                    self._write(plan, number, page, path, result, compare=compare)
        return result

    def _write(
        self,
        plan: FamilyPlan,
        number: int,
        page: int,
        path: str,
        result: _Written,
        *,
        compare: bool,
    ) -> None:
        content = self.page(plan, number, page)
        problems = self._drained()
        result.problems += problems
        if content is None or any(problem.is_error for problem in problems):
            result.failed.append(path)
            return
        known = path in self._state.entries
        ours = known or path in self._state.intended
        try:
            status = self._folder.put(path, content, ours=ours, compare=known or compare)
        except ForeignError as error:
            result.problems.append(error.diagnostic)
            result.failed.append(path)
            return
        if status == WRITTEN:
            result.written.append(path)
        else:
            result.unchanged += 1

    def page(self, plan: FamilyPlan, number: int, page: int) -> bytes | None:
        """Return the bytes of a page, or None after its problem was noted."""
        location = _cell_location(plan, number)
        try:
            sheet = self._composer.sheet(plan, number, page)
            content = self._renderer.page(sheet, location)
        except ThemeError as failure:
            self._problems.append(failure.diagnostic)
            return None
        self._problems += _page_problems(sheet, content, plan.family)
        return content

    def _title(self, plan: FamilyPlan, number: int, page: int) -> str:
        title = self._composer.title(plan, number, page)
        return blake2b(title.casefold().encode(), digest_size=8).hexdigest()

    def _path(self, plan: FamilyPlan, number: int, page: int) -> str:
        return file_path(page_route(self._plan.route(plan.family, plan.cells[number]), page))

    def _drained(self) -> list[Diagnostic]:
        problems = self._problems.copy()
        self._problems.clear()
        return problems


def _cell_location(plan: FamilyPlan, number: int) -> Location:
    cell = plan.cells[number]
    return cell[-1].location if cell else plan.family.location


def _page_problems(sheet: Sheet, content: bytes, family: Family) -> Iterator[Diagnostic]:
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
    links = content.count(b"<a href=")
    if links > MAX_LINKS:
        message = f"a page of `{name}` has more than {MAX_LINKS} links"
        yield _page_problem("P605", family.location, message, sheet, f": {links} links")
    if len(content) > MAX_BYTES:
        message = f"a page of `{name}` is larger than {MAX_BYTES} bytes"
        yield _page_problem("P609", family.location, message, sheet, f": {len(content)} bytes")


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
        )
    )


def _navigation_digest(site: Mapping[str, Any]) -> bytes:
    """Return the digest of where the navigation leads: to pages that stand."""
    links = [item["href"] for name in ("nav", "footer") for item in site[name]]
    return blake2b("\n".join(links).encode(), digest_size=16).digest()


_worker: Worker | None = None


def _start(worker: Worker) -> None:
    global _worker  # noqa: PLW0603  (one a process, as pools have no other place)
    _worker = worker


def _survey(part: Range, all_stale: bool) -> _Surveyed:  # noqa: FBT001
    assert _worker is not None  # noqa: S101
    return _worker.survey(part, all_stale=all_stale)


def _write(part: Range, stale: frozenset[str], compare: bool) -> _Written:  # noqa: FBT001
    assert _worker is not None  # noqa: S101
    return _worker.write(part, stale, compare=compare)


class Writer:
    """Runs phase B of a build."""

    def __init__(
        self,
        plan: Plan,
        theme: Theme,
        composer: Composer,
        folder: Folder,
        state: State,
        *,
        verify: bool,
    ) -> None:
        self._plan = plan
        self._theme = theme
        self._folder = folder
        self._state = state
        self._worker = Worker(plan, theme, composer, folder, state)
        self._all_stale = verify or state.interrupted

    def run(self, jobs: int, executor: Executor | None, progress: Progress | None) -> Done:
        """Write what is stale, remove what no page claims, and write the manifest."""
        parts = list(_ranges(self._plan))
        with _runner(self._worker, parts, jobs, executor) as run:
            surveyed = list(run(_survey, [(part, self._all_stale) for part in parts]))
            problems = [problem for result in surveyed for problem in result.problems]
            problems += self._duplicates(surveyed)
            if any(problem.is_error for problem in problems):
                return Done(problems=tuple(problems))
            entries = {
                path: Entry(key, title)
                for result in surveyed
                for path, key, title, _ in result.pages
            }
            stale = [
                frozenset(path for path, *_, is_stale in result.pages if is_stale)
                for result in surveyed
            ]
            return self._write(parts, stale, entries, problems, run, progress)

    def _write(
        self,
        parts: Sequence[Range],
        stale: Sequence[frozenset[str]],
        entries: dict[str, Entry],
        problems: list[Diagnostic],
        run: Any,
        progress: Progress | None,
    ) -> Done:
        files = dict(self._files())
        new = [path for paths in stale for path in paths if path not in self._state.entries]
        new += [path for path in files if path not in self._state.entries]
        changes = any(stale) or self._changed_files(files, entries)
        gone = self._gone(entries, files)
        if changes or gone:
            self._folder.begin(new)
        cleared = self._folder.remove(in_the_way(gone, new))
        written: list[str] = []
        unchanged = len(entries) - sum(len(paths) for paths in stale)
        failed: list[str] = []
        tasks = [
            (part, paths, self._all_stale)
            for part, paths in zip(parts, stale, strict=True)
            if paths
        ]
        total, made = sum(len(task[1]) for task in tasks), 0
        for (_, paths, _), result in zip(tasks, run(_write, tasks), strict=True):
            written += result.written
            unchanged += result.unchanged
            failed += result.failed
            problems += result.problems
            made += len(paths)
            if progress:
                progress(made, total)
        for path in failed:
            self._unmade(path, entries)
        written_files, same = self._put_files(files, entries, problems)
        written += written_files
        removed = (*cleared, *self._folder.remove(gone.difference(cleared)))
        if changes or gone:
            complete = not any(problem.is_error for problem in problems)
            self._folder.finish(entries, "", (), complete=complete)
        return Done(
            tuple(problems), tuple(sorted(written)), unchanged + same, tuple(sorted(removed))
        )

    def _unmade(self, path: str, entries: dict[str, Entry]) -> None:
        """Take the key of a page that failed; its old file stays, and stays ours."""
        if path in self._state.entries:
            entries[path] = Entry(NONE)
        else:
            entries.pop(path, None)

    def _duplicates(self, surveyed: Iterable[_Surveyed]) -> Iterator[Diagnostic]:
        seen: dict[str, str] = {}
        for result in surveyed:
            for path, _, title, _ in result.pages:
                if not title:
                    continue
                first = seen.setdefault(title, path)
                if first != path:
                    yield Diagnostic(
                        code="P603",
                        location=Location(f"site/{path}"),
                        message="another page has the same title",
                        expected="a title of its own",
                        help="make the names of the rows differ, or the family's title patterns",
                        notes=(f"the other is site/{first}",),
                    )

    def _changed_files(self, files: dict[str, bytes], entries: dict[str, Entry]) -> bool:
        del entries
        known = self._state.entries
        return self._all_stale or any(
            path not in known or known[path].key != content_key(content)
            for path, content in files.items()
        )

    def _put_files(
        self, files: dict[str, bytes], entries: dict[str, Entry], problems: list[Diagnostic]
    ) -> tuple[list[str], int]:
        written: list[str] = []
        same = 0
        for path, content in files.items():
            known = self._state.entries.get(path)
            key = content_key(content)
            entries[path] = Entry(key)
            if known is not None and known.key == key and not self._all_stale:
                same += 1
                continue
            ours = known is not None or path in self._state.intended or path == MARKER
            try:
                status = self._folder.put(path, content, ours=ours, compare=True)
            except ForeignError as error:
                problems.append(error.diagnostic)
                self._unmade(path, entries)
                continue
            if status == WRITTEN:
                written.append(path)
            else:
                same += 1
        return written, same

    def _gone(self, entries: dict[str, Entry], files: dict[str, bytes]) -> set[str]:
        claimed = {*entries, *files}
        gone = {path for path in self._state.entries if path not in claimed}
        gone |= {path for path in self._state.intended if path not in claimed}
        if self._state.interrupted:
            gone |= set(self._folder.strays(dict.fromkeys(claimed)))
        return gone

    def _files(self) -> Iterator[tuple[str, bytes]]:
        made = dict(self._made_files())
        yield from made.items()
        yield MARKER, _build_info(self._plan, made)

    def _made_files(self) -> Iterator[tuple[str, bytes]]:
        project = self._plan.project
        base = project.settings.base_url
        for asset in self._theme.assets.values():
            yield asset.public.lstrip("/"), asset.content
        yield from project.root_files.items()
        yield (
            "robots.txt",
            seo.robots_txt(base, project.settings.values.get("crawlers", "allow-all")),
        )
        yield from seo.sitemaps(base, _indexed(self._plan))


def _build_info(plan: Plan, files: Mapping[str, bytes]) -> bytes:
    import json

    counts = {
        name: {
            verdict: family.verdicts.count(value)
            for value, verdict in enumerate(VERDICTS)
            if family.verdicts.count(value)
        }
        for name, family in plan.families.items()
    }
    info = {
        "generator": GENERATOR,
        "version": __version__,
        "cells": counts,
        "files": {
            path: content_key(content).hex()
            for path, content in files.items()
            if not path.startswith("assets/")
        },
    }
    return json.dumps(info, indent=1, sort_keys=True).encode() + b"\n"


def _indexed(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the address of every page for the index, and its date of change."""
    for family in plan.families.values():
        if not family.family.listed:
            continue
        for number, verdict in enumerate(family.verdicts):
            if verdict == PUBLISHED:
                route = plan.route(family.family, family.cells[number])
                for page in range(1, plan.page_count(family, number) + 1):
                    yield page_route(route, page), ""


def _ranges(plan: Plan) -> Iterator[Range]:
    """Yield ranges of cells; a range ends where the first axis' row changes, when it is full."""
    for name, family in plan.families.items():
        start = 0
        cells = family.cells
        for number in range(1, len(cells)):
            full = number - start >= CELLS_A_TASK
            if full and (
                number - start >= 2 * CELLS_A_TASK or cells[number][:-1] != cells[number - 1][:-1]
            ):
                yield name, start, number
                start = number
        if start < len(cells):
            yield name, start, len(cells)


@contextlib.contextmanager
def _runner(
    worker: Worker, parts: Sequence[Range], jobs: int, executor: Executor | None
) -> Iterator[Any]:
    """Yield a function that maps a task over arguments: here, in processes, or by an executor."""
    cells = sum(end - start for _, start, end in parts)
    count = jobs or os.cpu_count() or 1
    if executor is None and (count == 1 or cells < PARALLEL_FROM):
        _start(worker)
        yield lambda task, arguments: (task(*items) for items in arguments)
        return
    if executor is not None:
        yield lambda task, arguments: executor.map(_Remote(worker, task), arguments)
        return
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    _start(worker)
    with ProcessPoolExecutor(count, context, initializer=_start, initargs=(worker,)) as pool:
        yield lambda task, arguments: pool.map(_Spread(task), arguments)


@dataclass(frozen=True, slots=True)
class _Spread:
    """A task that takes its arguments as one tuple."""

    task: Callable[..., Any]

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        return self.task(*arguments)


@dataclass(frozen=True, slots=True)
class _Remote:
    """A task that brings its worker along, for an executor of someone else."""

    worker: Worker
    task: Callable[..., Any]

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        _start(self.worker)
        return self.task(*arguments)


def dry_run(plan: Plan, theme: Theme, composer: Composer) -> list[Diagnostic]:
    """Compose and render every page without writing; return the problems."""
    worker = Worker(plan, theme, composer, Folder(Path(), Path()), State())
    problems: list[Diagnostic] = []
    for part in _ranges(plan):
        surveyed = worker.survey(part, all_stale=True)
        problems += surveyed.problems
        name, start, end = part
        family = plan.families[name]
        for number in range(start, end):
            if family.verdicts[number] >= NOINDEX:
                for page in range(1, plan.page_count(family, number) + 1):
                    worker.page(family, number, page)
        problems += worker._drained()  # noqa: SLF001
    return problems
