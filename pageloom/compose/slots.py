"""What fills the slots of a cell: snippets with its values put in, and data slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import escape

from pageloom.compose.data import DataSlots
from pageloom.compose.links import Linker, cell_name
from pageloom.expressions import AbsentError, evaluate, lookup
from pageloom.markup import Converter, merged, spread
from pageloom.model import (
    FactCall,
    Family,
    Filled,
    Fragment,
    Print,
    Row,
    Segment,
    Slot,
    Snippet,
    filled,
)
from pageloom.plan import FamilyPlan, Plan

BASE_UNDER_HEADING, BASE_ALONE = 3, 2
ONCE, LAST, KEEP = "once", "last", "keep"
NOTHING = Filled(())
Policy = tuple[tuple[str, ...], str]


class Filler:
    """Fills slots; what many cells share is filled once."""

    def __init__(self, plan: Plan, data: DataSlots, converter: Converter, linker: Linker) -> None:
        self._plan = plan
        self._project = plan.project
        self._data = data
        self._converter = converter
        self._linker = linker
        self._memo: dict[Any, Filled] = {}
        self._last: dict[Any, tuple[Any, Filled]] = {}
        self._snippets: dict[tuple[str, int, str], tuple[Fragment, Policy]] = {}
        self._partials: dict[tuple[str, str], Policy] = {}
        self._simple: dict[int, Any] = {}
        self._escaped: dict[tuple[Row, str], bytes] = {}

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
            return self._snippet(plan.family, snippet, level, scope)
        if slot.partial:
            return self._partial(plan, slot, scope)
        return NOTHING

    def _partial(self, plan: FamilyPlan, slot: Slot, scope: Mapping[str, Any]) -> Filled:
        family = plan.family
        place = (family.name, slot.name)
        policy = self._partials.get(place)
        if policy is None:
            axes = self._axes_of(family, slot.rows)
            keep = LAST if family.axes and family.axes[0] in axes else KEEP
            if axes and len(axes) == len(family.axes):
                keep = ONCE
            policy = self._partials[place] = (slot.rows, keep)
        rows = tuple([self._data.named(name, plan, scope) for name in slot.rows])
        if policy[1] is ONCE:
            return self._data.rendered(slot, rows)
        key = (slot.partial, *rows)
        if policy[1] is LAST:
            return self._kept_last(place, key, lambda: self._data.rendered(slot, rows))
        return self._kept(key, lambda: self._data.rendered(slot, rows))

    def _snippet(
        self, family: Family, snippet: Snippet, level: int, scope: Mapping[str, Any]
    ) -> Filled:
        """Fill a snippet once for all cells that give it the same values."""
        place = (snippet.path, level, family.name)
        found = self._snippets.get(place)
        if found is None:
            fragment = self._plan.fragments[(snippet.path, level)]
            found = (fragment, self._policy(family, snippet, fragment))
            self._snippets[place] = found
        fragment, (roots, keep) = found
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
            return filled(
                merged(p for segment in fragment.segments for p in self._valued(segment, scope))
            )
        parts = list(literals)
        for number, root, name in places:
            parts[number] = self._field(scope[root], name)
        return filled((b"".join(parts),))

    def _simplified(
        self, fragment: Fragment
    ) -> tuple[tuple[bytes, ...], tuple[tuple[int, str, str], ...]]:
        """Return literals and places of a fragment that only prints fields which every row has."""
        literals: list[bytes] = []
        places: list[tuple[int, str, str]] = []
        for number, segment in enumerate(fragment.segments):
            if isinstance(segment, bytes):
                literals.append(segment)
            elif isinstance(segment, Print) and self._plan.always_text(segment.path):
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


def _roots(fragment: Fragment) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for segment in fragment.segments:
        if isinstance(segment, (Print, FactCall)):
            found[segment.path.root] = None
    found.pop("site", None)
    return tuple(found)
