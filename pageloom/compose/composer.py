"""Cells to pages: fragments filled with a cell's values, citations numbered, links resolved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

from pageloom import seo
from pageloom.compose.data import DataSlots, site_view
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.expressions import AbsentError, evaluate, lookup
from pageloom.markup import Converter, merged, spread
from pageloom.model import (
    Cite,
    FactCall,
    Family,
    Filled,
    Fragment,
    Link,
    Path,
    Print,
    Project,
    Row,
    Segment,
    Slot,
    Snippet,
    Text,
)
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
from pageloom.theme import Theme

Report = Callable[[Diagnostic], None]
KEPT_ITEMS = 20_000
ONCE, LAST, KEEP = "once", "last", "keep"
BASE_UNDER_HEADING, BASE_ALONE, BASE_FOLDED = 3, 2, 4


@dataclass(slots=True)
class _Citations:
    """The numbers of a page's sources in order of appearance."""

    numbers: dict[Row, int] = field(default_factory=dict)
    pinpoints: dict[Row, list[str]] = field(default_factory=dict)
    addresses: dict[Row, str] = field(default_factory=dict)
    due: dict[Row, str] = field(default_factory=dict)

    def number(self, cite: Cite) -> int:
        number = self.numbers.setdefault(cite.source, len(self.numbers) + 1)
        found = self.pinpoints.setdefault(cite.source, [])
        if cite.pinpoint and cite.pinpoint not in found:
            found.append(cite.pinpoint)
        if cite.fact is not None and cite.fact.values.get("url"):
            self.addresses.setdefault(cite.source, cite.fact.values["url"])
        due = (cite.fact or cite.source).values.get("due")
        if due:
            self.due[cite.source] = min(due, self.due.get(cite.source, due))
        return number


class Composer:
    """Makes sheets of cells; one a process, so that each fragment is filled once."""

    def __init__(self, plan: Plan, theme: Theme, converter: Converter, report: Report) -> None:
        self.plan = plan
        self._project: Project = plan.project
        self._converter = converter
        self._lexicon = converter.lexicon
        self._report = report
        self._site = plan.project.settings.values
        self._base_url = plan.project.settings.base_url
        self._memo: dict[Any, Filled] = {}
        self._last: dict[Any, tuple[Any, Filled]] = {}
        self._cites: dict[int, bytes] = {}
        self._policies: dict[tuple[int, str], tuple[tuple[str, ...], str]] = {}
        self._simple: dict[int, Any] = {}
        self._escaped: dict[tuple[Row, str], bytes] = {}
        self._items: dict[tuple[str, int], Item] = {}
        self._crumbs_last: tuple[Any, tuple[Item, ...]] = (None, ())
        self._data = DataSlots(plan, theme, converter)

    @property
    def site(self) -> dict[str, Any]:
        """What templates see as `site`; navigation leads to pages, so verdicts must be known."""
        return site_view(self.plan, self._lexicon)

    def report_to(self, report: Report) -> None:
        """Send problems elsewhere from now on."""
        self._report = report

    def sheet(self, plan: FamilyPlan, number: int, page: int = 1) -> Sheet:
        """Return page `page` of a cell, ready for its template."""
        family, cell = plan.family, plan.cells[number]
        scope = self.plan.scope(family, cell)
        route = page_route(self.plan.route(family, cell), page)
        canonical = self._base_url + route
        citations = _Citations()
        sections = self._sections(plan, number, scope, citations, page)
        h1 = self._said(family.h1, family, cell)
        crumbs = self._crumbs(plan, number)
        indexed = plan.verdicts[number] == PUBLISHED and family.listed
        links = [
            (item.title, self._base_url + item.href)
            for section in sections
            for item in section.links
        ]
        graph = seo.graph(
            site=self._site,
            canonical=canonical,
            h1=h1,
            lang=self._project.settings.lang,
            crumbs=[(item.title, self._base_url + (item.href or route)) for item in crumbs],
            links=links,
            article=family.article,
            hub=bool(links),
            dates=("", ""),
        )
        title, title_fits = self._first(family.titles, family, cell, seo.title_fits, page)
        description, description_fits = self._first(
            family.descriptions, family, cell, seo.description_fits, page
        )
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
            og_image=self._share_image(),
            jsonld=seo.script_json(graph),
            crumbs=crumbs,
            sections=sections,
            related=self._related(plan, number) if page == 1 else (),
            sources=self._sources(citations),
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

    def _said(self, text: Text, family: Family, cell: Cell) -> str:
        try:
            return self.plan.spoken(text, family, cell)
        except AbsentError as error:
            self._absent(text.location, error, " × ".join(row.slug for row in cell))
            return ""

    def _absent(self, location: Location, error: AbsentError, cell: str) -> None:
        self._report(
            Diagnostic(
                code="C216",
                location=location,
                message=f"`{error}` is absent and is printed",
                expected="a value",
                help="fill the field, or write a more specific text for these cells",
                notes=(f"for {cell}",) if cell else (),
            )
        )

    def _share_image(self) -> str:
        image = str(self._site.get("share_image", ""))
        return self._base_url + image if image else ""

    def _crumbs(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        family = plan.family
        above = self._above(plan, number)
        if not above:
            return ()
        return (*above, Item("", self._said(family.link_text, family, plan.cells[number])))

    def _above(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        """Return the links to the pages above a cell; its neighbours have the same."""
        parent = self.plan.parent(plan, number)
        if parent is None:
            return ()
        key = (parent[0].family.name, parent[1])
        if self._crumbs_last[0] != key:
            places = self.plan.crumbs(plan, number)
            items = tuple(Item(item.href, item.title) for item in (self._item(*p) for p in places))
            self._crumbs_last = (key, items)
        return self._crumbs_last[1]

    def _related(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        return tuple(self._item(plan, other) for other in self.plan.siblings(plan, number))

    def _item(self, plan: FamilyPlan, number: int) -> Item:
        """Return the link to a cell; pages that lie near each other link to the same ones."""
        key = (plan.family.name, number)
        found = self._items.get(key)
        if found is None:
            if len(self._items) >= KEPT_ITEMS:
                self._items.clear()
            found = self._items[key] = self._made_item(plan, number)
        return found

    def _made_item(self, plan: FamilyPlan, number: int) -> Item:
        family, cell = plan.family, plan.cells[number]
        line = ""
        if family.line is not None:
            with contextlib.suppress(AbsentError):
                line = self.plan.spoken(family.line, family, cell)
        title = self._said(family.link_text, family, cell)
        return Item(self.plan.href(plan, number), title, line)

    def _sources(self, citations: _Citations) -> tuple[SourceItem, ...]:
        return tuple(
            SourceItem(
                number=number,
                title=str(source.values.get("title", source.slug)),
                publisher=str(source.values.get("publisher", "")),
                citation="; ".join(citations.pinpoints[source]),
                href=str(source.values.get("url") or citations.addresses.get(source, "")),
                as_of=self._lexicon.date(source.values["as_of"])
                if "as_of" in source.values
                else "",
                due=self._lexicon.date(citations.due[source]) if source in citations.due else "",
            )
            for source, number in citations.numbers.items()
        )

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
        self,
        plan: FamilyPlan,
        number: int,
        scope: Mapping[str, Any],
        citations: _Citations,
        page: int,
    ) -> tuple[Section, ...]:
        made: list[Section] = []
        shown = range((page - 1) * PER_HUB_PAGE, page * PER_HUB_PAGE)
        passed = 0
        for slot in plan.family.slots:
            links: tuple[Item, ...] = ()
            folded: tuple[Part, ...] = ()
            html = b""
            if slot.lists:
                links, count = self._links(plan, number, slot.lists, shown, passed)
                passed += count
            elif page == 1 and slot.folds:
                folded = self._folded(plan, number, slot.folds, citations)
            elif page == 1:
                html = self._slot_html(plan, number, slot, scope, citations)
            if links or folded or html:
                heading = (
                    self._said(slot.heading, plan.family, plan.cells[number])
                    if slot.heading
                    else ""
                )
                made.append(Section(slot.name, heading, html, links, folded))
        return tuple(made)

    def _links(
        self, plan: FamilyPlan, number: int, name: str, shown: range, passed: int
    ) -> tuple[tuple[Item, ...], int]:
        """Return the links of a list that stand on this page, and how many it has in all."""
        children = self.plan.children(plan, number, name)
        other = self.plan.families[name]
        window = [child for place, child in enumerate(children, start=passed) if place in shown]
        return tuple(self._item(other, child) for child in window), len(children)

    def _folded(
        self, plan: FamilyPlan, number: int, name: str, citations: _Citations
    ) -> tuple[Part, ...]:
        other = self.plan.families[name]
        return tuple(
            self._part(other, child, citations) for child in self.plan.folded(plan, number, name)
        )

    def _part(self, plan: FamilyPlan, number: int, citations: _Citations) -> Part:
        family, cell = plan.family, plan.cells[number]
        scope = self.plan.scope(family, cell)
        html = b"".join(
            self._slot_html(plan, number, slot, scope, citations, base=BASE_FOLDED)
            for slot in family.slots
            if slot.name in family.fold_slots
        )
        heading = self._said(family.fold_heading or family.link_text, family, cell)
        return Part(self.plan.fold_id(plan, number), heading, html, self._part_links(plan, number))

    def _part_links(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        """Return links to the hubs of what is particular to a folded cell."""
        parent_axes = self._project.families[plan.family.parent].axes
        rows = dict(zip(plan.family.axes, plan.cells[number], strict=True))
        own = tuple(axis for axis in plan.family.axes if axis not in parent_axes)
        items: list[Item] = []
        for name, other in self.plan.families.items():
            if other.family.axes == own and other.family.listed:
                found = self.plan.find(name, rows)
                if found and other.verdicts[found[1]] == PUBLISHED:
                    items.append(self._item(*found))
        return tuple(Item(item.href, item.title) for item in items)

    def _slot_html(
        self,
        plan: FamilyPlan,
        number: int,
        slot: Slot,
        scope: Mapping[str, Any],
        citations: _Citations,
        base: int = 0,
    ) -> bytes:
        segments = self.filled(plan, number, slot, scope, base).segments
        if len(segments) == 1 and isinstance(segments[0], bytes):
            return segments[0]
        return b"".join(self._finished_all(segments, scope, plan, number, citations))

    def filled(
        self,
        plan: FamilyPlan,
        number: int,
        slot: Slot,
        scope: Mapping[str, Any],
        base: int = 0,
    ) -> Filled:
        """Return what fills a slot of a cell."""
        snippet = plan.choices[slot.name][number] if slot.snippet else None
        if snippet is not None:
            level = base or (BASE_UNDER_HEADING if slot.heading else BASE_ALONE)
            fragment = self.plan.fragments[(snippet.path, level)]
            return self._snippet(plan.family, snippet, fragment, scope)
        if slot.partial:
            return self._partial(plan, slot, scope)
        return _NOTHING

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

    def _partial(self, plan: FamilyPlan, slot: Slot, scope: Mapping[str, Any]) -> Filled:
        rows = tuple(self._data.named(name, plan, scope) for name in slot.rows)
        key = (slot.partial, plan.family.name, *rows)
        axes = self._axes_of(plan.family, slot.rows)

        def make() -> Filled:
            return self._data.rendered(slot, rows)

        if axes and len(axes) == len(plan.family.axes):
            return make()
        if plan.family.axes and plan.family.axes[0] in axes:
            return self._kept_last((slot.partial, plan.family.name), key, make)
        return self._kept(key, make)

    def _snippet(
        self, family: Family, snippet: Snippet, fragment: Fragment, scope: Mapping[str, Any]
    ) -> Filled:
        """Fill a snippet once for all cells that give it the same values."""
        place = (id(fragment), family.name)
        policy = self._policies.get(place)
        if policy is None:
            policy = self._policies[place] = self._policy(family, snippet, fragment)
        roots, keep = policy
        if keep is ONCE:
            return self._put_in(fragment, scope)
        key = (place, *[scope.get(root) for root in roots])
        if keep is LAST:
            return self._kept_last(place, key, lambda: self._put_in(fragment, scope))
        return self._kept(key, lambda: self._put_in(fragment, scope))

    def _policy(
        self, family: Family, snippet: Snippet, fragment: Fragment
    ) -> tuple[tuple[str, ...], str]:
        """Return the rows whose values a fragment prints, and how long what they give is kept.

        Cells pass in slug order: what depends on the first axis is used by neighbours only, what
        depends on every axis by one cell only.
        """
        roots = _roots(fragment)
        axes = self._axes_of(family, roots)
        if roots and len(axes | set(snippet.singles)) == len(family.axes):
            return roots, ONCE
        return roots, LAST if roots and family.axes[0] in axes else KEEP

    def _axes_of(self, family: Family, roots: Iterable[str]) -> set[str]:
        axes: set[str] = set()
        for root in roots:
            join = self._project.joins.get(root)
            axes.update(join.axes if join else (root,))
        return axes & set(family.axes)

    def _kept(self, key: Any, make: Callable[[], Filled]) -> Filled:
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = make()
        return found

    def _kept_last(self, place: Any, key: Any, make: Callable[[], Filled]) -> Filled:
        last = self._last.get(place)
        if last is not None and last[0] == key:
            return last[1]
        made = make()
        self._last[place] = (key, made)
        return made

    def _put_in(self, fragment: Fragment, scope: Mapping[str, Any]) -> Filled:
        simple = self._simple.get(id(fragment))
        if simple is None:
            simple = self._simple[id(fragment)] = self._simplified(fragment)
        literals, places = simple
        if not places:
            return Filled(
                merged(p for segment in fragment.segments for p in self._valued(segment, scope))
            )
        parts = list(literals)
        for number, root, name in places:
            parts[number] = self._field(scope[root], name)
        return Filled((b"".join(parts),))

    def _simplified(
        self, fragment: Fragment
    ) -> tuple[tuple[bytes, ...], tuple[tuple[int, str, str], ...]]:
        """Return literals and places of a fragment that only prints fields which every row has."""
        literals: list[bytes] = []
        places: list[tuple[int, str, str]] = []
        for number, segment in enumerate(fragment.segments):
            if isinstance(segment, bytes):
                literals.append(segment)
            elif isinstance(segment, Print) and self.plan.always_text(segment.path):
                literals.append(b"")
                places.append((number, segment.path.root, segment.path.fields[0]))
            else:
                return (), ()
        return tuple(literals), tuple(places)

    def _field(self, row: Row, name: str) -> bytes:
        found = self._escaped.get((row, name))
        if found is None:
            found = self._escaped[(row, name)] = str(escape(row.values[name])).encode()
        return found

    def _valued(self, segment: Segment, scope: Mapping[str, Any]) -> Iterable[Segment]:
        if isinstance(segment, Print):
            try:
                return (str(escape(evaluate(segment.path, scope))).encode(),)
            except AbsentError as error:
                self._absent(segment.location, error, _cell_name(scope))
                return ()
        if isinstance(segment, FactCall):
            return self._fact_call(segment, scope)
        return (segment,)

    def _fact_call(self, call: FactCall, scope: Mapping[str, Any]) -> Iterable[Segment]:
        value = lookup(call.path, scope)
        row = value if isinstance(value, Row) else self._project.facts.get(str(value))
        if row is None:
            self._absent(call.location, AbsentError(str(call.path)), _cell_name(scope))
            return ()
        if call.name == "nothing":
            return ()
        segment, plain = self._converter.cited(
            "cite" if call.name == "cite" else "fact", row, call.location
        )
        return (plain,) if call.name == "plain" else spread(segment)

    def _finished_all(
        self,
        segments: tuple[Segment, ...],
        scope: Mapping[str, Any],
        plan: FamilyPlan,
        number: int,
        citations: _Citations,
    ) -> Iterable[bytes]:
        """Yield the segments as bytes; a source cited twice in a row is marked once."""
        before: Row | None = None
        for segment in segments:
            again = isinstance(segment, Cite) and segment.source is before
            finished = self._finished(segment, scope, plan, number, citations)
            if not again:
                yield finished
            if isinstance(segment, Cite):
                before = segment.source
            elif not isinstance(segment, bytes) or segment.strip():
                before = None

    def _finished(
        self,
        segment: Segment,
        scope: Mapping[str, Any],
        plan: FamilyPlan,
        number: int,
        citations: _Citations,
    ) -> bytes:
        if isinstance(segment, bytes):
            return segment
        if isinstance(segment, Cite):
            return self._cite_mark(citations.number(segment))
        if isinstance(segment, Link):
            return self._anchor(segment, scope, plan, number)
        return b""

    def _cite_mark(self, number: int) -> bytes:
        if number not in self._cites:
            label = escape(self._lexicon.text("cite_label", number))
            anchor = f'<a href="#source-{number}" aria-label="{label}">{number}</a>'
            self._cites[number] = f'<sup class="cite">{anchor}</sup>'.encode()
        return self._cites[number]

    def _anchor(self, link: Link, scope: Mapping[str, Any], plan: FamilyPlan, number: int) -> bytes:
        rows = {axis: row for axis, row in scope.items() if isinstance(row, Row)}
        for axis, pin in link.pins:
            row = lookup(pin, scope) if isinstance(pin, Path) else pin
            if isinstance(row, Row):
                rows[axis] = row
        target = self.plan.find(link.family, rows)
        href = self.plan.href(*target) if target else ""
        if not href:
            self._report_dead(link, scope)
        here = target is not None and target[0] is plan and target[1] == number
        if link.bare:
            return str(escape(href or "#")).encode()
        words = self._link_words(link, scope, target)
        if not href or here:
            return str(escape(words)).encode()
        return f'<a href="{escape(href)}">{escape(words)}</a>'.encode()

    def _link_words(
        self, link: Link, scope: Mapping[str, Any], target: tuple[FamilyPlan, int] | None
    ) -> str:
        if isinstance(link.text, Path):
            return evaluate(link.text, scope)
        if link.text is not None:
            return link.text
        if target is None:
            return ""
        return self.plan.link_text(target[0].family, target[0].cells[target[1]])

    def _report_dead(self, link: Link, scope: Mapping[str, Any]) -> None:
        self._report(
            Diagnostic(
                code="C208",
                location=link.location,
                message=f"the link to `{link.family}` leads to no page",
                severity=WARNING,
                help="name a combination that exists; the words stay without a link",
                notes=(f"for {_cell_name(scope)}",),
            )
        )


def _roots(fragment: Fragment) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for segment in fragment.segments:
        if isinstance(segment, (Print, FactCall)):
            found[segment.path.root] = None
    found.pop("site", None)
    return tuple(found)


def _cell_name(scope: Mapping[str, Any]) -> str:
    return " × ".join(row.slug for row in scope.values() if isinstance(row, Row) and not row.about)


_NOTHING = Filled(())
