"""What phase A takes: cells, cascade, gate. `python benchmarks/gate.py --preset 100000`.

The benchmark's project gets a gate with all thresholds, in three forms: all cells fall short by
themselves (`short`), all are compared and stand (`apart`), all are compared and are too alike
(`alike`). Loading, Markdown and claims are not part of the figures; `run.py` measures these.
Seconds of the clock, and of all processors together: texts are weighed in processes.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pageloom import cascade, expand, fragments, gate, inputs, load, spread
from pageloom.compose import Composer, Scales
from pageloom.diagnostics import Diagnostic
from pageloom.markup import Converter
from pageloom.model import Project
from pageloom.theme import Theme

from make import add_sizes, chosen_sizes, make

GATES = {
    "short": "{min_words: 300, min_specific_share: 0.4, max_sibling_likeness: 0.7}",
    "apart": "{min_words: 300, min_specific_share: 0.01, max_sibling_likeness: 0.97}",
    "alike": "{min_words: 300, max_sibling_likeness: 0.3}",
}
_OPEN = "gate: {otherwise: hold}"


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of each step, and what was decided."""

    expand: float
    cascade: float
    gate: float
    processors: float
    cells: int
    published: int
    compared: int
    weighed: int

    @property
    def total(self) -> float:
        """Seconds of phase A."""
        return self.expand + self.cascade + self.gate


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    add_sizes(parser)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    gc.disable()  # as the command line does
    counts = "| gate | cells | compared | published | weighed "
    print(f"{counts}| cells s | cascade s | gate s | all s | processors s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="pageloom-gate-") as folder:
        root = Path(folder) / "project"
        make("pageloom", chosen_sizes(arguments), root)
        matrix = root / "matrix" / "matrix.yaml"
        text = matrix.read_text(encoding="utf-8")
        for name, thresholds in GATES.items():
            gated = text.replace(_OPEN, f"gate: {{published: {thresholds}, otherwise: hold}}")
            matrix.write_text(gated, encoding="utf-8")
            _print(name, _rounds(root, arguments.rounds))
    return 0


def _rounds(root: Path, count: int) -> list[Round]:
    project = load.project(root, _refused)
    if project is None:
        raise SystemExit("the project cannot be loaded")
    converter = Converter(project, _refused)
    return [_round(root, project, converter) for _ in range(count)]


def _round(root: Path, project: Project, converter: Converter) -> Round:
    started, used = time.perf_counter(), _processors()
    plan = expand.plan(project, _refused)
    expanded = time.perf_counter()
    cascade.choose(plan, _refused)
    chosen = time.perf_counter()
    used = _processors() - used
    plan.fragments = fragments.convert(plan, converter, 0)
    theme = Theme(inputs.theme_folders(root, project.settings.theme), converter.lexicon, _refused)
    apart = partial(spread.spread, jobs=0)
    scales = Scales(plan, Composer(plan, theme, converter, _refused), apart)
    ready, before = time.perf_counter(), _processors()
    measured = gate.decide(plan, scales, _refused)
    decided = time.perf_counter()
    gated = measured["denial"]
    return Round(
        expanded - started,
        chosen - expanded,
        decided - ready,
        used + _processors() - before,
        len(plan.families["denial"].cells),
        sum(1 for _ in plan.families["denial"].published()),
        sum(gated.compared),
        scales.weighed,
    )


def _processors() -> float:
    """Return the processor seconds of this process and of those that it waited for."""
    return sum(os.times()[:4])


def _refused(problem: Diagnostic) -> None:
    if problem.is_error:
        raise SystemExit(problem.first_line())


def _print(name: str, rounds: list[Round]) -> None:
    last = rounds[-1]
    steps = [
        statistics.median([getattr(each, step) for each in rounds])
        for step in ("expand", "cascade", "gate", "total", "processors")
    ]
    figures = " | ".join(f"{seconds:.2f}" for seconds in steps)
    counts = f"{last.cells} | {last.compared} | {last.published} | {last.weighed}"
    print(f"| {name} | {counts} | {figures} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
