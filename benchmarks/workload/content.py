"""What the site says, independent of any generator.

Texts name the insurer and the procedure as `@payer@` and `@procedure@`; each writer puts in what
its generator reads. Markdown headings start at `##`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from workload.words import Prose, count, payer_names, procedure_names

PRESETS = {
    1_000: (5, 25, 8),
    10_000: (25, 50, 8),
    100_000: (100, 125, 8),
    1_000_000: (250, 500, 8),
}
ANGLE_WORDS = (350, 400)
EXACT_WORDS = (60, 120)
EXACT_SHARE = 20
"""One cell in twenty has words of its own."""
BRAND = "Appeal Atlas"
BASE_URL = "https://appeals.example"
_REASONS = (
    ("coding-error", "coding error", "because of a coding error"),
    ("medical-necessity", "medical necessity", "as not medically necessary"),
    ("not-covered", "not covered", "as not covered"),
    ("out-of-network", "out of network", "as out of network"),
    ("prior-authorization", "prior authorization", "for lack of prior authorization"),
    ("quantity-limit", "quantity limit", "for exceeding a quantity limit"),
    ("site-of-service", "site of service", "for the site of service"),
    ("step-therapy", "step therapy", "for skipping step therapy"),
)
_PLANS = ("employer", "individual", "medicaid", "medicare")


@dataclass(frozen=True, slots=True)
class Axis:
    """A row of an axis."""

    slug: str
    name: str
    short: str
    line: str
    extra: dict[str, object]


@dataclass(frozen=True, slots=True)
class Pair:
    """What is known about one insurer and one procedure."""

    payer: str
    procedure: str
    line: str
    note: str
    proofs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """A sourced statement of a kind of plan."""

    id: str
    statement: str
    citation: str
    title: str
    publisher: str
    as_of: str
    as_of_words: str


@dataclass(frozen=True, slots=True)
class PlanType:
    """A kind of plan with the rights that its members have."""

    slug: str
    name: str
    how_to_tell: str
    ladder: tuple[str, ...]
    traps: tuple[str, ...]
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """Rows and texts for a number of insurers, procedures and reasons."""

    sizes: tuple[int, int, int]
    payers: tuple[Axis, ...]
    procedures: tuple[Axis, ...]
    reasons: tuple[Axis, ...]
    plans: tuple[PlanType, ...]

    def pairs(self) -> Iterator[Pair]:
        """Yield every pair in slug order."""
        for payer, procedure in product(self.payers, self.procedures):
            prose = Prose(f"pair {payer.slug} {procedure.slug}")
            yield Pair(
                payer.slug,
                procedure.slug,
                f"{payer.short} wants {prose.phrase()} for {procedure.short}",
                prose.paragraph(60),
                tuple(prose.sentence() for _ in range(4)),
            )

    def angles(self) -> Iterator[tuple[str, str, str]]:
        """Yield (procedure, reason, Markdown) for every procedure and reason."""
        for procedure, reason in product(self.procedures, self.reasons):
            yield procedure.slug, reason.slug, angle(procedure.slug, reason.slug)

    def exact(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield (payer, procedure, reason, Markdown) for the cells with words of their own."""
        cells = len(self.payers) * len(self.procedures) * len(self.reasons)
        chosen = random.Random("exact").sample(range(cells), cells // EXACT_SHARE)
        for number in sorted(chosen):
            rest, reason = divmod(number, len(self.reasons))
            payer, procedure = divmod(rest, len(self.procedures))
            slugs = (
                self.payers[payer].slug,
                self.procedures[procedure].slug,
                self.reasons[reason].slug,
            )
            yield (*slugs, exact(*slugs))


def help_paragraphs() -> tuple[str, ...]:
    """Return the paragraphs on free help, the same on every page."""
    prose = Prose("help")
    return tuple(prose.paragraph(70) for _ in range(3))


def answer(reason: str) -> str:
    """Return the first paragraph of a page about a reason."""
    return f"@payer@ said no to @procedure@. {Prose(f'answer {reason}').paragraph(45)}\n"


def next_steps(reason: str) -> str:
    """Return what happens next, as Markdown."""
    prose = Prose(f"next {reason}")
    steps = "\n".join(f"{number}. {prose.paragraph(24)}" for number in range(1, 7))
    return (
        f"{prose.paragraph(40)}\n\n## The steps in order\n\n{steps}\n\n"
        f"## If the answer is no again\n\n{prose.paragraph(70)}\n"
    )


def workload(sizes: tuple[int, int, int]) -> Workload:
    """Return the workload of `sizes`: insurers, procedures, reasons."""
    payers, procedures, reasons = sizes
    return Workload(
        sizes,
        _sorted(_payer(name, number) for number, name in enumerate(payer_names(payers))),
        _sorted(_procedure(short, name) for short, name in procedure_names(procedures)),
        tuple(_reason(*row) for row in _REASONS[:reasons]),
        tuple(_plan(slug) for slug in _PLANS),
    )


def _sorted(rows: Iterator[Axis]) -> tuple[Axis, ...]:
    return tuple(sorted(rows, key=lambda row: row.slug))


def _payer(word: str, number: int) -> Axis:
    prose = Prose(f"payer {word}")
    line = f"Members of {word} start with {prose.phrase()}"
    extra: dict[str, object] = {"plan": _PLANS[number % len(_PLANS)]}
    return Axis(word.lower(), f"{word} Health Plan", word, line, extra)


def _procedure(short: str, name: str) -> Axis:
    prose = Prose(f"procedure {short}")
    criteria = [{"text": prose.sentence(), "proof": prose.phrase()} for _ in range(5)]
    line = f"The {short} is judged by {prose.phrase()}"
    return Axis(short.lower().replace(" ", "-"), name, short, line, {"criteria": criteria})


def _reason(slug: str, short: str, phrase: str) -> Axis:
    line = f"The letter speaks of {Prose(f'reason {slug}').phrase()}"
    return Axis(slug, short.capitalize(), short, line, {"phrase": phrase})


def _plan(slug: str) -> PlanType:
    prose = Prose(f"plan {slug}")
    return PlanType(
        slug,
        f"{slug.capitalize()} plan",
        prose.paragraph(60),
        tuple(prose.paragraph(24) for _ in range(5)),
        tuple(prose.paragraph(20) for _ in range(4)),
        tuple(_right(slug, number, prose) for number in range(1, 6)),
    )


def _right(plan: str, number: int, prose: Prose) -> Right:
    return Right(
        f"{plan}-right-{number}",
        prose.paragraph(24),
        f"Part {number}00, section {number}",
        f"Rule {number} for the {plan} plan",
        "Office of Plan Rules",
        f"2026-0{number}-15",
        f"{('January', 'February', 'March', 'April', 'May')[number - 1]} 15, 2026",
    )


def angle(procedure: str, reason: str) -> str:
    """Return the words for a procedure and a reason: headings, steps, a table, the names."""
    prose = Prose(f"angle {procedure} {reason}")
    steps = "\n".join(f"{number}. {prose.paragraph(20)}" for number in range(1, 5))
    rows = "\n".join(
        f"| {prose.phrase().capitalize()} | {prose.phrase().capitalize()} |" for _ in range(4)
    )
    text = (
        f"## Why @payer@ said no\n\n{prose.paragraph(60)}\n\n"
        f"## How to answer @payer@\n\n{steps}\n\n"
        f"## What to send\n\n| Document | What it shows |\n|---|---|\n{rows}\n\n"
        f"When @payer@ writes back, note the date. "
    )
    return text + prose.paragraph(max(20, 352 - count(text))) + "\n"


def exact(payer: str, procedure: str, reason: str) -> str:
    """Return the words for one cell."""
    prose = Prose(f"exact {payer} {procedure} {reason}")
    return (
        f"## What @payer@ does here\n\n{prose.paragraph(45)}\n\n"
        f"For this denial, {prose.phrase()} counts most. {prose.paragraph(20)}\n"
    )
