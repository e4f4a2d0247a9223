"""Cells to sheets: titles, sections, citations, links and structured data of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pageloom import seo, share
from pageloom.compose.citations import Citations, Numberer
from pageloom.compose.data import DataSlots, site_view
from pageloom.compose.links import Linker
from pageloom.compose.slots import Filler
from pageloom.diagnostics import Diagnostic
from pageloom.expressions import AbsentError, lookup
from pageloom.markup import Converter
from pageloom.model import Cite, Family, Filled, Path, Row, Slot, Text
from pageloom.plan import (
    FOLDED,
    PER_HUB_PAGE,
    PUBLISHED,
    Cell,
    FamilyPlan,
    Plan,
    page_route,
)
from pageloom.sheet import Item, Pager, Part, Section, Sheet, SourceItem
from pageloom.theme import Theme, Traced

Report = Callable[[Diagnostic], None]
BASE_FOLDED = 4


@dataclass(slots=True)
class _Draft:
    """A slot of a page on the way to a section."""

    slot: Slot
    filled: Filled | None = None
    links: tuple[Item, ...] = ()
    folded: tuple[_DraftPart, ...] = ()


@dataclass(slots=True)
class _DraftPart:
    """A folded cell on the way to a section of its parent page."""

    plan: FamilyPlan
    number: int
    scope: Mapping[str, Any]
    fillings: list[Filled]


class Composer:
    """Makes sheets of cells; one a process, so that what pages share is made once."""

    def __init__(self, plan: Plan, theme: Theme, converter: Converter, report: Report) -> None:
        self.plan = plan
        self._project = plan.project
        self._lexicon = converter.lexicon
        self._base_url = plan.project.settings.base_url
        self._structured = seo.Structured(plan.project.settings.values, plan.project.settings.lang)
        self._linker = Linker(plan, report)
        self._numberer = Numberer(converter.lexicon, theme)
        self._data = DataSlots(plan, theme, converter)
        self._filler = Filler(plan, self._data, converter, self._linker)
        self.filled = self._filler.filled
        self.called = self._filler.called
        self.template_path = self._data.template_path
        self._share_images = self._images(theme)

    def _images(self, theme: Theme) -> dict[str, str]:
        """Return the address of each family's image for shared links, or nothing."""
        common = str(self._project.settings.values.get("share_image", ""))
        made = {name: theme.assets.get(share.image_name(name)) for name in self._project.families}
        paths = {name: found.public if found else common for name, found in made.items()}
        return {name: self._base_url + path if path else "" for name, path in paths.items()}

    @property
    def site(self) -> dict[str, Any]:
        """What templates see as `site`; navigation leads to pages, so verdicts must be known."""
        return site_view(self.plan, self._lexicon)

    def report_to(self, report: Report) -> None:
        """Send problems elsewhere from now on."""
        self._linker.report = report

    def sheet(self, plan: FamilyPlan, number: int, page: int = 1) -> Sheet:
        """Return page `page` of a cell, ready for its template."""
        family, cell = plan.family, plan.cells[number]
        route = page_route(self.plan.route(family, cell), page)
        canonical = self._base_url + route
        sections, sources = self._sections(plan, number, page)
        h1 = self._linker.said(family.h1, family, cell)
        crumbs = self._linker.crumbs(plan, number)
        links = [item for section in sections for item in section.links]
        title, title_fits = self._first(family.titles, family, cell, seo.title_fits, page)
        description, description_fits = self._first(
            family.descriptions, family, cell, seo.description_fits, page
        )
        indexed = plan.verdicts[number] == PUBLISHED and family.listed
        return Sheet(
            template=family.template,
            family=family.name,
            robots=seo.ROBOTS_OPEN if indexed else seo.ROBOTS_CLOSED,
            og_type="article" if family.article else "website",
            title=title,
            title_fits=title_fits,
            description=description,
            description_fits=description_fits,
            canonical=canonical,
            h1=h1,
            og_image=self._share_images[family.name],
            jsonld=self._structured.page(
                canonical,
                h1,
                crumbs=[(item.title, item.href or route) for item in crumbs],
                links=[(item.title, item.href) for item in links],
                article=family.article,
            ),
            crumbs=crumbs,
            sections=sections,
            related=self._linker.related(plan, number) if page == 1 else (),
            sources=sources,
            pager=self._pager(plan, number, page),
        )

    def title(self, plan: FamilyPlan, number: int, page: int = 1) -> str:
        """Return the first title candidate that fits, else the last one that can be said."""
        family, cell = plan.family, plan.cells[number]
        return self._first(family.titles, family, cell, seo.title_fits, page)[0]

    def _numbered(self, text: str, page: int) -> str:
        return text if page == 1 or not text else f"{text} ({self._lexicon.text('page_n', page)})"

    def _first(
        self,
        candidates: tuple[Text, ...],
        family: Family,
        cell: Cell,
        fits: Callable[[str], bool],
        page: int,
    ) -> tuple[str, bool]:
        """Return the first candidate that fits, else the last that can be said, and if it fits."""
        said = ""
        for candidate in candidates:
            try:
                said = self._numbered(self.plan.spoken(candidate, family, cell), page)
            except AbsentError:
                continue
            if fits(said):
                return said, True
        return said, False

    def _pager(self, plan: FamilyPlan, number: int, page: int) -> Pager | None:
        total = self.plan.page_count(plan, number)
        if total == 1:
            return None
        route = self.plan.route(plan.family, plan.cells[number])
        return Pager(
            page,
            total,
            first=route if page > 1 else "",
            previous=page_route(route, page - 1) if page > 1 else "",
            next=page_route(route, page + 1) if page < total else "",
        )

    def _sections(
        self, plan: FamilyPlan, number: int, page: int
    ) -> tuple[list[Section], tuple[SourceItem, ...]]:
        """Return the sections of a page and its source list."""
        drafts = list(self._drafts(plan, number, page))
        fillings: list[Filled] = []
        for draft in drafts:
            if draft.filled is not None:
                fillings.append(draft.filled)
            for part in draft.folded:
                fillings += part.fillings
        cited = tuple([item for item in fillings if item.holes])
        if not any(item.linked for item in cited):
            done = self._numberer.finished(cited)
            html = done.html
            sources = done.sources
        else:
            html, sources = self._numbered_here(drafts, plan, number)
        family, cell = plan.family, plan.cells[number]
        return [self._section(draft, family, cell, html) for draft in drafts], sources

    def _numbered_here(
        self, drafts: list[_Draft], plan: FamilyPlan, number: int
    ) -> tuple[dict[int, bytes], tuple[SourceItem, ...]]:
        """Return what `_sections` needs of a page whose texts link to other pages."""
        citations = Citations()
        html: dict[int, bytes] = {}
        scope = self.plan.scope(plan.family, plan.cells[number])
        for draft in drafts:
            if draft.filled is not None and draft.filled.holes:
                html[id(draft.filled)] = self._joined(draft.filled, citations, scope, plan, number)
            for part in draft.folded:
                for item in part.fillings:
                    if item.holes:
                        html[id(item)] = self._joined(
                            item, citations, part.scope, part.plan, part.number
                        )
        return html, self._numberer.sources(citations)

    def _joined(
        self,
        item: Filled,
        citations: Citations,
        scope: Mapping[str, Any],
        plan: FamilyPlan,
        number: int,
    ) -> bytes:
        anchor = partial(self._linker.anchor, scope=scope, plan=plan, number=number)
        return b"".join(self._numberer.pieces(item.segments, citations, anchor))

    def _drafts(self, plan: FamilyPlan, number: int, page: int) -> Iterator[_Draft]:
        """Yield the slots of a page that have something in them."""
        scope = self.plan.scope(plan.family, plan.cells[number])
        shown = range((page - 1) * PER_HUB_PAGE, page * PER_HUB_PAGE)
        passed = 0
        for slot in plan.family.slots:
            if slot.lists:
                links, count = self._links(plan, number, slot, shown, passed)
                passed += count
                if links:
                    yield _Draft(slot, links=links)
            elif page == 1 and slot.folds:
                folded = self._folded(plan, number, slot.folds)
                if folded:
                    yield _Draft(slot, folded=folded)
            elif page == 1:
                item = self.filled(plan, number, slot, scope)
                if item.segments:
                    yield _Draft(slot, item)

    def _section(
        self, draft: _Draft, family: Family, cell: Cell, html: Mapping[int, bytes]
    ) -> Section:
        heading = draft.slot.heading
        return Section(
            draft.slot.name,
            self._linker.said(heading, family, cell) if heading else "",
            _html(draft.filled, html) if draft.filled is not None else b"",
            draft.links,
            tuple(self._part(part, html) for part in draft.folded),
        )

    def _links(
        self, plan: FamilyPlan, number: int, slot: Slot, shown: range, passed: int
    ) -> tuple[tuple[Item, ...], int]:
        """Return the links of a list that stand on this page, and how many it has in all."""
        other = self.plan.families[slot.lists]
        children = self._ordered(other, self.plan.children(plan, number, slot.lists), slot.order)
        window = [child for place, child in enumerate(children, start=passed) if place in shown]
        items = (self._linker.listed(other, child, slot.line) for child in window)
        return tuple(items), len(children)

    def _ordered(
        self, plan: FamilyPlan, children: Sequence[int], order: Path | None
    ) -> Sequence[int]:
        """Return the children of a list by a field of theirs, those without it last."""
        if order is None:
            return children

        def place(child: int) -> tuple[bool, str, Any]:
            value = lookup(order, self.plan.scope(plan.family, plan.cells[child]))
            return value is None, type(value).__name__, value

        return sorted(children, key=place)

    def _folded(self, plan: FamilyPlan, number: int, name: str) -> tuple[_DraftPart, ...]:
        other = self.plan.families[name]
        return tuple(
            self._draft_part(other, child) for child in self.plan.folded(plan, number, name)
        )

    def _draft_part(self, plan: FamilyPlan, number: int) -> _DraftPart:
        family = plan.family
        scope = self.plan.scope(family, plan.cells[number])
        slots = (slot for slot in family.slots if slot.name in family.fold_slots)
        items = [self.filled(plan, number, slot, scope, base=BASE_FOLDED) for slot in slots]
        return _DraftPart(plan, number, scope, items)

    def _part(self, part: _DraftPart, html: Mapping[int, bytes]) -> Part:
        family, cell = part.plan.family, part.plan.cells[part.number]
        heading = self._linker.said(family.fold_heading or family.link_text, family, cell)
        name = self.plan.fold_id(part.plan, part.number)
        content = b"".join(_html(item, html) for item in part.fillings)
        return Part(name, heading, content, self._linker.hubs(part.plan, part.number))

    def fact_value(self, fact: Row) -> str:
        """Return a fact's value in words."""
        return self._lexicon.fact(fact)

    def traced(
        self, plan: FamilyPlan, slot: Slot, scope: Mapping[str, Any]
    ) -> tuple[Filled, list[Traced]]:
        """Return what a partial makes, with each field marked, and the fields by their number."""
        rows = tuple(self._data.named(name, plan, scope) for name in slot.rows)
        return self._data.traced(slot, rows)

    def cited(self, plan: FamilyPlan, number: int) -> Iterator[Cite]:
        """Yield the citations of a cell: of its page, or of the section that it is folded to."""
        family = plan.family
        scope = self.plan.scope(family, plan.cells[number])
        folded = plan.verdicts[number] == FOLDED
        for slot in family.slots:
            if not folded or slot.name in family.fold_slots:
                base = BASE_FOLDED if folded else 0
                for segment in self.filled(plan, number, slot, scope, base).segments:
                    if isinstance(segment, Cite):
                        yield segment


def _html(item: Filled, html: Mapping[int, bytes]) -> bytes:
    """Return a filling as bytes: as it is, or with its holes filled for the page."""
    return html[id(item)] if item.holes else item.whole
