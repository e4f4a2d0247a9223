"""Markdown files as front matter and body."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pageloom.diagnostics import Diagnostic, Location
from pageloom.source import tree
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown file: its front matter and the body with the line on which the body starts."""

    path: str
    front: Node
    body: str
    body_line: int
    offset: int
    """Where the body starts in the text."""


def parse_document(text: str, path: str, report: Report) -> Document | None:
    """Return a Markdown text split into front matter and body, or None after a report."""
    opening, closing = _fences(text)
    if closing is None:
        message = "front matter is not closed" if opening else "the file has no front matter"
        help_ = "put a line `---` after the last key" if opening else "start the file with `---`"
        report(
            Diagnostic(
                code="C201",
                location=Location(path),
                message=message,
                expected="`---`, YAML with `slot:` and `for:`, `---`, then Markdown",
                help=help_,
            )
        )
        return None
    front = tree(text[opening : closing[0]], path, report, first_line=2)
    if front is None:
        return None
    return Document(
        path, front, text[closing[1] :], text.count("\n", 0, closing[1]) + 1, closing[1]
    )


def _fences(text: str) -> tuple[int, tuple[int, int] | None]:
    """Return where front matter starts (0: nowhere), and where it and the body's fence end."""
    first = _FENCE.match(text)
    if first is None:
        return 0, None
    second = _FENCE.search(text, first.end() + 1)
    start = min(first.end() + 1, len(text))
    return start, (second.start(), min(second.end() + 1, len(text))) if second else None
