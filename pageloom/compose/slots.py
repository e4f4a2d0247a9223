"""What fills the slots of a cell: snippets with its values put in, and data slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

from pageloom.cells import Cell, at
from pageloom.compose.data import DataSlots
from pageloom.compose.filling import Filled, filled, links
from pageloom.compose.links import Linker, Way, cell_name
from pageloom.expressions import AbsentError, evaluate
from pageloom.known import Known
from pageloom.markup import Converter, merged
from pageloom.model import Cite, FactCall, Link, Print, Row, Segment, Slot, Snippet
from pageloom.plan import FamilyPlan, Plan
from pageloom.sheet import escaped

BASE_UNDER_HEADING, BASE_ALONE = 3, 2
NOTHING = Filled(())
Pick = Callable[[Cell], tuple[Any, ...]]
Make = Callable[[Sequence[int], Sequence[Cell]], list[Filled]]
"""Fills a slot of some cells, given with their numbers."""
_Field = Callable[[Row], bytes]
"""Returns a field of a row, escaped."""


@dataclass(slots=True)
class _Text:
    """A text at a heading level, and what was made of it for cells with the same values."""

    segments: tuple[Segment, ...]
    """Empty where its parts and places say all."""
    pick: Pick | None
    """The rows whose values it prints; None where it is made for each cell."""
    neighbours: bool
    """Whether only neighbours have the same rows: the last one made is kept, no other."""
    parts: _Parts
    links: int
    same: Filled | None = None
    """What it is in every cell, where nothing is put in."""
    made: dict[tuple[Any, ...], Filled] = field(default_factory=dict)


@dataclass(slots=True)
class _Parts:
    """A text that says nothing but literals, fields that every row has, citations and links."""

    parts: Sequence[bytes | Cite] = ()
    """Nothing where a place is."""
    fields: Sequence[tuple[Sequence[int], Callable[[Cell], Row], _Field]] = ()
    """The parts where a field stands, what takes a cell to the row, and the field."""
    links: Sequence[tuple[int, Link, Way]] = ()
    cites: tuple[Cite, ...] = ()
    ends: Sequence[int] = ()
    """Which parts are citations."""
    spaces: int = 0
    """How many its literals have."""


class Filler:
    """Fills slots; what many cells share is filled once."""

    def __init__(
        self, plan: Plan, data: DataSlots, converter: Converter, linker: Linker, *, linked: bool
    ) -> None:
        """`linked`: whether links are put in, which takes verdicts; else they are left as they are.

        Links that lead to no page are not reported here.
        """
        self._plan = plan
        self._project = plan.project
        self._data = data
        self._converter = converter
        self._linker = linker
        self._linked = linked
        self._makers: dict[tuple[str, str, int], Make] = {}
        self._fields: Known[tuple[str, str], _Field] = Known(self._field)

    def filled(self, plan: FamilyPlan, number: int, slot: Slot, base: int = 0) -> Filled:
        """Return what fills a slot of a cell; headings start at level `base`."""
        return self.maker(plan, slot, base)((number,), (plan.cells[number],))[0]

    def maker(self, plan: FamilyPlan, slot: Slot, base: int = 0) -> Make:
        """Return the function that fills a slot of cells of a family. It raises `ThemeError`."""
        key = (plan.family.name, slot.name, base)
        found = self._makers.get(key)
        if found is None:
            level = base or (BASE_UNDER_HEADING if slot.heading else BASE_ALONE)
            found = self._makers[key] = self._maker(plan, slot, level)
        return found

    def _maker(self, plan: FamilyPlan, slot: Slot, level: int) -> Make:
        other = self._of_partial(plan, slot) if slot.partial else _nothing
        if not slot.snippet:
            return other
        choices = plan.choices[slot.name]
        texts: dict[Snippet, _Text] = {}

        def of(snippet: Snippet) -> _Text:
            segments = self._plan.fragments[(snippet.path, level)].segments
            text = self._text(plan, segments, snippet.singles)
            if len(snippet.singles) < len(plan.family.axes):  # else no other cell has it
                texts[snippet] = text
            return text

        def make(numbers: Sequence[int], cells: Sequence[Cell]) -> list[Filled]:
            found: list[Filled] = []
            for snippet, number, cell in zip(at(choices, numbers), numbers, cells, strict=True):
                if snippet is None:
                    found += other((number,), (cell,))
                else:
                    text = texts.get(snippet) or of(snippet)
                    found.append(text.same or self._of_text(text, plan, number, cell))
            return found

        return make

    def _of_partial(self, plan: FamilyPlan, slot: Slot) -> Make:
        """Return the function that renders a partial, once for all cells that give it the same.

        Cells pass in slug order: what depends on the first axis is used by neighbours only, what
        depends on every axis by one cell only.
        """
        family = plan.family
        axes = self._axes_of(plan, slot.rows)
        pick = self._data.picker(slot.rows, plan)
        varied = self._data.picker([name for name in slot.rows if self._varies(plan, name)], plan)
        alone = bool(axes) and len(axes) == len(family.axes)
        keep: dict[tuple[Any, ...], Filled | _Text] = {}
        neighbours = alone or (bool(family.axes) and family.axes[0] in axes)

        def make(numbers: Sequence[int], cells: Sequence[Cell]) -> list[Filled]:
            made: list[Filled] = []
            for key, number, cell in zip(map(varied, cells), numbers, cells, strict=True):
                found = keep.get(key)
                if found is None:
                    if neighbours:
                        keep.clear()
                    found = keep[key] = self._rendered(plan, slot, pick(cell))
                if isinstance(found, _Text):
                    found = self._of_text(found, plan, number, cell)
                made.append(found)
            return made

        return make

    def _rendered(self, plan: FamilyPlan, slot: Slot, rows: tuple[Any, ...]) -> Filled | _Text:
        """Return what a partial makes of rows; a text where there are links to be put in."""
        found = self._data.rendered(slot, rows)
        if not self._linked or not any(isinstance(part, Link) for part in found.segments):
            return found
        return self._text(plan, found.segments, self._axes_of(plan, slot.rows))

    def _varies(self, plan: FamilyPlan, name: str) -> bool:
        return bool(self._axes_of(plan, (name,)))

    def _axes_of(self, plan: FamilyPlan, roots: Iterable[str]) -> set[str]:
        axes: set[str] = set()
        for root in roots:
            join = self._project.joins.get(root)
            axes.update(join.axes if join else (root,))
        return axes & set(plan.family.axes)

    def _text(
        self, plan: FamilyPlan, segments: tuple[Segment, ...], singles: Iterable[str]
    ) -> _Text:
        """Return a text that is for cells with one row of each of some axes, ready to be filled."""
        parts = self._parts(segments, plan)
        roots = dict.fromkeys(_roots(segments))
        if self._linked:
            ways = (self._linker.way(part, plan) for part in segments if isinstance(part, Link))
            roots |= dict.fromkeys(axis for way in ways for axis in way.axes)
        axes = self._axes_of(plan, roots)
        alone = roots and len(axes.union(singles)) == len(plan.family.axes)
        pick = None if alone else self._data.picker(tuple(roots), plan)
        neighbours = bool(axes) and plan.family.axes[0] in axes
        text = _Text(() if parts.parts else segments, pick, neighbours, parts, links(segments))
        varying = (Print, FactCall, Link) if self._linked else (Print, FactCall)
        if not any(isinstance(part, varying) for part in segments):
            text.same = filled(merged(segments))
        return text

    def _of_text(self, text: _Text, plan: FamilyPlan, number: int, cell: Cell) -> Filled:
        """Fill a text once for all cells that give it the same values."""
        if text.pick is None:
            made = self._put_in(text, plan, number, cell)
            made.own = True
            return made
        key = text.pick(cell)
        found = text.made.get(key)
        if found is None:
            if text.neighbours:
                text.made.clear()
            found = text.made[key] = self._put_in(text, plan, number, cell)
        return found

    def _put_in(self, text: _Text, plan: FamilyPlan, number: int, cell: Cell) -> Filled:
        known = text.parts
        if not known.parts:
            return self._plainly(text.segments, plan, number, cell)
        parts: list[Any] = list(known.parts)
        spaces = known.spaces
        for places, row_of, values in known.fields:
            value = values(row_of(cell))
            spaces += value.count(b" ") * len(places)
            for place in places:
                parts[place] = value
        dead: tuple[Link, ...] = ()
        for place, link, way in known.links:
            parts[place], leads = way.anchor(number, cell)
            if not leads:
                dead = (*dead, link)
        if known.cites:
            # Where a link has no words, citations on both sides of it may be one.
            alike = all(parts[place].strip() for place, _, _ in known.links)
            cites = known.cites if alike else (*known.cites,)
            segments = tuple(_between(parts, known.ends))
            return Filled(segments, cites=cites, links=text.links, counted=spaces, dead=dead)
        whole = b"".join(parts)
        return Filled((whole,), whole=whole, links=text.links, counted=spaces, dead=dead)

    def _plainly(
        self, segments: Iterable[Segment], plan: FamilyPlan, number: int, cell: Cell
    ) -> Filled:
        """Fill a text of which a part may be absent."""
        scope = self._plan.scope(plan.family, cell)
        found = [part for segment in segments for part in self._values(segment, scope)]
        spaces = sum(part.count(b" ") for part in found if isinstance(part, bytes))
        dead: list[Link] = []
        for place, part in enumerate(found if self._linked else ()):
            if isinstance(part, Link):
                found[place], leads = self._linker.way(part, plan).anchor(number, cell)
                dead += () if leads else (part,)
        made = filled(merged(found))
        made.counted, made.dead = spaces, tuple(dead)
        return made

    def _parts(self, segments: Iterable[Segment], plan: FamilyPlan) -> _Parts:
        """Return the parts of a text; none where something in it may be absent."""
        parts: list[bytes | Cite] = []
        printed: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        ways: list[tuple[int, Link, Way]] = []
        for place, segment in enumerate(segments):
            parts.append(segment if isinstance(segment, (bytes, Cite)) else b"")
            if isinstance(segment, Print) and (said := self._plan.of_site(segment.path)):
                parts[-1] = escaped(said)
            elif isinstance(segment, Link) and self._linked:
                ways.append((place, segment, self._linker.way(segment, plan)))
            elif isinstance(segment, Print) and self._plan.always_text(segment.path, plan.family):
                printed[segment.path.root, segment.path.fields[0]].append(place)
            elif not isinstance(segment, (bytes, Cite)):
                return _Parts()
        ends = [place for place, part in enumerate(parts) if isinstance(part, Cite)]
        cites = tuple(part for part in parts if isinstance(part, Cite))
        spaces = sum(part.count(b" ") for part in parts if isinstance(part, bytes))
        fields = [
            (places, self._plan.row_of(plan.family, key[0]), self._fields[key])
            for key, places in printed.items()
        ]
        return _Parts(parts, fields, ways, cites, ends, spaces)

    def _field(self, key: tuple[str, str]) -> _Field:
        """Return a field of an axis or a join; rows of an axis are printed on many pages."""
        root, name = key

        def said(row: Row) -> bytes:
            return escaped(row.values[name])

        return Known(said).__getitem__ if root in self._project.axes else said

    def _values(self, segment: Segment, scope: Mapping[str, Any]) -> Iterable[Segment]:
        if isinstance(segment, Print):
            try:
                return (str(escape(evaluate(segment.path, scope))).encode(),)
            except AbsentError as error:
                self._linker.absent(segment.location, error, cell_name(scope))
                return ()
        if isinstance(segment, FactCall):
            return self.called(segment, scope)
        return (segment,)

    def called(self, call: FactCall, scope: Mapping[str, Any]) -> Iterable[Segment]:
        """Return what a `fact` or `cite` whose id is a field prints for a cell."""
        try:
            return self._converter.called(call, scope)
        except AbsentError as error:
            self._linker.absent(call.location, error, cell_name(scope))
            return ()


def _nothing(numbers: Sequence[int], _: Sequence[Cell]) -> list[Filled]:
    return [NOTHING] * len(numbers)


def _between(parts: Sequence[Any], ends: Iterable[int]) -> Iterator[bytes | Cite]:
    """Yield parts with what stands between citations joined, as `merged` does."""
    start = 0
    for end in ends:
        said = b"".join(parts[start:end]).rstrip(b" ")
        if said:
            yield said
        yield parts[end]
        start = end + 1
    said = b"".join(parts[start:])
    if said:
        yield said


def _roots(segments: Iterable[Segment]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for segment in segments:
        if isinstance(segment, (Print, FactCall)):
            found[segment.path.root] = None
    found.pop("site", None)
    return tuple(found)
