"""Words, specific words and facts of what fills a slot, with the names of rows masked.

A slot is weighed for all cells of a family at once, and what cells share is weighed once: a
snippet whose values do not vary by cell once for the family, anything else once for each
combination of the rows that it reads.
"""

from __future__ import annotations

import html as html_
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Any

from pageloom.cells import Cell
from pageloom.compose.composer import Composer
from pageloom.compose.filling import Filled
from pageloom.copies import Shingled, Shingles
from pageloom.expressions import lookup, text_of
from pageloom.measure import Column, Weight
from pageloom.memory import NO_SHELF, Shelf
from pageloom.model import (
    Cite,
    FactCall,
    Fragment,
    Link,
    Path,
    Print,
    Row,
    Segment,
    Slot,
    Snippet,
    Text,
)
from pageloom.names import MASK, NAMES, Names, without_tags, words, words_and_marks
from pageloom.plan import FamilyPlan, Plan
from pageloom.theme import ThemeError
from pageloom.views import OPEN, SHUT

_MARKS = frozenset((OPEN, SHUT))
NOTHING = Weight(None, 0)
SPREAD_FROM = 2000
"""Texts of a slot from which it pays to weigh in processes."""
Parts = dict[int, tuple[Any, ...]]
Spread = Callable[[Callable[[int, int], Parts]], Iterable[Parts]]


@dataclass(frozen=True, slots=True)
class _Read:
    """A snippet as it is weighed: texts, and what varies by cell between them."""

    parts: tuple[str | Segment, ...]
    pinned: tuple[Row, ...]
    roots: tuple[str, ...]
    facts: frozenset[str]
    specific: bool


class Scales:
    """Weighs slots."""

    def __init__(
        self,
        plan: Plan,
        composer: Composer,
        spread: Spread = lambda _: (),
        problems: Sized = (),
        shelf: Shelf = NO_SHELF,
    ) -> None:
        """`spread` has parts weighed in other processes; `problems` is where they would be told.

        `shelf` keeps weights while rows, settings, words and theme stay as they are.
        """
        self.plan = plan
        self.shelf = shelf
        self.filled = composer.filled
        self.spread = spread
        self.problems = problems
        self._composer = composer
        self._reads: dict[tuple[str, int], _Read] = {}
        self._names: dict[Row, Names] = {}
        self._shingles = Shingles()
        self._columns: dict[tuple[str, str], Column] = {}
        self.weighed = 0
        """How many snippets and partials were weighed, which is less than there are cells."""

    def column(self, plan: FamilyPlan, slot: Slot) -> Column:
        """Return what fills a slot in every cell of a family."""
        chosen = tuple(plan.choices[slot.name]) if slot.snippet else ()
        weighing = _Weighing(self, plan, slot)
        return self.shelf.get((plan.family.name, slot.name, chosen), weighing.column)

    def weigh(self, plan: FamilyPlan, number: int, slot: Slot) -> Weight:
        """Return what fills a slot of one cell; the slot is weighed for all cells."""
        return self.kept(plan, slot).of(number)

    def kept(self, plan: FamilyPlan, slot: Slot) -> Column:
        """Return what fills a slot in every cell, weighed once and kept."""
        key = (plan.family.name, slot.name)
        if key not in self._columns:
            self._columns[key] = self.column(plan, slot)
        return self._columns[key]

    def shell_words(self, plan: FamilyPlan, number: int = 0) -> int:
        """Return the words of the main heading, which every page has; a name is one word."""
        del number
        return text_words(plan.family.h1)

    def shingled(self, snippet: Snippet, level: int) -> Shingled:
        """Return the words of a snippet, names masked and other values as their paths."""
        make = partial(self._shingled, snippet, level)
        return self.shelf.get(("shingled", snippet, level), make)

    def _shingled(self, snippet: Snippet, level: int) -> Shingled:
        read = self.read(snippet, level)
        text = "".join(
            part if isinstance(part, str) else f" {_path(part)} "
            for part in read.parts
            if not isinstance(part, Cite)
        )
        return self._shingles(self.masked(words(text), read.pinned))

    def snippet_weight(
        self, snippet: Snippet, level: int, rows: Sequence[Row], scope: Mapping[str, Any]
    ) -> Weight:
        """Return the weight of a snippet in a cell that has these rows."""
        read = self.read(snippet, level)
        said: list[str] = []
        values: list[str] = []
        facts = read.facts
        for part in read.parts:
            if isinstance(part, str):
                said.append(part)
                continue
            value, cited = self._value(part, scope)
            facts |= cited
            values.append(value)
            said.append(value)
        found = self.masked(words("".join(said)), (*read.pinned, *rows))
        count = len(found)
        if not found:
            return NOTHING
        return Weight(
            _digest(found),
            count,
            count if read.specific else 0,
            facts if read.specific else frozenset(),
            snippet,
            tuple(values),
        )

    def partial_weight(self, filled: Filled, rows: Sequence[Row]) -> Weight:
        """Return the weight of what a partial made of these rows."""
        text = html_.unescape(without_tags("".join(map(plain, filled.marked))))
        marked = self.masked(words_and_marks(text, OPEN + SHUT), rows)
        edges = [place for place, word in enumerate(marked) if word in _MARKS]
        ends = (*edges[1::2], len(marked))
        own = sum(end - start - 1 for start, end in zip(edges[::2], ends, strict=False))
        found = [word for word in marked if word not in _MARKS] if edges else marked
        if not found:
            return NOTHING
        return Weight(_digest(found), len(found), own, filled.facts)

    def masked(self, found: list[str], rows: Iterable[Row]) -> list[str]:
        """Return words with the names of rows masked."""
        different = set(found)
        for row in rows:
            names = self._names.get(row)
            if names is None:
                names = self._names[row] = Names((row,))
            found = names.masked(found, different)
        return found

    def axes(self, plan: FamilyPlan, names: Sequence[str]) -> tuple[str, ...]:
        """Return the axes of a family that these rows and joins are about."""
        joins = self.plan.project.joins
        wanted = {
            axis for name in names for axis in (joins[name].axes if name in joins else (name,))
        }
        return tuple(axis for axis in plan.family.axes if axis in wanted)

    def read(self, snippet: Snippet, level: int) -> _Read:
        """Return a snippet as it is weighed."""
        key = (snippet.path, level)
        if key not in self._reads:
            make = partial(self._made, snippet, self.plan.fragments[key])
            self._reads[key] = self.shelf.get(("read", snippet, level), make)
        return self._reads[key]

    def _made(self, snippet: Snippet, fragment: Fragment) -> _Read:
        text = ""
        parts: list[str | Segment] = []
        for segment in fragment.segments:
            plain = self._literal(segment)
            if plain is not None:
                text += plain
                continue
            parts += (_shown(text), segment)
            text = ""
        parts.append(_shown(text))
        roots = dict.fromkeys(path.root for part in parts for path in _paths(part))
        return _Read(
            tuple(part for part in parts if part != ""),
            tuple(
                row
                for pin in snippet.pins
                if pin.rank > 1
                for row in sorted(pin.rows, key=lambda row: row.slug)
            ),
            tuple(root for root in roots if root != "site"),
            _cited(fragment.segments),
            len(snippet.singles) >= 2,
        )

    def _literal(self, segment: Segment) -> str | None:
        """Return a segment that is the same in each cell as HTML; None for what varies."""
        if isinstance(segment, bytes):
            return segment.decode()
        if isinstance(segment, Cite) or (isinstance(segment, Link) and segment.bare):
            return ""
        if isinstance(segment, Link) and segment.text is None:
            return _patterned(self.plan.families[segment.family].family.link_text)
        if isinstance(segment, Link) and isinstance(segment.text, str):
            return html_.escape(segment.text)
        name = not isinstance(segment, FactCall) and _paths(segment)[0].fields[-1] in NAMES
        return MASK if name else None

    def _value(self, part: Segment, scope: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
        if isinstance(part, FactCall):
            made = tuple(self._composer.called(part, scope))
            return html_.unescape("".join(map(plain, made))), _cited(made)
        (path,) = _paths(part)
        return text_of(lookup(path, scope) or ""), frozenset()


@dataclass(frozen=True, slots=True)
class _Task:
    """A snippet, or the slot's partial, to be weighed in the first cell that has these rows."""

    snippet: Snippet | None
    number: int
    rows: Cell


class _Weighing:
    """Weighs one slot in all cells of a family."""

    def __init__(self, scales: Scales, plan: FamilyPlan, slot: Slot) -> None:
        self._scales = scales
        self._plan = plan
        self._slot = slot
        self._level = 3 if slot.heading else 2
        self._shelf = scales.shelf.part((plan.family.name, slot.name))
        self._tasks: list[_Task] = []

    def column(self) -> Column:
        plan, slot = self._plan, self._slot
        places = [-1] * len(plan.cells)
        for snippet, numbers in self._filled().items():
            if snippet is not None or slot.partial:
                self._divide(places, numbers, snippet)
        weights, kinds = [NOTHING], [0] * (len(self._tasks) + 1)
        for place, weight in enumerate(self._weights()):
            if weight is not NOTHING:
                kinds[place] = len(weights)
                weights.append(weight)
        heading = text_words(slot.heading) if slot.heading else 0
        return Column(slot, [kinds[place] for place in places], weights, heading)

    def _filled(self) -> Mapping[Snippet | None, Sequence[int]]:
        """Return the cells that each snippet fills, and those that none fills."""
        if not self._slot.snippet:
            return {None: range(len(self._plan.cells))}
        numbers: dict[Snippet | None, list[int]] = {}
        for number, snippet in enumerate(self._plan.choices[self._slot.name]):
            numbers.setdefault(snippet, []).append(number)
        return numbers

    def _divide(self, places: list[int], numbers: Sequence[int], snippet: Snippet | None) -> None:
        """Note for cells the task that weighs them: one for each combination of rows read."""
        read = snippet and self._scales.read(snippet, self._level)
        axes = self._scales.axes(self._plan, read.roots if read else self._slot.rows)
        known: dict[Cell, int] = {}
        tasks = self._tasks
        for number, rows in zip(numbers, self._plan.cells.over(axes, numbers), strict=True):
            place = known.get(rows)
            if place is None:
                place = known[rows] = len(tasks)
                tasks.append(_Task(snippet, number, rows))
            places[number] = place

    def _weights(self) -> list[Weight]:
        """Weigh all tasks; many are weighed in other processes."""
        found: dict[int, Weight] = {}
        if len(self._tasks) >= SPREAD_FROM and not self._shelf.size():
            for part in self._scales.spread(self._part):
                for place, packed in part.items():
                    found[place] = self._unpacked(place, packed)

        def weigh(place: int, task: _Task) -> Weight:
            self._scales.weighed += 1
            return found.get(place) or self._weight(task)

        return [
            self._shelf.get((task.snippet, task.rows), partial(weigh, place, task))
            for place, task in enumerate(self._tasks)
        ]

    def _part(self, part: int, parts: int) -> Parts:
        """Return the weights of a part of the tasks, but for those in which something is wrong."""
        size = -(-len(self._tasks) // parts)
        made: Parts = {}
        for place in range(part * size, min((part + 1) * size, len(self._tasks))):
            before = len(self._scales.problems)
            try:
                weight = self._weight(self._tasks[place])
            except ThemeError:
                continue
            if len(self._scales.problems) == before:
                made[place] = () if weight is NOTHING else _packed(weight)
        return made

    def _unpacked(self, place: int, packed: tuple[Any, ...]) -> Weight:
        return replace(Weight(*packed), snippet=self._tasks[place].snippet) if packed else NOTHING

    def _weight(self, task: _Task) -> Weight:
        if task.snippet is None:
            filled = self._scales.filled(self._plan, task.number, self._slot)
            return self._scales.partial_weight(filled, task.rows)
        return self._scales.snippet_weight(task.snippet, self._level, task.rows, self._scope(task))

    def _scope(self, task: _Task) -> Mapping[str, Any]:
        cell = self._plan.cells[task.number]
        return self._scales.plan.scope(self._plan.family, cell)


def _packed(weight: Weight) -> tuple[Any, ...]:
    """Return a weight without its snippet."""
    own = (weight.specific_words, weight.facts, None, weight.values)
    return (weight.identity, weight.words, *own)


def _digest(found: Sequence[str]) -> bytes:
    return blake2b(" ".join(found).encode(), digest_size=8).digest()


def _shown(html: str) -> str:
    return html_.unescape(without_tags(html))


def plain(segment: Segment) -> str:
    """Return what a finished segment shows, as HTML."""
    if isinstance(segment, bytes):
        return segment.decode()
    if isinstance(segment, Link) and not segment.bare:
        return html_.escape(segment.text) if isinstance(segment.text, str) else MASK
    return ""


def _paths(part: str | Segment) -> tuple[Path, ...]:
    if isinstance(part, (Print, FactCall)):
        return (part.path,)
    return (part.text,) if isinstance(part, Link) and isinstance(part.text, Path) else ()


def _path(part: Segment) -> str:
    return " ".join(map(str, _paths(part)))


def _patterned(text: Text) -> str:
    return "".join(part if isinstance(part, str) else MASK for part in text.parts)


def text_words(text: Text) -> int:
    """Return the words of a text; a value that is put in is one word."""
    return len(words(_patterned(text)))


def _cited(segments: Iterable[Segment]) -> frozenset[str]:
    return frozenset(
        segment.fact.slug if segment.fact else segment.source.slug
        for segment in segments
        if isinstance(segment, Cite)
    )
