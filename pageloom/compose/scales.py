"""Words, specific words and facts of what fills a slot, with the names of rows masked."""

from __future__ import annotations

import html as html_
import re
from collections.abc import Hashable, Iterable, Mapping
from hashlib import blake2b
from typing import Any

from pageloom.compose.composer import Composer
from pageloom.expressions import lookup, text_of
from pageloom.markup import TOKEN
from pageloom.model import (
    Cite,
    FactCall,
    Filled,
    Fragment,
    Print,
    Row,
    Segment,
    Slot,
    Snippet,
    Weight,
)
from pageloom.plan import FamilyPlan, Plan
from pageloom.theme import OPEN, SHUT

_TAG = re.compile(rb"<[^>]*>")
_WORD = re.compile(r"\w[\w'’.-]*")
NAMES = ("name", "name_in_sentence", "short")
_MARKED = re.compile(f"{OPEN}(.*?){SHUT}", re.DOTALL)
_MASK = "\ue010"


class Scales:
    """Weighs slots; what many cells share is weighed once."""

    def __init__(
        self, plan: Plan, composer: Composer, partials: dict[tuple[Any, ...], Weight] | None = None
    ) -> None:
        """Take as `partials` weights of data slots over the same rows, words and theme."""
        self._plan = plan
        self._composer = composer
        self._fragments: dict[int, tuple[int, tuple[Print, ...], frozenset[str], bool]] = {}
        self._snippets: dict[tuple[int, tuple[Hashable, ...]], Weight] = {}
        self._partials = {} if partials is None else partials
        self._scope: tuple[Any, Mapping[str, Any]] = (None, {})
        self._masks: dict[Row, re.Pattern[str] | None] = {}
        self._headings: dict[str, int] = {}

    def weigh(self, plan: FamilyPlan, number: int, slot: Slot) -> Weight:
        """Return the weight of a slot of a cell."""
        snippet = plan.choices[slot.name][number] if slot.snippet else None
        if snippet is not None:
            return self._snippet(plan, number, slot, snippet)
        if slot.partial:
            return self._partial(plan, number, slot)
        return _NOTHING

    def shell_words(self, plan: FamilyPlan, number: int) -> int:
        """Return the words of the headings and of the main heading; a name is one word."""
        del number
        name = plan.family.name
        if name not in self._headings:
            texts = [plan.family.h1, *(slot.heading for slot in plan.family.slots if slot.heading)]
            count = 0
            for text in texts:
                for part in text.parts:
                    count += len(_WORD.findall(part)) if isinstance(part, str) else 1
            self._headings[name] = count
        return self._headings[name]

    def _scope_of(self, plan: FamilyPlan, number: int) -> Mapping[str, Any]:
        cell = plan.cells[number]
        if self._scope[0] is not cell:
            self._scope = (cell, self._plan.scope(plan.family, cell))
        return self._scope[1]

    def _snippet(self, plan: FamilyPlan, number: int, slot: Slot, snippet: Snippet) -> Weight:
        level = 3 if slot.heading else 2
        fragment = self._plan.fragments[(snippet.path, level)]
        words, prints, facts, calls = self._counted(fragment)
        if not prints and not calls:
            key: tuple[int, tuple[Hashable, ...]] = (id(fragment), ())
            found = self._snippets.get(key)
            if found is None:
                found = self._snippets[key] = _weight(snippet, fragment, words, facts, ())
            return found
        scope = self._scope_of(plan, number)
        values = tuple(text_of(lookup(item.path, scope) or "") for item in prints)
        if calls:
            facts = facts | _cited(self._composer.filled(plan, number, slot, scope).segments)
        key = (id(fragment), (*values, *sorted(facts)))
        found = self._snippets.get(key)
        if found is None:
            total = words + sum(len(_WORD.findall(value)) for value in values)
            found = self._snippets[key] = _weight(snippet, fragment, total, facts, values)
        return found

    def _counted(self, fragment: Fragment) -> tuple[int, tuple[Print, ...], frozenset[str], bool]:
        """Return words without values, places that print no name, facts, and if facts vary."""
        found = self._fragments.get(id(fragment))
        if found is None:
            words = 0
            prints: list[Print] = []
            for segment in fragment.segments:
                if isinstance(segment, bytes):
                    words += len(_WORD.findall(_text(segment)))
                elif isinstance(segment, Print) and segment.path.fields[-1] in NAMES:
                    words += 1
                elif isinstance(segment, Print):
                    prints.append(segment)
            varies = any(isinstance(segment, FactCall) for segment in fragment.segments)
            found = (words, tuple(prints), _cited(fragment.segments), varies)
            self._fragments[id(fragment)] = found
        return found

    def _partial(self, plan: FamilyPlan, number: int, slot: Slot) -> Weight:
        scope = self._scope_of(plan, number)
        key = (slot.partial, plan.family.name, *(scope.get(name) for name in slot.rows))
        found = self._partials.get(key)
        if found is None:
            filled = self._composer.filled(plan, number, slot, scope)
            found = self._partials[key] = self._weighed(filled, scope)
        return found

    def _weighed(self, filled: Filled, scope: Mapping[str, Any]) -> Weight:
        text = html_.unescape(re.sub(r"<[^>]*>", " ", TOKEN.sub(" ", filled.marked)))
        for row in scope.values():
            if isinstance(row, Row):
                pattern = self._mask(row)
                if pattern is not None:
                    text = pattern.sub(_MASK, text)
        own = sum(_words(part) for part in _MARKED.findall(text))
        identity = blake2b(text.encode(), digest_size=8).digest()
        return Weight(identity, _words(text), own, filled.facts) if text.strip() else _NOTHING

    def _mask(self, row: Row) -> re.Pattern[str] | None:
        if row not in self._masks:
            self._masks[row] = mask(row)
        return self._masks[row]


def mask(row: Row) -> re.Pattern[str] | None:
    """Return a pattern for the names of a row, with aliases and possessives, longest first."""
    names = {str(row.values[name]) for name in NAMES if row.values.get(name)}
    aliases = row.values.get("aliases", ())
    names.update(str(alias) for alias in aliases if isinstance(alias, str))
    if not names:
        return None
    found = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{found})(?:['’]s|['’])?(?!\w)", re.IGNORECASE)


def _weight(
    snippet: Snippet,
    fragment: Fragment,
    words: int,
    facts: frozenset[str],
    values: tuple[str, ...],
) -> Weight:
    specific = len(snippet.singles) >= 2
    return Weight(
        (fragment.digest, values),
        words,
        words if specific else 0,
        facts if specific else frozenset(),
    )


def _cited(segments: Iterable[Segment]) -> frozenset[str]:
    return frozenset(
        segment.fact.slug if segment.fact else segment.source.slug
        for segment in segments
        if isinstance(segment, Cite)
    )


def _text(html: bytes) -> str:
    return html_.unescape(_TAG.sub(b" ", html).decode())


def _words(text: str) -> int:
    return len(_WORD.findall(text)) + text.count(_MASK)


_NOTHING = Weight(None, 0)
