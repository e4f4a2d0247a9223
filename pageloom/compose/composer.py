"""Cells to sheets: titles, sections, citations, links and structured data of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import unescape
from typing import Any

from pageloom import seo, share
from pageloom.batch import HTML, Batch
from pageloom.cells import Cell
from pageloom.compose.citations import Numberer
from pageloom.compose.data import DataSlots, site_view
from pageloom.compose.filling import Filled
from pageloom.compose.links import Linker
from pageloom.compose.pages import BASE_FOLDED, Pages
from pageloom.compose.slots import Filler
from pageloom.diagnostics import Diagnostic
from pageloom.expressions import AbsentError
from pageloom.known import Known
from pageloom.markup import Converter
from pageloom.model import Cite, Row, Slot, Text
from pageloom.plan import FOLDED, FamilyPlan, Plan
from pageloom.sheet import Sheet, escaped
from pageloom.theme import Theme
from pageloom.views import Traced

Report = Callable[[Diagnostic], None]

SPACES_A_MINUTE = 230


class Composer:
    """Makes sheets of cells; one a process, so that what pages share is made once."""

    def __init__(self, plan: Plan, theme: Theme, converter: Converter, report: Report) -> None:
        self.plan = plan
        self._project = plan.project
        self._lexicon = converter.lexicon
        self.base_url = plan.project.settings.base_url
        self.hidden = plan.project.settings.hidden
        self.structured = seo.Structured(plan.project.settings.values, plan.project.settings.lang)
        self.linker = Linker(plan, report)
        self.numberer = Numberer(converter.lexicon, theme)
        self._data = DataSlots(plan, theme, converter)
        self.filler = Filler(plan, self._data, converter, self.linker, linked=True)
        self.filled = Filler(plan, self._data, converter, self.linker, linked=False).filled
        self.called = self.filler.called
        self.template_path = self._data.template_path
        self.share_images = self._images(theme)
        self._times: Known[int, bytes] = Known(self._time)

    def _images(self, theme: Theme) -> dict[str, bytes]:
        """Return the address of each family's image for shared links, or nothing."""
        common = str(self._project.settings.values.get("share_image", ""))
        made = {name: theme.assets.get(share.image_name(name)) for name in self._project.families}
        paths = {name: found.public if found else common for name, found in made.items()}
        return {
            name: escaped(self.base_url + path) if path else b"" for name, path in paths.items()
        }

    @property
    def site(self) -> dict[str, Any]:
        """What templates see as `site`; navigation leads to pages, so verdicts must be known."""
        return site_view(self.plan, self._lexicon)

    def report_to(self, report: Report) -> None:
        """Send problems elsewhere from now on."""
        self.linker.report = report

    def pages(self, plan: FamilyPlan, numbers: Sequence[int]) -> Pages:
        """Return what makes the sheets of some cells of a family."""
        return Pages(self, plan, numbers)

    def sheet(self, plan: FamilyPlan, number: int, page: int = 1) -> Sheet:
        """Return page `page` of a cell, ready for its template."""
        return self.pages(plan, (number,)).sheet(0, page)

    def titles(self, plan: FamilyPlan, pages: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the titles of pages, given as numbers of cells and of their pages."""
        texts = plan.family.titles
        said = Batch(self.plan, plan, [number for number, _ in pages]).first(texts, seo.TITLE)
        return [
            title if page == 1 else self.later(texts, seo.TITLE, plan, number, page)[0]
            for (title, _), (number, page) in zip(said, pages, strict=True)
        ]

    def headline(self, plan: FamilyPlan, number: int) -> tuple[str, str]:
        """Return main heading and description of a page, as text."""
        page = Batch(self.plan, plan, (number,))
        (h1,), ((description, _),) = (
            page.said(plan.family.h1, HTML),
            page.first(plan.family.descriptions, seo.DESCRIPTION),
        )
        return unescape((h1 or b"").decode()), unescape(description.decode())

    def date(self, day: str) -> bytes:
        """Return a day in words, escaped."""
        return escaped(self._lexicon.date(day))

    def reading_time(self, spaces: Iterable[int]) -> bytes:
        """Return how long an article takes to read, in words, escaped; from its sections' spaces.

        Spaces are counted, not words: it is fast, and the few of tags make up for the headings.
        """
        return self._times[max(1, round(sum(spaces) / SPACES_A_MINUTE))]

    def _time(self, minutes: int) -> bytes:
        return escaped(self._lexicon.text("reading_time", minutes))

    def later(
        self,
        candidates: Sequence[Text],
        limits: seo.Limits,
        plan: FamilyPlan,
        number: int,
        page: int,
    ) -> tuple[bytes, bool]:
        """Return what `Batch.first` gives, for a later page of a hub: with the page's number."""
        said = ""
        for candidate in candidates:
            try:
                text = self.plan.spoken(candidate, plan.family, plan.cells[number])
            except AbsentError:
                continue
            said = f"{text} ({self._lexicon.text('page_n', page)})" if text else text
            if limits.fit(said):
                return escaped(said), True
        return escaped(said), False

    def fact_value(self, fact: Row) -> str:
        """Return a fact's value in words."""
        return self._lexicon.fact(fact)

    def traced(self, plan: FamilyPlan, slot: Slot, cell: Cell) -> tuple[Filled, list[Traced]]:
        """Return what a partial makes, with each field marked, and the fields by their number."""
        return self._data.traced(slot, self._data.picker(slot.rows, plan)(cell))

    def cited(self, plan: FamilyPlan, number: int) -> Iterator[Cite]:
        """Yield the citations of a cell: of its page, or of the section that it is folded to."""
        family = plan.family
        folded = plan.verdicts[number] == FOLDED
        for slot in family.slots:
            if not folded or slot.name in family.fold_slots:
                base = BASE_FOLDED if folded else 0
                for segment in self.filled(plan, number, slot, base).segments:
                    if isinstance(segment, Cite):
                        yield segment
