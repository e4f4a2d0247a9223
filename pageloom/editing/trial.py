"""A copy of the project in which a change is tried before it is made."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pageloom import gate, source, standing
from pageloom.counted import counted
from pageloom.load.schemas import schema_path
from pageloom.model import Row
from pageloom.options import Options
from pageloom.pipeline import Decision, decide
from pageloom.plan import HELD, NOINDEX, PUBLISHED, VERDICTS, FamilyPlan, Plan

SHOWN = 3
_FOLDERS = ("matrix", "content", "themes")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def decided(
    root: Path, changes: Mapping[str, bytes], schema: str = "", *, preview: bool = True
) -> Decision:
    """Return what a build would decide with some files changed; `preview` takes drafts in.

    No field is required by `schema`, so that a row can be judged before all is filled in.
    """
    with _copied(root) as copy:
        for path, content in changes.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(content)
        if schema and source.is_file(copy, schema_path(schema)):
            _relax(copy / schema_path(schema))
        return decide(Options(root=copy, preview=preview))


@contextlib.contextmanager
def _copied(root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pageloom-") as folder:
        copy = Path(folder)
        for name in _FOLDERS:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name)
        cache = root / ".pageloom" / "cache"
        if cache.is_dir():
            shutil.copytree(cache, copy / ".pageloom" / "cache")
        yield copy


def _relax(path: Path) -> None:
    """Take `required` out of a schema; a schema with problems is left as it is."""
    with contextlib.suppress(ValueError, AttributeError):
        schema = json.loads(path.read_text(encoding="utf-8"))
        schema.pop("required", None)
        path.write_text(json.dumps(schema), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one family, and what became of them."""

    family: str
    routes: tuple[str, ...]
    verdicts: Mapping[str, int]
    wanting: tuple[tuple[str, int], ...] = ()
    """What cells lack to stand alone, the most frequent first, and how many lack it."""
    empty: tuple[tuple[str, str], ...] = ()
    """Required slots that are empty in the first such cell: the slot, and the selector."""

    def lines(self) -> Iterator[str]:
        """Yield what is to be said of them."""
        count = len(self.routes)
        said = ", ".join(f"{number} {name}" for name, number in self.verdicts.items() if number)
        yield f"  {self.family}: {counted(count, 'cell')}: {said}"
        for route in self.routes[:SHOWN]:
            yield f"    {route}"
        if count > SHOWN:
            yield f"    … and {count - SHOWN} more"
        for lack, number in self.wanting[:5]:
            yield f"    {number} × {lack}"


def of_row(decision: Decision, row: Row, before: set[tuple[str, str]]) -> list[Cells]:
    """Return the cells of each family that a row makes; `before` are those that were there."""
    plan = decision.plan
    if plan is None:
        return []
    found = []
    for family in plan.families.values():
        numbers = [
            number
            for number, cell in enumerate(family.cells)
            if (row in cell or (row.about and set(row.about) <= set(cell)))
            and (family.family.name, plan.route(family.family, cell)) not in before
        ]
        if numbers:
            found.append(cells(decision, plan, family, numbers))
    return found


def has_drafts(decision: Decision) -> bool:
    """Return whether a build without `--preview` may decide otherwise."""
    plan = decision.plan
    if plan is None:
        return False
    snippets = plan.project.snippets
    return plan.project.draft_count > 0 or any("draft" in snippet.front for snippet in snippets)


def known(plan: Plan | None) -> set[tuple[str, str]]:
    """Return every cell as family and address."""
    return {key for key, _, _ in _places(plan)}


def fallen(before: Decision, after: Decision) -> list[str]:
    """Return the pages that stand before a change and not after it, each with its reason."""
    if not (before.sound and after.sound) or after.plan is None:
        return []
    stood = {
        key for key, family, number in _places(before.plan) if family.verdicts[number] == PUBLISHED
    }
    found = []
    for key, family, number in _places(after.plan):
        verdict = family.verdicts[number]
        if verdict != PUBLISHED and key in stood:
            because = "; ".join(standing.reasons(after.plan, family, number, after.measured))
            found.append(f"{key[1]} {VERDICTS[verdict]}: {because}")
    return found


def _places(plan: Plan | None) -> Iterator[tuple[tuple[str, str], FamilyPlan, int]]:
    """Yield every cell: its family and address, and where it is."""
    if plan is None:
        return
    for family in plan.families.values():
        for number, route in enumerate(plan.routes(family)):
            yield (family.family.name, route), family, number


def cells(decision: Decision, plan: Plan, family: FamilyPlan, numbers: list[int]) -> Cells:
    """Return some cells of a family with their verdicts and what they lack."""
    measured = decision.measured.get(family.family.name)
    wanting: Counter[str] = Counter()
    ranges: dict[str, list[str]] = {}
    empty: tuple[tuple[str, str], ...] = ()
    for number in numbers if measured is not None else ():
        measure = measured.of(number) if measured is not None else None
        if measure is None or family.verdicts[number] > NOINDEX:
            continue
        for reason in gate.reasons(family.family, measure):
            kind = _NUMBER.sub("#", reason, count=1)
            wanting[kind] += 1
            ranges.setdefault(kind, []).extend(_NUMBER.findall(reason)[:1])
        if measure.missing and not empty:
            pins = ", ".join(
                f"{axis}={row.slug}"
                for axis, row in zip(family.family.axes, family.cells[number], strict=True)
            ).replace(", ", " ")
            empty = tuple((slot, pins) for slot in measure.missing)
    return Cells(
        family.family.name,
        tuple(plan.route(family.family, family.cells[number]) for number in numbers),
        _verdicts(decision, family, numbers),
        tuple((_ranged(kind, ranges[kind]), count) for kind, count in wanting.most_common()),
        empty,
    )


def _verdicts(decision: Decision, family: FamilyPlan, numbers: list[int]) -> dict[str, int]:
    if not decision.sound:
        return {"not decided, other problems come first": len(numbers)}
    found = Counter(family.verdicts[number] for number in numbers)
    return {VERDICTS[value]: found[value] for value in range(len(VERDICTS) - 1, HELD - 1, -1)}


def _ranged(kind: str, values: list[str]) -> str:
    """Return a reason with the least and the most that cells have."""
    low, high = (min(values, key=float), max(values, key=float)) if values else ("", "")
    return kind.replace("#", low if low == high else f"{low} to {high}", 1)
