"""A released address goes on to answer, and pages do not leave the index unseen."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from clinics import clinics, prose
from clinics import put as put_text
from ledgers import lines, released, states
from trees import append, errors, made, replace

from pageloom import cli
from pageloom.options import Options
from pageloom.pipeline import Decision, build, check, decide
from pageloom.redirects import Redirect, redirects

TOWNS = tuple(f"town{number:02}" for number in range(30))
TEXTS = {f"answer {town} knee late": prose(town) for town in TOWNS}
PAGE = "/town03/knee/late/"
TEXT = "answer town03 knee late"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a released site with thirty pages, as many pairs, and a home page."""
    root = clinics(tmp_path, TEXTS, [(town, "knee") for town in TOWNS])
    rows = "".join(f"- {{slug: {town}, name: {town.title()}}}\n" for town in TOWNS)
    (root / "matrix/towns.yaml").write_text(rows, encoding="utf-8")
    assert len(released(root).released) == 61
    return root


def problems(root: Path, **how: object) -> list[str]:
    outcome = build(Options(root=root, jobs=1, **how))  # type: ignore[arg-type]
    return [problem.first_line() for problem in outcome.problems if problem.code[0] in "RG"]


def helps(root: Path) -> dict[str, str]:
    outcome = check(Options(root=root, jobs=1))
    return {problem.code: problem.help for problem in outcome.problems}


def planned(root: Path) -> list[Redirect]:
    decision: Decision = decide(Options(root=root, jobs=1))
    assert decision.plan is not None
    return list(redirects(decision.plan))


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@a.example")
    subprocess.run(("git", "-C", str(root), *identity, *arguments), check=True, capture_output=True)


def committed(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "content", "matrix")
    git(root, "commit", "-q", "-m", "all")


def given_up(root: Path, *routes: str) -> None:
    text = "".join(f"- {{route: {route}, reason: not offered any more}}\n" for route in routes)
    (root / "matrix/ledger/gone.yaml").write_text(text, encoding="utf-8")


def test_an_unchanged_site_loses_nothing(site: Path):
    assert problems(site) == []
    assert planned(site) == []


def test_a_slug_that_is_not_kept_is_an_error_with_the_line_to_type(site: Path):
    replace(site / "matrix/towns.yaml", "slug: town03", "slug: third")
    pairs = site / "matrix/pairs.yaml"
    pairs.write_text(pairs.read_text("utf-8").replace("town: town03", "town: third"), "utf-8")
    text = site / "content/answer-town03-knee-late.md"
    text.write_text(text.read_text("utf-8").replace("town: town03", "town: third"), "utf-8")
    (lost,) = problems(site, accept_deindex=2)
    assert lost == (
        "matrix/ledger/pair.tsv:5:1: error[R507]: "
        "2 released addresses lead nowhere, `/town03/knee/` first"
    )
    assert "write `former_slugs: [town03]` there" in helps(site)["R507"]
    replace(site / "matrix/towns.yaml", "slug: third", "slug: third, former_slugs: [town03]")
    assert problems(site) == []
    assert planned(site) == [
        Redirect("/town03/knee/", "/third/knee/", 301),
        Redirect("/town03/knee/code/", "/third/knee/#code", 301),
        Redirect(PAGE, "/third/knee/late/", 301),
    ]


def test_a_route_that_is_not_kept_is_an_error_with_what_to_type(site: Path):
    replace(site / "matrix/matrix.yaml", "route: /{town}/{care}/\n", "route: /in/{town}/{care}/\n")
    (lost,) = problems(site, accept_deindex=30)
    assert "30 released addresses lead nowhere" in lost
    assert "keep the old one in `former_routes`" in helps(site)["R507"]
    replace(
        site / "matrix/matrix.yaml",
        "route: /in/{town}/{care}/\n",
        'route: /in/{town}/{care}/\n    former_routes: ["/{town}/{care}/"]\n',
    )
    assert problems(site) == []


def test_a_combination_that_is_taken_out_is_given_up_in_words(site: Path):
    replace(site / "matrix/pairs.yaml", "- {town: town03, care: knee}\n", "")
    (site / "content/answer-town03-knee-late.md").unlink()
    found = problems(site, accept_deindex=2)
    assert [line.split("error")[1][:6] for line in found] == ["[R507]", "[R507]"]
    assert "matrix/ledger/gone.yaml" in helps(site)["R507"]
    given_up(site, "/town03/knee/", PAGE)
    assert problems(site) == []
    assert planned(site) == [Redirect("/town03/knee/", "", 410), Redirect(PAGE, "", 410)]
    assert released(site).gone == ("/town03/knee/", PAGE)
    assert states(site)[PAGE] == "gone"
    (site / "matrix/ledger/gone.yaml").unlink()
    assert len(problems(site)) == 2


def test_a_page_that_is_given_up_may_lead_to_another(site: Path):
    replace(site / "matrix/pairs.yaml", "- {town: town03, care: knee}\n", "")
    (site / "content/answer-town03-knee-late.md").unlink()
    (site / "matrix/ledger/gone.yaml").write_text(
        "- {route: /town03/knee/, to: /, reason: closed}\n"
        f"- {{route: {PAGE}, to: /town04/knee/, reason: one office now}}\n"
    )
    assert problems(site) == []
    assert planned(site) == [
        Redirect("/town03/knee/", "/", 301),
        Redirect(PAGE, "/town04/knee/", 301),
    ]


def test_a_held_page_is_an_error_with_what_it_lacks(site: Path):
    replace(site / "matrix/matrix.yaml", "otherwise: fold", "otherwise: hold")
    put_text(site, TEXT, "Too short.")
    outcome = check(Options(root=site, jobs=1, accept_deindex=1))
    (lost,) = (problem for problem in outcome.problems if problem.is_error)
    assert lost.code == "R507"
    assert lost.notes[0].startswith(f"{PAGE} is held: ")
    assert "20 wanted" in lost.notes[0]
    assert lost.help.startswith("write what they lack")


def test_a_folded_page_leads_to_its_section_and_is_told(site: Path):
    put_text(site, TEXT, "Too short.")
    told = f"the released page `{PAGE}` is a section now"
    assert problems(site) == [f"matrix/ledger/page.tsv:5:1: warning[R509]: {told}"]
    (folded,) = (item for item in check(Options(root=site, jobs=1)).problems if item.code == "R509")
    assert folded.notes[0].endswith("20 wanted")
    assert folded.notes[-1] == "its address leads to /town03/knee/#late"
    assert planned(site) == [Redirect(PAGE, "/town03/knee/#late", 301)]


def test_a_release_records_what_has_left_the_index(site: Path, capsys: pytest.CaptureFixture[str]):
    put_text(site, TEXT, "Too short.")
    assert cli.main(["release", "--root", str(site), "-q"]) == cli.SOUND
    assert "R509" not in capsys.readouterr().err
    assert states(site)[PAGE] == "withdrawn"
    assert problems(site) == []
    assert planned(site) == [Redirect(PAGE, "/town03/knee/#late", 301)]
    put_text(site, TEXT, prose("town03"))
    back = released(site, "2026-12-01")
    assert back.released == (PAGE,)
    assert lines(site)[PAGE][:2] == ("2026-11-25", "2026-11-25")


def test_the_ledger_guards_the_index_without_an_earlier_build(site: Path):
    for town in TOWNS[:2]:
        put_text(site, f"answer {town} knee late", "Too short.")
    stopped = [line for line in problems(site) if "G701" in line]
    assert stopped == ["matrix/matrix.yaml:1:1: error[G701]: 2 of 61 pages would leave the index"]
    assert not (site / "site").exists()
    assert errors(check(Options(root=site, jobs=1))) == stopped
    assert errors(build(Options(root=site, jobs=1, accept_deindex=2))) == []
    assert errors(build(Options(root=site, jobs=1, accept_deindex=1))) == stopped


def test_what_is_accepted_is_not_kept_for_the_next_build(site: Path):
    for town in TOWNS[:2]:
        put_text(site, f"answer {town} knee late", "Too short.")
    made(site, accept_deindex=2)
    assert errors(build(Options(root=site, jobs=1)))


def test_a_page_that_has_moved_has_not_left_the_index(site: Path):
    replace(site / "matrix/cares.yaml", "slug: knee,", "slug: knees, former_slugs: [knee],")
    for path in (site / "matrix/pairs.yaml", *(site / "content").glob("*.md")):
        path.write_text(path.read_text("utf-8").replace("care: knee", "care: knees"), "utf-8")
    assert problems(site) == []
    assert len(planned(site)) == 90  # pages, pairs and sections
    released(site, "2026-12-01")
    assert problems(site) == []


def test_a_revert_cannot_lose_what_another_revision_released(site: Path):
    committed(site)
    git(site, "checkout", "-q", "-b", "work")
    for path in (site / "matrix/ledger").iterdir():
        path.unlink()
    replace(site / "matrix/pairs.yaml", "- {town: town03, care: knee}\n", "")
    (site / "content/answer-town03-knee-late.md").unlink()
    assert problems(site) == []
    found = problems(site, against=Path("main"))
    assert [line.split(": ", 1)[1] for line in found] == [
        "error[R507]: the released address `/town03/knee/` leads nowhere",
        f"error[R507]: the released address `{PAGE}` leads nowhere",
        "error[G701]: 2 of 61 pages would leave the index",
    ]
    given_up(site, "/town03/knee/", PAGE)
    assert problems(site, against=Path("main")) == []


def test_a_revision_without_a_ledger_has_released_nothing(tmp_path: Path):
    root = clinics(tmp_path, {})
    committed(root)
    made(root, against=Path("HEAD"))


def test_what_is_neither_a_build_nor_a_revision_is_told(site: Path):
    committed(site)
    (line,) = problems(site, against=Path("nowhere"))
    assert "error[G702]" in line
    assert "git knows no revision `nowhere`" in line


def test_a_damaged_ledger_of_a_revision_is_told(site: Path):
    append(site / "matrix/ledger/page.tsv", "x\n")
    committed(site)
    path = site / "matrix/ledger/page.tsv"
    path.write_text(path.read_text("utf-8").removesuffix("x\n"), "utf-8")
    (line,) = problems(site, against=Path("main"))
    assert "error[G702]: the earlier build cannot be read: its ledger has problems" in line


def test_an_editor_s_program_knows_what_may_stand_in_the_list_of_what_is_gone(site: Path):
    assert "gone" not in schemas(site)
    given_up(site, PAGE)
    gone = schemas(site)["gone"]
    assert set(gone["items"]["properties"]) == {"route", "reason", "to"}
    settings = json.loads((site / ".vscode/settings.json").read_text("utf-8"))
    places = settings["yaml.schemas"]["matrix/schemas/generated/gone.schema.json"]
    assert places == ["matrix/ledger/gone.yaml"]


def schemas(root: Path) -> dict[str, dict[str, Any]]:
    """Return the schemas that `schema` writes, by name."""
    assert cli.main(["schema", "--root", str(root)]) == cli.SOUND
    found = (root / "matrix/schemas/generated").glob("*.schema.json")
    return {path.name.partition(".")[0]: json.loads(path.read_text("utf-8")) for path in found}


def test_a_former_address_of_a_held_page_can_be_given_up(site: Path):
    replace(site / "matrix/matrix.yaml", "otherwise: fold", "otherwise: hold")
    replace(site / "matrix/towns.yaml", "slug: town03", "slug: third, former_slugs: [town03]")
    for path in (site / "matrix/pairs.yaml", site / "content/answer-town03-knee-late.md"):
        path.write_text(path.read_text("utf-8").replace("town: town03", "town: third"), "utf-8")
    text = site / "content/answer-town03-knee-late.md"
    text.write_text(text.read_text("utf-8").split("---\n")[1].join(("---\n", "---\nToo short.\n")))
    (lost,) = problems(site)
    assert f"error[R507]: the released address `{PAGE}` leads nowhere" in lost
    given_up(site, PAGE)
    assert problems(site) == []
    assert Redirect(PAGE, "", 410) in planned(site)
