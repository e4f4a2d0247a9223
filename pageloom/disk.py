"""Files written whole, records that show damage, and locks.

A file that exists is replaced by a temporary file and a rename; a new one is written directly.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

_AT_ONCE = 1 << 18
"""Characters of a record that are written at once, or a few more."""


def content_key(content: bytes) -> bytes:
    """Return the key of a file that is not made from rows: the digest of its bytes."""
    return blake2b(content, digest_size=16).digest()


def sealed(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield lines with their digest at the end, so that damage is seen."""
    seal = blake2b(digest_size=16)
    some: list[str] = []
    size = 0
    for line in lines:
        some.append(f"{line}\n")
        size += len(line) + 1
        if size >= _AT_ONCE:
            yield _sealed(seal, some)
            some, size = [], 0
    yield _sealed(seal, some)
    yield seal.hexdigest().encode() + b"\n"


def _sealed(seal: blake2b, lines: Iterable[str]) -> bytes:
    content = "".join(lines).encode()
    seal.update(content)
    return content


def unsealed(path: Path) -> Iterator[str]:
    """Yield the lines of a sealed record. Raises `ValueError` at its end where it is damaged."""
    seal = blake2b(digest_size=16)
    last = b""
    with path.open("rb") as file:
        for line in file:
            if last:
                seal.update(last)
                yield last[:-1].decode()
            last = line
    if last != seal.hexdigest().encode() + b"\n":
        raise ValueError("damaged")


def create(target: str | Path, content: bytes | Iterable[bytes]) -> None:
    """Write a new file; most are the only one in their folder, which is made first."""
    _make_parent(target)
    _write_new(target, content)


def _write_new(target: str | Path, content: bytes | Iterable[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(target, flags, 0o644)
    try:
        for part in (content,) if isinstance(content, bytes) else content:
            _write_all(handle, part)
    finally:
        os.close(handle)


def _make_parent(target: str | Path) -> None:
    parent = target.rpartition("/")[0] if isinstance(target, str) else target.parent
    try:
        os.mkdir(parent)  # noqa: PTH102  (this path is taken by every new page)
    except FileExistsError:
        return
    except FileNotFoundError:
        os.makedirs(parent, exist_ok=True)  # noqa: PTH103


def _write_all(handle: int, content: bytes) -> None:
    written = os.write(handle, content)
    while written < len(content):
        written += os.write(handle, content[written:])


def replace(target: str | Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file so that a reader sees the old one or the new one."""
    folder, _, name = str(target).replace(os.sep, "/").rpartition("/")
    temporary = f"{folder}/.{name}.{os.getpid()}.pageloom"
    try:
        try:
            _write_new(temporary, content)
        except FileNotFoundError:
            create(temporary, content)
        except FileExistsError:  # of a build that was killed
            os.unlink(temporary)  # noqa: PTH108  (this path is taken by every page that changes)
            _write_new(temporary, content)
        os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def holds(path: str, content: bytes) -> bool:
    """Whether a file holds just these bytes. Raises `FileNotFoundError`."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        found = os.read(handle, len(content) + 1)
        while found and len(found) <= len(content) and (more := os.read(handle, len(content) + 1)):
            found += more
    finally:
        os.close(handle)
    return found == content


def lock(handle: int, waiting: Callable[[], None]) -> None:
    """Wait for the lock of a file; call `waiting` where another process has it."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover  (Windows)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(handle, fcntl.LOCK_EX)
