"""Schemas for editors: derived from the project, kept fresh, and what an editor makes of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import documents
import jsonschema_rs
import language_server
import pytest
import yaml

from pageloom import cli
from pageloom.editing.derived import FOLDER, SETTINGS, derived

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
REPOSITORY = Path(__file__).parent.parent
Site = Callable[[str], Path]

PROJECT = """\
-- content/site.yaml --
brand: Shop
base_url: https://shop.example
as_of: 2026-11-25
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.yaml}
  fault: {file: faults.yaml}
joins:
  pair: {file: pairs, axes: [maker, fault]}
facts: facts.yaml
sources: sources.yaml
families:
  home:
    axes: []
    route: /
    title: ["Shop: every maker and every fault"]
    h1: Shop
  pair:
    axes: [maker, fault]
    cells: pair
    route: /{maker}/{fault}/
    title: ["{{ maker.name }} and {{ fault.slug }}"]
    h1: "{{ maker.name }}"
-- matrix/makers.yaml --
- slug: alfa
  name: Alfa
  see: [smoke]
- slug: beta
  name: Beta
  draft: true
-- matrix/faults.yaml --
- slug: smoke
- slug: noise
-- matrix/pairs/alfa.yaml --
- maker: alfa
  fault: smoke
-- matrix/sources.yaml --
- slug: manual
  title: The manual
-- matrix/facts.yaml --
- id: alfa.years
  about: {maker: alfa}
  value: 14
  source: manual
  confidence: high
-- matrix/schemas/maker.schema.json --
{"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
 "slug": {"type": "string"},
 "name": {"type": "string", "description": "As on the door of the shop."},
 "size": {"type": "string", "enum": ["small", "large"]},
 "since": {"type": "string", "format": "date"},
 "site": {"type": "string", "format": "https-url"},
 "see": {"type": "array", "items": {"type": "string", "x-ref": "fault"}}}}
"""


def run(root: Path, *arguments: str) -> int:
    return cli.main(["schema", "--root", str(root), *arguments])


def test_the_schemas_of_this_repository_are_fresh():
    found = derived(REPOSITORY, lambda _: None)
    assert found is not None
    assert found.stale(REPOSITORY) == (), "run `python build.py schema`"


def test_a_reference_is_a_choice_of_slugs_drafts_included(site: Site):
    root = site(PROJECT)
    assert run(root) == 0
    pair = json.loads((root / FOLDER / "pair.schema.json").read_text())
    assert pair["items"]["properties"]["maker"] == {"$ref": "#/$defs/maker"}
    assert pair["$defs"]["maker"]["enum"] == ["alfa", "beta"]
    assert pair["items"]["required"] == ["maker", "fault"]


def test_a_second_run_changes_nothing_and_a_new_row_makes_them_stale(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(PROJECT)
    assert run(root) == 0
    capsys.readouterr()
    assert run(root, "--check") == 0
    assert capsys.readouterr().out == "fresh\n"
    (root / "matrix/faults.yaml").write_text("- slug: smoke\n- slug: noise\n- slug: rust\n")
    assert run(root, "--check") == 1
    stale = capsys.readouterr().out.split()
    assert stale == ["stale", f"{FOLDER}/maker.schema.json"] + [
        word
        for name in ("pair", "fact", "snippet", "site")
        for word in ("stale", f"{FOLDER}/{name}.schema.json")
    ]


def test_settings_of_an_editor_keep_what_is_theirs(site: Site):
    root = site(PROJECT)
    theirs = {"editor.tabSize": 2, "yaml.schemas": {"mine.json": "mine.yaml"}}
    (root / ".vscode").mkdir()
    (root / SETTINGS).write_text(json.dumps(theirs))
    run(root)
    settings = json.loads((root / SETTINGS).read_text())
    assert settings["editor.tabSize"] == 2
    assert settings["yaml.schemas"]["mine.json"] == "mine.yaml"
    assert settings["yaml.schemas"][f"{FOLDER}/pair.schema.json"] == ["matrix/pairs/*.yaml"]


def test_settings_that_are_no_plain_json_are_left_alone(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(PROJECT + "-- .vscode/settings.json --\n{\n // mine\n}\n")
    assert run(root) == 1
    assert "left alone" in capsys.readouterr().err
    assert (root / SETTINGS).read_text() == "{\n // mine\n}\n"


def test_a_schema_of_a_table_that_is_gone_is_removed(site: Site):
    root = site(PROJECT)
    run(root)
    (root / FOLDER / "old.schema.json").write_text("{}")
    run(root)
    assert not (root / FOLDER / "old.schema.json").exists()


@pytest.mark.skipif(language_server.command() is None, reason="needs npm's yaml-language-server")
def test_an_editor_offers_slugs_and_fields_and_marks_what_is_wrong(site: Site):
    root = site(PROJECT)
    run(root)
    with language_server.client(root) as editor:
        for path in ("pairs/alfa.yaml", "facts.yaml", "sources.yaml", "matrix.yaml"):
            text = (root / "matrix" / path).read_text()
            assert editor.marks(f"matrix/{path}", text) == [], path
        wrong = "- slug: gamma\n  name: 12\n  size: huge\n  colour: red\n"
        marked = " ".join(editor.marks("matrix/makers.yaml", wrong))
        assert "small" in marked
        assert "colour" in marked
        offered = editor.offers("matrix/pairs/alfa.yaml", "- maker: alfa\n  fault: ‸\n")
        assert set(offered) == {"smoke", "noise"}
        fields = editor.offers("matrix/makers.yaml", "- slug: gamma\n  ‸\n")
        assert "As on the door of the shop." in fields["name"]
        assert set(editor.offers("matrix/makers.yaml", "- slug: g\n  see: [‸]\n")) == {
            "smoke",
            "noise",
        }
        parents = editor.offers(
            "matrix/matrix.yaml", "format: 1\nfamilies:\n  pair:\n    parent: ‸\n"
        )
        assert set(parents) == {"home", "pair"}


def heads(root: Path) -> dict[str, str]:
    """Return the heads of the snippets of a project by their files."""
    texts = {path: path.read_text(encoding="utf-8") for path in (root / "content").rglob("*.md")}
    return {
        path.relative_to(root).as_posix(): text.split("---\n", 2)[1]
        for path, text in texts.items()
        if "content/root/" not in path.as_posix()
    }


def faults(schema: dict[str, Any], head: str) -> list[str]:
    """Return where an editor would see a mistake in a head."""
    value = yaml.load(head, Loader=yaml.BaseLoader)  # noqa: S506  (texts only)
    found = jsonschema_rs.validator_for({**schema, "$schema": DRAFT_7}).iter_errors(value)
    return ["/".join(map(str, error.instance_path)) for error in found]


def test_every_head_of_the_flagship_holds_by_its_schema():
    schema = json.loads((REPOSITORY / FOLDER / "snippet.schema.json").read_text())
    found = {path: faults(schema, head) for path, head in heads(REPOSITORY).items()}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("head", "wrong"),
    [
        ("slot: answer\nfor: {maker: alfa, fault: [smoke, noise]}\n", []),
        ("slot: answer\nfor: {maker.size: [small], fault.kind: smoke}\n", []),
        ("slot: answer\nfor: {maker.sise: small}\n", ["for"]),
        ("slot: anwser\nfor: {}\n", ["slot"]),
        ("slot: answer\nfor: {maker: alfaa}\n", ["for/maker"]),
        ("slot: answer\nfor: {maker.size: huge}\n", ["for/maker.size"]),
        ("slot: answer\nfor: {maker.see: noise}\n", []),
        ("slot: answer\nfor: {}\nwaive: {slow: because}\n", []),
        ("slot: answer\nfor: {}\nwaive: {bare-number: because, slwo: x}\n", ["waive"]),
        ("slot: answer\nfor: {}\nfamily: home\n", ["family"]),
        ("slot: answer\nfor: {}\nreviewd: 2026-11-25\n", [""]),
        ("slot: answer\n", [""]),
    ],
)
def test_a_head_is_judged_by_what_the_project_has(site: Site, head: str, wrong: list[str]):
    root = site(
        PROJECT.replace("facts: facts.yaml", "facts: facts.yaml\nclaims: claims.yaml").replace(
            '    h1: "{{ maker.name }}"',
            '    h1: "{{ maker.name }}"\n    slots:\n'
            "      answer: {snippet: optional}\n      card: {from: card.html, rows: [maker]}",
        )
        + "-- matrix/claims.yaml --\nrules:\n"
        "- {id: slow, pattern: slow, why: w, right: r, bad: slow, ok: k}\n"
    )
    assert run(root) == 0
    schema = json.loads((root / FOLDER / "snippet.schema.json").read_text())
    assert faults(schema, head) == wrong


@pytest.mark.skipif(
    shutil.which("remark") is None, reason="needs npm's remark-cli and its packages"
)
def test_the_configuration_in_the_documents_marks_a_mistake_in_a_head(tmp_path: Path):
    document = REPOSITORY / "docs/reference/snippets.md"
    (config,) = (block for block in documents.blocks(document) if block.language == "json")
    program = Path(str(shutil.which("remark")))
    (tmp_path / "node_modules").symlink_to(program.parent.parent)
    (tmp_path / ".remarkrc.json").write_text(config.text)
    schema = tmp_path / FOLDER / "snippet.schema.json"
    schema.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / FOLDER / "snippet.schema.json", schema)
    (tmp_path / "content").mkdir()
    (tmp_path / "content/a.md").write_text("---\nslot: angle\nfor: {payer: aetnaa}\n---\nText.\n")
    (tmp_path / "content/b.md").write_text("---\nslot: angle\nfor: {payer: aetna}\n---\nText.\n")
    asked = [program, "--no-stdout", "--no-color", "content/a.md", "content/b.md"]
    done = subprocess.run(
        asked, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert "3:14-3:20" in done.stderr
    assert "content/b.md: no issues found" in done.stderr
