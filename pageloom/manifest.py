"""What earlier builds left: which files there are, and what each was made from.

Pages are kept in parts, neighbours together, as they were surveyed: a part of a hundred thousand
pages that is as it was is compared and kept as a whole, without an object for each page.
"""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from pageloom.diagnostics import Diagnostic

FORMAT = 5
KEY, TITLE = 16, 8
"""Bytes of a page's key and of the digest of its title."""
BETWEEN = "\t"
"""Stands between the files of a part; no address has it."""
T = TypeVar("T")
Notes = Mapping[str, Sequence[Diagnostic]]


class Listed(NamedTuple):
    """Neighbouring pages in order, each text and each digest after the one before it."""

    files: str = ""
    keys: bytes = b""
    """Of what each page is made."""
    titles: bytes = b""
    """Digests of the titles."""
    blocks: bytes = b""
    """Of what some pages at a time are made; empty where one has failed."""

    @classmethod
    def of(cls, entries: Mapping[str, bytes]) -> Listed:
        """Return pages by their files, with the key and the title of each."""
        keys = b"".join([entry[:KEY] for entry in entries.values()])
        return cls(BETWEEN.join(entries), keys, b"".join([e[KEY:] for e in entries.values()]))

    @property
    def first(self) -> str:
        """The file of the first page."""
        return self.files.partition(BETWEEN)[0]

    def paths(self) -> list[str]:
        """Return the files of the pages."""
        return self.files.split(BETWEEN) if self.files else []

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Yield file and key with title of each page."""
        keys, titles = pieces(self.keys, KEY), pieces(self.titles, TITLE)
        for path, key, title in zip(self.paths(), keys, titles, strict=True):
            yield path, key + title

    def at(self, places: Sequence[int], paths: Sequence[str]) -> Mapping[str, bytes]:
        """Return key with title of the pages at some places, where these are their files."""
        files = self.paths()
        if not places or places[-1] >= len(files) or [files[place] for place in places] != paths:
            return {}
        keys, titles = pieces(self.keys, KEY), pieces(self.titles, TITLE)
        return {files[place]: keys[place] + titles[place] for place in places}

    def replaced(
        self, count: int, places: Sequence[int], paths: Sequence[str], *digests: Sequence[bytes]
    ) -> Listed:
        """Return the first `count` pages with other files, keys and titles at some places.

        Places are in order, and each that had no page is among them.
        """
        keys, titles = digests
        return Listed(
            BETWEEN.join(_put(self.paths(), count, places, paths)),
            b"".join(_put(pieces(self.keys, KEY), count, places, keys)),
            b"".join(_put(pieces(self.titles, TITLE), count, places, titles)),
        )


def _put(old: Sequence[T], count: int, places: Sequence[int], new: Sequence[T]) -> Sequence[T]:
    if len(new) == count:
        return new
    found = [*old[:count]]
    for place, value in zip(places, new, strict=True):
        found[place : place + 1] = [value]
    return found


def pieces(digests: bytes, size: int) -> list[bytes]:
    """Return digests that stand one after the other."""
    return [digests[start : start + size] for start in range(0, len(digests), size)]


@dataclass(slots=True)
class State:
    """What earlier builds left: the manifest, and an intent record of one that did not end."""

    entries: dict[str, bytes] = field(default_factory=dict)
    """What other files than those of `pages` were made from: key and digest of the title."""
    pages: Sequence[Listed] = ()
    interrupted: bool = False
    """Whether files may differ from the manifest: each is compared."""
    fresh: bool = False
    """Whether the folder was empty: no file can stand in the way."""
    intended: frozenset[str] = frozenset()
    notes: Notes = field(default_factory=dict)
    """Warnings of pages."""
    _places: dict[str, int] = field(default_factory=dict, init=False)
    """Where a part is, by its first file."""
    _every: dict[str, bytes] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._places = {part.first: place for place, part in enumerate(self.pages)}

    def paths(self) -> Iterator[str]:
        """Yield every file."""
        yield from self.entries
        for part in self.pages:
            yield from part.paths()

    def starting(self, first: str) -> Listed | None:
        """Return the part whose first file this is."""
        place = self._places.get(first)
        return None if place is None else self.pages[place]

    def known(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return what is known of neighbouring files; one that moved far may be left out."""
        if not self.pages:
            return self.entries
        near = sorted({place for path in paths if (place := self._places.get(path)) is not None})
        if near and near[0] > 0:
            near.insert(0, near[0] - 1)  # cuts move when pages come or go
        if near:
            found = dict(entry for place in near for entry in self.pages[place].entries())
        else:
            found = self._every = self._every or dict(
                entry for part in self.pages for entry in part.entries()
            )
        return ChainMap(found, self.entries)


def lines(
    out: str, entries: Mapping[str, bytes], pages: Iterable[Listed], notes: Notes
) -> Iterator[str]:
    """Yield the lines of a manifest: the head, then four for each part."""
    said = {path: [item.as_json() for item in found] for path, found in notes.items()}
    files = {path: entries[path].hex() for path in sorted(entries)}
    yield json.dumps({"format": FORMAT, "out": out, "notes": said, "files": files})
    for part in pages:
        yield part.files
        yield part.keys.hex()
        yield part.titles.hex()
        yield part.blocks.hex()


def parsed(lines: Iterable[str], out: str) -> State:
    """Return the state of the lines of a manifest. Raises `ValueError` where it is not of `out`."""
    found = iter(lines)
    try:
        info = json.loads(next(found, ""))
        if info["format"] != FORMAT or info["out"] != out:
            raise ValueError("of another folder")
        entries = {path: bytes.fromhex(entry) for path, entry in info["files"].items()}
        notes = {
            path: [Diagnostic.from_json(item) for item in said]
            for path, said in info["notes"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("damaged") from error
    parts = zip(found, found, found, found, strict=True)
    pages = [Listed(files, *map(bytes.fromhex, digests)) for files, *digests in parts]
    return State(entries, pages, notes=notes)
