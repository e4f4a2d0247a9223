"""Whatever stands in a file, a build ends with pages or with problems; never with a traceback."""

from __future__ import annotations

import builtins
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import write_files
from trees import errors, tree

from pageloom import shown
from pageloom.cli import main
from pageloom.inputs import defaults_root
from pageloom.options import Options
from pageloom.outcome import Outcome
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
MATRIX = FILES.partition("-- matrix/matrix.yaml --\n")[2].partition("-- themes")[0]
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


@pytest.mark.parametrize("folder", ["content", "matrix", "themes/default/static", "content/root"])
def test_links_that_make_a_circle_end(tmp_path: Path, folder: str):
    write_files(tmp_path, FILES)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "above").symlink_to("..")
    found = errors(build(Options(root=tmp_path)))
    wanted = "content/root/above:1:1: error[C116]: cannot read `content/root/above`"
    assert found == ([wanted] if folder == "content/root" else [])


@pytest.mark.parametrize("name", [".#answer.md", "answer.md.swp", "gone.md"])
def test_links_that_lead_nowhere_are_no_files(tmp_path: Path, name: str):
    """Emacs marks a file that is edited with such a link."""
    write_files(tmp_path, FILES)
    (tmp_path / "content" / name).symlink_to("somebody@host.1234")
    assert errors(build(Options(root=tmp_path))) == []


def test_a_link_out_of_the_project_is_neither_followed_nor_shown(tmp_path: Path):
    write_files(tmp_path / "site", FILES)
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret\n", encoding="utf-8")
    root = tmp_path / "site" / "content" / "root"
    root.mkdir()
    (root / "x.txt").symlink_to(secret)
    (root / "y").symlink_to(tmp_path)
    assert errors(build(Options(root=tmp_path / "site"))) == [
        "content/root/x.txt:1:1: error[C116]: `content/root/x.txt` lies outside the project",
        "content/root/y:1:1: error[C116]: `content/root/y` lies outside the project",
    ]
    assert shown.Lines(tmp_path / "site", {}).line("content/root/x.txt", 1) == ""


@pytest.mark.parametrize("path", ["content/pipe.md", "matrix/pipe.yaml", "content/pipe"])
def test_a_pipe_is_no_file(tmp_path: Path, path: str):
    write_files(tmp_path, FILES)
    os.mkfifo(tmp_path / path)
    assert errors(build(Options(root=tmp_path))) == []


@pytest.mark.parametrize(
    ("folder", "code"), [("content", "C115"), ("themes/default/static", "T115")]
)
def test_a_name_that_is_no_text_is_a_problem(tmp_path: Path, folder: str, code: str):
    write_files(tmp_path, FILES)
    (tmp_path / folder).mkdir(exist_ok=True)
    Path(os.fsdecode(os.fsencode(str(tmp_path / folder)) + b"/\xff.md")).touch()
    (found,) = errors(build(Options(root=tmp_path)))
    assert found == (f"{folder}/\\udcff.md:1:1: error[{code}]: the file's name has '\\udcff' in it")


UNREADABLE = {
    "content/answer.md": "error[C116]: cannot read `content/answer.md`",
    "matrix/tools.yaml": "error[M116]: cannot read `matrix/tools.yaml`",
    PARTIAL: "error[T116]: cannot read the file: Permission denied",
    "content": "error[C116]: cannot read the folder: Permission denied",
    "content/root/well": "error[C116]: cannot read the folder: Permission denied",
    "themes/default/static/a.css": "error[T116]: cannot read the file: Permission denied",
}


@pytest.mark.parametrize("path", UNREADABLE)
def test_what_cannot_be_read_is_a_problem_and_counts_not_as_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
):
    more = "-- content/root/well/a.txt --\n-- themes/default/static/a.css --\n"
    write_files(tmp_path, FILES + more)
    assert errors(build(Options(root=tmp_path))) == []
    before = tree(tmp_path / "site")
    place = str(tmp_path / path)

    def refusing(real: Callable[..., object]) -> Callable[..., object]:
        def refused(name: object, *arguments: object, **options: object) -> object:
            if str(name) == place:
                raise PermissionError(13, "Permission denied", name)
            return real(name, *arguments, **options)

        return refused

    monkeypatch.setattr(builtins, "open", refusing(open))
    monkeypatch.setattr(io, "open", refusing(io.open))
    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    (found,) = errors(build(Options(root=tmp_path)))
    slash = "" if Path(path).suffix else "/"
    assert found == f"{path}{slash}:1:1: {UNREADABLE[path]}"
    assert tree(tmp_path / "site") == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("word " * 20_001, "error[C105]: a text of 100005 characters"),
        ("[" * 4000, "error[C212]: more than 50 brackets are open in one paragraph"),
        ("[a](" * 4000, "error[C212]: more than 50 brackets are open in one paragraph"),
        ("![" * 4000, "error[C212]: more than 50 brackets are open in one paragraph"),
    ],
)
def test_a_text_that_would_take_minutes_is_a_problem(
    hostile: Callable[..., Outcome], text: str, found: str
):
    (error,) = errors(hostile("content/answer.md", f"---\nslot: answer\nfor: {{}}\n---\n{text}"))
    assert error == f"content/answer.md:5:1: {found}"


def test_brackets_that_are_closed_are_no_problem(hostile: Callable[..., Outcome]):
    text = "Words (one) and [two] in a row. " * 60 + "\n\n" + "a) b) c) " * 60
    outcome = hostile("content/answer.md", f"---\nslot: answer\nfor: {{}}\n---\n{text}")
    assert errors(outcome) == []


@pytest.mark.parametrize("character", ["\u202e", "\u202d", "\ufeff"])
@pytest.mark.parametrize("written", ["plain", "escaped"])
def test_a_character_that_turns_words_around_is_no_text(
    hostile: Callable[..., Outcome], character: str, written: str
):
    shown = f"\\u{ord(character):04x}" if written == "escaped" else character
    column = 9 if written == "escaped" else 11
    (error,) = errors(hostile("matrix/tools.yaml", f'- slug: drill\n  name: "D{shown}rill"\n'))
    assert error == (
        f"matrix/tools.yaml:2:{column}: "
        f"error[C219]: character U+{ord(character):04X} has no place in text"
    )


@pytest.mark.parametrize(
    "address", ["https://a..b", "https://A.example", "http://a.example", "https://a.example/"]
)
def test_an_address_of_another_form_is_told_by_an_example(
    hostile: Callable[..., Outcome], address: str
):
    outcome = hostile("content/site.yaml", f"brand: T\nbase_url: {address}\nas_of: 2026-11-25\n")
    (problem,) = (problem for problem in outcome.problems if problem.is_error)
    assert problem.first_line() == (
        f"content/site.yaml:2:11: error[S105]: `base_url` is `{address}`"
    )
    assert problem.expected == "text such as https://tools.example"


@pytest.mark.parametrize("file", ["''", ".", "/etc/passwd", "./tools.yaml"])
def test_a_table_is_a_file_below_matrix(hostile: Callable[..., Outcome], file: str):
    (error,) = errors(hostile("matrix/matrix.yaml", MATRIX.replace("tools.yaml", file)))
    assert error.startswith("matrix/matrix.yaml:3:16: error[M105]: `file` is ")


def test_a_route_without_end_is_a_problem(hostile: Callable[..., Outcome]):
    route = "/{tool}/" + "a/" * 2000
    (error,) = errors(hostile("matrix/matrix.yaml", MATRIX.replace("/{tool}/", route)))
    assert error.startswith("matrix/matrix.yaml:14:12: error[M105]: `route` is ")


@pytest.mark.parametrize("out", ["content/made", "matrix/x/y", "themes", ".pageloom/made"])
def test_the_output_does_not_lie_among_the_sources(tmp_path: Path, out: str):
    write_files(tmp_path, FILES)
    before = tree(tmp_path)
    (error,) = errors(build(Options(root=tmp_path, out=tmp_path / out)))
    name, folder = out.rpartition("/")[2], out.split("/", maxsplit=1)[0]
    assert error == f"{name}:1:1: error[R504]: `{name}` lies in the project's folder `{folder}`"
    after = tree(tmp_path)
    assert {path for path in after if not path.startswith(".pageloom/")} == set(before)


def test_a_language_without_words_is_one_problem(hostile: Callable[..., Outcome]):
    settings = "brand: T\nbase_url: https://a.example\nas_of: 2026-11-25\nlang: de\n"
    (problem,) = hostile("content/site.yaml", settings).problems
    assert problem.first_line() == (
        "content/words/de.yaml:1:1: error[C220]: there are no words in this language"
    )
    assert "words/en.yaml to content/words/de.yaml and translate it" in problem.help


@pytest.mark.parametrize("name", ["months", "date_format"])
def test_a_missing_word_is_named(hostile: Callable[..., Outcome], tmp_path: Path, name: str):
    words = (defaults_root() / "words" / "en.yaml").read_text(encoding="utf-8")
    lines = {"months": "months:\n(  - .*\n)+", "date_format": "date_format: .*\n"}
    settings = "brand: T\nbase_url: https://a.example\nas_of: 2026-11-25\nlang: de\n"
    write_files(tmp_path, FILES + "-- content/words/de.yaml --\n" + re.sub(lines[name], "", words))
    assert errors(hostile("content/site.yaml", settings)) == [
        f"content/words/de.yaml:1:1: error[C220]: the word `{name}` is missing"
    ]


def test_a_flood_of_errors_is_told_in_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hostile: Callable[..., Outcome]
):
    rows = "".join(f"- slug: t{number}\n  name: T{number}\n" for number in range(60))
    hostile("matrix/tools.yaml", rows)
    (tmp_path / "content" / "answer.md").unlink()
    assert main(["--root", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert sum("error[C214]" in line for line in said) == 50
    assert said[-1] == "… and 10 more errors C214: --verbose or --json"


def test_a_folder_is_no_place_for_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_files(tmp_path, FILES)
    assert main(["report", "--root", str(tmp_path), "--out-file", "/"]) == 2
    assert "cannot write /: it is a folder" in capsys.readouterr().err
