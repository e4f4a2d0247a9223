"""A difference between two states of a project as lines, as JSON, and as a comment on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic
from pageloom.plan import VERDICTS

FORMAT = 1
SHOWN = 20
"""Entries of a list that are shown where not all are asked for."""
MANY = 100
"""Rows of a table in a comment."""
NOTES = 3
COMMENT = 65_536
"""Characters that GitHub takes as a comment."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A cell that is on both sides and is judged in another way."""

    route: str
    before: str
    after: str
    because: tuple[str, ...]
    """Why it does not stand, or did not, on the side where it stands lower."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row of an axis or a join that was not there, and what became of the cells it is in."""

    name: str
    slug: str
    place: str
    verdicts: tuple[tuple[str, str, int], ...]
    """Family, verdict, and how many cells."""
    because: tuple[str, ...] = ()
    """What those that do not stand lack, the most frequent first."""

    def judged(self) -> str:
        """Return the verdicts as words, by family."""
        families: dict[str, list[str]] = {}
        for family, verdict, count in self.verdicts:
            families.setdefault(family, []).append(f"{count} {verdict}")
        found = (f"{name}: {', '.join(counts)}" for name, counts in families.items())
        return "; ".join(found) or "in no cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change does."""

    ref: str
    commit: str
    verdicts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    exact: bool = True
    """Whether bytes of pages were compared; else their keys, which may differ where they do not."""
    flips: tuple[Flip, ...] = ()
    new: tuple[Diagnostic, ...] = ()
    gone: tuple[Diagnostic, ...] = ()
    others: tuple[Diagnostic, ...] = ()
    """The problems of the working tree that are not new."""
    rows: tuple[NewRow, ...] = ()
    unsound: tuple[str, ...] = ()
    """Sides that have errors, so that pages cannot be compared."""
    failed: bool = False
    """Whether the working tree has errors."""

    def as_json(self) -> dict[str, Any]:
        """Return the difference as the object that `--json` prints."""
        names = ("ref", "commit", "added", "removed", "changed", "exact", "unsound")
        return {
            "version": FORMAT,
            **{name: getattr(self, name) for name in names},
            "verdicts": {name: list(pair) for name, pair in self.verdicts.items()},
            "flips": [asdict(flip) for flip in self.flips],
            "problems": {
                "new": [problem.as_json() for problem in self.new],
                "gone": [problem.as_json() for problem in self.gone],
                "others": [problem.as_json() for problem in self.others],
            },
            "rows": [asdict(row) for row in self.rows],
        }

    def text(self, limit: int | None = None) -> str:
        """Return the difference as lines, with at most `limit` of each kind."""
        return "\n".join(_text(self, limit))

    def markdown(self) -> str:
        """Return the difference as a comment for a pull request."""
        return shortened(_markdown(self))


def _pages_line(found: Difference) -> str:
    counts = f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed"
    return counts if found.exact else f"{counts} (by what they are made from)"


def _text(found: Difference, limit: int | None) -> Iterator[str]:
    yield f"compared with {found.ref} ({found.commit})"
    if found.unsound:
        yield f"pages are not compared: {' and '.join(found.unsound)} cannot be built"
    else:
        yield f"pages: {_pages_line(found)}"
        moved = [
            f"{old} → {new} {name}" for name, (old, new) in found.verdicts.items() if old != new
        ]
        yield f"cells: {', '.join(moved) or 'judged as before'}"
    for title, routes in (
        ("added", found.added),
        ("removed", found.removed),
        ("changed", found.changed),
    ):
        yield from listed(title, routes, limit)
    yield from listed("new rows", [_row_line(row) for row in found.rows], limit)
    flips = [
        f"{flip.before} → {flip.after}  {flip.route}  {_why(flip)}".rstrip() for flip in found.flips
    ]
    yield from listed("verdicts", flips, limit)
    for title, problems in (("new problems", found.new), ("problems that are gone", found.gone)):
        yield from listed(title, [problem.first_line() for problem in problems], limit)


def _row_line(row: NewRow) -> str:
    lacks = f" ({'; '.join(row.because)})" if row.because else ""
    return f"{row.place} {row.name} {row.slug}  {row.judged()}{lacks}"


def _why(flip: Flip) -> str:
    if not flip.because:
        return ""
    rose = VERDICTS.index(flip.after) > VERDICTS.index(flip.before)
    return f"{'was' if rose else 'because'}: {'; '.join(flip.because)}"


def listed(title: str, lines: Sequence[str], limit: int | None) -> Iterator[str]:
    """Yield a list under its title, cut after `limit` entries."""
    if not lines:
        return
    yield f"{title}:"
    yield from (f"  {line}" for line in lines[:limit])
    if limit is not None and len(lines) > limit:
        yield f"  … and {len(lines) - limit} more (-v lists all)"


def _markdown(found: Difference) -> Iterator[str]:
    yield f"**Pages compared with `{found.ref}`** ({found.commit}): {_pages_line(found)}."
    if found.unsound:
        yield f"\nPages are not compared: {' and '.join(found.unsound)} cannot be built."
    yield from _problem_list("New problems", found.new)
    yield from _tables(found)
    if found.gone:
        yield from ("", f"Problems that are gone: {len(found.gone)}", "")
        for problem in found.gone[:SHOWN]:
            yield f"- `{problem.location}` {problem.severity} {problem.code}: {problem.message}"
        yield from _more(found.gone, SHOWN)
    if found.others:
        count = len(found.others)
        yield f"\n<details><summary>Problems that were there before: {count}</summary>"
        yield from _problem_list("", found.others)
        yield "\n</details>"


def _tables(found: Difference) -> Iterator[str]:
    """Yield new rows with the verdicts of their cells, cells by verdict, and what flipped."""
    if found.rows:
        yield from ("", "| new row | place | its cells | they lack |", "|---|---|---|---|")
        for row in found.rows[:MANY]:
            lacks = _cell("; ".join(row.because))
            yield f"| {row.name} `{row.slug}` | `{row.place}` | {row.judged()} | {lacks} |"
        yield from _more(found.rows, MANY)
    if any(old != new for old, new in found.verdicts.values()):
        yield from ("", "| cells | before | after |", "|---|---:|---:|")
        for name, (old, new) in found.verdicts.items():
            yield f"| {name} | {old} | {new} |"
    if found.flips:
        yield from ("", "| page | verdict | why |", "|---|---|---|")
        for flip in found.flips[:SHOWN]:
            yield f"| `{flip.route}` | {flip.before} → {flip.after} | {_cell(_why(flip))} |"
        yield from _more(found.flips, SHOWN)


def _problem_list(title: str, problems: Sequence[Diagnostic]) -> Iterator[str]:
    """Yield problems with their place and with what to do about each."""
    if problems and title:
        yield f"\n{title}: {len(problems)}"
    if problems:
        yield ""
    for problem in problems:
        yield (
            f"- **{problem.severity} {problem.code}** `{problem.location}`: "
            f"{_escaped(problem.message)}"
        )
        if problem.expected:
            yield f"  - expected: {_escaped(problem.expected)}"
        if problem.help:
            yield f"  - **to do:** {_escaped(problem.help)}"
        yield from (f"  - {_escaped(note)}" for note in problem.notes[:NOTES])


def _escaped(text: str) -> str:
    """Return a text that names no element of HTML outside its code spans, and no person."""
    parts = text.split("`")
    parts[::2] = [
        part.replace("<", "&lt;").replace("@", "@\u200b").replace("#", "#\u200b")
        for part in parts[::2]
    ]
    return "`".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _more(items: Sequence[object], limit: int) -> Iterator[str]:
    if len(items) > limit:
        yield f"\n… and {len(items) - limit} more."


def shortened(lines: Iterable[str]) -> str:
    """Return lines as one text that a comment can hold, and say how many do not fit."""
    found, size, rest, folded = [], 0, 0, False
    for line in lines:
        size += len(line) + 1
        if size > COMMENT - 200:
            rest += 1
        else:
            found.append(line)
            folded = "<details>" in line or (folded and "</details>" not in line)
    if rest:
        found += ["\n</details>"] if folded else []
        found.append(
            f"\n… and {counted(rest, 'more line')}: `python build.py check` prints every problem."
        )
    return "\n".join(found)
