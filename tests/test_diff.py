"""What changed since a revision: pages, verdicts and problems, between git and the working tree."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ledgers import released
from trees import append, copied, replace

from pageloom import cli, diff, revision
from pageloom.diagnostics import Diagnostic, Location
from pageloom.difference import Difference
from pageloom.options import Options

LACKING = "specific share 0.00, 0.50 wanted"


def git(folder: Path, *arguments: str) -> None:
    """Run git with an author of its own and no settings of this machine."""
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@t.example", "-C", str(folder)]
    subprocess.run([*command, *arguments], check=True, capture_output=True)


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """Return a committed project in a folder of a repository."""
    root = copied("garden", tmp_path / "repository" / "sites" / "garden")
    git(tmp_path / "repository", "init", "--quiet")
    git(tmp_path / "repository", "add", "--all")
    git(tmp_path / "repository", "commit", "--quiet", "--message", "first")
    return root


def compared(root: Path, ref: str = "HEAD") -> Difference:
    """Return what changed since a revision."""
    return diff.compare(Options(root=root), ref)


def test_an_unchanged_project_has_no_difference(garden: Path):
    found = compared(garden)
    assert (found.added, found.removed, found.changed, found.flips) == ((), (), (), ())
    assert (found.new, found.gone, found.failed, found.exact) == ((), (), False, True)


def test_a_comment_in_a_row_changes_no_page(garden: Path):
    append(garden / "matrix" / "pests.yaml", "# A comment is not a value.\n")
    assert compared(garden).changed == ()


def test_an_edit_changes_the_pages_that_print_it(garden: Path):
    replace(garden / "content/advice/north-rose-aphid.md", "wet thumb", "damp thumb")
    found = compared(garden)
    assert (found.added, found.removed) == ((), ())
    assert found.changed == ("/north/rose/aphid/",)


def test_a_snippet_that_is_gone_flips_the_verdict_with_the_reason(garden: Path):
    (garden / "content/advice/north-rose-aphid.md").unlink()
    found = compared(garden)
    assert found.removed == ("/north/rose/aphid/",)
    assert "/north/rose/" in found.changed
    (flip,) = found.flips
    assert (flip.route, flip.before, flip.after) == ("/north/rose/aphid/", "published", "folded")
    assert LACKING in flip.because
    assert found.verdicts["published"] == (16, 15)


def test_a_snippet_that_is_new_releases_its_page_and_says_what_was_lacking(garden: Path):
    text = (garden / "content/advice/north-rose-aphid.md").read_text(encoding="utf-8")
    path = garden / "content/advice/south-bean-aphid.md"
    path.write_text(
        text.replace("region: north", "region: south").replace("plant: rose", "plant: bean"),
        encoding="utf-8",
    )
    replace(path, "wet thumb", "cold hand and a little soap on it")
    found = compared(garden)
    assert found.added == ("/south/bean/aphid/",)
    (flip,) = found.flips
    assert (flip.before, flip.after) == ("folded", "published")
    assert LACKING in flip.because
    assert "folded → published  /south/bean/aphid/  was: " in found.text()


def test_problems_that_only_moved_are_neither_new_nor_gone(garden: Path):
    append(garden / "matrix/pests.yaml", "- {slug: wasp, name: Wasp, zzz: 1}\n")
    git(garden, "commit", "--quiet", "--all", "--message", "second")
    before = (garden / "matrix/pests.yaml").read_text(encoding="utf-8")
    (garden / "matrix/pests.yaml").write_text("# A line above.\n" + before, encoding="utf-8")
    found = compared(garden)
    assert (found.new, found.gone) == ((), ())


def test_new_and_gone_problems_have_their_lines(garden: Path):
    append(garden / "content/answer.md", '\n[Here]({{ link("spot", plant="bean") }}).\n')
    (garden / "content/advice/unused.md").write_text(
        "---\nslot: answer\nfor: {region: coast}\n---\nNobody.\n", encoding="utf-8"
    )
    found = compared(garden)
    assert "content/advice/unused.md:2:7: warning[C215]: no page uses this snippet" in [
        problem.first_line() for problem in found.new
    ]
    git(garden, "add", "--all")
    git(garden, "commit", "--quiet", "--message", "second")
    (garden / "content/advice/unused.md").unlink()
    gone = [problem.code for problem in compared(garden).gone]
    assert gone == ["C215"]


def test_a_working_tree_with_errors_fails_and_says_that_pages_are_not_compared(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    append(garden / "matrix/grown.yaml", "- {region: nowhere, plant: rose, line: L}\n")
    assert cli.main(["diff", "HEAD", "--root", str(garden)]) == 1
    out = capsys.readouterr().out
    assert "pages are not compared: the working tree cannot be built" in out
    assert "error[M103]: unknown region `nowhere`" in out
    assert "gone" not in out


def test_a_revision_with_errors_is_told_and_is_no_failure(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    before = (garden / "matrix/grown.yaml").read_text(encoding="utf-8")
    append(garden / "matrix/grown.yaml", "- {region: nowhere, plant: rose}\n")
    git(garden, "commit", "--quiet", "--all", "--message", "second")
    (garden / "matrix/grown.yaml").write_text(before, encoding="utf-8")
    assert cli.main(["diff", "HEAD", "--root", str(garden)]) == 0
    out = capsys.readouterr().out
    assert "pages are not compared: HEAD cannot be built" in out
    assert "problems that are gone:" in out


def test_json_holds_all_of_it(garden: Path, capsys: pytest.CaptureFixture[str]):
    (garden / "content/advice/north-rose-aphid.md").unlink()
    assert cli.main(["diff", "HEAD", "--root", str(garden), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["version"], value["ref"], value["removed"]) == (1, "HEAD", ["/north/rose/aphid/"])
    assert value["flips"][0]["after"] == "folded"
    assert value["verdicts"]["published"] == [16, 15]
    assert set(value["problems"]) == {"new", "gone", "others"}


def test_markdown_is_short_enough_for_a_comment(garden: Path, capsys: pytest.CaptureFixture[str]):
    (garden / "content/advice/north-rose-aphid.md").unlink()
    assert cli.main(["diff", "HEAD", "--root", str(garden), "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("**Pages compared with `HEAD`**")
    assert "| published | 16 | 15 |" in lines
    (row,) = (line for line in lines if line.startswith("| `/"))
    assert row.startswith("| `/north/rose/aphid/` | published → folded | because: ")
    assert len(lines) < 30


def test_an_unknown_revision_is_wrong_usage(garden: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["diff", "nowhere", "--root", str(garden)]) == 2
    assert capsys.readouterr().err == "git knows no revision `nowhere`\n"


def test_a_revision_that_looks_like_an_option_is_none(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(["diff", "--root", str(garden), "--", "--all"]) == 2
    assert capsys.readouterr().err == "git knows no revision `--all`\n"


def test_outside_a_repository_there_is_nothing_to_compare_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = copied("garden", tmp_path / "garden")
    assert cli.main(["diff", "HEAD", "--root", str(root)]) == 2
    assert capsys.readouterr().err == f"{root} is in no git repository\n"


def test_a_project_that_was_not_there_yet_is_wrong_usage(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    other = copied("garden", garden.parent / "other")
    assert cli.main(["diff", "HEAD", "--root", str(other)]) == 2
    assert "the project's folder `sites/other` is not in" in capsys.readouterr().err


def test_a_link_that_leads_out_of_the_repository_is_left_out(garden: Path, tmp_path: Path):
    (tmp_path / "secret.md").write_text("---\nslot: answer\nfor: {}\n---\nSecret.\n")
    (garden / "content" / "secret.md").symlink_to("/etc/hosts")
    git(garden, "add", "--all")
    git(garden, "commit", "--quiet", "--message", "second")
    (garden / "content" / "secret.md").unlink()
    assert compared(garden).changed == ()


def test_a_revision_is_exported_with_the_links_that_stay_in_it(garden: Path, tmp_path: Path):
    content = garden / "content"
    (content / "within.md").symlink_to(next(content.glob("*.md")).name)
    (content / "folder").symlink_to("../matrix")
    (content / "up").symlink_to("../../..")
    (content / "away").symlink_to("/etc")
    (content / "far.md").symlink_to("up/secret.md")
    (content / "round").symlink_to("round")
    git(garden, "add", "--all")
    git(garden, "commit", "--quiet", "--message", "second")
    target = tmp_path / "then"
    revision.resolved(garden, "HEAD").export(target)
    found = {path.name for path in (target / "content").iterdir() if path.is_symlink()}
    assert found == {"within.md", "folder"}
    assert (target / "content" / "within.md").read_bytes() == (content / "within.md").read_bytes()
    assert (target / "matrix" / "matrix.yaml").is_file()


def test_the_working_tree_is_left_as_it_was(garden: Path):
    def files() -> set[str]:
        found = garden.rglob("*")
        return {path.relative_to(garden).as_posix() for path in found if path.is_file()}

    before = files()
    compared(garden)
    assert {path for path in files() - before if not path.startswith(".pageloom/cache/")} == set()
    listed = subprocess.run(
        ["git", "-C", str(garden), "worktree", "list"], check=True, capture_output=True, text=True
    )
    assert len(listed.stdout.splitlines()) == 1


def commented(root: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return the comment for a pull request."""
    capsys.readouterr()
    cli.main(["diff", "HEAD", "--root", str(root), "--markdown", *options])
    return capsys.readouterr().out


def test_a_comment_names_every_problem_with_what_to_do(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    append(garden / "matrix/grown.yaml", "- {region: nort, plant: rose, line: L}\n")
    text = commented(garden, capsys)
    place = next(line for line in text.splitlines() if "M103" in line)
    assert place.startswith("- **error M103** `matrix/grown.yaml:")
    assert "  - expected: the slug of a region" in text
    assert "  - **to do:** the closest name is `north`" in text


def test_a_comment_has_the_verdicts_of_each_new_row(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    append(garden / "matrix/pests.yaml", "- {slug: wasp, name: Wasp}\n")
    (row,) = compared(garden).rows
    assert (row.name, row.slug) == ("pest", "wasp")
    assert sum(count for *_, count in row.verdicts) > 1
    text = commented(garden, capsys)
    assert "| new row | place | its cells | they lack |" in text
    assert f"| pest `wasp` | `{row.place}` | " in text
    assert " folded" in text
    assert "wanted" in text


def test_a_comment_folds_the_problems_that_were_there_before(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    text = commented(garden, capsys)
    assert "New problems" not in text
    count = len(compared(garden).others)
    assert count
    summary = f"<details><summary>Problems that were there before: {count}</summary>"
    assert summary in text


def test_problems_of_pages_that_did_not_change_are_in_a_comment(garden: Path):
    replace(garden / "matrix/matrix.yaml", ": plants and pests, region by region", "")
    git(garden, "commit", "--quiet", "--all", "--message", "second")
    assert compared(garden).changed == ()
    assert "P601" in {problem.code for problem in compared(garden).others}


def test_a_released_address_that_leads_nowhere_is_in_a_comment(garden: Path):
    released(garden, "2026-11-25")
    git(garden, "add", "--all")
    git(garden, "commit", "--quiet", "--message", "second")
    text = (garden / "matrix/pests.yaml").read_text(encoding="utf-8")
    (garden / "matrix/pests.yaml").write_text(text.replace("aphid", "greenfly"), encoding="utf-8")
    for path in (garden / "content").rglob("*.md"):
        path.write_text(path.read_text("utf-8").replace("aphid", "greenfly"), encoding="utf-8")
    found = compared(garden)
    assert "R507" in {problem.code for problem in found.new}
    assert found.removed, "pages are compared all the same"


def test_a_comment_is_cut_where_it_would_be_too_long(garden: Path):
    problem = Diagnostic(code="M103", location=Location("a.yaml", 1, 1), message="m" * 70)
    found = Difference(ref="HEAD", commit="0", others=(problem,) * 2000)
    text = found.markdown()
    assert 60_000 < len(text) < 65_536
    assert text.endswith("more lines: `python build.py check` prints every problem.")
    assert text.count("<details>") == text.count("</details>") == 1


def test_texts_of_problems_cannot_call_people_or_write_elements(garden: Path):
    location = Location("a.yaml", 1, 1)
    problem = Diagnostic(code="M103", location=location, message="<img> @all #1 `<b> @x`")
    text = Difference(ref="HEAD", commit="0", new=(problem,)).markdown()
    assert "&lt;img> @\u200ball #\u200b1 `<b> @x`" in text
