"""Pages made in runs are those that are made alone, and the same is told of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from projects import write_files
from trees import replace as replaced
from trees import tree

from pageloom.model import Link
from pageloom.options import Options
from pageloom.outcome import Outcome
from pageloom.pipeline import build, decide
from pageloom.writing.worker import Worker

pytestmark = pytest.mark.usefixtures("templates_compiled_once")
SITE = """-- content/site.yaml --
brand: Clinics
base_url: https://clinics.example
as_of: 2026-11-25
theme: site
-- matrix/matrix.yaml --
format: 1
axes: {town: {file: towns.yaml}, care: {file: cares.yaml}}
facts: facts.yaml
sources: sources.yaml
joins: {pair: {file: pairs.yaml, axes: [town, care]}}
families:
  home:
    axes: []
    route: /
    title: ["Clinics and what they ask for, town by town"]
    h1: "Clinics"
    link_text: "Home"
    slots: {pages: {list: page}, cares: {list: care}}
  care:
    axes: [care]
    route: /care/{care}/
    parent: home
    title: ["{{ care.name }} and who decides, town by town"]
    h1: "{{ care.name }}"
    link_text: "{{ care.name }}"
    slots: {pages: {list: page}}
  page:
    axes: [town, care]
    cells: pair
    route: /{town}/{care}/
    parent: home
    article: true
    title: ["{{ care.name }} in {{ town.name }}: how to ask for it"]
    description:
      - "{{ care.name }} in {{ town.name }}: who decides, what they ask for, and what you can do
        when the answer is no, step by step and day by day."
    h1: "{{ care.name }} {{ town.name }}"
    link_text: "{{ town.name }}: {{ care.name }}"
    crumb: "{{ care.name }}"
    slots:
      text: {snippet: optional, heading: "In {{ town.name }}"}
      more: {snippet: optional}
      card: {from: slots/card.html, rows: [pair], heading: "{{ pair.head }}"}
    related: [{vary: care, count: 2}, {vary: town, count: 1}]
-- matrix/towns.yaml --
- {slug: alm, name: Alm & Au}
- {slug: ern, name: Ern}
- {slug: uhl, name: Uhl with a name that no title of sixty characters can hold}
-- matrix/cares.yaml --
- {slug: eyes, name: Eye surgery}
- {slug: feet, name: Foot <care>}
- {slug: teeth, name: Dental work, rule: rules.wait}
-- matrix/sources.yaml --
- {slug: act, title: The Act, publisher: State, url: "https://law.example/act", as_of: 2026-11-01}
- {slug: note, title: A note, publisher: State, url: "https://law.example/note", as_of: 2026-11-01}
-- matrix/facts.yaml --
- {id: rules.wait, value: 30 days, source: act, as_of: 2026-11-01, confidence: high}
- {id: rules.fee, value: no fee, source: note, as_of: 2026-11-01, confidence: high}
-- themes/site/slots/card.html --
{% if pair.note %}<p>{{ pair.note }}</p>{% endif %}
{% if pair.note == 'fail' %}{{ pair.note.more.missing }}{% endif %}
"""
HEADS = {
    "town": "slot: text\nfor: {town: alm}",
    "care": "slot: text\nfor: {care: [eyes, feet]}",
    "more": "slot: more\nfor: {care: teeth}",
    "all": "slot: more\nfor: {}",
}
TEXTS = st.sampled_from(
    [
        "Plain words.",
        "Words of {{ town.name }} & {{ care.name }}.",
        "It takes {{ fact('rules.wait') }}.",
        "First {{ cite('rules.fee') }}, then {{ fact('rules.wait') }}.",
        "See {{ link('page', care='feet') }}.",
        "See {{ link('home') }}.",
        "On {{ link('care') }}: {{ fact('rules.wait') }}.",
        "{{ town.name }} {{ cite('rules.fee') }} {{ cite('rules.fee') }} [A]({{ link('care') }}).",
        "{{ link('page', care='feet') }} {{ cite('rules.fee') }}, {{ cite('rules.wait') }}.",
        "[To the law](https://law.example/)",
    ]
)
PAIRS = st.lists(
    st.fixed_dictionaries(
        {
            "town": st.sampled_from(["alm", "ern", "uhl"]),
            "care": st.sampled_from(["eyes", "feet", "teeth"]),
            "head": st.sampled_from(["What to bring", "Bring"]),
        },
        optional={"note": st.sampled_from(["a", "b & c"])},
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda pair: (pair["town"], pair["care"]),
)
TOWN = """-- matrix/schemas/town.schema.json --
{"type": "object", "properties": {
  "name": {"type": "string"}, "main": {"type": "string", "x-ref": "care"}
}}
"""
DAYS = {"eyes": "2026-11-20", "feet": "2026-11-21"}
"""When pages were last changed; those of other care are not released."""


def ledger(pairs: list[dict[str, str]]) -> str:
    lines = [
        f"/{pair['town']}/{pair['care']}/\t2026-11-20\t{DAYS[pair['care']]}\t{'0' * 16}\treleased\n"
        for pair in pairs
        if pair["care"] in DAYS
    ]
    return "".join(["route\tpublished\tmodified\tdigest\tstate\n", *sorted(lines)])


def built(root: Path, out: str) -> tuple[dict[str, bytes], Outcome]:
    outcome = build(Options(root=root, out=root / out, jobs=1))
    return tree(root / out), replace(outcome, seconds=0)


def both(root: Path) -> tuple[dict[str, bytes], Outcome, int]:
    """Return the site and what was told, the same both ways, and how many pages were in runs."""
    together: list[int] = []
    in_runs: Callable[..., dict[int, bytes]] = vars(Worker)["_in_runs"]

    def counted(*arguments: Any) -> dict[int, bytes]:
        made = in_runs(*arguments)
        together.append(len(made))
        return made

    with patch.object(Worker, "_in_runs", counted):
        runs = built(root, "runs")
    with patch.object(Worker, "_in_runs", lambda *_: {}):
        assert runs == built(root, "alone")
    return *runs, sum(together)


@given(PAIRS, st.dictionaries(st.sampled_from(sorted(HEADS)), TEXTS), st.booleans())
@settings(max_examples=60, deadline=None)
def test_pages_made_in_runs_are_those_made_alone(
    pairs: list[dict[str, str]],
    texts: dict[str, str],
    dated: bool,  # noqa: FBT001  (drawn)
):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_files(root, SITE)
        (root / "matrix" / "pairs.yaml").write_text(json.dumps(pairs), encoding="utf-8")
        for name, text in texts.items():
            path = root / "content" / f"{name}.md"
            path.write_text(f"---\n{HEADS[name]}\n---\n{text}\n", encoding="utf-8")
        if dated:
            write_files(root, f"-- matrix/ledger/page.tsv --\n{ledger(pairs)}")
        pages, outcome, together = both(root)
        codes = sorted({p.code for p in outcome.problems if p.is_error})
        event(f"{len(pages)} files, {together} in runs, errors: {codes}")


def drawn(root: Path, pairs: str, text: str) -> tuple[dict[str, bytes], Outcome, int]:
    write_files(root, f"{SITE}-- matrix/pairs.yaml --\n{pairs}-- content/all.md --\n{text}")
    return both(root)


PLAIN = "".join(
    f"- {{town: {town}, care: {care}, head: Head}}\n"
    for town in ("alm", "ern")
    for care in ("eyes", "feet", "teeth")
)
HEAD = "---\nslot: more\nfor: {}\n---\n"


def test_pages_of_several_shapes_are_made_in_runs(tmp_path: Path):
    pairs = PLAIN.replace("feet, head: Head", "feet, head: Head, note: Two")
    pages, _, together = drawn(tmp_path, pairs, f"{HEAD}Words of {{{{ town.name }}}}.\n")
    assert together == 6
    assert b"<p>Two</p>" in pages["alm/feet/index.html"]
    assert b"<p>Two</p>" not in pages["alm/eyes/index.html"]


def test_only_the_page_with_a_title_that_does_not_fit_is_made_alone(tmp_path: Path):
    more = "- {town: uhl, care: eyes, head: Head}\n"
    _, outcome, together = drawn(tmp_path, PLAIN + more, f"{HEAD}Words.\n")
    assert together == 6
    assert [p.code for p in outcome.problems if p.code[:2] == "P6"] == ["P601", "P602"]


def test_neighbours_of_a_page_whose_partial_fails_are_made_alone(tmp_path: Path):
    pairs = PLAIN.replace("ern, care: feet, head: Head", "ern, care: feet, head: Head, note: fail")
    _, outcome, together = drawn(tmp_path, pairs, f"{HEAD}Words.\n")
    assert [p.code for p in outcome.problems if p.is_error] == ["T302"]
    assert together == 0


def test_pages_with_links_in_their_text_are_made_in_runs(tmp_path: Path):
    text = "See {{ link('care') }} and {{ link('page', care='feet') }}, {{ cite('rules.fee') }}.\n"
    pages, _, together = drawn(tmp_path, PLAIN, HEAD + text)
    assert together == 6
    eyes, feet = (pages[f"alm/{care}/index.html"].decode() for care in ("eyes", "feet"))
    mark = '<sup class="cite"><a href="#source-1" aria-label="source 1">1</a></sup>'
    link = '<a href="/alm/feet/">Alm &amp; Au: Foot &lt;care&gt;</a>'
    assert f'See <a href="/care/eyes/">Eye surgery</a> and {link},{mark}.' in eyes
    assert f"Foot &lt;care&gt;</a> and Alm &amp; Au: Foot &lt;care&gt;,{mark}." in feet


def test_only_pages_with_a_link_that_leads_nowhere_are_made_alone(tmp_path: Path):
    pairs = "".join(f"{line}\n" for line in PLAIN.splitlines() if "ern, care: feet" not in line)
    _, outcome, together = drawn(tmp_path, pairs, f"{HEAD}{{{{ link('page', care='feet') }}}}\n")
    assert together == 3
    (told,) = (problem for problem in outcome.problems if problem.code == "C208")
    assert told.notes == ("for ern × eyes", "and 1 more of the same")


def test_a_link_that_cells_share_is_that_of_each_of_them(tmp_path: Path):
    calls = ["'home'", "'care'", "'care', care='feet'", "'page'", "'page', town='alm'"]
    calls += ["'care', care=town.main", "'page', care=town.main"]  # which one town does not have
    text = "".join(f"{{{{ link({call}) }}}} [A]({{{{ link({call}) }}}})\n" for call in calls)
    files = f"{TOWN}-- matrix/pairs.yaml --\n{PLAIN}-- content/all.md --\n{HEAD}{text}"
    write_files(tmp_path, SITE.replace("name: Ern", "name: Ern, main: feet") + files)
    both(tmp_path)
    decision = decide(Options(root=tmp_path))
    assert decision.plan is not None
    assert decision.composer is not None
    plan, linker = decision.plan.families["page"], decision.composer.linker
    fragment = decision.plan.fragments["content/all.md", 2]
    links = [part for part in fragment.segments if isinstance(part, Link)]
    assert len(links) == 2 * len(calls)
    ways = [linker.way(link, plan) for link in links]
    assert sum(way.pick is not None for way in ways) == 6
    for way in ways:
        for number, cell in enumerate(plan.cells):
            assert way.anchor(number, cell) == way.make(number)


def test_citations_are_numbered_apart_where_a_link_between_them_has_no_words(tmp_path: Path):
    cite, link = "{{ cite('rules.fee') }}", "{{ link('page', care='feet', text=' ') }}"
    pages, *_ = drawn(tmp_path, PLAIN, f"{HEAD}Words{cite}{link}{cite}.\n")
    marks = [pages[f"alm/{care}/index.html"].count(b'<sup class="cite">') for care in DAYS]
    assert marks == [2, 1]  # on the page itself, the link is its words


def test_the_time_to_read_a_text_does_not_depend_on_rows_of_other_pages(tmp_path: Path):
    link = "{{ link('care', text='" + "a " * 99 + "') }}"
    text = f"---\nslot: more\nfor: {{town: alm}}\n---\n{{{{ town.note }}}} {link * 9}\n"
    towns = "".join(
        f"- {{slug: {town}, name: {town}, note: A}}\n" for town in ("alm", "ern", "uhl")
    )
    files = f"-- matrix/pairs.yaml --\n{PLAIN}-- content/all.md --\n{text}"
    write_files(
        tmp_path, SITE + files + "-- themes/site/partials/head.html --\n{{ page.reading_time }}"
    )
    for notes in (towns, towns.replace("uhl, note: A", "uhl")):
        (tmp_path / "matrix/towns.yaml").write_text(notes, encoding="utf-8")
        pages, _ = built(tmp_path, "site")
    assert pages == built(tmp_path, "clean")[0]


def test_equal_problems_are_told_alike_by_a_build_that_makes_some_pages_again(tmp_path: Path):
    links = f"{HEAD}{{{{ link('page', care='feet') }}}}\n"
    write_files(tmp_path, f"{SITE}-- matrix/pairs.yaml --\n{PLAIN}-- content/all.md --\n{links}")
    for place in ("town: ern, care: feet", "town: alm, care: feet"):
        replaced(tmp_path / "matrix/pairs.yaml", f"- {{{place}, head: Head}}\n", "")
        _, outcome = built(tmp_path, "site")
    assert outcome.problems == built(tmp_path, "clean")[1].problems
    assert outcome.problems[0].notes == ("for alm × eyes", "and 3 more of the same")
