"""The release ledger: a line for each address that was ever released, and what it says.

Files of tab-separated values under `matrix/ledger/`, one a family, sorted by address. In which
file a line stands has no meaning; an address has one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import NamedTuple

from pageloom.counted import counted
from pageloom.diagnostics import Diagnostic, Location, quoted

FOLDER = "matrix/ledger"
GONE_FILE = f"{FOLDER}/gone.yaml"
SUFFIX = ".tsv"
HEAD = "route\tpublished\tmodified\tdigest\tstate"
RELEASED, WITHDRAWN, GONE = "released", "withdrawn", "gone"
STATES = (RELEASED, WITHDRAWN, GONE)
DIGEST = 16
"""Letters of a content digest."""
_DATE = (r"\d{4}-\d\d-\d\d", "a date such as 2026-11-25")
_FIELDS = (
    ("route", r"/\S*", "an address that starts with a slash"),
    ("published", *_DATE),
    ("modified", *_DATE),
    ("digest", rf"[0-9a-f]{{{DIGEST}}}", f"{DIGEST} letters of 0-9 and a-f"),
    ("state", "|".join(STATES), "one of " + ", ".join(STATES)),
)
_LINE = re.compile("^" + "\t".join(f"({form})" for _, form, _ in _FIELDS) + "$", re.MULTILINE)
Report = Callable[[Diagnostic], None]


class Entry(NamedTuple):
    """What the ledger says of an address."""

    published: str
    """The day on which it was first released."""
    modified: str
    """The day on which a release found other significant content."""
    digest: str
    """Of that content, as `content` makes it."""
    state: str
    """`released`; `withdrawn` from the index; or `gone`."""

    @property
    def changed(self) -> bool:
        """Whether its content has changed since it was first released."""
        return self.modified > self.published


@dataclass(frozen=True, slots=True)
class Farewell:
    """An address that is given up: why, and where readers are sent instead, if anywhere."""

    route: str
    reason: str
    to: str
    location: Location


@dataclass(frozen=True, slots=True)
class Ledger:
    """What has been released, and what of it is given up."""

    files: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    """Entries by address, by the name of their file."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """Entries by address."""
    gone: Mapping[str, Farewell] = field(default_factory=dict)
    """What `gone.yaml` lists, by address."""

    def __bool__(self) -> bool:
        """Whether anything was ever released."""
        return bool(self.entries)

    def fingerprint(self) -> str:
        """Return the digest of all lines and of what is given up, in whichever file they stand."""
        found = blake2b(written(self.entries).encode(), digest_size=DIGEST // 2)
        for route, farewell in sorted(self.gone.items()):
            found.update(f"{route}\t{farewell.reason}\t{farewell.to}\n".encode())
        return found.hexdigest()


NOTHING = Ledger()


def parse(text: str, path: str, report: Report) -> dict[str, Entry]:
    """Return the entries of a file by address; every line that cannot be read is reported."""
    head, _, body = text.partition("\n")
    found = _LINE.findall(body)
    entries = {
        route: Entry(published, modified, digest, state)
        for route, published, modified, digest, state in found
    }
    lines = body.count("\n") + (not body.endswith("\n") and bool(body))
    days = {(published, modified) for _, published, modified, _, _ in found}
    if head != HEAD or len(entries) < lines or not all(_in_turn(*pair) for pair in days):
        for problem in _faults(text, path):
            report(problem)
    return entries


def written(entries: Mapping[str, Entry]) -> str:
    """Return a file's text; `parse` gives the entries back."""
    lines = ("\t".join((route, *entries[route])) for route in sorted(entries))
    return "\n".join((HEAD, *lines)) + "\n"


def merged(files: Mapping[str, Mapping[str, Entry]], report: Report) -> dict[str, Entry]:
    """Return the entries of all files; an address with two lines that differ is reported."""
    entries: dict[str, Entry] = {}
    for path, found in files.items():
        both = entries.keys() & found.keys()
        for route in sorted(both):
            if entries[route] != found[route]:
                first = next(name for name, one in files.items() if route in one)
                report(_twice(Location(path), route, f"first in {first}"))
        entries.update(found)
    return entries


def _faults(text: str, path: str) -> Iterator[Diagnostic]:
    """Yield what is wrong with the lines of a file."""
    head, *lines = text.removesuffix("\n").split("\n")
    if head != HEAD:
        yield _fault(Location(path), "the first line does not name the columns", HEAD)
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=2):
        fault = _line_fault(line)
        if fault is not None:
            column, message, expected = fault
            yield _fault(Location(path, number, column), message, expected)
            continue
        route = line.partition("\t")[0]
        first = seen.setdefault(route, number)
        if first != number:
            yield _twice(Location(path, number), route, f"first in line {first}")


def _in_turn(published: str, modified: str) -> bool:
    return published <= modified and _is_date(published) and _is_date(modified)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _line_fault(line: str) -> tuple[int, str, str] | None:
    """Return column, message and expectation for the first fault of a line."""
    parts = line.split("\t")
    column = 1
    for part, (name, form, expected) in zip(parts, _FIELDS, strict=False):
        if not re.fullmatch(form, part) or (form == _DATE[0] and not _is_date(part)):
            return column, f"`{name}` is {quoted(part, 30) if part else 'empty'}", expected
        column += len(part) + 1
    if len(parts) != len(_FIELDS):
        return 1, counted(len(parts), "column"), f"{len(_FIELDS)} columns with a tab between them"
    if parts[2] < parts[1]:
        return len(parts[0]) + 13, "modified before it was published", "a day on or after that"
    return None


def _twice(location: Location, route: str, note: str) -> Diagnostic:
    return Diagnostic(
        code="M121",
        location=location,
        message=f"a second line for {quoted(route)}",
        expected="one line an address",
        help="keep the line with the earlier date of publication",
        notes=(note,),
    )


def _fault(location: Location, message: str, expected: str) -> Diagnostic:
    return Diagnostic(
        code="M121",
        location=location,
        message=message,
        expected=expected,
        help="take the line as an earlier revision has it, or delete it and run `release`",
    )
