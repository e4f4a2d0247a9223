"""Documents as programs: fenced blocks that write files, run commands, and show output.

A fence `sh` is run, in a repository with two commits, but for the commands of `NOT_RUN`. A fence
with a path after its language is a file, with `+` an addition to one. A fence `text` shows the
output of the commands above it; `text example` is not compared.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pageloom.changes import FORMAT

REPOSITORY = Path(__file__).parent.parent
_FENCE = re.compile(r"^( *)```(\w+)((?: [^\s`]+)*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_AND = re.compile(r""" && (?=(?:[^'"]|'[^']*'|"[^"]*")*$)""")
_SECONDS = re.compile(r"\d+\.\d s$", re.MULTILINE)
_PROJECT = (
    ".gitignore",
    "build.py",
    "content",
    "docs/how-to/deploy_s3.py",
    "examples",
    "matrix",
    "tests/golden",
    "themes",
)
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A Reader"), ("EMAIL", "reader@example.org"))
}
NOT_RUN: Mapping[str, str] = {
    "npx wrangler pages deploy": "sends the site to a host",
    "npx wrangler pages dev": "needs wrangler; tests/test_hosts.py asks it where it is installed",
    "netlify deploy": "sends the site to a host",
    "aws s3api": "speaks to a host",
    "aws cloudfront": "speaks to a host",
    "python docs/how-to/deploy_s3.py": "sends the site to a host; tests/test_changes.py runs it "
    "against a server of this machine",
    "rsync ": "sends the site to another machine",
    "scp ": "sends a file to another machine",
    "curl ": "asks the site where it is live",
    "ssh ": "speaks to another machine",
    ".ci/run": "runs all tests, this one too",
    "python -m pytest": "runs all tests, this one too",
    ".venv/bin/python -m pytest": "runs all tests, this one too",
    "ruff check": "judges the engine, of which there is no copy here; .ci/run does it",
    "ruff format": "the same",
    "mypy": "the same",
    "lint-imports": "the same",
    "python -m venv ~/": "makes a folder in the home of who runs the tests",
    "~/bench-tools/bin/pip": "installs another generator",
    "npm install --prefix ~/": "installs another generator",
    "python benchmarks/": "takes minutes to hours",
    "PYTHONPATH=. python benchmarks/": "takes minutes to hours",
}
"""Commands that no test runs, by how they begin, and why."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the words after it, and its text."""

    language: str
    words: tuple[str, ...]
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document in order."""
    for indent, language, words, text in _FENCE.findall(document.read_text(encoding="utf-8")):
        lines = (line.removeprefix(indent) for line in text.splitlines(keepends=True))
        yield Block(language, tuple(words.split()), "".join(lines))


def commands(text: str) -> Iterator[str]:
    """Yield the commands of a block, those that `&&` joins one by one."""
    for line in text.replace("\\\n", " ").splitlines():
        yield from (part.strip() for part in _AND.split(line) if part.strip())


def is_run(command: str) -> bool:
    """Whether the tests run a command."""
    return not command.startswith(tuple(NOT_RUN))


def copy_project(target: Path) -> None:
    """Copy the flagship and the examples, without what a build made of them, as a repository.

    The last commit corrected a text.
    """
    ignored = shutil.ignore_patterns("site", ".pageloom", "__pycache__")
    for name in _PROJECT:
        source = REPOSITORY / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)
    text = target / "content/pages/about.md"
    after = text.read_text(encoding="utf-8")
    text.write_text(after.rstrip() + "\n\nMore is to come.\n", encoding="utf-8")
    for change in (lambda: None, lambda: text.write_text(after, encoding="utf-8")):
        change()
        if not (target / ".git").exists():
            _git(target, "init", "--quiet", "--initial-branch=main")
        _git(target, "add", "--all")
        _git(target, "commit", "--quiet", "--message", "An edit")


def _git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, **_AUTHOR, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)


def run(document: Path, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Run a document in `folder`; yield each command with the output it shows and has."""
    _write_programs(folder)
    output = command = ""
    for block in blocks(document):
        if block.language == "sh":
            command, output = block.text, _run(block.text, folder)
        elif block.language == "text" and not block.words:
            yield command, _SECONDS.sub("0.0 s", block.text), _SECONDS.sub("0.0 s", output)
        elif block.words and "/" in block.words[0]:
            _write(folder / block.words[0], block.text, added="+" in block.words)


def _write(path: Path, text: str, *, added: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if added:
        assert path.is_file(), f"{path} is added to and does not exist"
        text = path.read_text(encoding="utf-8") + text
    path.write_text(text, encoding="utf-8")


def _run(command: str, folder: Path) -> str:
    lines = command.replace("\\\n", " ").splitlines()
    kept = [
        " && ".join(part if is_run(part.strip()) else "true" for part in _AND.split(line))
        for line in lines
    ]
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(kept)],
        cwd=folder,
        env={
            **os.environ,
            **_AUTHOR,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH": path,
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}{done.stdout}{done.stderr}"
    return done.stdout


def _write_programs(folder: Path) -> None:
    """Make an environment whose programs are this interpreter and this engine."""
    python, build = shlex.quote(sys.executable), shlex.quote(str(REPOSITORY / "build.py"))
    programs = {
        "python": f"""\
if [ "$1 $2" = "-m http.server" ]; then  # on a free port, until it has answered
  shift 2; timeout 2 {python} -u -m http.server 0 "$@" >server.log 2>&1
  grep -q "^Serving HTTP" server.log && rm server.log; exit
fi
exec {python} "$@\"""",
        "python3": f'test "$1" = -m && test "$2" = venv || exec {python} "$@"',
        "pip": "exit 0",
        "aws": f"""\
# `aws s3 cp` between folders; the host has nothing yet
test "$1 $2" = "s3 cp" || exit 1
store={shlex.quote(str(folder / "host"))}
from=$(echo "$3" | sed "s|^s3:/|$store|"); to=$(echo "$4" | sed "s|^s3:/|$store|")
state="$store/denial-atlas-state/files.json"; mkdir -p "$(dirname "$state")"
test -e "$state" || echo '{json.dumps({"format": FORMAT, "files": {}, "retired": {}})}' >"$state"
cp "$from" "$to\"""",
        "activate": "",
        "pageloom": f'exec {python} {build} "$@"',
    }
    target = folder / ".venv" / "bin"
    target.mkdir(parents=True)
    for name, text in programs.items():
        (target / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (target / name).chmod(0o755)
