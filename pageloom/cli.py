"""Arguments, commands and exit codes; prints what commands answer."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pageloom import __version__, terminal

if TYPE_CHECKING:
    from pageloom.diagnostics import Diagnostic
    from pageloom.editing.rows import Answer
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
        terminal.print_bug(error)
        return BUG


COMMANDS = (
    *("build", "check", "release", "changes", "explain", "report", "diff"),
    *("schema", "new", "import", "serve"),
)


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
    release = _command(commands, "release", "record what is published now", _release)
    add = release.add_argument
    add(
        "--limit", type=_count, default=100, metavar="N", help="new pages a day, where staged (100)"
    )
    add("--keep-dates", action="store_true", help="changed content is no update to tell of")
    add("--dry-run", action="store_true", help="say what would be recorded, write nothing")
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
    changes = _command(commands, "changes", "list what a deploy must send", _changes)
    changes.add_argument("file", metavar="FILE", type=Path, nargs="?", help="what is deployed now")
    schema = _command(commands, "schema", "write the schemas that editors' programs read", _schema)
    schema.add_argument("--check", action="store_true", help="list what is stale, write nothing")
    new = _command(commands, "new", "add a row, or the skeleton of a snippet", _new)
    new.add_argument("name", metavar="AXIS|JOIN|SLOT", help="what to add one of")
    new.add_argument("pairs", metavar="KEY=VALUE", nargs="*", help="fields, or the cells it is for")
    import_ = _command(commands, "import", "bring rows of a spreadsheet into a table", _import)
    import_.add_argument("file", metavar="FILE.csv", type=Path, help="as a spreadsheet saves it")
    import_.add_argument("name", metavar="AXIS|JOIN", help="the table")
    import_.add_argument("--apply", action="store_true", help="write; else only the difference")
    serve = _command(commands, "serve", "show the site here while it is edited", _serve)
    serve.add_argument("--port", type=int, default=8000, metavar="N", help="the port (8000)")
    serve.add_argument("--host", default="127.0.0.1", help="the interface (127.0.0.1: only here)")
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
    add(
        "--against",
        type=Path,
        metavar="BUILD|REF",
        help="an earlier build or revision: keep its pages",
    )
    add("--accept-deindex", type=int, default=0, metavar="N", help="let N of those pages go")
    add("-q", "--quiet", action="store_true", help="print problems only")
    add("-v", "--verbose", action="store_true", help="list the files")
    return parser


def _jobs(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("not below 0")
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

        outcome = pipeline.build(_options(arguments), terminal.progress(arguments))
    return _finish(arguments, outcome)


def _check(arguments: argparse.Namespace) -> int:
    from pageloom import pipeline

    return _finish(arguments, pipeline.check(_options(arguments)))


def _release(arguments: argparse.Namespace) -> int:
    from pageloom import release

    if arguments.preview:
        print("drafts are never released: leave --preview out", file=sys.stderr)
        return USAGE
    limit, keep, dry = arguments.limit, arguments.keep_dates, arguments.dry_run
    try:
        made = release.release(_options(arguments), limit=limit, keep_dates=keep, dry=dry)
    except OSError as error:
        print(f"cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    if arguments.json:
        print(json.dumps(made.as_json(), ensure_ascii=False, indent=1))
        return PROBLEMS if made.failed else SOUND
    terminal.print_problems(arguments, made.problems)
    if made.failed:
        return PROBLEMS
    if not arguments.quiet:
        for line in made.lines() if arguments.verbose else made.written:
            print(line)
        print(made.text)
    return SOUND


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
    terminal.print_problems(arguments, report.problems)
    if arguments.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    elif report.text:
        print(report.text)
    return SOUND if report.text else PROBLEMS


def _report(arguments: argparse.Namespace) -> int:
    from pageloom import report

    options = _options(arguments)
    made = report.make(options, potential=arguments.potential, review=arguments.review)
    terminal.print_problems(arguments, made.problems)
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
    from pageloom.revision import RevisionError

    try:
        found = diff.compare(_options(arguments), arguments.ref)
    except RevisionError as error:
        print(error, file=sys.stderr)
        return USAGE
    if arguments.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        limit = None if arguments.verbose else diff.SHOWN
        print(found.markdown() if arguments.markdown else found.text(limit))
    return PROBLEMS if found.failed else SOUND


def _changes(arguments: argparse.Namespace) -> int:
    from pageloom import changes
    from pageloom.publish import PublishError

    options = _options(arguments)
    try:
        found = changes.compare(options, arguments.file)
        written = found.write(options.folder.hosting)
    except (changes.ChangesError, PublishError, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=1) if arguments.json else written)
    if not arguments.json:
        print(found.text())
    return SOUND


def _schema(arguments: argparse.Namespace) -> int:
    from pageloom.editing import derived

    problems: list[Diagnostic] = []
    found = derived.derived(arguments.root, problems.append)
    errors = [problem for problem in problems if problem.location.path == derived.SETTINGS]
    terminal.print_problems(arguments, problems if found is None else errors)
    if found is None:
        return PROBLEMS
    stale = found.stale(arguments.root) if arguments.check else found.write(arguments.root)
    for path in stale:
        print(f"{'stale' if arguments.check else 'written'} {path}")
    if not stale:
        print("fresh")
    return PROBLEMS if stale and arguments.check else SOUND


def _new(arguments: argparse.Namespace) -> int:
    from pageloom.editing import new

    return _answered(arguments, lambda: new.new(arguments.root, arguments.name, arguments.pairs))


def _import(arguments: argparse.Namespace) -> int:
    from pageloom.editing.importing import import_rows

    file, name, apply = arguments.file, arguments.name, arguments.apply
    return _answered(arguments, lambda: import_rows(arguments.root, file, name, apply=apply))


def _answered(arguments: argparse.Namespace, run: Callable[[], Answer]) -> int:
    from pageloom.editing.rows import UsageError

    try:
        answer = run()
    except UsageError as error:
        print(error, file=sys.stderr)
        return USAGE
    terminal.print_problems(arguments, answer.problems, answer.tried)
    for line in answer.lines:
        print(line)
    return PROBLEMS if any(problem.is_error for problem in answer.problems) else SOUND


def _serve(arguments: argparse.Namespace) -> int:
    from pageloom.serve import run

    gc.enable()  # this process stays

    def said(rebuilt: run.Event) -> None:
        terminal.print_problems(arguments, rebuilt.problems)
        if not arguments.quiet:
            print(rebuilt.text, flush=True)

    try:
        run.serve(_options(arguments), arguments.host, arguments.port, said)
    except run.CannotServeError as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return SOUND
    return SOUND


def _finish(arguments: argparse.Namespace, outcome: Outcome) -> int:
    terminal.print_outcome(arguments, outcome)
    failed = any(problem.is_error or arguments.strict for problem in outcome.problems)
    return PROBLEMS if failed else SOUND
