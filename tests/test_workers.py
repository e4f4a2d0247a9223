"""The same pages whoever makes them: this process, forked or spawned ones, threads."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from pageloom import writing
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
