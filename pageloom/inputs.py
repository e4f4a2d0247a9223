"""Where a project's themes lie, and the digest of what every page depends on."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

from pageloom.load import defaults_root
from pageloom.model import Project

_LIBRARIES = ("jinja2", "markdown", "markupsafe", "pyyaml", "lxml")


def theme_folders(root: Path, project: Project) -> Iterator[tuple[str, Path]]:
    """Yield the theme's folder, the project's default theme, and the one the engine ships."""
    names = dict.fromkeys((project.settings.theme, "default"))
    for name in names:
        folder = root / "themes" / name
        if folder.is_dir():
            yield f"themes/{name}", folder
    if not (root / "themes" / "default").is_dir():
        yield "themes/default", defaults_root()


@cache
def engine_digest() -> bytes:
    """Return the digest of the engine's own files and of the libraries' versions."""
    package = Path(__file__).parent
    digest = blake2b(digest_size=16)
    for path in sorted((*package.rglob("*.py"), *package.rglob("*.json"))):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name} {importlib.metadata.version(name)}".encode())
    digest.update(f"{sys.version_info[:2]}".encode())
    return digest.digest()
