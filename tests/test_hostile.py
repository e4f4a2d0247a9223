"""Whatever stands in a file, a build ends with pages or with problems; never with a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projects import write_files
from trees import errors, tree

from pageloom.model import Outcome
from pageloom.options import Options
from pageloom.pipeline import build

FILES = """-- content/site.yaml --
brand: Tool Library
base_url: https://tools.example
as_of: 2026-11-25
-- content/answer.md --
---
slot: answer
for: {}
---
Ask for {{ tool.name }}.
-- matrix/tools.yaml --
- slug: drill
  name: Drill
  tags: [heavy, loud]
-- matrix/matrix.yaml --
format: 1
axes:
  tool: {file: tools.yaml}
families:
  home:
    axes: []
    route: /
    title: ["Tools of an invented library, one by one"]
    h1: Tools
    slots:
      uses: {list: use}
  use:
    axes: [tool]
    route: /{tool}/
    parent: home
    title: ["{{ tool.name }}: borrow one from the tool library"]
    h1: "{{ tool.name }}"
    slots:
      answer: {snippet: required}
      made: {from: partials/made_of.html, rows: [tool]}
-- themes/default/partials/made_of.html --
<p>{{ tool.name }}</p>
"""
PARTIAL = "themes/default/partials/made_of.html"


@pytest.fixture
def hostile(tmp_path: Path) -> Callable[[str, str], Outcome]:
    """Return a function that builds the project with one file as given."""

    def make(path: str, content: str) -> Outcome:
        write_files(tmp_path, FILES)
        (tmp_path / path).write_text(content, encoding="utf-8")
        return build(Options(root=tmp_path))

    return make


@pytest.mark.parametrize(
    "template",
    [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'partials/made_of.html' %}",
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ tool.name|truncate(-1) }}",
        "{{ '%c'|format(55296) }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 1000000000 * [1] }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'x{0.__class__}'.format(tool) }}",
        "{{ tool|attr('_row') }}",
    ],
)
def test_a_template_that_fails_is_a_problem(hostile: Callable[..., Outcome], template: str):
    (error,) = errors(hostile(PARTIAL, template))
    assert error.startswith(f"{PARTIAL}:1:1: error[T306]: ")


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        ("{{ link }}", "a method"),
        ("{{ tool.tags }}", "a list"),
        ("{{ tool.tags|map('upper') }}", "a generator"),
        ("{% for tag in tool.tags %}{{ loop }}{% endfor %}", "a LoopContext"),
    ],
)
def test_what_has_no_words_cannot_be_printed(
    hostile: Callable[..., Outcome], template: str, kind: str
):
    (error,) = errors(hostile(PARTIAL, template))
    assert error == (
        f"{PARTIAL}:1:1: error[T306]: TypeError: {kind} cannot be printed: print a text, or loop"
    )


def test_a_template_can_calculate(hostile: Callable[..., Outcome], tmp_path: Path):
    outcome = hostile(PARTIAL, "{{ 7 * 6 }} {{ 7 % 4 }} {{ 'ab' * 2 }} {{ '%s' | format(tool) }}")
    assert errors(outcome) == []
    assert b"42 3 abab Drill" in tree(tmp_path / "site")["drill/index.html"]


def test_chance_is_no_filter(hostile: Callable[..., Outcome]):
    (error,) = errors(hostile(PARTIAL, "{{ tool.tags|random }}"))
    assert error == f"{PARTIAL}:1:1: error[T306]: TemplateAssertionError: No filter named 'random'."
