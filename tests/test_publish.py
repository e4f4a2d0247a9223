"""Writing to the output folder: interrupted at any moment, shared with others, damaged."""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import append, copied, errors, made, rebuilt, replace, stamps, tree

from pageloom import disk, keys, pipeline, publish, unchanged, writing
from pageloom.diagnostics import Diagnostic, Location
from pageloom.manifest import KEY, TITLE, Listed
from pageloom.options import Options
from pageloom.outcome import Outcome
from pageloom.pipeline import build
from pageloom.publish import Folder
from pageloom.unchanged import Seen
from pageloom.writing import writer
from pageloom.writing.files import InTurn

ROOT = Path(__file__).parent.parent
OPERATIONS = ("open", "write", "replace", "rename", "unlink", "mkdir", "rmdir")


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    """Return a small project."""
    return copied("trades", tmp_path / "trades")


def edit(root: Path) -> None:
    """Change, add and remove pages, an asset and a root file."""
    replace(root / "matrix" / "cities.yaml", "name: Oslo", "name: Old Oslo")
    replace(root / "matrix" / "trades.yaml", "- slug: roofer", "- slug: thatcher")
    replace(root / "matrix" / "rules.yaml", "trade: roofer", "trade: thatcher")
    static = root / "themes" / "trades" / "static"
    static.mkdir()
    (static / "site.css").write_text("main { margin: 1em }\n", encoding="utf-8")
    (root / "content" / "root").mkdir()
    (root / "content" / "root" / "humans.txt").write_text("Us.\n", encoding="utf-8")


def attempt(root: Path) -> Outcome:
    """Build, whatever comes of it."""
    return build(Options(root=root, jobs=1))


def restore(start: Path, root: Path) -> None:
    """Put output and state back to what they were."""
    for name in ("site", ".pageloom"):
        shutil.rmtree(root / name, ignore_errors=True)
        if (start / name).exists():
            shutil.copytree(start / name, root / name)


class Failing:
    """Lets the n-th change of the file system fail, and all later ones when `dead`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: Path, *, dead: bool) -> None:
        self.left = -1
        self._place = str(place)
        self._dead = dead
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def changed(*arguments: object, **options: object) -> object:
            if self.left >= 0 and self._is_ours(name, arguments):
                if self.left == 0:
                    self.left = 0 if self._dead else -1
                    if name == "write":
                        real(arguments[0], bytes(arguments[1])[:100])  # type: ignore[call-overload]
                    raise OSError(28, "No space left on device")
                self.left -= 1
            return real(*arguments, **options)

        return changed

    def _is_ours(self, name: str, arguments: tuple[object, ...]) -> bool:
        return name == "write" or str(arguments[0]).startswith(self._place)


def assert_old_or_new(
    found: dict[str, bytes], old: dict[str, bytes], new: dict[str, bytes], moment: object
) -> None:
    """Every page is the old or the new one; a new page may be missing or cut off."""
    for path, content in found.items():
        if path.startswith(".") or "/." in path:
            continue
        wanted = {old.get(path), new.get(path)} - {None}
        partial = path not in old and new.get(path, b"").startswith(content)
        assert content in wanted or partial or path == "build-info.json", (moment, path)
    for path in old.keys() & new.keys():
        assert path in found, (moment, path)


@pytest.mark.parametrize("dead", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("first", [False, True], ids=["a later build", "the first build"])
def test_each_change_of_the_file_system_may_fail(
    trades: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool, dead: bool
):
    old: dict[str, bytes] = {}
    if not first:
        made(trades, jobs=1)
        old = tree(trades / "site")
    edit(trades)
    new = rebuilt(trades, tmp_path / "clean")
    decision = pipeline.decide(Options(root=trades))
    monkeypatch.setattr(pipeline, "decide", lambda _: decision)
    start = tmp_path / "start"
    shutil.copytree(trades, start)
    failing = Failing(monkeypatch, trades, dead=dead)
    number = 0
    while True:
        restore(start, trades)
        failing.left = number
        outcome = attempt(trades)
        ran_through = failing.left > 0
        failing.left = -1
        assert_old_or_new(tree(trades / "site"), old, new, number)
        made(trades, jobs=1)
        assert tree(trades / "site") == new, number
        if ran_through:
            break
        assert {problem.code for problem in outcome.problems if problem.is_error} <= {"R506"}
        number += 1
    assert made(trades, jobs=1).written == ()
    assert number > 30


def test_killed_at_random_moments_the_next_build_repairs(trades: Path, tmp_path: Path):
    made(trades)
    old = tree(trades / "site")
    edit(trades)
    new = rebuilt(trades, tmp_path / "clean")
    start = tmp_path / "start"
    shutil.copytree(trades, start)
    chance = random.Random(7)
    slow = (
        "import os, sys, time\n"
        "real = os.open\n"
        "def later(*a, **k):\n"
        "    time.sleep(0.003)\n"
        "    return real(*a, **k)\n"
        "print('go', flush=True)\n"
        "from pageloom import cli, pipeline\n"
        "os.open = later\n"
        "cli.main(sys.argv[1:])\n"
    )
    for _ in range(6):
        shutil.rmtree(trades)
        shutil.copytree(start, trades)
        process = subprocess.Popen(
            [sys.executable, "-c", slow, "--root", str(trades), "--quiet", "--verify"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(0.15 + chance.random() * 0.35)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert_old_or_new(tree(trades / "site"), old, new, "killed")
        made(trades)
        assert tree(trades / "site") == new


def test_a_folder_of_someone_else_is_refused(trades: Path):
    (trades / "site").mkdir()
    (trades / "site" / "thesis.html").write_text("mine", encoding="utf-8")
    outcome = attempt(trades)
    assert errors(outcome) == [
        "site:1:1: error[R504]: `site` holds files that this program did not write"
    ]
    assert tree(trades / "site") == {"thesis.html": b"mine"}


def test_a_folder_of_someone_else_in_our_folders_place_is_refused(trades: Path):
    made(trades)
    shutil.rmtree(trades / "site")
    (trades / "site").mkdir()
    (trades / "site" / "index.html").write_text("mine", encoding="utf-8")
    assert [problem.code for problem in attempt(trades).problems] == ["R504"]
    assert tree(trades / "site") == {"index.html": b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(trades: Path):
    (trades / "site").write_text("mine", encoding="utf-8")
    assert [problem.code for problem in attempt(trades).problems] == ["R504"]


def test_files_of_someone_else_stay(trades: Path):
    made(trades)
    theirs = {"notes.txt": b"theirs", "oslo/draft.html": b"theirs", "assets/logo.svg": b"theirs"}
    for path, content in theirs.items():
        (trades / "site" / path).write_bytes(content)
    edit(trades)
    made(trades)
    (trades / "matrix" / "cities.yaml").write_text(
        "- {slug: bergen, name: Bergen}\n", encoding="utf-8"
    )
    (trades / "matrix" / "rules.yaml").write_text("[]\n", encoding="utf-8")
    (trades / "content" / "oslo-plumber.md").unlink()
    made(trades)
    shutil.rmtree(trades / ".pageloom")
    made(trades)
    found = tree(trades / "site")
    assert {path: found[path] for path in theirs} == theirs
    assert "oslo/index.html" not in found


@pytest.mark.parametrize(
    "path", ["oslo/glazier/index.html", "oslo/glazier", "humans.txt", "assets/new"]
)
def test_a_file_of_someone_else_at_a_new_address_is_never_overwritten(trades: Path, path: str):
    made(trades)
    place = trades / "site" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("theirs", encoding="utf-8")
    root_file = trades / "content" / "root" / "humans.txt"
    root_file.parent.mkdir()
    root_file.write_text("ours", encoding="utf-8")
    new = "- slug: glazier\n  name: Glazier\n  name_in_sentence: a glazier\n"
    append(trades / "matrix" / "trades.yaml", new)
    for _ in range(3):
        attempt(trades)
        assert place.read_text(encoding="utf-8") == "theirs"
    replace(trades / "matrix" / "trades.yaml", new, "")
    root_file.unlink()
    made(trades)
    assert place.read_text(encoding="utf-8") == "theirs"


def test_a_file_of_someone_else_is_reported_and_the_rest_is_written(trades: Path):
    made(trades)
    place = trades / "site" / "oslo" / "glazier" / "index.html"
    place.parent.mkdir()
    place.write_text("theirs", encoding="utf-8")
    new = "- slug: glazier\n  name: Glazier\n  name_in_sentence: a glazier\n"
    append(trades / "matrix" / "trades.yaml", new)
    outcome = attempt(trades)
    assert [problem.code for problem in outcome.problems if problem.is_error] == ["R505"]
    assert "bergen/glazier/index.html" in outcome.written
    place.unlink()
    assert "oslo/glazier/index.html" in made(trades).written


def damaged(path: Path) -> None:
    """Change a byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x15
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [damaged, cut, emptied, Path.unlink])
@pytest.mark.parametrize("name", ["manifest", "cache/html"])
@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_lost_and_damaged_records_are_made_again(
    trades: Path, tmp_path: Path, name: str, harm: Callable[[Path], None], *, edited: bool
):
    made(trades)
    (path,) = (trades / ".pageloom").glob(name if "/" in name else f"*/{name}")
    harm(path)
    if edited:
        edit(trades)
    clean = rebuilt(trades, tmp_path / "clean")
    made(trades)
    assert tree(trades / "site") == clean
    assert made(trades).written == ()


@pytest.mark.parametrize("harm", [damaged, cut, emptied, Path.unlink])
def test_a_lost_or_damaged_intent_is_survived(
    trades: Path, tmp_path: Path, harm: Callable[[Path], None]
):
    made(trades)
    (state,) = (trades / ".pageloom").glob("*/manifest")
    folder = Folder((trades / "site").absolute(), state.parent)
    folder.begin(["oslo/new.txt", "oslo/thatcher/index.html"])
    harm(state.parent / "intent")
    (trades / "site" / "oslo" / "new.txt").write_text("theirs", encoding="utf-8")
    edit(trades)
    clean = rebuilt(trades, tmp_path / "clean")
    made(trades)
    assert tree(trades / "site") == {**clean, "oslo/new.txt": b"theirs"}


def test_all_state_may_be_lost(trades: Path, tmp_path: Path):
    made(trades)
    shutil.rmtree(trades / ".pageloom")
    edit(trades)
    made(trades)
    assert tree(trades / "site") == rebuilt(trades, tmp_path / "clean")


def test_a_lost_output_folder_is_made_again(trades: Path):
    made(trades)
    before = tree(trades / "site")
    shutil.rmtree(trades / "site")
    made(trades)
    assert tree(trades / "site") == before


def test_a_folder_may_move_with_its_state(trades: Path, tmp_path: Path):
    made(trades)
    before = tree(trades / "site")
    moved = trades.rename(tmp_path / "moved")
    assert made(moved).written == ()
    assert tree(moved / "site") == before


def test_a_touched_page_is_not_written_again(trades: Path):
    made(trades)
    os.utime(trades / "site" / "index.html", (5, 5))
    before = stamps(trades / "site")
    assert made(trades).written == ()
    assert made(trades, verify=True).written == ()
    assert stamps(trades / "site") == before


def test_verify_repairs_what_was_edited_by_hand_or_lost(trades: Path):
    made(trades)
    before = tree(trades / "site")
    (trades / "site" / "index.html").write_text("edited", encoding="utf-8")
    (trades / "site" / "oslo" / "index.html").unlink()
    (trades / "site" / "robots.txt").write_text("edited", encoding="utf-8")
    assert made(trades, verify=True).written == ("index.html", "oslo/index.html", "robots.txt")
    assert tree(trades / "site") == before


def test_a_second_build_waits_for_the_lock(trades: Path):
    made(trades)
    edit(trades)
    (state,) = (trades / ".pageloom").glob("*/manifest")
    outcomes: list[Outcome] = []
    with (state.parent / "lock").open("ab") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        before = stamps(trades / "site")
        second = threading.Thread(target=lambda: outcomes.append(attempt(trades)))
        second.start()
        second.join(0.3)
        assert second.is_alive()
        assert stamps(trades / "site") == before
        fcntl.flock(held.fileno(), fcntl.LOCK_UN)
    second.join(60)
    assert len(outcomes[0].written) > 0


def test_what_is_edited_while_a_build_waits_for_another_is_seen(trades: Path):
    made(trades)
    (state,) = (trades / ".pageloom").glob("*/manifest")
    told: list[str] = []
    options = Options(root=trades)
    seen = Seen(options, waiting=lambda: told.append("waits"))
    outcomes: list[Outcome | None] = []
    with (state.parent / "lock").open("ab") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: outcomes.append(unchanged.build(options, seen)))
        second.start()
        second.join(0.3)
        edit(trades)
        fcntl.flock(held.fileno(), fcntl.LOCK_UN)
    second.join(60)
    assert (outcomes, told) == ([None], ["waits"])
    assert len(build(options, seen=seen).written) > 0
    assert unchanged.build(options, Seen(options)) is not None


def test_two_builds_at_once_leave_one_whole_site(trades: Path, tmp_path: Path):
    clean = rebuilt(trades, tmp_path / "clean")
    command = [sys.executable, "build.py", "--root", str(trades), "--quiet"]
    builds = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in builds] == [0, 0]
    assert tree(trades / "site") == clean


def test_output_goes_to_another_folder(trades: Path, tmp_path: Path):
    made(trades)
    made(trades, out=tmp_path / "deep" / "er" / "out")
    assert tree(tmp_path / "deep" / "er" / "out") == tree(trades / "site")
    assert made(trades).written == ()


@pytest.mark.parametrize("place", [".", "matrix", ".."])
def test_output_over_the_project_is_refused(trades: Path, place: str):
    before = tree(trades)
    outcome = build(Options(root=trades, out=trades / place))
    assert [problem.code for problem in outcome.problems] == ["R504"]
    after = tree(trades)
    assert {path: after[path] for path in before} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("place", ["site", "."])
def test_a_folder_that_cannot_be_written_is_a_problem_not_a_bug(trades: Path, place: str):
    if place == "site":
        made(trades)
        edit(trades)
    (trades / place).chmod(0o555)
    try:
        outcome = attempt(trades)
    finally:
        (trades / place).chmod(0o755)
    assert [problem.code for problem in outcome.problems if problem.is_error] == ["R506"]


def test_a_system_that_refuses_is_a_problem_not_a_bug(
    trades: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(target: Path, content: bytes) -> None:
        del content
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(disk, "_write_new", refuse)
    outcome = attempt(trades)
    assert errors(outcome) == ["site:1:1: error[R506]: cannot be written: Permission denied"]


def test_temporary_files_of_a_killed_build_are_removed(trades: Path):
    made(trades)
    before = tree(trades / "site")
    (trades / "site" / "oslo" / ".index.html.123.pageloom").write_bytes(b"half")
    (state,) = (trades / ".pageloom").glob("*/manifest")
    Folder((trades / "site").absolute(), state.parent).begin([])
    made(trades)
    assert tree(trades / "site") == before


def test_what_stands_in_the_way_is_removed_first():
    gone = {"a", "b/index.html", "c/index.html", "d"}
    new = {"a/index.html", "b", "e/d"}
    assert publish.in_the_way(gone, new) == {"a", "b/index.html"}


def test_a_record_keeps_what_it_is_told(tmp_path: Path):
    folder = Folder(tmp_path / "out", tmp_path / "state")
    entries = {"a b/ü.txt": b"\1" * 24, "x\ty\nz": b"\2" * 24}
    pages = [Listed("b/ü.html\tc.html", b"\3" * 32, b"\4" * 16), Listed("d", b"\5" * 16, b"\6" * 8)]
    folder.begin(["b/ü.html", "c.html"])
    assert folder.read().intended == {"b/ü.html", "c.html"}
    notes = {"d": [Diagnostic(code="P601", location=Location("a", 1, 2), message="m")]}
    folder.finish(entries, pages, notes, complete=True)
    state = folder.read()
    assert (state.entries, state.pages, state.notes) == (entries, pages, notes)
    assert list(state.paths()) == [*entries, "b/ü.html", "c.html", "d"]
    assert not state.interrupted


def test_the_output_of_another_site_is_refused(trades: Path, tmp_path: Path):
    other = copied("garden", tmp_path / "garden")
    made(other)
    before = tree(other / "site")
    outcome = build(Options(root=trades, out=other / "site"))
    (found,) = errors(outcome)
    address = json.loads(before["build-info.json"])["site"]
    assert found == f"site:1:1: error[R504]: `site` is the output of `{address}`"
    assert tree(other / "site") == before


def test_an_output_without_its_state_says_what_to_do_when_the_address_changed(trades: Path):
    made(trades)
    shutil.rmtree(trades / ".pageloom")
    settings = trades / "content/site.yaml"
    text = settings.read_text(encoding="utf-8")
    (address,) = re.findall(r"base_url: (\S+)", text)
    settings.write_text(text.replace(address, "https://new.example"), encoding="utf-8")
    (found,) = [problem for problem in build(Options(root=trades)).problems if problem.is_error]
    assert (found.code, found.message) == ("R504", f"`site` is the output of `{address}`")
    assert found.expected == "the output of `https://new.example`, or an empty folder"
    assert found.help.startswith("if this site had that address before, remove `site` and build")
    shutil.rmtree(trades / "site")
    made(trades)


def test_a_site_may_change_its_address(trades: Path):
    made(trades)
    settings = trades / "content" / "site.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r"base_url: .*", "base_url: https://b.example", text), "utf-8")
    made(trades)
    assert json.loads(tree(trades / "site")["build-info.json"])["site"] == "https://b.example"


def test_a_template_that_fails_lets_nothing_be_written(trades: Path):
    made(trades)
    before = tree(trades / "site")
    edit(trades)
    page = trades / "themes" / "default" / "page.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("{{ page.h1|upper }}", encoding="utf-8")
    outcome = attempt(trades)
    assert [problem.code for problem in outcome.problems if problem.is_error][:1] == ["T305"]
    assert outcome.written == outcome.removed == ()
    assert tree(trades / "site") == before


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_rows_that_move_the_cuts_between_tasks_leave_the_site_that_is_built_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
):
    root = copied("garden", tmp_path / "garden")
    made(root)
    whole = tree(root / "site")
    monkeypatch.setattr(writing.pool, "CELLS_A_TASK", size)
    monkeypatch.setattr(keys, "BLOCK", 2)
    assert made(root, verify=True).written == ()
    rows = (root / "matrix" / "grown.yaml").read_text(encoding="utf-8")
    first, *others = rows.split("\n- ")
    for left in (others, others[1:], [*others[:1], *others[2:]]):
        text = "\n- ".join([first, *left]) if left is not others[1:] else "- " + "\n- ".join(left)
        (root / "matrix" / "grown.yaml").write_text(text, encoding="utf-8")
        outcome = made(root)
        clean = rebuilt(root, tmp_path / "clean")
        assert tree(root / "site") == clean
        shutil.rmtree(tmp_path / "clean", ignore_errors=True)
        changed = {path for path, content in clean.items() if whole.get(path) != content}
        assert changed <= set(outcome.written), text
        whole = clean


def test_inputs_that_change_while_a_build_runs_are_not_taken_for_those_it_read(
    trades: Path, monkeypatch: pytest.MonkeyPatch
):
    path = trades / "matrix" / "cities.yaml"
    before = path.read_text(encoding="utf-8")
    load = pipeline.load.project

    def late(*args: object, **kwargs: object) -> object:
        replace(path, "name: Oslo", "name: Old Oslo")  # after the digest was taken
        return load(*args, **kwargs)

    seen = Seen(Options(root=trades))
    assert seen.digest.text
    with monkeypatch.context() as patch:
        patch.setattr(pipeline.load, "project", late)
        build(Options(root=trades, jobs=1), None, seen)
    assert b"Old Oslo" in (trades / "site" / "oslo" / "index.html").read_bytes()
    path.write_text(before, encoding="utf-8")
    assert "oslo/index.html" in made(trades).written
    assert b"Old Oslo" not in (trades / "site" / "oslo" / "index.html").read_bytes()


def test_a_build_sees_what_came_and_went_since_it_began(trades: Path):
    seen = Seen(Options(root=trades))
    time.sleep(0.02)
    seen.look_again()
    assert seen.stayed
    (trades / "content" / "a" / "b").mkdir(parents=True)
    seen.look_again()
    assert not seen.stayed
    for change in (Path.touch, Path.unlink):
        seen = Seen(Options(root=trades))
        time.sleep(0.02)
        change(trades / "content" / "a" / "b" / "c.md")
        seen.look_again()
        assert not seen.stayed


def test_the_digest_of_inputs_is_that_of_the_start_of_a_build(
    trades: Path, monkeypatch: pytest.MonkeyPatch
):
    path = trades / "matrix" / "cities.yaml"
    before = path.read_text(encoding="utf-8")
    guard = pipeline.guard

    def late(*args: Any) -> None:
        guard(*args)
        replace(path, "name: Oslo", "name: Old Oslo")  # after everything was read

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "guard", late)
        build(Options(root=trades, jobs=1))
    assert "oslo/index.html" in made(trades).written
    path.write_text(before, encoding="utf-8")
    assert "oslo/index.html" in made(trades).written


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone"])
def test_a_text_that_changes_while_it_is_read_ends_the_build_with_nothing_written(
    trades: Path, monkeypatch: pytest.MonkeyPatch, *, gone: bool
):
    made(trades)
    before = tree(trades / "site")
    text = next((trades / "content").rglob("*.md"))
    append(text, "More.\n")
    plan = pipeline.expand.plan

    def late(*args: Any) -> object:
        found = plan(*args)
        if gone:
            text.unlink()
        else:
            append(text, "Still more.\n")
        return found

    whole = text.read_text(encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(pipeline.expand, "plan", late)
        outcome = attempt(trades)
    name = text.relative_to(trades).as_posix()
    assert errors(outcome) == [f"{name}:1:1: error[C116]: `{name}` was changed while it was read"]
    assert tree(trades / "site") == before
    text.write_text(whole, encoding="utf-8")
    made(trades)
    assert tree(trades / "site") != before


@pytest.mark.parametrize("short", [False, True], ids=["read at once", "read in parts"])
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_file_holds_just_its_own_bytes(short: bool, content: bytes, other: bytes):  # noqa: FBT001
    read = os.read
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "page"
        path.write_bytes(content)
        if short:
            patch.setattr(os, "read", lambda handle, size: read(handle, min(size, 7)))
        assert disk.holds(str(path), content)
        assert disk.holds(str(path), other) == (content == other)
        assert disk.holds(str(path), content + other) == (other == b"")
        with pytest.raises(FileNotFoundError):
            disk.holds(f"{path}.not", content)


def test_a_temporary_file_of_a_build_that_was_killed_is_written_over(tmp_path: Path):
    target = tmp_path / "page"
    target.write_bytes(b"old")
    left = tmp_path / f".page.{os.getpid()}.pageloom"
    left.write_bytes(b"half")
    disk.replace(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
    assert target.read_bytes() == b"new"


@given(
    st.lists(st.integers(0, 20).map(lambda n: n.to_bytes(TITLE, "big")), max_size=30),
    st.integers(1, 8),
)
def test_every_title_that_is_there_already_is_told(titles: list[bytes], at_once: int):
    """Also where so many are compared that they are looked at in shares."""
    pages = {f"{place}/index.html": bytes(KEY) + title for place, title in enumerate(titles)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "AT_ONCE", at_once)
        told = list(writer.duplicates([Listed.of(pages)]))
    assert len(told) == len(titles) - len(set(titles))


def test_files_that_are_made_in_turn_may_be_asked_for_in_any_order():
    made: list[str] = []

    def make() -> Iterator[tuple[str, bytes]]:
        for name in "abc":
            made.append(name)
            yield name, name.encode()

    files = InTurn(make)
    assert [files.content(name) for name in "abc"] == [b"a", b"b", b"c"]
    assert made == ["a", "b", "c"]
    assert [files.content(name) for name in "cab"] == [b"c", b"a", b"b"]
