"""What changed between a revision of git and the working tree: pages, verdicts, problems."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pageloom import pipeline, standing, writing
from pageloom.cells import picker
from pageloom.diagnostics import Diagnostic, ordered
from pageloom.difference import Difference, Flip, NewRow
from pageloom.manifest import Listed, State
from pageloom.model import Row
from pageloom.options import Options
from pageloom.plan import VERDICTS, FamilyPlan
from pageloom.revision import resolved

MAX_COMPARED = 5000
"""Pages with different keys that are made on both sides, to see whether their bytes differ."""
_CACHE = Path(".pageloom") / "cache" / "html"
_Place = tuple[FamilyPlan, int, int]
_KEY = 16
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?=,| to | specific| words)")


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: its plan, its problems, and its pages with what they are made from."""

    decision: pipeline.Decision
    worker: writing.Worker | None
    problems: list[Diagnostic]
    keys: Mapping[str, bytes]
    places: Mapping[str, _Place]

    def made(self, path: str) -> bytes | None:
        """Return the bytes of a page."""
        return self.worker.page(*self.places[path]) if self.worker is not None else None


def compare(options: Options, ref: str) -> Difference:
    """Compare the working tree with a revision. Raises `RevisionError`."""
    revision = resolved(options.root, ref)
    after = _side(options)
    with tempfile.TemporaryDirectory(prefix="pageloom-") as folder:
        root = Path(folder)
        revision.export(root)
        _lend_cache(options.root, root)
        before = _side(replace(options, root=root, out=None, against=None))
    found = _compared(before, after)
    if after.worker is not None and before.worker is not None:
        found = replace(found, rows=tuple(_new_rows(before.decision, after.decision)))
    sides = ((ref, before), ("the working tree", after))
    return replace(
        found,
        ref=ref,
        commit=revision.commit[:12],
        unsound=tuple(name for name, side in sides if side.worker is None),
        others=tuple(_further(_every(after, options), found.new)),
        failed=any(problem.is_error for problem in after.problems),
    )


def _lend_cache(root: Path, target: Path) -> None:
    """Let the other side use the HTML that this one converted; it is kept by content."""
    if (root / _CACHE).is_file():
        (target / _CACHE).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / _CACHE, target / _CACHE)


def _side(options: Options) -> _Side:
    decision = pipeline.decide(options)
    sound = decision.sound
    pipeline.guard(decision, options)
    problems = list(decision.problems)
    plan, theme, composer = decision.plan, decision.theme, decision.composer
    if not sound or plan is None or theme is None or composer is None:
        return _Side(decision, None, problems, {}, {})
    worker = writing.Worker(plan, theme, composer, options.folder, State())
    keys: dict[str, bytes] = {}
    places: dict[str, _Place] = {}
    for part in writing.ranges(plan):
        surveyed = worker.survey(part, all_stale=True)
        problems += surveyed.problems
        keys.update(surveyed.pages.entries() if surveyed.pages else ())
        family, pages = worker.pages(part)
        places.update((path, (family, number, page)) for number, page, path in pages)
    problems += writing.duplicates([Listed.of(keys)])
    return _Side(decision, worker, problems, keys, places)


def _every(side: _Side, options: Options) -> list[Diagnostic]:
    """Return the problems of a side with those of its unchanged pages, unless these are many."""
    decision = side.decision
    plan, theme, composer = decision.plan, decision.theme, decision.composer
    many = len(side.keys) > MAX_COMPARED
    if side.worker is None or many or plan is None or theme is None or composer is None:
        return side.problems
    recipe = writing.Recipe(options.root, plan, options.folder, State())
    return [*decision.problems, *writing.dry_run(recipe, theme, composer)]


def _compared(before: _Side, after: _Side) -> Difference:
    if before.worker is None or after.worker is None:
        return Difference(ref="", commit="", **_problems(before, after))
    old, new = before.keys, after.keys
    added = [path for path in new if path not in old]
    removed = [path for path in old if path not in new]
    unlike = [path for path in new if path in old and new[path][:_KEY] != old[path][:_KEY]]
    exact = len(unlike) <= MAX_COMPARED
    changed = (
        [path for path in unlike if before.made(path) != after.made(path)] if exact else unlike
    )
    for side, alone in ((before, removed), (after, added)):
        for path in alone if exact and len(alone) <= MAX_COMPARED else ():
            side.made(path)
        side.problems.extend(side.worker.drained() if side.worker is not None else ())
    one, other = before.decision.plan, after.decision.plan
    counts = [pipeline.verdict_counts(plan) if plan is not None else {} for plan in (one, other)]
    return Difference(
        ref="",
        commit="",
        verdicts={name: (counts[0][name], counts[1][name]) for name in counts[1]},
        added=_routes(added),
        removed=_routes(removed),
        changed=_routes(changed),
        exact=exact,
        flips=tuple(_flips(before.decision, after.decision)),
        **_problems(before, after),
    )


def _routes(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted("/" + path.removesuffix("index.html") for path in paths))


def _flips(before: pipeline.Decision, after: pipeline.Decision) -> Iterator[Flip]:
    if before.plan is None or after.plan is None:
        return
    for name, family in after.plan.families.items():
        other = before.plan.families.get(name)
        if other is None or other.family.axes != family.family.axes:
            continue
        known = {_slugs(cell): number for number, cell in enumerate(other.cells)}
        for number, cell in enumerate(family.cells):
            place = known.get(_slugs(cell))
            if place is None or other.verdicts[place] == family.verdicts[number]:
                continue
            fell = family.verdicts[number] < other.verdicts[place]
            because = (
                standing.reasons(after.plan, family, number, after.measured)
                if fell
                else standing.reasons(before.plan, other, place, before.measured)
            )
            yield Flip(
                route=after.plan.route(family.family, cell),
                before=VERDICTS[other.verdicts[place]],
                after=VERDICTS[family.verdicts[number]],
                because=because,
            )


def _new_rows(before: pipeline.Decision, after: pipeline.Decision) -> Iterator[NewRow]:
    """Yield the rows of axes and joins that were not there, with what became of their cells."""
    plan = after.plan
    if plan is None or before.plan is None:
        return
    names = (*plan.project.axes, *plan.project.joins)
    known = before.plan.project.tables
    new = {
        row: Counter[tuple[str, str]]()
        for name in names
        for row in _missing(plan.project.tables[name], known.get(name, ()))
    }
    reasons: dict[Row, Counter[str]] = {row: Counter() for row in new}
    for family in plan.families.values() if new else ():
        joins = [
            (join.index, picker(family.family.axes, join.axes))
            for join in plan.project.joins.values()
            if set(join.axes) <= set(family.family.axes)
        ]
        for number, cell in enumerate(family.cells):
            about = (*cell, *(index.get(pick(cell)) for index, pick in joins))
            for row in new.keys() & set(about):
                verdict = VERDICTS[family.verdicts[number]]
                new[row][family.family.name, verdict] += 1
                because = standing.reasons(plan, family, number, after.measured)
                reasons[row].update(_NUMBER.sub("…", reason) for reason in because)
    for row, verdicts in new.items():
        yield NewRow(
            name=row.kind,
            slug=row.slug,
            place=f"{row.location.path}:{row.location.line}",
            verdicts=tuple((*key, count) for key, count in verdicts.items()),
            because=tuple(f"{count} × {why}" for why, count in reasons[row].most_common(3)),
        )


def _missing(rows: Iterable[Row], known: Iterable[Row]) -> list[Row]:
    slugs = {row.slug for row in known}
    return [row for row in rows if row.slug not in slugs]


def _slugs(cell: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.slug for row in cell)


def _problems(before: _Side, after: _Side) -> dict[str, Any]:
    """Return new and gone problems; only errors where a side is not looked at to the end."""
    one, other = before.problems, after.problems
    if before.worker is None or after.worker is None:
        one, other = ([item for item in found if item.is_error] for found in (one, other))
    return {"new": tuple(_further(other, one)), "gone": tuple(_further(one, other))}


def _further(problems: Iterable[Diagnostic], others: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    """Return the problems that the others do not have as often; lines may have moved."""
    known = Counter(_identity(problem) for problem in others)
    found: list[Diagnostic] = []
    for problem in problems:
        identity = _identity(problem)
        if known[identity]:
            known[identity] -= 1
        else:
            found.append(problem)
    return ordered(found)


def _identity(problem: Diagnostic) -> tuple[str, str, str]:
    return problem.code, problem.location.path, problem.message
