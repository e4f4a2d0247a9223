"""A process that stays gives, after any edits, what a process gives that starts then."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import test_properties
import trees
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_properties import ADVICE, EDITS, put

from pageloom import kept
from pageloom.diagnostics import ordered
from pageloom.memory import Memory
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.serve.live import Live
from pageloom.serve.site import Site

pytestmark = pytest.mark.usefixtures("templates_compiled_once")
MISTAKES: dict[str, tuple[str, str | None, str | None]] = {
    "an unknown field": (f"{ADVICE}south-bean-slug.md", "Sow again", "{{ plant.nam }}"),
    "a field that some lack": ("content/answer.md", "under", "{{ plant.also }} under"),
    "an unknown fact": (f"{ADVICE}season-mildew.md", "Mostly", '{{ fact("mildew.time") }}'),
    "two of one rank": (
        f"{ADVICE}twin.md",
        None,
        "---\nslot: season\nfor: {pest: mildew}\n---\nIt.\n",
    ),
    "no front matter": (f"{ADVICE}season-mildew.md", "slot: season", "slot season"),
    "a fact of low confidence": (
        "matrix/facts.yaml",
        "page 9, confidence: high",
        "page 9, confidence: low",
    ),
    "a unit without words": ("matrix/facts.yaml", "unit: weeks", "unit: fortnights"),
    "a word that is chosen": ("themes/garden/slots/tip.html", "<p>", "<p>{{ t(pest.slug) }} "),
    "a word that is missing": (
        "themes/garden/slots/card.html",
        "Rest the bed",
        '{{ t("rest_it") }}',
    ),
    "a template that does not parse": ("themes/garden/slots/tip.html", "{% endif %}", ""),
    "a template that fails": ("themes/garden/slots/tip.html", "pest.tip %}", "pest.tip + 1 %}"),
    "an article that is wrong": (f"{ADVICE}north-rose-aphid.md", "a wet thumb", "an wet thumb"),
}
FOR_HOSTS = {"a host", "a header"}
"""What hosts read is no part of what is served."""
FILES = ("/sitemap.xml", "/robots.txt", "/feed.xml", "/build-info.json")
STATES = sorted({*EDITS, *MISTAKES} - FOR_HOSTS)


def assert_equals_fresh(live: Live, root: Path, names: frozenset[str]) -> None:
    """Rebuild after an edit: problems and bytes are those of a process that starts now."""
    put(root, names)
    rebuilt = live.rebuild()
    options = Options(root=root)
    decision = decide(options)
    assert rebuilt.problems == ordered(decision.problems), sorted(names)
    if not decision.sound:
        return
    fresh = Site(options, decision, {})
    routes = (
        fresh.plan.route(family.family, cell)
        for family in fresh.plan.families.values()
        for cell in family.cells
    )
    for address in (*routes, *FILES):
        assert live.answer(address) == fresh.answer(address), (sorted(names), address)


def test_every_mistake_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(test_properties, "EDITS", EDITS | MISTAKES)
    put(tmp_path, frozenset())
    before = decide(Options(root=tmp_path)).problems
    for name in MISTAKES:
        put(tmp_path, frozenset((name,)))
        assert decide(Options(root=tmp_path)).problems != before, name


def test_each_edit_is_served_as_by_a_new_process(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(test_properties, "EDITS", EDITS | MISTAKES)
    put(tmp_path, frozenset())
    live = Live(Options(root=tmp_path))
    for name in STATES:
        assert_equals_fresh(live, tmp_path, frozenset({name}))


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(states=st.lists(st.sets(st.sampled_from(STATES), max_size=4), min_size=3, max_size=6))
def test_edits_that_meet_are_served_as_by_a_new_process(monkeypatch, states: list[set[str]]):
    monkeypatch.setattr(test_properties, "EDITS", EDITS | MISTAKES)
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), frozenset())
        live = Live(Options(root=Path(folder)))
        for state in states:
            assert_equals_fresh(live, Path(folder), frozenset(state))


def test_an_edited_text_alone_is_converted_and_weighed_again(tmp_path: Path):
    put(tmp_path, frozenset())
    memory = Memory()
    first = decide(Options(root=tmp_path), memory)
    trees.replace(tmp_path / f"{ADVICE}north-rose-aphid.md", "a wet thumb", "two wet thumbs")
    second = decide(Options(root=tmp_path), memory)
    for decision in (first, second):
        assert decision.plan is not None
        assert decision.scales is not None
    assert second.scales.weighed == 1
    assert first.scales.weighed == 9
    same = [key for key, kept in second.plan.fragments.items() if kept is first.plan.fragments[key]]
    assert len(same) == len(second.plan.fragments) - 2  # under its heading, and folded


def test_an_unknown_field_in_a_text_has_no_other_text_judged_again(tmp_path: Path):
    put(tmp_path, frozenset())
    decide(Options(root=tmp_path))
    before = kept.read(tmp_path, "lint").keys()
    trees.replace(tmp_path / f"{ADVICE}north-rose-aphid.md", "a wet thumb", "{{ plant.nam }}")
    decide(Options(root=tmp_path))
    assert kept.read(tmp_path, "lint").keys() <= before


def test_what_is_not_used_any_more_is_dropped(tmp_path: Path):
    put(tmp_path, frozenset())
    memory = Memory()
    sizes = []
    for number in range(4):
        text = f"---\nslot: season\nfor: {{}}\n---\nIn week {number}.\n"
        (tmp_path / f"{ADVICE}week.md").write_text(text)
        decide(Options(root=tmp_path), memory)
        sizes.append(memory.size())
    assert sizes[1] == sizes[2] == sizes[3]


def test_what_few_texts_of_many_gave_is_not_kept_at_once():
    before = [bytes([number % 256, number // 256]) for number in range(3000)]
    assert not kept.worth(before, before)
    assert not kept.worth([b"new", *before[1:]], before)
    assert kept.worth([b"new", b"old", b"more", b"still", *before], before)
    assert kept.worth(before[:2000], before)  # a third is not used any more
    assert kept.worth([b"one"], [])


def test_a_slip_is_told_by_each_run_also_where_the_html_of_the_text_is_kept(tmp_path: Path):
    put(tmp_path, frozenset())
    trees.replace(tmp_path / f"{ADVICE}north-rose-aphid.md", "a wet thumb", "a {% wet %} thumb")
    runs = [decide(Options(root=tmp_path)).problems for _ in range(2)]
    told = [[problem.first_line() for problem in problems] for problems in runs]
    assert told[0] == told[1]
    assert any("C204" in line for line in told[0])
