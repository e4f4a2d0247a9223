"""What may be wrong with a text as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pageloom import expressions
from pageloom.diagnostics import Diagnostic, letter
from pageloom.markup.body import Body
from pageloom.model import Print, Project
from pageloom.schema import is_https_url

Report = Callable[[Diagnostic], None]
MAX_TEXT = 100_000
"""Characters; a page of 60,000 bytes is a warning already."""
_MAX_OPEN = 50
_BRACKET = re.compile(r"\\.|[\[\]()]|\n[ \t]*\n")


def check_levels(body: Body, report: Report) -> None:
    """Report the first heading that leaves a level out, or is below the last one."""
    previous = body.base - 1
    for level, text in zip(body.outline, body.headings, strict=True):
        if level > previous + 1 or level > 6:
            location = body.find_heading(text)
            message = f"a heading goes from level {previous} to level {level}"
            expected = "one level at a time, at most 6"
            report(Diagnostic(code="C212", location=location, message=message, expected=expected))
            return
        previous = level


def out_of_proportion(body: Body) -> Diagnostic | None:
    """Return what is wrong with a text that Markdown would take minutes for.

    For each bracket that is open it looks at the whole rest of the paragraph.
    """
    if len(body.marked) > MAX_TEXT:
        return Diagnostic(
            code=f"{letter(body.path)}105",
            location=body.at(0),
            message=f"a text of {len(body.marked)} characters",
            expected=f"at most {MAX_TEXT} characters",
        )
    depth = 0
    few = body.marked.count("[") + body.marked.count("(") <= _MAX_OPEN
    for bracket in () if few else _BRACKET.finditer(body.marked):
        sign = bracket.group()
        depth = 0 if "\n" in sign else max(depth + (sign in "[(") - (sign in "])"), 0)
        if depth > _MAX_OPEN:
            message = f"more than {_MAX_OPEN} brackets are open in one paragraph"
            return Diagnostic(code="C212", location=body.at(0), message=message)
    return None


def no_address(printed: Print, project: Project) -> str | None:
    """Return what a path prints for some row, where that is no address; None where all are."""
    rows = project.tables.get(printed.path.root)
    scopes: Iterable[expressions.Scope] = (
        [{"site": project.settings.values}]
        if rows is None
        else [{printed.path.root: row} for row in rows]
    )
    for scope in scopes:
        try:
            value = expressions.evaluate(printed.path, scope)
        except expressions.AbsentError:
            continue
        if not is_https_url(value):
            return value
    return None
