"""The example of the README: six files, 8 cells, 8 pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pageloom.options import Options
from pageloom.pipeline import build

EXAMPLES = Path(__file__).parent.parent / "examples"
DENIALS = [
    f"{payer}/{procedure}/{reason}/index.html"
    for payer in ("example-health", "sample-mutual")
    for procedure in ("knee-mri", "physical-therapy")
    for reason in ("missing-records", "no-approval")
]


@pytest.fixture
def minimal(tmp_path: Path) -> Path:
    """Return a copy of the minimal example."""
    ignored = shutil.ignore_patterns("site", ".pageloom")
    return Path(shutil.copytree(EXAMPLES / "minimal", tmp_path / "minimal", ignore=ignored))


def pages(root: Path) -> list[str]:
    site = root / "site"
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


def test_the_minimal_example_has_six_files(minimal: Path):
    files = sorted(path.name for path in minimal.rglob("*") if path.is_file())
    expected = ["answer.md", "matrix.yaml", "payers.yaml", "procedures.yaml", "reasons.yaml"]
    assert files == [*expected, "site.yaml"]


def test_the_minimal_example_builds_eight_denial_pages_and_home(minimal: Path):
    outcome = build(Options(root=minimal))
    assert outcome.problems == ()
    assert pages(minimal) == sorted([*DENIALS, "index.html"])


def test_the_minimal_example_looks_as_accepted(minimal: Path, golden: Callable[[str, Path], None]):
    build(Options(root=minimal))
    golden("minimal", minimal / "site")


def test_a_second_build_of_the_minimal_example_writes_nothing(minimal: Path):
    build(Options(root=minimal))
    again = build(Options(root=minimal))
    assert (again.written, again.removed, again.unchanged) == ((), (), 14)


def test_a_third_payer_gives_four_more_pages_and_touches_no_other(minimal: Path):
    build(Options(root=minimal))
    with (minimal / "matrix/payers.yaml").open("a", encoding="utf-8") as file:
        file.write("- slug: third-plan\n  name: Third Plan\n")
    outcome = build(Options(root=minimal))
    new = sorted(path for path in pages(minimal) if path.startswith("third-plan/"))
    assert outcome.problems == ()
    assert len(new) == 4
    assert sorted(outcome.written) == sorted([*new, "build-info.json", "index.html", "sitemap.xml"])


def test_removing_a_payer_removes_its_pages(minimal: Path):
    build(Options(root=minimal))
    payers = minimal / "matrix/payers.yaml"
    payers.write_text("- slug: example-health\n  name: Example Health\n", encoding="utf-8")
    outcome = build(Options(root=minimal))
    assert list(outcome.removed) == [path for path in DENIALS if path.startswith("sample-")]


def test_the_minimal_example_prints_no_word_of_the_flagship(minimal: Path):
    build(Options(root=minimal))
    text = "".join((minimal / "site" / path).read_text(encoding="utf-8") for path in DENIALS)
    assert "letter" not in text.casefold()
