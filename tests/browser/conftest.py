"""A browser, and the flagship served as a host would serve it.

Needs Chromium on the path (or CHROMIUM=path) and `pip install .[browser]`; nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the headers that the build wrote for the host, which pages must obey."""

    def end_headers(self) -> None:
        """Add the headers of every answer, the first block of `_headers`."""
        rules = Path(self.directory, "_headers").read_text(encoding="utf-8")
        for line in rules.split("\n\n")[0].splitlines()[1:]:
            name, _, value = line.strip().partition(": ")
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def address(flagship_site: Path) -> Iterator[str]:
    """Serve the flagship and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(flagship_site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start Debian's Chromium, or skip."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        pytest.skip("needs Chromium on the path, or CHROMIUM=path/to/chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs `pip install .[browser]`")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a path of the site.

    At the end the page must have asked nothing of other hosts, broken no policy and thrown nothing.
    """
    contexts: list[Any] = []
    faults: list[str] = []

    def opened(path: str, **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 390, "height": 844}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda line: faults.append(line.text) if line.type == "error" else None,
        )
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((address, "blob:")) else faults.append(asked.url)
            ),
        )
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
