"""Faults in a user's files as the problems that are told of them: all in one run, nothing written.

`tests/problems/base.txt` is a sound project. A case in one of the other files there lays files
over it, or changes lines of them, and gives the first line of each problem.
"""

from __future__ import annotations

import copy
import html
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import html5lib
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projects import write_files

from pageloom import cli
from pageloom.diagnostics import CODES, table_code
from pageloom.outcome import Outcome
from pageloom.pipeline import Options, build, decide

FOLDER = Path(__file__).parent / "problems"
BASE = (FOLDER / "base.txt").read_text(encoding="utf-8")
REFERENCE = Path(__file__).parent.parent / "docs" / "problems.md"
CASE = re.compile(r"^=== (.+)\n", re.MULTILINE)
PART = re.compile(r"^-- (change )?(\S+) --\n", re.MULTILINE)
AT_WORK = {"T302", "T305", "T306", "R504", "R505", "R506", "P610"}
"""Codes that are found at a page or at the output folder, when others may be written already."""

Site = Callable[[str], Path]


def cases() -> Iterator[tuple[str, str, list[str]]]:
    for file in sorted(FOLDER.glob("*.txt")):
        found = CASE.split(file.read_text(encoding="utf-8"))
        for name, text in zip(found[1::2], found[2::2], strict=True):
            files, expected = text.split("-- problems --\n")
            yield name, files, expected.strip("\n").split("\n")


CASES = {name: (files, expected) for name, files, expected in cases()}


def project(root: Path, changes: str) -> Path:
    """Write the sound project with changes over it."""
    write_files(root, BASE)
    parts = PART.split(changes)
    for change, path, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        new = text
        if change:
            old, line = text.removesuffix("\n").split("\n=>\n")
            before = target.read_text(encoding="utf-8")
            assert old in before
            new = before.replace(old, line, 1)
        target.write_text(new, encoding="utf-8", newline="")
    return root


def built(root: Path) -> Outcome:
    return build(Options(root=root, jobs=1))


def first_lines(root: Path) -> list[str]:
    return [problem.first_line() for problem in built(root).problems]


def body(text: str) -> str:
    return f"-- content/answer.md --\n---\nslot: answer\nfor: {{}}\n---\n{text}\n"


def test_a_sound_project_has_no_problems(tmp_path: Path):
    assert first_lines(project(tmp_path, "")) == []


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_told_where_it_is(tmp_path: Path, name: str):
    files, expected = CASES[name]
    root = project(tmp_path, files)
    assert first_lines(root) == expected
    codes = set(re.findall(r"error\[(\w+)\]", "\n".join(expected)))
    if codes - AT_WORK:
        assert not (root / "site").exists()


def test_every_code_is_documented_and_triggered():
    lines = "\n".join(line for _, expected in CASES.values() for line in expected)
    triggered = {table_code(code) for code in re.findall(r"\[([A-Z]\d{3})\]: ", lines)}
    triggered |= {"M115", "P605", "P609", "G701", "G702"}  # the tests below, and of the gate
    triggered |= {"P611", "P612", "T307"}  # tests of reach and share
    sections = re.findall(r"^## ([A-Z]\d{3}): (.+)$", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert dict(sections) == dict(CODES)
    assert triggered == set(CODES)


def test_a_first_line_is_short_and_plain():
    for _, expected in CASES.values():
        for line in expected:
            message = line.split("]: ", 1)[1]
            assert len(message) <= 100
            assert not message.endswith(".")


def test_problems_exit_with_1_and_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root = project(tmp_path, "-- matrix/known.yaml --\n- {maker: alfa, fault: smoky}\n")
    assert cli.main(["build", "--root", str(root), "--quiet"]) == 1
    assert capsys.readouterr().err == (
        "matrix/known.yaml:1:24: error[M103]: unknown fault `smoky`\n"
        "      1 | - {maker: alfa, fault: smoky}\n"
        "        |                        ^\n"
        "        = expected: the slug of a fault\n"
        "        = help: the closest name is `smoke`\n"
    )
    assert not (root / "site").exists()


def test_equal_problems_are_grouped_with_their_number(tmp_path: Path):
    changes = "-- matrix/faults.yaml --\n"
    changes += "".join(f"- {{slug: f{n}, name: Fault {n}}}\n" for n in range(5))
    changes += (
        "-- matrix/known.yaml --\n[]\n-- change matrix/matrix.yaml --\n    parent: home\n=>\n"
    )
    changes += "    parent: home\n    where: fault.name < 3\n"
    (problem,) = built(project(tmp_path, changes)).problems
    assert problem.code == "M113"
    assert problem.notes == ("and 4 more of the same",)


def test_bytes_that_are_not_utf_8_are_found(tmp_path: Path):
    root = project(tmp_path, "")
    (root / "matrix/faults.yaml").write_bytes(b"- slug: smoke\n  name: Fum\xe9e\n")
    (root / "content/answer.md").write_bytes(b"---\nslot: answer\nfor: {}\n---\nFum\xe9e\n")
    assert first_lines(root) == [
        "content/answer.md:5:4: error[C115]: byte 0xe9 is not UTF-8",
        "matrix/faults.yaml:2:12: error[M115]: byte 0xe9 is not UTF-8",
    ]


def test_a_byte_order_mark_and_other_line_ends_are_fine(tmp_path: Path):
    root = project(tmp_path, "")
    for path in ("matrix/faults.yaml", "matrix/matrix.yaml", "content/answer.md"):
        text = (root / path).read_bytes()
        (root / path).write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert first_lines(root) == []


@pytest.mark.parametrize(
    "character", ["\x00", "\x0b", "\x7f", "\x80", "\ue000", "\ufffe", "\U0001ffff"]
)
def test_a_character_that_is_no_text_is_found(tmp_path: Path, character: str):
    root = project(tmp_path, body(f"Look {character} first."))
    message = f"character U+{ord(character):04X} has no place in text"
    assert first_lines(root) == [f"content/answer.md:5:6: error[C219]: {message}"]


def test_a_page_with_too_many_links_is_a_warning(tmp_path: Path):
    links = "\n".join(f"[Manual {n}](https://manual.example/{n})" for n in range(110))
    root = project(tmp_path, body(links))
    assert first_lines(root) == [
        "matrix/matrix.yaml:21:3: warning[P605]: a page of `repair` has more than 100 links"
    ]


def test_a_page_that_is_too_large_is_a_warning(tmp_path: Path):
    text = "\n\n".join("Look at the hood, then at the pipe behind it. " * 60 for _ in range(25))
    root = project(tmp_path, body(text))
    assert first_lines(root) == [
        "matrix/matrix.yaml:21:3: warning[P609]: a page of `repair` is larger than 60000 bytes"
    ]


@pytest.mark.parametrize(
    "folder", ["matrix/matrix.yaml", "matrix/faults.yaml", "content/site.yaml"]
)
def test_a_folder_with_the_name_of_a_file_is_a_problem(tmp_path: Path, folder: str):
    root = project(tmp_path, "")
    (root / folder).unlink()
    (root / folder).mkdir()
    code = "S116" if folder == "content/site.yaml" else "M116"
    expected = [f"{folder}:1:1: error[{code}]: cannot read `{folder}`"]
    assert first_lines(root) == expected


def test_a_link_of_the_file_system_that_leads_outside_is_a_problem(tmp_path: Path):
    root = project(tmp_path / "project", "")
    (tmp_path / "secret.md").write_text("---\nslot: answer\nfor: {}\n---\nSecret.\n")
    (tmp_path / "secret.yaml").write_text("- {slug: smoke, name: Secret}\n")
    (root / "content/link.md").symlink_to(tmp_path / "secret.md")
    (root / "matrix/faults.yaml").unlink()
    (root / "matrix/faults.yaml").symlink_to(tmp_path / "secret.yaml")
    assert first_lines(root) == [
        "content/link.md:1:1: error[C116]: `content/link.md` leads outside the project",
        "matrix/matrix.yaml:4:17: error[M116]: `faults.yaml` lies outside the folder matrix/",
    ]


def test_a_bomb_of_anchors_is_refused_at_its_first_anchor(tmp_path: Path):
    lines = ["a: &a [x, x]"] + [
        f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdef", "bcdefg", strict=True)
    ]
    root = project(tmp_path, "-- matrix/faults.yaml --\n" + "\n".join(lines) + "\n")
    assert first_lines(root) == ["matrix/faults.yaml:1:4: error[M110]: anchor `&a`"]


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("0123", "0123"),
        ("1e3", "1e3"),
        ("2026-11-25", "2026-11-25"),
        ("'{{ fault.slug }}'", "{{ fault.slug }}"),
        ("'{% if x %}'", "{% if x %}"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("'[x](javascript:alert(1))'", "[x](javascript:alert(1))"),
        ("'**bold** # no'", "**bold** # no"),
        ("a & b", "a &amp; b"),
        ("'\"quoted\"'", "&#34;quoted&#34;"),
        ("दमा 🤧 ازمة", "दमा 🤧 ازمة"),
    ],
)
def test_a_value_is_printed_as_the_text_it_is(tmp_path: Path, written: str, printed: str):
    root = project(tmp_path, f"-- matrix/faults.yaml --\n- slug: smoke\n  name: {written}\n")
    built(root)
    page = (root / "site/alfa/smoke/index.html").read_text(encoding="utf-8")
    assert f"<p>Look at {printed} first.</p>" in page
    assert "<script>alert" not in page


PIECES = (
    *("{{", "}}", "{%", "fault.name", "|", "<", "</script>", "&", "](", "[", "# ", "- ", "\n"),
    *("'", '"', "\\", "`", "**", ": ", "javascript:", "../", "%2e", "~", "NO", "*a", "!t", "\r"),
    *("\u202e", "\x85", "\u2028", "\ufeff", "\ue000", "🤧", "א", "--- ", "\n---\n"),
)
ANY_TEXT = st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
ANY = settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)


def page_or_problems(root: Path) -> str | None:
    """Return the page of alfa × smoke, or None where an error was told; a traceback fails."""
    outcome = built(root)
    for problem in outcome.problems:
        assert "\n" not in problem.first_line()
    if any(problem.is_error for problem in outcome.problems):
        return None
    page = (root / "site/alfa/smoke/index.html").read_text(encoding="utf-8")
    parser = html5lib.HTMLParser()
    parser.parse(page)
    assert parser.errors == []
    return page


@ANY
@given(ANY_TEXT)
def test_any_text_of_a_field_is_on_the_page_escaped_or_a_problem(text: str):
    with tempfile.TemporaryDirectory() as folder:
        row = f"- slug: smoke\n  name: {json.dumps(text)}\n  note: {json.dumps(text)}\n"
        page = page_or_problems(project(Path(folder), f"-- matrix/faults.yaml --\n{row}"))
        if page is not None:
            (shown,) = re.findall(r"<p>Look at (.*) first.</p>", page, re.DOTALL)
            assert "<" not in shown
            read = text.replace("\r\n", "\n").replace("\r", "\n")  # as any reader of HTML does
            assert html.unescape(shown) == read


@ANY
@given(ANY_TEXT)
def test_any_text_of_a_snippet_is_a_page_or_a_problem(text: str):
    with tempfile.TemporaryDirectory() as folder:
        page = page_or_problems(project(Path(folder), body(text.replace("\ud800", ""))))
        assert page is None or "<script>alert" not in page


EDITED = (
    *("matrix/matrix.yaml", "matrix/faults.yaml", "matrix/facts.yaml", "content/site.yaml"),
    *("matrix/schemas/fault.schema.json", "content/answer.md"),
)


@ANY
@given(st.sampled_from(EDITED), ANY_TEXT, st.randoms(use_true_random=False))
def test_any_text_at_any_place_of_a_file_is_a_page_or_a_problem(
    path: str, text: str, chance: random.Random
):
    with tempfile.TemporaryDirectory() as folder:
        root = project(Path(folder), "")
        before = (root / path).read_text(encoding="utf-8")
        place = chance.randrange(len(before) + 1)
        (root / path).write_text(before[:place] + text + before[place:], encoding="utf-8")
        page_or_problems(root)


WRONG = (
    None,
    "",
    "x",
    "0123",
    [],
    ["x"],
    {},
    {"x": "y"},
    {"x": [{"y": ["z"]}]},
    "off",
    "from home",
)


def places(value: object, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every value in a tree."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, child in items:
        yield (*here, key)
        yield from places(child, (*here, key))


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_any_value_of_another_type_in_the_map_is_a_page_or_a_problem(tmp_path: Path, wrong: object):
    root = project(tmp_path, "")
    path = root / "matrix/matrix.yaml"
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    for place in places(tree):
        edited = copy.deepcopy(tree)
        parent = edited
        for key in place[:-1]:
            parent = parent[key]
        parent[place[-1]] = wrong
        path.write_text(yaml.safe_dump(edited, sort_keys=False), encoding="utf-8")
        decide(Options(root=root))


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize(
    "path", ["content/words/en.yaml", "content/site.yaml", "matrix/known.yaml"]
)
def test_any_value_in_the_place_of_a_file_is_a_page_or_a_problem(
    tmp_path: Path, path: str, wrong: object
):
    text = yaml.safe_dump(wrong)
    decide(Options(root=project(tmp_path, f"-- {path} --\n{text}")))


def test_an_empty_field_says_what_its_schema_asks_for(tmp_path: Path):
    schema = '{"type": "object", "required": ["size"], "properties": {"size": {"type": "string",'
    schema += ' "enum": ["small", "large"], "description": "How large the shop is."}}}'
    row = "- slug: alfa\n  name: Alfa\n  size:\n"
    files = f"-- matrix/schemas/maker.schema.json --\n{schema}\n-- matrix/makers.yaml --\n{row}"
    found = decide(Options(root=project(tmp_path, files))).problems
    helps = [problem.help for problem in found if problem.code == "M106"]
    assert helps == ["How large the shop is: small, large"]
