"""Records in the ledger what is published now; the only module that writes there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path

from pageloom import cohort, ledger, pipeline, writing
from pageloom.diagnostics import Diagnostic, ordered
from pageloom.ledger import FOLDER, GONE, RELEASED, SUFFIX, WITHDRAWN, Entry
from pageloom.manifest import State
from pageloom.options import Options
from pageloom.plan import PUBLISHED, FamilyPlan, Plan
from pageloom.redirects import formers

FORMAT = 1
LIMIT = 100
"""New pages a day where releases are staged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a release did, or would do."""

    day: str
    problems: tuple[Diagnostic, ...] = ()
    released: tuple[str, ...] = ()
    """Addresses that came into the index, in the order in which they were taken."""
    changed: tuple[str, ...] = ()
    """Addresses whose significant content has changed."""
    withdrawn: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    waiting: int = 0
    written: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether nothing was recorded for the errors of the project."""
        return any(problem.is_error for problem in self.problems)

    def as_json(self) -> dict[str, object]:
        """Return the release as the object that `--json` prints."""
        names = ("released", "changed", "withdrawn", "gone", "written")
        return {
            "version": FORMAT,
            "day": self.day,
            "problems": [problem.as_json() for problem in self.problems],
            **{name: list(getattr(self, name)) for name in names},
            "waiting": self.waiting,
        }

    def lines(self) -> Iterator[str]:
        """Yield every address with what became of it, and the files that were written."""
        for name in ("released", "changed", "withdrawn", "gone"):
            yield from (f"{name} {route}" for route in getattr(self, name))
        yield from self.written

    @property
    def text(self) -> str:
        """The release on one line."""
        counts = (
            f"{len(self.released)} released",
            f"{len(self.changed)} changed",
            f"{len(self.withdrawn)} withdrawn",
            f"{len(self.gone)} gone",
        )
        waiting = f"; {self.waiting} wait for another day" if self.waiting else ""
        return f"{self.day}: {', '.join(counts)}{waiting}"


@dataclass(slots=True)
class _Record:
    """The lines of the ledger as they become."""

    day: str
    keep_dates: bool
    files: dict[str, dict[str, Entry]]
    released: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def page(self, file: str, route: str, digest: str, before: Entry | None) -> None:
        """Record a page that is in the index; `before` is its line, or that of its former one."""
        entry = before or Entry(self.day, self.day, digest, RELEASED)
        if before is None or before.state != RELEASED:
            self.released.append(route)
        if entry.digest != digest:
            modified = entry.modified if self.keep_dates else max(self.day, entry.modified)
            entry = entry._replace(digest=digest, modified=modified)
            self.changed.append(route)
        self._put(file, route, entry._replace(state=RELEASED))

    def without(self, route: str, state: str) -> None:
        """Record that an address is out of the index, or given up."""
        file = next(name for name, entries in self.files.items() if route in entries)
        before = self.files[file][route]
        if before.state != state:
            self.files[file][route] = before._replace(state=state)
            (self.gone if state == GONE else self.withdrawn).append(route)

    def _put(self, file: str, route: str, entry: Entry) -> None:
        for name, entries in self.files.items():
            if name != file:
                entries.pop(route, None)
        self.files.setdefault(file, {})[route] = entry


def release(
    options: Options, *, limit: int = LIMIT, keep_dates: bool = False, dry: bool = False
) -> Release:
    """Record what is published now; with `dry`, only say what would be recorded."""
    decision = pipeline.decide(options)
    pipeline.guard(decision, options)
    plan = decision.plan
    day = plan.project.settings.today if plan is not None else ""
    failed = Release(day=day, problems=ordered(decision.problems))
    if plan is None or not decision.sound:
        return failed
    taken = cohort.take(plan, _room(plan, day, limit))
    digests, problems = _digests(plan, options, decision)
    if any(problem.is_error for problem in problems):
        return replace(failed, problems=ordered((*decision.problems, *problems)))
    record = _recorded(plan, day, digests, keep_dates=keep_dates)
    order = {plan.route(family.family, family.cells[n]): at for at, (family, n) in enumerate(taken)}
    written = () if dry else _write(options.root, plan, record.files)
    return Release(
        day=day,
        problems=ordered(item for item in decision.problems if item.code != "R509"),
        released=tuple(sorted(record.released, key=lambda route: order.get(route, -1))),
        changed=tuple(record.changed),
        withdrawn=tuple(sorted(record.withdrawn)),
        gone=tuple(sorted(record.gone)),
        waiting=sum(len(family.waiting) for family in plan.families.values()),
        written=written,
    )


def _room(plan: Plan, day: str, limit: int) -> int:
    """Return how many new pages this day's release may still take."""
    entries = plan.project.ledger.entries.values()
    return max(0, limit - sum(entry.published == day for entry in entries))


def _is_recorded(family: FamilyPlan, number: int) -> bool:
    return family.family.listed and family.verdicts[number] == PUBLISHED


def _digests(
    plan: Plan, options: Options, decision: pipeline.Decision
) -> tuple[dict[str, list[str]], list[Diagnostic]]:
    """Return the content digests of the pages in the index, by family, and their problems."""
    theme, composer = decision.theme, decision.composer
    assert theme is not None  # noqa: S101  (the decision is sound)
    assert composer is not None  # noqa: S101
    recipe = writing.Recipe(options.root, plan, options.folder, State())
    found: dict[str, list[str]] = {name: [] for name in plan.families}
    problems: list[Diagnostic] = []
    for name, digests, told in writing.contents(recipe, theme, composer, options.jobs):
        found[name] += digests
        problems += told
    return found, problems


def _recorded(
    plan: Plan, day: str, digests: Mapping[str, list[str]], *, keep_dates: bool
) -> _Record:
    known = plan.project.ledger
    record = _Record(day, keep_dates, {name: dict(found) for name, found in known.files.items()})
    for family in plan.families.values():
        routes = plan.routes(family)
        listed = [_is_recorded(family, number) for number in range(len(routes))]
        file = f"{FOLDER}/{family.family.name}{SUFFIX}"
        pages = zip(compress(routes, listed), digests[family.family.name], strict=True)
        for route, digest in pages:
            record.page(file, route, digest, plan.released.get(route))
        for route in compress(routes, (not flag for flag in listed)):
            if route in known.entries and route not in known.gone:
                record.without(route, WITHDRAWN)
    moved = {former.route for former in formers(plan)}
    for route in sorted(plan.lost):
        if route in known.gone:
            record.without(route, GONE)
        elif route not in moved:
            record.without(route, WITHDRAWN)
    return record


def _write(root: Path, plan: Plan, files: Mapping[str, Mapping[str, Entry]]) -> tuple[str, ...]:
    """Write the files that differ, whole or not at all, and read them again."""
    before = plan.project.ledger.files
    changed = [path for path in sorted(files) if files[path] != before.get(path)]
    for path in changed:
        target = root / path
        if not files[path]:
            target.unlink(missing_ok=True)
            continue
        text = ledger.written(files[path])
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text.encode())
        told: list[Diagnostic] = []
        again = ledger.parse(target.read_text(encoding="utf-8"), path, told.append)
        if told or again != files[path]:
            raise RuntimeError(f"{path} does not hold what was written")
    return tuple(changed)


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
