"""What the terminal is shown: problems in color, outcomes, progress, bugs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from pageloom import shown
from pageloom.counted import counted

if TYPE_CHECKING:
    from pageloom.diagnostics import Diagnostic
    from pageloom.outcome import Outcome

SHOWN = 50
"""Errors, and warnings, of one code that are printed."""
_BOLD, _RED, _YELLOW, _PLAIN = "\033[1m", "\033[31m", "\033[33m", "\033[0m"


def progress(arguments: argparse.Namespace) -> Callable[[int, int], None] | None:
    """Return what shows progress, None where nobody would see it."""
    if arguments.quiet or arguments.json or not sys.stderr.isatty() or "CI" in os.environ:
        return None

    def show(made: int, total: int) -> None:
        end = "\n" if made == total else ""
        print(f"\r{made} of {counted(total, 'page')}", end=end, file=sys.stderr, flush=True)

    return show


def waiting(arguments: argparse.Namespace) -> Callable[[], None]:
    """Return what says that another build has to end first."""

    def say() -> None:
        if not arguments.quiet:
            print("waiting for another build of this site to end", file=sys.stderr, flush=True)

    return say


def warn_of_clock(arguments: argparse.Namespace) -> None:
    """Warn where a machine builds every day and nobody says which day it is."""
    if "CI" in os.environ and not arguments.today:
        print(
            "warning: CI is set and --today is not: the site is judged by `as_of`; "
            'on a schedule, run with --today "$(date -u +%F)"',
            file=sys.stderr,
        )


def print_outcome(arguments: argparse.Namespace, outcome: Outcome) -> None:
    """Print what a run did, as JSON or as problems, files and a last line that counts."""
    if arguments.json:
        print(json.dumps(shown.as_json(outcome), ensure_ascii=False, indent=1))
        return
    print_problems(arguments, outcome.problems)
    if arguments.verbose:
        for path in outcome.written:
            print(f"written {path}")
        for path in outcome.removed:
            print(f"removed {path}")
    if not arguments.quiet:
        if outcome.gain is not None:
            print(outcome.gain.text)
        print(shown.summary(outcome))


def print_problems(
    arguments: argparse.Namespace,
    problems: Sequence[Diagnostic],
    tried: Mapping[str, bytes] | None = None,
) -> None:
    """Print problems with the lines that they are about; `tried` are files as they would be."""
    from pageloom import diagnostics

    lines = shown.Lines(arguments.root, tried or {})
    colored = _colored(arguments.color, sys.stderr)
    found: dict[tuple[str, str], int] = {}
    for problem in problems:
        kind = (problem.severity, problem.code)
        found[kind] = found.get(kind, 0) + 1
        if found[kind] > SHOWN and not arguments.verbose:
            continue
        text = diagnostics.render(problem, lines.line(problem.location.path, problem.location.line))
        if colored:
            color = _RED if problem.is_error else _YELLOW
            head, _, rest = text.partition("\n")
            text = f"{color}{_BOLD}{head}{_PLAIN}" + (f"\n{rest}" if rest else "")
        print(text, file=sys.stderr)
    for (severity, code), number in found.items():
        if number > SHOWN and not arguments.verbose:
            more = counted(number - SHOWN, f"more {severity}")
            print(f"… and {more} {code}: --verbose or --json", file=sys.stderr)


def _colored(choice: str, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def print_bug(error: Exception) -> None:
    """Print where the details of an unforeseen error are."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="pageloom-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    kind = f"{type(error).__name__}: {error}"
    print(f"this is a bug in pageloom, not in your files: {kind}", file=sys.stderr)
    print(f"the details are in {file.name}; please report them", file=sys.stderr)
