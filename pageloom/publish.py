"""Bytes to the output folder; the only module that writes there.

A file that exists is replaced by a temporary file and a rename, so that a reader sees the old
page or the new one; a new file is written directly while the intent record is open. Only files
that a manifest, an intent record or our own mark claims are ever removed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pageloom.diagnostics import Diagnostic, Location

FORMAT = 1
MARKER = "build-info.json"
GENERATOR = "Pageloom"
_MARK = b'<meta name="generator" content="Pageloom">'
WRITTEN, UNCHANGED = "written", "unchanged"


class ForeignError(Exception):
    """The output folder, or a file in it, is somebody else's."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manifest knows of a file: its key and a digest of its title (may be empty)."""

    key: bytes
    title: str = ""


@dataclass(slots=True)
class State:
    """What earlier builds left: the manifest, and an intent record of one that did not end."""

    entries: dict[str, Entry] = field(default_factory=dict)
    interrupted: bool = False
    intended: frozenset[str] = frozenset()
    inputs: str = ""
    notes: tuple[dict[str, object], ...] = ()


class Folder:
    """The output folder of a project and its state, which lies outside it."""

    def __init__(self, out: Path, state: Path) -> None:
        self.out = out
        self._state = state
        self._manifest = state / "manifest"
        self._intent = state / "intent"

    @contextlib.contextmanager
    def locked(self, waiting: object = None) -> Iterator[None]:
        """Hold the lock of this output folder; a second build waits."""
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / "lock").open("wb") as file:
            _lock(file.fileno(), waiting)
            yield

    def read(self) -> State:
        """Return the state. Raises `ForeignError` where the folder is not ours."""
        entries, inputs, notes = self._read_manifest()
        intended = self._read_intent()
        if not entries and intended is None and not self._is_ours():
            message = f"`{self.out.name}` holds files that this program did not write"
            raise ForeignError(
                Diagnostic(
                    code="R504",
                    location=Location(self.out.name),
                    message=message,
                    expected="an empty folder, or one that an earlier build made",
                    help="choose another folder with --out, or move the files away",
                )
            )
        interrupted = intended is not None or (not entries and self.out.is_dir())
        return State(entries, interrupted, frozenset(intended or ()), inputs, notes)

    def _is_ours(self) -> bool:
        if not self.out.exists():
            return True
        if not self.out.is_dir():
            return False
        if not any(self.out.iterdir()):
            return True
        try:
            info = json.loads((self.out / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(info, dict) and info.get("generator") == GENERATOR

    def _read_manifest(self) -> tuple[dict[str, Entry], str, tuple[dict[str, object], ...]]:
        try:
            text = self._manifest.read_text(encoding="utf-8")
            head, _, rest = text.partition("\n")
            info = json.loads(head)
            if info["format"] != FORMAT or info["out"] != str(self.out) or text[-4:] != "end\n":
                return {}, "", ()
            entries: dict[str, Entry] = {}
            for line in rest.split("\n")[:-2]:
                key, title, path = line.split(" ", 2)
                entries[path] = Entry(bytes.fromhex(key), title)
            return entries, str(info["inputs"]), tuple(info.get("notes", ()))
        except (OSError, ValueError, KeyError, TypeError):
            return {}, "", ()

    def _read_intent(self) -> list[str] | None:
        try:
            lines = self._intent.read_text(encoding="utf-8").split("\n")
        except OSError:
            return None
        except ValueError:
            return []
        return [line for line in lines if line]

    def begin(self, new: Iterable[str]) -> None:
        """Open the intent: our mark in the folder, and the list of files that may appear."""
        self._state.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        marker = self.out / MARKER
        if not marker.exists():
            _replace(marker, json.dumps({"generator": GENERATOR}).encode() + b"\n")
        intended = sorted({*(self._read_intent() or ()), *new})
        _replace(self._intent, "".join(f"{path}\n" for path in intended).encode())

    def finish(
        self,
        entries: Mapping[str, Entry],
        inputs: str,
        notes: Iterable[Mapping[str, object]],
        *,
        complete: bool,
    ) -> None:
        """Write the manifest; the intent stays open when some pages failed."""
        head = json.dumps(
            {"format": FORMAT, "out": str(self.out), "inputs": inputs, "notes": list(notes)}
        )
        lines = [
            f"{entry.key.hex()} {entry.title} {path}" for path, entry in sorted(entries.items())
        ]
        _replace(self._manifest, "\n".join([head, *lines, "end\n"]).encode())
        if complete:
            self._intent.unlink(missing_ok=True)

    def put(self, path: str, content: bytes, *, ours: bool, compare: bool) -> str:
        """Write a file unless it holds these bytes already. Raises `ForeignError`.

        `ours`: a manifest or intent claims the path. `compare`: it may exist.
        """
        target = self.out / path
        if not compare:
            try:
                _create(target, content)
            except FileExistsError:
                pass
            else:
                return WRITTEN
        try:
            old = target.read_bytes()
        except FileNotFoundError:
            _create(target, content)
            return WRITTEN
        except IsADirectoryError as error:
            raise _foreign(path) from error
        if old == content:
            return UNCHANGED
        if not ours and _MARK not in old and path != MARKER:
            raise _foreign(path)
        _replace(target, content)
        return WRITTEN

    def strays(self, claimed: Mapping[str, object]) -> list[str]:
        """Return pages in the folder that carry our mark and that nothing claims."""
        found: list[str] = []
        for folder, _, names in os.walk(self.out):
            for name in names:
                path = Path(folder) / name
                relative = path.relative_to(self.out).as_posix()
                ours = name.endswith(".html") and relative not in claimed
                if ours and _MARK in path.read_bytes():
                    found.append(relative)
        return sorted(found)

    def remove(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Remove files of ours and the folders that become empty."""
        removed: list[str] = []
        for path in sorted(paths):
            target = self.out / path
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                target.unlink()
                removed.append(path)
            parent = target.parent
            while parent != self.out and parent.is_relative_to(self.out):
                try:
                    parent.rmdir()
                except OSError:
                    break
                parent = parent.parent
        return tuple(removed)


def _foreign(path: str) -> ForeignError:
    return ForeignError(
        Diagnostic(
            code="R505",
            location=Location(path),
            message=f"`{path}` in the output folder is not ours and stands at a page's address",
            expected="no file of someone else there",
            help="move it away, or put it under content/root/",
        )
    )


def _create(target: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(target, flags, 0o644)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(target, flags, 0o644)
    try:
        _write_all(handle, content)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    written = os.write(handle, content)
    while written < len(content):
        written += os.write(handle, content[written:])


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _lock(handle: int, waiting: object) -> None:
    try:
        import fcntl
    except ImportError:  # pragma: no cover  (Windows)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if callable(waiting):
            waiting()
        fcntl.flock(handle, fcntl.LOCK_EX)
