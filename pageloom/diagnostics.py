"""Problems in the user's files as values: where, what, what was expected, and the fix.

Form after https://rustc-dev-guide.rust-lang.org/diagnostics.html: a message says what is wrong,
only `help` says what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

ERROR = "error"
WARNING = "warning"

CODES: Mapping[str, str] = {
    "M101": "YAML or CSV that cannot be read",
    "M102": "a key or slug that appears twice",
    "M103": "a reference to a row that does not exist",
    "M104": "an unknown key",
    "M105": "a value of the wrong type or form",
    "M106": "a required field that is missing",
    "M107": "two rows with one slug or one set of axes",
    "M108": "a slug that cannot stand in an address",
    "M109": "a row without a slug",
    "M110": "an anchor, alias or tag in YAML",
    "M111": "rows or families that refer to each other in a circle",
    "M112": "a condition that never matches a row",
    "M113": "a condition that cannot be evaluated",
    "M114": "a merge conflict that was left in a file",
    "M115": "bytes that are not UTF-8",
    "M116": "a file that does not exist, or lies outside the project",
    "M117": "a row that explains nothing",
    "M118": "a name or route that the map of the site cannot use",
    "M119": "a schema that cannot be used",
    "M120": "both a YAML and a CSV file for one table",
    "M121": "a line of the ledger that cannot be used",
    "C201": "front matter that is missing or not closed",
    "C202": "a slot or family that no page has",
    "C203": "a selector that names nothing",
    "C204": "an expression that is not allowed in a snippet",
    "C205": "an unknown name or field in an expression",
    "C206": "an unknown fact or source",
    "C207": "a fact of low confidence",
    "C208": "a link to a page that does not exist",
    "C209": "Markdown that would show as text",
    "C210": "raw HTML in a snippet",
    "C211": "a link that is not allowed",
    "C212": "headings that skip a level, say nothing or go too deep",
    "C213": "two snippets that fit one cell equally well",
    "C214": "a required slot that nothing fills",
    "C215": "a snippet that no page uses",
    "C216": "an absent field that is printed",
    "C217": "an attribute that is not allowed",
    "C218": "an image in a snippet",
    "C219": "a character that has no place in text",
    "C220": "a fixed word that is missing",
    "T301": "a template that does not parse",
    "T302": "a name or field that a template does not have",
    "T303": "a template or asset that does not exist",
    "T304": "a template chosen at run time",
    "T305": "a template that looks into opaque text",
    "T306": "a template that fails",
    "T307": "images for shared links without Pillow",
    "G701": "pages of an earlier build that would leave the index",
    "G702": "an earlier build that cannot be read",
    "R501": "two pages with one address",
    "R502": "a slug that is a reserved word",
    "R503": "a root file at the address of a page",
    "R504": "an output folder that is not ours",
    "R505": "a file of someone else at the address of a page",
    "R506": "an output folder that cannot be written",
    "R507": "a released address that leads nowhere",
    "R508": "a former address that is a page's, or leads to none",
    "R509": "a released page that has become a section",
    "H901": "a limit of a host that the site passes or comes near",
    "H902": "two hosts that need one file in two forms",
    "H903": "a host without a page for unknown addresses",
    "L801": "a claim that a rule of claims.yaml forbids",
    "L802": "a time, price or rate without a source",
    "L803": "a number with a unit and without a source",
    "L804": "an acronym in small letters",
    "L805": "the wrong article before a word",
    "L806": "a word that stands twice",
    "L807": "a leftover of a template",
    "L808": "a rule of claims.yaml that cannot be used",
    "L809": "a waiver that silences nothing",
    "L810": "facts whose check is over",
    "L811": "snippets whose review is over",
    "L812": "a snippet that is older than a fact in it",
    "L813": "a promotion without dates or evidence",
    "L814": "a text that is too hard to read",
    "P601": "a title that fits no candidate",
    "P602": "a description that fits no candidate",
    "P603": "two pages with one title",
    "P604": "a title that repeats the heading",
    "P605": "a page with too many links",
    "P609": "a page that is too large",
    "P610": "a page with no title or heading",
    "P611": "a page far from home",
    "P612": "a page that hardly any page links to",
}
"""Every code and its title. Codes are permanent and never reused; `docs/problems.md` explains each.

File-level codes (x101 to x120) carry the letter of the folder: M matrix, C content, S settings,
T themes; they are listed once, under M.
"""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file of the project: path relative to the root, line and column from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a text starts in its file, so that places in it can be told."""

    line: int
    column: int = 1
    indented: bool = False
    """Whether every line of the text starts at `column`, not only the first."""

    def location(self, path: str, line: int, column: int) -> Location:
        """Return the place in the file of a line and column of the text."""
        shift = self.column - 1 if line == 1 or self.indented else 0
        return Location(path, self.line + line - 1, column + shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem in the user's files."""

    code: str
    location: Location
    message: str
    severity: str = ERROR
    expected: str = ""
    help: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def is_error(self) -> bool:
        """Whether the build must stop."""
        return self.severity == ERROR

    def first_line(self) -> str:
        """Return `path:line:column: severity[code]: message`, enough for an editor to jump to."""
        return f"{self.location}: {self.severity}[{self.code}]: {self.message}"

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Diagnostic:
        """Return the diagnostic that `as_json` gave. Raises `KeyError`."""
        return cls(
            code=value["code"],
            severity=value["severity"],
            location=Location(value["path"], value["line"], value["column"]),
            message=value["message"],
            expected=value["expected"],
            help=value["help"],
            notes=tuple(value["notes"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the diagnostic as the object that `--json` prints."""
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.location.path,
            "line": self.location.line,
            "column": self.location.column,
            "message": self.message,
            "expected": self.expected,
            "help": self.help,
            "notes": list(self.notes),
        }


def letter(path: str) -> str:
    """Return the letter that the folder of `path` gives to file-level codes."""
    if path.startswith("content/"):
        return "S" if path == "content/site.yaml" else "C"
    return "T" if path.startswith("themes/") else "M"


def unheard(_: object) -> None:
    """Drop a problem that is told elsewhere: by who reads the same in turn, or by another run."""


def problem(
    path: str,
    number: int,
    line: int,
    column: int,
    message: str,
    *,
    expected: str = "",
    help_: str = "",
) -> Diagnostic:
    """Return a problem of a file as such, with the letter of its folder."""
    return Diagnostic(
        code=f"{letter(path)}{number}",
        location=Location(path, line, column),
        message=message,
        expected=expected,
        help=help_,
    )


def table_code(code: str) -> str:
    """Return the code under which the table explains `code` (`S104` is explained as `M104`)."""
    return "M" + code[1:] if code[:2] in {"C1", "S1", "T1"} else code


def render(diagnostic: Diagnostic, source_line: str | None) -> str:
    """Return the diagnostic as text, with the line of the file it points at when given."""
    lines = [diagnostic.first_line()]
    if source_line is not None and source_line.strip():
        number = str(diagnostic.location.line)
        shown = source_line.replace("\t", " ").rstrip("\r\n")[:160]
        caret = " " * min(diagnostic.location.column - 1, 159) + "^"
        lines += [f"  {number:>5} | {shown}", f"        | {caret}"]
    if diagnostic.expected:
        lines.append(f"        = expected: {diagnostic.expected}")
    if diagnostic.help:
        lines.append(f"        = help: {diagnostic.help}")
    lines += [f"        = note: {note}" for note in diagnostic.notes]
    return "\n".join(lines)


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics in file order, equal ones grouped with their number as a note."""
    groups: dict[tuple[Location, str, str], list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        key = (diagnostic.location, diagnostic.code, diagnostic.message)
        groups.setdefault(key, []).append(diagnostic)
    return tuple(_grouped(groups[key]) for key in sorted(groups))


def _grouped(equal: Sequence[Diagnostic]) -> Diagnostic:
    """Return one for all, the same in whichever order they were found."""
    first = min(equal, key=attrgetter("notes"))
    if len(equal) == 1:
        return first
    return replace(first, notes=(*first.notes, f"and {len(equal) - 1} more of the same"))


def quoted(text: str, limit: int = 50) -> str:
    """Return a text of the user in backticks, on one line and shortened."""
    shown = " ".join(text[: limit * 4].split()).replace("`", "'")
    shown = shown.encode("utf-8", "replace").decode()
    return f"`{shown}`" if len(shown) <= limit else f"`{shown[: limit - 1]}…`"


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant, or an empty string."""
    words = sorted(set(known))
    plain = _plain(word)
    for candidate in words:
        if _plain(candidate) == plain:
            return candidate
    near = difflib.get_close_matches(word[:80], words, n=1, cutoff=0.75)
    return near[0] if near else ""


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


def closest_help(word: str, known: Iterable[str]) -> str:
    """Return a help text that names the closest known word, or an empty string."""
    near = closest(word, known)
    return f"the closest name is `{near}`" if near else ""
