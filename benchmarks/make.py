"""Make the benchmark's project for one generator: `python benchmarks/make.py --help`."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
from pathlib import Path

from workload.content import PRESETS, workload

ENGINES = ("pageloom", "hugo", "eleventy")


def make(engine: str, sizes: tuple[int, int, int], out: Path) -> None:
    """Write the project of `engine` for `sizes` below `out`, in place of what was there."""
    shutil.rmtree(out, ignore_errors=True)
    importlib.import_module(f"workload.{engine}").write_project(workload(sizes), out)


def sizes(text: str) -> tuple[int, int, int]:
    """Return the sizes that `5x25x8` means."""
    payers, procedures, reasons = (int(part) for part in text.split("x"))
    return payers, procedures, reasons


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose how many cells there are."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--preset", type=int, choices=PRESETS, help="how many cells")
    group.add_argument("--sizes", type=sizes, help="payers x procedures x reasons, such as 5x25x8")


def chosen_sizes(arguments: argparse.Namespace) -> tuple[int, int, int]:
    """Return the sizes that the options choose."""
    found: tuple[int, int, int] = arguments.sizes or PRESETS[arguments.preset]
    return found


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_sizes(parser)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--out", type=Path, required=True, help="a folder; it is replaced")
    arguments = parser.parse_args()
    make(arguments.engine, chosen_sizes(arguments), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
