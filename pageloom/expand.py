"""Axes to cells: which combinations exist, and that no two pages want one address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

from pageloom.conditions import Condition, ConditionError
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.model import Family, Project, Row
from pageloom.plan import Cell, FamilyPlan, Plan, picker

Report = Callable[[Diagnostic], None]
RESERVED = ("page",)


def plan(project: Project, report: Report) -> Plan:
    """Return every cell of every family in slug order, verdicts still open."""
    made: dict[str, FamilyPlan] = {}
    pending = list(project.families.values())
    while pending:
        ready = [
            family
            for family in pending
            if not family.cells.startswith("family:") or family.cells[7:] in made
        ]
        for family in ready or pending:
            made[family.name] = _family(project, family, made, report)
        pending = [family for family in pending if family.name not in made]
    ordered = {name: made[name] for name in project.families}
    result = Plan(project, ordered)
    _report_clashes(result, report)
    _report_gaps(project, result, report)
    return result


def _family(
    project: Project, family: Family, made: Mapping[str, FamilyPlan], report: Report
) -> FamilyPlan:
    chosen: list[Cell] = []
    excluded: dict[str, int] = {}
    admits = _admission(project, family, report)
    for cell in _candidates(project, family, made):
        if admits(cell):
            chosen.append(cell)
        else:
            excluded[family.where] = excluded.get(family.where, 0) + 1
    chosen.sort(key=lambda cell: tuple(row.slug for row in cell))
    if excluded and not chosen:
        message = f"`where` of `{family.name}` matches no row"
        report(
            Diagnostic(
                code="M112", location=family.where_location, message=message, severity=WARNING
            )
        )
    index = {cell: number for number, cell in enumerate(chosen)}
    verdicts = bytearray(len(chosen))
    return FamilyPlan(family, chosen, index, verdicts=verdicts, excluded=excluded)


def _candidates(project: Project, family: Family, made: Mapping[str, FamilyPlan]) -> Iterator[Cell]:
    if family.cells == "all":
        yield from product(*(project.axes[axis] for axis in family.axes))
        return
    if family.cells.startswith("family:"):
        other = made.get(family.cells[7:])
        if other is not None:
            pick = picker(other.family.axes, family.axes)
            yield from dict.fromkeys(pick(cell) for cell in other.cells)
        return
    join = project.joins[family.cells]
    free = [axis for axis in family.axes if axis not in join.axes]
    for about in join.index:
        fixed = dict(zip(join.axes, about, strict=True))
        for rows in product(*(project.axes[axis] for axis in free)):
            named = {**fixed, **dict(zip(free, rows, strict=True))}
            yield tuple(named[axis] for axis in family.axes)


def _admission(project: Project, family: Family, report: Report) -> Callable[[Cell], bool]:
    """Return whether a cell exists: `where` holds, or a join has a row for the combination."""
    if not family.where:
        return lambda _: True
    condition = Condition(family.where)
    axes = tuple(axis for axis in family.axes if axis in condition.names)
    pick = picker(family.axes, axes)
    joins = [
        (join.index, picker(family.axes, join.axes))
        for join in project.joins.values()
        if set(axes) <= set(join.axes) <= set(family.axes)
    ]
    covered = [
        (join.name, join.index, picker(family.axes, join.axes))
        for join in project.joins.values()
        if join.name in condition.names and set(join.axes) <= set(family.axes)
    ]
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
        report(Diagnostic(code="M113", location=family.where_location, message=message))
        return False


def _report_clashes(result: Plan, report: Report) -> None:
    """Report two sources of one address, before anything is rendered."""
    plans = list(result.families.values())
    for number, first in enumerate(plans):
        _report_reserved(first, report)
        for second in plans[number + 1 :]:
            if _may_clash(result.project, first.family, second.family):
                _report_shared(result, first, second, report)
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


def _report_shared(result: Plan, first: FamilyPlan, second: FamilyPlan, report: Report) -> None:
    routes = {result.route(first.family, cell).casefold(): cell for cell in first.cells}
    for cell in second.cells:
        route = result.route(second.family, cell)
        other = routes.get(route.casefold())
        if other is None:
            continue
        location = cell[-1].location if cell else second.family.location
        source = other[-1].location if other else first.family.location
        report(
            Diagnostic(
                code="R501",
                location=location,
                message=f"`{route}` is the address of two pages",
                expected="one page an address",
                help="change one slug or one route",
                notes=(f"{first.family.name} ({source}) and {second.family.name}",),
            )
        )


def _report_reserved(first: FamilyPlan, report: Report) -> None:
    parts = _parts(first.family)
    for place, part in enumerate(parts):
        if not part.startswith("{") or place == 0:
            continue
        axis = first.family.axes.index(part[1:-1])
        for row in {cell[axis] for cell in first.cells}:
            if row.slug in RESERVED:
                report(
                    Diagnostic(
                        code="R502",
                        location=row.location,
                        message=f"slug `{row.slug}` is a reserved word",
                        expected="another slug; `page` is the address of further pages of a hub",
                    )
                )


def _report_root_files(result: Plan, report: Report) -> None:
    files = {path.casefold(): path for path in result.project.root_files}
    if not files:
        return
    reserved = {"robots.txt", "sitemap.xml", "build-info.json"}
    for path in sorted(files):
        if path in reserved or path.startswith("assets/"):
            _root_clash(files[path], "a file that the build writes", report)
    for plan_ in result.families.values():
        for cell in plan_.cells:
            route = result.route(plan_.family, cell).strip("/")
            file = route if route.endswith(".html") else f"{route}/index.html".lstrip("/")
            if file.casefold() in files:
                _root_clash(files[file.casefold()], f"the page /{route}", report)


def _root_clash(path: str, other: str, report: Report) -> None:
    location = Location(f"content/root/{path}")
    message = f"`content/root/{path}` has the address of {other}"
    report(Diagnostic(code="R503", location=location, message=message[:100]))


def _report_gaps(project: Project, result: Plan, report: Report) -> None:
    """Warn of rows that no page with two or more axes uses, and join rows for no cell."""
    crossed = [plan_ for plan_ in result.families.values() if len(plan_.family.axes) > 1]
    for axis, rows in project.axes.items():
        used = {
            cell[plan_.family.axes.index(axis)]
            for plan_ in crossed
            if axis in plan_.family.axes
            for cell in plan_.cells
        }
        if not any(axis in plan_.family.axes for plan_ in crossed):
            continue
        for row in rows:
            if row not in used:
                _gap(row, f"{axis} `{row.slug}` is in no combination", report)
    for join in project.joins.values():
        plans = [plan_ for plan_ in crossed if set(join.axes) <= set(plan_.family.axes)]
        combinations: set[Cell] = set()
        for plan_ in plans:
            pick = picker(plan_.family.axes, join.axes)
            combinations.update(pick(cell) for cell in plan_.cells)
        for row in join.rows:
            if plans and row.about not in combinations:
                _gap(row, f"{join.name} `{row.slug}` is for no page", report)


def _gap(row: Row, message: str, report: Report) -> None:
    report(Diagnostic(code="M117", location=row.location, message=message[:100], severity=WARNING))
