"""The texts of a project that pages print, each with what it is about and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pageloom.diagnostics import Start
from pageloom.model import Family, Row, Snippet, Text
from pageloom.plan import Plan
from pageloom.theme import Theme

About = Mapping[str, frozenset[str]]
"""By kind, the slugs of the rows that a text is about."""
_UNPRINTED = frozenset(("name", "name_in_sentence", "short", "aliases", "slug", "id", "note"))
_FACT = ("statement", "value")
_SPOKEN = re.compile(r"\w\s+\S*\w")
_ATTRIBUTE = re.compile(r"\.\s*([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that pages print."""

    path: str
    text: str
    line: int = 1
    """A line of the file at or before the text."""
    start: Start | None = None
    """Where the text starts, when that is known."""
    about: About = field(default_factory=dict)
    waivers: tuple[tuple[str, str], ...] = ()
    cited: bool = False
    """Whether a source stands behind all of it."""
    facts: tuple[Row, ...] = ()
    """Facts that stand beside it on the page."""


def passages(plan: Plan, theme: Theme, templates: Iterator[str]) -> Iterator[Passage]:
    """Yield every text of the project that a page may print."""
    project = plan.project
    for snippet in project.snippets:
        yield _of_snippet(snippet)
    printed = _printed(plan, theme, templates)
    for kind, rows in project.tables.items():
        if kind != "source":
            for row in rows:
                yield from _of_row(row, printed, project.starts)
    for family in project.families.values():
        yield from _of_family(family)
    words = project.words
    for key, value in words.entries.items():
        if key not in {"units", "months"}:
            yield from (Passage(words.path, text) for text in _texts(value))
    offers = project.settings.values.get("offers", {})
    for offer in offers.values():
        for key in ("label", "condition", "note"):
            if offer.get(key):
                yield Passage(project.settings.root_path, str(offer[key]))


def _of_snippet(snippet: Snippet) -> Passage:
    return Passage(
        snippet.path,
        snippet.body,
        start=Start(snippet.body_line),
        about={pin.axis: frozenset(row.slug for row in pin.rows) for pin in snippet.pins},
        waivers=snippet.waivers,
    )


def _of_family(family: Family) -> Iterator[Passage]:
    texts: tuple[Text | None, ...] = (
        *family.titles,
        *family.descriptions,
        family.h1,
        family.link_text,
        family.line,
        family.fold_heading,
        *(slot.heading for slot in family.slots),
    )
    for text in texts:
        if text is not None:
            yield Passage(text.location.path, text.source, text.location.line)


def _printed(plan: Plan, theme: Theme, templates: Iterator[str]) -> frozenset[str]:
    """Return the names of fields that a template or a text may print."""
    found: set[str] = set()
    for name in templates:
        found.update(_ATTRIBUTE.findall(theme.text(name)))
    for family in plan.project.families.values():
        for passage in _of_family(family):
            found.update(_ATTRIBUTE.findall(passage.text))
    for snippet in plan.project.snippets:
        found.update(_ATTRIBUTE.findall(snippet.body))
    return frozenset(found)


def _of_row(
    row: Row, printed: frozenset[str], starts: Mapping[tuple[Row, str], Start]
) -> Iterator[Passage]:
    about = _about(row)
    facts = tuple(_facts(row.values))
    for name, value in row.values.items():
        if row.kind == "fact":
            wanted = name in _FACT
        else:
            wanted = name in printed and (name not in _UNPRINTED or (row, name) in starts)
        for text, cited in _strings(value, row.values) if wanted else ():
            yield Passage(
                row.location.path,
                text,
                row.location.line,
                starts.get((row, name)),
                about,
                cited=cited or row.kind == "fact",
                facts=facts,
            )


def _about(row: Row) -> About:
    """Return what a row is about: itself, the rows of its join, those that a fact names."""
    about = {row.kind: frozenset((row.slug,))}
    about.update((other.kind, frozenset((other.slug,))) for other in row.about)
    return {**about, **about_fact(row)} if row.kind == "fact" else about


def about_fact(fact: Row) -> About:
    """Return the rows that a fact says it is about."""
    named = fact.values.get("about")
    found: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
    return {
        kind: frozenset(value if isinstance(value, tuple) else (value,))
        for kind, value in found.items()
    }


def _strings(value: Any, holder: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the texts in a value with whether a source stands beside them."""
    if isinstance(value, str):
        if _SPOKEN.search(value):
            yield value, _is_cited(holder)
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item, holder)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item, value)


def _is_cited(holder: Mapping[str, Any]) -> bool:
    """Whether the row, or the map in it, that holds a text names the source of its words."""
    named = any(isinstance(value, Row) and value.kind == "source" for value in holder.values())
    return named or bool(holder.get("citation"))


def _facts(values: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the facts that a row names."""
    for value in values.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Row) and item.kind == "fact":
                yield item


def _texts(value: Any) -> Iterator[str]:
    yield from (str(form) for form in value.values()) if isinstance(value, Mapping) else (
        str(value),
    )


