"""Every snippet of the plan as a fragment, converted once and cached by content."""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as FilePath

from pageloom import inputs
from pageloom.diagnostics import Diagnostic, Location
from pageloom.expressions import lookup
from pageloom.markup import Converter, Html
from pageloom.model import Family, Fragment, Join, Path, Print, Project, Row, Snippet, Text
from pageloom.plan import FamilyPlan, Plan, picker

Report = Callable[[Diagnostic], None]
_CACHE = ".pageloom/cache/html"
PARALLEL_FROM = 200


def levels(project: Project, snippet: Snippet) -> Iterator[int]:
    """Yield the heading levels at which a snippet is used: 3 under a heading, 2 alone, 4 folded."""
    found: set[int] = set()
    for name in snippet.families:
        family = project.families[name]
        slot = next(slot for slot in family.slots if slot.name == snippet.slot)
        found.add(3 if slot.heading else 2)
        if snippet.slot in family.fold_slots:
            found.add(4)
    yield from sorted(found)


def known_names(project: Project, snippet: Snippet) -> dict[str, frozenset[str] | None]:
    """Return the names that a snippet may use: those that all its families have."""
    axes = set.intersection(*(set(project.families[name].axes) for name in snippet.families))
    names: dict[str, frozenset[str] | None] = {axis: project.fields[axis] for axis in axes}
    for join in project.joins.values():
        if set(join.axes) <= axes:
            names[join.name] = project.fields[join.name]
    names["site"] = frozenset(("brand", "base_url"))
    return names


def convert(plan: Plan, converter: Converter, jobs: int) -> dict[tuple[str, int], Fragment]:
    """Return the fragments of all snippets by path and heading level."""
    del jobs
    project = plan.project
    made: dict[tuple[str, int], Fragment] = {}
    for snippet in project.snippets:
        known = known_names(project, snippet)
        for level in levels(project, snippet):
            made[(snippet.path, level)] = converter.fragment(
                snippet.path,
                snippet.body,
                snippet.body_line,
                slot=snippet.slot,
                base=level,
                known=known,
            )
    for kind, fields in project.markdown.items():
        for row in project.tables.get(kind, ()):
            for name in sorted(fields):
                if row.values.get(name):
                    converter.field(row, name)
    return made


def read_cache(root: FilePath) -> dict[bytes, Html]:
    """Return the HTML that earlier builds converted, by content; empty when it cannot be used."""
    try:
        raw = (root / _CACHE).read_bytes()
        head, found = marshal.loads(raw)  # noqa: S302  (our own file below the project)
    except (OSError, ValueError, EOFError, TypeError):
        return {}
    return found if head == _head() and isinstance(found, dict) else {}


def write_cache(root: FilePath, converter: Converter) -> None:
    """Keep the HTML of this project's texts for the next build."""
    used = {key: converter.cache[key] for key in converter.used}
    path = root / _CACHE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"html.{os.getpid()}.tmp")
        temporary.write_bytes(marshal.dumps((_head(), used)))
        temporary.replace(path)
    except OSError:
        return


def _head() -> tuple[str, bytes]:
    return sys.version, inputs.engine_digest()


def templates(project: Project) -> Iterator[tuple[str, Location]]:
    """Yield the templates and partials that the families name."""
    for family in project.families.values():
        yield family.template, family.location
        for slot in family.slots:
            if slot.partial:
                yield slot.partial, slot.location


def check_prints(plan: Plan, report: Report) -> None:
    """Report optional fields that are absent in a row and printed for a cell of it."""
    lacking = _Lacking(plan.project)
    for family in plan.families.values():
        for text in _texts(family.family):
            for part in text.parts:
                if isinstance(part, Path):
                    _check(family, range(len(family.cells)), part, text.location, lacking, report)
        for column in family.choices.values():
            cells: dict[Snippet, list[int]] = {}
            for number, snippet in enumerate(column):
                if snippet is not None:
                    cells.setdefault(snippet, []).append(number)
            for snippet, numbers in cells.items():
                for path, location in _prints(plan, snippet).items():
                    _check(family, numbers, path, location, lacking, report)


def _prints(plan: Plan, snippet: Snippet) -> dict[Path, Location]:
    return {
        segment.path: segment.location
        for level in (2, 3, 4)
        if (fragment := plan.fragments.get((snippet.path, level)))
        for segment in fragment.segments
        if isinstance(segment, Print)
    }


def _texts(family: Family) -> Iterable[Text]:
    yield family.h1
    yield family.link_text
    for slot in family.slots:
        if slot.heading:
            yield slot.heading


class _Lacking:
    """Which rows of a kind lack what a path prints."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[Path, frozenset[Row]] = {}

    def join(self, name: str) -> Join | None:
        return self._project.joins.get(name)

    def rows(self, path: Path) -> frozenset[Row]:
        if path not in self._found:
            rows = self._project.tables.get(path.root, ())
            self._found[path] = frozenset(
                row for row in rows if lookup(path, {path.root: row}) in (None, "", ())
            )
        return self._found[path]


def _check(
    plan: FamilyPlan,
    numbers: Iterable[int],
    path: Path,
    location: Location,
    lacking: _Lacking,
    report: Report,
) -> None:
    rows = lacking.rows(path)
    join = lacking.join(path.root)
    if join is not None:
        pick = picker(plan.family.axes, join.axes)
        keys = {pick(plan.cells[number]) for number in numbers}
        empty = {key for key in keys if join.index.get(key) is None or join.index[key] in rows}
        for key in sorted(empty, key=lambda key: [row.slug for row in key]):
            _report_absent(path, location, " × ".join(row.slug for row in key), "", report)
        return
    if path.root not in plan.family.axes:
        return
    if not rows:
        return
    place = plan.family.axes.index(path.root)
    hit = {plan.cells[number][place] for number in numbers} & rows
    for row in sorted(hit, key=lambda row: row.slug):
        _report_absent(path, location, row.slug, f"the row is {row.location}", report)


def _report_absent(path: Path, location: Location, name: str, note: str, report: Report) -> None:
    report(
        Diagnostic(
            code="C216",
            location=location,
            message=f"`{path}` is absent for {name} and is printed"[:100],
            expected="a value in every row that this text is for",
            help="fill the field, or narrow `for:`",
            notes=(note,) if note else (),
        )
    )
