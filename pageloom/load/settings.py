"""`content/site.yaml` as settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import source
from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted
from pageloom.load.schemas import built_in
from pageloom.model import Family, Row
from pageloom.schema import Validator, one_of
from pageloom.settings import Settings
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
SITE = "content/site.yaml"
_FOR_HOSTS = ("host", "headers")
"""Settings that no page depends on."""
_HEADER = re.compile(r"(?!(?:cache-control|content-type)$)[a-z][a-z0-9-]*", re.IGNORECASE)
"""Names of headers but for those that differ from file to file."""
FEED = 50
"""Entries of the feed where the settings do not say how many."""
_STAND_IN = {"brand": "?", "base_url": "https://unset.example", "as_of": "2000-01-01"}


def read_settings(root: Path, report: Report, today: str) -> tuple[Settings, Node | None]:
    """Return the settings and their tree; after problems, settings that let loading go on."""
    node = source.read_yaml(root, SITE, report)
    values: Any = None
    if node is not None:
        problems: list[Diagnostic] = []
        values = Validator(built_in("site")).convert(node, SITE, problems.append, "the file")
        for problem in problems:
            report(problem)
        if problems or not _check_hosts(node, report):
            values, node = None, None
    if not isinstance(values, dict):
        values = dict(_STAND_IN)
    if node is not None:
        _check_theme(root, node, report)
    pages = {key: value for key, value in values.items() if key not in _FOR_HOSTS}
    text = json.dumps(pages, sort_keys=True, default=list)
    host = values.get("host", ())
    entry = node.get("host") if node is not None else None
    settings = Settings(
        values=values,
        brand=values["brand"],
        base_url=values["base_url"],
        lang=values.get("lang", "en"),
        as_of=values["as_of"],
        today=today or values["as_of"],
        theme=values.get("theme", "default"),
        root_path=SITE,
        indexnow=values.get("indexnow", ""),
        staged=values.get("release") == "staged",
        feed=values.get("feed", FEED),
        digest=blake2b(text.encode(), digest_size=16).digest(),
        hosts=(host,) if isinstance(host, str) else tuple(dict.fromkeys(host)),
        hosts_at=Location(SITE, entry.line, entry.column) if entry is not None else Location(SITE),
    )
    return settings, node


def _check_hosts(node: Node, report: Report) -> bool:
    """Report unknown hosts and what is no name of a header; return whether there was none."""
    schema = built_in("site")["properties"]["host"]
    known = schema["anyOf"][0]["enum"]
    entry = node.get("host")
    names = () if entry is None else entry.items if entry.kind == "list" else (entry,)
    unknown = [name for name in names if name.kind != "text" or name.text not in known]
    for name in unknown:
        _fault(name, 103, f"unknown host {quoted(name.text or name.kind)}", known, report)
    headers = node.get("headers")
    wrong = [key for key, _ in headers.pairs if not _HEADER.fullmatch(key.text)] if headers else []
    for key in wrong:
        _fault(key, 105, f"{quoted(key.text)} is no header that can be set here", (), report)
    return not unknown and not wrong


def _check_theme(root: Path, node: Node, report: Report) -> None:
    entry = node.get("theme")
    if entry is None or entry.text == "default" or source.is_folder(root, f"themes/{entry.text}"):
        return
    known = {"default", *source.folders(root, "themes")}
    _fault(entry, 103, f"unknown theme {quoted(entry.text)}", known, report)


def check_names(
    node: Node | None,
    families: Mapping[str, Family],
    axes: Mapping[str, tuple[Row, ...]],
    hidden: Mapping[str, Iterable[str]],
    report: Report,
) -> None:
    """Report families, axes and rows that the settings name and that do not exist."""
    if node is None:
        return
    known = {axis: {row.slug for row in rows} | set(hidden[axis]) for axis, rows in axes.items()}
    for menu in ("nav", "footer"):
        entries = node.get(menu)
        for entry in entries.items if entries else ():
            _check_entry(entry, families, known, report)
    offers = node.get("offers")
    for key, _ in offers.pairs if offers else ():
        if key.text not in families:
            _fault(key, 103, f"unknown family {quoted(key.text)}", families, report)


def _check_entry(
    entry: Node, families: Mapping[str, Family], known: Mapping[str, set[str]], report: Report
) -> None:
    name = entry.get("family")
    family = families.get(name.text) if name is not None else None
    if name is not None and family is None:
        _fault(name, 103, f"unknown family {quoted(name.text)}", families, report)
    axes = family.axes if family is not None else ()
    for field in ("text", "family", *axes):
        if entry.get(field) is None:
            _fault(entry, 106, f"required field `{field}` is missing", (), report)
    if family is not None:
        _check_rows(entry, axes, known, report)


def _check_rows(
    entry: Node, axes: tuple[str, ...], known: Mapping[str, set[str]], report: Report
) -> None:
    for key, value in entry.pairs:
        if key.text in axes and value.text not in known[key.text]:
            _fault(value, 103, f"unknown {key.text} {quoted(value.text)}", known[key.text], report)
        elif key.text not in {"text", "family", *axes}:
            names = ("text", "family", *axes)
            _fault(key, 104, f"unknown key {quoted(key.text)}", names, report)


def _fault(node: Node, number: int, message: str, names: Iterable[str], report: Report) -> None:
    found = sorted(names)
    report(
        Diagnostic(
            code=f"S{number}",
            location=Location(SITE, node.line, node.column),
            message=message,
            expected=one_of(found) if 0 < len(found) <= 12 else "",
            help=closest_help(message.split("`")[1], found),
        )
    )
