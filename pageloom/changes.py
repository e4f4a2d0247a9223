"""What a deploy must send and take away, against the list of files that an earlier one left.

Files are sent in an order in which no reader meets a link to something that is not there: assets,
other files, pages, former addresses, sitemaps, and last the record of the build. What is taken away
goes at the end. An asset that no page names any more stays for one more deploy, for pages that a
reader has open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pageloom import hosts
from pageloom.disk import content_key, replace
from pageloom.options import Options
from pageloom.publish import MARKER

FORMAT = 1
CHANGES, FILES = "changes.json", "files.json"
_ORDER = ("asset", "file", "page", "redirect", "sitemap", "record")


class ChangesError(Exception):
    """There is nothing to compare; says why."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a deploy must do, and what is there afterwards."""

    upload: tuple[Mapping[str, str], ...]
    """Files in the order to send them, with what a host must know of each."""
    remove: tuple[str, ...]
    files: Mapping[str, str]
    """The digest of every file that is part of the site now."""
    retired: Mapping[str, str]
    """Those of assets that stay until the next deploy."""

    def text(self) -> str:
        """Return the changes on one line."""
        added = sum(item["change"] == "added" for item in self.upload)
        changed = len(self.upload) - added
        return f"{added} added, {changed} changed, {len(self.remove)} removed"

    def as_json(self) -> dict[str, Any]:
        """Return the changes as the object of `changes.json`."""
        return {"format": FORMAT, "upload": list(self.upload), "remove": list(self.remove)}

    def write(self, folder: Path) -> Path:
        """Write the changes, and the list of files that the next deploy is compared with."""
        folder.mkdir(parents=True, exist_ok=True)
        listed = {"format": FORMAT, "files": dict(self.files), "retired": dict(self.retired)}
        for name, value in ((FILES, listed), (CHANGES, self.as_json())):
            text = json.dumps(value, indent=1, ensure_ascii=False)
            replace(folder / name, text.encode() + b"\n")
        return folder / CHANGES


def compare(options: Options, before: Path | None) -> Changes:
    """Return what changed since the deploy that left the list `before`; all where it is None.

    Raises `ChangesError`.
    """
    files, retired = _read(before) if before is not None else ({}, {})
    known = {**retired, **files}
    digests: dict[str, str] = {}
    upload: list[Mapping[str, str]] = []
    for path, content, told in _files(options):
        digests[path] = _digest(content, told)
        if known.get(path) != digests[path]:
            change = "changed" if path in known else "added"
            upload.append({"path": path, "change": change, "stage": _stage(path, told), **told})
    upload.sort(key=lambda item: (_ORDER.index(item["stage"]), item["path"]))
    kept = {
        path: digest
        for path, digest in files.items()
        if path.startswith(hosts.ASSETS) and path not in digests
    }
    gone = sorted(path for path in known if path not in digests and path not in kept)
    return Changes(tuple(upload), tuple(gone), digests, kept)


def _files(options: Options) -> Iterator[tuple[str, bytes, Mapping[str, str]]]:
    """Yield every file of the site with its content and what a host must know of it."""
    folder = options.folder
    state = folder.read()
    if state.interrupted:
        raise ChangesError(f"{folder.out} is no whole build: run `python build.py` first")
    beside = folder.hosting / hosts.REDIRECTS
    redirects = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    for path in sorted(state.paths()):
        if path in hosts.READ_BY_HOSTS or path in redirects:
            continue
        try:
            content = (folder.out / path).read_bytes()
        except OSError as error:
            raise ChangesError(f"{path}: {error.strerror}; build with --verify") from error
        yield path, content, hosts.metadata(path)
    for path, target in redirects.items():
        yield path, b"", {**hosts.metadata(path), "redirect": target}


def _digest(content: bytes, known: Mapping[str, str]) -> str:
    """Return the digest of a file with what a host knows of it."""
    return content_key(json.dumps(known, sort_keys=True).encode() + content).hex()


def _stage(path: str, told: Mapping[str, str]) -> str:
    if "redirect" in told:
        return "redirect"
    if path == MARKER:
        return "record"
    if path.startswith(hosts.ASSETS):
        return "asset"
    kinds = {"html": "page", "xml": "sitemap"}
    return kinds.get(path.rpartition(".")[2], "file")


def _read(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return files and retired assets of the list that an earlier deploy left."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ChangesError(f"{path} is a list of another version; run without it to send all")
        return dict(found["files"]), dict(found["retired"])
    except OSError as error:
        raise ChangesError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ChangesError(f"{path} is no list that `changes` wrote") from error
