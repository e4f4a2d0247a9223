"""Where each part of a page came from, what lost the cascade, and what a problem code means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pageloom import cascade, gate
from pageloom.diagnostics import CODES, Diagnostic, table_code
from pageloom.model import Slot, Snippet
from pageloom.options import Options
from pageloom.pipeline import Decision, decide
from pageloom.plan import VERDICTS, FamilyPlan, Plan

_PROBLEMS = Path(__file__).parent.parent / "docs" / "problems.md"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was found about a page."""

    problems: tuple[Diagnostic, ...] = ()
    lines: tuple[str, ...] = ()
    value: Any = None

    @property
    def text(self) -> str:
        """The explanation as lines."""
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as the object that `--json` prints."""
        problems = [problem.as_json() for problem in self.problems]
        return {"version": 1, "problems": problems, "page": self.value}


def code(name: str) -> str | None:
    """Return what a problem code means, with the section of docs/problems.md where it exists."""
    known = table_code(name.upper())
    if known not in CODES:
        return None
    title = f"{name.upper()}: {CODES[known]}"
    try:
        text = _PROBLEMS.read_text(encoding="utf-8")
    except OSError:
        return title
    section = re.search(rf"^## {known}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return f"{title}\n\n{section.group().strip()}" if section else title


def route(options: Options, address: str) -> Explanation:
    """Return where each part of the page at `address` came from."""
    decision = decide(options)
    errors = tuple(problem for problem in decision.problems if problem.is_error)
    plan = decision.plan
    if plan is None:
        return Explanation(problems=errors)
    wanted = address if address.endswith((".html", "/")) else f"{address}/"
    for family in plan.families.values():
        for number, cell in enumerate(family.cells):
            if plan.route(family.family, cell) == wanted:
                lines = tuple(_lines(decision, plan, family, number))
                return Explanation(errors, lines, _value(decision, plan, family, number))
    missing = (f"no cell has the address {wanted}",)
    return Explanation(errors, missing)


def _value(decision: Decision, plan: Plan, family: FamilyPlan, number: int) -> dict[str, Any]:
    return {
        "route": plan.route(family.family, family.cells[number]),
        "family": family.family.name,
        "verdict": VERDICTS[family.verdicts[number]],
        "href": plan.href(family, number),
        "lines": list(_lines(decision, plan, family, number)),
    }


def _lines(decision: Decision, plan: Plan, family: FamilyPlan, number: int) -> Iterator[str]:
    cell = family.cells[number]
    verdict = VERDICTS[family.verdicts[number]]
    yield f"{plan.route(family.family, cell)}  {family.family.name}: {verdict}"
    href = plan.href(family, number)
    if verdict == "folded":
        yield f"  it is the section {href}"
    yield from _verdict_lines(decision, family, number)
    yield "rows"
    for name, row in plan.scope(family.family, cell).items():
        if name != "site":
            place = f"{row.slug}  {row.location}" if row else "no row"
            yield f"  {name}: {place}"
    yield f"template {family.family.template}"
    for slot in family.family.slots:
        yield from _slot_lines(decision, plan, family, number, slot)


def _verdict_lines(decision: Decision, family: FamilyPlan, number: int) -> Iterator[str]:
    measured = decision.measured.get(family.family.name)
    if measured is None:
        return
    measure = measured.of(number)
    yield (
        f"  {measure.words} words, specific share {measure.specific_share:.2f}, "
        f"{measure.specific_facts} specific facts"
    )
    alike = measured.likeness.get(number)
    if alike:
        other = " × ".join(row.slug for row in family.cells[alike.other])
        yield f"  most like {other}: {alike.value:.2f}"
    for reason in gate.reasons(family.family, measure):
        yield f"  because: {reason}"


def _slot_lines(
    decision: Decision, plan: Plan, family: FamilyPlan, number: int, slot: Slot
) -> Iterator[str]:
    weight = ""
    filled = not slot.lists and not slot.folds
    if decision.scales is not None and filled:
        found = decision.scales.weigh(family, number, slot)
        specific = f", {found.specific_words} specific" if found.specific_words else ""
        weight = f"  ({found.words} words{specific})"
    yield f"slot {slot.name}{weight}"
    snippet = family.choices[slot.name][number] if slot.snippet else None
    if slot.lists:
        count = len(plan.children(family, number, slot.lists))
        yield f"  list of {slot.lists}: {count} links"
    elif slot.folds:
        yield f"  folded {slot.folds}: {len(plan.folded(family, number, slot.folds))} sections"
    elif snippet is not None:
        yield f"  {snippet.path}:{snippet.body_line}  for {_selector(snippet)}"
    elif slot.partial:
        yield f"  {slot.partial} over {', '.join(slot.rows) or 'no rows'}"
    else:
        yield "  empty"
    if slot.snippet:
        yield from _losers(plan, family, number, slot, snippet)


def _losers(
    plan: Plan, family: FamilyPlan, number: int, slot: Slot, winner: Snippet | None
) -> Iterator[str]:
    """Yield the snippets that also fit this cell, and why they lost."""
    name = family.family.name
    cell = dict(zip(family.family.axes, family.cells[number], strict=True))
    for snippet in plan.project.snippets:
        fits = name in snippet.families and snippet.slot == slot.name and snippet is not winner
        if fits and all(cell[pin.axis] in pin.rows for pin in snippet.pins):
            yield f"  lost: {snippet.path}  for {_selector(snippet)}: {_why(winner, snippet, slot)}"


def _why(winner: Snippet | None, loser: Snippet, slot: Slot) -> str:
    if winner is None:
        return "nothing won"
    better, worse = (
        cascade.specificity(tuple((pin.axis, pin.rank) for pin in snippet.pins), slot.prefer)
        for snippet in (winner, loser)
    )
    if better[0] != worse[0]:
        return "less specific"
    return f"the slot prefers {', '.join(slot.prefer)} in this order"


def _selector(snippet: Snippet) -> str:
    if not snippet.pins:
        return "every cell"
    parts = []
    for pin in snippet.pins:
        slugs = sorted(row.slug for row in pin.rows)
        shown = slugs[0] if pin.rank == cascade.SINGLE else f"{len(slugs)} rows"
        parts.append(f"{pin.axis} {shown}")
    return ", ".join(parts)
