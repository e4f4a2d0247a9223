"""Runs the server and the watcher until the process is interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic
from pageloom.options import Options
from pageloom.serve.live import Live, Rebuilt
from pageloom.serve.server import Server
from pageloom.serve.watch import changes

PATIENCE = 0.5
"""Seconds after an edit in which the browser has the machine to itself."""


class CannotServeError(Exception):
    """The interface or port cannot be had."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be said on the terminal."""

    text: str
    problems: tuple[Diagnostic, ...] = ()


def serve(
    options: Options,
    host: str,
    port: int,
    said: Callable[[Event], None],
    stop: threading.Event | None = None,
) -> None:
    """Serve the site, and decide on it anew after each change, until `stop` is set."""
    live = Live(options)
    stop = stop or threading.Event()
    try:
        server = Server(host, port, live)
    except (OSError, OverflowError) as error:
        raise CannotServeError(f"cannot serve on {host}, port {port}: {error}") from error
    with server:
        said(_event(live.rebuild(), "built"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said(Event(f"serving {server.address} (Ctrl-C ends it)"))
        _prove(live, said)
        try:
            for changed in changes(options.root, stop):
                said(_event(live.rebuild(), _named(changed)))
                threading.Thread(target=_prove, args=(live, said, PATIENCE), daemon=True).start()
        finally:
            server.closing = True
            server.shutdown()


def _prove(live: Live, said: Callable[[Event], None], patience: float = 0) -> None:
    version = live.version
    time.sleep(patience)
    made = live.prove() if version == live.version else 0
    if live.proved == live.version and made:
        said(Event(f"  {made} {'page has' if made == 1 else 'pages have'} changed"))


def _named(changed: set[str]) -> str:
    first, *others = sorted(changed)
    return f"{first} and {len(others)} more changed" if others else f"{first} changed"


def _event(rebuilt: Rebuilt, what: str) -> Event:
    errors = tuple(problem for problem in rebuilt.problems if problem.is_error)
    said = f"{counted(len(errors), 'error')}, the pages stay as they were" if errors else "ready"
    return Event(f"{what}: {said}; {rebuilt.seconds:.2f} s", errors)
