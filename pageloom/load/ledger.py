"""`matrix/ledger/`: what was released, and `gone.yaml`, what of it is given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pageloom import ledger, source
from pageloom.diagnostics import Diagnostic, Location, quoted
from pageloom.ledger import GONE_FILE, Entry, Farewell, Ledger
from pageloom.load.schemas import built_in
from pageloom.schema import Validator

Report = Callable[[Diagnostic], None]


def read_ledger(root: Path, report: Report) -> Ledger:
    """Return the ledger of a project; lines with problems are left out."""
    files: dict[str, Mapping[str, Entry]] = {}
    for path in source.files(root, ledger.FOLDER, (ledger.SUFFIX,), report):
        text = source.read_text(root, path, report)
        if text is not None:
            files[path] = ledger.parse(text, path, report)
    if not files and not source.is_file(root, GONE_FILE):
        return ledger.NOTHING
    return Ledger(files, ledger.merged(files, report), _gone(root, report))


def _gone(root: Path, report: Report) -> dict[str, Farewell]:
    """Return what `gone.yaml` lists; nothing after a problem was reported."""
    if not source.is_file(root, GONE_FILE):
        return {}
    node = source.read_yaml(root, GONE_FILE, report)
    if node is None or node.kind == "null":
        return {}
    schema = {"type": "array", "items": built_in("gone")}
    problems: list[Diagnostic] = []
    values = Validator(schema).convert(node, GONE_FILE, problems.append, "the file")
    for problem in problems:
        report(problem)
    found: dict[str, Farewell] = {}
    if problems or not isinstance(values, tuple):
        return found
    for value, entry in zip(values, node.items, strict=True):
        location = Location(GONE_FILE, entry.line, entry.column)
        farewell = Farewell(value["route"], value["reason"], value.get("to", ""), location)
        first = found.setdefault(farewell.route, farewell)
        if first is not farewell:
            report(
                Diagnostic(
                    code="M107",
                    location=location,
                    message=f"a second entry for {quoted(farewell.route)}",
                    expected="one entry an address",
                    notes=(f"first at {first.location}",),
                )
            )
    return found
