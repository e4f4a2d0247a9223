"""A slug that is suggested is one, in the spelling of the site's language, on every system."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pageloom import cli
from pageloom.load.slugs import is_device, is_slug, suggested

PROJECT = """\
-- content/site.yaml --
brand: Laden
base_url: https://laden.example
as_of: 2026-11-25
lang: {lang}
-- content/words/{lang}.yaml --
{{}}
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {{file: makers.yaml}}
families:
  maker:
    axes: [maker]
    route: /{{maker}}/
    title: ["{{{{ maker.name }}}} and all that this shop has of it"]
    h1: "{{{{ maker.name }}}}"
-- matrix/makers.yaml --
- name: Größe Übermut
"""


@pytest.mark.parametrize(
    ("text", "lang", "slug"),
    [
        ("Süßölgefäß", "de", "suessoelgefaess"),
        ("ÄGERI-SEE", "de-CH", "aegeri-see"),
        ("Ma\u0308rz", "de", "maerz"),
        ("Zoë Ölund", "sv", "zoe-olund"),
        ("Con", "en", "con-plan-type"),
        ("LPT1", "de", "lpt1-plan-type"),
        ("Constant", "en", "constant"),
        ("!!!", "en", ""),
    ],
)
def test_a_slug_is_made_as_the_language_spells(text: str, lang: str, slug: str):
    assert suggested(text, "plan_type", lang) == slug


@given(st.text(max_size=40) | st.sampled_from(["con", "PRN", "aux.", "nul", "com0", "lpt9"]))
def test_what_is_suggested_can_be_taken(text: str):
    slug = suggested(text, "maker", "de")
    assert slug == "" or (is_slug(slug) and not is_device(slug))


@pytest.mark.parametrize(("lang", "slug"), [("de", "groesse-uebermut"), ("en", "grosse-ubermut")])
def test_the_line_to_paste_is_in_the_language_of_the_site(
    site: Callable[[str], Path], capsys: pytest.CaptureFixture[str], lang: str, slug: str
):
    root = site(PROJECT.format(lang=lang))
    assert cli.main(["check", "--root", str(root)]) == 1
    assert f"help: add the line `slug: {slug}`" in capsys.readouterr().err


def test_a_new_row_gets_its_slug_in_the_language_of_the_site(site: Callable[[str], Path]):
    root = site(PROJECT.format(lang="de").replace("- name: Größe Übermut\n", "- slug: alfa\n"))
    cli.main(["new", "maker", "name=Übermut", "--root", str(root)])
    assert "slug: uebermut" in (root / "matrix/makers.yaml").read_text(encoding="utf-8")
