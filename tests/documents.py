"""Documents as programs: fenced blocks that write files, run commands, and show output.

A fence `sh` is run. A fence with a path after its language is a file, with `+` an addition to one.
A fence `text` shows the output of the commands above it; `text example` is not compared.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
_FENCE = re.compile(r"^```(\w+)((?: [^\s`]+)*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\d+\.\d s$", re.MULTILINE)
_NEEDS_MORE = ("pytest", "http.server", "git ", ".ci/", "ruff", "mypy", "lint-imports", "kill ")
_PROJECT = ("content", "matrix", "themes", "examples", "build.py")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the words after it, and its text."""

    language: str
    words: tuple[str, ...]
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document in order."""
    for language, words, text in _FENCE.findall(document.read_text(encoding="utf-8")):
        yield Block(language, tuple(words.split()), text)


def copy_project(target: Path) -> None:
    """Copy the flagship and the examples, without what a build made of them."""
    ignored = shutil.ignore_patterns("site", ".pageloom", "__pycache__")
    for name in _PROJECT:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)


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
    if any(word in command for word in _NEEDS_MORE):
        return ""
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY)},
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
        "python": f'exec {python} "$@"',
        "python3": f'test "$1" = -m && test "$2" = venv || exec {python} "$@"',
        "pip": "exit 0",
        "activate": "",
        "pageloom": f'exec {python} {build} "$@"',
    }
    target = folder / ".venv" / "bin"
    target.mkdir(parents=True)
    for name, text in programs.items():
        (target / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (target / name).chmod(0o755)
