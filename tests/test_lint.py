"""Claims are judged where they are meant, waived where a reason is given, and found again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from test_problems import project

from pageloom import cli, source
from pageloom.diagnostics import Location
from pageloom.lint.language import Acronyms, Slips
from pageloom.lint.numbers import Numbers
from pageloom.model import Row
from pageloom.pipeline import Options, build, check
from pageloom.settings import Words

CLAIMS = """
-- change matrix/matrix.yaml --
sources: sources.yaml
=>
sources: sources.yaml
claims: claims.yaml
-- matrix/claims.yaml --
rules:
  - id: slow
    pattern: \\bslow\\b
    sourced: true
    scope: {maker: [alfa]}
    why: They are not.
    right: Their speed.
    bad: It is slow.
    ok: It is quick.
"""


def snippet(body: str, selector: str = "{}", front: str = "") -> str:
    return f"-- content/answer.md --\n---\nslot: answer\nfor: {selector}\n{front}---\n{body}\n"


def codes(root: Path) -> list[str]:
    return [f"{item.location} {item.code}" for item in check(Options(root=root, jobs=1)).problems]


FACTS = """
-- matrix/facts.yaml --
- {id: a, about: {maker: alfa}, value: slow, unit: text, source: manual, confidence: high}
- {id: b, about: {maker: beta}, value: slow, unit: text, source: manual, confidence: high}
"""


@pytest.mark.parametrize(
    ("selector", "body", "found"),
    [
        ("{}", "It is slow.", False),
        ("{maker: [alfa, beta]}", "It is slow.", False),
        ("{maker: alfa}", "It is slow.", True),
        ("{maker: beta}", "It is slow.", False),
        ("{maker: alfa}", "It is slow {{ cite('manual') }}.", False),
    ],
)
def test_a_rule_with_a_scope_judges_what_is_about_its_rows(
    tmp_path: Path, *, selector: str, body: str, found: bool
):
    changes = CLAIMS + snippet(body, selector)
    if selector in {"{maker: alfa}", "{maker: beta}"}:
        changes += snippet("It is quick.").replace("content/answer.md", "content/rest.md")
    expected = ["content/answer.md:5:7 L801"] if found else []
    assert codes(project(tmp_path, changes)) == expected


@pytest.mark.parametrize(("fact", "found"), [("a", True), ("b", False)])
def test_a_sentence_is_about_what_all_its_facts_are_about(
    tmp_path: Path, *, fact: str, found: bool
):
    claims = CLAIMS.replace("    sourced: true\n", "")
    changes = claims + FACTS + snippet(f'It is {{{{ fact("{fact}") }}}}.')
    expected = ["content/answer.md:5:7 L801"] if found else []
    assert [item for item in codes(project(tmp_path, changes)) if "answer" in item] == expected


def test_a_row_that_a_template_prints_is_judged_and_no_other_field(tmp_path: Path):
    rows = (
        "-- matrix/makers.yaml --\n- slug: alfa\n  name: Alfa\n  line: Is slow.\n  memo: Is slow.\n"
    )
    changes = CLAIMS + rows + snippet("See {{ maker.line }}")
    assert codes(project(tmp_path, changes)) == ["matrix/makers.yaml:3:12 L801"]


def test_a_number_in_a_row_may_rest_on_a_fact_of_the_row(tmp_path: Path):
    changes = (
        CLAIMS
        + (
            "-- matrix/facts.yaml --\n"
            "- {id: f, value: 2, unit: hours, source: manual, confidence: high}\n"
            "-- matrix/faults.yaml --\n"
            "- {slug: smoke, name: Smoke, signs: [Ends in 2 hours, Ends in 3 hours], limit: f}\n"
        )
        + snippet("Look at {{ fault.signs }}")
    )
    assert codes(project(tmp_path, changes)) == ["matrix/faults.yaml:1:63 L802"]


def test_a_waiver_silences_its_rule_and_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    front = "waive: {slow: a quotation}\n"
    rest = snippet("It is quick.").replace("content/answer.md", "content/rest.md")
    root = project(tmp_path, CLAIMS + rest + snippet("Slow is slow.", "{maker: alfa}", front))
    assert codes(root) == []
    assert cli.main(["check", "--root", str(root)]) == 0
    assert "0 errors, 0 warnings (1 waived)" in capsys.readouterr().out
    assert dict(build(Options(root=root, jobs=1)).waived) == {"slow": 1}
    assert dict(build(Options(root=root, jobs=1)).waived) == {"slow": 1}


def test_what_was_found_is_found_again_at_its_new_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = "-- matrix/makers.yaml --\n- slug: alfa\n  name: Alfa\n  line: the the cat\n"
    root = project(tmp_path, rows + snippet("See {{ maker.line }}"))
    assert codes(root) == ["matrix/makers.yaml:3:9 L806"]
    path = root / "matrix/makers.yaml"
    path.write_text("# A line more\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("pageloom.lint.linter.prose", None)
    assert codes(root) == ["matrix/makers.yaml:4:9 L806"]


def test_a_file_with_an_error_is_judged_when_it_is_sound(tmp_path: Path):
    root = project(tmp_path, snippet("The the {{ fault.nam }}"))
    assert codes(root) == ["content/answer.md:5:9 C205"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a hour, an hour", ["a hour"]),
        ("an user, a user, a union, an uncle, a one-time fee", ["an user"]),
        ("a MRI, an HbA1c, an X-ray, vitamin A is", []),
        ("None of these, and none of those. Ask for None of it", []),
        ("that that, the the", ["the the"]),
        ("the sma genes, SMA, Sma, sma.org, plasma", ["sma", "Sma"]),
    ],
)
def test_slips_are_found_and_right_words_are_not(text: str, found: list[str]):
    row = Row("gene", "sma", {"name": "The SMA gene"}, Location(""))
    checks = Slips(Acronyms([row]), "en").checks
    starts = [item.offset for check in checks for item in check(text)]
    assert sorted(starts) == sorted(_starts(text, found))


def _starts(text: str, found: list[str]) -> list[int]:
    return [
        text.index(f" {item}") + 1 if f" {item}" in text else text.index(item) for item in found
    ]


def test_units_are_those_of_the_words():
    units = {"working_days": {"one": "{n} día hábil", "other": "{n} días hábiles"}, "count": "{n}"}
    numbers = Numbers(Words("es", {"units": units}, ""), {"dos": "2"})
    found = [(item.number, item.unit) for item in numbers.found("Dos días hábiles, 1,200 € y $5.")]
    assert found == [("2", "days"), ("5", "price")]


def test_the_patterns_of_the_flagship_end_in_time_on_hostile_text():
    import re
    import time

    root = Path(__file__).parent.parent
    node = source.read_yaml(root, "matrix/claims.yaml", lambda _: None)
    assert node is not None
    rules = node.get("rules")
    assert rules is not None
    texts = ["external review " * 40, "prior auth " * 60, "a" * 600, "120 days " * 70, " " * 600]
    started = time.process_time()
    for rule in rules.items:
        pattern = rule.get("pattern")
        assert pattern is not None
        for text in texts:
            re.search(pattern.text, text, re.IGNORECASE)
    assert time.process_time() - started < 2


Site = Callable[[str], Path]
DUE = """
-- matrix/sources.yaml --
- {slug: manual, title: Repair manual, url: https://manual.example/, as_of: 2026-01-01}
- {slug: law, title: Repair act, type: statute, as_of: 2026-01-01}
-- matrix/facts.yaml --
- {id: oil.change, value: "15000", unit: count, source: manual, confidence: high, as_of: 2026-01-01}
- {id: oil.law, value: thin, unit: text, source: law, confidence: high, as_of: 2026-01-01}
-- content/answer.md --
---
slot: answer
for: {maker: alfa}
---
Change it at {{ fact("oil.change") }}.
-- content/other.md --
---
slot: answer
for: {maker: beta}
---
Use {{ fact("oil.law") }} oil.
"""
ALFA, BETA = "alfa/smoke/index.html", "beta/smoke/index.html"


def on(root: Path, today: str) -> tuple[list[str], list[str]]:
    """Build on a day; return the pages that were written, and the codes of the problems."""
    outcome = build(Options(root=root, jobs=1, today=today))
    pages = [path for path in outcome.written if path != "build-info.json"]  # tells the next day
    return pages, [item.code for item in outcome.problems]


def test_a_later_day_marks_the_pages_whose_facts_are_due_and_no_others(tmp_path: Path):
    root = project(tmp_path, DUE)
    assert on(root, "")[1] == []
    assert on(root, "2027-01-01") == ([], [])
    assert on(root, "2027-01-02") == ([ALFA], ["L810"])
    page = (root / "site" / ALFA).read_text(encoding="utf-8")
    assert "Due to be checked again, last checked January 1, 2026" in page
    assert on(root, "2028-01-02") == ([BETA], ["L810"])
    assert on(root, "")[0] == [ALFA, BETA]


def test_an_edit_then_a_build_is_a_clean_build_on_any_day(tmp_path: Path):
    root = project(tmp_path, DUE)
    on(root, "")
    on(root, "2028-01-02")
    clean = Options(root=root, out=root / "clean", jobs=1, today="2028-01-02")
    build(clean)
    assert files(root / "site") == files(root / "clean")


def files(folder: Path) -> dict[str, bytes]:
    found = (Path(base) / name for base, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_review_renews_a_fact(tmp_path: Path):
    reviews = "-- matrix/reviews.yaml --\n- {fact: oil.change, date: 2026-12-01, who: A. Editor}\n"
    root = project(tmp_path, DUE + reviews)
    on(root, "")
    assert on(root, "2027-01-02") == ([], [])


def test_intervals_are_settings_and_a_fact_may_have_its_own(tmp_path: Path):
    own = DUE.replace(
        "confidence: high, as_of: 2026-01-01}\n- {id: oil.law",
        ("confidence: high, as_of: 2026-01-01, interval_months: 3}\n- {id: oil.law"),
    )
    settings = (
        "-- change content/site.yaml --\nas_of: 2026-11-25\n=>\n"
        "as_of: 2026-11-25\nreview_months: {statute: 36}\n"
    )
    root = project(tmp_path, own + settings)
    assert on(root, "2026-04-01")[1] == []
    assert on(root, "2026-04-02")[1] == ["L810"]
    page = (root / "site" / BETA).read_text(encoding="utf-8")
    on(root, "2028-06-01")
    assert (root / "site" / BETA).read_text(encoding="utf-8") == page


def test_what_is_due_is_listed_by_source_with_value_and_pages(tmp_path: Path):
    from pageloom import freshness
    from pageloom.pipeline import decide

    decision = decide(Options(root=project(tmp_path, DUE), jobs=1, today="2027-01-02"))
    assert decision.plan is not None
    assert decision.composer is not None
    (found,) = freshness.due(decision.plan, decision.composer.cited)
    assert (found.source.slug, found.checked, found.pages) == ("manual", "2026-01-01", ())
    (fact,) = found.facts
    assert (fact.fact.slug, fact.checked, fact.pages) == (
        "oil.change",
        "2026-01-01",
        ("/alfa/smoke/",),
    )


def test_a_check_ends_on_the_same_day_of_the_month_or_its_last():
    from pageloom.freshness import is_over

    assert not is_over("2025-08-31", 6, "2026-02-28")
    assert is_over("2025-08-31", 6, "2026-03-01")
    assert not is_over("", 6, "2026-03-01")
    assert not is_over("9990-01-01", 600, "9999-12-31")
