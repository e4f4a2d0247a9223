"""`new`: a row of an axis, table or join, or the skeleton of a snippet for a slot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pageloom import load
from pageloom.diagnostics import Diagnostic, closest_help, quoted
from pageloom.editing import heads, rows, skeleton


def unknown_name(name: str, tables: Iterable[str], slots: Iterable[str]) -> rows.UsageError:
    """Return what to say of a name that is neither rows nor a slot."""
    tables, slots = sorted(tables), sorted(slots)
    help_ = closest_help(name, (*tables, *slots))
    said = f"{quoted(name)} is no axis, table, join or slot"
    known = f"rows: {', '.join(tables)}; slots: {', '.join(slots)}"
    return rows.UsageError("\n".join(part for part in (said, help_, known) if part))


def new(root: Path, name: str, arguments: Sequence[str]) -> rows.Answer:
    """Add a row or the skeleton of a snippet. Raises `UsageError`."""
    problems: list[Diagnostic] = []
    map_, tables = load.read_tables(root, problems.append, preview=True)
    if map_ is None:
        return rows.Answer(problems=problems)
    given = rows.read_pairs(arguments)
    spec = tables.specs.get(name)
    if spec is not None:
        return rows.add(root, tables, spec, given)
    slots = heads.slots(map_)
    if name not in slots:
        raise unknown_name(name, tables.specs, slots)
    return skeleton.add(root, map_, tables, name, given)
