"""Tells when files of the project change.

The system says so where `watchfiles` is installed; else times and sizes are looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("matrix", "content", "themes")
_SECONDS = 0.25
_STEP = 10
"""Milliseconds without a further change after which a change is told."""


def changes(root: Path, stop: threading.Event) -> Iterator[set[str]]:
    """Yield the changed paths below the project's folders, one set for changes at one time."""
    try:
        import watchfiles
    except ImportError:
        yield from polled(root, stop)
        return
    folders = [folder for name in FOLDERS if (folder := root / name).is_dir()]
    for found in watchfiles.watch(
        *folders, watch_filter=None, debounce=200, step=_STEP, stop_event=stop, rust_timeout=500
    ):
        yield {_relative(root, Path(path)) for _, path in found}


def _relative(root: Path, path: Path) -> str:
    full = root.resolve()
    return path.relative_to(full).as_posix() if path.is_relative_to(full) else path.as_posix()


def polled(root: Path, stop: threading.Event) -> Iterator[set[str]]:
    """Yield changed paths by looking four times a second."""
    before = _stamps(root)
    while not stop.wait(_SECONDS):
        after = _stamps(root)
        changed = {
            path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        }
        before = after
        if changed:
            yield changed


def _stamps(root: Path) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name in FOLDERS:
        for path in (root / name).rglob("*"):
            try:
                status = path.stat()
            except OSError:
                continue
            found[path.relative_to(root).as_posix()] = (status.st_mtime_ns, status.st_size)
    return found
