"""Phase B of a build: survey all pages, write the stale ones, remove what nothing claims."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from pageloom.compose import Composer
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.plan import Plan
from pageloom.publish import MARKER, WRITTEN, Folder, ForeignError, State, content_key, in_the_way
from pageloom.theme import Theme, ThemeError
from pageloom.writing import pool
from pageloom.writing.files import files
from pageloom.writing.worker import KEY, TITLE, Range, Surveyed, Worker, Written

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
        self._folder: Folder = recipe.folder
        self._state: State = recipe.state
        self._worker = Worker(recipe.plan, theme, composer, recipe.folder, recipe.state)
        self._all_stale = verify or recipe.state.interrupted

    def run(self, jobs: int, executor: Executor | None, progress: Progress | None) -> Done:
        """Write what is stale, remove what no page claims, and write the manifest."""
        parts = list(pool.ranges(self._plan))
        cells = sum(end - start for _, start, end in parts)
        with pool.runner(self._worker, self._recipe, cells, jobs, executor) as run:
            tasks = [(part, self._all_stale) for part in parts]
            surveyed: list[Surveyed] = list(run(pool.survey, tasks))
            problems = [problem for result in surveyed for problem in result.problems]
            entries = self._entries(parts, surveyed)
            problems += _duplicates(entries)
            if any(problem.is_error for problem in problems):
                return Done(problems=tuple(problems))
            return self._write(
                parts,
                [result.stale for result in surveyed],
                _Progress(entries, problems),
                run,
                progress,
            )

    def _entries(self, parts: Sequence[Range], surveyed: Sequence[Surveyed]) -> dict[str, bytes]:
        entries: dict[str, bytes] = {}
        for part, result in zip(parts, surveyed, strict=True):
            place = 0
            for _, _, _, path in self._worker.pages(part):
                entries[path] = result.entries[place : place + ENTRY]
                place += ENTRY
        return entries

    def _write(
        self,
        parts: Sequence[Range],
        stale: Sequence[bytes],
        so_far: _Progress,
        run: pool.Run,
        progress: Progress | None,
    ) -> Done:
        others = files(self._plan, self._theme)
        known = self._state.entries
        new = [path for path in (*so_far.entries, *others) if path not in known]
        gone = self._gone({*so_far.entries, *others})
        changed = any(any(mask) for mask in stale) or self._changed(others) or bool(gone)
        if changed:
            self._folder.begin(new)
        cleared = self._folder.remove(in_the_way(gone, new))
        self._replay(parts, stale, so_far)
        self._write_pages(parts, stale, so_far, run, progress)
        self._put_files(others, so_far)
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

    def _replay(self, parts: Sequence[Range], stale: Sequence[bytes], so_far: _Progress) -> None:
        """Count the pages that stay as they are, and say again what was found on them."""
        so_far.unchanged += sum(mask.count(0) for mask in stale)
        if not self._state.notes:
            return
        for part, mask in zip(parts, stale, strict=True):
            for made, (_, _, _, path) in zip(mask, self._worker.pages(part), strict=True):
                found = self._state.notes.get(path)
                if found and not made:
                    so_far.notes[path] = list(found)
                    so_far.problems += found

    def _write_pages(
        self,
        parts: Sequence[Range],
        stale: Sequence[bytes],
        so_far: _Progress,
        run: pool.Run,
        progress: Progress | None,
    ) -> None:
        compare = self._all_stale and not self._state.fresh
        tasks = [
            (part, mask, compare) for part, mask in zip(parts, stale, strict=True) if any(mask)
        ]
        total, made = sum(sum(mask) for _, mask, _ in tasks), 0
        for (_, mask, _), result in zip(tasks, run(pool.write, tasks), strict=True):
            self._take(result, so_far)
            made += sum(mask)
            if progress:
                progress(made, total)

    def _take(self, result: Written, so_far: _Progress) -> None:
        so_far.written += result.written
        so_far.unchanged += result.unchanged
        for path, problem in result.problems:
            so_far.problems.append(problem)
            if problem.severity == WARNING:
                so_far.notes.setdefault(path, []).append(problem)
        for path in result.failed:
            self._unmade(path, so_far.entries)

    def _unmade(self, path: str, entries: dict[str, bytes]) -> None:
        """Take the key of a page that failed; its old file stays, and stays ours."""
        if path in self._state.entries:
            entries[path] = NO_KEY
        else:
            entries.pop(path, None)

    def _changed(self, others: Mapping[str, bytes]) -> bool:
        known = self._state.entries
        return self._all_stale or any(
            known.get(path, b"")[:KEY] != content_key(content) for path, content in others.items()
        )

    def _put_files(self, others: Mapping[str, bytes], so_far: _Progress) -> None:
        for path, content in others.items():
            before = self._state.entries.get(path)
            key = content_key(content)
            so_far.entries[path] = key + bytes(TITLE)
            if before is not None and before[:KEY] == key and not self._all_stale:
                so_far.unchanged += 1
                continue
            ours = before is not None or path in self._state.intended or path == MARKER
            try:
                status = self._folder.put(path, content, ours=ours, compare=True)
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


def _duplicates(entries: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Yield a problem for each page whose title another page has too."""
    seen: dict[bytes, str] = {}
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


def dry_run(recipe: pool.Recipe, theme: Theme, composer: Composer) -> list[Diagnostic]:
    """Compose and render every page without writing; return the problems."""
    worker = Worker(recipe.plan, theme, composer, recipe.folder, State())
    parts = list(pool.ranges(recipe.plan))
    surveyed = [worker.survey(part, all_stale=True) for part in parts]
    entries: dict[str, bytes] = {}
    for part, result in zip(parts, surveyed, strict=True):
        paths = (path for _, _, _, path in worker.pages(part))
        for place, path in enumerate(paths):
            entries[path] = result.entries[place * ENTRY : (place + 1) * ENTRY]
    problems = [problem for result in surveyed for problem in result.problems]
    problems += _duplicates(entries)
    for part in parts:
        problems += worker.check(part)
    return problems
