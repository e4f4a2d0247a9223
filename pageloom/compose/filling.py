"""What fills a slot of a cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pageloom.model import Cite, Link, Segment


@dataclass(slots=True, eq=False)
class Filled:
    """What fills a slot of a cell: bytes, citations and links in turn.

    Not frozen: several are made a page, and freezing costs more than making.
    """

    segments: tuple[Segment, ...]
    marked: tuple[Segment, ...] = ()
    """For a data slot: the same with marks around what a join's own row printed."""
    facts: frozenset[str] = frozenset()
    """For a data slot: the facts and sources that a join's own row cites."""
    whole: bytes = b""
    """Its bytes, where nothing in it is left to the page."""
    cites: tuple[Cite, ...] = ()
    """Its citations; those of texts that differ in their words alone are one object."""
    links: int = 0
    """At most how many links it has, those within the page left out."""
    counted: int = -1
    """Its spaces, once they were counted."""
    dead: tuple[Link, ...] = ()
    """Links of which only the words are there, since they lead to no page."""
    own: bool = False
    """Whether it was made for one cell."""

    @property
    def spaces(self) -> int:
        """How many spaces it has but for links put in: about as many as words; counted once."""
        if self.counted < 0:
            self.counted = sum(part.count(b" ") for part in self.segments if type(part) is bytes)
        return self.counted


def links(segments: Iterable[Segment]) -> int:
    """Return at most how many links segments have, those within the page left out."""
    return sum(
        links_of(segment) if isinstance(segment, bytes) else isinstance(segment, Link)
        for segment in segments
    )


def links_of(html: bytes) -> int:
    """Return how many links HTML has, those within the page left out."""
    return html.count(b'<a href="') - html.count(b'<a href="#')


def filled(
    segments: tuple[Segment, ...],
    marked: tuple[Segment, ...] = (),
    facts: frozenset[str] = frozenset(),
) -> Filled:
    """Return segments as a filling, with what it leaves to the page."""
    holes = any(not isinstance(segment, bytes) for segment in segments)
    cites = tuple(segment for segment in segments if isinstance(segment, Cite)) if holes else ()
    whole = b"" if holes else b"".join(s for s in segments if isinstance(s, bytes))
    return Filled(segments, marked, facts, whole, cites, links(segments))
