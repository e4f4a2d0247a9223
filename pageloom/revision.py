"""Revisions of the project in git: which there are, and what was in them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

INPUTS = ("matrix", "content", "themes")
"""The folders of a project that a build reads."""


class RevisionError(Exception):
    """There is no such revision to compare with."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository that a project lies in."""

    top: Path
    prefix: str
    """The project's folder in the repository; empty where it is the whole."""
    commit: str

    def export(self, target: Path, below: str = "") -> None:
        """Write the project as it was, or a folder of it. Raises `RevisionError`."""
        tree = f"{self.commit}:{self.prefix}" if self.prefix else self.commit
        failure = f"the project's folder `{self.prefix or '.'}` is not in {self.commit[:12]}"
        paths = ("--", below) if below else ()
        _, content = _git(self.top, failure, "archive --format=tar", tree, *paths)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            _extract(archive, target.resolve())

    def changed(self, *below: str) -> tuple[str, ...]:
        """Return the files below folders of the project that are not as they were then.

        Raises `RevisionError`.
        """
        place = self.top / self.prefix
        failure = f"{self.commit[:12]} cannot be compared"
        differing = "diff --name-only --relative -z"
        differ, _ = _git(place, failure, differing, self.commit, "--", *below)
        new, _ = _git(place, failure, "ls-files --others --exclude-standard -z --", *below)
        return tuple(sorted(path for path in f"{differ}\0{new}".split("\0") if path))

    def has(self, path: str) -> bool:
        """Whether a file or folder of the project was there. Raises `RevisionError`."""
        place = f"{self.prefix}/{path}" if self.prefix else path
        words = "ls-tree --name-only -z"
        found, _ = _git(self.top, f"{self.commit[:12]} cannot be read", words, self.commit, place)
        return bool(found)


def resolved(root: Path, ref: str) -> Revision:
    """Return the commit of `ref` in the project's repository. Raises `RevisionError`."""
    top, _ = _git(root, f"{root.absolute()} is in no git repository", "rev-parse --show-toplevel")
    prefix, _ = _git(root, "the project has no path in git", "rev-parse --show-prefix")
    wanted = f"{ref}^{{commit}}"
    words = "rev-parse --verify --quiet --end-of-options"
    commit, _ = _git(root, f"git knows no revision `{ref}`", words, wanted)
    return Revision(Path(top), prefix.strip("/"), commit)


def named(root: Path, ref: str) -> str:
    """Return the commit of `ref` when a build would read what it holds. Raises `RevisionError`."""
    revision = resolved(root, ref)
    changed = revision.changed(*INPUTS)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise RevisionError(f"{changed[0]}{more} not as in {ref}: commit, or leave --commit out")
    return revision.commit


def _git(folder: Path, failure: str, words: str, *further: str) -> tuple[str, bytes]:
    """Return what git prints, as text and as bytes. Raises `RevisionError`."""
    try:
        done = subprocess.run(  # noqa: S603  (no shell; the revision is one argument)
            ["git", "-C", str(folder), *words.split(), *further],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise RevisionError("git is not installed") from error
    if done.returncode:
        raise RevisionError(failure)
    text = "" if words.startswith("archive") else done.stdout.decode(errors="surrogateescape")
    return text.strip(), done.stdout


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write the files of an archive, and the links that do not lead out of a folder.

    `tarfile.data_filter` does so from Python 3.11.4 on; Debian 12 has 3.11.2.
    """
    links: dict[Path, str] = {}
    for member in archive:
        place = folder / member.name
        if not _is_inside(place, folder):
            continue
        content = archive.extractfile(member) if member.isfile() else None
        if content is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.read())
        elif member.issym():
            links[place] = member.linkname
    for place, name in links.items():  # no file is written through one
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(name)
    for place in [place for place in links if not _is_inside(place, folder)]:
        place.unlink()


def _is_inside(place: Path, folder: Path) -> bool:
    try:
        return place.resolve().is_relative_to(folder)
    except (OSError, RuntimeError):  # links make a circle
        return False
