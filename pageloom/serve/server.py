"""Requests to answers: pages with our script in them, events, and what the script asks for."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pageloom.serve.live import Live
from pageloom.serve.site import Answer

OWN = "/__pageloom/"
_SCRIPT = Path(__file__).with_name("client.js")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PING = 15.0
_HTML = "text/html; charset=utf-8"
_UNSOUND = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Problems</title>"
    b"<body><p>The project has problems; this page comes when they are gone.</p></body></html>"
)


class Server(ThreadingHTTPServer):
    """Serves a live site on one interface."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, live: Live) -> None:
        self.live = live
        self.script = _SCRIPT.read_bytes()
        self.closing = False
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)

    @property
    def address(self) -> str:
        """Where the site is to be seen."""
        host, port = self.server_address[:2]
        name = host.decode() if isinstance(host, bytes) else host
        return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away; anything else is a bug and is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one browser."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "pageloom"
    sys_version = ""
    disable_nagle_algorithm = True
    """Head and body are two writes; a browser that delays its answer to the first costs 40 ms."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Say nothing: the terminal is for problems."""

    def do_GET(self) -> None:
        """Answer a request."""
        if not self._is_for_us():
            self._send(Answer(403, "text/plain; charset=utf-8", b"unknown host\n"))
            return
        parts = urlsplit(self.path)
        address = unquote(parts.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        own: dict[str, Callable[[dict[str, str]], None]] = {
            "client.js": self._client,
            "events": self._events,
            "state": self._state,
        }
        if address.startswith(OWN):
            known = own.get(address.removeprefix(OWN))
            if known is not None:
                known(asked)
                return
        self._send(self._page(address))

    do_HEAD = do_GET  # noqa: N815  (the base class's name)

    def _is_for_us(self) -> bool:
        """Whether the browser asked for this machine: another name may be a site that rebinds it.

        On another interface than loopback any name will do.
        """
        if str(self.server.server_address[0]) not in _LOOPBACK:
            return True
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        return name in _LOOPBACK

    def _page(self, address: str) -> Answer:
        found = self.server.live.answer(address)
        if found is None:
            found = Answer(500, _HTML, _UNSOUND)
        if not found.is_page or not found.body:
            return found
        digest = self.server.live.digest(address)
        tag = f'<script src="{OWN}client.js" data-digest="{digest}" defer></script>'.encode()
        head, end, tail = found.body.rpartition(b"</body>")
        body = head + tag + end + tail if end else found.body + tag
        return Answer(found.status, found.type, body)

    def _client(self, asked: dict[str, str]) -> None:
        del asked
        self._send(Answer(200, "text/javascript; charset=utf-8", self.server.script))

    def _state(self, asked: dict[str, str]) -> None:
        state = self.server.live.state(asked.get("path", "/"))
        body = json.dumps(state, ensure_ascii=False).encode()
        self._send(Answer(200, "application/json", body))

    def _events(self, asked: dict[str, str]) -> None:
        """Tell a browser when its page has changed, and when anything else has."""
        if self.command == "HEAD":
            self._send(Answer(200, "text/event-stream", b""))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        live, path = self.server.live, asked.get("path", "/")
        version, proved = -1, -1
        while not self.server.closing:
            if live.wait(version, proved, _PING):
                version, proved = live.version, live.proved
                same = live.digest(path) == asked.get("digest")
                self.wfile.write(b"event: state\ndata: {}\n\n" if same else _RELOAD)
            else:
                self.wfile.write(b": here\n\n")
            self.wfile.flush()

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", _STAYS if answer.stays else "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


_STAYS = "max-age=31536000, immutable"
_RELOAD = b"event: reload\ndata: {}\n\n"
