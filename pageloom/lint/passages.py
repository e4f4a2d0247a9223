"""The texts of a project that pages print, each with what it is about and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Protocol

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


class Group(Protocol):
    """Passages of one place in the files: a snippet, a row, the texts of a family.

    There is one for each row, and most are not looked into.
    """

    @property
    def path(self) -> str:
        """The file."""

    @property
    def said(self) -> bytes:
        """Digest of what, besides the rules and the facts they call, decides on what is found."""

    @property
    def calls(self) -> Sequence[str]:
        """The expressions in the texts, as they are written."""

    @property
    def graded(self) -> bool:
        """Whether any of them has a highest reading grade."""

    def texts(self) -> Iterable[Said]:
        """Return the texts."""

    def passages(self) -> tuple[Passage, ...]:
        """Return the same texts with all that is known of them, which takes longer to gather."""


def grades(project: Project) -> Grades:
    """Return the highest reading grades that slots ask for, by family and slot."""
    return {
        (family.name, slot.name): slot.max_grade
        for family in project.families.values()
        for slot in family.slots
        if slot.max_grade
    }


@dataclass(slots=True)
class _OfSnippet:
    snippet: Snippet
    max_grade: int

    @property
    def path(self) -> str:
        return self.snippet.path

    @property
    def said(self) -> bytes:
        about = [(pin.axis, pin.slugs) for pin in self.snippet.pins]
        return digest((self.snippet.digest, about, self.max_grade))

    @property
    def calls(self) -> Sequence[str]:
        return self.snippet.calls

    @property
    def graded(self) -> bool:
        return self.max_grade > 0

    def texts(self) -> Iterable[Said]:
        return ((self.snippet.body, False),)

    def passages(self) -> tuple[Passage, ...]:
        snippet = self.snippet
        passage = Passage(
            snippet.path,
            snippet.body,
            start=Start(snippet.body_line),
            about={pin.axis: frozenset(pin.slugs) for pin in snippet.pins},
            waivers=snippet.waivers,
            max_grade=self.max_grade,
        )
        return (passage,)


@dataclass(frozen=True, slots=True)
class _Printing:
    """What of rows is printed."""

    fields: frozenset[str]
    """Names of fields that templates and texts may print."""
    markdown: Mapping[str, Sequence[str]]
    """Those that are Markdown, by kind of row, sorted."""
    starts: Mapping[tuple[Row, str], Start]
    """Where texts of these start in their files."""
    digest: bytes


@dataclass(slots=True)
class _OfRow:
    row: Row
    printing: _Printing

    @property
    def path(self) -> str:
        return self.row.location.path

    @property
    def said(self) -> bytes:
        return self.printing.digest + self.row.digest

    @property
    def calls(self) -> Sequence[str]:
        names = self.printing.markdown.get(self.row.kind, ())
        texts = [str(self.row.values.get(name, "")) for name in names]
        return [call for text in texts if "{{" in text for call in expressions.calls(text)]

    graded = False

    def texts(self) -> Iterable[Said]:
        starts = self.printing.starts
        for name, value in self.row.values.items():
            if self._is_printed(name):
                literal = (self.row, name) not in starts
                for text, _ in _strings(value, self.row.values):
                    yield text, literal

    def passages(self) -> tuple[Passage, ...]:
        row, starts = self.row, self.printing.starts
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
            if self._is_printed(name)
            for text, holder in _strings(value, row.values)
        )

    def _is_printed(self, name: str) -> bool:
        if self.row.kind == "fact":
            return name in _FACT
        is_marked = (self.row, name) in self.printing.starts
        return name in self.printing.fields and (name not in _UNPRINTED or is_marked)


@dataclass(slots=True)
class _OfTexts:
    """Texts that are gathered already."""

    found: tuple[Passage, ...]

    @property
    def path(self) -> str:
        return self.found[0].path

    @property
    def said(self) -> bytes:
        return digest([passage.text for passage in self.found])

    @property
    def calls(self) -> Sequence[str]:
        return [call for passage in self.found for call in expressions.calls(passage.text)]

    graded = False

    def texts(self) -> Iterable[Said]:
        return [(passage.text, passage.literal) for passage in self.found]

    def passages(self) -> tuple[Passage, ...]:
        return self.found


def of_snippet(snippet: Snippet, grades: Grades) -> Group:
    """Return the text of a snippet, of which the slots that it is for may ask for a grade."""
    names = [(name, snippet.slot) for name in snippet.families]
    return _OfSnippet(snippet, min([grades[key] for key in names if key in grades], default=0))


def others(plan: Plan, printed: frozenset[str]) -> Iterator[Group]:
    """Yield every text of the project that a page may print and that is no snippet.

    `printed` are the names of fields that are printed.
    """
    project = plan.project
    markdown = {kind: sorted(names) for kind, names in project.markdown.items()}
    shared = digest((sorted(printed), sorted(markdown.items())))
    printing = _Printing(printed, markdown, project.starts, shared)
    for kind, rows in project.tables.items():
        for row in rows if kind != "source" else ():
            yield _OfRow(row, printing)
    texts_of_families = map(_of_family, project.families.values())
    for found in (*texts_of_families, _of_words(project), _of_offers(project)):
        if found:
            yield _OfTexts(found)


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
