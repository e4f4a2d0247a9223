"""What fills the slots of a cell: snippets with its values put in, and data slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

from pageloom.cells import Cell, at
from pageloom.compose.data import DataSlots
from pageloom.compose.links import Linker, cell_name
from pageloom.expressions import AbsentError, evaluate, lookup
from pageloom.known import Known
from pageloom.markup import Converter, merged, spread
from pageloom.model import (
    FactCall,
    Filled,
    Print,
    Row,
    Segment,
    Slot,
    Snippet,
    filled,
    links,
)
from pageloom.plan import FamilyPlan, Plan

BASE_UNDER_HEADING, BASE_ALONE = 3, 2
NOTHING = Filled(())
Pick = Callable[[Cell], tuple[Any, ...]]
Make = Callable[[Sequence[int], Sequence[Cell]], list[Filled]]
"""Fills a slot of some cells, given with their numbers."""
_Field = Known[Row, bytes]
"""A field of rows, escaped."""


@dataclass(slots=True)
class _Text:
    """A snippet at a heading level, and what was made of it for cells with the same values."""

    segments: tuple[Segment, ...]
    """Empty where its literals and places say all."""
    pick: Pick | None
    """The rows whose values it prints; None where it is made for each cell."""
    neighbours: bool
    """Whether only neighbours have the same rows: the last one made is kept, no other."""
    literals: tuple[bytes, ...]
    places: tuple[tuple[int, int, _Field], ...]
    """Where it only prints fields that every row has: part, place of the axis, field."""
    links: int
    spaces: int
    """How many its literals have."""
    same: Filled | None = None
    """What it is in every cell, where it prints nothing."""
    made: dict[tuple[Any, ...], Filled] = field(default_factory=dict)


class Filler:
    """Fills slots; what many cells share is filled once."""

    def __init__(self, plan: Plan, data: DataSlots, converter: Converter, linker: Linker) -> None:
        self._plan = plan
        self._project = plan.project
        self._data = data
        self._converter = converter
        self._linker = linker
        self._makers: dict[tuple[str, str, int], Make] = {}
        self._fields: Known[str, _Field] = Known(_escaped)

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
            text = self._text(plan, snippet, level)
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
                    found.append(text.same or self._of_text(text, plan, cell))
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
        if axes and len(axes) == len(family.axes):
            return lambda _, cells: [self._data.rendered(slot, pick(cell)) for cell in cells]
        varied = self._data.picker([name for name in slot.rows if self._varies(plan, name)], plan)
        keep: dict[tuple[Any, ...], Filled] = {}
        neighbours = bool(family.axes) and family.axes[0] in axes

        def make(_: Sequence[int], cells: Sequence[Cell]) -> list[Filled]:
            made: list[Filled] = []
            for key, cell in zip(map(varied, cells), cells, strict=True):
                found = keep.get(key)
                if found is None:
                    if neighbours:
                        keep.clear()
                    found = keep[key] = self._data.rendered(slot, pick(cell))
                made.append(found)
            return made

        return make

    def _varies(self, plan: FamilyPlan, name: str) -> bool:
        return bool(self._axes_of(plan, (name,)))

    def _axes_of(self, plan: FamilyPlan, roots: Iterable[str]) -> set[str]:
        axes: set[str] = set()
        for root in roots:
            join = self._project.joins.get(root)
            axes.update(join.axes if join else (root,))
        return axes & set(plan.family.axes)

    def _text(self, plan: FamilyPlan, snippet: Snippet, level: int) -> _Text:
        segments = self._plan.fragments[(snippet.path, level)].segments
        roots = _roots(segments)
        axes = self._axes_of(plan, roots)
        alone = roots and len(axes | set(snippet.singles)) == len(plan.family.axes)
        pick = None if alone else self._data.picker(roots, plan)
        literals, places = self._simplified(segments, plan)
        neighbours = bool(axes) and plan.family.axes[0] in axes
        said = () if places else segments
        spaces = sum(part.count(b" ") for part in literals)
        text = _Text(said, pick, neighbours, literals, places, links(segments), spaces)
        if not any(isinstance(segment, (Print, FactCall)) for segment in segments):
            text.same = filled(merged(segments))
        return text

    def _of_text(self, text: _Text, plan: FamilyPlan, cell: Cell) -> Filled:
        """Fill a snippet once for all cells that give it the same values."""
        if text.pick is None:
            return self._put_in(text, plan, cell)
        key = text.pick(cell)
        found = text.made.get(key)
        if found is None:
            if text.neighbours:
                text.made.clear()
            found = text.made[key] = self._put_in(text, plan, cell)
        return found

    def _put_in(self, text: _Text, plan: FamilyPlan, cell: Cell) -> Filled:
        if not text.places:
            scope = self._plan.scope(plan.family, cell)
            found = (p for segment in text.segments for p in self._values(segment, scope))
            return filled(merged(found))
        parts = list(text.literals)
        spaces = text.spaces
        for number, place, values in text.places:
            value = parts[number] = values[cell[place]]
            spaces += value.count(b" ")
        whole = b"".join(parts)
        return Filled((whole,), whole=whole, links=text.links, counted=spaces)

    def _simplified(
        self, segments: Iterable[Segment], plan: FamilyPlan
    ) -> tuple[tuple[bytes, ...], tuple[tuple[int, int, _Field], ...]]:
        """Return literals and places of a text that only prints fields which every row has."""
        axes = plan.family.axes
        literals: list[bytes] = []
        places: list[tuple[int, int, _Field]] = []
        for number, segment in enumerate(segments):
            if isinstance(segment, bytes):
                literals.append(segment)
            elif (
                isinstance(segment, Print)
                and segment.path.root in axes
                and self._plan.always_text(segment.path)
            ):
                literals.append(b"")
                values = self._fields[segment.path.fields[0]]
                places.append((number, axes.index(segment.path.root), values))
            else:
                return (), ()
        return tuple(literals), tuple(places)

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
        value = lookup(call.path, scope)
        row = value if isinstance(value, Row) else self._project.facts.get(str(value))
        if row is None:
            self._linker.absent(call.location, AbsentError(str(call.path)), cell_name(scope))
            return ()
        if call.name == "nothing":
            return ()
        segment, plain = self._converter.cited(
            "cite" if call.name == "cite" else "fact", row, call.location
        )
        return (plain,) if call.name == "plain" else spread(segment)


def _escaped(field: str) -> _Field:
    return Known(lambda row: str(escape(row.values[field])).encode())


def _nothing(numbers: Sequence[int], _: Sequence[Cell]) -> list[Filled]:
    return [NOTHING] * len(numbers)


def _roots(segments: Iterable[Segment]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for segment in segments:
        if isinstance(segment, (Print, FactCall)):
            found[segment.path.root] = None
    found.pop("site", None)
    return tuple(found)
