"""`claims.yaml` as rules: patterns that can be used, scopes that exist, examples that hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from pageloom import source
from pageloom.diagnostics import Diagnostic, Location, closest_help, quoted
from pageloom.expressions import text_of
from pageloom.load.schemas import built_in
from pageloom.model import Claim, Claims, Row
from pageloom.prose import MAX_SENTENCE
from pageloom.schema import Validator
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
Rows = Mapping[str, tuple[Row, ...]]
_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL}
_MANY = 100
"""A repeat that may go on longer counts as endless."""


def read_claims(
    root: Path,
    file: str,
    rows: Rows,
    fields: Mapping[str, frozenset[str] | None],
    report: Report,
) -> Claims | None:
    """Return the claims of a project; a rule with problems is left out."""
    if not file:
        return None
    path = f"matrix/{file}"
    node = source.read_yaml(root, path, report)
    if node is None:
        return None
    problems: list[Diagnostic] = []
    values = Validator(built_in("claims")).convert(node, path, problems.append, "the file")
    for problem in problems:
        report(problem)
    if problems or not isinstance(values, dict):
        return None
    reader = _Reader(path, rows, fields, report)
    nodes = node.get("rules")
    rules = tuple(
        rule
        for value, place in zip(values["rules"], nodes.items if nodes else (), strict=True)
        if (rule := reader.read(value, place)) is not None
    )
    text = json.dumps(values, sort_keys=True, default=list)
    return Claims(rules, values.get("numbers", {}), blake2b(text.encode(), digest_size=16).digest())


class _Reader:
    """Reads rules against the rows that exist."""

    def __init__(
        self,
        path: str,
        rows: Rows,
        fields: Mapping[str, frozenset[str] | None],
        report: Report,
    ) -> None:
        self._path = path
        self._rows = rows
        self._fields = fields
        self._report = report
        self._seen: dict[str, Node] = {}
        self._told: list[Diagnostic] = []

    def read(self, value: Mapping[str, Any], node: Node) -> Claim | None:
        """Return a rule, or None after its problems were reported."""
        self._told.clear()
        id_node = node.get("id") or node
        if value["id"] in self._seen:
            message = f"a second rule {quoted(value['id'])}"
            self._fault("M107", id_node, message, "an id of its own")
        self._seen.setdefault(value["id"], id_node)
        flags: re.RegexFlag = re.NOFLAG
        for flag in value.get("flags", ""):
            flags |= _FLAGS[flag]
        pattern = self._pattern(node.get("pattern"), flags)
        unless = self._pattern(node.get("unless"), flags)
        scope = tuple(self._scope(node.get("scope")))
        if pattern is None or self._told:
            return None
        claim = Claim(
            id=value["id"],
            severity=value.get("severity", "error"),
            pattern=pattern,
            unless=unless,
            sourced=value.get("sourced", False),
            scope=scope,
            why=value["why"],
            right=value["right"],
            citation=value.get("citation", ""),
            url=value.get("url", ""),
            location=Location(self._path, id_node.line, id_node.column),
        )
        self._check_examples(claim, node)
        return None if self._told else claim

    def _pattern(self, node: Node | None, flags: re.RegexFlag) -> re.Pattern[str] | None:
        if node is None or not node.text:
            return None
        try:
            if _is_slow(_parser.parse(node.text, flags)):
                message = "a repeat inside an endless repeat can take very long"
                self._fault("L808", node, message, "a repeat with an end, such as `{0,60}`")
                return None
            return re.compile(node.text, flags)
        except (re.error, RecursionError, OverflowError) as error:
            message = f"not a regular expression: {error}"[:90]
            self._fault("L808", node, message, "a pattern of Python's `re`")
            return None

    def _scope(self, node: Node | None) -> Iterator[tuple[str, frozenset[str]]]:
        for key, value in node.pairs if node is not None else ():
            kind, _, field = key.text.partition(".")
            if kind not in self._rows:
                help_ = closest_help(kind, self._rows)
                self._fault("M103", key, f"unknown axis or table {quoted(kind)}", "", help_)
                continue
            declared = self._fields.get(kind)
            if field and declared is not None and field not in declared:
                help_ = closest_help(field, declared)
                self._fault("M103", key, f"`{kind}` has no field {quoted(field)}", "", help_)
                continue
            found: set[str] = set()
            for item in value.items:
                rows = [row for row in self._rows[kind] if item.text in _texts(row, field)]
                if not rows:
                    shown = quoted(f"{field or 'slug'}: {item.text}")
                    message = f"no {kind} has {shown}"
                    self._fault("M103", item, message, "a value that a row has")
                found.update(row.slug for row in rows)
            yield kind, frozenset(found)

    def _check_examples(self, claim: Claim, node: Node) -> None:
        bad, ok = node.get("bad"), node.get("ok")
        if bad is not None and claim.found_in(bad.text[:MAX_SENTENCE]) is None:
            self._fault("L808", bad, f"rule `{claim.id}` does not find its own `bad`", "a hit")
        if ok is not None and claim.found_in(ok.text[:MAX_SENTENCE]) is not None:
            self._fault("L808", ok, f"rule `{claim.id}` finds its own `ok`", "no hit")

    def _fault(self, code: str, node: Node, message: str, expected: str, help_: str = "") -> None:
        location = Location(self._path, node.line, node.column)
        problem = Diagnostic(
            code=code, location=location, message=message, expected=expected, help=help_
        )
        self._told.append(problem)
        self._report(problem)


def _texts(row: Row, field: str) -> set[str]:
    if not field:
        return {row.slug}
    value = row.values.get(field)
    values = value if isinstance(value, tuple) else (value,)
    return {item.slug if isinstance(item, Row) else text_of(item) for item in values}


def _is_slow(tree: Any, *, inside: bool = False) -> bool:
    """Whether an endless repeat holds another one: such patterns can take exponential time."""
    for operator, argument in tree:
        repeat = operator in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
        endless = repeat and argument[1] > _MANY
        if endless and inside:
            return True
        for child in _children(argument):
            if _is_slow(child, inside=inside or endless):
                return True
    return False


def _children(argument: Any) -> Iterator[Any]:
    """Yield the parts of a pattern in an argument of one of its operators."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for item in argument:
            yield from _children(item)
