"""Documents are true: commands run, and every setting, option and variable is named."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import documents
import pytest

from pageloom import arguments, expressions
from pageloom.compose.data import site_view
from pageloom.diagnostics import CODES, table_code
from pageloom.lexicon import Lexicon
from pageloom.load import schemas
from pageloom.options import Options
from pageloom.pipeline import decide
from pageloom.plan import VERDICTS
from pageloom.sheet import Item, Pager, Part, Sheet, SourceItem, context, section

DOCS = documents.REPOSITORY / "docs"
README = documents.REPOSITORY / "README.md"
FOLDERS = ("how-to", "reference", "explanation")
PROGRAMS = [
    README,
    documents.REPOSITORY / "CONTRIBUTING.md",
    *(path for folder in FOLDERS for path in sorted((DOCS / folder).glob("*.md"))),
]
ALL = [*documents.REPOSITORY.glob("*.md"), *sorted(DOCS.rglob("*.md"))]
SCHEMAS = Path(arguments.__file__).parent / "schemas"


def name(path: Path) -> str:
    return path.relative_to(documents.REPOSITORY).as_posix()


def reference(page: str) -> str:
    return (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")


def rows(text: str, heading: str) -> dict[str, str]:
    """Return the rows of tables whose first column has this heading: names in it, and the row."""
    found: dict[str, str] = {}
    for table in re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        for line in table.splitlines():
            for item in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
                found[item] = line
    return found


def properties(node: Any) -> Iterator[str]:
    """Yield the names of all properties that a schema declares, at any depth."""
    if isinstance(node, Mapping):
        yield from node.get("properties", {})
        for value in node.values():
            yield from properties(value)


def declared(*names: str) -> set[str]:
    texts = ((SCHEMAS / f"{item}.schema.json").read_text(encoding="utf-8") for item in names)
    return {item for text in texts for item in properties(json.loads(text))}


@pytest.mark.parametrize("document", PROGRAMS, ids=name)
def test_the_commands_of_a_document_run(document: Path, tmp_path: Path):
    documents.copy_project(tmp_path)
    for command, shown, made in documents.run(document, tmp_path):
        assert shown == made, command


SHELLS = {"sh", "bash", "shell", "console", "zsh"}


def fences() -> Iterator[tuple[Path, documents.Block]]:
    """Yield the blocks of commands of every document but that of problems.

    It shows commands that fail, and what to type in their place.
    """
    benchmarks = documents.REPOSITORY / "benchmarks/README.md"
    for document in (*ALL, benchmarks):
        for block in documents.blocks(document) if document != DOCS / "problems.md" else ():
            if block.language in SHELLS:
                yield document, block


def test_every_command_of_a_document_is_run_or_named_with_a_reason():
    run = {*PROGRAMS, DOCS / "tutorial.md"}
    found = [
        (document, line) for document, block in fences() for line in documents.commands(block.text)
    ]
    unrun = [
        (name(path), line) for path, line in found if path not in run and documents.is_run(line)
    ]
    assert unrun == []
    assert [name(document) for document, block in fences() if block.language != "sh"] == []
    unused = [
        start for start in documents.NOT_RUN if not any(line.startswith(start) for _, line in found)
    ]
    assert unused == []


@pytest.mark.parametrize("document", ALL, ids=name)
def test_every_command_in_a_sentence_is_understood(document: Path):
    text = re.sub(r"(?ms)^ *```.*?^ *```$", "", document.read_text(encoding="utf-8"))
    for said in re.findall(r"`(?:python build\.py|pageloom) ([^`…]+)`", text):
        words = shlex.split(said)
        named = words[0] in subparsers()
        arguments.parser().parse_args(words if named else ["build", *words])


def test_the_tutorial_goes_from_an_empty_folder_to_the_site_that_it_shows(tmp_path: Path):
    steps = list(documents.run(DOCS / "tutorial.md", tmp_path))
    assert [shown for _, shown, _ in steps] == [made for *_, made in steps]
    assert len(steps) == 5


@pytest.mark.parametrize("document", ALL, ids=name)
def test_the_links_of_a_document_lead_somewhere(document: Path):
    text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s{]+)\)", re.sub(r"`[^`]*`", "", text)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        place = (document.parent / path) if path else document
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_readme_stays_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150


@pytest.mark.parametrize(
    ("page", "files", "heading"),
    [
        ("matrix", ("matrix", "gate"), "key"),
        ("site", ("site",), "key"),
        ("rows-and-schemas", ("fact", "source", "review"), "field"),
        ("claims", ("claims",), "key"),
    ],
)
def test_every_setting_is_documented_and_no_other(page: str, files: tuple[str, ...], heading: str):
    documented = set(rows(reference(page), heading))
    text = reference(page)
    missing = {item for item in declared(*files) if f"`{item}`" not in text}
    missing = {item for item in missing if not re.search(rf"\b{item}:", text)}
    assert missing == set()
    assert documented - declared(*files) - {"slug", "draft", "former_slugs"} == set()


def test_every_keyword_of_schemas_is_documented():
    groups = (schemas._FREE, schemas._NUMBERS, schemas._FORMS)  # noqa: SLF001
    known = {"items", "const", *(keyword for group in groups for keyword in group)}
    assert set(rows(reference("rows-and-schemas"), "keyword")) == known


def test_every_key_filter_and_function_of_snippets_is_documented():
    text = reference("snippets")
    assert set(rows(text, "key")) == set(schemas.built_in("snippet")["properties"])
    assert set(rows(text, "filter")) == set(expressions.FILTERS)
    assert set(rows(text, "function")) == set(expressions.FUNCTIONS)


def subparsers() -> Mapping[str, argparse.ArgumentParser]:
    (action,) = (
        item
        for item in arguments.parser()._actions  # noqa: SLF001  (argparse has no public way)
        if isinstance(item, argparse._SubParsersAction)  # noqa: SLF001
    )
    return action.choices


def flags() -> set[str]:
    parsers = (arguments.parser(), *subparsers().values())
    return {
        flag
        for parser in parsers
        for action in parser._actions  # noqa: SLF001
        for flag in action.option_strings
    }


def test_every_command_and_option_is_documented_and_no_other():
    text = reference("commands")
    options = {item.split(" ")[0] for item in rows(text, "option")}
    assert set(rows(text, "command")) == set(subparsers())
    assert options == flags()


@pytest.mark.parametrize("document", ALL, ids=name)
def test_no_document_names_an_option_or_a_code_that_does_not_exist(document: Path):
    text = document.read_text(encoding="utf-8")
    used = set(re.findall(r"(?:build\.py|pageloom)[^\n`]*? (--[a-z-]+)", text))
    assert used <= flags()
    codes = set(re.findall(r"\b[MCTRPGLH]\d{3}\b", text))
    assert {table_code(code) for code in codes} <= set(CODES)


def test_every_verdict_is_explained():
    assert set(rows((DOCS / "explanation/gate.md").read_text(encoding="utf-8"), "verdict")) == set(
        VERDICTS
    )


def full_page() -> dict[str, Any]:
    """Return what a template sees of a page that has everything."""
    link = Item((b"A", b"/a/"), line=b"a line")
    full = section("s", b"S", b"text", (link,), (Part("p", "P", b"text", (link,)),))
    lists: dict[str, Any] = {
        "crumbs": (b"A", b"/a/", b"B", b""),
        "sections": (full,),
        "related": (link,),
        "sources": (SourceItem(1, b"text"),),
        "pager": Pager(2, 3, "f", "p", "n"),
    }
    texts = {item.name: "text" for item in dataclasses.fields(Sheet)}
    sheet = Sheet(**{**texts, **lists})
    return context(sheet.shape())


def test_every_variable_of_page_templates_is_documented_and_no_other(tmp_path: Path):
    documents.copy_project(tmp_path)
    plan = decide(Options(root=tmp_path / "examples/minimal")).plan
    assert plan is not None
    site = site_view(plan, Lexicon(plan.project.words, lambda _: None))
    known = {f"page.{key}" for key in full_page()} | {f"site.{key}" for key in site}
    documented = rows(reference("themes"), "name")
    assert {item for item in documented if item.startswith(("page.", "site."))} == known


def test_every_field_in_the_lists_of_a_page_is_documented():
    documented = rows(reference("themes"), "name")
    for key, value in full_page().items():
        for field in _fields(value):
            assert f"`{field}`" in documented[f"page.{key}"], (key, field)


def _fields(value: Any) -> Iterable[str]:
    if isinstance(value, list):
        for item in value:
            yield from _fields(item)
    elif isinstance(value, dict) and type(value) is dict:
        for field, inner in value.items():
            yield field
            yield from _fields(inner)


def test_every_function_of_templates_is_documented():
    documented = {item.split("(")[0] for item in rows(reference("themes"), "function")}
    assert documented == {"t", "date", "asset", "fact", "cite", "value", "link", "url"}
