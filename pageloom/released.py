"""Addresses that are in the index by the ledger or an earlier build, and how many may leave it."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from pageloom import gate
from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, Location
from pageloom.gate import Measured
from pageloom.ledger import FOLDER, RELEASED, Entry, Ledger
from pageloom.load.ledger import read_ledger
from pageloom.measure import Measure
from pageloom.plan import NOINDEX, PUBLISHED, VERDICTS, FamilyPlan, Plan, page_route
from pageloom.redirects import formers, redirects
from pageloom.revision import RevisionError, resolved

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
            expected="an output folder, a sitemap.xml, a list of addresses, or a revision of git",
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was in the index by an earlier build, or by the ledger of a revision."""

    routes: frozenset[str]
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """The lines of that ledger, withdrawn and gone addresses too."""


def earlier(root: Path, given: Path) -> Earlier:
    """Return what an output folder, a sitemap, a list or a revision of git had in the index.

    Raises `UnreadableError`.
    """
    if given.exists():
        return Earlier(addresses(given))
    try:
        entries = _ledger_of(root, given)
    except RevisionError as error:
        raise UnreadableError(given, f"{error}") from error
    released = (route for route, entry in entries.items() if entry.state == RELEASED)
    return Earlier(frozenset(released), entries)


def _ledger_of(root: Path, given: Path) -> Mapping[str, Entry]:
    """Return the ledger of a revision; empty where it had none. Raises `RevisionError`."""
    revision = resolved(root, str(given))
    if not revision.has(FOLDER):
        return {}
    problems: list[Diagnostic] = []
    with tempfile.TemporaryDirectory(prefix="pageloom-") as folder:
        revision.export(Path(folder), FOLDER)
        found = read_ledger(Path(folder), problems.append)
    if problems:
        raise UnreadableError(given, f"its ledger has problems, such as {problems[0].message}")
    return found.entries


def in_index(ledger: Ledger) -> int:
    """Return how many addresses the ledger has in the index."""
    return sum(entry.state == RELEASED for entry in ledger.entries.values())


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


def lost(plan: Plan, before: Earlier) -> set[str]:
    """Return the addresses of another revision's ledger that ours lacks and that are no page."""
    found = set(before.entries).difference(plan.project.ledger.entries)
    for family in plan.families.values() if found else ():
        stands = zip(plan.routes(family), family.verdicts, strict=True)
        found.difference_update(route for route, verdict in stands if verdict >= NOINDEX)
    return found


def withdrawn(plan: Plan) -> set[str]:
    """Return the addresses that the ledger has in the index and this build has not."""
    found: set[str] = set()
    for family in plan.families.values():
        listed = family.family.listed
        for number, entry in enumerate(family.entries):
            if entry is None or entry.state != RELEASED:
                continue
            if family.verdicts[number] != PUBLISHED or not listed:
                found.add(plan.route(family.family, family.cells[number]))
    entries = plan.project.ledger.entries
    found.update(route for route in plan.lost if entries[route].state == RELEASED)
    if found:
        found.difference_update(plan.project.ledger.gone)
        found.difference_update(former.route for former in formers(plan))
    return found


def left_out(plan: Plan, before: Collection[str]) -> set[str]:
    """Return the addresses that were in the index and are not, whose pages have not moved."""
    now = set(indexed(plan))
    found = set(before).difference(now).difference(plan.project.ledger.gone)
    if found:
        found.difference_update(item.source for item in redirects(plan) if item.target in now)
    return found


def taken(
    plan: Plan, measured: Mapping[str, Measured], gone: Collection[str], total: int, accepted: int
) -> Diagnostic | None:
    """Return the problem of a build that takes too many of `total` addresses out of the index."""
    gone = sorted(gone)
    many = len(gone) > PAGES or len(gone) > PART * total
    if not many or len(gone) <= accepted:
        return None
    causes = dict(_causes(plan, measured, gone))
    kinds = Counter(re.sub(r"[\d.]+", "…", cause) for cause in causes.values())
    notes = [f"{count} × {kind}" for kind, count in kinds.most_common(SHOWN)]
    notes += [f"{route} {causes[route]}" for route in gone[:SHOWN]]
    if len(gone) > SHOWN:
        notes.append(f"and {counted(len(gone) - SHOWN, 'more page')}")
    return Diagnostic(
        code="G701",
        location=Location("matrix/matrix.yaml"),
        message=f"{len(gone)} of {counted(total, 'page')} would leave the index",
        expected=f"at most {PAGES} pages and {PART:.0%} of them",
        help=f"undo the cause, or accept it with --accept-deindex {len(gone)}; "
        "each build needs that until `release` with it records that they are out",
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
