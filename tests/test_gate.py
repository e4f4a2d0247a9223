"""The gate: what counts, who stands, what is compared, and that nothing happens by accident."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from clinics import CARES, TOWNS, WHYS, clinics, prose, put, tweaked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import append, copied, errors, made, replace, tree

from pageloom import advice, cli, copies, explain, gate, likeness
from pageloom.compose import Provenance
from pageloom.measure import Measure
from pageloom.model import Gate
from pageloom.names import Names, without_tags, words
from pageloom.options import Options
from pageloom.pipeline import Decision, build, check, decide
from pageloom.plan import PUBLISHED, FamilyPlan, Plan

SLOW = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def decided(root: Path) -> tuple[Decision, Plan]:
    decision = decide(Options(root=root))
    assert [p.first_line() for p in decision.problems if p.is_error] == []
    assert decision.plan is not None
    return decision, decision.plan


def published(root: Path, name: str = "page") -> set[str]:
    plan = decided(root)[1]
    family = plan.families[name]
    return {plan.route(family.family, family.cells[number]) for number in family.published()}


def every(slot: str) -> dict[str, str]:
    """Return a text of its own for every cell."""
    cells = [(town, care, why) for town in TOWNS for care in CARES for why in WHYS]
    return {f"{slot} {' '.join(cell)}": prose((slot, cell)) for cell in cells}


def test_names_aliases_and_possessives_written_out_in_a_snippet_are_masked(tmp_path: Path):
    """Pages whose texts differ by the name that is written into them are twins."""
    text = f"{prose('same')} at {{}} and {{}} more, says {{}} letter."
    root = clinics(
        tmp_path,
        {
            "answer alm knee late": text.format("Alm Name", "Alm Name’s", "ALM"),
            "answer birk knee late": text.format("Birk Name", "Birk Name's", "birk name"),
        },
    )
    replace(root / "matrix" / "towns.yaml", "Alm Name}", "Alm Name, aliases: [ALM]}")
    assert published(root) == set()
    put(root, "answer birk knee late", prose("another"))
    assert published(root) == {"/alm/knee/late/", "/birk/knee/late/"}


def test_pasted_and_tweaked_texts_count_as_one(tmp_path: Path):
    text = prose("angle")
    root = clinics(tmp_path, {"answer alm knee late": text, "answer birk knee late": text})
    assert published(root) == set()
    put(root, "answer birk knee late", tweaked(text, 30))
    assert published(root) == set()
    put(root, "answer birk knee late", tweaked(text, *range(0, 60, 4)))
    assert published(root) == {"/alm/knee/late/", "/birk/knee/late/"}


def test_a_text_pasted_into_another_slot_counts_as_one(tmp_path: Path):
    text, short = prose("angle", 100), prose("short", 6)
    root = clinics(
        tmp_path,
        {
            "answer alm knee late": text,
            "more alm knee late": short,
            "answer birk knee late": prose("other", 6),
            "more birk knee late": tweaked(text, 50),
        },
    )
    assert published(root) == set()
    decision, _ = decided(root)
    (cluster,) = set(decision.measured["page"].copies.values())
    assert (cluster.size, cluster.spans) == (2, True)
    put(root, "more birk knee late", prose("own", 100))
    assert published(root) == {"/alm/knee/late/", "/birk/knee/late/"}


def test_near_copies_matter_only_where_likeness_does(tmp_path: Path):
    text = prose("angle")
    root = clinics(
        tmp_path, {"answer alm knee late": text, "answer birk knee late": tweaked(text, 30)}
    )
    replace(root / "matrix" / "matrix.yaml", ", max_sibling_likeness: 0.7", "")
    decision, _ = decided(root)
    assert decision.measured["page"].copies == {}
    assert published(root) == {"/alm/knee/late/", "/birk/knee/late/"}


@pytest.mark.parametrize("name", ["garden", "trades", "oficios"])
def test_the_parts_of_a_slot_add_up_to_its_words(tmp_path: Path, name: str):
    decision, plan = decided(copied(name, tmp_path / name))
    assert decision.composer is not None
    assert decision.scales is not None
    provenance = Provenance(plan, decision.composer, decision.scales)
    checked = 0
    for family in plan.families.values():
        for slot in family.family.slots:
            if slot.lists or slot.folds:
                continue
            for number in range(len(family.cells)):
                weight = decision.scales.weigh(family, number, slot)
                pieces = provenance.pieces(family, number, slot)
                found = sum(piece.words for piece in pieces)
                own = sum(piece.specific_words for piece in pieces)
                assert (found, own) == (weight.words, weight.specific_words), slot
                assert all(piece.words >= 0 for piece in pieces)
                checked += bool(pieces)
    assert checked > 3


def test_explain_tells_where_words_come_from_and_what_to_write(tmp_path: Path):
    root = copied("garden", tmp_path / "garden")
    page = explain.route(Options(root=root), "/north/rose/aphid/").value
    answer = next(slot for slot in page["slots"] if slot["slot"] == "answer")
    parts = [(part["kind"], part["name"], part["path"], part["words"]) for part in answer["parts"]]
    path = "content/advice/north-rose-aphid.md"
    assert parts == [
        ("snippet", path, path, 26),
        ("fact", "rose.spray", "matrix/facts.yaml", 2),
    ]
    assert (answer["pages"], page["verdict"], page["write"]) == (1, "published", None)
    folded = explain.route(Options(root=root), "/south/rose/slug/").value
    assert folded["write"]["slot"] == "answer"
    assert folded["reasons"] == ["15 words, 20 wanted", "specific share 0.00, 0.50 wanted"]
    text = explain.route(Options(root=root), "/south/rose/slug/").text
    assert "  write next: `answer` for region south, plant rose, pest slug: about " in text
    assert "would raise the specific share to 0." in text


def test_what_is_advised_does_what_it_promises(tmp_path: Path):
    root = clinics(
        tmp_path,
        {
            "general - - -": prose("general", 40),
            "answer - knee late": prose("knee", 10),
            "answer alm spine late": prose("as"),
            "more - spine code": prose("mc"),
        },
    )
    decision, plan = decided(root)
    family, measured = plan.families["page"], decision.measured["page"]
    before = published(root)
    tried = 0
    for number, verdict in enumerate(family.verdicts):
        found = advice.first(family, measured, [number]) if verdict != PUBLISHED else None
        if found is None:
            continue
        slugs = [found.pins.get(axis, "-") for axis in family.family.axes]
        path = root / "content" / f"{found.slot}-{'-'.join(slugs)}.md"
        kept = path.read_text(encoding="utf-8") if path.exists() else None
        put(root, f"{found.slot} {' '.join(slugs)}", prose(("new", number), found.words))
        routes = [plan.route(family.family, family.cells[n]) for n in found.releases]
        assert published(root) - before == set(routes), found
        tried += bool(routes)
        path.write_text(kept, encoding="utf-8") if kept else path.unlink()
    assert tried >= 3


BARE = [(town, care) for town in TOWNS for care in CARES]


@SLOW
@given(st.data())
def test_a_bare_row_never_takes_publication_from_another_page(data: st.DataObject):
    drawn = random.Random(data.draw(st.integers(0, 10**6)))
    texts = {name: text for name, text in every("answer").items() if drawn.random() < 0.5}
    texts["answer - - -"] = prose("fallback", drawn.choice([5, 30]))
    texts["general - - -"] = prose("general", drawn.choice([0, 20, 60]) or 1)
    share = drawn.choice(["0.4", "0.0"])
    pairs = [pair for pair in BARE if drawn.random() < 0.7] or BARE[:1]
    added = [pair for pair in BARE if pair not in pairs]
    texts = {k: v for k, v in texts.items() if not any(f" {t} {c} " in k for t, c in added)}
    with tempfile.TemporaryDirectory() as folder:
        root = clinics(Path(folder), texts, pairs)
        replace(root / "matrix" / "matrix.yaml", "share: 0.4", f"share: {share}")
        specific = own_pages(root)
        for town, care in added:
            append(root / "matrix" / "pairs.yaml", f"- {{town: {town}, care: {care}}}\n")
        append(root / "matrix" / "towns.yaml", "- {slug: dorf, name: Dorf Name}\n")
        append(root / "matrix" / "pairs.yaml", "- {town: dorf, care: knee}\n")
        assert specific <= published(root)


def own_pages(root: Path) -> set[str]:
    """Return the published pages that have a specific word."""
    decision, plan = decided(root)
    family, measured = plan.families["page"], decision.measured["page"]
    return {
        plan.route(family.family, family.cells[number])
        for number in family.published()
        if measured.specific_words[number]
    }


@SLOW
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_files_changes_no_verdict(seed: int, shuffled: random.Random):
    drawn = random.Random(seed)
    texts = {name: text for name, text in every("answer").items() if drawn.random() < 0.7}
    names = sorted(texts)
    for name in names[: len(names) // 2]:
        texts[name] = tweaked(texts[drawn.choice(names)], *drawn.sample(range(60), 2))
    with tempfile.TemporaryDirectory() as folder:
        root = clinics(Path(folder), texts)
        expected = published(root)
        for path in sorted(root.glob("matrix/*s.yaml")):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            shuffled.shuffle(lines)
            path.write_text("".join(lines), encoding="utf-8")
        assert published(root) == expected


def true_likeness(
    decision: Decision, family: FamilyPlan, numbers: Sequence[int]
) -> dict[tuple[int, int], float]:
    """Return how alike the sections of finished pages are, by 5-word shingles, names masked."""
    assert decision.composer is not None
    found = []
    for number in numbers:
        sheet = decision.composer.sheet(family, number)
        texts = [section.texts[1 if section.shape[1] else 0] for section in sheet.sections]
        html = b" ".join(texts).decode()  # without their headings
        text = words(unescape(without_tags(re.sub(r"<sup class=.*?</sup>", "", html))))
        found.append(copies.shingles(Names(family.cells[number]).masked(text)))
    places = range(len(numbers))
    return {
        (numbers[a], numbers[b]): copies.jaccard(found[a], found[b])
        for a in places
        for b in places
        if a != b
    }


BELOW, ABOVE = -0.03, 0.2
"""What likeness may be below and above the truth; above, since near-copies count as the same."""


@SLOW
@given(st.integers(0, 10**6))
def test_likeness_is_that_of_the_finished_pages_within_its_error(seed: int):
    """Texts here are the same, near-copies, or unrelated; they are short, so that edges count."""
    drawn = random.Random(seed)
    pool = [prose((seed, number), drawn.choice([60, 100])) for number in range(4)]
    texts: dict[str, str] = {}
    for slot in ("answer", "more", "general"):
        for name in every(slot):
            text = drawn.choice([*pool, prose((name, seed), 80)])
            texts[name] = tweaked(text, 20) if drawn.random() < 0.2 else text
    with tempfile.TemporaryDirectory() as folder:
        root = clinics(Path(folder), texts)
        replace(root / "matrix" / "matrix.yaml", "likeness: 0.7", "likeness: 0.4")
        decision, plan = decided(root)
        family, measured = plan.families["page"], decision.measured["page"]
        numbers = [number for number, flag in enumerate(measured.compared) if flag]
        true = true_likeness(decision, family, numbers)
        for number in numbers:
            best = max((true[(number, other)] for other in numbers if other != number), default=0)
            known = measured.likeness.get(number)
            if known is not None:
                assert BELOW <= known.value - best <= ABOVE, (known.value, best)
            else:
                assert best <= 0.4 - gate.KNOWN_BELOW - BELOW


def test_what_cells_share_is_weighed_once(tmp_path: Path):
    texts = {
        "answer - - -": f"{prose('a')} {{{{ why.slug }}}}",
        "more - knee late": f"{prose('m')} {{{{ town.name }}}}",
        "general - - -": prose("g"),
    }
    decision, _ = decided(clinics(tmp_path, texts))
    assert decision.scales is not None
    assert decision.scales.weighed == len(WHYS) + 1 + 1


def test_pages_that_lose_too_much_leave_the_comparison():
    """A column in which all differ ends it: each page is looked at once, not once a pair."""
    columns = [(list(range(1000)), [80] * 1000), ([7] * 1000, [20] * 1000)]
    search = likeness.Search(columns, [100] * 1000, 0.7)
    search.refine(0, list(range(1000)), [0] * 1000)
    assert (search.steps, search.best) == (1000, {})


def test_a_build_says_what_new_rows_gave(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    texts = {**every("answer"), "answer - - -": prose("fallback", 10)}
    texts = {name: text for name, text in texts.items() if " coll spine " not in name}
    texts["answer coll spine late"] = prose("csl")
    root = clinics(tmp_path, texts, [pair for pair in BARE if pair != ("coll", "spine")])
    (root / "content" / "answer-coll-spine-late.md").rename(tmp_path / "later.md")
    assert made(root).gain is None
    assert made(root).gain is None
    append(root / "matrix" / "pairs.yaml", "- {town: coll, care: spine}\n")
    (tmp_path / "later.md").rename(root / "content" / "answer-coll-spine-late.md")
    assert cli.main(["--root", str(root), "--json"]) == 0
    gain = json.loads(capsys.readouterr().out)["gain"]
    assert gain == {
        "rows": {"pair": 1},
        "cells": 3,
        "pages": 2,
        "sections": 1,
        "write": "`answer` for town coll, care spine, why code",
        "releases": 1,
    }
    assert made(root).gain is None


def test_the_gain_is_a_line_of_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root = clinics(tmp_path, {"answer - - -": "Ask."}, BARE[:1])
    made(root)
    append(root / "matrix" / "pairs.yaml", "- {town: alm, care: spine}\n")
    assert cli.main(["--root", str(root)]) == 0
    line, last = capsys.readouterr().out.splitlines()
    assert line.startswith("+1 pair: 3 cells, 1 page, 2 sections; write `answer` for town alm, ")
    assert line.endswith(" to release 1")
    assert last.startswith("3 published, 0 noindex, 4 folded, 0 held;")


@pytest.fixture
def earlier(tmp_path: Path) -> tuple[Path, Path]:
    """Return a site of twelve pages with the folder of an earlier build."""
    root = clinics(tmp_path / "root", {**every("answer"), "answer - - -": "Ask."})
    made(root, out=tmp_path / "earlier")
    assert len(published(root)) == 12
    return root, tmp_path / "earlier"


def refused(root: Path, given_: Path, accepted: int = 0) -> list[str]:
    outcome = build(Options(root=root, against=given_, accept_deindex=accepted))
    return errors(outcome)


def test_a_build_that_would_take_pages_from_the_index_stops(earlier: tuple[Path, Path]):
    root, before = earlier
    made(root, against=before)
    kept = tree(root / "site")
    (root / "content" / "answer-alm-knee-late.md").unlink()
    (root / "content" / "answer-coll-spine-code.md").unlink()
    replace(root / "matrix" / "pairs.yaml", "- {town: birk, care: knee}\n", "")
    outcome = build(Options(root=root, against=before))
    (problem,) = [problem for problem in outcome.problems if problem.is_error]
    assert problem.first_line() == (
        "matrix/matrix.yaml:1:1: error[G701]: 5 of 19 pages would leave the index"
    )
    assert "3 × is no combination of rows any more" in problem.notes
    assert "/alm/knee/late/ is folded: " in "\n".join(problem.notes)
    assert tree(root / "site") == kept
    assert errors(check(Options(root=root, against=before))) == [problem.first_line()]
    assert refused(root, before, accepted=4) == [problem.first_line()]
    assert refused(root, before, accepted=5) == []
    assert refused(root, root / "site") == []


def test_without_an_earlier_build_nothing_stops(earlier: tuple[Path, Path]):
    root, _ = earlier
    made(root)
    for path in root.glob("content/answer-alm-*.md"):
        path.unlink()
    made(root)


def test_an_earlier_build_is_a_folder_a_sitemap_or_a_list(earlier: tuple[Path, Path]):
    root, before = earlier
    (root / "content" / "answer-alm-knee-late.md").unlink()
    addresses = before.parent / "addresses.txt"
    addresses.write_text("# released\n/\nhttps://old.example/alm/knee/late/\n", encoding="utf-8")
    for given_ in (before, before / "sitemap.xml", addresses):
        (line,) = refused(root, given_)
        assert "error[G701]: 1 of " in line


@pytest.mark.parametrize("content", [None, "", "<urlset></urlset>"])
def test_an_earlier_build_that_cannot_be_read_is_told(
    earlier: tuple[Path, Path], content: str | None
):
    root, before = earlier
    given_ = before.parent / "no.xml"
    if content is not None:
        given_.write_text(content, encoding="utf-8")
    (line,) = refused(root, given_)
    assert "error[G702]: the earlier build cannot be read: " in line
    assert not (root / "site").exists()


def reviewed(root: Path, review: str, reviewers: Sequence[str]) -> Path:
    """Write a site whose gate asks for `review`, and name a reviewer of some answers."""
    clinics(root, every("answer"))
    matrix = root / "matrix" / "matrix.yaml"
    replace(matrix, "{min_words: 20,", f"{{review: {review}, min_words: 20,")
    for name in reviewers:
        head = "---\nreviewer: A. Ruiz\nslot"
        replace(root / "content" / f"answer-{name}.md", "---\nslot", head)
    return root


def test_a_page_without_a_named_reviewer_does_not_stand_where_one_is_asked_for(tmp_path: Path):
    root = reviewed(tmp_path, "named", ["alm-knee-late"])
    assert published(root) == {"/alm/knee/late/"}
    decision, plan = decided(root)
    family = plan.families["page"]
    number = next(n for n in range(len(family.cells)) if n not in set(family.published()))
    because = gate.reasons(family.family, decision.measured["page"].of(number))
    assert because == ("slot `answer` has no named reviewer",)


def test_every_page_stands_where_nobody_has_to_answer_for_it(tmp_path: Path):
    assert len(published(reviewed(tmp_path, "none", []))) == len(TOWNS) * len(CARES) * len(WHYS)


def test_a_site_that_names_its_organization_answers_for_its_pages(tmp_path: Path):
    root = reviewed(tmp_path, "organization", [])
    assert published(root) == set()
    append(root / "content" / "site.yaml", "organization: {name: Clinics of Alm}\n")
    assert len(published(root)) == len(TOWNS) * len(CARES) * len(WHYS)


def test_what_is_weighed_in_processes_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A template that fails for some rows fails as it does in one process."""
    card = "<p>{{ care.name }} {{ pair.note }}{{ pair.note.x.y if pair.note == 'Bad' }}</p>"
    slot = "card: {from: slots/card.html, rows: [pair, care]}"
    texts = {
        "answer - - -": f"{prose('a')} {{{{ why.slug }}}} of {{{{ town.slug }}}}",
        "more - knee late": f"{prose('m')} {{{{ town.name }}}}",
    }
    root = clinics(tmp_path, texts)
    replace(root / "matrix/matrix.yaml", "      answer: {", f"      {slot}\n      answer: {{")
    (root / "themes/default/slots").mkdir(parents=True)
    (root / "themes/default/slots/card.html").write_text(card, encoding="utf-8")
    pairs = root / "matrix/pairs.yaml"
    text = pairs.read_text(encoding="utf-8")
    pairs.write_text(text.replace("}", ", note: Good}"), encoding="utf-8")

    def said() -> tuple[list[str], list[object]]:
        decision = decide(Options(root=root, jobs=2))
        assert decision.plan is not None
        cells = range(len(decision.plan.families["page"].cells))
        found = decision.measured.get("page")
        measures: list[object] = [found.of(number) for number in cells] if found else []
        return [str(problem) for problem in decision.problems], measures

    alone = said()
    assert alone[1]
    monkeypatch.setattr("pageloom.compose.scales.SPREAD_FROM", 1)
    assert said() == alone
    pairs.write_text(text.replace("}", ", note: Bad}", 1), encoding="utf-8")
    failed = said()
    assert [problem for problem in failed[0] if "T302" in problem]
    monkeypatch.setattr("pageloom.compose.scales.SPREAD_FROM", 1_000_000)
    assert said() == failed


@pytest.mark.parametrize(
    ("share", "likeness", "said"),
    [
        (0.399, 0.701, ("specific share 0.39, 0.40 wanted", "likeness 0.71, at most 0.70 allowed")),
        (0.29, 0.75, ("specific share 0.29, 0.40 wanted", "likeness 0.75, at most 0.70 allowed")),
    ],
)
def test_a_number_that_is_refused_does_not_look_like_one_that_is_not(
    share: float, likeness: float, said: tuple[str, ...]
):
    measure = Measure(words=1000, specific_words=round(share * 1000), likeness=likeness)
    limits = Gate(min_specific_share=0.4, max_sibling_likeness=0.7)
    family = SimpleNamespace(gate=limits)
    assert gate.reasons(family, measure) == said  # type: ignore[arg-type]
