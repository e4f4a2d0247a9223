"""Whole sites from a string."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

_FILE = re.compile(r"^-- (\S+) --\n", re.MULTILINE)


def write_files(root: Path, text: str) -> None:
    """Write the files of a text in which `-- path --` starts each."""
    parts = _FILE.split(text)
    for path, content in zip(parts[1::2], parts[2::2], strict=True):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a project and returns its folder."""

    def make(text: str) -> Path:
        write_files(tmp_path, text)
        return tmp_path

    return make
