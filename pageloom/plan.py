"""Every cell of the site with its verdict and snippets, in columns; addresses and titles.

One function makes each address: `Plan.route`. Everything else asks for it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, compress
from operator import itemgetter
from typing import Any

from pageloom import rings
from pageloom.cells import Cell, Cells, picker
from pageloom.expressions import evaluate
from pageloom.ledger import Entry
from pageloom.model import Family, Fragment, Path, Project, Row, Snippet, Text
from pageloom.rings import Ring

HELD, FOLDED, NOINDEX, PUBLISHED = range(4)
VERDICTS = ("held", "folded", "noindex", "published")
PER_HUB_PAGE = 80
Speaker = tuple[str | None, tuple[tuple[str, str], ...]]
"""A pattern with the fields it takes, as (axis or join, name); None where that will not do."""
Below = tuple[Mapping[Cell, Sequence[int]], Callable[[Cell], Cell]]
"""Cells of a family by the rows that they share with another's, and how to get those of a cell."""


@dataclass(slots=True)
class FamilyPlan:
    """The cells of a family in slug order, and what was decided for each."""

    family: Family
    cells: Cells
    choices: dict[str, list[Snippet | None]] = field(default_factory=dict)
    verdicts: bytearray = field(default_factory=bytearray)
    excluded: dict[str, int] = field(default_factory=dict)
    entries: list[Entry | None] = field(default_factory=list)
    """What the ledger says of each cell; empty where there is no ledger."""
    waiting: frozenset[int] = frozenset()
    """Cells that pass the gate and are noindex until they are released."""
    _index: dict[Cell, int] = field(default_factory=dict)

    @property
    def index(self) -> Mapping[Cell, int]:
        """The number of each cell; made when it is asked for, as it is seldom of most cells."""
        if not self._index:
            self._index = {cell: number for number, cell in enumerate(self.cells)}
        return self._index

    def chosen(self) -> Iterator[Snippet]:
        """Yield each snippet that was chosen for any cell, once."""
        every = dict.fromkeys(chain.from_iterable(self.choices.values()))
        return (snippet for snippet in every if snippet is not None)

    def entry(self, number: int) -> Entry | None:
        """Return what the ledger says of a cell."""
        return self.entries[number] if self.entries else None

    def passed(self) -> Iterator[int]:
        """Yield the numbers of the cells that pass the gate, released or not."""
        return (number for number in range(len(self.verdicts)) if self.passes(number))

    def passes(self, number: int) -> bool:
        """Whether a cell passes the gate, released or not."""
        return self.verdicts[number] == PUBLISHED or number in self.waiting

    def published(self) -> Sequence[int]:
        """Return the numbers of the published cells."""
        every = range(len(self.verdicts))
        if self.verdicts.count(PUBLISHED) == len(every):
            return every
        return list(compress(every, map(PUBLISHED.__eq__, self.verdicts)))


@dataclass(slots=True)
class Plan:
    """All families with their cells: what phase A decides and phase B writes."""

    project: Project
    families: dict[str, FamilyPlan]
    fragments: Mapping[tuple[str, int], Fragment] = field(default_factory=dict)
    """Fragments of snippets by path and heading level."""
    released: Mapping[str, Entry] = field(default_factory=dict)
    """Lines of the ledger by address, those of moved pages also by the present one."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Addresses of pages that were released under a former one, with that one."""
    lost: frozenset[str] = frozenset()
    """Addresses of the ledger that are no page now."""
    folded_away: Mapping[str, str] = field(default_factory=dict)
    """Released addresses whose cells have folded, and where their sections are."""
    _groups: dict[tuple[str, tuple[str, ...]], dict[Cell, array[int]]] = field(default_factory=dict)
    _texts: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    _pickers: dict[tuple[str, str], Callable[[Cell], Row]] = field(default_factory=dict)
    _below: dict[tuple[str, str], Below] = field(default_factory=dict)
    _rings: dict[str, Sequence[Ring]] = field(default_factory=dict)
    _covers: dict[str, Sequence[tuple[str, Callable[[Cell], Cell]]]] = field(default_factory=dict)
    _joined: dict[tuple[str, str], Sequence[Row | None]] = field(default_factory=dict)
    _speakers: dict[int, Speaker] = field(default_factory=dict)
    _columns: dict[str, Sequence[tuple[str, array[int]]]] = field(default_factory=dict)
    _routes: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def __getstate__(self) -> tuple[Any, ...]:
        """Return what another process needs; what is derived is made there anew."""
        return self.project, self.families, self.fragments

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def route(self, family: Family, cell: Cell) -> str:
        """Return the address path of a cell, such as `/a/b/c/`."""
        pattern, axes = self._routes.get(family.name) or self._route_pattern(family)
        slugs = {axis: row.slug for axis, row in zip(family.axes, cell, strict=True)}
        return pattern % tuple([slugs[axis] for axis in axes])

    def routes(self, plan: FamilyPlan, numbers: Sequence[int] | None = None) -> list[str]:
        """Return the address paths of the cells of a family; of all, or by their numbers."""
        pattern, axes = self._routes.get(plan.family.name) or self._route_pattern(plan.family)
        slugs = [plan.cells.slugs(axis, numbers) for axis in axes]
        if not slugs:
            return [pattern % ()] * len(plan.cells if numbers is None else numbers)
        return list(map(pattern.__mod__, zip(*slugs, strict=True)))

    def _route_pattern(self, family: Family) -> tuple[str, tuple[str, ...]]:
        parts = family.route.split("/")
        axes = tuple(part[1:-1] for part in parts if part.startswith("{"))
        pattern = "/".join("%s" if part.startswith("{") else part for part in parts)
        self._routes[family.name] = (pattern, axes)
        return pattern, axes

    def scope(self, family: Family, cell: Cell) -> dict[str, Any]:
        """Return the rows that texts of this cell may name, and `site`."""
        scope: dict[str, Any] = dict(zip(family.axes, cell, strict=True))
        for name, key in self.covered(family):
            scope[name] = self.project.joins[name].index.get(key(cell))
        scope["site"] = self.project.settings.values
        return scope

    def covered(self, family: Family) -> Sequence[tuple[str, Callable[[Cell], Cell]]]:
        """Return the joins whose axes a family has, and how to get their rows of a cell."""
        found = self._covers.get(family.name)
        if found is None:
            found = tuple(
                (join.name, picker(family.axes, join.axes))
                for join in self.project.joins.values()
                if set(join.axes) <= set(family.axes)
            )
            self._covers[family.name] = found
        return found

    def joined(self, plan: FamilyPlan, join: str) -> Sequence[Row | None]:
        """Return for each cell of a family the row of a join about it."""
        key = (plan.family.name, join)
        found = self._joined.get(key)
        if found is None:
            found_in = self.project.joins[join]
            about = plan.cells.over(found_in.axes)
            found = self._joined[key] = list(map(found_in.index.get, about))
        return found

    def spoken(self, text: Text, family: Family, cell: Cell) -> str:
        """Return a text of a family for a cell. Raises `AbsentError`."""
        pattern, places = self.speaker(text, family)
        if pattern is None:
            return self.say(text, self.scope(family, cell))
        return pattern % tuple([self.row_of(family, r)(cell).values[name] for r, name in places])

    def speaker(self, text: Text, family: Family) -> Speaker:
        """Return a text as a pattern over fields that all cells of the family have as text.

        Filling a pattern takes a quarter of the time that `say` takes.
        """
        speaker = self._speakers.get(id(text))
        if speaker is None:
            speaker = self._speakers[id(text)] = self._speaker(text, family)
        return speaker

    def _speaker(self, text: Text, family: Family) -> Speaker:
        pattern: list[str] = []
        places: list[tuple[str, str]] = []
        for part in text.parts:
            if isinstance(part, str):
                pattern.append(part.replace("%", "%%"))
            elif isinstance(part, Path) and (said := self.of_site(part)):
                pattern.append(said.replace("%", "%%"))
            elif isinstance(part, Path) and self.always_text(part, family):
                pattern.append("%s")
                places.append((part.root, part.fields[0]))
            else:
                return None, ()
        return "".join(pattern), tuple(places)

    def always_text(self, path: Path, family: Family) -> bool:
        """Whether a path is one field that all cells of a family have as text."""
        if len(path.fields) != 1 or path.filters:
            return False
        key = (family.name, path.root, path.fields[0])
        if key not in self._texts:
            values = [row.values.get(key[2]) for row in self._rows(family, path.root)]
            given = [isinstance(value, str) and bool(value.strip()) for value in values]
            self._texts[key] = bool(given) and all(given)
        return self._texts[key]

    def of_site(self, path: Path) -> str:
        """Return what a path of the site says, the same on all pages; nothing for other paths."""
        with suppress(LookupError):
            return evaluate(path, {"site": self.project.settings.values})
        return ""

    def _rows(self, family: Family, root: str) -> Sequence[Row]:
        """Return the rows that cells may have of an axis or join; none where some may have none."""
        if root in family.axes:
            return self.project.axes[root]
        if root not in dict(self.covered(family)):
            return ()
        all_have_one = None not in self.joined(self.families[family.name], root)
        return self.project.joins[root].rows if all_have_one else ()

    def rows(self, plan: FamilyPlan, root: str, numbers: Sequence[int]) -> Iterator[Row]:
        """Yield the rows of an axis or join of cells that have one, by their numbers."""
        if root in plan.family.axes:
            return plan.cells.rows(root, numbers)
        join = self.project.joins[root]
        return map(join.index.__getitem__, plan.cells.over(join.axes, numbers))

    def row_of(self, family: Family, root: str) -> Callable[[Cell], Row]:
        """Return what takes a cell of a family to its row of an axis, or of a join."""
        key = (family.name, root)
        if root in family.axes and key not in self._pickers:
            self._pickers[key] = itemgetter(family.axes.index(root))
        elif key not in self._pickers:
            pick, index = dict(self.covered(family))[root], self.project.joins[root].index
            self._pickers[key] = partial(_row_of, index, pick)
        return self._pickers[key]

    def say(self, text: Text, scope: Mapping[str, Any]) -> str:
        """Return a text with the scope's values put in. Raises `AbsentError`."""
        parts = (part for part in text.parts if isinstance(part, (str, Path)))
        return "".join([part if isinstance(part, str) else evaluate(part, scope) for part in parts])

    def link_text(self, family: Family, cell: Cell) -> str:
        """Return the words of a link to a cell's page."""
        return self.spoken(family.link_text, family, cell)

    def find(self, name: str, rows: Mapping[str, Row]) -> tuple[FamilyPlan, int] | None:
        """Return the cell of a family that these rows make, if it exists."""
        plan = self.families[name]
        try:
            cell = tuple(rows[axis] for axis in plan.family.axes)
        except KeyError:
            return None
        number = plan.index.get(cell)
        return None if number is None else (plan, number)

    def href(self, plan: FamilyPlan, number: int) -> str:
        """Return the address of a cell: its page, its section on the parent page, or nothing."""
        verdict = plan.verdicts[number]
        cell = plan.cells[number]
        if verdict >= NOINDEX:
            return self.route(plan.family, cell)
        if verdict == FOLDED:
            parent = self.parent(plan, number)
            if parent is not None and parent[0].verdicts[parent[1]] >= NOINDEX:
                route = self.route(parent[0].family, parent[0].cells[parent[1]])
                return f"{route}#{self.fold_id(plan, number)}"
        return ""

    def fold_id(self, plan: FamilyPlan, number: int) -> str:
        """Return the id of a folded cell's section on its parent page."""
        parent = self.project.families[plan.family.parent]
        own = [
            row.slug
            for axis, row in zip(plan.family.axes, plan.cells[number], strict=True)
            if axis not in parent.axes
        ]
        return "-".join(own)

    def parent(self, plan: FamilyPlan, number: int) -> tuple[FamilyPlan, int] | None:
        """Return the parent's cell, if it exists."""
        (place,) = self.parents(plan, (number,))
        return None if place < 0 else (self.families[plan.family.parent], place)

    def parents(self, plan: FamilyPlan, numbers: Sequence[int]) -> list[int]:
        """Return the numbers of the parents of cells of a family, -1 where there is none."""
        above = self.families.get(plan.family.parent)
        if above is None or not set(above.family.axes) <= set(plan.family.axes):
            return [-1] * len(numbers)
        place = above.index.get
        return [place(rows, -1) for rows in plan.cells.over(above.family.axes, numbers)]

    def crumbs(self, plan: FamilyPlan, number: int) -> list[tuple[FamilyPlan, int]]:
        """Return the pages above a cell, from home down to its parent."""
        chain: list[tuple[FamilyPlan, int]] = []
        above = self.parent(plan, number)
        while above is not None and len(chain) < len(self.families):
            if above[0].verdicts[above[1]] >= NOINDEX:
                chain.insert(0, above)
            above = self.parent(*above)
        return chain

    def group(self, name: str, axes: tuple[str, ...]) -> Mapping[Cell, Sequence[int]]:
        """Return the numbers of a family's cells by their rows on some of its axes."""
        key = (name, axes)
        if key not in self._groups:
            plan = self.families[name]
            groups: dict[Cell, list[int]] = {}
            for number, rows in enumerate(plan.cells.over(axes)):
                groups.setdefault(rows, []).append(number)
            self._groups[key] = {rows: array("i", found) for rows, found in groups.items()}
        return self._groups[key]

    def children(self, plan: FamilyPlan, number: int, name: str) -> list[int]:
        """Return the published cells of family `name` that share this cell's rows."""
        other = self.families[name]
        if not other.family.listed:
            return []
        verdicts = other.verdicts
        found = self._sharing(plan, plan.cells[number], name)
        return [child for child in found if verdicts[child] == PUBLISHED]

    def _sharing(self, plan: FamilyPlan, cell: Cell, name: str) -> Sequence[int]:
        """Return the cells of family `name` that share a cell's rows."""
        below = self._below.get((plan.family.name, name))
        groups, pick = below or self._below_of(plan, self.families[name])
        return groups.get(pick(cell), ())

    def _below_of(self, plan: FamilyPlan, other: FamilyPlan) -> Below:
        """Return the cells of a family by the rows that they share with cells of `plan`."""
        shared = tuple(axis for axis in plan.family.axes if axis in other.family.axes)
        found = (self.group(other.family.name, shared), picker(plan.family.axes, shared))
        self._below[(plan.family.name, other.family.name)] = found
        return found

    def folded(self, plan: FamilyPlan, number: int, name: str) -> list[int]:
        """Return the folded cells of family `name` whose parent this cell is."""
        other = self.families[name]
        if other.family.parent != plan.family.name:
            return []
        group = self.group(name, plan.family.axes).get(plan.cells[number], ())
        return [child for child in group if other.verdicts[child] == FOLDED]

    def siblings(self, plan: FamilyPlan, number: int) -> list[int]:
        """Return the published siblings that a page links to, in ring order after itself."""
        if plan.verdicts[number] == PUBLISHED:
            found = [column[number] for _, column in self.after(plan)]
            return [other for other in found if other >= 0]
        found = []
        for ring, axes, count in self.rings(plan):
            group = ring.get(plan.cells.codes(axes, (number,))[0], ())
            start = bisect_right(group, number)
            found += [group[(start + step) % len(group)] for step in range(min(count, len(group)))]
        return found

    def after(self, plan: FamilyPlan) -> Sequence[tuple[str, array[int]]]:
        """Return for each place among siblings the axis in which these differ, and the numbers.

        The numbers are those of the siblings of each published cell, -1 where it has none there.
        """
        found = self._columns.get(plan.family.name)
        if found is None:
            made = rings.after(self.rings(plan), plan.family, len(plan.cells))
            found = self._columns[plan.family.name] = made
            del self._rings[plan.family.name]  # it is large, and only who has no column asks for it
        return found

    def rings(self, plan: FamilyPlan) -> Sequence[Ring]:
        """Return, for each rule of `related`, the published siblings by the rows they share."""
        found = self._rings.get(plan.family.name)
        if found is None:
            made = rings.rings(plan.family, plan.cells, plan.published())
            found = self._rings[plan.family.name] = made
        return found

    def page_count(self, plan: FamilyPlan, number: int) -> int:
        """Return how many pages a hub has at 80 links each; 1 for any other page."""
        lists = [slot.lists for slot in plan.family.slots if slot.lists]
        cell = plan.cells[number]
        if sum(len(self._sharing(plan, cell, name)) for name in lists) <= PER_HUB_PAGE:
            return 1
        links = sum(len(self.children(plan, number, name)) for name in lists)
        return max(1, -(-links // PER_HUB_PAGE))


def _row_of(index: Mapping[Cell, Row], pick: Callable[[Cell], Cell], cell: Cell) -> Row:
    return index[pick(cell)]


def page_route(route: str, page: int) -> str:
    """Return the address of page `page` of a hub."""
    return route if page == 1 else f"{route}page/{page}/"
