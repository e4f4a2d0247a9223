"""Former addresses lead to the page that has their content now, in one hop."""

from __future__ import annotations

from pathlib import Path

from clinics import clinics, prose
from trees import replace

from pageloom.pipeline import Options, decide
from pageloom.redirects import Redirect, redirects

TEXTS = {"answer alm knee late": prose(1), "answer alm knee code": prose(2)}
PAIRS = (("alm", "knee"), ("birk", "knee"))


def found(root: Path) -> list[Redirect]:
    """Return the redirects of a sound project."""
    decision = decide(Options(root=root))
    assert decision.plan is not None
    assert [problem.first_line() for problem in decision.problems if problem.is_error] == []
    return list(redirects(decision.plan))


def test_a_former_slug_leads_to_each_page_of_its_row_and_to_sections(tmp_path: Path):
    root = clinics(tmp_path, TEXTS, PAIRS)
    replace(root / "matrix/towns.yaml", "Alm Name}", "Alm Name, former_slugs: [ulm]}")
    replace(root / "matrix/towns.yaml", "Birk Name}", "Birk Name, former_slugs: [berk]}")
    (root / "content/answer-birk-knee-late.md").write_text(
        "---\nslot: answer\nfor: {town: birk, care: knee, why: late}\n---\nToo short.\n"
    )
    assert found(root) == [
        Redirect("/berk/knee/", "/birk/knee/", 301),
        Redirect("/berk/knee/code/", "/birk/knee/#code", 301),
        Redirect("/berk/knee/late/", "/birk/knee/#late", 301),
        Redirect("/ulm/knee/", "/alm/knee/", 301),
        Redirect("/ulm/knee/code/", "/alm/knee/code/", 301),
        Redirect("/ulm/knee/late/", "/alm/knee/late/", 301),
    ]


def test_former_slugs_and_former_routes_meet(tmp_path: Path):
    root = clinics(tmp_path, TEXTS, PAIRS[:1])
    replace(root / "matrix/towns.yaml", "Alm Name}", "Alm Name, former_slugs: [ulm, olm]}")
    replace(root / "matrix/cares.yaml", "Knee Name}", "Knee Name, former_slugs: [knie]}")
    replace(
        root / "matrix/matrix.yaml",
        "    route: /{town}/{care}/\n",
        '    route: /{town}/{care}/\n    former_routes: ["/of/{town}/{care}/"]\n',
    )
    pairs = [item for item in found(root) if item.target == "/alm/knee/"]
    slugs = {f"/{town}/{care}/" for town in ("alm", "ulm", "olm") for care in ("knee", "knie")}
    expected = {*slugs, *(f"/of{route}" for route in slugs)} - {"/alm/knee/"}
    assert {item.source for item in pairs} == expected
    assert len(pairs) == len(expected)


def test_no_redirect_leads_to_another_one(tmp_path: Path):
    root = clinics(tmp_path, TEXTS, PAIRS)
    replace(root / "matrix/towns.yaml", "Alm Name}", "Alm Name, former_slugs: [ulm, olm]}")
    replace(root / "matrix/whys.yaml", "Late Name}", "Late Name, former_slugs: [tardy]}")
    (root / "matrix/ledger").mkdir()
    (root / "matrix/ledger/gone.yaml").write_text(
        "- {route: /old/, to: /alm/knee/, reason: told there}\n- {route: /older/, reason: closed}\n"
    )
    made = found(root)
    assert Redirect("/old/", "/alm/knee/", 301) in made
    assert Redirect("/older/", "", 410) in made
    sources = {item.source for item in made}
    assert len(sources) == len(made)
    assert not [item for item in made if item.target.partition("#")[0] in sources]


def test_a_site_that_never_moved_has_none(tmp_path: Path):
    assert found(clinics(tmp_path, TEXTS)) == []


def test_the_further_pages_of_a_long_list_move_with_it(tmp_path: Path):
    root = clinics(tmp_path, {}, [(town, "knee") for town in many()])
    rows = "".join(f"- {{slug: {town}, name: {town}}}\n" for town in many())
    (root / "matrix/towns.yaml").write_text(rows, encoding="utf-8")
    text = (root / "matrix/matrix.yaml").read_text(encoding="utf-8")
    hub = """\
  care:
    axes: [care]
    route: /cares/{care}/
    former_routes: ["/all/{care}/"]
    parent: home
    title: ["{{ care.name }} in every town of the country"]
    h1: "{{ care.name }}"
    slots:
      towns: {list: pair}
"""
    (root / "matrix/matrix.yaml").write_text(text + hub, encoding="utf-8")
    assert [item for item in found(root) if "knee" in item.source] == [
        Redirect("/all/knee/", "/cares/knee/", 301),
        Redirect("/all/knee/page/2/", "/cares/knee/page/2/", 301),
    ]


def many() -> list[str]:
    return [f"town{number:02}" for number in range(81)]
