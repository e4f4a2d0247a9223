"""The state of a site in one file: what stands, what does not and why, and what to write next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pageloom.diagnostics import Diagnostic, ordered
from pageloom.lexicon import Lexicon
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.report import demand
from pageloom.report.data import FORMAT, Data
from pageloom.report.gather import Gatherer

DEFAULT = Path(".pageloom") / "report.html"


@dataclass(frozen=True, slots=True)
class Report:
    """A report, or the problems that stand in its way."""

    problems: Sequence[Diagnostic]
    data: Data | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report as the object that `--json` prints."""
        problems = [problem.as_json() for problem in self.problems]
        report = asdict(self.data) if self.data is not None else None
        return {"version": FORMAT, "problems": problems, "report": report}

    def html(self) -> str:
        """Return the report as one page that needs no other file."""
        from pageloom.report import html

        if self.data is None:
            raise ValueError("a project with errors has no report")
        return html.page(self.data)


def make(options: Options, *, potential: bool = False, review: bool = False) -> Report:
    """Decide on every cell and report on it; no page is made."""
    decision = decide(options)
    queries = demand.read(options.root, decision.problems.append)
    problems = ordered(decision.problems)
    plan, scales, composer = decision.plan, decision.scales, decision.composer
    if not decision.sound or plan is None or scales is None or composer is None:
        return Report(problems)
    lexicon = Lexicon(plan.project.words, lambda _: None)
    gatherer = Gatherer(
        plan=plan,
        scales=scales,
        measured=decision.measured,
        queries=queries,
        lexicon=lexicon,
        cited=composer.cited,
        potential=potential,
        review=review,
    )
    return Report(problems, gatherer.data())


def write(report: Report, path: Path) -> None:
    """Write the report's page. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(report.html(), encoding="utf-8")
    temporary.replace(path)
