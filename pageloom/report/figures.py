"""Counts and distributions over a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pageloom.model import Slot
from pageloom.plan import VERDICTS, FamilyPlan, Plan
from pageloom.report.data import Excluded, FamilyCounts, Histogram, SlotWords, Waived
from pageloom.report.weighed import Weighed

BINS = 20


def counts(family: FamilyPlan) -> FamilyCounts:
    """Return how the cells of a family were judged."""
    found = {name: family.verdicts.count(value) for value, name in enumerate(VERDICTS)}
    return FamilyCounts(family.family.name, len(family.cells), dict(reversed(found.items())))


def histograms(weighed: Weighed) -> Iterator[Histogram]:
    """Yield the distributions of specific share and of likeness."""
    gate = weighed.plan.family.gate
    cells = range(len(weighed.plan.cells))
    shares = [weighed.measure(number).specific_share for number in cells]
    limit = gate.min_specific_share or None
    enough = sum(share >= (limit or 0) for share in shares)
    note = f"{enough:,} of {len(shares):,} cells have {limit:.2f} or more" if limit else ""
    yield Histogram("Specific share", binned(shares), limit, note)
    if weighed.measured is None or gate.max_sibling_likeness >= 1:
        return
    values = [alike.value for alike in weighed.measured.likeness.values()]
    compared = sum(weighed.measured.compared)
    above = sum(value > gate.max_sibling_likeness for value in values)
    note = (
        f"{above:,} of {compared:,} compared cells are above {gate.max_sibling_likeness:.2f}; "
        f"{compared - len(values):,} are below what is measured and not shown"
    )
    yield Histogram("Sibling likeness", binned(values), gate.max_sibling_likeness, note)


def binned(values: Iterable[float]) -> tuple[int, ...]:
    """Return how many values lie in each of the equal parts of 0 to 1."""
    bins = [0] * BINS
    for value in values:
        bins[min(BINS - 1, max(0, int(value * BINS + 1e-9)))] += 1
    return tuple(bins)


def slot_words(weighed: Weighed) -> Iterator[SlotWords]:
    """Yield what each slot brings."""
    cells = range(len(weighed.plan.cells))
    totals = [sum(column.of(n).words for n in cells) for column in weighed.columns]
    whole = sum(weighed.measure(number).words for number in cells)
    for column, words in zip(weighed.columns, totals, strict=True):
        weights = [column.of(number) for number in cells]
        filled = sum(1 for weight in weights if weight.words)
        specific = sum(weight.specific_words for weight in weights)
        yield SlotWords(
            slot=column.slot.name,
            filled=filled,
            fragments=len({weight.identity for weight in weights if weight.words}),
            words=round(words / filled, 1) if filled else 0.0,
            share=round(words / whole, 4) if whole else 0.0,
            specific=round(specific / words, 4) if words else 0.0,
        )
    headings = whole - sum(totals)
    if whole:
        size = len(cells)
        share = round(headings / whole, 4)
        yield SlotWords("(headings)", size, 1, round(headings / size, 1), share, 0.0)


def excluded(plan: Plan) -> Iterator[Excluded]:
    """Yield how many cells each condition leaves out."""
    for family in plan.families.values():
        for rule, number in family.excluded.items():
            place = family.family.where_location
            yield Excluded(family.family.name, rule, f"{place.path}:{place.line}", number)


def unused(plan: Plan) -> Iterator[str]:
    """Yield the files of snippets that fill no slot of any cell."""
    used = {
        snippet.path
        for family in plan.families.values()
        for column in family.choices.values()
        for snippet in column
        if snippet is not None
    }
    return (snippet.path for snippet in plan.project.snippets if snippet.path not in used)


def waived(plan: Plan) -> Iterator[Waived]:
    """Yield the rules that snippets waive."""
    for snippet in plan.project.snippets:
        for rule, reason in snippet.waivers:
            yield Waived(snippet.path, snippet.location.line, rule, reason)


def source_of(family: FamilyPlan, slot: Slot, number: int) -> str:
    """Return the file that fills a slot of a cell."""
    column = family.choices.get(slot.name)
    snippet = column[number] if column is not None else None
    return snippet.path if snippet is not None else slot.partial
