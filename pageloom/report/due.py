"""Facts, sources and snippets that are due to be read again, with the pages that show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pageloom import freshness
from pageloom.freshness import Cited, DueSource
from pageloom.lexicon import Lexicon
from pageloom.model import Row
from pageloom.plan import NOINDEX, FamilyPlan, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What was last read too long ago."""

    kind: str
    """`fact`, `source` or `snippet`."""
    id: str
    place: str
    checked: str
    value: str = ""
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DueGroup:
    """What is due by source; our own texts are without."""

    source: str
    title: str
    publisher: str
    url: str
    checked: str
    items: tuple[Due, ...]

    @property
    def pages(self) -> int:
        """How often what is due is shown."""
        return sum(item.pages for item in self.items)


def due(plan: Plan, cited: Cited, lexicon: Lexicon) -> tuple[DueGroup, ...]:
    """Return what is due by source, the oldest check first, our own texts last."""
    groups = [_group(found, lexicon) for found in freshness.due(plan, cited)]
    own = tuple(sorted(_snippets(plan), key=lambda item: (item.checked, item.id)))
    if own:
        groups.append(
            DueGroup(
                source="",
                title="our own texts",
                publisher="",
                url="",
                checked=own[0].checked,
                items=own,
            )
        )
    return tuple(groups)


def _group(found: DueSource, lexicon: Lexicon) -> DueGroup:
    values = found.source.values
    items = [
        Due(
            kind="fact",
            id=due_.fact.slug,
            place=_place(due_.fact),
            checked=due_.checked,
            value=lexicon.fact(due_.fact),
            pages=len(due_.pages),
        )
        for due_ in found.facts
    ]
    if values.get("due"):
        source = found.source
        pages = len(found.pages)
        items.append(
            Due(
                kind="source",
                id=source.slug,
                place=_place(source),
                checked=values["due"],
                pages=pages,
            )
        )
    return DueGroup(
        source=found.source.slug,
        title=str(values.get("title", found.source.slug)),
        publisher=str(values.get("publisher", "")),
        url=str(values.get("url", "")),
        checked=found.checked,
        items=tuple(sorted(items, key=lambda item: (item.checked, item.id))),
    )


def _place(row: Row) -> str:
    return f"{row.location.path}:{row.location.line}"


def _snippets(plan: Plan) -> Iterator[Due]:
    settings = plan.project.settings
    usual = freshness.intervals(settings.values)["other"]
    uses = _uses(plan)
    for snippet in plan.project.snippets:
        checked = snippet.front.get("reviewed", "")
        months = int(snippet.front.get("interval_months") or usual)
        if freshness.is_over(checked, months, settings.today):
            yield Due(
                kind="snippet",
                id=snippet.path,
                place=f"{snippet.path}:{snippet.location.line}",
                checked=checked,
                pages=uses.get(snippet.path, 0),
            )


def _uses(plan: Plan) -> dict[str, int]:
    """Return on how many pages each snippet stands."""
    pages: dict[str, int] = {}
    for family in plan.families.values():
        _count(family, pages)
    return pages


def _count(family: FamilyPlan, pages: dict[str, int]) -> None:
    for column in family.choices.values():
        for verdict, snippet in zip(family.verdicts, column, strict=True):
            if verdict >= NOINDEX and snippet is not None:
                pages[snippet.path] = pages.get(snippet.path, 0) + 1
