"""The physical limit: write the same tree of bytes, and nothing else.

`python benchmarks/floor.py scan SITE TREE` notes folders and sizes of a built site;
`python benchmarks/floor.py write TREE OUT --jobs 2` writes files of these sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from multiprocessing import Process
from pathlib import Path

Tree = list[tuple[str, list[tuple[str, int]]]]
"""Folders in order, each with the names and sizes of its files."""


def scan(site: Path) -> Tree:
    """Return the folders of a site with their files' names and sizes."""
    tree: Tree = []
    for folder, folders, names in os.walk(site):
        folders.sort()
        found = [(name, (Path(folder) / name).stat().st_size) for name in sorted(names)]
        tree.append((Path(folder).relative_to(site).as_posix(), found))
    return tree


def write(tree: Tree, out: Path, jobs: int) -> None:
    """Write a tree with `jobs` processes, each its own run of folders."""
    size = -(-len(tree) // jobs)
    parts = [tree[start : start + size] for start in range(0, len(tree), size)]
    out.mkdir(parents=True, exist_ok=True)
    others = [Process(target=_write, args=(part, str(out))) for part in parts[1:]]
    for process in others:
        process.start()
    _write(parts[0], str(out))
    for process in others:
        process.join()


def _write(folders: Sequence[tuple[str, list[tuple[str, int]]]], out: str) -> None:
    filler = os.urandom(1 << 20)
    for folder, files in folders:
        place = f"{out}/{folder}"
        try:
            os.mkdir(place)  # noqa: PTH102  (the plain call, as this is the limit)
        except FileNotFoundError:
            os.makedirs(place, exist_ok=True)  # noqa: PTH103
        except FileExistsError:
            pass
        for name, size in files:
            handle = os.open(f"{place}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            left = size
            while left > 0:
                left -= os.write(handle, filler[:left])
            os.close(handle)


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    scanning = commands.add_parser("scan", help="note folders and sizes of a site")
    scanning.add_argument("site", type=Path)
    scanning.add_argument("tree", type=Path)
    writing = commands.add_parser("write", help="write files of these sizes")
    writing.add_argument("tree", type=Path)
    writing.add_argument("out", type=Path)
    writing.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if arguments.command == "scan":
        arguments.tree.write_text(json.dumps(scan(arguments.site)), encoding="utf-8")
    else:
        tree: Tree = json.loads(arguments.tree.read_text(encoding="utf-8"))
        write(tree, arguments.out, arguments.jobs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
