"""A small site with former addresses, and the servers and emulators that can serve it here.

Servers come from the system (`apt-get install nginx caddy`), emulators from npm: WRANGLER and
NETLIFY name their programs (`npm install wrangler`, `npm install netlify-cli`, each in a folder
outside the repository). What is not there is skipped.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import projects
import pytest
import serving
import trees

GONE = "- {route: /given-up/, reason: nobody asks for it}\n"
PAGE, SECTION = "/alfa/smoke/", "/#alfa-noise"
"""Where a former slug of a maker leads: a page of its own, and a section of home."""


class Answer(NamedTuple):
    """What a server sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str:
        """Where it leads."""
        return self.headers.get("location", "")


def shop(root: Path, host: str) -> Path:
    """Write a site with a renamed maker and a given-up address, and build it for a host."""
    projects.write_files(root, serving.PROJECT)
    serving.project(root)
    trees.append(root / "content/site.yaml", f"host: {host}\n")
    trees.replace(
        root / "matrix/makers.yaml", "name: Alfa\n", "name: Alfa\n  former_slugs: [alpha]\n"
    )
    (root / "matrix/ledger").mkdir()
    (root / "matrix/ledger/gone.yaml").write_text(GONE, encoding="utf-8")
    trees.made(root)
    return root


def beside(root: Path) -> Path:
    """Return the folder of what stands beside the output."""
    return root / ".pageloom/host/site"


class Asker:
    """Asks a server for addresses, as they stand, and follows nothing."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, path: str, **headers: str) -> Answer:
        """Return the answer for an address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, folder: Path, **more: str) -> Iterator[Asker]:
    """Run a server until it listens, and end it with all that it started."""
    log = folder / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "CI": "1", **more},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        yield Asker(port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def _program(name: str) -> str:
    found = os.environ.get(name.upper()) or shutil.which(name)
    if not found:
        pytest.skip(f"needs {name} on the path, or {name.upper()}=its path")
    return found


@contextlib.contextmanager
def nginx(site: Path, snippet: Path, folder: Path) -> Iterator[Asker]:
    """Serve a site by nginx with the snippet in its server block."""
    port = _free_port()
    user = "user root;" if os.getuid() == 0 else ""
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "all.conf").write_text(
        f"{user}\nworker_processes 1;\npid {folder}/pid;\nerror_log stderr;\n"
        f"events {{}}\nhttp {{\ninclude /etc/nginx/mime.types;\naccess_log off;\n{paths}"
        f"server {{ listen 127.0.0.1:{port}; root {site}; include {snippet}; }}\n}}\n",
        encoding="utf-8",
    )
    command = [_program("nginx"), "-p", str(folder), "-c", "all.conf", "-g", "daemon off;"]
    with _running(command, port, folder) as ask:
        yield ask


@contextlib.contextmanager
def caddy(site: Path, snippet: Path, folder: Path) -> Iterator[Asker]:
    """Serve a site by Caddy with the snippet in its site block."""
    port = _free_port()
    (folder / "All").write_text(
        f"{{\n\tadmin off\n\tauto_https off\n}}\n"
        f"http://127.0.0.1:{port} {{\n\troot * {site}\n\timport {snippet}\n}}\n",
        encoding="utf-8",
    )
    command = [_program("caddy"), "run", "--config", "All", "--adapter", "caddyfile"]
    with _running(command, port, folder) as ask:
        yield ask


@contextlib.contextmanager
def wrangler(site: Path, folder: Path) -> Iterator[Asker]:
    """Serve a site by Cloudflare's emulator of Pages."""
    port = _free_port()
    command = [_program("wrangler"), "pages", "dev", str(site), "--ip", "127.0.0.1"]
    command += ["--port", str(port), "--compatibility-date", "2025-01-01"]
    with _running(command, port, folder, WRANGLER_SEND_METRICS="false") as ask:
        yield ask


@contextlib.contextmanager
def netlify(site: Path, folder: Path) -> Iterator[Asker]:
    """Serve a site by Netlify's emulator; what would fetch Deno is switched off."""
    port, inner = _free_port(), _free_port()
    command = [_program("netlify"), "dev", "--offline", "--internal-disable-edge-functions"]
    command += ["--no-open", "--dir", str(site), "--port", str(port)]
    command += ["--staticServerPort", str(inner)]
    with _running(command, port, folder) as ask:
        yield ask
