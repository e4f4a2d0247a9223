"""What the browser shows beside a page: where its parts are written, what became of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pageloom import gate, source
from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, Location
from pageloom.model import Slot
from pageloom.plan import FOLDED, HELD, NOINDEX, VERDICTS, FamilyPlan
from pageloom.serve.site import Place, Site

SHOWN = 300


def problem(root: Path, found: Diagnostic) -> dict[str, Any]:
    """Return a problem with the line of the file that it points at."""
    location = found.location
    text = ""
    if source.is_inside(root, location.path) and source.is_file(root, location.path):
        raw = (root / location.path).read_bytes().decode("utf-8-sig", "replace")
        lines = raw.replace("\r\n", "\n").split("\n")
        text = lines[location.line - 1] if location.line <= len(lines) else ""
    return {**found.as_json(), "text": text[:200]}


def page(site: Site, address: str, *, preview: bool) -> dict[str, Any] | None:
    """Return what is known of the page at an address, None where no cell has it."""
    place = site.place(address)
    if place is None:
        return None
    family, number = place.family, place.number
    return {
        **_cell(site, family, number),
        "rows": list(_rows(site, place)),
        "texts": _at(family.family.location, f"family {family.family.name}"),
        "template": _at(Location(_template(site, family.family.template)), family.family.template),
        "sections": list(_sections(site, place)),
        "cells": list(_cells(site, place)) if preview else [],
    }


def _at(location: Location, said: str) -> dict[str, Any]:
    return {
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "said": said,
    }


def _template(site: Site, name: str) -> str:
    found = site.theme.source(name)
    return found.path if found else name


def _cell(site: Site, family: FamilyPlan, number: int) -> dict[str, Any]:
    """Return address, verdict, numbers and reasons of a cell."""
    verdict = family.verdicts[number]
    found: dict[str, Any] = {
        "route": site.plan.route(family.family, family.cells[number]),
        "family": family.family.name,
        "name": " × ".join(row.slug for row in family.cells[number]) or family.family.name,
        "verdict": VERDICTS[verdict],
        "href": site.plan.href(family, number),
        "numbers": {},
        "reasons": [],
    }
    measured = site.decision.measured.get(family.family.name)
    if measured is not None:
        measure = measured.of(number)
        found["numbers"] = {
            "words": measure.words,
            "specific share": f"{measure.specific_share:.2f}",
            "specific facts": measure.specific_facts,
        }
        if measure.likeness_known:
            found["numbers"]["likeness"] = f"{measure.likeness:.2f}"
        found["reasons"] = list(gate.reasons(family.family, measure)) if verdict < NOINDEX else []
    return found


def _rows(site: Site, place: Place) -> Iterator[dict[str, Any]]:
    family = place.family.family
    scope: Mapping[str, Any] = site.plan.scope(family, place.family.cells[place.number])
    for name, row in scope.items():
        if name != "site" and row is not None:
            yield _at(row.location, f"{name} {row.slug}")


def _sections(site: Site, place: Place) -> Iterator[dict[str, Any]]:
    for slot in place.family.family.slots:
        yield {
            "id": slot.name,
            "heading": slot.heading.source if slot.heading else "",
            **_filled(site, place, slot),
        }


def _filled(site: Site, place: Place, slot: Slot) -> dict[str, Any]:
    """Return which file and line fills a slot."""
    family, number = place.family, place.number
    snippet = family.choices[slot.name][number] if slot.snippet else None
    if slot.lists:
        count = len(site.plan.children(family, number, slot.lists))
        return _at(slot.location, f"list of {slot.lists}: {counted(count, 'link')}")
    if slot.folds:
        count = len(site.plan.folded(family, number, slot.folds))
        return _at(slot.location, f"folded {slot.folds}: {counted(count, 'section')}")
    if snippet is not None:
        return _at(Location(snippet.path, snippet.body_line), "snippet")
    if slot.partial:
        scope = site.plan.scope(family.family, family.cells[number])
        rows = {name: scope.get(name) for name in slot.rows}
        return {
            **_at(Location(_template(site, slot.partial)), "data slot"),
            "over": [
                _at(row.location, f"{name} {row.slug}") if row else {"said": name}
                for name, row in rows.items()
            ],
        }
    return _at(slot.location, "empty")


def _cells(site: Site, place: Place) -> Iterator[dict[str, Any]]:
    """Yield the folded and held cells below a page."""
    mine = place.family.family
    count = 0
    for family in site.plan.families.values():
        if family.family.parent != mine.name:
            continue
        group = site.plan.group(family.family.name, mine.axes)
        for number in group.get(place.family.cells[place.number], ()):
            if family.verdicts[number] in {FOLDED, HELD} and count < SHOWN:
                count += 1
                yield _cell(site, family, number)
