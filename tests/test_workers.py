"""The same pages whoever makes them: this process, forked or spawned ones, threads."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pageloom import writing
from pageloom.aside import Aside
from pageloom.options import Options
from pageloom.pipeline import build

GARDEN = Path(__file__).parent / "sites" / "garden"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def spawned() -> Executor:
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing.pool, "PARALLEL_FROM", 1)
    monkeypatch.setattr(writing.pool, "CELLS_A_TASK", 2)


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(GARDEN, tmp_path_factory.mktemp("garden") / "garden"))


@pytest.fixture(scope="module")
def alone(garden: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("alone") / "site"
    build(Options(root=garden, out=out, jobs=1))
    return tree(out)


@pytest.mark.parametrize("make", [spawned, lambda: ThreadPoolExecutor(3)], ids=["spawn", "threads"])
def test_an_executor_of_the_caller_makes_the_same_pages(
    tmp_path: Path, garden: Path, alone: dict[str, bytes], make: Callable[[], Executor]
):
    with make() as executor:
        outcome = build(Options(root=garden, out=tmp_path / "site", executor=executor))
    assert [problem for problem in outcome.problems if problem.is_error] == []
    assert tree(tmp_path / "site") == alone


def test_processes_that_inherit_nothing_make_the_same_pages(
    tmp_path: Path, garden: Path, alone: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    monkeypatch.setattr(
        writing.pool,
        "ProcessPoolExecutor",
        lambda count: ProcessPoolExecutor(count, multiprocessing.get_context("spawn")),
    )
    build(Options(root=garden, out=tmp_path / "site", jobs=2))
    assert tree(tmp_path / "site") == alone


def test_forked_processes_make_the_same_pages(
    tmp_path: Path, garden: Path, alone: dict[str, bytes]
):
    build(Options(root=garden, out=tmp_path / "site", jobs=3))
    assert tree(tmp_path / "site") == alone


@given(st.integers(0, 30), st.integers(1, 4), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_each_task_is_done_once_and_answered_in_order(tasks: int, others: int, random: Random):
    done: list[int] = []
    waits = [random.choice((0.0, 0.0, 0.001)) for _ in range(tasks)]

    def task(number: int) -> int:
        time.sleep(waits[number])
        done.append(number)
        return number * number

    turns = writing.pool.Turns(tasks)
    with ThreadPoolExecutor(others, "", writing.pool.start, (None, turns)) as executor:
        for _ in range(2):
            arguments = [(number,) for number in range(tasks)]
            found = writing.pool.shared_out(executor, turns, task, arguments)
            assert list(found) == [number * number for number in range(tasks)]
    assert sorted(done) == sorted([*range(tasks), *range(tasks)])


def test_work_aside_gives_its_text_and_is_done_here_where_it_fails():
    here = os.getpid()

    def fails_elsewhere() -> str:
        if os.getpid() != here:
            raise RuntimeError("not here")
        return "here"

    assert Aside(lambda: "é" * 3).text == "ééé"
    assert Aside(fails_elsewhere).text == "here"


def test_one_waits_a_while_for_work_aside():
    slow = Aside(lambda: (time.sleep(0.3), "slow")[1])
    assert not slow.within(0.01)
    assert slow.within(60)
    assert slow.text == "slow"


def test_without_copies_of_the_process_work_aside_is_done_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "fork")
    here = Aside(lambda: str(os.getpid()))
    assert here.within(0)
    assert here.text == str(os.getpid())
