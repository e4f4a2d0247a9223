"""Every snippet of the plan as a fragment, converted once and cached by content."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from pageloom import expressions, kept
from pageloom.diagnostics import Diagnostic, Location, quoted
from pageloom.expressions import lookup
from pageloom.known import Known
from pageloom.markup import FOLDED, Converter, Html, Use
from pageloom.memory import NO_SHELF, Shelf
from pageloom.model import (
    Expression,
    FactCall,
    Family,
    Fragment,
    Join,
    Link,
    Path,
    Print,
    Project,
    Row,
    Segment,
    Snippet,
)
from pageloom.plan import FamilyPlan, Plan
from pageloom.spread import dealt, spread

Report = Callable[[Diagnostic], None]
PARALLEL_FROM = 200
"""New snippets from which it pays to convert in processes."""


Uses = Known[tuple[tuple[str, ...], str], Use]
"""How snippets are used, by their families and slot."""


def _use(project: Project, converter: Converter, key: tuple[tuple[str, ...], str]) -> Use:
    families, slot = key
    return converter.use(tuple(_levels(project, families, slot)), _names(project, families))


def _levels(project: Project, families: Sequence[str], name: str) -> list[int]:
    """Return the heading levels of a slot: 3 under a heading, 2 alone, 4 folded."""
    found: set[int] = set()
    for family in map(project.families.__getitem__, families):
        slot = next(slot for slot in family.slots if slot.name == name)
        found.add(3 if slot.heading else 2)
        if name in family.fold_slots:
            found.add(FOLDED)
    return sorted(found)


def _names(project: Project, families: Sequence[str]) -> dict[str, frozenset[str] | None]:
    """Return the names that a snippet may use: those that all its families have."""
    axes = set.intersection(*(set(project.families[name].axes) for name in families))
    names: dict[str, frozenset[str] | None] = {axis: project.fields[axis] for axis in axes}
    for join in project.joins.values():
        if set(join.axes) <= axes:
            names[join.name] = project.fields[join.name]
    names["site"] = frozenset(("brand", "base_url"))
    return names


Converted = tuple[tuple[int, Fragment, bytes], ...]
"""The fragments of a snippet: heading level, fragment, and the key of its HTML."""


def convert(
    plan: Plan, converter: Converter, jobs: int, shelf: Shelf = NO_SHELF
) -> dict[tuple[str, int], Fragment]:
    """Return the fragments of all snippets by path and heading level."""
    project = plan.project
    uses: Uses = Known(partial(_use, project, converter))
    if len(project.snippets) - len(converter.cache) >= PARALLEL_FROM:
        _warm(project, converter, uses, jobs)
    made: dict[tuple[str, int], Fragment] = {}
    for snippet in project.snippets:
        found = shelf.get(snippet, partial(_converted, project, converter, uses, snippet))
        for level, fragment, key in found:
            made[(snippet.path, level)] = fragment
            converter.used.add(key)
    for kind, fields in project.markdown.items():
        for row in project.tables.get(kind, ()):
            for name in sorted(fields):
                if row.values.get(name):
                    converter.used.add(
                        shelf.get((row, name), partial(_field, converter, row, name))
                    )
    return made


def _field(converter: Converter, row: Row, name: str) -> bytes:
    """Convert a row's field, so that its problems are told; return the key of its HTML."""
    converter.field(row, name)
    return converter.key


def _warm(project: Project, converter: Converter, uses: Uses, jobs: int) -> None:
    """Convert the snippets in processes, so that their HTML is in the cache.

    Only texts without a problem get there; the others are converted, and reported, here.
    """

    def work(part: int, parts: int) -> dict[bytes, Html]:
        before = set(converter.cache)
        for snippet in dealt(project.snippets, part, parts):
            _converted(project, converter, uses, snippet)
        return {key: converter.cache[key] for key in converter.cache.keys() - before}

    for found in spread(work, jobs):
        converter.cache.update(found)


def _converted(project: Project, converter: Converter, uses: Uses, snippet: Snippet) -> Converted:
    """Return the fragments of a snippet."""
    if any(not project.families[name].cells for name in snippet.families):
        return ()  # the family's own problem comes first
    use = uses[snippet.families, snippet.slot]
    made: list[tuple[int, Fragment, bytes]] = []
    for level in use.levels:
        fragment = converter.known(snippet, level, use) or converter.fragment(
            snippet.path,
            snippet.body,
            snippet.body_line,
            slot=snippet.slot,
            base=level,
            known=use.names,
            anchors=level != FOLDED,
        )
        made.append((level, fragment, converter.key))
    return tuple(made)


def read_cache(root: FilePath) -> dict[bytes, Html]:
    """Return the HTML that earlier builds converted, by content."""
    return kept.read(root, "html")


def write_cache(root: FilePath, converter: Converter) -> None:
    """Keep the HTML of this project's texts for the next build; it is not needed after this."""
    used = converter.used & converter.cache.keys()  # a text with a problem is not there
    if kept.worth(used, converter.given):
        kept.write(root, "html", {key: converter.cache[key] for key in used})
    converter.cache.clear()


class Reading(Enum):
    """What a text does with the value of a path."""

    PRINT = "printed"
    CANDIDATE = "printed, and another text takes its place when it is absent"
    FACT = "the argument of fact()"
    CITE = "the argument of cite()"
    ROW = "an axis of link()"


@dataclass(frozen=True, slots=True)
class _Read:
    """A path that a text reads, and what for."""

    path: Path
    use: Reading
    location: Location


def check_prints(plan: Plan, report: Report, shelf: Shelf = NO_SHELF) -> None:
    """Report values that a text reads for some cell and that are absent or of the wrong kind."""
    values = _Values(plan.project)
    for family in plan.families.values():
        if not family.family.cells:
            continue  # its own problem comes first
        everywhere = range(len(family.cells))
        for read in _of_family(family.family):
            _check(family, everywhere, read, values, report)
        doubtful: dict[Snippet, Iterable[_Read]] = {}
        for snippet in family.chosen():
            if any(values.may_fail[call] for call in snippet.calls):
                doubtful[snippet] = shelf.get(
                    ("reads", snippet), partial(_of_snippet, plan, snippet)
                )
        for snippet, numbers in _places(family, doubtful).items():
            for read in doubtful[snippet]:
                _check(family, numbers, read, values, report)


def _places(family: FamilyPlan, snippets: Collection[Snippet]) -> Mapping[Snippet, list[int]]:
    """Return the cells of a family for which some snippets were chosen."""
    found: dict[Snippet, list[int]] = {}
    for column in family.choices.values() if snippets else ():
        for number, snippet in enumerate(column):
            if snippet is not None and snippet in snippets:
                found.setdefault(snippet, []).append(number)
    return found


def _of_family(family: Family) -> Iterator[_Read]:
    texts = [family.h1, family.link_text, family.crumb, family.fold_heading]
    texts += [slot.heading for slot in family.slots]
    candidates = (*family.titles, *family.descriptions, family.line)
    for use, found in ((Reading.PRINT, texts), (Reading.CANDIDATE, candidates)):
        for text in found:
            for part in text.parts if text is not None else ():
                if isinstance(part, Path):
                    yield _Read(part, use, text.location)  # type: ignore[union-attr]


def _of_snippet(plan: Plan, snippet: Snippet) -> tuple[_Read, ...]:
    found: dict[tuple[Path, Reading], _Read] = {}
    for level in (2, 3, FOLDED):
        fragment = plan.fragments.get((snippet.path, level))
        for segment in fragment.segments if fragment else ():
            for read in _of_segment(segment):
                found.setdefault((read.path, read.use), read)
    return tuple(found.values())


def _of_segment(segment: Segment) -> Iterator[_Read]:
    if isinstance(segment, Print):
        yield _Read(segment.path, Reading.PRINT, segment.location)
    elif isinstance(segment, FactCall):
        use = Reading.FACT if segment.name in {"fact", "plain"} else Reading.CITE
        yield _Read(segment.path, use, segment.location)
    elif isinstance(segment, Link):
        for _, pin in segment.pins:
            if isinstance(pin, Path):
                yield _Read(pin, Reading.ROW, segment.location)
        if isinstance(segment.text, Path):
            yield _Read(segment.text, Reading.PRINT, segment.location)


def _uses(expression: Expression) -> tuple[Reading, ...]:
    """Return what an expression may do with a path that it reads."""
    if isinstance(expression, Path):
        return (Reading.PRINT,)
    named = {"fact": (Reading.FACT,), "cite": (Reading.CITE,)}
    return named.get(expression.name, (Reading.ROW, Reading.PRINT))


def _has_words(read: _Read, row: Row) -> bool:
    """Whether what is printed are words of the row itself, as it is of most rows."""
    if read.use not in {Reading.PRINT, Reading.CANDIDATE} or len(read.path.fields) != 1:
        return False
    value = row.values.get(read.path.fields[0])
    return isinstance(value, str) and bool(value)


class _Values:
    """What the rows of a kind hold at a path."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[tuple[Path, Reading], Mapping[Row, tuple[str, str]]] = {}
        self.may_fail = Known(self._may_fail)

    def join(self, name: str) -> Join | None:
        """Return the join of a name, if it is one."""
        return self._project.joins.get(name)

    def _may_fail(self, call: str) -> bool:
        """Whether it must be looked at for each cell what an expression reads."""
        try:
            expression = expressions.parse(call)
        except expressions.NotAllowedError:
            return False
        return any(
            path.root in self._project.joins or bool(self.faults(_Read(path, use, Location(""))))
            for path in expressions.references(expression)
            for use in _uses(expression)
        )

    def faults(self, read: _Read) -> Mapping[Row, tuple[str, str]]:
        """Return code and fault of the rows that do not hold what is read."""
        key = (read.path, read.use)
        if key not in self._found:
            rows = self._project.tables.get(read.path.root, ())
            judged = ((row, self._judge(read, row)) for row in rows if not _has_words(read, row))
            self._found[key] = {row: fault for row, fault in judged if fault is not None}
        return self._found[key]

    def _judge(self, read: _Read, row: Row) -> tuple[str, str] | None:
        value = lookup(read.path, {read.path.root: row})
        if value in (None, "", ()):
            optional = read.use in {Reading.CANDIDATE, Reading.ROW}
            return None if optional else ("C216", "is absent")
        if read.use is Reading.ROW:
            return None if isinstance(value, Row) else ("C208", "names no row")
        if read.use in {Reading.FACT, Reading.CITE}:
            return self._judge_fact(value, cited=read.use is Reading.CITE)
        nested = value if isinstance(value, tuple) else (value,)
        if any(isinstance(item, (Mapping, tuple)) for item in nested):
            return "C205", "holds keys or lists"
        return None

    def _judge_fact(self, value: Any, *, cited: bool) -> tuple[str, str] | None:
        row = value if isinstance(value, Row) else self._project.facts.get(str(value))
        if row is None or row.kind not in ({"fact", "source"} if cited else {"fact"}):
            return "C206", "is no fact"
        low = row.values.get("confidence") == "low"
        return ("C207", "is a fact of low confidence") if low else None


def _check(
    plan: FamilyPlan, numbers: Sequence[int], read: _Read, values: _Values, report: Report
) -> None:
    faults = values.faults(read)
    join = values.join(read.path.root)
    if join is not None:
        optional = read.use in {Reading.CANDIDATE, Reading.ROW}
        cells = set(plan.cells.over(join.axes, numbers))
        for cell in sorted(cells, key=lambda cell: [row.slug for row in cell]):
            row = join.index.get(cell)
            absent = None if optional else ("C216", "is absent")
            fault = absent if row is None else faults.get(row)
            if fault:
                _report_fault(read, " × ".join(row.slug for row in cell), row, fault, report)
    elif faults and read.path.root in plan.family.axes:
        place = plan.family.axes.index(read.path.root)
        hit = {plan.cells[number][place] for number in numbers} & set(faults)
        for row in sorted(hit, key=lambda row: row.slug):
            _report_fault(read, row.slug, row, faults[row], report)


_HELP = {
    "C205": "print one of its keys, or show it with a data slot",
    "C206": "name a fact in the field, or narrow `for:`",
    "C207": "leave the claim out, or find a source and raise the confidence",
    "C208": "give link() a field with `x-ref`",
    "C216": "fill the field, or narrow `for:`",
}


def _report_fault(
    read: _Read, name: str, row: Row | None, fault: tuple[str, str], report: Report
) -> None:
    code, what = fault
    use = " and is printed" if code == "C216" else ""
    report(
        Diagnostic(
            code=code,
            location=read.location,
            message=f"`{read.path}` {what} for {quoted(name)}{use}",
            expected="a value in every row that this text is for",
            help=_HELP[code],
            notes=(f"the row is {row.location}",) if row is not None else (),
        )
    )
