"""One text found by a copy of this process while this one goes on, where the system can."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from functools import cached_property


class Aside:
    """Some work that another process does; where it cannot, it is done when it is asked for."""

    def __init__(self, work: Callable[[], str], *, beside: bool = True) -> None:
        """Begin the work, which gives a text, where it is wanted `beside`."""
        self._work = work
        self._process = 0
        if beside and hasattr(os, "fork") and (os.cpu_count() or 1) > 1:
            self._reader, writer = os.pipe()
            self._process = os.fork()
            if self._process == 0:
                try:
                    os.write(writer, work().encode())
                finally:
                    os._exit(0)
            os.close(writer)

    def within(self, seconds: float) -> bool:
        """Return whether the text is there, or would be found at once, after at most a while."""
        return not self._process or bool(select.select([self._reader], [], [], seconds)[0])

    @cached_property
    def text(self) -> str:
        """What the work gave; where the other process failed it is done here."""
        if not self._process:
            return self._work()
        with open(self._reader, encoding="utf-8") as pipe:  # noqa: PTH123  (no path)
            found = pipe.read()
        os.waitpid(self._process, 0)
        return found or self._work()
