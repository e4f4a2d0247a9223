"""A spreadsheet into a table: its difference is shown, applied when told, refused at its cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pageloom import cli

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
families:
  pair:
    axes: [maker, fault]
    cells: pair
    route: /{maker}/{fault}/
    title: ["{{ maker.name }} and {{ fault.slug }}: what to ask"]
    h1: "{{ maker.name }}"
-- matrix/makers.yaml --
# Makers of the town
- slug: alfa
  name: Alfa   # as on the door
  since: 2001-05-01
  tags:
    - a
    - b

- {slug: delta, name: Delta}
-- matrix/faults.yaml --
- slug: smoke
- slug: noise
-- matrix/pairs/alfa.yaml --
- maker: alfa
  fault: smoke
-- matrix/schemas/maker.schema.json --
{"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
 "slug": {"type": "string"},
 "name": {"type": "string"},
 "since": {"type": "string", "format": "date"},
 "open": {"type": "boolean"},
 "tags": {"type": "array", "items": {"type": "string"}}}}
"""


def run(root: Path, table: bytes, name: str, *arguments: str) -> int:
    (root / "table.csv").write_bytes(table)
    return cli.main(["import", str(root / "table.csv"), name, "--root", str(root), *arguments])


def test_the_difference_comes_first_and_nothing_is_written(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    root = site(PROJECT)
    before = (root / "matrix/makers.yaml").read_text()
    table = (
        "\ufeffslug;name;tags;open\r\nalfa;Alpha;a|c;TRUE\r\nbeta;Be: ta;;\r\ndelta;;;\r\n".encode()
    )
    assert run(root, table, "maker") == 0
    assert (root / "matrix/makers.yaml").read_text() == before
    shown = """\
--- matrix/makers.yaml
+++ matrix/makers.yaml
@@ -2,7 +2,9 @@
 - slug: alfa
-  name: Alfa   # as on the door
+  name: Alpha   # as on the door
   since: 2001-05-01
   tags:
-    - a
-    - b
+    [a, c]
+  open: true
+
+- {slug: beta, name: "Be: ta"}
{BLANK}
1 row added, 1 changed, 1 as it was
1 empty cell leaves its field as it is
nothing is written yet; run it again with --apply
"""
    assert capsys.readouterr().out == shown.replace("{BLANK}", " ")
    assert run(root, table, "maker", "--apply") == 0
    assert (
        (root / "matrix/makers.yaml").read_text()
        == """\
# Makers of the town
- slug: alfa
  name: Alpha   # as on the door
  since: 2001-05-01
  tags:
    [a, c]
  open: true

- {slug: beta, name: "Be: ta"}

- {slug: delta, name: Delta}
"""
    )
    capsys.readouterr()
    assert run(root, table, "maker") == 0
    assert capsys.readouterr().out.startswith("0 rows added, 0 changed, 3 as they were\n")


def test_rows_of_a_join_go_to_the_file_of_their_first_row(site: Site):
    root = site(PROJECT)
    assert run(root, b"maker,fault\nalfa,noise\ndelta,smoke\n", "pair", "--apply") == 0
    assert (root / "matrix/pairs/alfa.yaml").read_text() == (
        "- maker: alfa\n  fault: noise\n- maker: alfa\n  fault: smoke\n"
    )
    assert (root / "matrix/pairs/delta.yaml").read_text() == "- maker: delta\n  fault: smoke\n"


@pytest.mark.parametrize(
    ("table", "name", "wanted"),
    [
        ("slug,name,since\nalfa,Alfa,1.5.2001\n", "maker", "2:11: error[M105]: `since`"),
        ("slug,name,colour\nalfa,Alfa,red\n", "maker", "1:11: error[M104]: unknown key `colour`"),
        ("slug,since\nbeta,2001-05-01\n", "maker", "2:1: error[M106]: required field `name`"),
        ("name\nBeta\n", "maker", "2:1: error[M109]: a maker row without `slug`"),
        ("maker,fault\nalfa,smok\n", "pair", "2:6: error[M103]: unknown fault `smok`"),
        ("slug,name\nbeta,B\nbeta,C\n", "maker", "3:1: error[M107]: a second maker row"),
        ('slug,name\nbeta,"B\n', "maker", "2:6: error[M101]: not CSV"),
    ],
)
def test_a_problem_is_told_at_its_cell_and_nothing_is_written(
    site: Site, capsys: pytest.CaptureFixture[str], table: str, name: str, wanted: str
):
    root = site(PROJECT)
    before = (root / "matrix/makers.yaml").read_bytes()
    assert run(root, table.encode(), name, "--apply") == 1
    assert f"table.csv:{wanted}" in capsys.readouterr().err
    assert (root / "matrix/makers.yaml").read_bytes() == before


def test_a_table_that_does_not_exist_is_wrong_usage(site: Site, capsys: pytest.CaptureFixture[str]):
    root = site(PROJECT)
    assert run(root, b"slug\nx\n", "makers") == 2
    assert "the closest name is `maker`" in capsys.readouterr().err
    assert cli.main(["import", "nowhere.csv", "maker", "--root", str(root)]) == 2


def test_schemas_for_editors_follow(site: Site):
    root = site(PROJECT)
    cli.main(["schema", "--root", str(root)])
    assert run(root, b"slug,name\nbeta,B\n", "maker", "--apply") == 0
    pair = json.loads((root / "matrix/schemas/generated/pair.schema.json").read_text())
    assert pair["$defs"]["maker"]["enum"] == ["alfa", "beta", "delta"]


def in_csv(site: Site, table: bytes) -> Path:
    """Return the project with the axis of makers as a CSV table."""
    root = site(PROJECT.replace("file: makers.yaml", "file: makers.csv"))
    (root / "matrix/makers.yaml").unlink()
    (root / "matrix/makers.csv").write_bytes(table)
    return root


def test_a_csv_table_keeps_its_ways(site: Site, capsys: pytest.CaptureFixture[str]):
    before = (
        '\ufeff"slug";"name";since;tags;open\r\n'
        '"alfa";"Alfa, ""A""";2001-05-01;a|b;TRUE\r\n'
        ";;;;\r\n"
        '"delta";  "Delta" ;;;\r\n'
    ).encode()
    root = in_csv(site, before)
    table = b"slug,name,tags,open\ncharlie,Cha; r,a | c,\ndelta,Delta,x,false\nalfa,,,\n"
    assert run(root, table, "maker") == 0
    assert (root / "matrix/makers.csv").read_bytes() == before
    assert (
        capsys.readouterr().out
        == """\
--- matrix/makers.csv
+++ matrix/makers.csv
@@ -3,2 +3,3 @@
 ;;;;
-"delta";  "Delta" ;;;
+"charlie";"Cha; r";;a|c;
+"delta";  "Delta" ;;x;FALSE
1 row added, 1 changed, 1 as it was
3 empty cells leave their fields as they are
nothing is written yet; run it again with --apply
"""
    )
    assert run(root, table, "maker", "--apply") == 0
    assert (root / "matrix/makers.csv").read_bytes() == (
        '\ufeff"slug";"name";since;tags;open\r\n'
        '"alfa";"Alfa, ""A""";2001-05-01;a|b;TRUE\r\n'
        ";;;;\r\n"
        '"charlie";"Cha; r";;a|c;\r\n'
        '"delta";  "Delta" ;;x;FALSE\r\n'
    ).encode()


def test_a_field_that_a_csv_table_lacks_gets_a_column(site: Site):
    root = in_csv(site, b"slug\tname\nalfa\tAlfa\nbeta\tBeta")
    assert run(root, b"slug,since\nbeta,2001-05-01\n", "maker", "--apply") == 0
    assert (root / "matrix/makers.csv").read_bytes() == (
        b"slug\tname\tsince\nalfa\tAlfa\t\nbeta\tBeta\t2001-05-01"
    )


def test_a_key_of_a_map_that_is_left_empty_stays(site: Site):
    schema = '"since": {"type": "string"},\n "library": {"type": "object", "properties": {'
    schema += '"name": {"type": "string"}, "url": {"type": "string"}}}'
    text = PROJECT.replace('"since": {"type": "string", "format": "date"}', schema)
    table = b"slug,name,library.name,library.url\nalfa,Alfa,M,\n"
    root = site(text.replace("  since: 2001-05-01", "  library: {name: L, url: u}"))
    assert run(root, table, "maker", "--apply") == 0
    assert "library: {name: M, url: u}\n" in (root / "matrix/makers.yaml").read_text()
    root = site(text.replace("file: makers.yaml", "file: makers.csv"))
    (root / "matrix/makers.yaml").unlink()
    (root / "matrix/makers.csv").write_bytes(b"slug,name,library.name,library.url\nalfa,Alfa,L,u\n")
    assert run(root, table, "maker", "--apply") == 0
    assert b"\nalfa,Alfa,M,u\n" in (root / "matrix/makers.csv").read_bytes()


def test_a_file_that_is_no_csv_is_told(site: Site, capsys: pytest.CaptureFixture[str]):
    root = in_csv(site, b'slug,name\nalfa,"A\n')
    assert run(root, b"slug,name\nalfa,B\n", "maker", "--apply") == 2
    assert "matrix/makers.csv: the file is no CSV" in capsys.readouterr().err
