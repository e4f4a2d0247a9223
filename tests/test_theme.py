"""A theme is laid over the one that the engine ships; what it may change is listed, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import write_files
from trees import copied, made

from pageloom.assets import asset, compact
from pageloom.inputs import defaults_root

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs/reference/themes.md").read_text(encoding="utf-8")
README = (defaults_root() / "README.md").read_text(encoding="utf-8")


def listed(text: str, heading: str) -> list[str]:
    """Return the names in the first column of a table, in order."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [
        name
        for line in table.splitlines()
        for name in re.findall(r"`([^`]+)`", line.split(" | ")[0])
    ]


def test_every_block_is_listed_and_no_other():
    base = (defaults_root() / "base.html").read_text(encoding="utf-8")
    blocks = re.findall(r"{% block (\w+) %}", base)
    assert blocks == listed(REFERENCE, "block") == listed(README, "block")


def test_only_base_declares_blocks():
    for path in defaults_root().rglob("*.html"):
        declared = set(re.findall(r"{% block (\w+) %}", path.read_text(encoding="utf-8")))
        assert declared <= set(listed(REFERENCE, "block")), path


def test_every_token_is_listed_and_no_other():
    sheet = (defaults_root() / "static/site.css").read_text(encoding="utf-8")
    tokens = set(re.findall(r"(--[\w-]+):", sheet))
    assert tokens == set(listed(REFERENCE, "token")) == set(listed(README, "token"))
    assert set(re.findall(r"var\((--[\w-]+)", sheet)) <= tokens


def test_every_template_and_partial_is_listed_and_no_other():
    root = defaults_root()
    files = {path.relative_to(root).as_posix() for path in root.rglob("*.html")}
    assert set(listed(REFERENCE, "template")) == files


@pytest.mark.parametrize("name", ["partials/related.html", "static/site.css", "hub.html"])
def test_one_file_in_themes_default_takes_the_place_of_one_file(tmp_path: Path, name: str):
    root = copied("trades", tmp_path / "trades")
    made(root)
    before = shown(root)
    own = root / "themes/default" / name
    own.parent.mkdir(parents=True)
    own.write_text("", encoding="utf-8")
    assert made(root).problems == ()
    after = shown(root)
    assert set(after) == set(before)
    assert after != before
    if name.startswith("static/"):
        assert 'rel="icon"' in after["index.html"]
        assert (root / "site" / stylesheet(after["index.html"])).read_text(encoding="utf-8") == "\n"


def shown(root: Path) -> dict[str, str]:
    site = root / "site"
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8")
        for path in site.rglob("*.html")
    }


def stylesheet(page: str) -> str:
    return re.search(r'rel="stylesheet" href="/([^"]+)"', page).group(1)


def test_a_theme_lies_over_the_project_s_default_theme(tmp_path: Path):
    root = copied("trades", tmp_path / "trades")
    write_files(
        root,
        "-- themes/trades/partials/head.html --\n<!-- trades head -->\n"
        "-- themes/default/partials/head.html --\n<!-- default head -->\n"
        "-- themes/default/partials/related.html --\n<!-- default related -->\n",
    )
    assert made(root).problems == ()
    page = shown(root)["oslo/plumber/index.html"]
    assert "<!-- trades head -->" in page
    assert "<!-- default head -->" not in page
    assert "<!-- default related -->" in page


def test_a_stylesheet_loses_comments_and_spare_space_only():
    sheet = b"""/* a */
    :root { --a: 1px; --b: "x ;  }  y"; }
    a :is(b, c) > d { margin: calc(1px + 2px) auto; content: ' /* no */ '; }
    @media (min-width: 40rem) and (hover: hover) { e { top: 0 } }
    """
    assert compact(sheet) == (
        b':root{--a:1px;--b:"x ;  }  y"}'
        b"a :is(b,c) > d{margin:calc(1px + 2px) auto;content:' /* no */ '}"
        b"@media (min-width:40rem) and (hover:hover){e{top:0}}\n"
    )
    assert asset("a.css", sheet).content == compact(sheet)
    assert asset("a.txt", sheet).content == sheet


@given(st.text("ab{}:;,\"'/* \n\\>+-", max_size=60))
def test_a_compact_stylesheet_stays_as_it_is(sheet: str):
    once = compact(sheet.encode())
    assert compact(once) == once


@pytest.mark.parametrize(
    ("sheet", "kept"), [(b"a/* */b{}", b"a/**/b{}\n"), (b"a /* */ b{}", b"a b{}\n")]
)
def test_a_comment_between_words_leaves_them_apart(sheet: bytes, kept: bytes):
    assert compact(sheet) == kept


MARKS = """-- content/site.yaml --
brand: Question desk
as_of: 2026-11-25
base_url: https://desk.example
organization: {name: Desk Inc., description: We answer.}
-- content/words/en.yaml --
{}
-- matrix/matrix.yaml --
format: 1
axes: {}
facts: facts.yaml
sources: sources.yaml
families:
  home:
    axes: []
    route: /
    title: ["A desk of questions that have been asked before"]
    h1: Questions
    slots: {body: {snippet: required, heading: Asked}}
-- matrix/sources.yaml --
- {slug: asked, title: What can I do?, publisher: Desk Inc., dated: May 2026}
- {slug: cited, title: 'The "why?"', publisher: Desk, dated: ca. 2020}
- {slug: plain, title: A plain title, publisher: A plain house, dated: "2026"}
-- matrix/facts.yaml --
- {id: one, statement: It rains., source: cited, citation: ch. 1 et seq., confidence: high}
- {id: two, statement: It snows., source: plain, citation: p. 3; p. 4, confidence: high}
- {id: three, statement: It hails., source: plain, citation: p. 4, confidence: high}
-- content/sections/body.md --
---
slot: body
family: home
for: {}
---
It rains {{ fact("one") }}; ask {{ cite("asked") }},
or see {{ cite("two") }} and {{ cite("three") }}.
"""


def test_no_mark_and_no_place_in_a_list_of_sources_is_doubled(tmp_path: Path):
    write_files(tmp_path, MARKS)
    made(tmp_path)
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    entries = re.findall(r"<li id=\"source-\d\" value=\"\d\">(.*)</li>", page)
    assert [re.sub(r"<[^>]+>", "", entry) for entry in entries] == [
        "The &#34;why?&#34; Desk. ch. 1 et seq. Text as of ca. 2020",
        "What can I do? Desk Inc. Text as of May 2026",
        "A plain title. A plain house. p. 3; p. 4. Text as of 2026",
    ]
    assert "Desk Inc. We answer." in text


def test_an_edit_of_the_entry_of_a_source_is_on_every_page_that_cites(tmp_path: Path):
    write_files(tmp_path, MARKS)
    made(tmp_path)
    write_files(tmp_path, "-- themes/default/partials/source.html --\n<i>{{ source.title }}</i>\n")
    made(tmp_path)
    assert "<i>What can I do?</i>" in (tmp_path / "site/index.html").read_text(encoding="utf-8")
