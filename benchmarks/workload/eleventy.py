"""The workload as an Eleventy project: rows in data/, words in words/, pages by pagination."""

from __future__ import annotations

from pathlib import Path

from workload.content import Workload
from workload.files import copy_project, write_data, write_words


def write_project(work: Workload, out: Path) -> None:
    """Write the whole project below `out`."""
    copy_project("eleventy", out)
    write_data(work, out / "data")
    write_words(work, out / "words")
