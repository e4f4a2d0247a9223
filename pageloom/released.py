"""Addresses that an earlier build had in the index, and how many of them a build may take out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from pageloom import gate
from pageloom.diagnostics import Diagnostic, Location
from pageloom.gate import Measured
from pageloom.model import Measure
from pageloom.plan import PUBLISHED, VERDICTS, FamilyPlan, Plan, page_route

PART, PAGES = 0.02, 10
"""A build that takes out more than this part, or more than so many pages, is stopped."""
SHOWN = 10
_LOC = re.compile(r"<loc>\s*([^<]+?)\s*</loc>")


class UnreadableError(Exception):
    """An earlier build that cannot be read; carries the diagnostic."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(what)
        self.diagnostic = Diagnostic(
            code="G702",
            location=Location(path.as_posix()),
            message=f"the earlier build cannot be read: {what}"[:100],
            expected="an output folder, a sitemap.xml, or a file with an address a line",
        )


def addresses(path: Path) -> frozenset[str]:
    """Return the addresses that an output folder, a sitemap or a list of lines names.

    Raises `UnreadableError`.
    """
    file = path / "sitemap.xml" if path.is_dir() else path
    found = frozenset(_addresses(file, path))
    if not found:
        raise UnreadableError(path, "no address in it")
    return found


def _addresses(file: Path, given: Path) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise UnreadableError(given, str(reason)) from error
    found = [unescape(loc) for loc in _LOC.findall(text)]
    if "<sitemapindex" in text:
        for loc in found:
            yield from _addresses(file.with_name(loc.rpartition("/")[2]), given)
        return
    lines = (line.strip() for line in text.splitlines()) if "<urlset" not in text else ()
    for line in (*found, *lines):
        if line and not line.startswith("#"):
            yield urlsplit(line).path or "/"


def indexed(plan: Plan) -> Iterator[str]:
    """Yield the address of every page that this build has in the index."""
    for family in plan.families.values():
        for number in family.published() if family.family.listed else ():
            route = plan.route(family.family, family.cells[number])
            for page in range(1, plan.page_count(family, number) + 1):
                yield page_route(route, page)


def taken(
    plan: Plan, measured: Mapping[str, Measured], before: frozenset[str], accepted: int
) -> Diagnostic | None:
    """Return the problem of a build that takes too many addresses out of the index."""
    gone = sorted(before.difference(indexed(plan)))
    many = len(gone) > PAGES or len(gone) > PART * len(before)
    if not many or len(gone) <= accepted:
        return None
    causes = dict(_causes(plan, measured, gone))
    kinds = Counter(re.sub(r"[\d.]+", "…", cause) for cause in causes.values())
    notes = [f"{count} × {kind}" for kind, count in kinds.most_common(SHOWN)]
    notes += [f"{route} {causes[route]}" for route in gone[:SHOWN]]
    if len(gone) > SHOWN:
        notes.append(f"and {len(gone) - SHOWN} more pages")
    return Diagnostic(
        code="G701",
        location=Location("matrix/matrix.yaml"),
        message=f"{len(gone)} of {len(before)} pages would leave the index",
        expected=f"at most {PAGES} pages and {PART:.0%} of them",
        help=f"undo the cause, or accept it with --accept-deindex {len(gone)}",
        notes=tuple(notes),
    )


def _causes(
    plan: Plan, measured: Mapping[str, Measured], gone: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield addresses and why they are no longer in the index."""
    wanted = {re.sub(r"page/\d+/$", "", route) for route in gone}
    cells = {
        route: (family, number)
        for family in plan.families.values()
        for number, cell in enumerate(family.cells)
        if (route := plan.route(family.family, cell)) in wanted
    }
    for route in gone:
        found = cells.get(re.sub(r"page/\d+/$", "", route))
        yield route, _cause(measured, *found) if found else "is no combination of rows any more"


def _cause(measured: Mapping[str, Measured], family: FamilyPlan, number: int) -> str:
    if family.verdicts[number] == PUBLISHED:
        return "has fewer pages" if family.family.listed else "is not listed any more"
    verdict = f"is {VERDICTS[family.verdicts[number]]}"
    found = measured.get(family.family.name)
    because = gate.reasons(family.family, found.of(number) if found else Measure())
    if because:
        return f"{verdict}: {'; '.join(because)}"
    least = family.family.gate.min_children
    return f"{verdict}: fewer than {least} published pages below it" if least else verdict
