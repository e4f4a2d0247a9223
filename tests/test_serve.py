"""The site while it is edited: what an address answers, what an edit does, what the panel says."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trees
from serving import PROJECT, project, serving

from pageloom import cli
from pageloom.options import Options
from pageloom.serve import run, watch

Site = Callable[[str], Path]


def asked(port: int, path: str, method: str = "GET", **headers: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = (answer.status, answer.headers, answer.read().decode())
    connection.close()
    return found


def state(port: int, path: str) -> Any:
    return json.loads(asked(port, f"/__pageloom/state?path={path}")[2])


def test_pages_are_those_of_a_build_with_one_script_more(site: Site):
    root = project(site(PROJECT))
    with serving(root) as (_, port):
        trees.made(root)
        for path, content in trees.tree(root / "site").items():
            if path == "404.html":
                continue
            status, headers, body = asked(port, "/" + path.removesuffix("index.html"))
            assert status == 200, path
            before, script, after = body.partition('<script src="/__pageloom/client.js"')
            assert bool(script) == path.endswith(".html")
            tag, _, rest = after.partition("</script>")
            assert "data-digest=" in tag or not script
            assert before + (rest if script else "") == content.decode(), path
            hashed = path.startswith("assets/")
            assert headers["Cache-Control"] == (
                "max-age=31536000, immutable" if hashed else "no-store"
            )


def test_nothing_is_written_but_the_cache(site: Site):
    root = project(site(PROJECT))
    before = set(trees.tree(root))
    with serving(root) as (_, port):
        asked(port, "/")
    new = set(trees.tree(root)) - before
    assert all(path.startswith(".pageloom/cache/") for path in new)


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/index.html", 200, "text/html; charset=utf-8"),
        ("/alfa/smoke/", 200, "text/html; charset=utf-8"),
        ("/alfa/smoke", 301, "text/html; charset=utf-8"),
        ("/alfa/smoke/index.html", 200, "text/html; charset=utf-8"),
        ("/alfa/noise/", 404, "text/html; charset=utf-8"),
        ("/nowhere/", 404, "text/html; charset=utf-8"),
        ("/404.html", 404, "text/html; charset=utf-8"),
        ("/robots.txt", 200, "text/plain; charset=utf-8"),
        ("/sitemap.xml", 200, "application/xml"),
        ("/build-info.json", 200, "application/json"),
        ("/favicon.svg", 200, "image/svg+xml"),
        ("/.well-known/about.txt", 200, "text/plain; charset=utf-8"),
        ("/../matrix/matrix.yaml", 404, "text/html; charset=utf-8"),
        ("/%2e%2e/matrix/matrix.yaml", 404, "text/html; charset=utf-8"),
        ("/..%2f..%2fetc/passwd", 404, "text/html; charset=utf-8"),
        ("//etc/passwd", 404, "text/html; charset=utf-8"),
        ("/page/2/", 404, "text/html; charset=utf-8"),
        ("/__pageloom/other", 404, "text/html; charset=utf-8"),
        ("/%00", 404, "text/html; charset=utf-8"),
    ],
)
def test_an_address_has_its_status_and_type(site: Site, path: str, status: int, kind: str):
    with serving(project(site(PROJECT))) as (_, port):
        found, headers, body = asked(port, path)
        assert (found, headers["Content-Type"]) == (status, kind)
        assert "format: 1" not in body
        if status == 404:
            assert "There is nothing here." in body
        if status == 301:
            assert headers["Location"] == f"{path}/"
        head = asked(port, path, "HEAD")
        assert (head[0], head[1]["Content-Length"], head[2]) == (
            found,
            headers["Content-Length"],
            "",
        )


def test_only_reading_and_only_this_machine(site: Site):
    with serving(project(site(PROJECT))) as (_, port):
        assert asked(port, "/", "POST")[0] == 501
        assert asked(port, "/", Host="rebound.example")[0] == 403
        assert asked(port, "/", Host=f"localhost:{port}")[0] == 200


def test_an_edit_makes_only_what_it_touches_and_equals_a_clean_build(site: Site):
    root = project(site(PROJECT))
    with serving(root) as (live, port):
        for edit in (
            lambda: trees.replace(root / "content/smoke.md", "a new fan", "two new fans"),
            lambda: trees.replace(root / "content/answer.md", "first", "at once"),
            lambda: trees.replace(root / "matrix/makers.yaml", "name: Beta", "name: Bravo"),
            lambda: trees.replace(root / "themes/shop/slots/faults.html", "About", "On"),
            lambda: (root / "content/smoke.md").rename(root / "content/fumes.md"),
            lambda: trees.replace(root / "content/fumes.md", "fault: smoke", "fault: noise"),
        ):
            edit()
            assert live.rebuild().sound
            clean = trees.rebuilt(root, root.parent / "scratch")
            for path, content in clean.items():
                answer = live.answer("/" + path.removesuffix("index.html"))
                assert answer is not None
                assert answer.body == content, path
        assert live.prove() > 0
        assert live.prove() == 0
        trees.replace(root / "content/fumes.md", "two new fans", "three fans")
        live.rebuild()
        assert live.prove() == 1
        assert asked(port, "/alfa/noise/")[0] == 200


def test_a_problem_keeps_the_last_page_and_is_told_with_its_line(site: Site):
    root = project(site(PROJECT))
    with serving(root) as (live, port):
        trees.replace(root / "content/smoke.md", "a new fan", "{{ maker.nam }}")
        assert not live.rebuild().sound
        assert "a new fan" in asked(port, "/alfa/smoke/")[2]
        told = state(port, "/alfa/smoke/")
        assert (told["sound"], told["errors"]) == (False, 1)
        (problem,) = told["problems"]
        assert (problem["path"], problem["line"], problem["code"]) == (
            "content/smoke.md",
            5,
            "C216",
        )
        assert (
            problem["text"]
            == "Alfa sends {{ maker.nam }} for smoke, and asks for the old one back."
        )
        trees.replace(root / "content/smoke.md", "{{ maker.nam }}", "a fan")
        assert live.rebuild().sound
        assert state(port, "/alfa/smoke/")["problems"] == []


def test_a_project_that_was_never_sound_shows_its_problems_and_recovers(site: Site):
    root = project(site(PROJECT))
    (root / "matrix/makers.yaml").write_text("- slug: alfa\n  name: [\n")
    with serving(root) as (live, port):
        status, _, body = asked(port, "/alfa/smoke/")
        assert status == 500
        assert "/__pageloom/client.js" in body
        assert state(port, "/")["problems"][0]["code"] == "M101"
        (root / "matrix/makers.yaml").write_text("- slug: alfa\n  name: Alfa\n")
        live.rebuild()
        assert asked(port, "/alfa/smoke/")[0] == 200


def test_the_panel_says_which_file_and_line_made_each_section(site: Site):
    with serving(project(site(PROJECT))) as (_, port):
        page = state(port, "/alfa/smoke/")["page"]
        assert page["verdict"] == "published"
        answer, fault = page["sections"]
        assert (answer["id"], answer["path"], answer["line"]) == ("answer", "content/smoke.md", 5)
        assert (fault["id"], fault["path"]) == ("fault", "themes/shop/slots/faults.html")
        assert fault["over"][0]["said"] == "fault smoke"
        assert (fault["over"][0]["path"], fault["over"][0]["line"]) == ("matrix/faults.yaml", 3)
        assert page["cells"] == []


def test_a_preview_shows_folded_cells_with_their_numbers(site: Site):
    root = project(site(PROJECT))
    with serving(root, preview=True) as (_, port):
        page = state(port, "/")["page"]
        assert [cell["route"] for cell in page["cells"]] == [
            "/alfa/noise/",
            "/beta/noise/",
            "/beta/smoke/",
        ]
        first = page["cells"][0]
        assert first["verdict"] == "folded"
        assert first["numbers"]["specific share"] == "0.00"
        assert first["reasons"] == ["specific share 0.00, 0.30 wanted"]
        status, _, body = asked(port, "/alfa/noise/")
        assert status == 200
        assert "noindex" in body


def test_problems_of_pages_come_and_go_with_them(site: Site):
    root = project(site(PROJECT))
    with serving(root) as (live, port):
        assert state(port, "/")["problems"] == []
        trees.replace(root / "matrix/faults.yaml", "name: Smoke", "name: " + "Smoke and fire " * 9)
        live.rebuild()
        live.prove()
        assert [item["code"] for item in state(port, "/")["problems"]] == ["P601"]
        (root / "content/smoke.md").unlink()
        live.rebuild()
        live.prove()
        assert state(port, "/")["problems"] == []


def test_a_browser_hears_when_its_page_has_changed_and_when_another_has(site: Site):
    root = project(site(PROJECT))
    with serving(root) as (live, port):
        digest = live.digest("/alfa/smoke/")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", f"/__pageloom/events?path=/alfa/smoke/&digest={digest}")
        stream = connection.getresponse()

        def heard() -> str:
            while not (line := stream.readline().decode()).startswith("event:"):
                pass
            return line.strip()

        assert stream.headers["Content-Type"] == "text/event-stream"
        assert heard() == "event: state"
        trees.replace(root / "content/answer.md", "first", "at once")
        live.rebuild()
        assert heard() == "event: state"
        trees.replace(root / "content/smoke.md", "a new fan", "a fan")
        live.rebuild()
        assert heard() == "event: reload"
        stream.close()
        connection.close()


@pytest.mark.parametrize("watcher", [watch.changes, watch.polled])
def test_a_change_is_seen(site: Site, watcher: Any):
    if watcher is watch.changes:
        pytest.importorskip("watchfiles")
    root = project(site(PROJECT))
    stop, ready = threading.Event(), threading.Event()
    found: list[set[str]] = []

    def look() -> None:
        ready.set()
        for changed in watcher(root, stop):
            found.append(changed)
            stop.set()

    looking = threading.Thread(target=look)
    looking.start()
    ready.wait()
    for number in range(100):
        if stop.wait(0.1):
            break
        (root / "content/answer.md").write_text(f"{number}\n")
    looking.join(10)
    assert found[0] == {"content/answer.md"}


def test_the_command_serves_rebuilds_and_ends(site: Site):
    root = project(site(PROJECT))
    stop, said = threading.Event(), []
    served = threading.Thread(
        target=run.serve, args=(Options(root=root), "127.0.0.1", 0, said.append, stop)
    )
    served.start()
    for number in range(200):
        if any("changed: ready" in event.text for event in said):
            break
        if any("serving" in event.text for event in said):
            (root / "content/answer.md").write_text(
                f"---\nslot: answer\nfor: {{}}\n---\nAsk {{{{ maker.name }}}} {'again ' * number}\n"
            )
        stop.wait(0.05)
    stop.set()
    served.join(10)
    assert not served.is_alive()
    texts = [event.text for event in said]
    assert texts[0].startswith("built: ready")
    assert any(text.startswith("content/answer.md changed: ready; ") for text in texts)


def test_a_port_that_is_taken_is_wrong_usage(site: Site, capsys: pytest.CaptureFixture[str]):
    root = project(site(PROJECT))
    with serving(root) as (_, port):
        assert cli.main(["serve", "--root", str(root), "--port", str(port)]) == 2
    assert f"cannot serve on 127.0.0.1, port {port}" in capsys.readouterr().err
