"""Bytes to the output folder; the only module that writes there.

A file that exists is replaced by a temporary file and a rename, so that a reader sees the old
page or the new one; a new file is written directly while the intent record is open. Only files
that a manifest, an intent record, our own mark or our list of files claims are ever removed or
replaced. A record that is damaged claims nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from pageloom import manifest
from pageloom.assets import asset_hash
from pageloom.diagnostics import Diagnostic, Location, quoted
from pageloom.disk import content_key, create, holds, lock, replace, sealed, unsealed
from pageloom.manifest import Listed, Notes, State

MARKER = "build-info.json"
GENERATOR = "Pageloom"
_MARK = b'<meta name="generator" content="Pageloom">'
_XML_MARK = b"<!-- generator: Pageloom -->"
_ASSET = re.compile(r"assets/.+\.([0-9a-f]{10})(?:\.[^./]+)?")
_TEMPORARY = re.compile(r"\..+\.\d+\.pageloom")
_NOT_OURS = "holds files that this program did not write"
WRITTEN, UNCHANGED = "written", "unchanged"


class PublishError(Exception):
    """The output folder cannot be used; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic


class ForeignError(PublishError):
    """The output folder, or a file in it, is somebody else's."""


class Folder:
    """The output folder of a project and its state, which lies outside it."""

    def __init__(self, out: Path, state: Path, sources: tuple[Path, ...] = ()) -> None:
        """Take the output folder, its state, and the folders in which no output may lie."""
        self.out = out
        self._sources = sources
        self._out = str(out)
        self._state = state
        self._manifest = state / "manifest"
        self._intent = state / "intent"
        self._summary = state / "summary"
        self._site = ""
        self._vouched: Mapping[str, str] | None = None

    def beside(self, name: str) -> Path:
        """Return the path of a file in the state folder."""
        return self._state / name

    @property
    def hosting(self) -> Path:
        """Where configuration for the host lies, which is no part of the output."""
        return self._state.parent / "host" / self.out.name

    def last(self) -> dict[str, object]:
        """Return what the last build that ended well left with `conclude`; empty when in doubt."""
        if self._intent.exists() or not self._is_marked():
            return {}
        try:
            found = json.loads("\n".join(unsealed(self._summary)))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.get("out") == str(self.out) else {}

    def conclude(self, summary: Mapping[str, object]) -> None:
        """Keep what a build that ended well found, for one with the same inputs."""
        text = json.dumps({**summary, "out": str(self.out)})
        with self.reported("the summary"):
            replace(self._summary, sealed([text]))

    @contextlib.contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the lock of this output folder; a second build calls `waiting` and waits."""
        with contextlib.ExitStack() as stack:
            with self.reported("the lock"):
                self._state.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context((self._state / "lock").open("ab"))
                lock(file.fileno(), waiting)
            yield

    def read(self) -> State:
        """Return the state. Raises `ForeignError` where the folder is not ours."""
        place = self.out.resolve()
        for folder in self._sources:
            if place.is_relative_to(folder.resolve()):
                raise ForeignError(
                    self._foreign_folder(f"lies in the project's folder `{folder.name}`")
                )
        state = self._read_manifest()
        intended = self._read_intent()
        with self.reported(""):
            marked, state.fresh = self._is_marked(), self._is_free()
            if not marked and not state.fresh and not self._holds_page_of(state):
                raise ForeignError(self._foreign_folder(_NOT_OURS))
        nothing = not state.entries and not state.pages
        state.interrupted = intended is not None or not marked or nothing
        state.intended = frozenset(intended or ())
        return state

    def claim(self, site: str, state: State) -> None:
        """Take the folder for a site, by its address. Raises `ForeignError` where it is another's.

        A project whose manifest has a page there may change its address.
        """
        self._site = site
        other = self._information().get("site", site)
        with self.reported(""):
            if other != site and not self._holds_page_of(state):
                raise ForeignError(self._output_of(quoted(str(other))))

    def _output_of(self, other: str) -> Diagnostic:
        """Return the problem of a folder with the output of another site, or of this one's past."""
        folder = self.out.name
        return Diagnostic(
            code="R504",
            location=Location(folder),
            message=f"`{folder}` is the output of {other}",
            expected=f"the output of {quoted(self._site)}, or an empty folder",
            help=f"if this site had that address before, remove `{folder}` and build again; "
            "if it is another site, choose another folder with --out",
            notes=(
                "a build that finds the `.pageloom/` of the earlier one changes the address itself",
            ),
        )

    def _foreign_folder(self, fault: str) -> Diagnostic:
        return Diagnostic(
            code="R504",
            location=Location(self.out.name),
            message=f"`{self.out.name}` {fault}",
            expected="an empty folder, or one that an earlier build made",
            help="choose another folder with --out, or move the files away",
        )

    def _is_marked(self) -> bool:
        return self._information().get("generator") == GENERATOR

    def _information(self) -> Mapping[str, object]:
        try:
            found = json.loads((self.out / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _is_free(self) -> bool:
        """Whether the folder does not exist or holds nothing but our own temporary files."""
        if not self.out.exists():
            return True
        if not self.out.is_dir():
            return False
        return all(_TEMPORARY.fullmatch(path.name) for path in self.out.iterdir())

    def _holds_page_of(self, state: State) -> bool:
        """Whether a page that the manifest names is there and carries our mark."""
        pages = (self.out / path for path in state.paths() if path.endswith(".html"))
        return any(_MARK in _bytes(page) for page in pages)

    def _read_manifest(self) -> State:
        try:
            return manifest.parsed(unsealed(self._manifest), str(self.out))
        except (OSError, ValueError):
            return State()

    def _read_intent(self) -> list[str] | None:
        try:
            return list(unsealed(self._intent))
        except OSError:
            return None
        except ValueError:
            return []

    def begin(self, new: Iterable[str]) -> None:
        """Open the intent: our mark in the folder, and the list of files that may appear.

        A file that stands there already is not listed: it may be somebody else's.
        """
        with self.reported(""):
            self._state.mkdir(parents=True, exist_ok=True)
            self.out.mkdir(parents=True, exist_ok=True)
            self._summary.unlink(missing_ok=True)
            free = self._is_free()
            marker = self.out / MARKER
            if not marker.exists():
                said = {"generator": GENERATOR, "site": self._site}
                replace(marker, json.dumps(said).encode() + b"\n")
            appearing = (path for path in new if free or not os.path.lexists(self.out / path))
            before = dict.fromkeys(self._read_intent() or ())
            further = (path for path in appearing if path not in before)
            replace(self._intent, sealed(chain(before, further)))

    def finish(
        self, entries: Mapping[str, bytes], pages: Iterable[Listed], notes: Notes, *, complete: bool
    ) -> None:
        """Write the manifest; the intent stays open when some pages failed."""
        with self.reported("the manifest"):
            replace(self._manifest, sealed(manifest.lines(str(self.out), entries, pages, notes)))
            if complete:
                self._intent.unlink(missing_ok=True)

    def put(self, path: str, content: bytes, *, ours: bool, compare: bool) -> str:
        """Write a file unless it holds these bytes already. Raises `PublishError`.

        `ours`: a manifest or intent claims the path. `compare`: it may exist.
        """
        if not compare:
            try:
                create(f"{self._out}/{path}", content)
            except FileExistsError:
                pass
            except OSError as error:
                raise self._refusal(path, error) from error
            else:
                return WRITTEN
        with self.reported(path):
            try:
                return self._put(path, content, ours=ours)
            except (IsADirectoryError, NotADirectoryError) as error:
                raise self._foreign(path) from error

    def _put(self, path: str, content: bytes, *, ours: bool) -> str:
        target = f"{self._out}/{path}"
        try:
            if holds(target, content):
                return UNCHANGED
        except FileNotFoundError:
            create(target, content)
            return WRITTEN
        if not (ours or path == MARKER or self._is_ours(path)):
            raise self._foreign(path)
        replace(target, content)
        return WRITTEN

    def _is_ours(self, path: str) -> bool:
        """Whether a file carries our mark, or the list that an earlier build left names it."""
        old = (self.out / path).read_bytes()
        return _is_marked(path, old) or self._vouches(path, old)

    def _foreign(self, path: str) -> ForeignError:
        return ForeignError(
            Diagnostic(
                code="R505",
                location=Location(f"{self.out.name}/{path}"),
                message=f"`{path}` in the output folder is not ours and stands at a page's address",
                expected="no file of someone else there",
                help="move it away, or put it under content/root/",
            )
        )

    def _vouches(self, path: str, content: bytes) -> bool:
        """Whether the list that an earlier build left in the folder names this very file."""
        return self._listed().get(path) == content_key(content).hex()

    def _listed(self) -> Mapping[str, str]:
        if self._vouched is None:
            found = self._information().get("files")
            self._vouched = found if isinstance(found, dict) else {}
        return self._vouched

    def strays(self, claimed: Mapping[str, object]) -> list[str]:
        """Return files of ours that nothing claims: pages, assets, listed and temporary files."""
        found: list[str] = []
        for folder, _, names in os.walk(self.out):
            for name in names:
                path = Path(folder) / name
                relative = path.relative_to(self.out).as_posix()
                if relative not in claimed and self._is_stray(path, relative):
                    found.append(relative)
        return sorted(found)

    def _is_stray(self, path: Path, relative: str) -> bool:
        if _TEMPORARY.fullmatch(path.name):
            return True
        if path.suffix in {".html", ".xml"} and _is_marked(relative, _bytes(path)):
            return True
        asset = _ASSET.fullmatch(relative)
        if asset:
            return asset[1] == asset_hash(_bytes(path))
        return relative in self._listed() and self._vouches(relative, _bytes(path))

    def remove(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Remove files of ours and the folders that become empty."""
        removed: list[str] = []
        for path in sorted(paths):
            target = self.out / path
            absent = contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError)
            with self.reported(path), absent:
                target.unlink()
                removed.append(path)
            self._prune(target.parent)
        return tuple(removed)

    def _prune(self, folder: Path) -> None:
        while folder != self.out and folder.is_relative_to(self.out):
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent

    @contextlib.contextmanager
    def reported(self, path: str) -> Iterator[None]:
        """Turn a refusal of the operating system into a problem of the output folder."""
        try:
            yield
        except OSError as error:
            raise self._refusal(path, error) from error

    def _refusal(self, path: str, error: OSError) -> PublishError:
        place = error.filename if isinstance(error.filename, str) else path
        return PublishError(
            Diagnostic(
                code="R506",
                location=Location(f"{self.out.name}/{path}".rstrip("/")),
                message=f"cannot be written: {error.strerror or error}",
                expected="a folder that can be written, with room on the disk",
                help="build again when this is mended; what was interrupted is repaired",
                notes=(f"the system refused {place}",) if place else (),
            )
        )


def in_the_way(gone: Iterable[str], new: Iterable[str]) -> set[str]:
    """Return files to be removed whose place is wanted as a folder, or their folder as a file."""
    gone = set(gone)
    if not gone:
        return set()
    wanted = set(new)
    folders = {folder for path in wanted for folder in _above(path)}
    return {path for path in gone if path in folders or not wanted.isdisjoint(_above(path))}


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _is_marked(path: str, content: bytes) -> bool:
    """Whether a file carries the mark that every page and sitemap of ours has."""
    return (_XML_MARK if path.endswith(".xml") else _MARK) in content
