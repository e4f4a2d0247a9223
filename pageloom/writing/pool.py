"""Tasks over ranges of cells: here, in processes of this machine, or by an executor."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

from pageloom import inputs, share
from pageloom.compose import Composer
from pageloom.diagnostics import Diagnostic, unheard
from pageloom.manifest import State
from pageloom.markup import Converter
from pageloom.model import Row
from pageloom.plan import Plan
from pageloom.publish import Folder
from pageloom.theme import Theme
from pageloom.writing.worker import Range, Surveyed, Worker, Written

CELLS_A_TASK = 1500
PARALLEL_FROM = 400


def ranges(plan: Plan) -> Iterator[Range]:
    """Yield ranges of cells; one that is full ends where the parent's row changes.

    A row of the first axis may say by its slug that it starts a range, so that a cell more or less
    moves few cuts: a range that is as it was is compared as a whole.
    """
    for name, family in plan.families.items():
        start = 0
        for number, (before, cell) in enumerate(pairwise(family.cells), start=1):
            if cell[:-1] == before[:-1]:
                due = number - start >= 2 * CELLS_A_TASK
            elif cell[0] is not before[0] and _starts(cell[0]):
                due = number - start >= CELLS_A_TASK // 4
            else:
                due = number - start >= CELLS_A_TASK
            if due:
                yield name, start, number
                start = number
        if start < len(family.cells):
            yield name, start, len(family.cells)


def _starts(row: Row) -> bool:
    return crc32(row.slug.encode()) % 4 == 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a process needs to make a worker of its own."""

    root: Path
    plan: Plan
    folder: Folder
    state: State

    def worker(self) -> Worker:
        """Return a worker over this plan."""
        project = self.plan.project
        converter = Converter(project, unheard)
        folders = inputs.theme_folders(self.root, project.settings.theme)
        theme = Theme(folders, converter.lexicon, unheard)
        share.add_images(self.root, project, theme, unheard)
        theme.check(inputs.templates(project))
        composer = Composer(self.plan, theme, converter, unheard)
        return Worker(self.plan, theme, composer, self.folder, self.state)


class Turns:
    """Which of some tasks have been begun, in whichever process."""

    def __init__(self, count: int) -> None:
        """Take the most tasks that there are at a time; before other processes are forked."""
        context = multiprocessing.get_context("fork")
        self._lock = context.Lock()
        self._begun = context.RawArray("b", count)

    def take(self, place: int) -> bool:
        """Begin a task, unless another process has."""
        with self._lock:
            begun, self._begun[place] = self._begun[place], 1
        return not begun

    def over(self) -> None:
        """Begin anew, with other tasks."""
        self._begun[:] = bytes(len(self._begun))


class _Place(threading.local):
    """The worker of this process, or of this thread of it."""

    worker: Worker | None = None
    turns: Turns | None = None
    recipe: str = ""


_place = _Place()


def start(worker: Worker, turns: Turns | None = None) -> None:
    """Take the worker of this process, and the turns that all processes take."""
    _place.worker, _place.turns = worker, turns


def _load(recipe: str) -> None:
    """Make the worker of a recipe file, once a process and thread."""
    if _place.recipe != recipe:
        made: Recipe = pickle.loads(Path(recipe).read_bytes())  # noqa: S301  (our own file)
        _place.worker, _place.recipe = made.worker(), recipe


def _working() -> Worker:
    worker = _place.worker
    if worker is None:
        raise RuntimeError("no worker was started in this process")
    return worker


def _in_turn(place: int, task: Callable[..., Any], items: tuple[Any, ...]) -> Any:
    """Do a task in this process, unless another has begun it."""
    turns = _place.turns
    return task(*items) if turns is None or turns.take(place) else None


def survey(part: Range, all_stale: bool) -> Surveyed:  # noqa: FBT001  (a task's arguments)
    """Survey a range in this process."""
    return _working().survey(part, all_stale=all_stale)


def write(part: Range, stale: bytes, compare: bool) -> Written:  # noqa: FBT001
    """Write the stale pages of a range in this process."""
    return _working().write(part, stale, compare=compare)


def contents(part: Range) -> tuple[list[str], list[Diagnostic]]:
    """Return the content digests of the indexed pages of a range, in this process."""
    return _working().contents(part)


Run = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterable[Any]]


@contextlib.contextmanager
def runner(
    worker: Worker, recipe: Recipe, parts: Sequence[Range], jobs: int, executor: Executor | None
) -> Iterator[Run]:
    """Yield a function that maps a task over arguments, one for each part; results in order.

    Copies of this process begin at once; this one, and others that are given tasks, when the first
    result is asked for.
    """
    count = jobs or os.cpu_count() or 1
    cells = sum(end - start for _, start, end in parts)
    if executor is None and (count == 1 or cells < PARALLEL_FROM):
        start(worker)
        yield lambda task, arguments: (task(*items) for items in arguments)
        return
    if executor is not None:
        with _kept(recipe) as path:
            yield lambda task, arguments: _mapped(executor, _Remote(path, task), arguments)
        return
    if "fork" in multiprocessing.get_all_start_methods():
        turns = Turns(len(parts))
        start(worker)
        context = multiprocessing.get_context("fork")
        pool = ProcessPoolExecutor(count - 1, context, start, (worker, turns))
        try:
            yield partial(shared_out, pool, turns)
        finally:
            pool.shutdown(cancel_futures=True)
        return
    with _kept(recipe) as path, ProcessPoolExecutor(count) as pool:
        yield lambda task, arguments: _mapped(pool, _Remote(path, task), arguments)


def _mapped(
    executor: Executor, remote: _Remote, arguments: Sequence[tuple[Any, ...]]
) -> Iterator[Any]:
    yield from executor.map(remote, arguments)


def shared_out(
    pool: Executor, turns: Turns, task: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
) -> Iterator[Any]:
    """Return the results of a task in the order of its arguments; this process takes its part.

    A process less is a copy less of all that is in memory. The others begin at once, at the front;
    when a result is asked for, this one takes from the end what nobody has begun. So each of two
    processes makes pages that lie side by side, which link to the same ones.
    """
    futures = [pool.submit(_in_turn, place, task, items) for place, items in enumerate(arguments)]
    return _in_order(futures, turns, task, arguments)


def _in_order(
    futures: Sequence[Future[Any]],
    turns: Turns,
    task: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
) -> Iterator[Any]:
    done: dict[int, Any] = {}
    left = reversed(range(len(futures)))
    for due, future in enumerate(futures):
        while due not in done and not future.done():
            mine = next((place for place in left if turns.take(place)), None)
            if mine is None:
                break
            futures[mine].cancel()
            done[mine] = task(*arguments[mine])
        yield done.pop(due) if due in done else future.result()
    wait(futures)  # the others pass over what was done here
    turns.over()


@contextlib.contextmanager
def _kept(recipe: Recipe) -> Iterator[str]:
    """Keep the recipe in a file beside the manifest, for processes that inherit nothing."""
    folder = recipe.folder.beside("")
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="recipe-", dir=folder)
    try:
        os.close(handle)
        Path(name).write_bytes(pickle.dumps(recipe, protocol=5))
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Remote:
    """A task for a process that inherits nothing: it makes its worker from the recipe."""

    recipe: str
    task: Callable[..., Any]

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        _load(self.recipe)
        return self.task(*arguments)
