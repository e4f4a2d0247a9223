"""What a build keeps for the next one below `.pageloom/cache/`; anything there may be deleted."""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Collection
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import inputs

_FOLDER = ".pageloom/cache"


def read(root: Path, name: str) -> dict[bytes, Any]:
    """Return what an earlier build kept under a name, by digest; empty when it cannot be used."""
    try:
        raw = (root / _FOLDER / name).read_bytes()
        if raw[:16] != blake2b(raw[16:], digest_size=16).digest():
            return {}
        head, found = marshal.loads(raw[16:])  # noqa: S302  (our own file below the project)
    except (OSError, ValueError, EOFError, TypeError):
        return {}
    return found if head == _head() and isinstance(found, dict) else {}


def worth(found: Collection[bytes], before: Collection[bytes]) -> bool:
    """Whether enough has changed since the last build to keep all of it again.

    Few new texts of many are made again sooner than all are written.
    """
    new = len(set(found).difference(before))
    unused = len(before) - (len(found) - new)
    return new > len(found) // 1000 or unused > len(before) // 4


def write(root: Path, name: str, found: dict[bytes, Any]) -> None:
    """Keep plain values by digest for the next build."""
    path = root / _FOLDER / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{name}.{os.getpid()}.tmp")
        content = marshal.dumps((_head(), found))
        temporary.write_bytes(blake2b(content, digest_size=16).digest() + content)
        temporary.replace(path)
    except OSError:
        return


def _head() -> tuple[str, bytes]:
    return sys.version, inputs.engine_digest()
