"""Work in processes that inherit what this one has in memory, where the system can fork."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_PARTS_A_PROCESS = 4
_RUN = 64
"""Neighbours that one part has: they lie side by side in memory, of which a process copies what it
looks at."""


def spread(work: Callable[[int, int], T], jobs: int) -> Iterator[T]:
    """Yield what `work(part, parts)` returns for each part; nothing where it does not pay.

    `work` runs in copies of this process: only what it returns comes back, and must be plain.
    """
    count = jobs or os.cpu_count() or 1
    if count == 1 or "fork" not in multiprocessing.get_all_start_methods():
        return
    context = multiprocessing.get_context("fork")
    parts = count * _PARTS_A_PROCESS
    with ProcessPoolExecutor(count, context, _inherit, (work,)) as pool:
        yield from pool.map(_work, range(parts), [parts] * parts)


def dealt(items: Sequence[T], part: int, parts: int) -> list[T]:
    """Return the items of a part, of so many parts, in short runs of neighbours."""
    starts = range(part * _RUN, len(items), parts * _RUN)
    return [item for start in starts for item in items[start : start + _RUN]]


_inherited: Callable[[int, int], Any] | None = None


def _inherit(work: Callable[[int, int], Any]) -> None:
    global _inherited  # noqa: PLW0603  (one a process; pools have no other place for it)
    _inherited = work


def _work(part: int, parts: int) -> Any:
    assert _inherited is not None  # noqa: S101
    return _inherited(part, parts)
