"""Phase B of a build: survey all pages, write the stale ones, remove what nothing claims."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from itertools import compress

from pageloom import hosts
from pageloom.compose import Composer
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.plan import Plan
from pageloom.publish import MARKER, WRITTEN, Folder, ForeignError, State, in_the_way
from pageloom.theme import Theme, ThemeError
from pageloom.writing import beside, pool
from pageloom.writing.files import Other, hosted, limits, others
from pageloom.writing.worker import FAILED, KEY, NEW, SAME, TITLE, Range, Worker, Written

Progress = Callable[[int, int], None]
ENTRY = KEY + TITLE
NO_KEY = bytes(ENTRY)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the writer did."""

    problems: tuple[Diagnostic, ...] = ()
    written: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A range of cells and what was found of its pages."""

    range: Range
    files: Sequence[str]
    indexed: bytes
    stale: bytes

    def routes(self) -> Iterator[str]:
        """Yield the addresses of the indexed pages."""
        for path in compress(self.files, self.indexed):
            yield "/" + path.removesuffix("index.html")


@dataclass(slots=True)
class _Progress:
    """What has been done so far."""

    entries: dict[str, bytes]
    problems: list[Diagnostic]
    notes: dict[str, list[Diagnostic]] = field(default_factory=dict)
    """Warnings of pages, kept for the builds that do not make them again."""
    written: list[str] = field(default_factory=list)
    unchanged: int = 0


@contextlib.contextmanager
def theme_failures(report: Callable[[Diagnostic], None]) -> Iterator[None]:
    """Report a template's failure as a problem."""
    try:
        yield
    except ThemeError as failure:
        report(failure.diagnostic)


class Writer:
    """Runs phase B of a build."""

    def __init__(
        self, recipe: pool.Recipe, theme: Theme, composer: Composer, *, verify: bool
    ) -> None:
        self._recipe = recipe
        self._plan: Plan = recipe.plan
        self._theme = theme
        self._composer = composer
        self._folder: Folder = recipe.folder
        self._state: State = recipe.state
        self._worker = Worker(recipe.plan, theme, composer, recipe.folder, recipe.state)
        self._all_stale = verify or recipe.state.interrupted

    def run(self, jobs: int, executor: Executor | None, progress: Progress | None) -> Done:
        """Write what is stale, remove what no page claims, and write the manifest."""
        plan, theme = self._plan, self._theme
        ranges = list(pool.ranges(plan))
        cells = sum(end - start for _, start, end in ranges)
        with pool.runner(self._worker, self._recipe, cells, jobs, executor) as run:
            so_far = _Progress({}, [])
            parts = list(self._survey(ranges, so_far, run))
            output = hosted(plan)
            routes = [route for part in parts for route in part.routes()]
            made = others(plan, theme, self._composer, routes, output)
            so_far.problems += limits(plan, theme, (so_far.entries, made), output)
            if not any(problem.is_error for problem in so_far.problems):
                so_far.problems += self._tried(parts)
            if any(problem.is_error for problem in so_far.problems):
                return Done(problems=tuple(so_far.problems))
            done = self._write(parts, made, so_far, run, progress)
            return self._set_up(done, output, so_far.entries)

    def _survey(self, ranges: Sequence[Range], so_far: _Progress, run: pool.Run) -> Iterator[_Part]:
        """Find out which pages there are and which of them are stale."""
        tasks = [(part, self._all_stale) for part in ranges]
        for part, result in zip(ranges, run(pool.survey, tasks), strict=True):
            pages = dict(result.pages())
            so_far.entries.update(pages)
            so_far.problems += result.problems
            yield _Part(part, tuple(pages), result.indexed, result.stale)
        so_far.problems += duplicates(so_far.entries)

    def _tried(self, parts: Sequence[_Part]) -> list[Diagnostic]:
        """Return the errors of one stale page of each family: a template's faults show there."""
        first: dict[str, _Part] = {}
        for part in parts:
            if part.range[0] not in first and any(part.stale):
                first[part.range[0]] = part
        found: list[Diagnostic] = []
        for part in first.values():
            one = bytearray(len(part.stale))
            one[part.stale.find(1)] = 1
            for _, problems in self._worker.proof(part.range, bytes(one)):
                found += (problem for problem in problems if problem.is_error)
        return found

    def _set_up(self, done: Done, output: hosts.Output | None, paths: Iterable[str]) -> Done:
        """Write what stands beside the output, and weigh it where the host asks for that."""
        settings = self._plan.project.settings
        files = hosts.beside(settings.hosts, output) if output is not None else {}
        beside.put(self._folder, files)
        problems = list(done.problems)
        for name in hosts.WEIGHED.intersection(settings.hosts):
            weight = beside.weight(self._folder.out, paths)
            problems += hosts.check_weight(name, weight, settings.hosts_at)
        return replace(done, problems=tuple(problems))

    def _write(
        self,
        parts: Sequence[_Part],
        made: Mapping[str, Other],
        so_far: _Progress,
        run: pool.Run,
        progress: Progress | None,
    ) -> Done:
        known = self._state.entries
        new = [path for path in (*so_far.entries, *made) if path not in known]
        gone = self._gone({*so_far.entries, *made})
        changed = any(any(part.stale) for part in parts) or self._changed(made) or bool(gone)
        if changed:
            self._folder.begin(new)
        cleared = self._folder.remove(in_the_way(gone, new))
        self._replay(parts, so_far)
        self._write_pages(parts, so_far, run, progress)
        self._put_files(made, so_far)
        removed = (*cleared, *self._folder.remove(gone.difference(cleared)))
        if changed:
            complete = not any(problem.is_error for problem in so_far.problems)
            self._folder.finish(so_far.entries, so_far.notes, complete=complete)
        return Done(
            tuple(so_far.problems),
            tuple(sorted(so_far.written)),
            so_far.unchanged,
            tuple(sorted(removed)),
        )

    def _replay(self, parts: Sequence[_Part], so_far: _Progress) -> None:
        """Count the pages that stay as they are, and say again what was found on them."""
        so_far.unchanged += sum(part.stale.count(0) for part in parts)
        if not self._state.notes:
            return
        stale = {path for part in parts for path in compress(part.files, part.stale)}
        for path, found in self._state.notes.items():
            if path in so_far.entries and path not in stale:
                so_far.notes[path] = list(found)
                so_far.problems += found

    def _write_pages(
        self,
        parts: Sequence[_Part],
        so_far: _Progress,
        run: pool.Run,
        progress: Progress | None,
    ) -> None:
        compare = self._all_stale and not self._state.fresh
        stale = [part for part in parts if any(part.stale)]
        tasks = [(part.range, part.stale, compare) for part in stale]
        total, made = sum(sum(part.stale) for part in stale), 0
        for part, result in zip(stale, run(pool.write, tasks), strict=True):
            self._take(part, result, so_far)
            made += sum(part.stale)
            if progress:
                progress(made, total)

    def _take(self, part: _Part, result: Written, so_far: _Progress) -> None:
        pages = list(zip(compress(part.files, part.stale), result.statuses, strict=True))
        so_far.written += (path for path, status in pages if status == NEW)
        so_far.unchanged += result.statuses.count(SAME)
        for path, problem in result.problems:
            so_far.problems.append(problem)
            if problem.severity == WARNING:
                so_far.notes.setdefault(path, []).append(problem)
        for path, status in pages:
            if status == FAILED:
                self._unmade(path, so_far.entries)

    def _unmade(self, path: str, entries: dict[str, bytes]) -> None:
        """Take the key of a page that failed; its old file stays, and stays ours."""
        if path in self._state.entries:
            entries[path] = NO_KEY
        else:
            entries.pop(path, None)

    def _changed(self, made: Mapping[str, Other]) -> bool:
        known = self._state.entries
        return self._all_stale or any(
            known.get(path, b"")[:KEY] != other.key for path, other in made.items()
        )

    def _put_files(self, made: Mapping[str, Other], so_far: _Progress) -> None:
        for path, other in made.items():
            before = self._state.entries.get(path)
            so_far.entries[path] = other.key + bytes(TITLE)
            if before is not None and before[:KEY] == other.key and not self._all_stale:
                so_far.unchanged += 1
                continue
            ours = before is not None or path in self._state.intended or path == MARKER
            try:
                status = self._folder.put(path, other.content(), ours=ours, compare=True)
            except ForeignError as error:
                so_far.problems.append(error.diagnostic)
                self._unmade(path, so_far.entries)
                continue
            if status == WRITTEN:
                so_far.written.append(path)
            else:
                so_far.unchanged += 1

    def _gone(self, claimed: set[str]) -> set[str]:
        gone = {path for path in self._state.entries if path not in claimed}
        gone |= {path for path in self._state.intended if path not in claimed}
        if self._state.interrupted:
            gone |= set(self._folder.strays(dict.fromkeys(claimed)))
        return gone


def duplicates(entries: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Yield a problem for each page whose title another page has too."""
    seen: dict[bytes, str] = {}
    if len({entry[KEY:] for entry in entries.values()}) == len(entries):
        return
    for path, entry in entries.items():
        first = seen.setdefault(entry[KEY:], path)
        if first != path:
            yield Diagnostic(
                code="P603",
                location=Location(f"site/{path}"),
                message="another page has the same title",
                expected="a title of its own",
                help="make the names of the rows differ, or the family's title patterns",
                notes=(f"the other is site/{first}",),
            )


def contents(
    recipe: pool.Recipe, theme: Theme, composer: Composer, jobs: int
) -> Iterator[tuple[str, list[str], list[Diagnostic]]]:
    """Yield family, content digests of the indexed pages, and problems of each range of cells."""
    worker = Worker(recipe.plan, theme, composer, recipe.folder, State())
    parts = list(pool.ranges(recipe.plan))
    cells = sum(end - start for _, start, end in parts)
    with pool.runner(worker, recipe, cells, jobs, None) as run:
        for part, (digests, problems) in zip(
            parts, run(pool.contents, [(part,) for part in parts]), strict=True
        ):
            yield part[0], digests, problems


def dry_run(recipe: pool.Recipe, theme: Theme, composer: Composer) -> list[Diagnostic]:
    """Compose and render every page without writing; return the problems."""
    worker = Worker(recipe.plan, theme, composer, recipe.folder, State())
    parts = list(pool.ranges(recipe.plan))
    surveyed = [worker.survey(part, all_stale=True) for part in parts]
    entries: dict[str, bytes] = {}
    for result in surveyed:
        entries.update(result.pages())
    problems = [problem for result in surveyed for problem in result.problems]
    problems += duplicates(entries)
    output = hosted(recipe.plan)
    made = others(recipe.plan, theme, composer, (), output)
    problems += limits(recipe.plan, theme, (entries, made), output)
    for part in parts:
        problems += worker.check(part)
    return problems
