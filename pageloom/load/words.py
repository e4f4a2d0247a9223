"""`content/words/<lang>.yaml` as words: the project's over those that the engine has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import source
from pageloom.diagnostics import Diagnostic, Location, problem, quoted
from pageloom.settings import Words
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]
_FORMS = ("one", "other")


def read_words(root: Path, defaults: Path, lang: str, report: Report) -> Words:
    """Return the fixed words of a language; `defaults` is the folder of the engine's own."""
    path = f"content/words/{lang}.yaml"
    own = f"words/{lang}.yaml"
    entries: dict[str, Any] = {}
    if source.is_file(defaults, own):
        entries = _read(defaults, own, report)
    if source.is_file(root, path):
        for key, value in _read(root, path, report).items():
            below = entries.get(key)
            both = key == "units" and isinstance(below, dict)
            entries[key] = {**below, **value} if both else value  # type: ignore[dict-item]
    elif not entries:
        report(_no_words(path, defaults))
    text = json.dumps(entries, sort_keys=True)
    return Words(lang, entries, path, blake2b(text.encode(), digest_size=16).digest())


def _no_words(path: str, defaults: Path) -> Diagnostic:
    return Diagnostic(
        code="C220",
        location=Location(path),
        message="there are no words in this language",
        expected="every fixed word that the theme prints",
        help=f"copy {defaults / 'words' / 'en.yaml'} to {path} and translate it",
    )


def _read(root: Path, path: str, report: Report) -> dict[str, Any]:
    node = source.read_yaml(root, path, report)
    if node is None or node.kind == "null":
        return {}
    problems = list(_faults(node, path))
    for fault in problems:
        report(fault)
    found: dict[str, Any] = _plain(node) if not problems else {}
    return found


def _faults(node: Node, path: str) -> Iterator[Diagnostic]:
    """Yield what is not as words are: texts, forms by number, twelve months, units."""
    if node.kind != "map":
        yield _fault(node, path, "the file is not a map of words", "`key: word`")
    for key, value in node.pairs:
        if key.text == "months":
            texts = all(item.kind == "text" for item in value.items)
            if value.kind != "list" or len(value.items) != 12 or not texts:
                yield _fault(value, path, "`months` is no list of twelve names", "twelve names")
        elif key.text == "units":
            if value.kind != "map":
                yield _fault(value, path, "`units` is no map", "`unit: words`")
            for unit, words in value.pairs:
                yield from _word_faults(unit, words, path)
        else:
            yield from _word_faults(key, value, path)


def _word_faults(key: Node, value: Node, path: str) -> Iterator[Diagnostic]:
    forms = value.kind == "map" and all(
        name.text in _FORMS and form.kind == "text" for name, form in value.pairs
    )
    if not forms and value.kind not in {"text", "null"}:
        expected = "text, or `{one: …, other: …}`"
        yield _fault(value, path, f"{quoted(key.text)} is no word", expected)


def _fault(node: Node, path: str, message: str, expected: str) -> Diagnostic:
    return problem(path, 105, node.line, node.column, message, expected=expected)


def _plain(node: Node) -> Any:
    if node.kind == "map":
        return {key.text: _plain(value) for key, value in node.pairs}
    if node.kind == "list":
        return [_plain(item) for item in node.items]
    return node.text
