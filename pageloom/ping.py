"""Tells search engines which addresses changed, by IndexNow; the only module that uses a network.

https://www.indexnow.org/documentation: a key that the site shows in a file of its own, and posts of
at most 10,000 addresses of the site's host, which were added, updated or deleted.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pageloom import pipeline, released
from pageloom.counted import counted
from pageloom.ledger import RELEASED, Entry
from pageloom.load.ledger import read_ledger
from pageloom.load.settings import SITE, read_settings
from pageloom.options import Options
from pageloom.settings import Settings

FORMAT = 1
BATCH = 10_000
SHOWN = 20
TIMEOUT = 30
"""Seconds until an answer must be there."""
_ANSWERS: Mapping[int, str] = {
    400: "the request has not the form that is expected",
    403: "the key is not valid: is its file on the live site yet?",
    422: "an address is not of this host, or the key has not the form that is expected",
    429: "too many requests: wait before the next one",
}
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


class PingError(Exception):
    """Nothing more can be told; says why. `code` is the exit code that fits."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ping:
    """What search engines are told."""

    base_url: str
    key: str
    urls: tuple[str, ...]

    @property
    def batches(self) -> Sequence[tuple[str, ...]]:
        """The addresses in posts."""
        return [self.urls[at : at + BATCH] for at in range(0, len(self.urls), BATCH)]

    def body(self, urls: Sequence[str]) -> bytes:
        """Return the body of a post."""
        value = {
            "host": urlsplit(self.base_url).netloc,
            "key": self.key,
            "keyLocation": f"{self.base_url}/{self.key}.txt",
            "urlList": list(urls),
        }
        return json.dumps(value).encode()

    def as_json(self) -> dict[str, Any]:
        """Return what is told as the object that `--json` prints."""
        return {"version": FORMAT, "posts": len(self.batches), "urls": list(self.urls)}

    def text(self, limit: int | None, *, sent: bool) -> str:
        """Return what is told as lines, with at most `limit` addresses."""
        lines = list(self.urls[:limit])
        if limit is not None and len(self.urls) > limit:
            lines.append(f"… and {len(self.urls) - limit} more (-v lists all)")
        posts = counted(len(self.batches), "post")
        lines.append(f"{counted(len(self.urls), 'address', 'addresses')}, {posts}")
        if self.urls and not sent:
            lines.append("nothing is sent yet; run it again with --send once this is live")
        return "\n".join(lines)


def changed(options: Options, since: str) -> Ping:
    """Return what changed by a deploy's `changes.json`, or since the ledger of a revision.

    Raises `PingError`.
    """
    settings = _settings(options)
    key = settings.indexnow
    if not key:
        raise PingError(
            f"{SITE} has no `indexnow`: write a key of 8 to 128 letters, figures and dashes there, "
            "such as `python -c 'import secrets; print(secrets.token_hex(16))'` prints"
        )
    file = Path(since)
    routes = _of_deploy(options, file) if file.is_file() else _of_ledger(options, since)
    base = settings.base_url
    return Ping(base, key, tuple(f"{base}{route}" for route in sorted(set(routes))))


def _settings(options: Options) -> Settings:
    problems: list[Any] = []
    settings, _ = read_settings(options.root, problems.append, options.today)
    if problems:
        raise PingError(f"{problems[0].first_line()}", 1)
    return settings


def _of_deploy(options: Options, file: Path) -> Iterator[str]:
    """Yield the addresses of pages that a deploy sent and took away."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
        sent = [item["path"] for item in value["upload"] if item["stage"] in {"page", "redirect"}]
        moved = {item["path"] for item in value["upload"] if item["stage"] == "redirect"}
        removed = list(value["remove"])
    except OSError as error:
        raise PingError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PingError(f"{file} is no changes.json that `changes` wrote") from error
    decision = pipeline.decide(options)
    plan = decision.plan
    if plan is None or not decision.sound:
        raise PingError("the project has errors: `python build.py check` prints them", 1)
    indexed = set(released.indexed(plan))
    for path in sent:
        if _route(path) in indexed or path in moved:
            yield _route(path)
    yield from (_route(path) for path in removed if path.endswith(".html"))


def _route(path: str) -> str:
    return f"/{path.removesuffix('index.html')}"


def _of_ledger(options: Options, ref: str) -> Iterator[str]:
    """Yield the addresses whose line in the ledger says something else than at a revision."""
    try:
        before = released.earlier(options.root, Path(ref)).entries
    except released.UnreadableError as error:
        raise PingError(f"{error}; give a changes.json or a revision") from error
    problems: list[Any] = []
    now = read_ledger(options.root, problems.append).entries
    if problems:
        raise PingError(f"{problems[0].first_line()}", 1)
    if not now and not before:
        raise PingError("nothing was ever released: run `release`, or give a changes.json")
    for route in now.keys() | before.keys():
        if _told(before.get(route)) != _told(now.get(route)):
            yield route


def _told(entry: Entry | None) -> str:
    """Return what a search engine would see of a line: the date of a page that is in the index."""
    return entry.modified if entry is not None and entry.state == RELEASED else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect as the answer: a post that is sent on would become another request."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def send(ping: Ping, endpoint: str) -> Iterator[str]:
    """Post the addresses, and yield a line for each answer. Raises `PingError`."""
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise PingError(f"`{endpoint}` is no address that starts with https://")
    opener = urllib.request.build_opener(_NoRedirect)
    done = 0
    for urls in ping.batches:
        status = _post(opener, endpoint, ping.body(urls), done)
        done += len(urls)
        yield f"{status}: {done} of {counted(len(ping.urls), 'address', 'addresses')} told"


def _post(opener: urllib.request.OpenerDirector, endpoint: str, body: bytes, done: int) -> int:
    """Post a body and return the status of the answer. Raises `PingError`."""
    request = urllib.request.Request(  # noqa: S310  (the scheme was checked)
        endpoint,
        data=body,
        headers={"Content-Type": "application/json; charset=utf-8"},
        method="POST",
    )
    were = "address was" if done == 1 else "addresses were"
    told = f"; {done} {were} told before" if done else ""
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        meaning = _ANSWERS.get(error.code, "see https://www.indexnow.org/documentation")
        raise PingError(f"{endpoint} answered {error.code}: {meaning}{told}", 1) from error
    except urllib.error.URLError as error:
        raise PingError(f"cannot reach {endpoint}: {error.reason}{told}", 1) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PingError(f"no answer from {endpoint}: {error}{told}", 1) from error
