"""What a build says of itself, builds that are only to be looked at, and what is live."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ledgers import released
from test_diff import git
from trees import append, copied, made, rebuilt, replace, tree

from pageloom import cli, live
from pageloom.options import Options
from pageloom.release import release


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """Return a committed project in a repository of its own."""
    root = copied("garden", tmp_path / "garden")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "first")
    return root


def record(root: Path) -> dict[str, Any]:
    """Return what the last build said of itself."""
    value: dict[str, Any] = json.loads((root / "site/build-info.json").read_text(encoding="utf-8"))
    return value


def head(root: Path) -> str:
    """Return the commit that is checked out."""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def compared(root: Path, file: Path) -> str:
    """Return what a deploy would change by a file of the live site."""
    return live.compare(Options(root=root), file).text()


def built(root: Path, *options: str) -> int:
    """Build by the command line."""
    return cli.main(["build", "--root", str(root), "--quiet", *options])


def test_the_record_is_the_same_in_another_folder_and_without_a_repository(
    garden: Path, tmp_path: Path
):
    made(garden)
    assert rebuilt(garden, tmp_path / "elsewhere") == tree(garden / "site")
    assert "commit" not in record(garden)


def test_the_record_counts_cells_by_verdict(garden: Path):
    outcome = made(garden)
    assert record(garden)["verdicts"] == dict(outcome.verdicts)


def test_a_commit_is_named_when_it_is_given_and_changes_no_page(garden: Path):
    made(garden)
    before = tree(garden / "site")
    assert built(garden, "--commit", "HEAD") == 0
    assert record(garden)["commit"] == head(garden)
    after = tree(garden / "site")
    assert {path for path in after if after[path] != before[path]} == {"build-info.json"}


@pytest.mark.parametrize("path", ["content/answer.md", "matrix/new.yaml"])
def test_a_commit_that_is_not_what_is_built_is_refused(
    garden: Path, path: str, capsys: pytest.CaptureFixture[str]
):
    append(garden / path, "\n")
    assert built(garden, "--commit", "HEAD") == cli.USAGE
    expected = f"{path} not as in HEAD: commit, or leave --commit out\n"
    assert capsys.readouterr().err == expected
    assert not (garden / "site").exists()


def test_files_that_no_build_reads_may_differ_from_the_commit(garden: Path):
    append(garden / "notes.txt", "anything\n")
    assert built(garden, "--commit", "HEAD") == 0


def test_an_unknown_commit_is_wrong_usage(garden: Path, capsys: pytest.CaptureFixture[str]):
    assert built(garden, "--commit", "nowhere") == cli.USAGE
    assert capsys.readouterr().err == "git knows no revision `nowhere`\n"


def test_the_ledger_has_a_digest_that_a_release_changes(garden: Path):
    made(garden)
    assert "ledger" not in record(garden)
    released(garden, "2026-11-25")
    made(garden)
    first = record(garden)["ledger"]
    (one,) = (garden / "matrix/ledger").glob("spot.tsv")
    one.rename(one.with_name("other.tsv"))
    made(garden)
    assert record(garden)["ledger"] == first, "in which file a line stands has no meaning"
    released(garden, "2026-11-26")
    append(garden / "content/answer.md", "\nAnother sentence.\n")
    released(garden, "2026-11-27")
    made(garden)
    assert record(garden)["ledger"] != first


AGENDA = """\
-- matrix/matrix.yaml --
format: 1
axes: {}
facts: facts.yaml
sources: sources.yaml
families:
  home:
    axes: []
    route: /
    title: ["{{ site.brand }}: one page about one thing and nothing else"]
    description: ["One page about one thing, long enough to be a description that search engines show whole: it says so itself."]
    h1: "One"
    link_text: "One"
    slots:
      answer: {snippet: required}
-- matrix/sources.yaml --
- {slug: book, title: A book, as_of: 2026-01-10}
-- matrix/facts.yaml --
- {id: a.b, value: 14, unit: calendar_days, source: book, citation: p. 1, as_of: 2026-03-31, confidence: high}
- {id: a.c, value: 15, unit: calendar_days, source: book, citation: p. 2, as_of: 2026-03-31, confidence: high, interval_months: 11}
-- content/site.yaml --
brand: One
base_url: https://one.example
as_of: 2026-11-25
offers:
  home: {label: Go, url: "https://one.example/", list_price: $20, list_price_since: 2026-01-01, price: $10, until: 2026-12-01}
-- content/answer.md --
---
slot: answer
for: {}
reviewed: 2026-01-31
interval_months: 12
---
It takes {{ fact("a.b") }}, or {{ fact("a.c") }}.
"""  # noqa: E501


@pytest.mark.parametrize(
    ("today", "date", "what"),
    [
        ("2026-11-25", "2026-12-02", "the promotion of the offer for `home` has ended"),
        ("2026-12-01", "2026-12-02", "the promotion of the offer for `home` has ended"),
        ("2026-12-02", "2027-01-11", "the check of 1 source is over"),
        ("2027-01-11", "2027-02-01", "the check of 1 snippet is over"),
        ("2027-02-01", "2027-03-01", "the check of 1 fact is over"),
        ("2027-03-01", "2027-04-01", "the check of 1 fact is over"),
    ],
)
def test_the_record_names_the_next_day_on_which_something_changes(
    site: Callable[[str], Path], today: str, date: str, what: str
):
    root = site(AGENDA)
    made(root, today=today)
    assert record(root)["next_change"] == {"date": date, "what": [what]}
    said = made(root, today=date).written
    assert "build-info.json" in said, "on that day a build gives something else"


def test_after_the_last_day_nothing_changes_any_more(site: Callable[[str], Path]):
    root = site(AGENDA)
    made(root, today="2027-04-01")
    assert record(root)["next_change"] is None


@pytest.mark.parametrize("option", ["--noindex", "--preview"])
def test_a_build_to_look_at_is_noindex_everywhere_and_has_no_sitemap(garden: Path, option: str):
    append(garden / "content/site.yaml", "host: cloudflare-pages\n")
    released(garden)
    assert built(garden) == 0
    assert {"sitemap.xml", "feed.xml"} <= set(tree(garden / "site"))
    assert built(garden, option) == 0
    files = tree(garden / "site")
    pages = {path: text for path, text in files.items() if path.endswith(".html")}
    assert len(pages) > 10
    assert [path for path, text in pages.items() if b'content="noindex"' not in text] == []
    assert [path for path in files if path.endswith(".xml")] == []
    assert b"feed.xml" not in b"".join(pages.values())
    assert b"Sitemap" not in files["robots.txt"]
    assert b"Disallow" not in files["robots.txt"], "what is not read is not seen to be noindex"
    assert b"  X-Robots-Tag: noindex" in files["_headers"].partition(b"\n\n")[0]
    assert record(garden)["noindex"] is True


def test_verdicts_stay_as_they_are_in_a_build_to_look_at(garden: Path):
    assert made(garden).verdicts == made(garden, noindex=True).verdicts


def test_a_build_after_one_to_look_at_equals_a_clean_one(garden: Path, tmp_path: Path):
    made(garden, noindex=True)
    made(garden)
    assert tree(garden / "site") == rebuilt(garden, tmp_path / "clean")


def test_what_is_kept_out_of_the_index_is_not_released(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(["release", "--root", str(garden), "--noindex"]) == cli.USAGE
    assert "leave --noindex out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ci", "options", "warned"),
    [(True, [], True), (True, ["--today", "2026-11-25"], False), (False, [], False)],
)
def test_where_ci_is_set_a_build_without_today_warns(
    garden: Path,
    ci: bool,  # noqa: FBT001
    options: list[str],
    warned: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("CI", "true") if ci else monkeypatch.delenv("CI", raising=False)
    for command in ("build", "check"):
        assert cli.main([command, "--root", str(garden), "-q", *options]) == 0
        assert ("warning: CI is set and --today is not" in capsys.readouterr().err) == warned


def test_a_record_without_a_commit_says_that_pages_cannot_be_compared(garden: Path):
    made(garden)
    text = compared(garden, garden / "site/build-info.json")
    assert "pages cannot be compared: the live build names no commit" in text
    assert "files changed" not in text


def test_a_record_with_a_commit_says_what_a_deploy_changes(garden: Path, tmp_path: Path):
    assert built(garden, "--commit", "HEAD") == 0
    file = (garden / "site/build-info.json").rename(tmp_path / "live.json")
    (garden / "content/advice/north-rose-aphid.md").unlink()
    append(garden / "content/site.yaml", "crawlers: none\n")
    text = compared(garden, file)
    assert f"commit: {head(garden)[:12]}" in text
    assert "cells: 16 → 15 published" in text
    assert "files changed:\n  robots.txt\n" in text
    assert "removed:\n  /north/rose/aphid/\n" in text


def test_a_record_whose_commit_is_unknown_here_says_so(garden: Path, tmp_path: Path):
    made(garden)
    value = {**record(garden), "commit": "0" * 40}
    (tmp_path / "live.json").write_text(json.dumps(value), encoding="utf-8")
    text = compared(garden, tmp_path / "live.json")
    assert f"pages cannot be compared: git knows no revision `{'0' * 40}`" in text


def test_a_sitemap_says_which_addresses_come_and_go_and_which_dates_move(
    garden: Path, tmp_path: Path
):
    released(garden, "2026-11-25")
    made(garden)
    file = (garden / "site/sitemap.xml").rename(tmp_path / "sitemap.xml")
    (garden / "content/advice/north-rose-aphid.md").unlink()
    replace(garden / "content/answer.md", "\n---\n", "\n---\nFirst of all: ")
    recorded = release(Options(root=garden, today="2026-11-27", accept_deindex=1, jobs=1))
    assert recorded.withdrawn == ("/north/rose/aphid/",)
    text = compared(garden, file)
    assert "addresses removed:\n  /north/rose/aphid/\n" in text
    assert "addresses with another date:\n  /" in text
    assert "addresses added" not in text


def test_the_list_of_a_deploy_says_which_files_come_and_go(garden: Path, tmp_path: Path):
    made(garden)
    assert cli.main(["changes", "--root", str(garden)]) == 0
    file = next((garden / ".pageloom").rglob("files.json")).rename(tmp_path / "files.json")
    (garden / "content/advice/north-rose-aphid.md").unlink()
    made(garden)
    text = compared(garden, file)
    assert "files removed:\n  north/rose/aphid/index.html" in text
    assert "files changed:\n" in text


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"generator": "Hugo"}', "hello there", "\x00"])
def test_a_file_that_is_none_of_these_is_wrong_usage(
    garden: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text(text, encoding="utf-8")
    file = tmp_path / "file"
    assert cli.main(["diff", "--root", str(garden), "--live", str(file)]) == cli.USAGE
    assert f"{file} is no build-info.json, files.json or sitemap" in capsys.readouterr().err


def test_diff_wants_one_thing_to_compare_with(garden: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["diff", "--root", str(garden)]) == cli.USAGE
    assert cli.main(["diff", "HEAD", "--live", "x", "--root", str(garden)]) == cli.USAGE
    assert cli.main(["diff", "--live", str(garden / "none"), "--root", str(garden)]) == cli.USAGE
    err = capsys.readouterr().err
    assert err.count("say what to compare with") == 2
    assert "No such file" in err


def test_the_live_site_as_json_and_as_a_comment(garden: Path, capsys: pytest.CaptureFixture[str]):
    assert built(garden, "--commit", "HEAD") == 0
    given = ["diff", "--root", str(garden), "--live", str(garden / "site/build-info.json")]
    assert cli.main([*given, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["version"], value["pages"]["changed"]) == (1, [])
    assert cli.main([*given, "--markdown"]) == 0
    assert "**Pages compared with" in capsys.readouterr().out
