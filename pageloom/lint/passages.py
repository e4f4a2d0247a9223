"""The texts of a project that pages print, each with what it is about and where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

from pageloom import expressions
from pageloom.diagnostics import Start
from pageloom.model import Family, Project, Row, Snippet
from pageloom.plan import Plan
from pageloom.theme import Theme

Grades = Mapping[tuple[str, str], int]
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
    literal: bool = False
    """Whether braces in it are printed as they are."""
    cited: bool = False
    """Whether a source stands behind all of it."""
    facts: tuple[Row, ...] = ()
    """Facts that stand beside it on the page."""
    max_grade: int = 0
    """The highest reading grade that it may have; 0 for any."""


Said = tuple[str, bool]
"""A text, and whether braces in it are printed as they are."""


@dataclass(slots=True)
class Group:
    """Passages of one place in the files: a snippet, a row, the texts of a family.

    Not frozen: there is one for each row, and most are not looked into.
    """

    path: str
    said: bytes
    """Digest of what, besides the rules and the facts that they call, decides on what is found."""
    calls: Sequence[str]
    """The expressions in the texts, as they are written."""
    texts: Callable[[], Iterable[Said]]
    passages: Callable[[], tuple[Passage, ...]]
    """The same texts with all that is known of them, which takes longer to gather."""
    graded: bool = False
    """Whether any of them has a highest reading grade."""


def grades(project: Project) -> Grades:
    """Return the highest reading grades that slots ask for, by family and slot."""
    return {
        (family.name, slot.name): slot.max_grade
        for family in project.families.values()
        for slot in family.slots
        if slot.max_grade
    }


def of_snippet(snippet: Snippet, grades: Grades) -> Group:
    """Return the text of a snippet."""
    asked = [grades[key] for name in snippet.families if (key := (name, snippet.slot)) in grades]
    most = min(asked, default=0)
    about = [(pin.axis, pin.slugs) for pin in snippet.pins]
    return Group(
        snippet.path,
        digest((snippet.digest, about, most)),
        snippet.calls,
        lambda: ((snippet.body, False),),
        lambda: (_of_snippet(snippet, most),),
        graded=most > 0,
    )


def others(plan: Plan, printed: frozenset[str]) -> Iterator[Group]:
    """Yield every text of the project that a page may print and that is no snippet.

    `printed` are the names of fields that are printed.
    """
    project = plan.project
    fields = (sorted(printed), sorted((k, sorted(v)) for k, v in project.markdown.items()))
    shared = digest(fields)
    for kind, rows in project.tables.items():
        texts = sorted(project.markdown.get(kind, ()))
        for row in rows if kind != "source" else ():
            calling = [row.values[name] for name in texts if "{{" in str(row.values.get(name, ""))]
            yield Group(
                row.location.path,
                shared + row.digest,
                [call for text in calling for call in expressions.calls(str(text))],
                partial(_said, row, printed, project.starts),
                partial(_of_row, row, printed, project.starts),
            )
    texts_of_families = map(_of_family, project.families.values())
    for found in (*texts_of_families, _of_words(project), _of_offers(project)):
        if found:
            yield _group(found)


def _group(passages: tuple[Passage, ...]) -> Group:
    texts = [(passage.text, passage.literal) for passage in passages]
    said = [text for text, _ in texts]
    calls = [call for text in said for call in expressions.calls(text)]
    return Group(passages[0].path, digest(said), calls, lambda: texts, lambda: passages)


def digest(value: object) -> bytes:
    """Return the digest of plain values."""
    return blake2b(repr(value).encode("utf-8", "replace"), digest_size=16).digest()


def _of_words(project: Project) -> tuple[Passage, ...]:
    return tuple(
        Passage(project.words.path, text, literal=True)
        for key, value in project.words.entries.items()
        if key not in {"units", "months"}
        for text in (value.values() if isinstance(value, Mapping) else (str(value),))
    )


def _of_offers(project: Project) -> tuple[Passage, ...]:
    return tuple(
        Passage(project.settings.root_path, str(offer[key]), literal=True)
        for offer in project.settings.values.get("offers", {}).values()
        for key in ("label", "condition", "note")
        if offer.get(key)
    )


def _of_snippet(snippet: Snippet, max_grade: int) -> Passage:
    return Passage(
        snippet.path,
        snippet.body,
        start=Start(snippet.body_line),
        about={pin.axis: frozenset(pin.slugs) for pin in snippet.pins},
        waivers=snippet.waivers,
        max_grade=max_grade,
    )


def _of_family(family: Family) -> tuple[Passage, ...]:
    texts = (
        *family.titles,
        *family.descriptions,
        family.h1,
        family.link_text,
        family.crumb,
        family.line,
        family.fold_heading,
        *(text for slot in family.slots for text in (slot.heading, slot.text, slot.line)),
    )
    return tuple(
        Passage(text.location.path, text.source, text.location.line)
        for text in texts
        if text is not None
    )


def printed(plan: Plan, theme: Theme, templates: Iterable[str]) -> frozenset[str]:
    """Return the names of fields that a template or a text may print."""
    texts = [theme.text(name) for name in templates]
    for family in plan.project.families.values():
        texts += (passage.text for passage in _of_family(family))
    texts += {call for snippet in plan.project.snippets for call in snippet.calls}
    return frozenset(name for text in texts for name in _ATTRIBUTE.findall(text))


def _said(
    row: Row, printed: frozenset[str], starts: Mapping[tuple[Row, str], Start]
) -> Iterator[Said]:
    """Yield the texts that pages print of a row."""
    for name, value in row.values.items():
        if _is_printed(row, name, printed, starts):
            literal = (row, name) not in starts
            for text, _ in _strings(value, row.values):
                yield text, literal


def _of_row(
    row: Row, printed: frozenset[str], starts: Mapping[tuple[Row, str], Start]
) -> tuple[Passage, ...]:
    facts = tuple(_facts(row.values))
    return tuple(
        Passage(
            row.location.path,
            text,
            row.location.line,
            starts.get((row, name)),
            _about(row),
            literal=(row, name) not in starts,
            cited=row.kind == "fact" or _is_cited(holder),
            facts=facts,
        )
        for name, value in row.values.items()
        if _is_printed(row, name, printed, starts)
        for text, holder in _strings(value, row.values)
    )


def _is_printed(
    row: Row, name: str, printed: frozenset[str], starts: Mapping[tuple[Row, str], Start]
) -> bool:
    if row.kind == "fact":
        return name in _FACT
    return name in printed and (name not in _UNPRINTED or (row, name) in starts)


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


def _strings(value: Any, holder: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the texts in a value, each with the row, or the map in it, that holds it."""
    if isinstance(value, str):
        if _SPOKEN.search(value):
            yield value, holder
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
