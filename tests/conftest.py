"""Whole sites from a string."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment
from projects import write_files
from trees import flagship

_ASSET = re.compile(rb"(/assets/[a-z-]+)\.[0-9a-f]{10}\.")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that accepts golden files."""
    parser.addoption("--update-golden", action="store_true", help="accept what the tests made")


def pytest_configure() -> None:
    """Forget the variables that CI services set: with them, a build says more than without."""
    for name in [name for name in os.environ if name == "CI" or name.startswith("GITHUB_")]:
        del os.environ[name]


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a project and returns its folder."""

    def make(text: str) -> Path:
        write_files(tmp_path, text)
        return tmp_path

    return make


@pytest.fixture(scope="session")
def flagship_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the flagship's site, built once."""
    return flagship(tmp_path_factory.mktemp("flagship"))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Path], None]:
    """Return a function that compares a folder with an accepted one, or accepts it.

    Only pages and the other texts for readers and crawlers are kept; a hash in the name of an asset
    is shown as `HASH`, so that an edit of the stylesheet changes no golden file.
    """

    def compare(name: str, folder: Path) -> None:
        accepted = Path(__file__).parent / "golden" / name
        made = {path: _shown(folder / path) for path in _texts(folder)}
        if request.config.getoption("--update-golden"):
            shutil.rmtree(accepted, ignore_errors=True)
            for path, content in made.items():
                (accepted / path).parent.mkdir(parents=True, exist_ok=True)
                (accepted / path).write_bytes(content)
        kept = {path: (accepted / path).read_bytes() for path in _texts(accepted)}
        assert sorted(kept) == sorted(made)
        for path, content in made.items():
            assert kept[path].decode() == content.decode(), path

    return compare


def _texts(folder: Path) -> list[str]:
    kept = {".html", ".xml", ".txt", ".json"}
    found = (path for path in folder.rglob("*") if path.suffix in kept)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _shown(path: Path) -> bytes:
    return _ASSET.sub(rb"\1.HASH.", path.read_bytes())


@pytest.fixture(scope="module")
def templates_compiled_once() -> Iterator[None]:
    """Keep the code of equal templates, which takes half the time of small builds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", cache(Environment.compile))
        yield
