"""One text found by a copy of this process while this one goes on, where the system can."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from functools import cached_property


class Aside:
    """Some work, which gives a text, begun at once: by another process where that is wanted."""

    def __init__(self, work: Callable[[], str], *, beside: bool = True) -> None:
        """Begin the work; where there is no other process to do it, do it."""
        self._work = work
        self._process = 0
        if not beside or not hasattr(os, "fork") or os.cpu_count() == 1:
            self.text = work()
            return
        self._reader, writer = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                os.write(writer, work().encode())
            finally:
                os._exit(0)
        os.close(writer)

    def within(self, seconds: float) -> bool:
        """Return whether the text is there after at most a while."""
        return not self._process or bool(select.select([self._reader], [], [], seconds)[0])

    @cached_property
    def text(self) -> str:
        """What the work gave; where the other process failed it is done here."""
        with open(self._reader, encoding="utf-8") as pipe:  # noqa: PTH123  (no path)
            found = pipe.read()
        os.waitpid(self._process, 0)
        return found or self._work()
