"""Markdown with expressions as fragments of HTML."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from projects import write_files

from pageloom import load
from pageloom.diagnostics import Diagnostic
from pageloom.markup import Converter
from pageloom.markup.tree import Bare
from pageloom.model import Cite, FactCall, Fragment, Link, Print, Project

BASE = (Path(__file__).parent / "problems" / "base.txt").read_text(encoding="utf-8")
KNOWN = {"fault": frozenset(("name", "page", "limit")), "site": frozenset(("brand",))}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("markup")
    write_files(root, BASE)
    found = load.project(root, print)
    assert found is not None
    return found


class Bench:
    """Converts texts and keeps the problems."""

    def __init__(self, project: Project) -> None:
        self.problems: list[Diagnostic] = []
        self.converter = Converter(project, self.problems.append)

    def fragment(self, text: str, base: int = 3, *, anchors: bool = True) -> Fragment:
        """Return the fragment of a snippet's text."""
        return self.converter.fragment(
            "content/a.md", text, 5, slot="answer", base=base, known=KNOWN, anchors=anchors
        )

    def html(self, text: str, base: int = 3) -> str:
        """Return the HTML of a text, with what is not yet known in brackets."""
        return "".join(shown(segment) for segment in self.fragment(text, base).segments)

    def lines(self, text: str) -> list[str]:
        """Return the first lines of the problems of a text."""
        self.fragment(text)
        return [problem.first_line() for problem in self.problems]


def shown(segment: object) -> str:
    if isinstance(segment, bytes):
        return segment.decode()
    if isinstance(segment, Print):
        return f"[{segment.path}]"
    if isinstance(segment, Cite):
        return f"[cite {segment.source.slug}]"
    if isinstance(segment, Link):
        return f"[{'to' if segment.bare else 'link'} {segment.family}]"
    assert isinstance(segment, FactCall)
    return f"[{segment.name} {segment.path}]"


def parts(fragment: Fragment) -> tuple[Any, ...]:
    """Return what a fragment is."""
    return fragment.segments, fragment.outline, fragment.digest, fragment.linked


@pytest.fixture
def bench(project: Project) -> Bench:
    return Bench(project)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Look **first**, _then_ `go`.",
            "<p>Look <strong>first</strong>, <em>then</em> <code>go</code>.</p>",
        ),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("3. three\n4. four", '<ol start="3">\n<li>three</li>\n<li>four</li>\n</ol>'),
        ("- a\n\n    - b", "<ul>\n<li>\n<p>a</p>\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
        ("Hood\n:   The lid.", "<dl>\n<dt>Hood</dt>\n<dd>The lid.</dd>\n</dl>"),
        ("> quiet", "<blockquote>\n<p>quiet</p>\n</blockquote>"),
        ("Look.\n{: .note lang=de }", '<p class="note" lang="de">Look.</p>'),
        (
            "- One\n- Two\n{: .checklist }",
            '<ul class="checklist">\n<li>One</li>\n<li>Two</li>\n</ul>',
        ),
        (
            "- One\n\n- Two\n{: .far }",
            '<ul class="far">\n<li>\n<p>One</p>\n</li>\n<li>\n<p>Two</p>\n</li>\n</ul>',
        ),
        (
            "1. One\n    - Deep\n    {: .deep }\n2. Two\n{: #steps }",
            (
                '<ol id="answer-steps">\n<li>One<ul class="deep">\n<li>Deep</li>\n</ul>\n</li>\n'
                "<li>Two</li>\n</ol>"
            ),
        ),
        (
            "[m](https://a.example/x?y=1&z=2)",
            '<p><a href="https://a.example/x?y=1&amp;z=2">m</a></p>',
        ),
        ("[mail](mailto:a@b.example)", '<p><a href="mailto:a@b.example">mail</a></p>'),
        ("3 < 4 & 5 > 2", "<p>3 &lt; 4 &amp; 5 &gt; 2</p>"),
        ("\\*not\\* \\# this", "<p>*not* # this</p>"),
        (
            "    <b>{{ fault.name }}</b>",
            "<pre><code>&lt;b&gt;[fault.name]&lt;/b&gt;\n</code></pre>",
        ),
    ],
)
def test_markdown_becomes_html(bench: Bench, text: str, expected: str):
    assert bench.html(text) == expected
    assert bench.problems == []


def test_a_table_has_headers_of_columns_and_rows_and_a_caption(bench: Bench):
    text = "| | Days |\n|---|---:|\n| Look | 2 |\n\nTable: How long it takes, {{ fault.name }}"
    assert bench.html(text) == (
        "<table>\n<caption>How long it takes, [fault.name]</caption><thead>\n<tr>\n"
        '<td></td>\n<th class="align-right" scope="col">Days</th>\n</tr>\n</thead>\n<tbody>\n'
        '<tr>\n<th scope="row">Look</th>\n<td class="align-right">2</td>\n</tr>\n</tbody>\n</table>'
    )
    assert bench.problems == []


def test_footnotes_are_named_after_the_slot(bench: Bench):
    html = bench.html("Look[^1].\n\n[^1]: At the hood.")
    assert 'id="answer-fnref:1"' in html
    assert 'href="#answer-fn:1"' in html
    assert 'id="answer-fn:1"' in html
    assert "in the text" not in html
    assert bench.problems == []


@pytest.mark.parametrize(("base", "levels"), [(2, "2 3"), (3, "3 4"), (4, "4 5")])
def test_headings_start_below_the_section(bench: Bench, base: int, levels: str):
    html = bench.html("# One\n\n## Two", base)
    first, second = levels.split()
    assert html == (
        f'<h{first} id="answer-one">One</h{first}>\n<h{second} id="answer-two">Two</h{second}>'
    )


def test_a_heading_id_is_its_literal_words_and_told_apart(bench: Bench):
    html = bench.html("## Ask {{ fault.name }} now\n\n## Ask now\n\n## Own {: #mine }")
    assert html == (
        '<h3 id="answer-ask-now">Ask [fault.name] now</h3>\n'
        '<h3 id="answer-ask-now-2">Ask now</h3>\n'
        '<h3 id="answer-mine">Own</h3>'
    )


def test_headings_of_a_part_have_no_ids(bench: Bench):
    fragment = bench.fragment("## One", 4, anchors=False)
    assert fragment.segments == (b"<h4>One</h4>",)


def test_a_fact_is_its_value_and_a_citation(bench: Bench):
    assert bench.html('Every {{ fact("oil.change") }} km.') == "<p>Every 15000[cite manual] km.</p>"
    assert bench.html('True {{ cite("manual") }}.') == "<p>True[cite manual].</p>"
    assert bench.html("At {{ fact(fault.limit) }}.") == "<p>At [fact fault.limit].</p>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('## {{ fact("oil.change") }} km', '<h3 id="answer-km">15000 km</h3>'),
        (
            '[{{ fact("oil.change") }}](https://a.example/)',
            '<p><a href="https://a.example/">15000</a></p>',
        ),
        ('`{{ fact("oil.change") }}`', "<p><code>15000</code></p>"),
        ('## {{ cite("manual") }} Words', '<h3 id="answer-words"> Words</h3>'),
        ("## {{ fact(fault.limit) }} km", '<h3 id="answer-km">[plain fault.limit] km</h3>'),
    ],
)
def test_a_citation_stands_in_running_text_only(bench: Bench, text: str, expected: str):
    assert bench.html(text) == expected


def test_a_link_is_a_link_or_a_target(bench: Bench):
    assert bench.html('See {{ link("home") }}.') == "<p>See [link home].</p>"
    assert bench.html('[Here]({{ link("home") }}).') == '<p><a href="[to home]">Here</a>.</p>'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "Look.\n\nThen:\n- a",
            "content/a.md:8:1: error[C209]: a list mark at the start of a line",
        ),
        ("One\n1. a", "content/a.md:6:1: error[C209]: a list number at the start of a line"),
        ("- Do 1. a 2. b", "content/a.md:5:6: error[C209]: a list in one line"),
        ("Do 1. a 2. b", "content/a.md:5:4: error[C209]: a list in one line"),
        ("a\n|---|", "content/a.md:6:1: error[C209]: a table rule `|---|`"),
        ("```\ncode", "content/a.md:5:1: error[C209]: a Markdown mark"),
        ("Look\n~~~\ncode", "content/a.md:6:1: error[C209]: a Markdown mark"),
        ("See [this][that].", "content/a.md:5:5: error[C209]: the mark of a link"),
        ("- a **b", "content/a.md:5:5: error[C209]: a Markdown mark"),
    ],
)
def test_marks_that_would_show_as_text_are_found(bench: Bench, text: str, line: str):
    assert bench.lines(text) == [f"{line} would show as text"]


@pytest.mark.parametrize("text", ["a * b", "a_b_c", "5 - 3", "x [y] z", "no. 1. Then", "# Hash #1"])
def test_signs_in_plain_text_are_fine(bench: Bench, text: str):
    assert bench.lines(text) == []


def test_a_second_conversion_comes_from_the_cache_and_is_equal(project: Project):
    text = '## One\n\nLook at [{{ fault.name }}]({{ link("home") }}), {{ fact("oil.change") }}.'
    first = Bench(project)
    fragment = first.fragment(text)
    second = Bench(project)
    second.converter.cache = first.converter.cache
    assert parts(second.fragment(text)) == parts(fragment)
    assert second.converter.used == set(first.converter.cache)


def test_a_text_with_problems_is_told_each_time(project: Project):
    bench = Bench(project)
    bench.fragment("Look <b>first</b>.")
    bench.fragment("Look <b>first</b>.")
    assert [problem.code for problem in bench.problems] == ["C210", "C210"]


def test_a_target_is_judged_by_its_values_also_from_the_cache(project: Project):
    text = "[Here]({{ fault.page }})"
    bench = Bench(project)
    assert bench.lines(text) == []
    (row,) = project.axes["fault"]
    other = replace(row, values={**row.values, "page": "javascript:alert(1)"})
    changed = replace(project, tables={**project.tables, "fault": (other,)})
    again = Bench(changed)
    again.converter.cache = bench.converter.cache
    place = "content/a.md:5:8: error[C211]"
    assert again.lines(text) == [
        f"{place}: `fault.page` is a link target and prints `javascript:alert(1)`"
    ]


def test_markdown_that_nests_too_deeply_is_one_problem(bench: Bench):
    assert bench.html("> " * 3000 + "x") is not None
    assert bench.html("*_" * 500 + "x" + "_*" * 500) is not None
    assert bench.html("[" * 3000) is not None


PIECES = (
    *("# ", "## ", "- ", "1. ", "> ", "    ", "|", "|---|", "[", "]", "(", ")", "](", "[x]: "),
    *("[^1]", "[^1]: ", "https://a.example/", "javascript:", "<", "<b>", "<!--", "&", "&lt;"),
    *("`", "```", "*", "**", "_", "__", "\\", "{:", "{: #a .b }", "!", "\n", "\n\n", "\n:   "),
    *("Table: ", "---", "{{ fault.name }}", '{{ fact("oil.change") }}', '{{ link("home") }}'),
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text("ab é🤧א", max_size=3), max_size=14)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(TEXTS.map("".join))
def test_any_markdown_is_sound_html_or_a_problem(project: Project, text: str):
    bench = Bench(project)
    html = bench.html(text)
    if bench.problems:
        return
    tree = lxml_html.fragment_fromstring(html, create_parent="div")
    assert "\ue000" not in html
    for element in tree.iter():
        assert element.tag not in {"script", "img", "style", "iframe"}
        assert not set(element.attrib) - {"id", "class", "lang", "href", "start", "scope"}
        target = element.get("href", "#")
        assert target.startswith(("#", "https://", "mailto:", "[to home]"))


@cache
def _base() -> Project:
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), BASE)
        found = load.project(Path(folder), print)
    assert found is not None
    return found


MARKS = (
    "word", "two words", " ", "  \n", "\n", "\n\n", "# ", "- ", "1. ", "| a | b |\n|---|---|\n| ",
    " |", "*", "**", "_", "`", "\\", "\\*", "[", "]", "](https://example.org/)", "![", "<b>", "<",
    ">", "&amp;", "&", "<https://example.org/>", "[^1]", "\n[^1]: note\n", "{: .x}", ": ", "\t",
    "é", "{{ fault.name }}",
)  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.lists(st.sampled_from(MARKS), max_size=16).map("".join))
def test_a_text_without_marks_is_converted_as_any_other(text: str):
    found = _base()
    quick, slow = Bench(found), Bench(found)
    with patch.object(Bare, "run", return_value=None):
        made = slow.fragment(text)
    assert parts(quick.fragment(text)) == parts(made)
    assert quick.problems == slow.problems
