"""Links to other pages: in lists, above a page, beside it, and in running text."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import escape

from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.expressions import AbsentError, evaluate, lookup
from pageloom.model import Family, Link, Path, Row, Text
from pageloom.plan import PUBLISHED, Cell, FamilyPlan, Plan
from pageloom.sheet import Item

Report = Callable[[Diagnostic], None]
KEPT_ITEMS = 20_000


class Linker:
    """Makes links; those that many pages near each other have are made once."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self.report = report
        self._items: dict[tuple[str, int], Item] = {}
        self._above: tuple[Any, tuple[Item, ...]] = (None, ())

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

    def crumbs(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        """Return the links above a page, and the page itself without an address."""
        above = self.above(plan, number)
        if not above:
            return ()
        cell = plan.cells[number]
        return (*above, Item("", self.said(plan.family.link_text, plan.family, cell)))

    def above(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        """Return the links to the pages above a cell; its neighbours have the same."""
        parent = self._plan.parent(plan, number)
        if parent is None:
            return ()
        key = (parent[0].family.name, parent[1])
        if self._above[0] != key:
            places = self._plan.crumbs(plan, number)
            items = tuple(Item(item.href, item.title) for item in (self.item(*p) for p in places))
            self._above = (key, items)
        return self._above[1]

    def related(self, plan: FamilyPlan, number: int) -> tuple[Item, ...]:
        """Return the links to a page's siblings."""
        return tuple([self.item(plan, other) for other in self._plan.siblings(plan, number)])

    def item(self, plan: FamilyPlan, number: int) -> Item:
        """Return the link to a cell; pages that lie near each other link to the same ones."""
        key = (plan.family.name, number)
        found = self._items.get(key)
        if found is None:
            if len(self._items) >= KEPT_ITEMS:
                self._items.clear()
            found = self._items[key] = self._made(plan, number)
        return found

    def listed(self, plan: FamilyPlan, number: int, line: Text | None) -> Item:
        """Return the link to a cell in a list that may have a line of its own for it."""
        return self.item(plan, number) if line is None else self._made(plan, number, line)

    def _made(self, plan: FamilyPlan, number: int, own: Text | None = None) -> Item:
        family, cell = plan.family, plan.cells[number]
        text = own or family.line
        line = ""
        if text is not None:
            with contextlib.suppress(AbsentError):
                line = self._plan.spoken(text, family, cell)
        return Item(self._plan.href(plan, number), self.said(family.link_text, family, cell), line)

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
        return tuple(Item(item.href, item.title) for item in items)

    def anchor(self, link: Link, scope: Mapping[str, Any], plan: FamilyPlan, number: int) -> bytes:
        """Return a link in running text; where no page is, its words."""
        rows = {axis: row for axis, row in scope.items() if isinstance(row, Row)}
        for axis, pin in link.pins:
            row = lookup(pin, scope) if isinstance(pin, Path) else pin
            if isinstance(row, Row):
                rows[axis] = row
        target = self._plan.find(link.family, rows)
        href = self._plan.href(*target) if target else ""
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
        return self._plan.link_text(target[0].family, target[0].cells[target[1]])

    def _report_dead(self, link: Link, scope: Mapping[str, Any]) -> None:
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
