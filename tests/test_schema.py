"""Schemas for editors: derived from the project, kept fresh, and what an editor makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import language_server
import pytest

from pageloom import cli
from pageloom.editing.derived import FOLDER, SETTINGS, derived

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
        for name in ("pair", "fact", "site")
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
