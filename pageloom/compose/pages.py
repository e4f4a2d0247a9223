"""Sheets of some cells of a family: what is the same or alike in all is made in columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pageloom import seo
from pageloom.batch import HTML, JSON, Batch
from pageloom.cells import Cell
from pageloom.compose.filling import Filled
from pageloom.expressions import lookup
from pageloom.model import Slot, Text
from pageloom.plan import PER_HUB_PAGE, PUBLISHED, FamilyPlan, page_route
from pageloom.sheet import Item, Pager, Part, Section, Sheet, SourceItem, escaped, section

if TYPE_CHECKING:
    from pageloom.compose.composer import Composer
    from pageloom.compose.slots import Make

BASE_FOLDED = 4
Html = Mapping[int, bytes]
"""Fillings with their citations numbered, by the identity of the filling."""


@dataclass(slots=True)
class _Slot:
    """A slot that is filled by a snippet or a partial, in all cells."""

    slot: Slot
    make: Make
    headings: Sequence[bytes | None] | None
    shape: tuple[Any, ...]


@dataclass(slots=True)
class _Part:
    """A folded cell on the way to a section of its parent page."""

    plan: FamilyPlan
    number: int
    fillings: list[Filled]


_Found = tuple[_Slot, Filled | Section | list[_Part]]
"""A slot that has something in it: a filling, a list of links, or folded cells."""


class Pages:
    """Makes the sheets of some cells of a family."""

    def __init__(self, composer: Composer, plan: FamilyPlan, numbers: Sequence[int]) -> None:
        self.composer = composer
        self._linker = composer.linker
        self._numberer = composer.numberer
        self._plan = composer.plan
        self.cells = plan
        self.family = family = plan.family
        self.numbers = numbers
        batch = Batch(composer.plan, plan, numbers)
        self.routes = batch.routes()
        self.titles = batch.first(family.titles, seo.TITLE)
        self.descriptions = batch.first(family.descriptions, seo.DESCRIPTION)
        self.h1 = [batch.said(family.h1, form) for form in (HTML, JSON)]
        self.crumb = [batch.said(family.crumb, form) for form in (HTML, JSON)]
        self.slots = [self._slot(slot, batch) for slot in family.slots]
        self.simple = not any(slot.lists or slot.folds for slot in family.slots)

    def _slot(self, slot: Slot, batch: Batch) -> _Slot:
        said = batch.said(slot.heading, HTML) if slot.heading else None
        make = self.composer.filler.maker(self.cells, slot)
        return _Slot(slot, make, said, (slot.name, said is not None, True, (), ()))

    def sheet(self, place: int, page: int = 1) -> Sheet:
        """Return page `page` of the cell at a place of the numbers, ready for its template."""
        plan, family, number = self.cells, self.family, self.numbers[place]
        composer = self.composer
        route = page_route(self.routes[place], page)
        canonical = composer.base_url + route
        if page == 1:
            title, title_fits = self.titles[place]
            description, description_fits = self.descriptions[place]
        else:
            later = partial(composer.later, plan=plan, number=number, page=page)
            title, title_fits = later(family.titles, seo.TITLE)
            description, description_fits = later(family.descriptions, seo.DESCRIPTION)
        links: list[Item] = []
        sections, sources = self._sections(place, page, links)
        h1, said_h1 = self._both(self.h1, place, family.h1)
        crumbs, graph_crumbs = self._crumbs(place, route)
        related = self._linker.related(plan, number) if page == 1 and family.related else ()
        indexed = plan.verdicts[number] == PUBLISHED and family.listed and not composer.hidden
        entry = plan.entry(number) if page == 1 else None
        return Sheet(
            template=family.template,
            family=family.name,
            robots=seo.ROBOTS_OPEN if indexed else seo.ROBOTS_CLOSED,
            og_type="article" if family.article else "website",
            title=title,
            title_fits=title_fits,
            description=description,
            description_fits=description_fits,
            canonical=escaped(canonical),
            h1=h1,
            og_image=composer.share_images[family.name],
            jsonld=composer.structured.page(
                seo.said(canonical),
                said_h1,
                crumbs=graph_crumbs,
                links=[item.said for item in links],
                article=family.article,
                dates=(entry.published, entry.modified) if entry else None,
            ),
            crumbs=crumbs,
            sections=sections,
            related=related,
            sources=sources,
            published=composer.date(entry.published) if entry else b"",
            modified=composer.date(entry.modified) if entry and entry.changed else b"",
            reading_time=composer.reading_time([part.spaces for part in sections])
            if family.article
            else b"",
            pager=self._pager(place, page),
        )

    def _both(
        self, columns: Sequence[Sequence[bytes | None]], place: int, text: Text
    ) -> tuple[bytes, bytes]:
        """Return a text of a cell as HTML and as JSON; an absent value is a problem of its page."""
        html, said = columns[0][place], columns[1][place]
        if html is None or said is None:
            words = self._linker.said(text, self.family, self._cell(place))
            return HTML[words], JSON[words]
        return html, said

    def _cell(self, place: int) -> Cell:
        return self.cells.cells[self.numbers[place]]

    def _crumbs(self, place: int, route: str) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """Return the links above a page and the page itself: for its template, and its graph."""
        above = self._linker.above(self.cells, self.numbers[place])
        if not above.items:
            return (), ()
        html, said = self._both(self.crumb, place, self.family.crumb)
        return (*above.texts, html, b""), (*above.said, said, seo.said(route))

    def _pager(self, place: int, page: int) -> Pager | None:
        if self.simple:
            return None
        total = self._plan.page_count(self.cells, self.numbers[place])
        if total == 1:
            return None
        route = self.routes[place]
        return Pager(
            page,
            total,
            first=route if page > 1 else "",
            previous=page_route(route, page - 1) if page > 1 else "",
            next=page_route(route, page + 1) if page < total else "",
        )

    def _sections(
        self, place: int, page: int, links: list[Item]
    ) -> tuple[list[Section], Sequence[SourceItem]]:
        """Return the sections of a page and its sources; the links of its lists are added."""
        found = self._found(place, page, links)
        html, sources = self._finished(found, place)
        sections: list[Section] = []
        for own, item in found:
            if type(item) is Filled:
                text = html[id(item)] if item.cites else item.whole
                heading = self._heading(own, place) if own.headings else b""
                texts = (heading, text) if heading else (text,)
                sections.append(Section(own.shape, texts, item.links, item.spaces))
            elif type(item) is list:
                parts = [self._part(part, html) for part in item]
                sections.append(section(own.slot.name, self._heading(own, place), folded=parts))
            elif isinstance(item, Section):
                sections.append(item)
        return sections, sources

    def _found(self, place: int, page: int, links: list[Item]) -> list[_Found]:
        """Return the slots of a page that have something in them."""
        number = self.numbers[place]
        cell = self.cells.cells[number]
        if self.simple:
            made = [(own, own.make((number,), (cell,))[0]) for own in self.slots]
            return [pair for pair in made if pair[1].segments]
        found: list[_Found] = []
        shown = range((page - 1) * PER_HUB_PAGE, page * PER_HUB_PAGE)
        passed = 0
        for own in self.slots:
            slot = own.slot
            if slot.lists:
                items, count = self._listed(number, slot, shown, passed)
                passed += count
                if items:
                    links += items
                    found.append((own, section(slot.name, self._heading(own, place), links=items)))
            elif page == 1 and slot.folds:
                parts = self._folded(number, slot.folds)
                if parts:
                    found.append((own, parts))
            elif page == 1:
                (filled,) = own.make((number,), (cell,))
                if filled.segments:
                    found.append((own, filled))
        return found

    def _heading(self, own: _Slot, place: int) -> bytes:
        if own.headings is None or own.slot.heading is None:
            return b""
        said = own.headings[place]
        if said is None:
            said = HTML[self._linker.said(own.slot.heading, self.family, self._cell(place))]
        return said

    def _finished(self, found: Sequence[_Found], place: int) -> tuple[Html, Sequence[SourceItem]]:
        """Return the fillings that have holes with these filled, and the page's sources."""
        fillings = list(self._fillings(found, place))
        for item, plan, number in fillings:
            for link in item.dead:
                self._linker.tell_dead(link, plan, number)
        done = self._numberer.finished(tuple([item for item, _, _ in fillings if item.cites]))
        return done.html, done.sources

    def _fillings(
        self, found: Sequence[_Found], place: int
    ) -> Iterator[tuple[Filled, FamilyPlan, int]]:
        """Yield what fills the slots, with the cell that it is about."""
        for _, item in found:
            if type(item) is Filled:
                yield item, self.cells, self.numbers[place]
            elif type(item) is list:
                for part in item:
                    yield from ((filling, part.plan, part.number) for filling in part.fillings)

    def _listed(self, number: int, slot: Slot, shown: range, passed: int) -> tuple[list[Item], int]:
        """Return the links of a list that stand on this page, and how many it has in all."""
        other = self._plan.families[slot.lists]
        children = self._ordered(other, self._plan.children(self.cells, number, slot.lists), slot)
        start, stop = max(shown.start - passed, 0), max(shown.stop - passed, 0)
        listed = self._linker.listed
        some = children[start:stop]
        self._linker.prepare(other, some)
        return [listed(other, child, slot) for child in some], len(children)

    def _ordered(self, plan: FamilyPlan, children: Sequence[int], slot: Slot) -> Sequence[int]:
        """Return the cells of a list by a field of theirs, those without it last."""
        order = slot.order
        if order is None:
            return children

        def place(child: int) -> tuple[bool, str, Any]:
            value = lookup(order, self._plan.scope(plan.family, plan.cells[child]))
            return value is None, type(value).__name__, value

        return sorted(children, key=place)

    def _folded(self, number: int, name: str) -> list[_Part]:
        other = self._plan.families[name]
        slots = [slot for slot in other.family.slots if slot.name in other.family.fold_slots]
        fill = self.composer.filler.filled
        return [
            _Part(other, child, [fill(other, child, slot, BASE_FOLDED) for slot in slots])
            for child in self._plan.folded(self.cells, number, name)
        ]

    def _part(self, part: _Part, html: Html) -> Part:
        family, cell = part.plan.family, part.plan.cells[part.number]
        heading = self._linker.said(family.fold_heading or family.link_text, family, cell)
        name = self._plan.fold_id(part.plan, part.number)
        content = b"".join(html[id(item)] if item.cites else item.whole for item in part.fillings)
        return Part(name, heading, content, self._linker.hubs(part.plan, part.number))
