"""Where each part of a page came from, what lost the cascade, and what a problem code means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import and_
from pathlib import Path
from typing import Any

from pageloom import advice, cascade, gate, standing
from pageloom.advice import Advice
from pageloom.compose import Piece, Provenance
from pageloom.counted import counted
from pageloom.diagnostics import CODES, Diagnostic, table_code
from pageloom.gate import Measured
from pageloom.model import Slot, Snippet
from pageloom.options import Options
from pageloom.pipeline import Decision, decide
from pageloom.plan import NOINDEX, VERDICTS, FamilyPlan, Plan

_PACKAGE = Path(__file__).parent
_PROBLEMS = (_PACKAGE / "defaults" / "problems.md", _PACKAGE.parent / "docs" / "problems.md")
"""Where the document is: in the package, or beside it in a clone."""


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
    text = next((path.read_text(encoding="utf-8") for path in _PROBLEMS if path.is_file()), "")
    section = re.search(rf"^## {known}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return f"{title}\n\n{section.group().strip()}" if section else title


_AROUND = re.compile(r"^\w+://[^/]*|[?#].*", re.DOTALL)
"""What stands around the path in an address out of a browser."""


def route(options: Options, address: str) -> Explanation:
    """Return where each part of the page at an address came from, also one out of a browser."""
    decision = decide(options)
    errors = tuple(problem for problem in decision.problems if problem.is_error)
    plan = decision.plan
    if plan is None:
        return Explanation(problems=errors)
    path = "/" + _AROUND.sub("", address).lstrip("/")
    wanted = path if path.endswith((".html", "/")) else f"{path}/"
    folder = f"{wanted.removesuffix('/index.html').rstrip('/')}/"
    for family in plan.families.values():
        for number, found in enumerate(plan.routes(family)):
            if found in {wanted, folder}:
                page = _Page(decision, plan, family, number)
                value = page.value()
                return Explanation(errors, tuple(value["lines"]), value)
    missing = (f"no cell has the address {wanted}",)
    return Explanation(errors, missing)


class _Page:
    """One page, explained."""

    def __init__(self, decision: Decision, plan: Plan, family: FamilyPlan, number: int) -> None:
        self._plan, self._family, self._number = plan, family, number
        self._cell = family.cells[number]
        self._measured = decision.measured.get(family.family.name)
        self._scales = decision.scales
        self._provenance: Provenance | None = None
        if decision.composer is not None and decision.scales is not None:
            self._provenance = Provenance(plan, decision.composer, decision.scales)

    def value(self) -> dict[str, Any]:
        """Return what is known as the object that `--json` prints."""
        family, number = self._family, self._number
        found: dict[str, Any] = {
            "route": self._plan.route(family.family, self._cell),
            "family": family.family.name,
            "verdict": VERDICTS[family.verdicts[number]],
            "href": self._plan.href(family, number),
            "ledger": entry._asdict() if (entry := family.entry(number)) else None,
            "slots": [self._slot_value(slot) for slot in family.family.slots],
        }
        if self._measured is not None:
            measure, limits = self._measured.of(number), family.family.gate
            alike = self._measured.likeness.get(number)
            found["measure"] = {
                "words": measure.words,
                "specific_share": round(measure.specific_share, 4),
                "specific_facts": measure.specific_facts,
                "likeness": round(alike.value, 4) if alike else None,
                "most_like": self._route_of(alike.other) if alike else None,
            }
            found["thresholds"] = {
                name: getattr(limits, name)
                for name in (
                    "min_words",
                    "min_specific_share",
                    "min_specific_facts",
                    "max_sibling_likeness",
                    "min_children",
                )
            }
            found["reasons"] = list(self._reasons())
            advice = self._advice()
            found["write"] = advice.as_json() if advice else None
        found["lines"] = list(self.lines())
        return found

    def _slot_value(self, slot: Slot) -> dict[str, Any]:
        words = self._words(slot)
        return {
            "slot": slot.name,
            "words": words[0],
            "specific_words": words[1],
            "pages": self._pages(slot),
            "parts": [
                {
                    "kind": piece.kind,
                    "name": piece.name,
                    "path": piece.location.path,
                    "line": piece.location.line,
                    "words": piece.words,
                    "specific_words": piece.specific_words,
                }
                for piece in self._pieces(slot)
            ],
        }

    def _route_of(self, number: int) -> str:
        return self._plan.route(self._family.family, self._family.cells[number])

    def _reasons(self) -> tuple[str, ...]:
        if self._number in self._family.waiting:
            return (standing.UNRELEASED,)
        if self._measured is None:
            return ()
        return gate.reasons(self._family.family, self._measured.of(self._number))

    def _advice(self) -> Advice | None:
        if self._measured is None or self._family.passes(self._number):
            return None
        return advice.first(self._family, self._measured, [self._number])

    def lines(self) -> Iterator[str]:
        """Yield what is known line by line."""
        family, number = self._family, self._number
        verdict = VERDICTS[family.verdicts[number]]
        yield f"{self._plan.route(family.family, self._cell)}  {family.family.name}: {verdict}"
        if verdict == "folded":
            yield f"  it is the section {self._plan.href(family, number)}"
        yield from self._verdict_lines()
        yield "rows"
        for name, row in self._plan.scope(family.family, self._cell).items():
            if name != "site":
                place = f"{row.slug}  {row.location}" if row else "no row"
                yield f"  {name}: {place}"
        yield f"template {family.family.template}"
        for slot in family.family.slots:
            yield from self._slot_lines(slot)

    def _verdict_lines(self) -> Iterator[str]:
        entry = self._family.entry(self._number)
        if entry is not None:
            yield f"  {entry.state}, published {entry.published}, modified {entry.modified}"
        if self._measured is not None:
            yield from self._number_lines(self._measured)
        for reason in self._reasons():
            yield f"  because: {reason}"
        found = self._advice()
        if found:
            yield f"  write next: {_advised(found)}"

    def _number_lines(self, measured: Measured) -> Iterator[str]:
        limits, measure = self._family.family.gate, measured.of(self._number)
        if limits.needs_words:
            yield f"  {counted(measure.words, 'word')}, {limits.min_words} wanted"
            yield (
                f"  specific share {measure.specific_share:.2f}, "
                f"{limits.min_specific_share:.2f} wanted"
            )
            facts = counted(measure.specific_facts, "specific fact")
            yield f"  {facts}, {limits.min_specific_facts} wanted"
        if limits.max_sibling_likeness < 1:
            yield f"  {self._likeness_line(measured, limits.max_sibling_likeness)}"
        lists = [slot.lists for slot in self._family.family.slots if slot.lists]
        if limits.min_children and lists:
            count = len(self._plan.children(self._family, self._number, lists[0]))
            pages = counted(count, f"published {lists[0]} page")
            yield f"  {pages} below it, {limits.min_children} wanted"

    def _likeness_line(self, measured: Measured, limit: float) -> str:
        alike = measured.likeness.get(self._number)
        if alike:
            other = " × ".join(row.slug for row in self._family.cells[alike.other])
            return f"likeness {alike.value:.2f} with {other}, at most {limit:.2f} allowed"
        if not measured.compared[self._number]:
            return "likeness not measured: the page lacks something of its own first"
        return f"likeness below {limit - gate.KNOWN_BELOW:.2f}, at most {limit:.2f} allowed"

    def _words(self, slot: Slot) -> tuple[int, int]:
        if self._scales is None or slot.lists or slot.folds:
            return 0, 0
        found = self._scales.weigh(self._family, self._number, slot)
        return found.words, found.specific_words

    def _pages(self, slot: Slot) -> int:
        """Return how many pages of the family carry what fills a slot here."""
        if self._scales is None or slot.lists or slot.folds:
            return 0
        family = self._family
        snippet = family.choices[slot.name][self._number] if slot.snippet else None
        if snippet is not None:
            carried = (found is snippet for found in family.choices[slot.name])
        else:
            kinds = self._scales.kept(family, slot).kinds
            carried = (kind == kinds[self._number] for kind in kinds)
        stand = (verdict >= NOINDEX for verdict in family.verdicts)
        return sum(map(and_, carried, stand))

    def _pieces(self, slot: Slot) -> tuple[Piece, ...]:
        if self._provenance is None or slot.lists or slot.folds:
            return ()
        return self._provenance.pieces(self._family, self._number, slot)

    def _total(self) -> int:
        """Return the words of the page, measured by the gate or not."""
        if self._measured is not None and self._measured.words:
            return self._measured.words[self._number]
        if self._scales is None:
            return 0
        total = self._scales.shell_words(self._family)
        for slot in self._family.family.slots:
            if words := self._words(slot)[0]:
                total += words + self._scales.kept(self._family, slot).heading
        return total

    def _slot_lines(self, slot: Slot) -> Iterator[str]:
        plan, family, number = self._plan, self._family, self._number
        if slot.lists:
            count = len(plan.children(family, number, slot.lists))
            yield f"slot {slot.name}"
            yield f"  list of {slot.lists}: {counted(count, 'link')}"
            return
        if slot.folds:
            count = len(plan.folded(family, number, slot.folds))
            yield f"slot {slot.name}"
            yield f"  folded {slot.folds}: {counted(count, 'section')}"
            return
        words, own = self._words(slot)
        share = words / (self._total() or 1)
        specific = f", {own} specific" if own else ""
        pages = self._pages(slot)
        carried = f"; on {counted(pages, 'page')}" if words else ""
        size = f"{counted(words, 'word')}, {share:.0%} of the page{specific}{carried}"
        yield f"slot {slot.name}  ({size})"
        snippet = family.choices[slot.name][number] if slot.snippet else None
        if snippet is not None:
            yield f"  {snippet.path}:{snippet.body_line}  for {_selector(snippet)}"
        elif slot.partial:
            yield f"  {slot.partial} over {', '.join(slot.rows) or 'no rows'}"
        else:
            yield "  empty"
        for piece in self._pieces(slot):
            yield f"    {_part(piece)}: {counted(piece.words, 'word')}"
        if slot.snippet:
            yield from _losers(plan, family, number, slot, snippet)


def _part(piece: Piece) -> str:
    if piece.kind == "snippet":
        return "its own words"
    return f"{piece.kind} {piece.name} ({piece.location.path}:{piece.location.line})"


def _advised(found: Advice) -> str:
    parts = [f"raise the specific share to {found.share:.2f}"]
    if found.releases:
        parts.append(f"release {counted(len(found.releases), 'page')}")
    if found.takes:
        parts.append(f"take {len(found.takes)} from the index")
    does = " and ".join(parts)
    size = f"{counted(found.words, 'word')} with {counted(found.facts, 'fact')}"
    text = f"{found.what}: about {size} would {does}"
    return f"{text}; still lacking: {'; '.join(found.lacks)}" if found.lacks else text


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
        shown = slugs[0] if pin.rank == cascade.SINGLE else counted(len(slugs), "row")
        parts.append(f"{pin.axis} {shown}")
    return ", ".join(parts)
