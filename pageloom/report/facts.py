"""What the facts could carry, and which facts and snippets are due to be read again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pageloom.diagnostics import Location
from pageloom.lexicon import Lexicon
from pageloom.model import Fragment, Project, Row
from pageloom.plan import Cell, FamilyPlan, Plan, picker

STABLE = frozenset(("statute", "regulation"))
STABLE_MONTHS, OTHER_MONTHS = 24, 12


@dataclass(frozen=True, slots=True)
class Holding:
    """Facts that the data holds for some rows: about two or more of them, and about one."""

    narrow: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many facts there are."""
        return len(self.narrow) + len(self.wide)


class Facts:
    """Facts by the rows of a family's axes that they are about; of low confidence are none."""

    def __init__(self, axes: tuple[str, ...], facts: Iterable[Row]) -> None:
        self._axes = axes
        self._index: dict[tuple[str, ...], dict[tuple[str, ...], list[str]]] = {}
        for fact in facts:
            if fact.values.get("confidence") != "low":
                self._add(fact)

    def _add(self, fact: Row) -> None:
        about = fact.values.get("about") or {}
        named = tuple(axis for axis in self._axes if axis in about)
        cells: list[tuple[str, ...]] = [()]
        for axis in named:
            cells = [(*cell, slug) for cell in cells for slug in _slugs(about[axis])]
        if named:
            index = self._index.setdefault(named, {})
            for cell in cells:
                index.setdefault(cell, []).append(fact.slug)

    def of(self, axes: tuple[str, ...], cell: Cell) -> Holding:
        """Return the facts about rows on some axes and about no other row of the family."""
        narrow: list[str] = []
        wide: list[str] = []
        for count in range(1, len(axes) + 1):
            for chosen in combinations(axes, count):
                index = self._index.get(chosen)
                if index is not None:
                    rows = picker(axes, chosen)(cell)
                    found = index.get(tuple(row.slug for row in rows), ())
                    (narrow if count > 1 else wide).extend(found)
        return Holding(tuple(dict.fromkeys(narrow)), tuple(dict.fromkeys(wide)))


def _slugs(named: Any) -> tuple[str, ...]:
    """Return the slugs of what `about` names for an axis: a row, a slug or a list of them."""
    rows = named if isinstance(named, tuple) else (named,)
    return tuple(row.slug if isinstance(row, Row) else str(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A fact or a snippet whose last check lies further back than its interval."""

    kind: str
    id: str
    location: Location
    checked: str
    due: str
    value: str = ""
    source: str = ""
    publisher: str = ""
    url: str = ""
    pages: int = 0


def due(plan: Plan, lexicon: Lexicon) -> tuple[Due, ...]:
    """Return what was last checked too long before `as_of`: longest overdue first."""
    today = plan.project.settings.as_of
    uses = _uses(plan)
    found = [*_due_facts(plan.project, lexicon, uses), *_due_snippets(plan, uses)]
    return tuple(sorted((item for item in found if item.due < today), key=lambda i: (i.due, i.id)))


def _due_facts(project: Project, lexicon: Lexicon, uses: Mapping[str, int]) -> Iterator[Due]:
    for fact in project.facts.values():
        source = fact.values.get("source")
        checked = str(fact.values.get("as_of", ""))
        if not checked:
            continue
        of_source: Mapping[str, Any] = source.values if isinstance(source, Row) else {}
        stable = of_source.get("type") in STABLE
        months = fact.values.get("interval_months") or (STABLE_MONTHS if stable else OTHER_MONTHS)
        yield Due(
            kind="fact",
            id=fact.slug,
            location=fact.location,
            checked=checked,
            due=later(checked, int(months)),
            value=lexicon.fact(fact),
            source=source.slug if isinstance(source, Row) else "",
            publisher=str(of_source.get("publisher", "")),
            url=str(fact.values.get("url") or of_source.get("url", "")),
            pages=uses.get(fact.slug, 0),
        )


def _due_snippets(plan: Plan, uses: Mapping[str, int]) -> Iterator[Due]:
    for snippet in plan.project.snippets:
        checked = snippet.front.get("reviewed", "")
        if checked:
            months = int(snippet.front.get("interval_months") or OTHER_MONTHS)
            yield Due(
                kind="snippet",
                id=snippet.path,
                location=snippet.location,
                checked=checked,
                due=later(checked, months),
                pages=uses.get(snippet.path, 0),
            )


def later(date: str, months: int) -> str:
    """Return a date some months later; day 31 stays 31, which compares as it should."""
    year, month, day = (int(part) for part in date.split("-"))
    whole = year * 12 + month - 1 + months
    return f"{whole // 12:04d}-{whole % 12 + 1:02d}-{day:02d}"


def _uses(plan: Plan) -> dict[str, int]:
    """Return on how many pages each snippet stands, and each fact that a snippet names."""
    pages: dict[str, int] = {}
    for family in plan.families.values():
        _count_snippets(family, pages)
    facts: dict[str, int] = {}
    for (path, level), fragment in plan.fragments.items():
        if level != 4:
            for slug in _named(fragment):
                facts[slug] = facts.get(slug, 0) + pages.get(path, 0)
    return {**pages, **facts}


def _count_snippets(family: FamilyPlan, pages: dict[str, int]) -> None:
    for column in family.choices.values():
        for number in family.published():
            snippet = column[number]
            if snippet is not None:
                pages[snippet.path] = pages.get(snippet.path, 0) + 1


def _named(fragment: Fragment) -> Sequence[str]:
    found = (getattr(segment, "fact", None) for segment in fragment.segments)
    return tuple(dict.fromkeys(fact.slug for fact in found if isinstance(fact, Row)))
