"""Pages that are alike, made many at once: the texts of neighbours in columns.

Most pages of a large site have the shape of their neighbours, and nothing is to be told of them.
Their texts are columns, from which each page is joined in one call. A page of which anything is to
be said (a title that does not fit, an absent value, a link that leads nowhere) is in no run: it is
made from its `Sheet`, where the rules are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat, zip_longest
from typing import Any

from pageloom import seo
from pageloom.cells import at
from pageloom.compose.citations import Finished
from pageloom.compose.filling import Filled
from pageloom.compose.links import Above
from pageloom.compose.pages import Pages
from pageloom.plan import PUBLISHED
from pageloom.sheet import Sheet, escape_all

Column = Sequence[bytes | None]
"""A text of each page; None where a page has none there."""


@dataclass(frozen=True, slots=True)
class Run:
    """Pages of one shape."""

    places: Sequence[int]
    sheet: Sheet
    """That of the first page; the others have its shape."""
    columns: Sequence[Sequence[bytes]]
    """The texts of the pages, in the order of `Sheet.values`."""
    links: int
    """At most how many links the texts of one page have."""


@dataclass(slots=True)
class _Block:
    """Neighbours that may be made in runs, and what fills their slots."""

    places: Sequence[int]
    slots: Sequence[Sequence[Filled]]
    """A column for each slot."""
    finished: Sequence[Finished]


class Runs:
    """Finds the pages of some cells that can be made in runs."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._composer = pages.composer
        self._sound = self._sound_ones() if pages.simple else []

    def of(self, places: range) -> Iterator[Run]:
        """Yield runs of pages at some places; a place that is in none is to be made alone.

        Raises `ThemeError` where one of them fails.
        """
        if not self._pages.simple:
            return
        block = self._filled(list(compress(places, at(self._sound, places))))
        if block.places:
            yield from self._runs(block, self._columns(block))

    def _sound_ones(self) -> list[bool]:
        """Return for each page whether nothing is to be said of what it says of itself."""
        pages = self._pages
        verdicts = pages.cells.verdicts
        headings = [own.headings for own in pages.slots if own.headings is not None]
        texts = zip(*pages.h1, *pages.crumb, *headings, strict=True)
        return [
            bool(title)
            and fits
            and (described or not description)
            and all(said)
            and title != said[0]
            and verdicts[number] == PUBLISHED
            for (title, fits), (description, described), said, number in zip(
                pages.titles, pages.descriptions, texts, pages.numbers, strict=True
            )
        ]

    def _filled(self, places: Sequence[int]) -> _Block:
        """Fill the slots of pages; those with a link that leads to no page are left out."""
        pages, numberer = self._pages, self._composer.numberer
        numbers = at(pages.numbers, places)
        cells = pages.cells.cells.at(numbers)
        slots = [own.make(numbers, cells) for own in pages.slots]
        if any(item.dead for column in slots for item in set(column)):
            sound = [not any(item.dead for item in row) for row in zip(*slots, strict=True)]
            places = list(compress(places, sound))
            slots = [list(compress(column, sound)) for column in slots]
        citing = [column for column in slots if any(item.cites for item in set(column))]
        rows = zip(*citing, strict=True) if citing else repeat((), len(places))
        finished = [numberer.finished(tuple([item for item in row if item.cites])) for row in rows]
        return _Block(places, slots, finished)

    def _columns(self, block: _Block) -> list[Column]:
        """Return the texts of pages in the order of `Sheet.values`."""
        pages, composer = self._pages, self._composer
        places = block.places
        numbers = [pages.numbers[place] for place in places]
        above = composer.linker.all_above(pages.cells, numbers)
        routes = [pages.routes[place] for place in places]
        h1 = at(pages.h1[0], places)
        columns: list[Column] = [
            [pages.titles[place][0] for place in places],
            [pages.descriptions[place][0] for place in places],
            escape_all([composer.base_url + route for route in routes]),
            h1,
            self._graphs(places, numbers, routes, above),
        ]
        image = composer.share_images[pages.family.name]
        columns += [[image] * len(places)] if image else []
        columns += self._crumbs(places, above)
        columns += self._sections(block)
        if pages.family.related:
            columns += self._related(numbers)
        columns += zip_longest(*[found.entries for found in block.finished])
        columns += self._times(block, numbers)
        return columns

    def _graphs(
        self,
        places: Sequence[int],
        numbers: Sequence[int],
        routes: Sequence[str],
        above: list[Above],
    ) -> list[bytes]:
        """Return the structured data of pages."""
        pages, composer = self._pages, self._composer
        article, page, entry = pages.family.article, composer.structured.page, pages.cells.entry
        said = zip(
            seo.say_all([composer.base_url + route for route in routes]),
            seo.say_all(routes),
            at(pages.h1[1], places),
            at(pages.crumb[1], places),
            above,
            map(entry, numbers),
            strict=True,
        )
        return [
            page(
                canonical,
                h1 or b"",
                crumbs=(*over.said, words or b"", route) if over.items else (),
                article=article,
                dates=(dated.published, dated.modified) if dated else None,
            )
            for canonical, route, h1, words, over, dated in said
        ]

    def _crumbs(self, places: Sequence[int], above: Sequence[Above]) -> list[Column]:
        """Return words and addresses of the pages above, then of the page itself."""
        words = at(self._pages.crumb[0], places)
        own: list[Column] = [
            [text if over.items else None for text, over in zip(words, above, strict=True)],
            [b"" if over.items else None for over in above],
        ]
        return [*zip_longest(*[over.texts for over in above]), *own]

    def _sections(self, block: _Block) -> Iterator[Column]:
        for own, items in zip(self._pages.slots, block.slots, strict=True):
            if own.headings is not None:
                headings = at(own.headings, block.places)
                yield [
                    h if item.segments else None for h, item in zip(headings, items, strict=True)
                ]
            yield [
                (found.html[id(item)] if item.cites else item.whole) if item.segments else None
                for item, found in zip(items, block.finished, strict=True)
            ]

    def _related(self, numbers: Sequence[int]) -> Iterator[Column]:
        """Yield words and addresses of the siblings, in turn."""
        links = self._composer.linker.links(self._pages.cells)
        nowhere = (None, None)
        for _, column in self._composer.plan.after(self._pages.cells):
            others = at(column, numbers)
            found = [links[other] if other >= 0 else nowhere for other in others]
            yield from zip(*found, strict=True)

    def _times(self, block: _Block, numbers: Sequence[int]) -> list[Column]:
        """Return the days of publication and of the last change, and the time to read."""
        composer, entry = self._composer, self._pages.cells.entry
        columns: list[Column] = []
        if self._pages.cells.entries:
            entries = [entry(number) for number in numbers]
            columns.append([composer.date(found.published) if found else None for found in entries])
            columns.append(
                [
                    composer.date(found.modified) if found and found.changed else None
                    for found in entries
                ]
            )
        if self._pages.family.article:
            spaces = [[item.spaces for item in column] for column in block.slots]
            columns.append(list(map(composer.reading_time, zip(*spaces, strict=True))))
        return columns

    def _runs(self, block: _Block, columns: list[Column]) -> Iterator[Run]:
        """Yield the pages by their shape: by which of their texts are absent."""
        places = block.places
        links = sum(max([item.links for item in items]) for items in block.slots)
        links += max([len(found.entries) for found in block.finished])
        columns = [column for column in columns if column.count(None) < len(places)]
        varying = [column for column in columns if None in column]
        shapes: dict[Any, list[int]] = {(): [*range(len(places))]} if not varying else {}
        absent = [[text is None for text in column] for column in varying]
        for index, shape in enumerate(zip(*absent, strict=True)):
            shapes.setdefault(shape, []).append(index)
        for found in shapes.values():
            chosen = [column for column in columns if column[found[0]] is not None]
            if varying:
                chosen = [[column[index] for index in found] for column in chosen]
            alike = [places[index] for index in found]
            yield Run(alike, self._pages.sheet(alike[0]), chosen, links)  # type: ignore[arg-type]
