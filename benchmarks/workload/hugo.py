"""The workload as a Hugo project: rows in data/, words in content/, pages by a content adapter."""

from __future__ import annotations

from pathlib import Path

from workload.content import Workload
from workload.files import copy_project, write, write_data, write_words

_HIDDEN = (
    "---\nbuild: {list: never, render: never}\n"
    "cascade:\n  build: {list: never, render: never}\n---\n"
)
"""Words that pages take in have no page of their own."""


def write_project(work: Workload, out: Path) -> None:
    """Write the whole project below `out`."""
    copy_project("hugo", out)
    write_data(work, out / "data")
    content = out / "content"
    for section in ("answer", "next", "angles", "exact"):
        write(content / section / "_index.md", _HIDDEN)
    write_words(work, content)
