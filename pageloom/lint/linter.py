"""Judges the texts of a project and tells what it found at their lines.

What is found in a text depends on the text, the rules and the names alone, so it is kept between
builds by their digest.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

from pageloom import expressions, grade, prose
from pageloom.diagnostics import WARNING, Diagnostic, Location, quoted
from pageloom.digests import NONE
from pageloom.known import Known
from pageloom.lexicon import Lexicon
from pageloom.lint import passages
from pageloom.lint.language import Acronyms, Check, Finding, Slips
from pageloom.lint.numbers import Numbers
from pageloom.lint.passages import About, Group, Passage, about_fact
from pageloom.lint.places import Places, Read
from pageloom.lint.promotions import promotions
from pageloom.memory import NO_SHELF, Shelf
from pageloom.model import Call, Claim, Claims, Path, Row, Snippet
from pageloom.plan import Plan
from pageloom.prose import StandIn, Whole
from pageloom.spread import dealt
from pageloom.theme import Theme

Report = Callable[[Diagnostic], None]
Kept = dict[bytes, list[tuple[Any, ...]]]
Spread = Callable[[Callable[[int, int], Kept]], Iterable[Kept]]
SPREAD_FROM = 1000
"""New texts from which it pays to judge in processes."""
_TOGETHER = 16
"""Groups that are looked at in one piece first."""
BUILT_IN = (
    "unsourced-number",
    "bare-number",
    "leftover",
    "doubled-word",
    "capitals",
    "article",
    "reading-grade",
)


@dataclass(slots=True)
class Linted:
    """What was silenced, and what is kept for the next build."""

    waived: dict[str, int] = field(default_factory=dict)
    """How often each rule was waived."""
    kept: Kept = field(default_factory=dict)


def lint(
    plan: Plan,
    theme: Theme,
    templates: Iterable[str],
    report: Report,
    read: Read,
    kept: Kept,
    faulty: Container[str] = (),
    spread: Spread = lambda _: (),
    shelf: Shelf = NO_SHELF,
) -> Linted:
    """Judge every text and report what is found.

    `read` gives the text of a file, `kept` is what the last build kept, and `faulty` are files that
    have other errors: their texts wait until these are gone. Where many texts are new, `spread`
    has them judged in other processes. The texts themselves stand on the `shelf`.
    """
    linter = _Linter(plan)
    places = Places(read)
    linted = Linted()
    waives = linter.waives
    every = linter.texts(passages.printed(plan, theme, templates), shelf)
    texts = [pair for pair in every if pair[1].path not in faulty]
    new = [pair for pair in texts if pair[0] not in kept]
    found: Kept = {}
    if len(new) >= SPREAD_FROM:
        for part_found in spread(lambda part, parts: linter.judged(dealt(new, part, parts))):
            found.update(part_found)
    found.update(linter.judged([pair for pair in new if pair[0] not in found]))
    for key, group in texts:
        known = linted.kept[key] = kept[key] if key in kept else found[key]
        for passage, findings in linter.findings(group, known) if known or waives(group) else ():
            for problem in _problems(passage, findings, places, linted, linter.rules):
                report(problem)
    for problem in promotions(plan, places):
        report(problem)
    return linted


def _problems(
    passage: Passage,
    findings: Iterable[Finding],
    places: Places,
    linted: Linted,
    rules: Container[str],
) -> Iterator[Diagnostic]:
    """Yield what is found in a passage, but for what it waives, and waivers without use."""
    waivers = dict(passage.waivers)
    for finding in findings:
        if finding.rule in dict(passage.waivers):
            waivers.pop(finding.rule, None)
            linted.waived[finding.rule] = linted.waived.get(finding.rule, 0) + 1
            continue
        location = places.of(passage, finding.offset)
        if location is not None:
            yield _diagnostic(finding, location)
    for rule in waivers:
        yield _idle(passage, rule, known=rule in rules)


def _diagnostic(finding: Finding, location: Location) -> Diagnostic:
    return Diagnostic(
        code=finding.code,
        severity=finding.severity,
        location=location,
        message=finding.message[:100],
        expected=finding.expected,
        help=finding.help,
        notes=tuple(finding.notes),
    )


def _idle(passage: Passage, rule: str, *, known: bool) -> Diagnostic:
    what = "silences nothing" if known else "names no rule"
    return Diagnostic(
        code="L809",
        severity=WARNING,
        location=Location(passage.path),
        message=f"the waiver of {quoted(rule)} {what}",
        expected="waivers that are needed",
        help="delete it",
    )


class _Looked(NamedTuple):
    """What may be found in the sentences of a text."""

    slips: Sequence[Check]
    numbers: bool
    rules: Sequence[Claim]


class _Linter:
    """Finds what is wrong in passages; one a run."""

    def __init__(self, plan: Plan) -> None:
        project = plan.project
        self._plan = plan
        self._project = project
        self._lexicon = Lexicon(project.words, lambda _: None)
        self._claims = project.claims or Claims((), {})
        self._lang = project.settings.lang
        named = (row for axis in project.axes.values() for row in axis)
        acronyms = Acronyms(named)
        self._slips = Slips(acronyms, self._lang)
        self._numbers = Numbers(project.words, self._claims.numbers) if project.claims else None
        self._scoped = any(rule.scope for rule in self._claims.rules)
        self._local = {rule.id for rule in self._claims.rules if _is_local(rule.pattern.pattern)}
        self.rules = {*BUILT_IN, *(rule.id for rule in self._claims.rules)}
        self._called_facts = Known(self._fact_of)
        self._digest = passages.digest(
            (self._claims.digest, project.words.digest, self._lang, acronyms.words)
        )
        self._waiving = {item.path for item in project.snippets if item.waivers}
        self._known: dict[tuple[Row, ...], frozenset[tuple[str, str]]] = {(): frozenset()}

    def texts(self, printed: frozenset[str], shelf: Shelf) -> Iterator[tuple[bytes, Group]]:
        """Yield every text of the project, with the digest of all that decides on what is found."""
        grades = passages.grades(self._project)
        for snippet in self._project.snippets:
            yield shelf.get(("lint", snippet), partial(self._of_snippet, snippet, grades))
        printed &= shelf.get("fields", self._fields)  # a slip in a text changes no other text
        yield from shelf.get(("lint", printed), partial(self._others, printed))

    def _fields(self) -> frozenset[str]:
        """Return the names of all fields that rows have."""
        tables = self._project.tables.values()
        return frozenset(name for rows in tables for row in rows for name in row.values)

    def _of_snippet(self, snippet: Snippet, grades: passages.Grades) -> tuple[bytes, Group]:
        return self._keyed(passages.of_snippet(snippet, grades))

    def _others(self, printed: frozenset[str]) -> tuple[tuple[bytes, Group], ...]:
        return tuple(map(self._keyed, passages.others(self._plan, printed)))

    def _keyed(self, group: Group) -> tuple[bytes, Group]:
        named = b"".join([self._called_facts[call] for call in group.calls])
        return blake2b(self._digest + group.said + named, digest_size=16).digest(), group

    def judged(self, new: Sequence[tuple[bytes, Group]]) -> Kept:
        """Return what is found in groups, by their keys."""
        found: Kept = {}
        for start in range(0, len(new), _TOGETHER):
            some = new[start : start + _TOGETHER]
            sound = self._sound([group for _, group in some])
            found.update((key, [] if sound else self.found(group)) for key, group in some)
        return found

    def _sound(self, groups: Sequence[Group]) -> bool:
        """Return whether all texts of groups, looked at in one piece, have nothing to find."""
        if self._local or any(group.graded for group in groups):
            return False
        said = [text for group in groups for text in group.texts()]
        return all(
            self._is_sound(
                prose.SEAM.join([text for text, is_literal in said if is_literal is literal]),
                literal=literal,
            )
            for literal in (True, False)
        )

    def _is_sound(self, text: str, *, literal: bool) -> bool:
        if not literal and self._scoped and "{{" in text:
            return False
        whole = prose.whole(text, None if literal else self._stand_in)
        return (
            whole is not None
            and not self._slips.likely(whole.text)
            and not (self._numbers is not None and any(self._numbers.found(whole.bare)))
            and not any(rule.pattern.search(whole.text) for rule in self._claims.rules)
        )

    def found(self, group: Group) -> list[tuple[Any, ...]]:
        """Return what is found in a group: the number of the passage, then the finding."""
        return [
            (index, *finding)
            for index, passage in enumerate(group.passages())
            for finding in self._judged(passage)
        ]

    def waives(self, group: Group) -> bool:
        """Whether a snippet waives rules."""
        return group.path in self._waiving

    def findings(
        self, group: Group, found: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[Passage, tuple[Finding, ...]]]:
        """Yield the passages in which something is wrong, or waived, with what it is."""
        for index, passage in enumerate(group.passages()):
            yield passage, tuple(Finding(*item[1:]) for item in found if item[0] == index)

    def _fact_of(self, call: str) -> bytes:
        """Return the digest of the fact that an expression names."""
        fact = self._stand_in(call).fact
        return fact.digest if fact else NONE

    def _judged(self, passage: Passage) -> Iterator[Finding]:
        stand_in = None if passage.literal else self._stand_in
        known = self._quantities(passage.facts)
        looked = self._looked(passage, prose.whole(passage.text, stand_in), known)
        if not any(looked) and not passage.max_grade:
            return
        reading = grade.Reading()
        for sentence in prose.sentences(passage.text, stand_in):
            if passage.max_grade:
                reading.add(sentence.text)
            cited = sentence.cited or passage.cited
            found = [finding for check in looked.slips for finding in check(sentence.text)]
            if self._numbers is not None and looked.numbers and not cited:
                found += self._numbers.unsourced(sentence.text, known)
            rules: Iterable[Claim] = looked.rules
            if self._scoped and sentence.facts:
                said = _Meant(passage.about, sentence.facts)
                rules = [rule for rule in self._claims.rules if said.by(rule)]
            found += _claimed(rules, sentence.text, cited=cited)
            for finding in found:
                yield finding._replace(offset=sentence.at(finding.offset))
        if passage.max_grade and reading.grade > passage.max_grade:
            yield _too_hard(reading.grade, passage.max_grade)

    def _looked(
        self, passage: Passage, whole: Whole | None, known: frozenset[tuple[str, str]]
    ) -> _Looked:
        """Return what to look for in the sentences of a passage.

        Most texts are sound, and to look at all of it at once is many times faster.
        """
        plain = _Meant(passage.about)
        rules = [rule for rule in self._claims.rules if plain.by(rule)]
        numbers = self._numbers is not None and not passage.cited
        if whole is None or (self._scoped and "{{" in passage.text):
            # Rules for sentences by the facts that they cite are not among `rules`.
            return _Looked(self._slips.checks, numbers, rules)
        if self._numbers is not None and numbers:
            found = self._numbers.found(whole.bare)
            numbers = any((item.number, item.unit) not in known for item in found)
        return _Looked(
            self._slips.likely(whole.text),
            numbers,
            [
                rule
                for rule in rules
                if rule.id in self._local or rule.pattern.search(whole.text) is not None
            ],
        )

    def _quantities(self, facts: tuple[Row, ...]) -> frozenset[tuple[str, str]]:
        """Return the quantities that facts beside a text vouch for."""
        found = self._known.get(facts)
        if found is None and self._numbers is not None:
            texts = [
                text
                for fact in facts
                for text in (self._lexicon.fact(fact), str(fact.values.get("statement", "")))
            ]
            found = frozenset(
                (item.number, item.unit) for text in texts for item in self._numbers.found(text)
            )
            self._known[facts] = found
        return found or frozenset()

    def _stand_in(self, text: str) -> StandIn:
        """Return what takes the place of an expression."""
        try:
            expression = expressions.parse(text)
        except expressions.NotAllowedError:
            return StandIn()
        if isinstance(expression, Path):
            return StandIn(_placeholder(expression))
        return self._called(expression)

    def _called(self, call: Call) -> StandIn:
        argument = call.args[0]
        if call.name == "link":
            text = dict(call.kwargs).get("text", "")
            words = _placeholder(text) if isinstance(text, Path) else text
            return StandIn(words or "Page")
        fact = None if isinstance(argument, Path) else self._project.facts.get(argument)
        if call.name == "cite":
            return StandIn(cited=True, fact=fact)
        return StandIn(self._lexicon.fact(fact) if fact else "Value", cited=True, fact=fact)


def _placeholder(path: Path) -> str:
    """Return a word in the place of a value: the name of its row, as `Axis`."""
    return path.root.replace("_", " ").capitalize()


def _is_local(pattern: str) -> bool:
    """Whether what stands around a sentence may hide what the pattern finds in it."""
    return any(sign in pattern for sign in ("^", "$", "\\A", "\\Z", "(?!", "(?<"))


class _Meant:
    """What a text is about: what it is written for, else what all facts in a sentence are about."""

    def __init__(self, about: About, facts: tuple[Row, ...] = ()) -> None:
        self._about = about
        self._facts = [about_fact(fact) for fact in facts]

    def by(self, rule: Claim) -> bool:
        """Whether a rule is for such a text, and for no other rows that it is about."""
        return all(self._within(kind, slugs) for kind, slugs in rule.scope)

    def _within(self, kind: str, slugs: frozenset[str]) -> bool:
        named = self._about.get(kind, frozenset())
        if not named and self._facts and all(kind in fact for fact in self._facts):
            named = frozenset().union(*(fact[kind] for fact in self._facts))
        return bool(named) and named <= slugs


def _too_hard(found: float, wanted: int) -> Finding:
    message = f"the text reads at grade {found:.1f}"
    expected = f"at most grade {wanted}"
    help_ = "shorter sentences and shorter words"
    return Finding("reading-grade", "L814", WARNING, 0, message, expected, help_)


def _claimed(rules: Iterable[Claim], text: str, *, cited: bool) -> Iterator[Finding]:
    for rule in rules:
        match = rule.found_in(text)
        if match is not None and not (rule.sourced and cited):
            yield Finding(
                rule.id,
                "L801",
                rule.severity,
                match.start(),
                f"{quoted(match.group())}: rule `{rule.id}`",
                rule.right,
                notes=tuple(filter(None, (rule.why, rule.citation, rule.url))),
            )
