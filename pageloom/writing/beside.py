"""Configuration for the host beside the output: `.pageloom/host/`, then the output's name.

A file of it in the output would be public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pageloom import hosts
from pageloom.disk import replace
from pageloom.publish import Folder


def put(folder: Folder, files: Mapping[str, bytes]) -> None:
    """Write these files and remove those of hosts that the site no longer names."""
    for name in hosts.BESIDE:
        target, content = folder.hosting / name, files.get(name)
        with folder.reported(""):
            if content is None:
                target.unlink(missing_ok=True)
            elif not target.is_file() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace(target, content)


def weight(out: Path, paths: Iterable[str]) -> int:
    """Return the bytes of files of the output together."""
    return sum(file.stat().st_size for path in paths if (file := out / path).is_file())
