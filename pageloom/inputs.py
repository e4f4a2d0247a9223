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
from pageloom.model import SOURCE, Project

_PACKAGE = Path(__file__).parent
_LIBRARIES = ("jinja2", "markdown", "markupsafe", "pyyaml", "lxml")


def defaults_root() -> Path:
    """Return where the engine's own theme and its words lie: in the package or beside it."""
    packaged = _PACKAGE / "defaults" / "theme"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "themes" / "default"


def theme_folders(root: Path, theme: str) -> Iterator[tuple[str, Path]]:
    """Yield the theme's folder, the project's default theme, and the one the engine ships.

    A file is taken from the first folder that has it.
    """
    names = dict.fromkeys((theme, "default"))
    for name in names:
        folder = root / "themes" / name
        if folder.is_dir():
            yield f"themes/{name}", folder
    if not _is_shipped(root / "themes" / "default"):
        yield "pageloom/themes/default", defaults_root()


def _is_shipped(folder: Path) -> bool:
    """Whether a folder is the default theme of the engine itself, as in its own repository."""
    return folder.resolve() == defaults_root().resolve()


def templates(project: Project) -> Iterator[tuple[str, Location]]:
    """Yield the templates and partials that the families name."""
    yield SOURCE, Location("content/site.yaml")
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
    for folder in _read_from(root):
        for path in sorted(_files(str(folder))):
            _update(found, path)
    return found.hexdigest()


def changed_since(root: Path, begun: int) -> bool:
    """Return whether a file that `digest` reads was changed, or came or went, since a time (ns)."""
    folders = [str(folder) for folder in _read_from(root)]
    while folders:
        folder = folders.pop()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            if _later(os.stat(folder), begun):  # noqa: PTH116
                return True
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file() and _later(entry.stat(), begun):
                    return True
    return False


def _later(found: os.stat_result, begun: int) -> bool:
    """Whether a file was changed since; its own time may be an old one that was carried along."""
    return max(found.st_mtime_ns, found.st_ctime_ns) >= begun


def _read_from(root: Path) -> list[Path]:
    """Return the folders that a build reads."""
    themes = [root / "themes" / name for name in sorted(_folders(root / "themes"))]
    folders = [root / "matrix", root / "content", *themes]
    if not _is_shipped(root / "themes" / "default"):
        folders.append(defaults_root())
    return folders


def base_digest(root: Path, options: str) -> bytes:
    """Return the digest of what rows, settings, words and root files are read from."""
    found = blake2b(options.encode(), digest_size=16)
    for path in sorted(_files(str(root / "matrix"))):
        _update(found, path)
    for path in sorted(_files(str(root / "content"))):
        if not path.endswith(".md") or f"{os.sep}root{os.sep}" in path:
            _update(found, path)
    for path in sorted(_files(str(defaults_root() / "words"))):
        _update(found, path)
    found.update("\0".join(sorted(_folders(root / "themes"))).encode())
    return found.digest()


def _folders(folder: Path) -> Iterator[str]:
    """Yield the names of the folders in a folder."""
    with contextlib.suppress(OSError):
        yield from (place.name for place in folder.iterdir() if place.is_dir())


def _update(found: blake2b, path: str) -> None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (thousands of files, a third faster)
            content = file.read()
    except OSError as error:  # who needs the file tells of it
        content = f"\0{error.errno}".encode()
    found.update(f"{path}\0{len(content)}\0".encode(errors="surrogateescape"))
    found.update(content)


def _files(folder: str) -> Iterator[str]:
    """Yield the files below a folder; links to folders are not entered, as `source.files` does."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.is_file(follow_symlinks=False) or _leads_to_a_file(entry.path):
                yield entry.path


def _leads_to_a_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113  (unlike entries, quiet where links make a circle)


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
