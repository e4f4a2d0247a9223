"""What search engines are told, by posts to a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ledgers import released
from test_diff import git
from trees import append, copied, made

from pageloom import cli, ping
from pageloom.options import Options
from pageloom.release import release

KEY = "0123456789abcdef0123456789abcdef"
BASE = "https://garden.example"


@dataclass
class Engine:
    """A search engine: what it was told, and what it answers."""

    url: str = ""
    status: int = 200
    told: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Return a search engine that runs on this machine."""
    found = Engine()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.types.append(self.headers["Content-Type"])
            found.told.append(json.loads(body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.send_header("Location", f"{found.url}elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/indexnow"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """Return a project with a key that was released and committed."""
    root = copied("garden", tmp_path / "garden")
    append(root / "content/site.yaml", f"indexnow: {KEY}\n")
    released(root, "2026-11-25")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "first")
    return root


def run(root: Path, *given: str) -> int:
    """Ping by the command line."""
    return cli.main(["ping", "--root", str(root), *given])


def edited(root: Path) -> None:
    """Change one page, take one away, and release that."""
    append(root / "content/advice/north-rose-mildew.md", "\nMore of it, in other words.\n")
    (root / "content/advice/north-rose-aphid.md").unlink()
    options = Options(root=root, today="2026-11-27", accept_deindex=1, jobs=1)
    assert release(options).withdrawn == ("/north/rose/aphid/",)


def test_the_key_stands_in_a_file_of_its_own(garden: Path):
    made(garden)
    assert (garden / f"site/{KEY}.txt").read_text(encoding="utf-8") == KEY


def test_a_file_of_the_owner_cannot_take_the_place_of_the_key(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    (garden / "content/root").mkdir(exist_ok=True)
    (garden / f"content/root/{KEY}.txt").write_text("mine", encoding="utf-8")
    assert cli.main(["check", "--root", str(garden)]) == 1
    assert "error[R503]" in capsys.readouterr().err


def test_nothing_is_sent_without_being_told(
    garden: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
):
    edited(garden)
    assert run(garden, "HEAD", "--endpoint", engine.url) == 0
    out = capsys.readouterr().out.splitlines()
    assert f"{BASE}/north/rose/aphid/" in out
    assert out[-1].startswith("nothing is sent yet")
    assert engine.told == []


def test_what_differs_from_the_ledger_of_a_revision_is_told(garden: Path, engine: Engine):
    edited(garden)
    assert run(garden, "HEAD", "--send", "--endpoint", engine.url) == 0
    (told,) = engine.told
    assert f"{BASE}/north/rose/aphid/" in told.pop("urlList")
    location = f"{BASE}/{KEY}.txt"
    assert told == {"host": "garden.example", "key": KEY, "keyLocation": location}
    assert engine.types == ["application/json; charset=utf-8"]


def test_pages_that_did_not_change_are_not_told(garden: Path):
    edited(garden)
    routes = {url.removeprefix(BASE) for url in ping.changed(Options(root=garden), "HEAD").urls}
    assert "/north/rose/aphid/" in routes
    assert len(routes) < 8


def test_where_nothing_changed_nothing_is_posted(
    garden: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
):
    assert run(garden, "HEAD", "--send", "--endpoint", engine.url) == 0
    assert capsys.readouterr().out == "0 addresses, 0 posts\n"
    assert engine.told == []


def test_the_pages_of_a_deploy_are_told_and_no_other_files(garden: Path):
    made(garden)
    assert cli.main(["changes", "--root", str(garden)]) == 0
    file = next((garden / ".pageloom").rglob("changes.json"))
    urls = ping.changed(Options(root=garden), str(file)).urls
    assert f"{BASE}/" in urls
    assert f"{BASE}/north/rose/aphid/" in urls
    assert [url for url in urls if not url.endswith("/")] == []


def test_addresses_go_in_posts_of_ten_thousand(engine: Engine):
    urls = tuple(f"{BASE}/{number}/" for number in range(25_000))
    told = ping.Ping(BASE, KEY, urls)
    assert len(list(ping.send(told, engine.url))) == 3
    assert [len(one["urlList"]) for one in engine.told] == [10_000, 10_000, 5_000]
    assert [url for one in engine.told for url in one["urlList"]] == list(urls)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (403, "answered 403: the key is not valid: is its file on the live site yet?"),
        (422, "answered 422: an address is not of this host"),
        (429, "answered 429: too many requests"),
        (301, "answered 301: see https://www.indexnow.org/documentation"),
        (500, "answered 500: see https://www.indexnow.org/documentation"),
    ],
)
def test_an_answer_that_is_no_success_is_told(
    garden: Path, engine: Engine, status: int, meaning: str, capsys: pytest.CaptureFixture[str]
):
    edited(garden)
    engine.status = status
    assert run(garden, "HEAD", "--send", "--endpoint", engine.url) == cli.PROBLEMS
    assert meaning in capsys.readouterr().err
    assert len(engine.told) == 1


def test_an_accepted_post_is_a_success(garden: Path, engine: Engine):
    edited(garden)
    engine.status = 202
    assert run(garden, "HEAD", "--send", "--endpoint", engine.url) == 0


def test_an_engine_that_cannot_be_reached_is_told(garden: Path, capsys: pytest.CaptureFixture[str]):
    edited(garden)
    assert run(garden, "HEAD", "--send", "--endpoint", "http://127.0.0.1:9/") == cli.PROBLEMS
    assert "cannot reach http://127.0.0.1:9/: " in capsys.readouterr().err


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://a.example/", "file:///etc/hosts", "x"])
def test_an_endpoint_that_is_not_secure_is_refused(
    garden: Path, url: str, capsys: pytest.CaptureFixture[str]
):
    edited(garden)
    assert run(garden, "HEAD", "--send", "--endpoint", url) == cli.USAGE
    assert "no address that starts with https://" in capsys.readouterr().err


def test_without_a_key_there_is_nothing_to_tell_with(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    path = garden / "content/site.yaml"
    text = path.read_text(encoding="utf-8").replace(f"indexnow: {KEY}\n", "")
    path.write_text(text, encoding="utf-8")
    assert run(garden, "HEAD") == cli.USAGE
    assert "content/site.yaml has no `indexnow`" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["short", "with_line_below_it", "a/../../etc/passwd", "x" * 129])
def test_a_key_that_no_engine_takes_is_a_problem(
    garden: Path, key: str, capsys: pytest.CaptureFixture[str]
):
    path = garden / "content/site.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(KEY, key), encoding="utf-8")
    assert cli.main(["check", "--root", str(garden), "-q"]) == 1
    assert "content/site.yaml" in capsys.readouterr().err
    assert run(garden, "HEAD") == cli.PROBLEMS


@pytest.mark.parametrize("since", ["nowhere", "content/site.yaml"])
def test_what_is_no_revision_and_no_list_is_wrong_usage(
    garden: Path, since: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(garden)
    assert run(garden, since) == cli.USAGE
    assert since in capsys.readouterr().err


def test_previews_are_told_to_nobody(garden: Path, capsys: pytest.CaptureFixture[str]):
    assert run(garden, "HEAD", "--preview") == cli.USAGE
    assert run(garden, "HEAD", "--noindex", "--send") == cli.USAGE
    assert capsys.readouterr().err.count("told to nobody") == 2


def test_what_would_be_told_as_json(garden: Path, capsys: pytest.CaptureFixture[str]):
    edited(garden)
    assert run(garden, "HEAD", "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["version"], value["posts"]) == (1, 1)
    assert f"{BASE}/north/rose/aphid/" in value["urls"]
