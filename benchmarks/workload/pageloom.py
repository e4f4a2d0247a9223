"""The workload as a Pageloom project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workload.content import Axis, Pair, PlanType, Workload, answer, help_paragraphs, next_steps
from workload.files import copy_project, paragraphs, write

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_AXIS = {"slug": _TEXT, "name": _TEXT, "short": _TEXT, "line": _TEXT}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "payer": {**_AXIS, "plan": {"type": "string", "x-ref": "plan"}},
    "procedure": {
        **_AXIS,
        "criteria": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": _TEXT, "proof": _TEXT},
                "additionalProperties": False,
            },
        },
    },
    "reason": {**_AXIS, "phrase": _TEXT},
    "plan": {
        "slug": _TEXT,
        "name": _TEXT,
        "how_to_tell": _TEXT,
        "ladder": _TEXTS,
        "traps": _TEXTS,
        "rights": {"type": "array", "items": {"type": "string", "x-ref": "fact"}},
    },
    "pair": {"line": _TEXT, "note": _TEXT, "proofs": _TEXTS},
}


def write_project(work: Workload, out: Path) -> None:
    """Write the whole project below `out`."""
    copy_project("pageloom", out)
    _write_rows(work, out / "matrix")
    _write_snippets(work, out / "content")
    write(out / "themes/bench/slots/help.html", paragraphs(help_paragraphs()))


def _write_rows(work: Workload, matrix: Path) -> None:
    for name, properties in _SCHEMAS.items():
        schema = {"type": "object", "additionalProperties": False, "properties": properties}
        write(matrix / f"schemas/{name}.schema.json", json.dumps(schema, indent=1))
    write(matrix / "payers.yaml", rows_text(_axis(row) for row in work.payers))
    write(matrix / "procedures.yaml", rows_text(_axis(row) for row in work.procedures))
    write(matrix / "reasons.yaml", rows_text(_axis(row) for row in work.reasons))
    write(matrix / "plan_types.yaml", rows_text(_plan(plan) for plan in work.plans))
    write(matrix / "facts.yaml", rows_text(_facts(work.plans)))
    write(matrix / "sources.yaml", rows_text(_sources(work.plans)))
    write(matrix / "pairs.yaml", rows_text(pair_row(pair) for pair in work.pairs()))


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return the row of a pair."""
    return {
        "payer": pair.payer,
        "procedure": pair.procedure,
        "line": pair.line,
        "note": pair.note,
        "proofs": pair.proofs,
    }


def rows_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as a YAML list in block style."""
    return "".join(row_text(row) for row in rows)


def row_text(row: Mapping[str, Any]) -> str:
    """Return one row of a YAML list."""
    lines = [f"{key}: {_value(value)}" for key, value in row.items()]
    return "- " + "\n  ".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "".join(f"\n    - {_value(item)}" for item in value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def _axis(row: Axis) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "short": row.short,
        "line": row.line,
        **row.extra,
    }


def _plan(plan: PlanType) -> dict[str, Any]:
    return {
        "slug": plan.slug,
        "name": plan.name,
        "how_to_tell": plan.how_to_tell,
        "ladder": plan.ladder,
        "traps": plan.traps,
        "rights": [right.id for right in plan.rights],
    }


def _facts(plans: Iterable[PlanType]) -> Iterable[dict[str, Any]]:
    for plan in plans:
        for right in plan.rights:
            yield {
                "id": right.id,
                "statement": right.statement,
                "source": f"{right.id}-source",
                "citation": right.citation,
                "confidence": "high",
                "as_of": right.as_of,
            }


def _sources(plans: Iterable[PlanType]) -> Iterable[dict[str, Any]]:
    for plan in plans:
        for right in plan.rights:
            yield {
                "slug": f"{right.id}-source",
                "title": right.title,
                "publisher": right.publisher,
                "as_of": right.as_of,
            }


def _write_snippets(work: Workload, content: Path) -> None:
    for reason in work.reasons:
        pins = {"reason": reason.slug}
        for slot, text in (("answer", answer(reason.slug)), ("next", next_steps(reason.slug))):
            write(content / f"sections/{slot}-{reason.slug}.md", snippet(slot, pins, text))
    for procedure, name, text in work.angles():
        pins = {"procedure": procedure, "reason": name}
        write(content / f"angles/{procedure}/{name}.md", snippet("angle", pins, text))
    for payer, procedure, name, text in work.exact():
        pins = {"payer": payer, "procedure": procedure, "reason": name}
        write(content / f"exact/{payer}/{procedure}/{name}.md", snippet("angle", pins, text))


def snippet(slot: str, pins: Mapping[str, str], text: str) -> str:
    """Return a snippet file."""
    chosen = ", ".join(f"{axis}: {slug}" for axis, slug in pins.items())
    said = text.replace("@payer@", "{{ payer.name }}")
    said = said.replace("@procedure@", "{{ procedure.name }}")
    return f"---\nslot: {slot}\nfor: {{{chosen}}}\n---\n{said}"
