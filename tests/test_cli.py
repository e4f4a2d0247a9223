"""Arguments, output and exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from trees import append, copied, replace, stamps, tree

from pageloom import __version__, cli, pipeline
from pageloom.diagnostics import Diagnostic, Location
from pageloom.outcome import Outcome

ROOT = Path(__file__).parent.parent


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """Return a sound project."""
    return copied("garden", tmp_path / "garden")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command."""
    try:
        code = cli.main([str(item) for item in arguments])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def broken(root: Path) -> None:
    """Put an error into a project."""
    replace(root / "matrix" / "facts.yaml", "source: handbook", "source: handbok")


def warned(root: Path) -> str:
    """Return the first line of the warning that the garden has: a region where nothing grows."""
    del root
    return "matrix/regions.yaml:1:3: warning[M117]: region `coast` is in no combination"


def test_build_is_the_default(garden: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, "--root", garden)
    assert code == 0
    assert out.count("\n") == 1
    assert err.splitlines()[0] == warned(garden)
    assert (garden / "site" / "index.html").is_file()


def test_the_summary_is_the_last_line(garden: Path, capsys: pytest.CaptureFixture[str]):

    first = run(capsys, "build", "--root", garden)[1].splitlines()[-1]
    assert re.fullmatch(
        r"16 published, 0 noindex, 8 folded, 0 held; 21 written, 0 unchanged, 0 removed; "
        r"0 errors, 1 warning; \d+\.\d s",
        first,
    )
    second = run(capsys, "build", "--root", garden)[1].splitlines()[-1]
    assert "; 0 written, 21 unchanged, 0 removed; " in second


def test_problems_exit_with_1_and_nothing_is_written(
    garden: Path, capsys: pytest.CaptureFixture[str]
):
    broken(garden)
    code, out, err = run(capsys, "--root", garden)
    assert code == 1
    assert "matrix/facts.yaml:1:62: error[M103]: unknown source `handbok`" in err
    assert "= help: the closest name is `handbook`" in err
    assert "; 1 error, " in out
    assert not (garden / "site").exists()


def test_strict_counts_warnings(garden: Path, capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "check", "--root", garden)[0] == 0
    assert run(capsys, "check", "--root", garden, "--strict")[0] == 1


def test_check_writes_nothing(garden: Path, capsys: pytest.CaptureFixture[str]):
    run(capsys, "build", "--root", garden)
    append(garden / "matrix" / "grown.yaml", "- {region: coast, plant: rose, line: Salt}\n")
    before = stamps(garden / "site")
    code, out, _ = run(capsys, "check", "--root", garden)
    assert (code, stamps(garden / "site")) == (0, before)
    assert "0 written, 0 unchanged, 0 removed" in out


def test_json_is_one_object_on_stdout(garden: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, "--root", garden, "--json")
    value = json.loads(out)
    assert (code, err) == (0, "")
    assert set(value) == {
        "version", "problems", "cells", "waived", "written", "unchanged", "removed", "gain",
        "seconds",
    }  # fmt: skip
    assert value["version"] == 1
    assert value["cells"] == {"published": 16, "noindex": 0, "folded": 8, "held": 0}
    assert sorted(value["written"]) == sorted(tree(garden / "site"))
    assert (value["unchanged"], value["removed"]) == (0, [])
    assert [dict(item, help="") for item in value["problems"]] == [
        {
            "code": "M117",
            "severity": "warning",
            "path": "matrix/regions.yaml",
            "line": 1,
            "column": 3,
            "message": "region `coast` is in no combination",
            "expected": "",
            "help": "",
            "notes": [],
        }
    ]


def test_json_of_an_unsound_project(garden: Path, capsys: pytest.CaptureFixture[str]):
    broken(garden)
    code, out, err = run(capsys, "check", "--root", garden, "--json")
    value = json.loads(out)
    assert (code, err) == (1, "")
    assert [item["code"] for item in value["problems"] if item["severity"] == "error"] == ["M103"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["bild"],
        ["build", "--jbs", "2"],
        ["build", "--roo", "."],
        ["build", "--jobs", "0"],
        ["build", "--jobs", "many"],
        ["build", "--today", "tomorrow"],
        ["build", "--color", "pink"],
        ["build", "extra"],
        ["explain"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: ")
    assert "Traceback" not in err


def test_an_unknown_command_names_the_known_ones(capsys: pytest.CaptureFixture[str]):
    err = run(capsys, "bild")[2]
    for name in cli.COMMANDS:
        assert name in err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_shows_commands_and_examples(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (0, "")
    assert out.startswith("usage: build.py")
    assert out.count("  python build.py") >= 2
    for name in cli.COMMANDS:
        assert re.search(rf"^ +{name} ", out, re.MULTILINE)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_each_option_is_one_line_of_help(command: str, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    shown = set(re.findall(r"^  (?:-\w, )?(--[a-z]+)", out, re.MULTILINE))
    assert {"--root", "--out", "--json", "--jobs", "--today", "--verify", "--strict"} <= shown


def test_version(capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "--version") == (0, f"pageloom {__version__}\n", "")


@pytest.mark.parametrize("code", ["M103", "m103", "S104", "P603"])
def test_explain_a_code(code: str, capsys: pytest.CaptureFixture[str]):
    exit_code, out, err = run(capsys, "explain", code)
    assert (exit_code, err) == (0, "")
    assert out.startswith(f"{code.upper()}: ")


def test_explain_an_unknown_code(capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "explain", "X999") == (2, "", "no problem has the code X999\n")


def test_explain_a_route(garden: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "explain", "--root", garden, "/north/rose/aphid/")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "/north/rose/aphid/  advice: published"
    assert "  region: north  matrix/regions.yaml:2:3" in lines
    filled = next(line for line in lines if "north-rose-aphid.md" in line)
    assert filled.startswith("  content/advice/north-rose-aphid.md:5  for ")
    assert "  lost: content/answer.md  for every cell: less specific" in lines


@pytest.mark.parametrize(
    "address",
    [
        "north/rose/aphid",
        "/north/rose/aphid/index.html",
        "http://localhost:8000/north/rose/aphid/?from=here#top",
    ],
)
def test_explain_an_address_as_it_is_at_hand(
    garden: Path, capsys: pytest.CaptureFixture[str], address: str
):
    said = run(capsys, "explain", "--root", garden, "/north/rose/aphid/")
    assert run(capsys, "explain", "--root", garden, address) == said


def test_explain_an_address_that_is_none(garden: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "explain", "--root", garden, "http://[x/y?")
    assert (code, out) == run(capsys, "explain", "--root", garden, "/y")[:2]


def test_explain_a_folded_route(garden: Path, capsys: pytest.CaptureFixture[str]):
    out = run(capsys, "explain", "--root", garden, "/north/rose/slug")[1]
    assert out.splitlines()[:2] == [
        "/north/rose/slug/  advice: folded",
        "  it is the section /north/rose/#slug",
    ]
    assert "because: specific share 0.00, 0.50 wanted" in out


def test_explain_a_route_as_json(garden: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "explain", "--root", garden, "--json", "/north/rose/")
    value = json.loads(out)
    assert code == 0
    assert (value["version"], value["page"]["verdict"]) == (1, "published")


def test_quiet_prints_problems_only(garden: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, "--root", garden, "--quiet")
    assert (code, out) == (0, "")
    assert err.splitlines()[0] == warned(garden)


def test_verbose_lists_the_files(garden: Path, capsys: pytest.CaptureFixture[str]):
    out = run(capsys, "--root", garden, "-v")[1]
    assert "written north/rose/aphid/index.html\n" in out


def test_color_only_where_it_is_wanted(
    garden: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\033[" not in run(capsys, "check", "--root", garden)[2]
    assert "\033[" in run(capsys, "check", "--root", garden, "--color", "always")[2]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[" in run(capsys, "check", "--root", garden)[2]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in run(capsys, "check", "--root", garden)[2]


def test_a_bug_is_told_in_two_lines_with_the_details_in_a_file(
    garden: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise RuntimeError("impossible")

    monkeypatch.setattr(pipeline, "build", fail)
    code, out, err = run(capsys, "--root", garden)
    assert (code, out, err.count("\n")) == (3, "", 2)
    assert "Traceback" not in err
    (path,) = re.findall(r"the details are in (\S+\.txt)", err)
    assert "RuntimeError: impossible" in Path(path).read_text(encoding="utf-8")
    Path(path).unlink()


def test_an_interruption_exits_with_130(
    garden: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "build", stop)
    assert run(capsys, "--root", garden)[0] == 130


def test_a_folder_without_a_project_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    code, _, err = run(capsys, "--root", tmp_path)
    assert code == 1
    assert "content/site.yaml:1:1: error[S116]" in err
    assert "matrix/matrix.yaml:1:1: error[M116]" in err
    assert not (tmp_path / "site").exists()


def test_build_py_builds_the_folder_it_lies_in(garden: Path):
    command = [sys.executable, "build.py", "--root", str(garden)]
    environment = {**os.environ, "CI": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"pages" not in done.stderr
    assert done.stdout.count(b"\n") == 1


def test_a_closed_pipe_is_no_bug(garden: Path):
    command = f"{sys.executable} build.py --root '{garden}' -v | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"bug" not in done.stderr


def test_many_warnings_of_one_code_are_cut_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def warning(number: int) -> Diagnostic:
        place = Location("content/a.md", number)
        return Diagnostic(code="C215", location=place, message="m", severity="warning")

    problems = tuple(warning(number) for number in range(1, 61))
    monkeypatch.setattr(pipeline, "check", lambda _: Outcome(problems=problems))
    _, _, short = run(capsys, "check")
    _, _, whole = run(capsys, "check", "--verbose")
    counts = [text.count("warning[C215]") for text in (short, whole)]
    assert counts == [50, 60]
    assert short.splitlines()[-1] == "… and 10 more warnings C215: --verbose or --json"


def test_every_module_can_be_the_first_that_is_imported():
    """A circle of imports shows only where it is entered at one end."""
    program = (
        "import importlib, pkgutil, sys, pageloom\n"
        "names = [m.name for m in pkgutil.walk_packages(pageloom.__path__, 'pageloom.')]\n"
        "for name in names:\n"
        "    for known in [known for known in sys.modules if known.startswith('pageloom')]:\n"
        "        del sys.modules[known]\n"
        "    importlib.import_module(name)\n"
        "print(len(names) > 100)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
