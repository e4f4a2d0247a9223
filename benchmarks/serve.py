"""Times an edit under `serve`: from the save of a snippet to the page in the browser.

The flagship is copied, served, and one angle of it edited again and again. Without a browser the
page has arrived when a client that was told to reload has read it; with one, when the reloaded
page is laid out and shows the edit.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SNIPPET = "content/angles/drugs/angle-glp1-obesity-medical-necessity.md"
PAGE = "/aetna/glp1-obesity/medical-necessity/"
PAUSE = 2.0
"""Seconds between two edits: the pages that the last one touched are looked at by then."""
_DIGEST = re.compile(r'data-digest="([^"]*)"')
_READY = re.compile(r"ready; (\d+\.\d+) s")


@dataclass(slots=True)
class Served:
    """The command as a process, and what it says."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def cpu(self) -> float:
        """Return the processor time that the command has taken, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rebuilt(self) -> list[float]:
        """Return the seconds of each rebuild, as the command says them."""
        return [float(found) for found in _READY.findall(self.log.read_text(encoding="utf-8"))]


@contextlib.contextmanager
def served(project: Path) -> Iterator[Served]:
    """Serve a project until the end of the block."""
    log = project / "serve.log"
    command = [sys.executable, ROOT / "build.py", "serve", "--root", project, "--port", "0"]
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, text=True)
        try:
            while not (at := re.search(r"serving http://[^:]+:(\d+)", log.read_text())):
                time.sleep(0.1)
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
            yield Served(process, int(at.group(1)), log)
        finally:
            process.terminate()
            process.wait()


def edit(project: Path, number: int) -> str:
    """Say something new at the end of the snippet; return the words."""
    path = project / SNIPPET
    text = path.read_text(encoding="utf-8")
    said = f"This is edit number {number} of the angle."
    path.write_text(re.sub(r"\nThis is edit number \d+ of the angle\.\n", "", text) + f"\n{said}\n")
    return said


def by_client(port: int) -> Iterator[Callable[[str], float]]:
    """Yield what waits, as a client does, for a page that shows some words."""

    def ask(path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path)
        return connection.getresponse()

    digest = _DIGEST.search(ask(PAGE).read().decode())
    events = ask(f"/__pageloom/events?path={PAGE}&digest={digest.group(1) if digest else ''}")

    def wait(said: str) -> float:
        nonlocal events
        while b"reload" not in events.readline():
            pass
        body = ask(PAGE).read().decode()
        now = time.perf_counter()
        if said not in body:
            raise SystemExit("the page does not show the edit")
        digest = _DIGEST.search(body)
        events = ask(f"/__pageloom/events?path={PAGE}&digest={digest.group(1) if digest else ''}")
        return now

    yield wait


def by_browser(port: int, executable: str) -> Iterator[Callable[[str], float]]:
    """Yield what waits until a browser has laid out a page that shows some words."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        loaded: list[float] = []
        page.expose_function("loaded", lambda: loaded.append(time.perf_counter()))
        page.add_init_script(
            "addEventListener('load', () => requestAnimationFrame(() => setTimeout(loaded)))"
        )
        page.goto(f"http://127.0.0.1:{port}{PAGE}")
        page.wait_for_timeout(PAUSE * 1000)

        def wait(said: str) -> float:
            loaded.clear()
            while not loaded:
                page.wait_for_timeout(5)
            if said not in page.inner_text("main"):
                raise SystemExit("the page does not show the edit")
            return loaded[-1]

        yield wait
        browser.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--browser", default="", help="the program of a Chromium browser")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "site"
        for name in ("content", "matrix", "themes"):
            shutil.copytree(ROOT / name, project / name)
        with served(project) as server:
            time.sleep(PAUSE)
            waits = (
                by_browser(server.port, given.browser) if given.browser else by_client(server.port)
            )
            wait = next(waits)
            seconds, cpus = [], []
            for number in range(given.edits):
                before, start = server.cpu(), time.perf_counter()
                said = edit(project, number)
                seconds.append(wait(said) - start)
                cpus.append(server.cpu() - before)
                time.sleep(PAUSE)
            rebuilt = server.rebuilt()[-given.edits :]
            next(waits, None)
    what = "browser" if given.browser else "client"
    for name, found in ((f"save to {what}", seconds), ("rebuild", rebuilt), ("cpu of serve", cpus)):
        middle, ends = statistics.median(found), f"{min(found):.3f} to {max(found):.3f} s"
        print(f"{name:16} median {middle * 1000:4.0f} ms  ({ends})")


if __name__ == "__main__":
    main()
