"""From what phase A decided to what a report says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pageloom import standing
from pageloom.compose import Scales
from pageloom.freshness import Cited
from pageloom.gate import Measured
from pageloom.lexicon import Lexicon
from pageloom.model import Cite
from pageloom.plan import VERDICTS, FamilyPlan, Plan
from pageloom.report import demand as demand_
from pageloom.report.advice import Advised, advise
from pageloom.report.data import (
    CellLine,
    Common,
    Data,
    DemandSummary,
    HeatMap,
    Next,
    Pair,
)
from pageloom.report.due import due
from pageloom.report.facts import Facts
from pageloom.report.figures import (
    counts,
    excluded,
    histograms,
    slot_words,
    source_of,
    unused,
    waived,
)
from pageloom.report.heat import heat_map, mapped
from pageloom.report.weighed import Weighed, weigh

MAX_PAIRS = 20
MAX_POTENTIAL = 100
MAX_CITED = 20_000
"""Cells whose citations are looked through without being asked."""


@dataclass(slots=True)
class Gatherer:
    """Makes a report of a plan."""

    plan: Plan
    scales: Scales
    measured: Mapping[str, Measured]
    queries: Sequence[demand_.Query]
    lexicon: Lexicon
    cited: Cited
    potential: bool = False
    review: bool = False
    _facts: dict[str, Facts] = field(default_factory=dict)

    def data(self) -> Data:
        """Return the report."""
        plan, settings = self.plan, self.plan.project.settings
        chosen = mapped(plan)
        weighed = self._weighed(chosen) if chosen is not None else None
        demand = demand_.demand(plan.project, chosen, self.queries) if chosen else None
        volumes = demand.volumes if demand else {}
        advised = self._advised(weighed, volumes) if weighed is not None else Advised()
        heat = heat_map(plan, chosen) if chosen is not None else None
        lines = tuple(self._lines(weighed, heat, volumes)) if weighed and heat else ()
        counted = self.review or sum(len(f.cells) for f in plan.families.values()) <= MAX_CITED
        cited = self.cited if counted else _uncited
        return Data(
            brand=settings.brand,
            as_of=settings.as_of,
            families=tuple(map(counts, plan.families.values())),
            heat=heat,
            cells=lines,
            histograms=tuple(histograms(weighed)) if weighed is not None else (),
            pairs=tuple(self._pairs(weighed)) if weighed is not None else (),
            writing=tuple(self._next(chosen, advised)) if chosen is not None else (),
            writing_note=_thoroughness(advised),
            slots=tuple(slot_words(weighed)) if weighed is not None else (),
            excluded=tuple(excluded(plan)),
            unused=tuple(unused(plan)),
            waived=tuple(waived(plan)),
            due=due(plan, cited, self.lexicon),
            due_counted=counted,
            demand=_summary(demand),
            potential=_ranked(lines) if self.potential else None,
            review=self.review,
        )

    def _weighed(self, chosen: FamilyPlan) -> Weighed:
        return weigh(chosen, self.scales, self.measured.get(chosen.family.name))

    def _facts_of(self, chosen: FamilyPlan) -> Facts:
        return Facts(chosen.family.axes, self.plan.project.facts.values())

    def _advised(self, weighed: Weighed, volumes: Mapping[int, float]) -> Advised:
        facts = self._facts_of(weighed.plan)
        return advise(weighed, facts, lambda number: 1.0 + volumes.get(number, 0.0))

    def _next(self, chosen: FamilyPlan, advised: Advised) -> Iterator[Next]:
        for advice in advised.items:
            yield Next(
                advice=advice,
                releases=tuple(self._route(chosen, number) for number in advice.releases),
                takes=tuple(self._route(chosen, number) for number in advice.takes),
            )

    def _route(self, chosen: FamilyPlan, number: int) -> str:
        return self.plan.route(chosen.family, chosen.cells[number])

    def _lines(
        self, weighed: Weighed, heat: HeatMap, volumes: Mapping[int, float]
    ) -> Iterator[CellLine]:
        chosen, measured = weighed.plan, weighed.measured
        facts = self._facts_of(chosen)
        shown = (heat.rows, heat.columns, heat.layers)
        places = [{row.slug: at for at, row in enumerate(rows)} for rows in shown]
        likeness = measured.likeness if measured is not None else {}
        for number, cell in enumerate(chosen.cells):
            measure = weighed.measure(number)
            at = [place[row.slug] for place, row in zip(places, cell, strict=False)]
            alike = likeness.get(number)
            holding = facts.of(chosen.family.axes, cell)
            yield CellLine(
                place=(at[0], at[1], at[2] if len(at) > 2 else 0),
                route=self._route(chosen, number),
                verdict=VERDICTS[chosen.verdicts[number]],
                words=measure.words,
                share=round(measure.specific_share, 4),
                facts=measure.specific_facts,
                likeness=round(alike.value, 4) if alike else None,
                because=standing.reasons(self.plan, chosen, number, self.measured),
                demand=round(volumes.get(number, 0.0), 2),
                narrow=len(holding.narrow),
                wide=len(holding.wide),
            )

    def _pairs(self, weighed: Weighed) -> Iterator[Pair]:
        if weighed.measured is None:
            return
        found = sorted(
            weighed.measured.likeness.items(), key=lambda item: (-item[1].value, item[0])
        )
        seen: set[frozenset[int]] = set()
        for number, alike in found:
            both = frozenset((number, alike.other))
            if len(seen) == MAX_PAIRS:
                return
            if both not in seen:
                seen.add(both)
                yield self._pair(weighed, min(both), max(both), alike.value)

    def _pair(self, weighed: Weighed, one: int, other: int, value: float) -> Pair:
        chosen = weighed.plan
        common = [
            Common(
                column.slot.name,
                words[one],
                source_of(chosen, column.slot, one),
            )
            for column, (identities, words) in zip(weighed.columns, weighed.parts, strict=False)
            if identities[one] is not None and identities[one] == identities[other] and words[one]
        ]
        return Pair(
            likeness=round(value, 4),
            one=self._route(chosen, one),
            other=self._route(chosen, other),
            verdicts=(VERDICTS[chosen.verdicts[one]], VERDICTS[chosen.verdicts[other]]),
            common=tuple(sorted(common, key=lambda item: (-item.words, item.slot))),
        )


def _uncited(plan: FamilyPlan, number: int) -> Iterator[Cite]:
    del plan, number
    return iter(())


def _thoroughness(advised: Advised) -> str:
    """Return in words how many snippets were tried."""
    if not advised.candidates:
        return "No single snippet of the assumed length would lift a cell over the gate."
    noun = "snippet" if advised.candidates == 1 else "snippets"
    tried = f"{advised.candidates:,} {noun} would lift a cell over the gate by its own words"
    if advised.complete:
        return f"{tried}; those not listed release no more than the last one listed."
    return f"{tried}; the {advised.trials:,} most promising were tried."


def _summary(demand: demand_.Demand | None) -> DemandSummary:
    if demand is None:
        return DemandSummary()
    lost = sorted(demand.unmatched, key=lambda query: (-query.volume, query.line))
    return DemandSummary(queries=demand.queries, volume=demand.volume, unmatched=tuple(lost))


def _ranked(lines: Sequence[CellLine]) -> tuple[CellLine, ...]:
    """Return the cells without a page that the facts could carry, the most facts first."""
    open_ = (line for line in lines if line.verdict != "published" and line.narrow + line.wide)
    ranked = sorted(open_, key=lambda line: (-line.narrow, -line.wide, -line.demand, line.route))
    return tuple(ranked[:MAX_POTENTIAL])
