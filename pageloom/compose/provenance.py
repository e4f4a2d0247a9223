"""Where each word of a slot comes from: a snippet, a row's field, a fact, a link, the template.

Names are masked as the gate masks them, so the words of a slot's parts add up to its weight.
"""

from __future__ import annotations

import html as html_
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pageloom.compose.composer import Composer
from pageloom.compose.scales import Scales, plain
from pageloom.diagnostics import Location
from pageloom.expressions import lookup
from pageloom.model import Cite, FactCall, Fragment, Link, Path, Print, Row, Slot, Snippet
from pageloom.names import NAMES, without_tags, words
from pageloom.plan import FamilyPlan, Plan
from pageloom.views import OPEN, SHUT

_MARKS = re.compile(f"[{OPEN}{SHUT}]")
_LABEL = re.compile("\ue004(\\d+)\ue005")
SNIPPET, JOIN, FIELD, FACT, LINK, TEMPLATE = (
    "snippet", "join row", "row field", "fact", "link", "template",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what fills a slot, and where it was written."""

    kind: str
    name: str
    location: Location
    words: int
    specific_words: int
    row: Row | None = None


class Provenance:
    """Takes what fills a slot apart."""

    def __init__(self, plan: Plan, composer: Composer, scales: Scales) -> None:
        self._plan = plan
        self._composer = composer
        self._scales = scales

    def pieces(self, plan: FamilyPlan, number: int, slot: Slot) -> tuple[Piece, ...]:
        """Return the parts of what fills a slot of a cell, those with most words first."""
        scope = self._plan.scope(plan.family, plan.cells[number])
        snippet = plan.choices[slot.name][number] if slot.snippet else None
        if snippet is not None:
            fragment = self._plan.fragments[(snippet.path, 3 if slot.heading else 2)]
            total = self._scales.weigh(plan, number, slot).words
            found = list(self._of_snippet(snippet, fragment, scope, total))
        elif slot.partial:
            found = list(self._of_partial(plan, number, slot))
        else:
            return ()
        return tuple(sorted(_added(found), key=lambda piece: -piece.words))

    def _of_snippet(
        self, snippet: Snippet, fragment: Fragment, scope: Mapping[str, Any], total: int
    ) -> Iterator[Piece]:
        specific = len(snippet.singles) >= 2
        rest = total
        before = ""
        for segment in fragment.segments:
            for row, name, text in self._printed(segment, before, scope):
                count = len(words(text))
                rest -= count
                yield _piece(row, name, count, count if specific else 0)
            if isinstance(segment, Link) and not segment.bare:
                count = len(words(html_.unescape(plain(segment))))
                rest -= count
                own = count if specific else 0
                yield Piece(LINK, segment.family, segment.location, count, own)
            before = segment.decode() if isinstance(segment, bytes) else ""
        place = Location(snippet.path, snippet.body_line)
        yield Piece(SNIPPET, snippet.path, place, rest, rest if specific else 0)

    def _printed(
        self, segment: Any, before: str, scope: Mapping[str, Any]
    ) -> Iterator[tuple[Row, str, str]]:
        """Yield rows with what is printed of them: one word for a name, nothing for `cite`."""
        if isinstance(segment, Print):
            row = _row(segment.path, scope)
            value = str(lookup(segment.path, scope) or "")
            if row is not None:
                name = segment.path.fields[-1]
                yield row, name, "name" if name in NAMES else value
        elif isinstance(segment, Cite):
            value = self._value(segment.fact)
            shown = html_.unescape(without_tags(before)).rstrip()
            yield segment.fact or segment.source, "", value if shown.endswith(value) else ""
        elif isinstance(segment, FactCall):
            for made in self._composer.called(segment, scope):
                if isinstance(made, Cite):
                    value = self._value(made.fact) if segment.name != "cite" else ""
                    yield made.fact or made.source, "", value

    def _value(self, fact: Row | None) -> str:
        return self._composer.fact_value(fact) if fact is not None else ""

    def _of_partial(self, plan: FamilyPlan, number: int, slot: Slot) -> Iterator[Piece]:
        filled, fields = self._composer.traced(plan, slot, plan.cells[number])
        (rows,) = plan.cells.over(self._scales.axes(plan, slot.rows), (number,))
        text = html_.unescape(without_tags("".join(map(plain, filled.marked))))
        template = Location(self._composer.template_path(slot.partial))
        for place, part in enumerate(_MARKS.split(text)):
            label = _LABEL.match(part)
            count = len(self._scales.masked(words(_LABEL.sub("", part)), rows))
            if place % 2 and label:
                row, name, own = fields[int(label.group(1))]
                yield _piece(row, name, count, count if own else 0)
            else:
                yield Piece(TEMPLATE, slot.partial, template, count, 0)


def _row(path: Path, scope: Mapping[str, Any]) -> Row | None:
    """Return the row whose field a path prints."""
    value = lookup(Path(path.root, path.fields[:-1]), scope)
    root = scope.get(path.root)
    found = value if isinstance(value, Row) else root
    return found if isinstance(found, Row) else None


def _piece(row: Row, name: str, count: int, own: int) -> Piece:
    if not name:
        kind = FACT if row.kind == "fact" else "source"
        return Piece(kind, row.slug, row.location, count, own, row)
    kind = JOIN if row.about else FIELD
    return Piece(kind, f"{row.kind}.{name}", row.location, count, own, row)


def _added(pieces: Sequence[Piece]) -> Iterable[Piece]:
    """Return the pieces with those of one origin added up."""
    found: dict[tuple[str, str, Location], Piece] = {}
    for piece in pieces:
        key = (piece.kind, piece.name, piece.location)
        known = found.get(key)
        count = piece.words + (known.words if known else 0)
        own = piece.specific_words + (known.specific_words if known else 0)
        found[key] = Piece(*key, count, own, piece.row)
    return found.values()
