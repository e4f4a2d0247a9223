"""The program on one screen: decide without rendering, then write what is stale.

Phase A loads, expands, chooses snippets and sets verdicts; an error there stops before the first
write. Phase B composes, renders and publishes, page by page, what its key says is stale.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pageloom import (
    cascade,
    digests,
    expand,
    fragments,
    freshness,
    gains,
    gate,
    inputs,
    kept,
    lint,
    load,
    permanence,
    reach,
    redirects,
    released,
    share,
    source,
    spread,
    staging,
    trees,
    unchanged,
    writing,
)
from pageloom.compose import Composer, Scales
from pageloom.diagnostics import Diagnostic, ordered, unheard
from pageloom.gate import Measured
from pageloom.lexicon import Lexicon
from pageloom.manifest import State
from pageloom.markup import Converter
from pageloom.memory import NO_MEMORY, Memory, Shelf
from pageloom.model import Project
from pageloom.options import Options
from pageloom.outcome import Gain, Outcome
from pageloom.plan import VERDICTS, Plan
from pageloom.publish import Folder, PublishError
from pageloom.theme import Theme
from pageloom.unchanged import Seen

Report = Callable[[Diagnostic], None]


@dataclass(slots=True)
class Decision:
    """What phase A found: the plan with verdicts, and what pages are made with."""

    problems: list[Diagnostic] = field(default_factory=list)
    plan: Plan | None = None
    theme: Theme | None = None
    composer: Composer | None = None
    scales: Scales | None = None
    measured: Mapping[str, Measured] = field(default_factory=dict)
    waived: Mapping[str, int] = field(default_factory=dict)

    checks: list[Callable[[], None]] = field(default_factory=list)
    """What is left to be checked; pages can be surveyed meanwhile."""

    @property
    def sound(self) -> bool:
        """Whether pages can be made."""
        return self.plan is not None and not any(problem.is_error for problem in self.problems)

    def finish(self) -> None:
        """Check what is left."""
        while self.checks:
            self.checks.pop(0)()


def decide(options: Options, memory: Memory = NO_MEMORY) -> Decision:
    """Load the project and decide on every cell, without rendering a page.

    `memory` holds what earlier runs of this process made of inputs that have not changed.
    """
    try:
        decision = _decided(options, memory)
        decision.finish()
    except source.ChangedError as error:
        return Decision([error.diagnostic])
    memory.settle()
    return decision


def _decided(options: Options, memory: Memory = NO_MEMORY) -> Decision:
    """Return a decision, its last checks still to be made where pages may be surveyed."""
    decision = Decision()
    report = decision.problems.append
    project = _project(options, report, memory)
    if project is None:
        return decision
    converter = Converter(project, report, fragments.read_cache(options.root))
    lexicon = converter.lexicon
    base = memory.last(load.BASE)
    texts = memory.shelf("texts", lambda: base, lambda: _told_of(decision, lexicon))
    plan = expand.plan(project, report, texts)
    cascade.choose(plan, report)
    lexicon.check()
    folders = inputs.theme_folders(options.root, project.settings.theme)
    theme = Theme(folders, lexicon, report, memory)
    share.add_images(options.root, project, theme, report)
    theme.check(inputs.templates(project))
    plan.fragments = fragments.convert(plan, converter, options.jobs, texts)
    fragments.write_cache(options.root, converter)
    fragments.check_prints(plan, report, texts)
    freshness.check(plan, report)
    decision.plan, decision.theme = plan, theme
    known = kept.read(options.root, "lint")
    decision.checks.append(partial(_lint, decision, options, plan, theme, known, texts))
    if not known or not decision.sound:
        decision.finish()  # all texts are new, and are judged in processes of their own
    if not decision.sound:
        return decision
    decision.composer = Composer(plan, theme, converter, report)
    weights = memory.shelf("weights", lambda: (base, theme.made_of()), texts.told)
    apart = partial(spread.spread, jobs=options.jobs)
    decision.scales = Scales(plan, decision.composer, apart, decision.problems, weights)
    with writing.theme_failures(report):
        decision.measured = gate.decide(plan, decision.scales, report)
    staging.settle(plan)
    decision.checks.append(partial(redirects.check, plan, report))
    decision.checks.append(partial(_reach, decision, options, plan, theme))
    return decision


def _told_of(decision: Decision, lexicon: Lexicon) -> int:
    """Return how many problems were told; a missing word is told once and counted each time."""
    return len(decision.problems) + lexicon.absences


def _project(options: Options, report: Report, memory: Memory) -> Project | None:
    """Load the project with the trees that earlier builds parsed."""
    trees.memo.load(kept.read(options.root, "trees"), partial(spread.spread, jobs=options.jobs))
    before = memory.last(load.BASE)
    project = load.project(
        options.root, report, preview=options.preview, today=options.today, memory=memory
    )
    parsed, given = trees.memo.take()
    remembered = before is not None and memory.last(load.BASE) is before
    if kept.worth(parsed, given) and not remembered:  # else only what has changed was parsed
        kept.write(options.root, "trees", parsed)
    return project and _told(project, options)


def _told(project: Project, options: Options) -> Project:
    """Return the project with what the command line says of the whole site."""
    settings = project.settings
    if not options.hidden and not options.commit:
        return project
    digest = digests.digest((settings.digest, b"hidden")) if options.hidden else settings.digest
    told = replace(settings, hidden=options.hidden, commit=options.commit, digest=digest)
    return replace(project, settings=told)


def guard(decision: Decision, options: Options) -> None:
    """Stop a build that would lose released addresses, or take many pages out of the index."""
    plan, measured, report = decision.plan, decision.measured, decision.problems.append
    if plan is None or not decision.sound:
        return
    permanence.check(plan, measured, report)
    found = [(released.withdrawn(plan), released.in_index(plan.project.ledger))]
    if options.against is not None:
        try:
            before = released.earlier(options.root, options.against)
        except released.UnreadableError as error:
            report(error.diagnostic)
            return
        lost = released.lost(plan, before)
        for problem in permanence.unanswered(plan, measured, lost, {}):
            report(problem)
        found.append((released.left_out(plan, before.routes), len(before.routes)))
    for gone, total in found:
        stopped = released.taken(plan, measured, gone, total, options.accept_deindex)
        if stopped is not None:
            report(stopped)


def _lint(
    decision: Decision,
    options: Options,
    plan: Plan,
    theme: Theme,
    known: dict[bytes, Any],
    texts: Shelf,
) -> None:
    """Judge what the texts say; files that have errors are read again once they are sound."""
    faulty = {problem.location.path for problem in decision.problems if problem.is_error}
    linted = lint.lint(
        plan,
        theme,
        (name for name, _ in inputs.templates(plan.project)),
        decision.problems.append,
        lambda path: source.read_text(options.root, path, unheard) or "",
        known,
        faulty,
        partial(spread.spread, jobs=options.jobs),
        texts,
    )
    decision.waived = linted.waived
    if kept.worth(linted.kept, known):
        kept.write(options.root, "lint", linted.kept)


def _reach(decision: Decision, options: Options, plan: Plan, theme: Theme) -> None:
    """Find pages that a reader hardly finds."""
    partials = (theme.text(name) for name, _ in inputs.templates(plan.project))
    known = kept.read(options.root, "reach")
    found = reach.check(plan, partials, decision.problems.append, known)
    if found != known:
        kept.write(options.root, "reach", found)


def build(
    options: Options, progress: writing.Progress | None = None, seen: Seen | None = None
) -> Outcome:
    """Build the site; where its sources are unsound, write nothing.

    `seen`: the inputs, where they are being read already.
    """
    started = time.perf_counter()
    folder, seen = options.folder, seen or Seen(options)
    try:
        with seen.locked(folder):
            outcome = _locked_build(options, folder, progress, seen)
    except (PublishError, source.ChangedError) as error:
        outcome = Outcome(problems=(error.diagnostic,))
    return replace(outcome, seconds=time.perf_counter() - started)


def _locked_build(
    options: Options, folder: Folder, progress: writing.Progress | None, seen: Seen
) -> Outcome:
    look = options.verify or options.against
    last = None if look else unchanged.last_outcome(folder, seen)
    if last is not None:
        return last
    state = folder.read()
    decision = _decided(options)
    plan, theme, composer = decision.plan, decision.theme, decision.composer
    if not decision.sound or plan is None or theme is None or composer is None:
        return Outcome(problems=ordered(decision.problems))
    folder.claim(plan.project.settings.base_url, state)
    recipe = writing.Recipe(options.root, plan, folder, state)
    writer = writing.Writer(recipe, theme, composer, verify=options.verify)

    def is_sound() -> bool:
        decision.finish()
        guard(decision, options)
        seen.look_again()
        return decision.sound

    done = writer.run(options.jobs, options.executor, progress, is_sound)
    if done is None:
        return Outcome(problems=ordered(decision.problems))
    outcome = Outcome(
        problems=ordered((*decision.problems, *done.problems)),
        verdicts=verdict_counts(plan),
        waived=decision.waived,
        written=done.written,
        unchanged=done.unchanged,
        removed=done.removed,
        gain=_gain(options, decision, plan),
    )
    if not any(problem.is_error for problem in outcome.problems):
        if seen.stayed:
            folder.conclude(unchanged.summary(outcome, seen.digest.text))
        kept.write(options.root, "rows", {b"rows": gains.known(plan.project)})
    return outcome


def _gain(options: Options, decision: Decision, plan: Plan) -> Gain | None:
    before = kept.read(options.root, "rows").get(b"rows")
    return gains.gained(plan, decision.measured, before) if before else None


def check(options: Options) -> Outcome:
    """Do everything but write: every page is composed and rendered, nothing is published."""
    started = time.perf_counter()
    decision = decide(options)
    guard(decision, options)
    problems = list(decision.problems)
    plan, theme, composer = decision.plan, decision.theme, decision.composer
    if decision.sound and plan is not None and theme is not None and composer is not None:
        recipe = writing.Recipe(options.root, plan, options.folder, State())
        problems += writing.dry_run(recipe, theme, composer)
    return Outcome(
        problems=ordered(problems),
        verdicts=verdict_counts(plan) if plan else {},
        waived=decision.waived,
        seconds=time.perf_counter() - started,
    )


def verdict_counts(plan: Plan) -> dict[str, int]:
    """Return how many cells have each verdict."""
    columns = [family.verdicts for family in plan.families.values()]
    return {
        name: sum(column.count(value) for column in columns)
        for value, name in reversed(list(enumerate(VERDICTS)))
    }
