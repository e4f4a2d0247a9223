"""Wall time, processor time and peak memory of a command and all its processes (Linux)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAUSE = 0.01
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds, processor seconds, and bytes at the peak."""

    wall: float
    cpu: float
    peak: int
    said: str


_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


class FailedError(Exception):
    """A command ended with another code than 0."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command to its end and return what it took. Raises `FailedError`.

    Python may keep its bytecode, as it does by itself: the others are compiled as well.
    """
    kept = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise FailedError(f"{command[0]} ended with {process.returncode}:\n{said[-_TAIL:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, watch.peak, said)


class _Watch(threading.Thread):
    """Adds up the memory of a process and its children, again and again.

    Proportional set size: a page that several processes share counts once in the sum.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.peak = 0

    def run(self) -> None:
        """Sample until told to stop; seldom where a sample itself takes long (5 % of a core)."""
        pause = _PAUSE
        while not self._over.wait(pause):
            started = time.perf_counter()
            self.peak = max(self.peak, sum(map(_memory, _family(self._pid))))
            pause = max(_PAUSE, 19 * (time.perf_counter() - started))

    def stop(self) -> None:
        """End the sampling."""
        self._over.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))


def _memory(pid: int) -> int:
    try:
        with Path(f"/proc/{pid}/smaps_rollup").open(encoding="ascii") as lines:
            for line in lines:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
