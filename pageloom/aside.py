"""One text found by a copy of this process while this one goes on, where the system can."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache


def aside(work: Callable[[], str]) -> Callable[[], str]:
    """Begin some work and return what waits for its text; where it fails, it is done here."""
    if not hasattr(os, "fork") or (os.cpu_count() or 1) == 1:
        return cache(work)
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.write(writer, work().encode())
        finally:
            os._exit(0)
    os.close(writer)

    def result() -> str:
        with open(reader, encoding="utf-8") as pipe:  # noqa: PTH123  (no path)
            found = pipe.read()
        os.waitpid(process, 0)
        return found or work()

    return cache(result)
