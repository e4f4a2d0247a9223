"""Small pieces that the writers share: copying a project's fixed files, writing texts and JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workload.content import Axis, PlanType, Workload, answer, help_paragraphs, next_steps

PROJECTS = Path(__file__).parent.parent / "projects"


def copy_project(engine: str, out: Path) -> None:
    """Copy the fixed files of an engine's project."""
    shutil.copytree(PROJECTS / engine, out, dirs_exist_ok=True)


def write(path: Path, text: str) -> None:
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON."""
    write(path, json.dumps(value, ensure_ascii=False, indent=0))


def write_data(work: Workload, folder: Path) -> None:
    """Write the rows as JSON, as Hugo and Eleventy read them: slugs in order, and rows by slug."""
    for name, rows in (
        ("payers", work.payers),
        ("procedures", work.procedures),
        ("reasons", work.reasons),
    ):
        _table(folder / f"{name}.json", {row.slug: _axis(row) for row in rows})
    _table(folder / "plans.json", {plan.slug: _plan(plan) for plan in work.plans})
    _table(
        folder / "pairs.json",
        {
            f"{pair.payer}/{pair.procedure}": {
                "payer": pair.payer,
                "procedure": pair.procedure,
                "line": pair.line,
                "note": pair.note,
                "proofs": pair.proofs,
            }
            for pair in work.pairs()
        },
    )
    exact = {"/".join(slugs): True for *slugs, _ in work.exact()}
    write_json(folder / "exact.json", exact)
    write_json(folder / "help.json", help_paragraphs())


def _table(path: Path, rows: Mapping[str, Any]) -> None:
    write_json(path, {"order": list(rows), "rows": dict(rows)})


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
        "rights": [
            {
                "statement": right.statement,
                "title": right.title,
                "publisher": right.publisher,
                "citation": right.citation,
                "as_of": right.as_of_words,
            }
            for right in plan.rights
        ],
    }


def paragraphs(texts: Iterable[str]) -> str:
    """Return texts as HTML paragraphs; they hold no character that needs an escape."""
    return "".join(f"<p>{text}</p>\n" for text in texts)


def write_words(work: Workload, content: Path) -> None:
    """Write the Markdown files; headings stand one level deeper, as pages put them."""
    for reason in work.reasons:
        write(content / f"answer/{reason.slug}.md", _deeper(answer(reason.slug)))
        write(content / f"next/{reason.slug}.md", _deeper(next_steps(reason.slug)))
    for procedure, name, text in work.angles():
        write(content / f"angles/{procedure}/{name}.md", _deeper(text))
    for payer, procedure, name, text in work.exact():
        write(content / f"exact/{payer}/{procedure}/{name}.md", _deeper(text))


def _deeper(text: str) -> str:
    return text.replace("## ", "### ")
