"""What changed between a revision of git and the working tree: pages, verdicts, problems."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pageloom import pipeline, standing, writing
from pageloom.diagnostics import Diagnostic, ordered
from pageloom.model import Row
from pageloom.options import Options
from pageloom.plan import VERDICTS, FamilyPlan
from pageloom.publish import State
from pageloom.revision import resolved

FORMAT = 1
SHOWN = 20
"""Entries of a list that are shown where not all are asked for."""
MAX_COMPARED = 5000
"""Pages with different keys that are made on both sides, to see whether their bytes differ."""
_CACHE = Path(".pageloom") / "cache" / "html"
_Place = tuple[FamilyPlan, int, int]
_KEY = 16


@dataclass(frozen=True, slots=True)
class Flip:
    """A cell that is on both sides and is judged in another way."""

    route: str
    before: str
    after: str
    because: tuple[str, ...]
    """Why it does not stand, or did not, on the side where it stands lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change does."""

    ref: str
    commit: str
    verdicts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    exact: bool = True
    """Whether bytes of pages were compared; else their keys, which may differ where they do not."""
    flips: tuple[Flip, ...] = ()
    new: tuple[Diagnostic, ...] = ()
    gone: tuple[Diagnostic, ...] = ()
    unsound: tuple[str, ...] = ()
    """Sides that have errors, so that pages cannot be compared."""
    failed: bool = False
    """Whether the working tree has errors."""

    def as_json(self) -> dict[str, Any]:
        """Return the difference as the object that `--json` prints."""
        names = ("ref", "commit", "added", "removed", "changed", "exact", "unsound")
        return {
            "version": FORMAT,
            **{name: getattr(self, name) for name in names},
            "verdicts": {name: list(pair) for name, pair in self.verdicts.items()},
            "flips": [asdict(flip) for flip in self.flips],
            "problems": {
                "new": [problem.as_json() for problem in self.new],
                "gone": [problem.as_json() for problem in self.gone],
            },
        }

    def text(self, limit: int | None = None) -> str:
        """Return the difference as lines, with at most `limit` of each kind."""
        return "\n".join(_text(self, limit))

    def markdown(self) -> str:
        """Return the difference as a comment for a pull request."""
        return "\n".join(_markdown(self))


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
    sides = ((ref, before), ("the working tree", after))
    return replace(
        found,
        ref=ref,
        commit=revision.commit[:12],
        unsound=tuple(name for name, side in sides if side.worker is None),
        failed=any(problem.is_error for problem in after.problems),
    )


def _lend_cache(root: Path, target: Path) -> None:
    """Let the other side use the HTML that this one converted; it is kept by content."""
    if (root / _CACHE).is_file():
        (target / _CACHE).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / _CACHE, target / _CACHE)


def _side(options: Options) -> _Side:
    decision = pipeline.decide(options)
    problems = list(decision.problems)
    plan, theme, composer = decision.plan, decision.theme, decision.composer
    if not decision.sound or plan is None or theme is None or composer is None:
        return _Side(decision, None, problems, {}, {})
    worker = writing.Worker(plan, theme, composer, options.folder, State())
    keys: dict[str, bytes] = {}
    places: dict[str, _Place] = {}
    for part in writing.ranges(plan):
        surveyed = worker.survey(part, all_stale=True)
        problems += surveyed.problems
        keys.update(surveyed.pages())
        family, pages = worker.pages(part)
        places.update((path, (family, number, page)) for number, page, path in pages)
    problems += writing.duplicates(keys)
    return _Side(decision, worker, problems, keys, places)


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


def _pages_line(found: Difference) -> str:
    counts = f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed"
    return counts if found.exact else f"{counts} (by what they are made from)"


def _text(found: Difference, limit: int | None) -> Iterator[str]:
    yield f"compared with {found.ref} ({found.commit})"
    if found.unsound:
        yield f"pages are not compared: {' and '.join(found.unsound)} cannot be built"
    else:
        yield f"pages: {_pages_line(found)}"
        moved = [
            f"{old} → {new} {name}" for name, (old, new) in found.verdicts.items() if old != new
        ]
        yield f"cells: {', '.join(moved) or 'judged as before'}"
    for title, routes in (
        ("added", found.added),
        ("removed", found.removed),
        ("changed", found.changed),
    ):
        yield from _listed(title, routes, limit)
    flips = [
        f"{flip.before} → {flip.after}  {flip.route}  {_why(flip)}".rstrip() for flip in found.flips
    ]
    yield from _listed("verdicts", flips, limit)
    for title, problems in (("new problems", found.new), ("problems that are gone", found.gone)):
        yield from _listed(title, [problem.first_line() for problem in problems], limit)


def _why(flip: Flip) -> str:
    if not flip.because:
        return ""
    rose = VERDICTS.index(flip.after) > VERDICTS.index(flip.before)
    return f"{'was' if rose else 'because'}: {'; '.join(flip.because)}"


def _listed(title: str, lines: Sequence[str], limit: int | None) -> Iterator[str]:
    if not lines:
        return
    yield f"{title}:"
    yield from (f"  {line}" for line in lines[:limit])
    if limit is not None and len(lines) > limit:
        yield f"  … and {len(lines) - limit} more (-v lists all)"


def _markdown(found: Difference) -> Iterator[str]:
    yield f"**Pages compared with `{found.ref}`** ({found.commit}): {_pages_line(found)}."
    if found.unsound:
        yield f"\nPages are not compared: {' and '.join(found.unsound)} cannot be built."
    if any(old != new for old, new in found.verdicts.values()):
        yield from ("", "| cells | before | after |", "|---|---:|---:|")
        for name, (old, new) in found.verdicts.items():
            yield f"| {name} | {old} | {new} |"
    if found.flips:
        yield from ("", "| page | verdict | why |", "|---|---|---|")
        for flip in found.flips[:SHOWN]:
            why = _why(flip).replace("|", "\\|")
            yield f"| `{flip.route}` | {flip.before} → {flip.after} | {why} |"
        yield from _more(found.flips)
    for title, problems in (("New problems", found.new), ("Problems that are gone", found.gone)):
        if problems:
            yield from ("", f"{title}: {len(problems)}", "")
            for problem in problems[:SHOWN]:
                yield f"- `{problem.location}` {problem.severity} {problem.code}: {problem.message}"
            yield from _more(problems)


def _more(items: Sequence[object]) -> Iterator[str]:
    if len(items) > SHOWN:
        yield f"\n… and {len(items) - SHOWN} more."
