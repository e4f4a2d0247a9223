"""Arguments, output and exit codes; the only module that prints."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pageloom import __version__

if TYPE_CHECKING:
    from pageloom.diagnostics import Diagnostic
    from pageloom.model import Outcome
    from pageloom.options import Options

SOUND, PROBLEMS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
_EPILOG = """examples:
  python build.py                       build the site below this folder into site/
  python build.py check --json          report every problem, write nothing
  python build.py explain /a/b/c/       show where each part of a page comes from
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    gc.disable()  # nothing here lives long; a third of a large build would go into collecting
    parser = _parser()
    options = parser.parse_args(_with_default(arguments if arguments is not None else sys.argv[1:]))
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print("interrupted; every file is whole, build again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return SOUND
    except Exception as error:  # noqa: BLE001  (anything unforeseen is a bug, reported as such)
        return _bug(error)


COMMANDS = ("build", "check", "explain", "report", "diff")


def _with_default(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `build` put in where no command is named."""
    found = list(arguments)
    if any(item in {"-h", "--help", "--version"} for item in found[:1]):
        return found
    if not found or found[0] not in COMMANDS:
        if found and not found[0].startswith("-"):
            return found
        return ["build", *found]
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="build.py",
        description="Weave rows into pages.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pageloom {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _command(commands, "build", "build the site (the default)", _build)
    _command(commands, "check", "report every problem, write nothing", _check)
    explain = _command(commands, "explain", "explain a page or a problem code", _explain)
    explain.add_argument("what", metavar="ROUTE|CODE", help="such as /a/b/c/ or M103")
    report = _command(commands, "report", "show what stands, and what to write next", _report)
    add = report.add_argument
    add("--out-file", type=Path, metavar="PATH", help="the page (.pageloom/report.html)")
    add("--potential", action="store_true", help="how many facts are at hand for each cell")
    add("--review", action="store_true", help="list all that is due, by source")
    diff = _command(commands, "diff", "show what changed since a revision", _diff)
    diff.add_argument("ref", metavar="REF", help="a revision of git, such as main or HEAD~1")
    diff.add_argument("--markdown", action="store_true", help="print for a pull request")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    help_: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_, description=help_, allow_abbrev=False)
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("--root", type=Path, default=Path(), metavar="DIR", help="the project (this folder)")
    add("--out", type=Path, metavar="DIR", help="the output folder (site/ in the project)")
    add("--json", action="store_true", help="print one JSON object")
    add("--jobs", type=_jobs, default=0, metavar="N", help="processes (one a core)")
    add("--color", choices=("auto", "always", "never"), default="auto", help="color the output")
    add("--today", type=_date, default=None, metavar="DATE", help="the date to judge by (as_of)")
    add("--preview", action="store_true", help="take drafts in")
    add("--strict", action="store_true", help="warnings count as errors")
    add("--verify", action="store_true", help="compare every file on disk, repair hand edits")
    add("--against", type=Path, metavar="BUILD", help="an earlier build: keep its pages indexed")
    add("--accept-deindex", type=int, default=0, metavar="N", help="let N of those pages go")
    add("-q", "--quiet", action="store_true", help="print problems only")
    add("-v", "--verbose", action="store_true", help="list the files")
    return parser


def _jobs(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _date(text: str) -> str:
    from pageloom.schema import is_date

    if not is_date(text):
        raise argparse.ArgumentTypeError(f"`{text}` is no date such as 2026-11-25")
    return text


def _options(arguments: argparse.Namespace) -> Options:
    from pageloom.options import Options

    return Options(
        root=arguments.root,
        out=arguments.out,
        today=arguments.today or "",
        preview=arguments.preview,
        verify=arguments.verify,
        against=arguments.against,
        accept_deindex=arguments.accept_deindex,
        jobs=arguments.jobs,
    )


def _build(arguments: argparse.Namespace) -> int:
    from pageloom import unchanged

    outcome = unchanged.build(_options(arguments))
    if outcome is None:
        from pageloom import pipeline

        outcome = pipeline.build(_options(arguments), _progress(arguments))
    return _finish(arguments, outcome)


def _check(arguments: argparse.Namespace) -> int:
    from pageloom import pipeline

    return _finish(arguments, pipeline.check(_options(arguments)))


def _explain(arguments: argparse.Namespace) -> int:
    from pageloom import explain

    what = str(arguments.what)
    if not what.startswith("/"):
        text = explain.code(what)
        if text is None:
            print(f"no problem has the code {what}", file=sys.stderr)
            return USAGE
        print(text)
        return SOUND
    report = explain.route(_options(arguments), what)
    _print_problems(arguments, report.problems)
    if arguments.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    elif report.text:
        print(report.text)
    return SOUND if report.text else PROBLEMS


def _report(arguments: argparse.Namespace) -> int:
    from pageloom import report

    options = _options(arguments)
    made = report.make(options, potential=arguments.potential, review=arguments.review)
    _print_problems(arguments, made.problems)
    if arguments.json:
        print(json.dumps(made.as_json(), ensure_ascii=False, indent=1))
    if made.data is None:
        return PROBLEMS
    if arguments.out_file or not arguments.json:
        path = arguments.out_file or options.root / report.DEFAULT
        try:
            report.write(made, path)
        except OSError as error:
            print(f"cannot write {path}: {error.strerror}", file=sys.stderr)
            return USAGE
        print(path, file=sys.stderr if arguments.json else sys.stdout)
    return SOUND


def _diff(arguments: argparse.Namespace) -> int:
    from pageloom import diff

    try:
        found = diff.compare(_options(arguments), arguments.ref)
    except diff.RevisionError as error:
        print(error, file=sys.stderr)
        return USAGE
    if arguments.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        limit = None if arguments.verbose else diff.SHOWN
        print(found.markdown() if arguments.markdown else found.text(limit))
    return PROBLEMS if found.failed else SOUND


def _progress(arguments: argparse.Namespace) -> Callable[[int, int], None] | None:
    if arguments.quiet or arguments.json or not sys.stderr.isatty() or "CI" in os.environ:
        return None

    def show(made: int, total: int) -> None:
        end = "\n" if made == total else ""
        print(f"\r{made} of {total} pages", end=end, file=sys.stderr, flush=True)

    return show


def _finish(arguments: argparse.Namespace, outcome: Outcome) -> int:
    errors = [problem for problem in outcome.problems if problem.is_error]
    failed = bool(errors) or (arguments.strict and bool(outcome.problems))
    if arguments.json:
        print(json.dumps(_as_json(outcome), ensure_ascii=False, indent=1))
        return PROBLEMS if failed else SOUND
    _print_problems(arguments, outcome.problems)
    if arguments.verbose:
        for path in outcome.written:
            print(f"written {path}")
        for path in outcome.removed:
            print(f"removed {path}")
    if not arguments.quiet:
        if outcome.gain is not None:
            print(outcome.gain.text)
        print(_summary(outcome))
    return PROBLEMS if failed else SOUND


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "version": 1,
        "problems": [problem.as_json() for problem in outcome.problems],
        "cells": dict(outcome.verdicts),
        "waived": dict(outcome.waived),
        "written": list(outcome.written),
        "unchanged": outcome.unchanged,
        "removed": list(outcome.removed),
        "gain": outcome.gain.as_json() if outcome.gain else None,
        "seconds": round(outcome.seconds, 3),
    }


def _summary(outcome: Outcome) -> str:
    errors = sum(problem.is_error for problem in outcome.problems)
    warnings = len(outcome.problems) - errors
    cells = ", ".join(f"{count} {name}" for name, count in outcome.verdicts.items())
    files = (
        f"{len(outcome.written)} written, {outcome.unchanged} unchanged, "
        f"{len(outcome.removed)} removed"
    )
    counts = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    if outcome.waived:
        counts += f" ({sum(outcome.waived.values())} waived)"
    return "; ".join(part for part in (cells, files, counts, f"{outcome.seconds:.1f} s") if part)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


_BOLD, _RED, _YELLOW, _PLAIN = "\033[1m", "\033[31m", "\033[33m", "\033[0m"


def _print_problems(arguments: argparse.Namespace, problems: Sequence[Diagnostic]) -> None:
    from pageloom import diagnostics

    lines = _Lines(arguments.root)
    colored = _colored(arguments.color, sys.stderr)
    for problem in problems:
        text = diagnostics.render(problem, lines.line(problem.location.path, problem.location.line))
        if colored:
            color = _RED if problem.is_error else _YELLOW
            head, _, rest = text.partition("\n")
            text = f"{color}{_BOLD}{head}{_PLAIN}" + (f"\n{rest}" if rest else "")
        print(text, file=sys.stderr)


class _Lines:
    """Lines of the user's files, for excerpts."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, list[str]] = {}

    def line(self, path: str, number: int) -> str | None:
        if path not in self._files:
            try:
                raw = (self._root / path).read_bytes()
            except OSError:
                raw = b""
            text = raw.decode("utf-8-sig", "replace")
            self._files[path] = text.replace("\r\n", "\n").split("\n")
        lines = self._files[path]
        return lines[number - 1] if 0 < number <= len(lines) else None


def _colored(choice: str, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _bug(error: Exception) -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="pageloom-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    kind = f"{type(error).__name__}: {error}"
    print(f"this is a bug in pageloom, not in your files: {kind}", file=sys.stderr)
    print(f"the details are in {file.name}; please report them", file=sys.stderr)
    return BUG
