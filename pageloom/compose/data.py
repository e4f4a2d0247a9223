"""Data slots: theme partials over named rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from markupsafe import Markup, escape

from pageloom import feed, share
from pageloom.cells import Cell, picker
from pageloom.compose.filling import Filled, filled
from pageloom.compose.stencils import Stencils
from pageloom.expressions import AbsentError, evaluate, lookup
from pageloom.lexicon import Lexicon
from pageloom.markup import Converter, merged, split_tokens, spread
from pageloom.model import Cite, FactCall, Fragment, Link, Path, Print, Project, Row, Segment, Slot
from pageloom.plan import FamilyPlan, Plan
from pageloom.theme import Theme
from pageloom.views import OPEN, SHUT, HollowError, Traced, View, Views


class DataSlots:
    """Renders partials once per rows; what they cite and link to stays open for the page."""

    def __init__(self, plan: Plan, theme: Theme, converter: Converter) -> None:
        self._project: Project = plan.project
        self._theme = theme
        self._converter = converter
        self._site = site_view(plan, converter.lexicon)
        self._views = Views(plan.project.fields, self._markdown)
        self._stencils = Stencils(theme, self._views, plan.project.markdown, self._site)
        self._collected: list[Any] = []
        self._facts: set[str] = set()
        self._fields: dict[tuple[Row, str], Fragment] = {}
        theme.add_functions(
            {
                "fact": self._fact,
                "cite": self._cite,
                "value": self._value,
                "link": self._link,
                "url": self._url,
            }
        )

    def picker(self, names: Sequence[str], plan: FamilyPlan) -> Callable[[Cell], tuple[Any, ...]]:
        """Return what takes a cell of a family to what these names mean there, in their order."""
        axes = plan.family.axes
        if all(name in axes for name in names):
            return picker(axes, tuple(names))
        getters = [self._getter(name, plan) for name in names]
        return lambda cell: tuple([get(cell) for get in getters])

    def _getter(self, name: str, plan: FamilyPlan) -> Callable[[Cell], Any]:
        """Return what takes a cell to a row of its own, or to rows of a table or join."""
        axes = plan.family.axes
        if name in axes:
            return itemgetter(axes.index(name))
        join = self._project.joins.get(name)
        if join is None:
            found = self._project.tables[{"facts": "fact", "sources": "source"}.get(name, name)]
            return lambda _: found
        shared = tuple(axis for axis in join.axes if axis in axes)
        pick = picker(axes, shared)
        if shared == join.axes:
            return lambda cell: join.index.get(pick(cell))
        groups: dict[Cell, list[Row]] = {}
        for row in join.rows:
            groups.setdefault(tuple([row.values[axis] for axis in shared]), []).append(row)
        return lambda cell: tuple(groups.get(pick(cell), ()))

    def rendered(self, slot: Slot, rows: tuple[Any, ...]) -> Filled:
        """Return a partial's HTML over these rows. Raises `ThemeError`."""
        made = self._stencils.filled(slot, rows) if self._views.trace is None else None
        return made or self._rendered(slot, rows)

    def _rendered(self, slot: Slot, rows: tuple[Any, ...]) -> Filled:
        context: dict[str, Any] = {"site": self._site}
        for name, row in zip(slot.rows, rows, strict=True):
            context[name] = (
                tuple(self._views.of(item) for item in row)
                if isinstance(row, tuple)
                else self._views.of(row, name)
            )
        self._collected, self._facts = [], set()
        first = next((row for row in rows if isinstance(row, Row)), None)
        location = first.location if first is not None else slot.location
        marked = self._theme.render(slot.partial, context, location).strip()
        html = marked.replace(OPEN, "").replace(SHUT, "")
        parts = {index: spread(segment) for index, segment in enumerate(self._collected)}
        own = merged(split_tokens(marked, parts)) if marked else ()
        return filled(merged(split_tokens(html, parts)), own, frozenset(self._facts))

    def template_path(self, name: str) -> str:
        """Return the file of a template."""
        found = self._theme.source(name)
        return found.path if found is not None else name

    def traced(self, slot: Slot, rows: tuple[Any, ...]) -> tuple[Filled, list[Traced]]:
        """Return a partial's HTML with a mark around each field, and the fields by their number."""
        found: list[Traced] = []
        self._views.trace = found
        try:
            return self.rendered(slot, rows), found
        finally:
            self._views.trace = None

    def _token(self, segment: Any) -> Markup:
        self._collected.append(segment)
        return Markup(f"\ue000{len(self._collected) - 1}\ue001")  # noqa: S704  (a token)

    def _fact(self, what: Any) -> Markup:
        return self._cited("fact", what)

    def _cite(self, what: Any) -> Markup:
        return self._cited("cite", what)

    def _value(self, what: Any) -> str:
        """Return a fact's value in words, for places where no citation can stand."""
        row = what._row if isinstance(what, View) else self._known(what)  # noqa: SLF001
        return self._converter.lexicon.fact(row)

    def _cited(self, name: str, what: Any) -> Markup:
        row = what._row if isinstance(what, View) else self._known(what)  # noqa: SLF001
        if isinstance(what, View) and what._own:  # noqa: SLF001
            self._facts.add(row.slug)
        segment, _ = self._converter.cited(name, row, row.location)
        token = self._token(segment)
        own = isinstance(what, View) and what._own  # noqa: SLF001
        label = self._views.label(row, "", own=own)
        return Markup(f"{OPEN}{label}{token}{SHUT}") if own or label else token  # noqa: S704

    def _known(self, what: Any) -> Row:
        found = self._project.facts.get(str(what)) or self._project.sources.get(str(what))
        if found is None:
            raise LookupError(f"unknown fact or source `{what}`")
        return found

    def _link(self, family: str, text: Any = None, **axes: Any) -> Markup:
        return self._token(self._made_link(family, text, axes, bare=False))

    def _url(self, family: str, **axes: Any) -> Markup:
        return self._token(self._made_link(family, None, axes, bare=True))

    def _made_link(self, family: str, text: Any, axes: Mapping[str, Any], *, bare: bool) -> Link:
        if family not in self._project.families:
            raise LookupError(f"unknown family `{family}`")
        pins = tuple((axis, self._axis_row(axis, value)) for axis, value in axes.items())
        words = None if text is None else str(text)
        return Link(family, pins, words, bare, self._project.families[family].location)

    def _axis_row(self, axis: str, value: Any) -> Row:
        if isinstance(value, View):
            row: Row = value._row  # noqa: SLF001
            return row
        for row in self._project.axes.get(axis, ()):
            if row.slug == str(value):
                return row
        raise LookupError(f"unknown {axis} `{value}`")

    def _markdown(self, row: Row, name: str) -> Markup | None:
        """Return a field declared as Markdown, converted; None for any other field."""
        if name not in self._project.markdown.get(row.kind, ()):
            return None
        fragment = self._fields.get((row, name))
        if fragment is None:
            fragment = self._fields[(row, name)] = self._converter.field(row, name)
        scope = {item.kind: item for item in (row, *row.about)}
        html = Markup("").join(self._said(segment, scope) for segment in fragment.segments)
        label = self._views.label(row, name, own=bool(row.about))
        marked = bool(row.about) or label
        return Markup(f"{OPEN}{label}{html}{SHUT}") if marked else html  # noqa: S704

    def _said(self, segment: Segment, scope: Mapping[str, Any]) -> Markup:
        """Return what a part of a field's text prints. Raises `HollowError`."""
        try:
            return self._part(segment, scope)
        except AbsentError as error:
            if isinstance(segment, (bytes, Cite)):
                raise
            raise HollowError(str(error), segment.location) from error

    def _part(self, segment: Segment, scope: Mapping[str, Any]) -> Markup:
        if isinstance(segment, bytes):
            return Markup(segment.decode())  # noqa: S704  (converted Markdown)
        if isinstance(segment, Print):
            return escape(evaluate(segment.path, scope))
        if isinstance(segment, FactCall):
            called = self._converter.called(segment, scope)
            return Markup("").join(self._part(part, scope) for part in called)
        return self._token(_bound(segment, scope) if isinstance(segment, Link) else segment)


def _bound(link: Link, scope: Mapping[str, Row]) -> Link:
    """Return a link of a field with the rows and words that its paths name: the field's own.

    Pages that list rows do not have these.
    """
    rows = {axis: lookup(pin, scope) if isinstance(pin, Path) else pin for axis, pin in link.pins}
    pins = tuple((axis, row) for axis, row in rows.items() if isinstance(row, Row))
    words = evaluate(link.text, scope) if isinstance(link.text, Path) else link.text
    return replace(link, pins=pins, text=words)


def site_view(plan: Plan, lexicon: Lexicon) -> dict[str, Any]:
    """Return what templates see as `site`: settings and navigation, never lists of pages."""
    project = plan.project
    values = project.settings.values
    return {
        "brand": project.settings.brand,
        "lang": project.settings.lang,
        "base_url": project.settings.base_url,
        "as_of": lexicon.date(project.settings.as_of),
        "organization": _Loose(values.get("organization", {})),
        "nav": _navigation(plan, values.get("nav", ())),
        "footer": _navigation(plan, values.get("footer", ())),
        "verification": [
            {"name": name, "content": content}
            for name, content in sorted(values.get("verification", {}).items())
        ],
        "feed": f"/{feed.PATH}" if project.has_feed else "",
        "tools": _Loose(values.get("tools", {})),
        "share_words": {
            family.name: share.words(family, project) for family in project.families.values()
        },
        "offers": _Loose(
            {
                name: _Loose(_current(offer, project.settings.today))
                for name, offer in values.get("offers", {}).items()
            }
        ),
    }


class _Loose(dict[str, Any]):
    """A map whose missing keys are falsy."""

    def __missing__(self, key: str) -> str:
        return ""


def _current(offer: Mapping[str, Any], today: str) -> dict[str, Any]:
    """Return an offer without its promotional price when that has run out (16 CFR 233.1)."""
    over = "until" in offer and str(offer["until"]) < today
    hidden = {"price", "until", "list_price", "list_price_since"} if over else set()
    return {key: value for key, value in offer.items() if key not in hidden}


def _navigation(plan: Plan, entries: Any) -> list[dict[str, str]]:
    """Return the links of header or footer; one to a page that does not stand is left out."""
    items: list[dict[str, str]] = []
    for entry in entries:
        rows = {
            axis: row
            for axis, table in plan.project.axes.items()
            for row in table
            if entry.get(axis) == row.slug
        }
        family = str(entry.get("family", ""))
        found = plan.find(family, rows) if family in plan.families else None
        href = plan.href(*found) if found else ""
        if href:
            items.append({"text": str(entry.get("text", "")), "href": href})
    return items
