"""Ranges of cells with their pages, as the first process of a build holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress

from pageloom.manifest import KEY, TITLE, Listed, pieces
from pageloom.writing.worker import ADDED, AS_BEFORE, FAILED, Range

_NO_KEY = bytes(KEY)


@dataclass(slots=True)
class Part:
    """A range of cells and what was found of its pages."""

    range: Range
    pages: Listed
    indexed: bytes
    stale: bytes
    """One byte a page, not 0 where it is made."""
    kept: bool
    """Whether the manifest has a part of just these files."""
    statuses: bytes = b""
    """What became of the pages that were made."""

    @property
    def total(self) -> int:
        """How many pages are made."""
        return len(self.stale) - self.stale.count(AS_BEFORE)

    def added(self) -> Iterator[str]:
        """Yield the files that the manifest does not have."""
        if ADDED in self.stale:
            yield from compress(self.pages.paths(), map(ADDED.__eq__, self.stale))

    def made(self, status: int) -> Iterator[str]:
        """Yield the files of the pages that were made and of which this became."""
        if status in self.statuses:
            paths = compress(self.pages.paths(), self.stale)
            yield from compress(paths, map(status.__eq__, self.statuses))

    def listed(self) -> Listed:
        """Return the pages as the manifest keeps them: without the keys of those that failed.

        Their old files stay, and stay ours; one that had none is left out.
        """
        failed = set(self.made(FAILED))
        if not failed:
            return self.pages
        keys, titles = pieces(self.pages.keys, KEY), pieces(self.pages.titles, TITLE)
        entries = {
            path: (_NO_KEY if path in failed else key) + title
            for path, key, title, stale in zip(
                self.pages.paths(), keys, titles, self.stale, strict=True
            )
            if path not in failed or stale != ADDED
        }
        return Listed.of(entries)


def paths_of(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the files of all pages."""
    for part in parts:
        yield from part.pages.paths()


def routes_of(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the addresses of the indexed pages."""
    for part in parts:
        for path in compress(part.pages.paths(), part.indexed):
            yield "/" + path.removesuffix("index.html")
