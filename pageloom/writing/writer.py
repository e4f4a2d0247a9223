"""Phase B of a build: survey all pages, write the stale ones, remove what nothing claims."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from itertools import compress

from pageloom import hosts
from pageloom.compose import Composer
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.manifest import KEY, TITLE, Listed, State, pieces
from pageloom.plan import Plan
from pageloom.publish import MARKER, WRITTEN, Folder, ForeignError, in_the_way
from pageloom.theme import Theme, ThemeError
from pageloom.writing import beside, pool
from pageloom.writing.files import Other, hosted, limits, others
from pageloom.writing.part import Part, paths_of, routes_of
from pageloom.writing.worker import (
    ADDED,
    AS_BEFORE,
    NEW,
    SAME,
    Range,
    Surveyed,
    Worker,
    Written,
)

Progress = Callable[[int, int], None]


AT_ONCE = 250_000
"""Titles that are compared at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the writer did."""

    problems: tuple[Diagnostic, ...] = ()
    written: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Progress:
    """What has been done so far."""

    problems: list[Diagnostic] = field(default_factory=list)
    notes: dict[str, list[Diagnostic]] = field(default_factory=dict)
    """Warnings of pages, kept for the builds that do not make them again."""
    entries: dict[str, bytes] = field(default_factory=dict)
    """Files that are no pages, with what they were made from."""
    written: list[str] = field(default_factory=list)
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    gone: set[str] = field(default_factory=set)
    """Files that nothing claims any more."""
    changed: bool = False
    """Whether anything is to be written or removed."""


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

    def run(
        self,
        jobs: int,
        executor: Executor | None,
        progress: Progress | None,
        is_sound: Callable[[], bool],
    ) -> Done | None:
        """Write what is stale, remove what no page claims, and write the manifest.

        `is_sound` says whether that may be done, while other processes survey the pages; where it
        may not, return None.
        """
        plan, theme = self._plan, self._theme
        ranges = list(pool.ranges(plan))
        so_far = _Progress()
        for family in plan.families.values():
            plan.after(family)  # for all processes
        with pool.runner(self._worker, self._recipe, ranges, jobs, executor) as run:
            surveyed = run(pool.survey, [(part, self._all_stale) for part in ranges])
            if not is_sound():
                return None
            parts = list(self._parts(ranges, surveyed, so_far))
            output = hosted(plan)
            made = others(plan, theme, self._composer, partial(routes_of, parts), output)
            so_far.problems += limits(plan, theme, (paths_of(parts), made), output)
            if not any(problem.is_error for problem in so_far.problems):
                so_far.problems += self._tried(parts)
            if any(problem.is_error for problem in so_far.problems):
                return Done(problems=tuple(so_far.problems))
            self._begin(parts, made, so_far)
            self._write_pages(parts, so_far, run, progress)
        self._end(parts, made, so_far)
        return self._set_up(parts, so_far, output)

    def _parts(
        self, ranges: Sequence[Range], surveyed: Iterable[Surveyed], so_far: _Progress
    ) -> Iterator[Part]:
        """Yield the ranges with the pages that there are, and which of them are stale."""
        every: list[Listed] = []
        for part, result in zip(ranges, surveyed, strict=True):
            before = self._state.starting(result.first)
            pages = result.pages or before or Listed()
            kept = before is not None and before.files == pages.files
            if before is not None and kept:
                pages = pages._replace(files=before.files)
            every.append(pages)
            so_far.problems += result.problems
            yield Part(part, pages, result.indexed, result.stale, kept)
        so_far.problems += duplicates(every)

    def _tried(self, parts: Sequence[Part]) -> list[Diagnostic]:
        """Return the errors of one stale page of each family: a template's faults show there."""
        first: dict[str, Part] = {}
        for part in parts:
            if part.range[0] not in first and any(part.stale):
                first[part.range[0]] = part
        found: list[Diagnostic] = []
        for part in first.values():
            one = bytearray(len(part.stale))
            one[next(compress(range(len(one)), part.stale))] = ADDED
            for _, problems in self._worker.proof(part.range, bytes(one)):
                found += (problem for problem in problems if problem.is_error)
        return found

    def _set_up(
        self, parts: Sequence[Part], so_far: _Progress, output: hosts.Output | None
    ) -> Done:
        """Write what stands beside the output, and weigh it where the host asks for that."""
        settings = self._plan.project.settings
        files = hosts.beside(settings.hosts, output) if output is not None else {}
        beside.put(self._folder, files)
        for name in hosts.WEIGHED.intersection(settings.hosts):
            paths = (path for some in (paths_of(parts), so_far.entries) for path in some)
            weight = beside.weight(self._folder.out, paths)
            so_far.problems += hosts.check_weight(name, weight, settings.hosts_at)
        return Done(
            tuple(so_far.problems),
            tuple(sorted(so_far.written)),
            so_far.unchanged,
            tuple(sorted(so_far.removed)),
        )

    def _begin(self, parts: Sequence[Part], made: Mapping[str, Other], so_far: _Progress) -> None:
        """Say what will be written, and remove what is in its way."""
        so_far.gone = self._gone(parts, made)
        so_far.changed = (
            any(part.total for part in parts) or self._changed(made) or bool(so_far.gone)
        )
        if so_far.changed:
            self._folder.begin(self._new(parts, made))
        if so_far.gone:
            blocked = in_the_way(so_far.gone, self._new(parts, made))
            so_far.removed += self._folder.remove(blocked)
        self._replay(parts, so_far)

    def _new(self, parts: Sequence[Part], made: Iterable[str]) -> Iterator[str]:
        """Yield the files that the manifest does not have."""
        for part in parts:
            yield from part.added()
        yield from (path for path in made if path not in self._state.entries)

    def _end(self, parts: Sequence[Part], made: Mapping[str, Other], so_far: _Progress) -> None:
        """Write the other files, remove what nothing claims, and write the manifest."""
        for part in parts:
            so_far.written += part.made(NEW)
        self._put_files(made, so_far)
        so_far.removed += self._folder.remove(so_far.gone.difference(so_far.removed))
        if so_far.changed:
            complete = not any(problem.is_error for problem in so_far.problems)
            pages = (part.listed() for part in parts)
            self._folder.finish(so_far.entries, pages, so_far.notes, complete=complete)

    def _replay(self, parts: Sequence[Part], so_far: _Progress) -> None:
        """Count the pages that stay as they are, and say again what was found on them."""
        so_far.unchanged += sum(part.stale.count(AS_BEFORE) for part in parts)
        if not self._state.notes:
            return
        stay = {
            path
            for part in parts
            for path, stale in zip(part.pages.paths(), part.stale, strict=True)
            if not stale
        }
        for path, found in self._state.notes.items():
            if path in stay:
                so_far.notes[path] = list(found)
                so_far.problems += found

    def _write_pages(
        self,
        parts: Sequence[Part],
        so_far: _Progress,
        run: pool.Run,
        progress: Progress | None,
    ) -> None:
        compare = self._all_stale and not self._state.fresh
        stale = [part for part in parts if part.total]
        tasks = [(part.range, part.stale, compare) for part in stale]
        total, made = sum(part.total for part in stale), 0
        for part, result in zip(stale, run(pool.write, tasks), strict=True):
            self._take(part, result, so_far)
            made += part.total
            if progress:
                progress(made, total)

    def _take(self, part: Part, result: Written, so_far: _Progress) -> None:
        part.statuses = bytes(result.statuses)
        so_far.unchanged += result.statuses.count(SAME)
        for path, problem in result.problems:
            so_far.problems.append(problem)
            if problem.severity == WARNING:
                so_far.notes.setdefault(path, []).append(problem)

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
                del so_far.entries[path]
                if before is not None:  # the old file stays, and stays ours
                    so_far.entries[path] = bytes(KEY + TITLE)
                continue
            if status == WRITTEN:
                so_far.written.append(path)
            else:
                so_far.unchanged += 1

    def _gone(self, parts: Sequence[Part], made: Mapping[str, Other]) -> set[str]:
        """Return the files of earlier builds that nothing claims."""
        state = self._state
        if state.fresh:
            return set(self._folder.strays({}))
        if state.interrupted:
            claimed = {*paths_of(parts), *made}
            gone = {path for path in (*state.paths(), *state.intended) if path not in claimed}
            return gone.union(self._folder.strays(dict.fromkeys(claimed)))
        kept = {part.pages.first for part in parts if part.kept}
        before = (path for old in state.pages if old.first not in kept for path in old.paths())
        gone = {*before, *state.entries}.difference(made)
        for part in parts:
            if not part.kept:
                gone.difference_update(part.pages.paths())
        return gone


def duplicates(pages: Sequence[Listed]) -> Iterator[Diagnostic]:
    """Yield a problem for each page whose title another page has too."""
    if not _repeats(array("Q", b"".join([part.titles for part in pages]))):
        return
    seen: dict[bytes, str] = {}
    for part in pages:
        for path, title in zip(part.paths(), pieces(part.titles, TITLE), strict=True):
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


def _repeats(titles: array[int]) -> bool:
    """Whether two digests of titles are equal; looked for in shares, which take less memory."""
    shares = 1 + len(titles) // AT_ONCE
    for share in range(shares):
        some = [title for title in titles if title % shares == share] if shares > 1 else titles
        if len(set(some)) < len(some):
            return True
    return False


def contents(
    recipe: pool.Recipe, theme: Theme, composer: Composer, jobs: int
) -> Iterator[tuple[str, list[str], list[Diagnostic]]]:
    """Yield family, content digests of the indexed pages, and problems of each range of cells."""
    worker = Worker(recipe.plan, theme, composer, recipe.folder, State())
    parts = list(pool.ranges(recipe.plan))
    with pool.runner(worker, recipe, parts, jobs, None) as run:
        for part, (digests, problems) in zip(
            parts, run(pool.contents, [(part,) for part in parts]), strict=True
        ):
            yield part[0], digests, problems


def dry_run(recipe: pool.Recipe, theme: Theme, composer: Composer) -> list[Diagnostic]:
    """Compose and render every page without writing; return the problems."""
    worker = Worker(recipe.plan, theme, composer, recipe.folder, State())
    parts = list(pool.ranges(recipe.plan))
    surveyed = [worker.survey(part, all_stale=True) for part in parts]
    pages = [result.pages for result in surveyed if result.pages]
    problems = [problem for result in surveyed for problem in result.problems]
    problems += duplicates(pages)
    output = hosted(recipe.plan)
    made = others(recipe.plan, theme, composer, tuple, output)
    paths = (path for part in pages for path in part.paths())
    problems += limits(recipe.plan, theme, (paths, made), output)
    for part in parts:
        problems += worker.check(part)
    return problems
