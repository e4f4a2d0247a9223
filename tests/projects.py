"""Projects written as one text."""

from __future__ import annotations

import re
from pathlib import Path

_FILE = re.compile(r"^-- (\S+) --\n", re.MULTILINE)


def write_files(root: Path, text: str) -> None:
    """Write the files of a text in which `-- path --` starts each."""
    parts = _FILE.split(text)
    for path, content in zip(parts[1::2], parts[2::2], strict=True):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
