"""Measure the generators side by side: `python benchmarks/run.py --preset 1000 --tools DIR`.

Rounds are interleaved: in each, every generator does a scenario before the next scenario starts.
Printed and kept are medians. Before and after, the sites are compared; a difference ends the run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import engines as engines_
import machine
import tables
from compare import compare
from edits import Editor
from engines import Engine
from floor import scan
from make import add_sizes, chosen_sizes, make
from measure import Cost, run
from workload.content import Workload, workload

NAMES = ("pageloom", "hugo", "eleventy")
SCENARIOS = ("cold", "no change", "angle", "pair", "rename", "partial", "cold with cache", "floor")
_SAMPLE = 200


@dataclass(slots=True)
class Bench:
    """Projects and outputs of one run, and what was measured."""

    work: Workload
    folder: Path
    places: dict[str, Path]
    editors: dict[str, Editor]
    outs: dict[tuple[str, str], Path] = field(default_factory=dict)
    used: list[Path] = field(default_factory=list)
    costs: dict[tuple[str, str, str], list[Cost]] = field(default_factory=dict)

    def fresh(self, place: str, name: str) -> Path:
        """Return an output folder that never existed; ext4 is slow where files were deleted."""
        out = self.places[place] / f"{name}-{len(self.used)}"
        self.used.append(out)
        return out

    def build(self, engine: Engine, out: Path) -> Cost:
        """Build once."""
        project = self.editors[engine.name].project if engine.name in self.editors else self.folder
        os.sync()
        return run(engine.build(out), project, engine.environment)

    def note(self, place: str, scenario: str, name: str, cost: Cost) -> None:
        """Keep what a build took."""
        self.costs.setdefault((place, scenario, name), []).append(cost)
        print(f"{place:7} {scenario:17} {name:9} {cost.wall:8.2f} s", file=sys.stderr)


def measure_round(bench: Bench, place: str, number: int, scenarios: tuple[str, ...]) -> None:
    """Run every scenario once on one file system."""
    for editor in bench.editors.values():
        _cold(bench, place, editor, keep_cache=False)
    for scenario in scenarios:
        for editor in bench.editors.values():
            if scenario in {"no change", "angle", "pair", "rename", "partial"}:
                out = bench.outs[place, editor.engine.name]
                _prepare(bench, editor, scenario, number, out)
                cost = bench.build(editor.engine, out)
                bench.note(place, scenario, editor.engine.name, cost)
            elif scenario == "cold with cache" and editor.engine.cache:
                _cold(bench, place, editor, keep_cache=True)
    if "floor" in scenarios:
        _floor(bench, place)


def _cold(bench: Bench, place: str, editor: Editor, *, keep_cache: bool) -> None:
    name = editor.engine.name
    before = bench.outs.get((place, name))
    editor.engine.forget(editor.project, keep_cache=keep_cache)
    out = bench.fresh(place, name)
    cost = bench.build(editor.engine, out)
    bench.note(place, "cold with cache" if keep_cache else "cold", name, cost)
    if keep_cache and before is not None:
        _require_equal(before, out)
    if before is not None and place == "memory":
        shutil.rmtree(before)
    bench.outs[place, name] = out


def _prepare(bench: Bench, editor: Editor, scenario: str, number: int, out: Path) -> None:
    """Make the edit of a scenario; where it needs a build before it, that is not timed."""
    if scenario == "angle":
        editor.angle(number)
    elif scenario == "pair":
        text = editor.remove_pair(number)
        bench.build(editor.engine, out)
        editor.restore_pairs(text)
    elif scenario == "rename":
        editor.rename(number)
    elif scenario == "partial":
        editor.partial(number)


def _floor(bench: Bench, place: str) -> None:
    site = bench.outs[place, next(iter(bench.editors))]
    tree = bench.folder / "tree.json"
    tree.write_text(json.dumps(scan(site)), encoding="utf-8")
    out = bench.fresh(place, "floor")
    bench.note(place, "cold", "floor", bench.build(engines_.floor(tree, 0), out))
    if place == "memory":
        shutil.rmtree(out)


def _require_equal(edited: Path, clean: Path) -> None:
    """End the run where a site that was built edit by edit differs from a clean build."""
    names = [
        {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
        for site in (edited, clean)
    ]
    different = names[0] ^ names[1] or {
        name for name in names[0] if (edited / name).read_bytes() != (clean / name).read_bytes()
    }
    if different:
        shown = ", ".join(str(name) for name in sorted(different)[:5])
        raise SystemExit(f"built edit by edit and built clean differ: {shown}")


def _require_same(bench: Bench, place: str) -> None:
    """End the run where the generators' sites differ."""
    sites = {name: bench.outs[place, name] for name in bench.editors}
    found = next(compare(sites, _SAMPLE), None) if len(sites) > 1 else None
    if found:
        raise SystemExit(f"the sites differ: {found}")


def _editors(arguments: argparse.Namespace, work: Workload, folder: Path) -> dict[str, Editor]:
    known = {
        "pageloom": lambda: engines_.pageloom(arguments.build.resolve(), arguments.jobs),
        "hugo": lambda: engines_.hugo(arguments.tools.resolve()),
        "eleventy": lambda: engines_.eleventy(arguments.tools.resolve()),
    }
    exact = frozenset((payer, procedure) for payer, procedure, *_ in work.exact())
    made: dict[str, Editor] = {}
    for name in arguments.engines:
        make(name, work.sizes, folder / name)
        made[name] = Editor(known[name](), folder / name, work, exact)
    return made


def _result(bench: Bench, rounds: int) -> dict[str, Any]:
    site = next(iter(bench.outs.values()))
    files = [path for path in site.rglob("*") if path.is_file()]
    pages = [path.stat().st_size for path in files if path.suffix == ".html"]
    return {
        "format": 1,
        "machine": machine.describe(bench.places),
        "versions": {
            name: machine.version(editor.engine) for name, editor in bench.editors.items()
        },
        "sizes": bench.work.sizes,
        "pages": len(pages),
        "bytes_a_page": sum(pages) // len(pages),
        "rounds": rounds,
        "costs": [
            {
                "place": place,
                "scenario": scenario,
                "engine": name,
                "wall": [round(cost.wall, 3) for cost in costs],
                "cpu": [round(cost.cpu, 3) for cost in costs],
                "peak": [cost.peak for cost in costs],
            }
            for (place, scenario, name), costs in bench.costs.items()
        ],
    }


def _keep(path: Path | None, result: dict[str, Any]) -> None:
    """Write the result so far, so that a run that is stopped is not lost."""
    if path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    add_sizes(parser)
    add = parser.add_argument
    add("--engines", type=lambda text: text.split(","), default=list(NAMES))
    add("--scenarios", type=lambda text: tuple(text.split(",")), default=SCENARIOS)
    add("--rounds", type=int, default=3)
    add("--jobs", type=int, default=0, help="Pageloom's processes (its default)")
    add("--tools", type=Path, default=Path(sys.prefix), help="where Hugo and Eleventy are")
    add("--build", type=Path, default=engines_.ROOT / "build.py", help="Pageloom's build.py")
    add("--disk", type=Path, help="a folder on a disk (a temporary one)")
    add("--memory", type=Path, default=Path("/dev/shm"), help="a folder in memory")  # noqa: S108
    add("--places", type=lambda text: text.split(","), default=["disk", "memory"])
    add("--json", type=Path, help="where to keep the result")
    return parser


def main() -> int:
    """Run the program."""
    arguments = _parser().parse_args()
    work = workload(chosen_sizes(arguments))
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.disk) as disk,
        tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.memory) as memory,
    ):
        folder = Path(disk)
        places = {"disk": folder / "out", "memory": Path(memory)}
        bench = Bench(work, folder, places, _editors(arguments, work, folder))
        for number in range(arguments.rounds):
            for place in arguments.places:
                edit = number * len(arguments.places) + arguments.places.index(place)
                measure_round(bench, place, edit, arguments.scenarios)
                _require_same(bench, place)
                result = _result(bench, number + 1)
                _keep(arguments.json, result)
    print(tables.text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
