"""Which of the pages that wait a release takes, and in what order.

Pages in the order of the families in the map and of their rows' slugs. A page that lists others
comes once enough of them are released, right after the one that makes them enough, so that no
list is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pageloom.cells import picker
from pageloom.plan import PUBLISHED, FamilyPlan, Plan

Place = tuple[FamilyPlan, int]


def take(plan: Plan, room: int) -> list[Place]:
    """Publish at most `room` of the pages that wait, and return them in order."""
    cohort = _Cohort(plan, room)
    for place in [place for place in _waiting(plan) if cohort.lists(*place)]:
        cohort.take_due(*place)
    for family, number in _waiting(plan):
        if cohort.full:
            break
        if family.verdicts[number] != PUBLISHED and not cohort.lists(family, number):
            cohort.take(family, number)
    for family in plan.families.values():
        family.waiting = frozenset(n for n in family.waiting if family.verdicts[n] != PUBLISHED)
    return cohort.taken


def _waiting(plan: Plan) -> Iterator[Place]:
    for family in plan.families.values():
        for number in sorted(family.waiting):
            yield family, number


class _Cohort:
    """Takes pages until there is no more room."""

    def __init__(self, plan: Plan, room: int) -> None:
        self._plan = plan
        self._room = room
        self.taken: list[Place] = []

    @property
    def full(self) -> bool:
        """Whether there is no more room."""
        return len(self.taken) >= self._room

    def take(self, family: FamilyPlan, number: int) -> None:
        """Publish a page, and then the lists that have enough pages by it."""
        if self.full:
            return
        family.verdicts[number] = PUBLISHED
        self.taken.append((family, number))
        for hub in self._plan.families.values():
            if any(slot.lists == family.family.name for slot in hub.family.slots):
                for place in self._listing(hub, family, number):
                    self.take_due(hub, place)

    def take_due(self, family: FamilyPlan, number: int) -> None:
        """Publish a page that waits and lists others, if enough of these are published."""
        if number not in family.waiting or family.verdicts[number] == PUBLISHED:
            return
        lists = [slot.lists for slot in family.family.slots if slot.lists]
        counts = [len(self._plan.children(family, number, name)) for name in lists]
        least = family.family.gate.min_children
        if (counts[0] >= least) if least else any(counts):
            self.take(family, number)

    def lists(self, family: FamilyPlan, number: int) -> bool:
        """Whether a page lists others that pass the gate."""
        names = [slot.lists for slot in family.family.slots if slot.lists]
        return any(self._passing(family, number, name) for name in names)

    def _passing(self, family: FamilyPlan, number: int, name: str) -> bool:
        other = self._plan.families[name]
        shared = tuple(axis for axis in family.family.axes if axis in other.family.axes)
        key = picker(family.family.axes, shared)(family.cells[number])
        found = self._plan.group(name, shared).get(key, ())
        return other.family.listed and any(map(other.passes, found))

    def _listing(self, hub: FamilyPlan, family: FamilyPlan, number: int) -> Sequence[int]:
        """Return the cells of a hub family that list a cell."""
        shared = tuple(axis for axis in hub.family.axes if axis in family.family.axes)
        key = picker(family.family.axes, shared)(family.cells[number])
        return self._plan.group(hub.family.name, shared).get(key, ())
