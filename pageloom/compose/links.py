"""Links to other pages: in lists, above a page, beside it, and in running text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from markupsafe import escape

from pageloom import seo
from pageloom.batch import HTML, JSON, Batch
from pageloom.cells import Cell, at, picker
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.expressions import AbsentError, evaluate, lookup
from pageloom.known import Known
from pageloom.model import Family, Link, Path, Row, Slot, Text
from pageloom.plan import NOINDEX, PUBLISHED, FamilyPlan, Plan
from pageloom.sheet import Item, Linked, escape_all, escaped

Report = Callable[[Diagnostic], None]
KEPT, RUN = 3_000, 64
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Above:
    """The links to the pages above a page."""

    items: tuple[Item, ...] = ()
    texts: tuple[bytes, ...] = ()
    """Words and addresses in turn, for its template."""
    said: tuple[bytes, ...] = ()
    """Words and address paths in turn, for its structured data."""


NO_PAGES = Above()


class _Near(dict[int, V]):
    """What is made of cells of a family by their numbers, in runs of neighbours."""

    def __init__(
        self, make: Callable[[Sequence[int]], Iterable[tuple[int, V]]], cells: int
    ) -> None:
        super().__init__()
        self._make = make
        self._cells = cells
        self._before: dict[int, V] = {}

    def __missing__(self, number: int) -> V:
        found = self._before.get(number)
        if found is not None:
            self[number] = found
            return found
        start = number - number % RUN
        self.update(self._make(range(start, min(start + RUN, self._cells))))
        found = self.get(number)
        if found is not None:
            return found
        ((_, found),) = self._make((number,))  # its words are absent, which each page says
        return found

    def aged(self) -> _Near[V]:
        """Return this, without what was not asked for lately where it has become large."""
        if len(self) > KEPT:
            self._before = dict(self)
            self.clear()
        return self


@dataclass(slots=True)
class Way:
    """Where a link in running text leads."""

    axes: tuple[str, ...]
    """Those whose rows decide."""
    pick: Callable[[Cell], Cell] | None
    """Takes these rows of a cell; None where all decide."""
    make: Callable[[int], tuple[bytes, bool]]
    made: dict[Cell, tuple[bytes, bool]] = field(default_factory=dict)

    def anchor(self, number: int, cell: Cell) -> tuple[bytes, bool]:
        """Return the link in a cell, and whether it leads to a page; its words where it does not.

        The cells that are asked for lie near each other.
        """
        if self.pick is None:
            return self.make(number)
        rows = self.pick(cell)
        found = self.made.get(rows)
        if found is None:
            if len(self.made) >= RUN:
                self.made.clear()
            found = self.made[rows] = self.make(number)
        return found


def _above(items: Sequence[Item]) -> Above:
    texts = tuple(text for item in items for text in item.link)
    said = tuple(text for item in items for text in item.said)
    return Above(tuple(items), texts, said)


class Linker:
    """Makes links; those that many pages near each other have are made once."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self.report = report
        self._items: Known[str, _Near[Item]] = Known(partial(self._near, self._made))
        self._links: Known[str, _Near[Linked]] = Known(partial(self._near, self._linked))
        self._ways: dict[tuple[Any, ...], Way] = {}
        self._above: dict[str, dict[int, Above]] = {}
        """Links to the pages above, by the number of the parent in its family."""

    def said(self, text: Text, family: Family, cell: Cell) -> str:
        """Return a text of a cell; an absent value is a problem."""
        try:
            return self._plan.spoken(text, family, cell)
        except AbsentError as error:
            self.absent(text.location, error, " × ".join(row.slug for row in cell))
            return ""

    def absent(self, location: Location, error: AbsentError, cell: str) -> None:
        """Report a field that is absent and printed."""
        self.report(
            Diagnostic(
                code="C216",
                location=location,
                message=f"`{error}` is absent and is printed",
                expected="a value",
                help="fill the field, or write a more specific text for these cells",
                notes=(f"for {cell}",) if cell else (),
            )
        )

    def above(self, plan: FamilyPlan, number: int) -> Above:
        """Return the links to the pages above a cell."""
        return self.all_above(plan, (number,))[0]

    def all_above(self, plan: FamilyPlan, numbers: Sequence[int]) -> list[Above]:
        """Return for each of some cells the links to the pages above it, often its neighbour's."""
        found = self._above.setdefault(plan.family.parent, {-1: NO_PAGES})
        if len(found) > KEPT:
            found = self._above[plan.family.parent] = {-1: NO_PAGES}
        parents = self._plan.parents(plan, numbers)
        for number, parent in zip(numbers, parents, strict=True):
            if parent not in found:
                places = self._plan.crumbs(plan, number)
                found[parent] = _above([self._crumb(*place) for place in places])
        return [found[parent] for parent in parents]

    def related(self, plan: FamilyPlan, number: int) -> list[Linked]:
        """Return words and addresses of the links to a page's siblings."""
        links = self.links(plan)
        return [links[other] for other in self._plan.siblings(plan, number)]

    def item(self, plan: FamilyPlan, number: int) -> Item:
        """Return the link to a cell; pages that lie near each other link to the same ones."""
        return self.items(plan)[number]

    def prepare(self, plan: FamilyPlan, numbers: Sequence[int]) -> None:
        """Make the links to cells that lie far apart, and not to all their neighbours with them."""
        if numbers and max(numbers) - min(numbers) >= RUN * len(numbers) // 8:
            items = self.items(plan)
            items.update(self._made(plan, [number for number in numbers if number not in items]))

    def listed(self, plan: FamilyPlan, number: int, slot: Slot) -> Item:
        """Return the link to a cell in a list that may have words and a line of its own for it."""
        item = self.item(plan, number)
        if slot.text is None and slot.line is None:
            return item
        worded = self._worded(item, slot.text, plan, number)
        if slot.line is None:
            return worded
        return Item(worded.link, worded.said, escaped(self._spoken(slot.line, plan, number)))

    def _crumb(self, plan: FamilyPlan, number: int) -> Item:
        """Return the link to a cell in breadcrumbs."""
        item, family = self.item(plan, number), plan.family
        if family.crumb is family.link_text:
            return item
        return self._worded(item, family.crumb, plan, number)

    def _worded(self, item: Item, text: Text | None, plan: FamilyPlan, number: int) -> Item:
        """Return a link with other words; with its own where a field in them is absent."""
        words = self._spoken(text, plan, number) if text is not None else ""
        if not words:
            return item
        return Item((HTML[words], item.link[1]), (JSON[words], item.said[1]), item.line)

    def _spoken(self, text: Text, plan: FamilyPlan, number: int) -> str:
        """Return a text of a cell; nothing where a field in it is absent."""
        with suppress(AbsentError):
            return self._plan.spoken(text, plan.family, plan.cells[number])
        return ""

    def items(self, plan: FamilyPlan) -> dict[int, Item]:
        """Return the links to the cells of a family for lists, by number."""
        return self._items[plan.family.name].aged()

    def links(self, plan: FamilyPlan) -> dict[int, Linked]:
        """Return words and addresses of the links to the cells of a family, by number."""
        return self._links[plan.family.name].aged()

    def _near(
        self,
        make: Callable[[FamilyPlan, Sequence[int]], Iterable[tuple[int, V]]],
        name: str,
    ) -> _Near[V]:
        plan = self._plan.families[name]
        return _Near(partial(make, plan), len(plan.cells))

    def _hrefs(self, plan: FamilyPlan, numbers: Sequence[int]) -> list[str]:
        hrefs = self._plan.routes(plan, numbers)
        for place, verdict in enumerate(at(plan.verdicts, numbers)):
            if verdict < NOINDEX:
                hrefs[place] = self._plan.href(plan, numbers[place])
        return hrefs

    def _linked(
        self, plan: FamilyPlan, numbers: Sequence[int], hrefs: Sequence[str] = ()
    ) -> Iterator[tuple[int, Linked]]:
        """Yield words and addresses of links; of several, those whose words are absent left out."""
        family = plan.family
        said = Batch(self._plan, plan, numbers).said(family.link_text, HTML)
        places = escape_all(hrefs or self._hrefs(plan, numbers))
        for number, words, href in zip(numbers, said, places, strict=True):
            if words is not None:
                yield number, (words, href)
            elif len(numbers) == 1:
                yield number, (HTML[self.said(family.link_text, family, plan.cells[number])], href)

    def _made(self, plan: FamilyPlan, numbers: Sequence[int]) -> Iterator[tuple[int, Item]]:
        """Yield the links to cells; of several, those whose words are absent are left out."""
        family = plan.family
        batch = Batch(self._plan, plan, numbers)
        lines = batch.said(family.line, HTML) if family.line else [b""] * len(numbers)
        hrefs = self._hrefs(plan, numbers)
        links = dict(self._linked(plan, numbers, hrefs))
        told = zip(batch.said(family.link_text, JSON), seo.say_all(hrefs), strict=True)
        for number, (words, href), line in zip(numbers, told, lines, strict=True):
            link = links.get(number)
            if link is not None:
                said = (words or b"", href)
                yield number, Item(link, link if said == link else said, line or b"")

    def hubs(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        """Return links to the hubs of what is particular to a folded cell."""
        parent_axes = self._plan.project.families[plan.family.parent].axes
        rows = dict(zip(plan.family.axes, plan.cells[number], strict=True))
        own = tuple(axis for axis in plan.family.axes if axis not in parent_axes)
        items: list[Item] = []
        for name, other in self._plan.families.items():
            if other.family.axes == own and other.family.listed:
                found = self._plan.find(name, rows)
                if found and other.verdicts[found[1]] == PUBLISHED:
                    items.append(self.item(*found))
        return tuple(Item(item.link, item.said) for item in items)

    def way(self, link: Link, plan: FamilyPlan) -> Way:
        """Return where a link in the texts of a family leads."""
        key = (plan.family.name, link.family, link.pins, link.text, link.bare)
        found = self._ways.get(key)
        if found is None:
            axes = self._axes_of(link, plan.family)
            pick = picker(plan.family.axes, axes) if len(axes) < len(plan.family.axes) else None
            found = self._ways[key] = Way(axes, pick, partial(self._anchor, link, plan))
        return found

    def _axes_of(self, link: Link, family: Family) -> tuple[str, ...]:
        """Return the axes of a family whose rows decide where a link leads and what it says."""
        if link.family == family.name:
            return family.axes  # the page itself is no link
        values = (*dict(link.pins).values(), link.text)
        roots = {value.root for value in values if isinstance(value, Path)}
        # A field that names no row leaves an axis as it is in the cell.
        pinned = {axis for axis, pin in link.pins if isinstance(pin, Row)}
        roots.update(set(self._plan.families[link.family].family.axes) - pinned)
        joins = self._plan.project.joins
        axes = {axis for root in roots for axis in (joins[root].axes if root in joins else (root,))}
        return tuple(axis for axis in family.axes if axis in axes)

    def _anchor(self, link: Link, plan: FamilyPlan, number: int) -> tuple[bytes, bool]:
        """Return a link in running text, and whether it leads to a page; else its words."""
        scope = self._plan.scope(plan.family, plan.cells[number])
        rows = {axis: row for axis, row in scope.items() if isinstance(row, Row)}
        for axis, pin in link.pins:
            row = lookup(pin, scope) if isinstance(pin, Path) else pin
            if isinstance(row, Row):
                rows[axis] = row
        target = self._plan.find(link.family, rows)
        href = self._plan.href(*target) if target else ""
        here = target is not None and target[0] is plan and target[1] == number
        if link.bare:
            return str(escape(href or "#")).encode(), bool(href)
        words = escape(self._link_words(link, scope, target))
        if not href or here:
            return words.encode(), bool(href)
        return f'<a href="{escape(href)}">{words}</a>'.encode(), True

    def _link_words(
        self, link: Link, scope: Mapping[str, Any], target: tuple[FamilyPlan, int] | None
    ) -> str:
        if isinstance(link.text, Path):
            return evaluate(link.text, scope)
        if link.text is not None:
            return link.text
        if target is None:
            return ""
        return self._plan.link_text(target[0].family, target[0].cells[target[1]])

    def tell_dead(self, link: Link, plan: FamilyPlan, number: int) -> None:
        """Report a link of a cell that leads to no page."""
        scope = self._plan.scope(plan.family, plan.cells[number])
        self.report(
            Diagnostic(
                code="C208",
                location=link.location,
                message=f"the link to `{link.family}` leads to no page",
                severity=WARNING,
                help="name a combination that exists; the words stay without a link",
                notes=(f"for {cell_name(scope)}",),
            )
        )


def cell_name(scope: Mapping[str, Any]) -> str:
    """Return the rows of a scope in words."""
    return " × ".join(row.slug for row in scope.values() if isinstance(row, Row) and not row.about)
