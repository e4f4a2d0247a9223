"""Axes to cells: which combinations exist, and that no two pages want one address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from pageloom.cells import Cell, Cells, picker
from pageloom.conditions import Condition, ConditionError
from pageloom.diagnostics import WARNING, Diagnostic, Location, quoted
from pageloom.memory import NO_SHELF, Shelf
from pageloom.model import Family, Project, Row
from pageloom.plan import FamilyPlan, Plan

Report = Callable[[Diagnostic], None]
PAGER, FEED = "page", "feed.xml"
WRITTEN = frozenset(("robots.txt", "sitemap.xml", "build-info.json"))
_SITEMAP = re.compile(r"sitemap-[0-9-]+\.xml")


def plan(project: Project, report: Report, shelf: Shelf = NO_SHELF) -> Plan:
    """Return every cell of every family in slug order, verdicts still open.

    What the cells are stands on the `shelf` while rows and families stay as they are.
    """
    made: dict[str, FamilyPlan] = {}
    pending = list(project.families.values())
    while pending:
        ready = [
            family
            for family in pending
            if not family.cells.startswith("family:") or family.cells[7:] in made
        ]
        for family in ready or pending:
            made[family.name] = _family(project, family, made, report, shelf)
        pending = [family for family in pending if family.name not in made]
    ordered = {name: made[name] for name in project.families}
    result = Plan(project, ordered)
    _report_clashes(result, report)
    _report_gaps(project, result, report)
    return result


_Cells = tuple[Cells, dict[str, int]]
"""The cells of a family, and how many were excluded by which condition."""


def _family(
    project: Project,
    family: Family,
    made: Mapping[str, FamilyPlan],
    report: Report,
    shelf: Shelf,
) -> FamilyPlan:
    chosen, excluded = shelf.get(
        ("cells", family.name), lambda: _cells(project, family, made, report)
    )
    verdicts = bytearray(len(chosen))
    return FamilyPlan(family, chosen, verdicts=verdicts, excluded=excluded)


def _cells(
    project: Project, family: Family, made: Mapping[str, FamilyPlan], report: Report
) -> _Cells:
    admits = _admission(project, family, report)
    candidates = _candidates(project, family, made)
    chosen = candidates.only(map(admits, candidates)) if family.where else candidates
    if not _is_in_order(project, family):
        chosen = chosen.in_order()
    left_out = len(candidates) - len(chosen)
    excluded = {family.where: left_out} if left_out else {}
    if excluded and not chosen:
        message = f"`where` of `{family.name}` matches no row"
        report(
            Diagnostic(
                code="M112", location=family.where_location, message=message, severity=WARNING
            )
        )
    return chosen, excluded


def _candidates(project: Project, family: Family, made: Mapping[str, FamilyPlan]) -> Cells:
    rows = {axis: project.axes[axis] for axis in family.axes}
    if family.cells == "all":
        return Cells.product(rows)
    if family.cells.startswith("family:") and family.cells[7:] in made:
        return Cells.of(rows, dict.fromkeys(made[family.cells[7:]].cells.over(family.axes)))
    join = project.joins.get(family.cells)
    if join is None:
        return Cells.of(rows, ())
    about = Cells.of({axis: rows[axis] for axis in join.axes}, join.index).in_order()
    others = {axis: rows[axis] for axis in family.axes if axis not in join.axes}
    return about.crossed(Cells.product(others), family.axes)


def _is_in_order(project: Project, family: Family) -> bool:
    """Whether candidates come in the order of their slugs: rows do, of axes and of joins."""
    join = project.joins.get(family.cells)
    return family.cells == "all" or (
        join is not None and family.axes[: len(join.axes)] == tuple(join.axes)
    )


def _admission(project: Project, family: Family, report: Report) -> Callable[[Cell], bool]:
    """Return whether a cell exists: `where` holds, or a join has a row for the combination."""
    if not family.where:
        return lambda _: True
    condition = Condition(family.where)
    axes = tuple(axis for axis in family.axes if axis in condition.names)
    pick = picker(family.axes, axes)
    named = [join for join in project.joins.values() if join.name in condition.names]
    about = {*axes, *(axis for join in named for axis in join.axes)}
    joins = [
        (join.index, picker(family.axes, join.axes))
        for join in project.joins.values()
        if join not in named and about <= set(join.axes) <= set(family.axes)
    ]
    covered = [(join.name, join.index, picker(family.axes, join.axes)) for join in named]
    memo: dict[Cell, bool] = {}

    def holds(cell: Cell) -> bool:
        if any(key(cell) in index for index, key in joins):
            return True
        place = cell if covered else pick(cell)
        if place not in memo:
            rows: dict[str, Row | None] = dict(zip(axes, pick(cell), strict=True))
            rows.update({name: index.get(key(cell)) for name, index, key in covered})
            memo[place] = _holds(condition, rows, family, report)
        return memo[place]

    return holds


def _holds(
    condition: Condition, rows: Mapping[str, Row | None], family: Family, report: Report
) -> bool:
    try:
        return condition.holds(rows)
    except ConditionError as error:
        message = f"`where` of `{family.name}` fails: {error}"[:100]
        expected = "fields of one type on both sides, and no field of a text"
        location = family.where_location
        report(Diagnostic(code="M113", location=location, message=message, expected=expected))
        return True


def _report_clashes(result: Plan, report: Report) -> None:
    """Report two sources of one address, before anything is rendered."""
    plans = [plan_ for plan_ in result.families.values() if plan_.family.cells]
    reserved = _reserved_rows(result.project, plans)
    for row, word in reserved.items():
        _report_reserved(row, word, report)
    for number, first in enumerate(plans):
        for second in plans[number + 1 :]:
            if _may_clash(result.project, first.family, second.family):
                _report_shared(result, first, second, reserved, report)
    _report_root_files(result, report)


def _parts(family: Family) -> list[str]:
    return [part for part in family.route.split("/") if part]


def _choices(project: Project, part: str) -> set[str]:
    if part.startswith("{"):
        return {row.slug for row in project.axes[part[1:-1]]}
    return {part}


def _may_clash(project: Project, first: Family, second: Family) -> bool:
    one, two = _parts(first), _parts(second)
    if len(one) != len(two):
        return False
    return all(
        _choices(project, left) & _choices(project, right)
        for left, right in zip(one, two, strict=True)
    )


def _report_shared(
    result: Plan,
    first: FamilyPlan,
    second: FamilyPlan,
    reserved: Mapping[Row, str],
    report: Report,
) -> None:
    routes = {result.route(first.family, cell).casefold(): cell for cell in first.cells}
    for cell in second.cells:
        route = result.route(second.family, cell)
        other = routes.get(route.casefold())
        if other is None or any(row in reserved for row in (*cell, *other)):
            continue
        location = cell[-1].location if cell else second.family.location
        source = other[-1].location if other else first.family.location
        report(
            Diagnostic(
                code="R501",
                location=location,
                message=f"{quoted(route)} is the address of two pages",
                expected="one page an address",
                help="change one slug or one route",
                notes=(f"{first.family.name} ({source}) and {second.family.name}",),
            )
        )


def _reserved_rows(project: Project, plans: list[FamilyPlan]) -> dict[Row, str]:
    """Return rows whose slug is a word of an address, with what the word is taken by."""
    firsts = {
        parts[0]: f"the first part of `{plan_.family.route}`"
        for plan_ in plans
        if (parts := _parts(plan_.family)) and not parts[0].startswith("{")
    }
    firsts["assets"] = "the folder of the theme's files"
    found: dict[Row, str] = {}
    for plan_ in plans:
        for place, part in enumerate(_parts(plan_.family)):
            rows = project.axes[part[1:-1]] if part.startswith("{") else ()
            for row in rows:
                if row.slug == PAGER:
                    found[row] = "the address of further pages of a hub"
                elif place == 0 and row.slug in firsts:
                    found[row] = firsts[row.slug]
    return found


def _report_reserved(row: Row, word: str, report: Report) -> None:
    report(
        Diagnostic(
            code="R502",
            location=row.location,
            message=f"slug `{row.slug}` is a reserved word",
            expected="another slug",
            help=f"`{row.slug}` is {word}",
        )
    )


def _report_root_files(result: Plan, report: Report) -> None:
    files = {path.casefold(): path for path in result.project.root_files}
    if not files:
        return
    written = {*WRITTEN, FEED} if result.project.has_feed else set(WRITTEN)
    if result.project.settings.indexnow:
        written.add(f"{result.project.settings.indexnow}.txt".casefold())
    for path in sorted(files):
        if path in written or path.startswith("assets/") or _SITEMAP.fullmatch(path):
            _root_clash(files[path], "a file that the build writes", report)
    above = {parent for path in files for parent in _folders(path)}
    for plan_ in result.families.values():
        for cell in plan_.cells if plan_.family.cells else ():
            route = result.route(plan_.family, cell).strip("/").casefold()
            file = route if route.endswith(".html") else f"{route}/index.html".lstrip("/")
            for taken in {file, *_folders(file)} & set(files):
                _root_clash(files[taken], f"the page {quoted(f'/{route}')}", report)
            if file in above:
                inside = next(path for path in files if path.startswith(f"{file}/"))
                _root_clash(files[inside], f"the page {quoted(f'/{route}')}", report)


def _folders(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _root_clash(path: str, other: str, report: Report) -> None:
    location = Location(f"content/root/{path}")
    message = f"{quoted(path)} has the address of {other}"
    expected = "a file at an address of its own"
    report(Diagnostic(code="R503", location=location, message=message, expected=expected))


def _report_gaps(project: Project, result: Plan, report: Report) -> None:
    """Warn of rows that no page with two or more axes uses, and join rows for no cell."""
    if project.incomplete:
        return
    crossed = [plan_ for plan_ in result.families.values() if len(plan_.family.axes) > 1]
    for axis, rows in project.axes.items():
        plans = [plan_ for plan_ in crossed if axis in plan_.family.axes]
        used: set[Row] = set()
        for plan_ in plans:
            used.update(plan_.cells.rows(axis))
        for row in rows:
            if plans and row not in used:
                _gap(row, f"{axis} {quoted(row.slug)} is in no combination", report)
    for join in project.joins.values():
        plans = [plan_ for plan_ in crossed if set(join.axes) <= set(plan_.family.axes)]
        combinations: set[Cell] = set()
        for plan_ in plans:
            combinations.update(plan_.cells.over(join.axes))
        for row in join.rows:
            if plans and row.about not in combinations:
                _gap(row, f"{join.name} {quoted(row.slug)} is for no page", report)


def _gap(row: Row, message: str, report: Report) -> None:
    report(
        Diagnostic(
            code="M117",
            location=row.location,
            message=message,
            severity=WARNING,
            help="admit a combination that has it, or delete the row",
        )
    )
