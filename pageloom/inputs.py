"""Where a project's themes lie, and the digest of what every page depends on."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

from pageloom.diagnostics import Location
from pageloom.model import Project

_PACKAGE = Path(__file__).parent
_LIBRARIES = ("jinja2", "markdown", "markupsafe", "pyyaml", "lxml")


def defaults_root() -> Path:
    """Return where the engine's own theme and its words lie: in the package or beside it."""
    packaged = _PACKAGE / "defaults" / "theme"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "themes" / "default"


def theme_folders(root: Path, theme: str) -> Iterator[tuple[str, Path]]:
    """Yield the theme's folder, the project's default theme, and the one the engine ships."""
    names = dict.fromkeys((theme, "default"))
    for name in names:
        folder = root / "themes" / name
        if folder.is_dir():
            yield f"themes/{name}", folder
    if not (root / "themes" / "default").is_dir():
        yield "themes/default", defaults_root()


def templates(project: Project) -> Iterator[tuple[str, Location]]:
    """Yield the templates and partials that the families name."""
    yield "partials/source.html", Location("content/site.yaml")
    for family in project.families.values():
        yield family.template, family.location
        for slot in family.slots:
            if slot.partial:
                yield slot.partial, slot.location


def digest(root: Path, options: str) -> str:
    """Return the digest of every byte that a build below `root` may read, and of its options.

    Contents are read, not times: what is touched but equal changes nothing.
    """
    found = blake2b(engine_digest() + options.encode(), digest_size=16)
    folders = [root / name for name in ("matrix", "content", "themes")]
    if not (root / "themes" / "default").is_dir():
        folders.append(defaults_root())
    for folder in folders:
        for path in sorted(_files(str(folder))):
            with open(path, "rb") as file:  # noqa: PTH123  (thousands of files, a third faster)
                content = file.read()
            found.update(f"{path}\0{len(content)}\0".encode(errors="surrogateescape"))
            found.update(content)
    return found.hexdigest()


def _files(folder: str) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                yield entry.path


@cache
def engine_digest() -> bytes:
    """Return the digest of the engine's own files and of the libraries' versions."""
    package = _PACKAGE
    digest = blake2b(digest_size=16)
    for path in sorted((*package.rglob("*.py"), *package.rglob("*.json"))):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name} {importlib.metadata.version(name)}".encode())
    digest.update(f"{sys.version_info[:2]}".encode())
    return digest.digest()
