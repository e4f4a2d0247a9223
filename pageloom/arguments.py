"""Commands, their options and what the terminal says of each."""

from __future__ import annotations

import argparse
from pathlib import Path

from pageloom import __version__

ENDPOINT = "https://api.indexnow.org/indexnow"
"""https://www.indexnow.org/documentation"""
_EPILOG = """examples:
  python build.py                       build the site below this folder into site/
  python build.py check --json          report every problem, write nothing
  python build.py explain /a/b/c/       show where each part of a page comes from
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    found = argparse.ArgumentParser(
        prog="build.py",
        description="Weave rows into pages.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    found.add_argument("--version", action="version", version=f"pageloom {__version__}")
    commands = found.add_subparsers(metavar="COMMAND", required=True)
    build = _command(commands, "build", "build the site (the default)")
    build.add_argument("--commit", metavar="REF", help="the revision to name in build-info.json")
    _command(commands, "check", "report every problem, write nothing")
    release = _command(commands, "release", "record what is published now")
    add = release.add_argument
    add(
        "--limit", type=_count, default=100, metavar="N", help="new pages a day, where staged (100)"
    )
    add("--keep-dates", action="store_true", help="changed content is no update to tell of")
    add("--dry-run", action="store_true", help="say what would be recorded, write nothing")
    explain = _command(commands, "explain", "explain a page or a problem code")
    explain.add_argument("what", metavar="ROUTE|CODE", help="such as /a/b/c/ or M103")
    report = _command(commands, "report", "show what stands, and what to write next")
    add = report.add_argument
    add("--out-file", type=Path, metavar="PATH", help="the page (.pageloom/report.html)")
    add("--potential", action="store_true", help="how many facts are at hand for each cell")
    add("--review", action="store_true", help="list all that is due, by source")
    diff = _command(commands, "diff", "show what changed since a revision")
    diff.add_argument("ref", metavar="REF", nargs="?", help="a revision of git, such as main")
    diff.add_argument("--live", type=Path, metavar="FILE", help="a file of the live site, instead")
    diff.add_argument("--markdown", action="store_true", help="print for a pull request")
    changes = _command(commands, "changes", "list what a deploy must send")
    changes.add_argument("file", metavar="FILE", type=Path, nargs="?", help="what is deployed now")
    ping = _command(commands, "ping", "tell search engines what changed")
    add = ping.add_argument
    add("since", metavar="FILE|REF", help="changes.json of a deploy, or a revision with a ledger")
    add("--send", action="store_true", help="post; else only say what would be")
    add("--endpoint", default=ENDPOINT, metavar="URL", help="where to (api.indexnow.org)")
    schema = _command(commands, "schema", "write the schemas that editors' programs read")
    schema.add_argument("--check", action="store_true", help="list what is stale, write nothing")
    new = _command(commands, "new", "add a row, or the skeleton of a snippet")
    new.add_argument("name", metavar="AXIS|JOIN|SLOT", help="what to add one of")
    new.add_argument("pairs", metavar="KEY=VALUE", nargs="*", help="fields, or the cells it is for")
    import_ = _command(commands, "import", "bring rows of a spreadsheet into a table")
    import_.add_argument("file", metavar="FILE.csv", type=Path, help="as a spreadsheet saves it")
    import_.add_argument("name", metavar="AXIS|JOIN", help="the table")
    import_.add_argument("--apply", action="store_true", help="write; else only the difference")
    serve = _command(commands, "serve", "show the site here while it is edited")
    serve.add_argument("--port", type=int, default=8000, metavar="N", help="the port (8000)")
    serve.add_argument("--host", default="127.0.0.1", help="the interface (127.0.0.1: only here)")
    return found


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    help_: str,
) -> argparse.ArgumentParser:
    found = commands.add_parser(name, help=help_, description=help_, allow_abbrev=False)
    found.set_defaults(command=name)
    add = found.add_argument
    add("--root", type=Path, default=Path(), metavar="DIR", help="the project (this folder)")
    add("--out", type=Path, metavar="DIR", help="the output folder (site/ in the project)")
    add("--json", action="store_true", help="print one JSON object")
    add("--jobs", type=_jobs, default=0, metavar="N", help="processes (one a core)")
    add("--color", choices=("auto", "always", "never"), default="auto", help="color the output")
    add("--today", type=_date, default=None, metavar="DATE", help="the date to judge by (as_of)")
    add("--preview", action="store_true", help="take drafts in; noindex everywhere, no sitemap")
    add("--noindex", action="store_true", help="the same without drafts")
    add("--strict", action="store_true", help="warnings count as errors")
    add("--verify", action="store_true", help="compare every file on disk, repair hand edits")
    add(
        "--against",
        type=Path,
        metavar="BUILD|REF",
        help="an earlier build or revision: keep its pages",
    )
    add("--accept-deindex", type=_count, default=0, metavar="N", help="let N of those pages go")
    add("-q", "--quiet", action="store_true", help="print problems only")
    add("-v", "--verbose", action="store_true", help="list the files")
    return found


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
