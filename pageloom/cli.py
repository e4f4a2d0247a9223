"""Arguments, commands and exit codes; prints what commands answer."""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from pageloom import terminal
from pageloom.arguments import parser

if TYPE_CHECKING:
    from pageloom.diagnostics import Diagnostic
    from pageloom.editing.rows import Answer
    from pageloom.options import Options
    from pageloom.outcome import Outcome

SOUND, PROBLEMS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    gc.disable()  # nothing here lives long; a third of a large build would go into collecting
    given = _with_default(arguments if arguments is not None else sys.argv[1:])
    options = parser().parse_args(given)
    if options.command in {"build", "check", "release"}:
        terminal.warn_of_clock(options)
    try:
        return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        print("interrupted; every file is whole, build again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return SOUND
    except Exception as error:  # noqa: BLE001  (anything unforeseen is a bug, reported as such)
        terminal.print_bug(error)
        return BUG


def run() -> NoReturn:
    """Run a command and end the process with its exit code, without freeing every object first.

    Freeing what a large build holds takes longer than an edit's pages; the system takes it back at
    once. A stream that cannot take its last words ends the ordinary way, which says so.
    """
    code = main()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


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


def _options(arguments: argparse.Namespace) -> Options:
    from pageloom.options import Options

    return Options(
        root=arguments.root,
        out=arguments.out,
        today=arguments.today or "",
        preview=arguments.preview,
        noindex=arguments.noindex,
        verify=arguments.verify,
        against=arguments.against,
        accept_deindex=arguments.accept_deindex,
        jobs=arguments.jobs,
    )


def _build(arguments: argparse.Namespace) -> int:
    from pageloom import unchanged

    options = _options(arguments)
    if arguments.commit:
        from pageloom import revision

        try:
            options = replace(options, commit=revision.named(arguments.root, arguments.commit))
        except revision.RevisionError as error:
            print(error, file=sys.stderr)
            return USAGE
    waiting = terminal.waiting(arguments)
    seen = unchanged.Seen(options, beside=options.jobs != 1, waiting=waiting)
    outcome = unchanged.build(options, seen)
    if outcome is None:
        from pageloom import pipeline  # of large sites another process still reads the inputs

        outcome = pipeline.build(options, terminal.progress(arguments), seen)
    return _finish(arguments, outcome)


def _check(arguments: argparse.Namespace) -> int:
    from pageloom import pipeline

    return _finish(arguments, pipeline.check(_options(arguments)))


def _release(arguments: argparse.Namespace) -> int:
    from pageloom import release

    if arguments.preview or arguments.noindex:
        option = "--preview" if arguments.preview else "--noindex"
        what = "drafts are" if arguments.preview else "what is kept out of the index is"
        print(f"{what} never released: leave {option} out", file=sys.stderr)
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
    if "/" not in what:
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
        if path.is_dir():
            print(f"cannot write {path}: it is a folder", file=sys.stderr)
            return USAGE
        try:
            report.write(made, path)
        except OSError as error:
            print(f"cannot write {path}: {error.strerror}", file=sys.stderr)
            return USAGE
        print(path, file=sys.stderr if arguments.json else sys.stdout)
    return SOUND


def _diff(arguments: argparse.Namespace) -> int:
    from pageloom import diff, live
    from pageloom.difference import SHOWN, Difference
    from pageloom.revision import RevisionError

    if (arguments.ref is None) == (arguments.live is None):
        print("say what to compare with: a revision, or --live FILE", file=sys.stderr)
        return USAGE
    found: Difference | live.Live
    try:
        if arguments.live is not None:
            found = live.compare(_options(arguments), arguments.live)
        else:
            found = diff.compare(_options(arguments), arguments.ref)
    except (RevisionError, live.UnreadableError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if arguments.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        limit = None if arguments.verbose else SHOWN
        print(found.markdown() if arguments.markdown else found.text(limit))
    return PROBLEMS if found.failed else SOUND


def _ping(arguments: argparse.Namespace) -> int:
    from pageloom import ping

    if arguments.preview or arguments.noindex:
        print("what is only to be looked at is told to nobody", file=sys.stderr)
        return USAGE
    try:
        found = ping.changed(_options(arguments), arguments.since)
        if arguments.json and not arguments.send:
            print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
            return SOUND
        if not arguments.json:
            print(found.text(None if arguments.verbose else ping.SHOWN, sent=arguments.send))
        if arguments.send:
            for answer in ping.send(found, arguments.endpoint):
                print(answer, file=sys.stderr if arguments.json else sys.stdout)
    except ping.PingError as error:
        print(error, file=sys.stderr)
        return error.code
    if arguments.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    return SOUND


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


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "build": _build,
    "check": _check,
    "release": _release,
    "explain": _explain,
    "report": _report,
    "diff": _diff,
    "changes": _changes,
    "ping": _ping,
    "schema": _schema,
    "new": _new,
    "import": _import,
    "serve": _serve,
}
