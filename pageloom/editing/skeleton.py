"""The skeleton of a snippet, with what its author needs to know of its cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pageloom.diagnostics import Diagnostic, closest_help, quoted
from pageloom.editing import trial
from pageloom.editing.heads import slots
from pageloom.editing.rows import Answer, UsageError
from pageloom.editing.yaml_rows import flow_list, scalar
from pageloom.load.csv_table import SEPARATOR
from pageloom.load.rows import Tables
from pageloom.load.site_map import Map
from pageloom.model import Row
from pageloom.options import Options
from pageloom.pipeline import Decision, decide
from pageloom.plan import FamilyPlan, Plan

_SHOWN = 30
Selector = Mapping[str, tuple[str, ...]]


def add(
    root: Path, map_: Map, tables: Tables, slot: str, given: Mapping[str, Sequence[str]]
) -> Answer:
    """Write a skeleton for a slot and some cells; a file that exists is never written over."""
    families = _families(slot, slots(map_)[slot], given)
    selector = _selector(tables, families, given)
    decision = decide(Options(root=root, preview=True))
    plan = decision.plan
    if plan is None:
        return Answer(problems=list(decision.problems))
    taken = _twin(plan, slot, families, selector)
    if taken:
        return Answer(problems=[taken])
    path = f"{_folder(plan, slot, selector)}/{_file_name(slot, selector)}.md"
    if (root / path).exists():
        raise UsageError(f"{quoted(path)} exists and is left alone")
    named = "" if set(families) == set(slots(map_)[slot]) else families
    text = _text(slot, named, selector, plan.project.settings.as_of)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    with (root / path).open("x", encoding="utf-8", newline="") as file:
        file.write(text)
    lines = [f"added {path}", *(f"  {line}" for line in text.splitlines())]
    lines.append("fill next: write below the second `---`, then take `draft: true` out")
    lines += _cells(decision, plan, families, selector, slot)
    return Answer(lines=lines, written=(path,))


def _families(
    slot: str, known: Mapping[str, tuple[str, ...]], given: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return the families that the snippet is for: those that are named, or that have its axes."""
    named = [name for item in given.get("family", ()) for name in item.split(SEPARATOR)]
    for name in named:
        if name not in known:
            help_ = closest_help(name, known) or f"families with this slot: {', '.join(known)}"
            raise UsageError(f"family {quoted(name)} has no slot {quoted(slot)}\n{help_}")
    axes = {key.partition(".")[0] for key in given if key != "family"}
    fitting = tuple(name for name in named or known if axes <= set(known[name]))
    if not fitting:
        said = "; ".join(f"{name}: {', '.join(found)}" for name, found in known.items())
        raise UsageError(f"no family with slot {quoted(slot)} has these axes\nknown: {said}")
    return fitting


def _selector(
    tables: Tables, families: Sequence[str], given: Mapping[str, Sequence[str]]
) -> Selector:
    del families
    found: dict[str, tuple[str, ...]] = {}
    for key, items in given.items():
        if key == "family":
            continue
        slugs = tuple(part.strip() for item in items for part in item.split(SEPARATOR))
        index = tables.index[key.partition(".")[0]]
        for slug in slugs if "." not in key else ():
            if slug not in index:
                help_ = closest_help(slug, index)
                raise UsageError(f"unknown {key} {quoted(slug)}" + (f"\n{help_}" if help_ else ""))
        found[key] = slugs
    return found


def _text(slot: str, families: Sequence[str], selector: Selector, date: str) -> str:
    pins = ", ".join(
        f"{key}: {scalar(slugs[0], flow=True) if len(slugs) == 1 else flow_list(slugs)}"
        for key, slugs in selector.items()
    )
    lines = ["---", f"slot: {slot}"]
    if families:
        lines.append(f"family: {families[0] if len(families) == 1 else flow_list(families)}")
    lines += [f"for: {{{pins}}}", f"reviewed: {date}", "draft: true", "---", ""]
    return "\n".join(lines)


def _file_name(slot: str, selector: Selector) -> str:
    slugs = [slugs[0] if len(slugs) == 1 else f"{slugs[0]}-etc" for slugs in selector.values()]
    return "-".join((slot, *slugs))


def _folder(plan: Plan, slot: str, selector: Selector) -> str:
    """Return the folder in which most snippets for this slot lie, those for its rows first."""
    wanted = {slug for slugs in selector.values() for slug in slugs}
    votes: Counter[str] = Counter()
    for snippet in plan.project.snippets:
        if snippet.slot == slot:
            pinned = {row.slug for pin in snippet.pins for row in pin.rows if pin.rank == 3}
            votes[snippet.path.rpartition("/")[0]] += 1 + 1000 * len(pinned & wanted)
    return max(votes, key=lambda folder: (votes[folder], folder), default="content")


def _twin(plan: Plan, slot: str, families: Sequence[str], selector: Selector) -> Diagnostic | None:
    """Return the problem that another snippet is for the very same cells."""
    if any("." in key for key in selector):
        return None
    for snippet in plan.project.snippets:
        pins = {pin.axis: {row.slug for row in pin.rows} for pin in snippet.pins}
        same = pins == {axis: set(slugs) for axis, slugs in selector.items()}
        if snippet.slot == slot and same and set(families) & set(snippet.families):
            return Diagnostic(
                code="C213",
                location=snippet.location,
                message=f"a snippet for {quoted(slot)} of these cells exists",
                expected="one snippet for the same cells",
                help="go on with that one",
            )
    return None


def _cells(
    decision: Decision, plan: Plan, families: Sequence[str], selector: Selector, slot: str
) -> Iterator[str]:
    yield "cells it is for, as they are now"
    chosen: list[tuple[Row, ...]] = []
    for name in families:
        family = plan.families[name]
        numbers = [number for number in range(len(family.cells)) if _fits(family, number, selector)]
        chosen += (family.cells[number] for number in numbers)
        if numbers:
            yield from trial.cells(decision, plan, family, numbers).lines()
            yield from _filled(family, numbers, slot)
    if not chosen:
        yield "  none: no cell has these rows"
    yield from _facts(plan, chosen, selector)


def _fits(family: FamilyPlan, number: int, selector: Selector) -> bool:
    rows = dict(zip(family.family.axes, family.cells[number], strict=True))
    for key, wanted in selector.items():
        axis, _, field = key.partition(".")
        if not field:
            held: Any = rows[axis].slug
        else:
            held = rows[axis].values.get(field)
        values = held if isinstance(held, tuple) else (held,)
        if not {str(getattr(item, "slug", item)) for item in values} & set(wanted):
            return False
    return True


def _filled(family: FamilyPlan, numbers: Sequence[int], slot: str) -> Iterator[str]:
    column = family.choices.get(slot, [])
    winners = Counter(snippet.path for number in numbers if (snippet := column[number]) is not None)
    for path, count in winners.most_common(trial.SHOWN):
        yield f"    {count} filled by {path} so far"


def _facts(plan: Plan, cells: Sequence[tuple[Row, ...]], selector: Selector) -> Iterator[str]:
    """Yield the facts about the rows that the snippet pins, and about what these refer to."""
    pinned = {(axis.partition(".")[0], slug) for axis, slugs in selector.items() for slug in slugs}
    rows = [row for cell in cells for row in cell if (row.kind, row.slug) in pinned]
    named = {fact for row in dict.fromkeys(rows) for fact in _named(row)}
    found = [
        fact
        for fact in plan.project.facts.values()
        if fact.values.get("confidence") != "low" and (fact in named or _is_about(fact, pinned))
    ]
    if found:
        yield f"facts that exist for them: {len(found)}"
    for fact in found[:_SHOWN]:
        value = str(fact.values.get("statement") or fact.values.get("value", ""))
        yield f'  {{{{ fact("{fact.slug}") }}}}  {value}'.rstrip()
    if len(found) > _SHOWN:
        yield f"  … and {len(found) - _SHOWN} more"


def _is_about(fact: Row, pinned: set[tuple[str, str]]) -> bool:
    about = fact.values.get("about") or {}
    said = {
        (axis, slug)
        for axis, slugs in about.items()
        for slug in (slugs if isinstance(slugs, tuple) else (slugs,))
    }
    return bool(said & pinned)


def _named(row: Row) -> Iterator[Row]:
    """Yield the facts that a row refers to."""
    for value in row.values.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Row) and item.kind == "fact":
                yield item
