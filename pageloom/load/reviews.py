"""`matrix/reviews.yaml`, and which facts and sources are due by the date that the build judges by.

A review says that a fact was found unchanged on a day. It renews the check and leaves `as_of`,
which tells when the value was last changed or checked with a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pageloom import freshness, source
from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted
from pageloom.load.rows import Tables
from pageloom.load.schemas import built_in
from pageloom.schema import Ref, Validator
from pageloom.settings import Settings

Report = Callable[[Diagnostic], None]
REVIEWS = "matrix/reviews.yaml"


Awaited = dict[str, tuple[str, int]]


def mark_due(root: Path, tables: Tables, settings: Settings, report: Report) -> Awaited:
    """Give facts and sources whose check is over the field `due`: the date of that check.

    Return by kind the next day on which checks are over, and how many.
    """
    awaited: Awaited = {}
    reviews = _read(root, tables, report)
    months = freshness.intervals(settings.values)
    types = {raw.row.slug: str(raw.values.get("type", "")) for raw in tables.raw["source"]}
    dates = {raw.row.slug: str(raw.values.get("as_of", "")) for raw in tables.raw["source"]}
    for raw in tables.raw["source"]:
        interval = months.get(types[raw.row.slug], months["other"])
        if freshness.is_over(dates[raw.row.slug], interval, settings.today):
            raw.mark("due", dates[raw.row.slug])
        else:
            freshness.await_(awaited, "source", freshness.over_on(dates[raw.row.slug], interval))
    for raw in tables.raw["fact"]:
        named = raw.values.get("source")
        slug = named.slug if isinstance(named, Ref) else ""
        checked = str(raw.values.get("as_of") or dates.get(slug, ""))
        checked = max(checked, reviews.get(raw.row.slug, ""))
        interval = months.get(types.get(slug, ""), months["other"])
        interval = raw.values.get("interval_months", interval)
        if freshness.is_over(checked, interval, settings.today):
            raw.mark("due", checked)
        else:
            freshness.await_(awaited, "fact", freshness.over_on(checked, interval))
    return awaited


def _read(root: Path, tables: Tables, report: Report) -> Mapping[str, str]:
    """Return the day of each fact's last review."""
    if not source.is_file(root, REVIEWS):
        return {}
    node = source.read_yaml(root, REVIEWS, report)
    if node is None or node.kind == "null":
        return {}
    schema = {"type": "array", "items": built_in("review")}
    problems: list[Diagnostic] = []
    rows = Validator(schema).convert(node, REVIEWS, problems.append, "the file")
    for problem in problems:
        report(problem)
    if problems or not isinstance(rows, tuple):
        return {}
    found: dict[str, str] = {}
    known = tables.index["fact"]
    for row, entry in zip(rows, node.items, strict=True):
        name = entry.get("fact") or entry
        if row["fact"] in known:
            found[row["fact"]] = max(row["date"], found.get(row["fact"], ""))
        elif "fact" not in tables.unread:
            report(
                Diagnostic(
                    code="M103",
                    location=Location(REVIEWS, name.line, name.column),
                    message=f"unknown fact {quoted(row['fact'])}",
                    expected="the id of a fact",
                    help=closest_help(row["fact"], known),
                )
            )
    return found
