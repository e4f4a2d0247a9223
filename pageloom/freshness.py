"""How old the checks of facts, sources and snippets are; it marks and warns, and decides nothing.

A fact or source whose last check lies further back than its interval has the field `due`: the date
of that check. The field counts in the row's digest, so a page is made again when it appears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pageloom.counted import counted
from pageloom.diagnostics import WARNING, Diagnostic
from pageloom.model import Cite, Fragment, Row, Snippet
from pageloom.plan import FOLDED, FamilyPlan, Plan

Report = Callable[[Diagnostic], None]
Cited = Callable[[FamilyPlan, int], Iterable[Cite]]
MONTHS: Mapping[str, int] = {"statute": 24, "regulation": 24, "other": 12}
"""How many months a check holds, by type of source; `review_months` of the settings adds to it."""
_SHOWN = 8


def intervals(settings: Mapping[str, Any]) -> Mapping[str, int]:
    """Return how many months a check holds by type of source, `other` for the rest."""
    return {**MONTHS, **settings.get("review_months", {})}


def is_over(checked: str, months: int, today: str) -> bool:
    """Whether a check on `checked` no longer holds on `today`."""
    return bool(checked) and _later(checked, months) < today


def over_on(checked: str, months: int) -> str:
    """Return the first day on which a check no longer holds; empty where there is none."""
    return next_day(_later(checked, months)) if checked else ""


def next_day(iso: str) -> str:
    """Return the day after a day; empty after the last one."""
    day = date.fromisoformat(iso)
    return (day + timedelta(days=1)).isoformat() if day < date.max else ""


def await_(awaited: dict[str, tuple[str, int]], kind: str, day: str) -> None:
    """Keep the earliest day of a kind, and how many fall on it."""
    first, count = awaited.get(kind, (day, 0))
    if day and day <= first:
        awaited[kind] = (day, count + 1 if day == first else 1)


def _later(iso: str, months: int) -> str:
    day = date.fromisoformat(iso)
    years, month = divmod(day.month - 1 + months, 12)
    if day.year + years > date.max.year:
        return date.max.isoformat()
    for last in range(day.day, day.day - 4, -1):  # the 31st of a short month is its last day
        try:
            return day.replace(day.year + years, month + 1, last).isoformat()
        except ValueError:
            continue
    return iso


@dataclass(frozen=True, slots=True)
class DueFact:
    """A fact whose check is over: its value as in the file, the check, the pages that cite it."""

    fact: Row
    checked: str
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source to read again, for the facts that rest on it and the pages that cite it."""

    source: Row
    checked: str
    """The oldest of the checks that are over."""
    facts: tuple[DueFact, ...] = ()
    pages: tuple[str, ...] = ()
    """Pages that cite the source as such."""


def due(plan: Plan, cited: Cited) -> tuple[DueSource, ...]:
    """Return what is to be read again by source, the oldest check first.

    `cited` gives the citations of a cell: those of the composed page.
    """
    pages: dict[Row, dict[str, None]] = {}
    for family in plan.families.values():
        for number, verdict in enumerate(family.verdicts):
            if verdict >= FOLDED:
                for cite in cited(family, number):
                    row = cite.fact or cite.source
                    if row.values.get("due"):
                        pages.setdefault(row, {})[plan.href(family, number)] = None
    found = [
        DueSource(
            source,
            min(row.values["due"] for row in (*facts, source) if row.values.get("due")),
            tuple(DueFact(fact, fact.values["due"], tuple(pages.get(fact, ()))) for fact in facts),
            tuple(pages.get(source, ())),
        )
        for source, facts in _by_source(plan).items()
    ]
    return tuple(sorted(found, key=lambda item: (item.checked, item.source.slug)))


def _by_source(plan: Plan) -> dict[Row, list[Row]]:
    found: dict[Row, list[Row]] = {
        row: [] for row in plan.project.sources.values() if row.values.get("due")
    }
    for fact in plan.project.facts.values():
        if fact.values.get("due") and fact.values.get("source"):
            found.setdefault(fact.values["source"], []).append(fact)
    return found


def check(plan: Plan, report: Report) -> None:
    """Warn of facts and snippets whose check is over, and of snippets older than their facts."""
    facts = [row for row in plan.project.facts.values() if row.values.get("due")]
    if facts:
        report(_due_facts(facts))
    months = intervals(plan.project.settings.values)["other"]
    today = plan.project.settings.today
    old = [item for item in plan.project.snippets if _is_old(item, months, today)]
    if old:
        report(_due_snippets(old))
    for snippet in plan.project.snippets:
        newer = sorted(_newer(plan, snippet), key=lambda row: row.slug)
        if newer:
            report(_outdated(snippet, newer))


def _due_facts(facts: list[Row]) -> Diagnostic:
    facts = sorted(facts, key=lambda row: (row.values["due"], row.slug))
    sources = len({row.values.get("source") for row in facts})
    what = f"{counted(len(facts), 'fact')} from {counted(sources, 'source')}"
    return Diagnostic(
        code="L810",
        location=facts[0].location,
        severity=WARNING,
        message=f"the check of {what} is over",
        help="read the source, then set `as_of`, or add a row to matrix/reviews.yaml",
        notes=_notes(f"{row.slug}: last checked {row.values['due']}" for row in facts),
    )


def _due_snippets(snippets: list[Snippet]) -> Diagnostic:
    snippets = sorted(snippets, key=lambda item: (item.front["reviewed"], item.path))
    return Diagnostic(
        code="L811",
        location=snippets[0].location,
        severity=WARNING,
        message=f"the review of {counted(len(snippets), 'snippet')} is over",
        help="read each again, then set `reviewed`",
        notes=_notes(f"{item.path}: {item.front['reviewed']}" for item in snippets),
    )


def _outdated(snippet: Snippet, facts: list[Row]) -> Diagnostic:
    return Diagnostic(
        code="L812",
        location=snippet.location,
        severity=WARNING,
        message=f"read on {snippet.front['reviewed']}, before facts in it were changed",
        help="read it again with the facts as they are now, then set `reviewed`",
        notes=_notes(f"{row.slug}: {row.values['as_of']}" for row in facts),
    )


def _notes(lines: Iterator[str]) -> tuple[str, ...]:
    found = list(lines)
    rest = (f"and {len(found) - _SHOWN} more",) if len(found) > _SHOWN else ()
    return (*found[:_SHOWN], *rest)


def _is_old(snippet: Snippet, months: int, today: str) -> bool:
    own = snippet.front.get("interval_months", "")
    return is_over(snippet.front.get("reviewed", ""), int(own) if own else months, today)


def _newer(plan: Plan, snippet: Snippet) -> set[Row]:
    """Return the facts that a snippet names and that were changed after it was read."""
    reviewed = snippet.front.get("reviewed", "")
    if not reviewed:
        return set()
    return {
        fact
        for level in (2, 3, 4)
        for fact in _facts(plan.fragments.get((snippet.path, level)))
        if str(fact.values.get("as_of", "")) > reviewed
    }


def _facts(fragment: Fragment | None) -> Iterator[Row]:
    for segment in fragment.segments if fragment is not None else ():
        if isinstance(segment, Cite) and segment.fact is not None:
            yield segment.fact
