"""Bytes of the user's files as located trees; the only module that knows YAML and paths.

Scalars stay text with their position: YAML 1.1 would read `NO` as false, `12:30` as 750 and
`0123` as 83 (https://yaml.org/type/). Fields are converted by their declared type in `schema`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import yaml

from pageloom import trees
from pageloom.characters import CONTROL, decode, stray_character
from pageloom.diagnostics import Diagnostic, Location, Start, letter, problem, quoted
from pageloom.trees import Node

Report: TypeAlias = Callable[[Diagnostic], None]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HAS_LIBYAML = hasattr(yaml, "CSafeLoader")
_MAX_DEPTH = 40
_WRITTEN = "values written out; fields declare their type"
_QUOTE = "put text that starts with `&`, `*` or `!` in quotes"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class ChangedError(Exception):
    """A file is another one than it was when the run began; carries the problem."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic


def read_text(root: Path, path: str, report: Report) -> str | None:
    """Return the text of a file with LF as line end, or None after a problem was reported."""
    raw = read_bytes(root, path, report)
    return None if raw is None else decode(raw, path, report)


def read_bytes(root: Path, path: str, report: Report) -> bytes | None:
    """Return the bytes of a file inside the project, or None after a problem was reported."""
    message = f"cannot read {quoted(path)}"
    try:
        if is_inside(root, path):
            return _content(root / path)
        message = f"{quoted(path)} lies outside the project"
    except (OSError, ValueError):
        pass
    report(problem(path, 116, 1, 1, message, expected="a file at this path"))
    return None


def _content(place: Path) -> bytes:
    """Return the bytes of a file. Raises `OSError`; where no file stands, too: a pipe may wait."""
    if not place.is_file():
        raise FileNotFoundError(place)
    return place.read_bytes()


def read_listed(root: Path, path: str, report: Report) -> bytes | None:
    """Return the bytes of a file that `files` yielded, which lies in the project."""
    try:
        with open(f"{root}/{path}", "rb") as file:  # noqa: PTH123  (thousands, a third faster)
            return file.read()
    except OSError:
        return read_bytes(root, path, report)


def changed(path: str) -> ChangedError:
    """Return the failure of a file that was changed while it was read."""
    message = f"{quoted(path)} was changed while it was read"
    expected = "a file that stays as it is"
    return ChangedError(problem(path, 116, 1, 1, message, expected=expected, help_="run again"))


def is_inside(root: Path, path: str) -> bool:
    """Return whether a path leads to a place in the project, links followed."""
    try:
        return (root / path).resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def is_file(root: Path, path: str) -> bool:
    """Return whether a file stands at a path of the project."""
    try:
        return (root / path).is_file()
    except (OSError, ValueError):
        return False


def is_folder(root: Path, path: str) -> bool:
    """Return whether a folder stands at a path of the project."""
    try:
        return (root / path).is_dir()
    except (OSError, ValueError):
        return False


def parse_yaml(text: str, path: str, report: Report, first_line: int = 1) -> Node | None:
    """Return the tree of a YAML text, or None after its problems were reported.

    It is parsed only where no text like it was parsed before.
    """
    problems: list[Diagnostic] = []
    parsed: list[Node | None] = []

    def make() -> bytes | None:
        parsed.append(tree(text, path, problems.append, first_line))
        return None if problems or parsed[0] is None else trees.packed(parsed[0], first_line)

    packed = trees.memo.get(trees.key(text), make)
    for found in problems:
        report(found)
    return parsed[0] if parsed or packed is None else trees.unpacked(packed, first_line)


def tree(text: str, path: str, report: Report, first_line: int = 1) -> Node | None:
    """Parse a YAML text; return its tree, or None after its problems were reported."""
    try:
        return _Builder(path, report, first_line - 1, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (first_line, 1)
        message = _yaml_message(error)
        report(problem(path, 101, line, column, message, help_=_yaml_help(error)))
    except yaml.YAMLError as error:
        report(problem(path, 101, first_line, 1, f"not YAML: {str(error).splitlines()[0]}"))
    except _StopError:
        pass
    return None


def read_yaml(root: Path, path: str, report: Report) -> Node | None:
    """Return the tree of a YAML file, or None after its problems were reported."""
    text = read_text(root, path, report)
    return None if text is None else parse_yaml(text, path, report)


def folders(root: Path, folder: str) -> list[str]:
    """Return the names of the folders in a folder of the project, sorted."""
    base = root / folder
    names = (place.name for place in base.iterdir()) if is_folder(root, folder) else ()
    return sorted(name for name in names if is_folder(root, f"{folder}/{name}"))


def files(root: Path, folder: str, suffixes: tuple[str, ...], report: Report) -> Iterator[str]:
    """Yield the paths of files under a folder of the project, sorted; hidden ones are left out.

    Folders that are links are not entered, files that lead outside are problems: what is yielded
    lies in the project.
    """
    try:
        with os.scandir(root / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        message = f"cannot read the folder: {error.strerror}"
        report(problem(f"{folder}/", 116, 1, 1, message, expected="a folder that can be read"))
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(root, path, suffixes, report)
        elif entry.name.endswith(suffixes) and _is_ours(entry, root, path, report):
            yield path


def _is_ours(entry: os.DirEntry[str], root: Path, path: str, report: Report) -> bool:
    if entry.is_symlink() and not is_inside(root, path):
        message = f"{quoted(path)} leads outside the project"
        report(problem(path, 116, 1, 1, message, expected="a file of the project"))
        return False
    there = entry.is_file(follow_symlinks=False) or is_file(root, path)
    return there and is_named_well(path, report)


def below(folder: Path, shown: str, report: Report) -> list[str]:
    """Return what lies below a folder, links to folders among it, as paths relative to it.

    A folder that cannot be read is a problem: what is in it must not count as removed.
    """

    def refuse(error: OSError) -> None:
        place = Path(str(error.filename))
        if place == folder and isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return
        path = f"{shown}/{place.relative_to(folder).as_posix()}/".replace("/./", "/")
        message = f"cannot read the folder: {error.strerror}"
        report(problem(path, 116, 1, 1, message, expected="a folder that can be read"))

    found: list[str] = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        within = Path(place).relative_to(folder)
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        paths = ((within / name).as_posix() for name in (*names, *links))
        found += (path for path in paths if is_named_well(f"{shown}/{path}", report))
    return sorted(found)


def is_named_well(path: str, report: Report) -> bool:
    """Return whether a path can be shown and written; a problem is reported when not."""
    stray = CONTROL.search(path) or re.search("[\n\t]", path)
    if stray:
        shown = path.encode("unicode_escape").decode()
        report(problem(shown, 115, 1, 1, f"the file's name has {stray.group()!a} in it"))
    return stray is None


class _StopError(Exception):
    """The problem was reported; the file is not read further."""


class _Builder:
    """Makes nodes from YAML events; anchors, aliases and tags are problems."""

    def __init__(self, path: str, report: Report, offset: int, text: str) -> None:
        self._path = path
        self._report = report
        self._offset = offset
        self._lines: list[str] | None = None
        self._text = text
        self._next: Callable[[], Any] = _Loader(text).get_event
        self._escapes = "\\" in text
        """Whether a value may have a character that the text has not."""

    def document(self) -> Node:
        self._next()  # stream start
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Node("null", 1 + self._offset, 1)
        node = self._node(self._next(), 0)
        self._next()  # document end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._stop(event, 101, "a second YAML document in one file", "one document a file")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            self._stop(event, 110, f"alias {quoted(f'*{event.anchor}')}", _WRITTEN, _QUOTE)
        if event.anchor:
            self._stop(event, 110, f"anchor {quoted(f'&{event.anchor}')}", _WRITTEN, _QUOTE)
        if event.tag:
            self._stop(event, 110, f"tag {quoted(event.tag)}", _WRITTEN, _QUOTE)
        if depth > _MAX_DEPTH:
            self._stop(event, 101, "values nested too deeply", f"at most {_MAX_DEPTH} levels")
        line, column = self._at(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line, column)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node("list", line, column, items=tuple(self._items(depth)))
        return Node("map", line, column, pairs=tuple(self._pairs(depth)))

    def _scalar(self, event: Any, line: int, column: int) -> Node:
        value, style = event.value, event.style
        stray = CONTROL.search(value) if self._escapes else None
        if stray:
            self._report(stray_character(self._path, line, column, stray.group()))
            raise _StopError
        if style:
            return Node("text", line, column, value, start=self._start(style, line, column))
        return Node("null" if value in _NULLS else "text", line, column, value)

    def _start(self, style: str, line: int, column: int) -> Start | None:
        """Return where the words of a scalar start: after the quote, or in the next line."""
        if style not in {"|", ">"}:
            return Start(line, column + 1)
        if self._lines is None:
            self._lines = self._text.split("\n")
        first = line - self._offset
        for text in self._lines[first:]:
            if text.strip():
                return Start(line + 1, len(text) - len(text.lstrip(" ")) + 1, indented=True)
        return None

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _pairs(self, depth: int) -> Iterator[tuple[Node, Node]]:
        seen: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if key.kind not in {"text", "null"}:
                help_ = "put the value in quotes when it starts with `{` or `[`"
                self._stop(event, 105, "a key that is not text", "text before the colon", help_)
            if key.text in seen:
                self._duplicate(key, seen[key.text])
            seen.setdefault(key.text, key)
            yield key, value

    def _duplicate(self, key: Node, first: Node) -> None:
        location = Location(self._path, key.line, key.column)
        self._report(
            Diagnostic(
                code=letter(self._path) + "102",
                location=location,
                message=f"key {quoted(key.text)} appears twice",
                expected="each key once",
                notes=(f"first at {self._path}:{first.line}:{first.column}",),
            )
        )

    def _at(self, event: yaml.Event) -> tuple[int, int]:
        mark: Any = event.start_mark
        return mark.line + 1 + self._offset, mark.column + 1

    def _stop(
        self, event: yaml.Event, number: int, message: str, expected: str, help_: str = ""
    ) -> NoReturn:
        line, column = self._at(event)
        self._report(
            problem(self._path, number, line, column, message, expected=expected, help_=help_)
        )
        raise _StopError


def _yaml_message(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not YAML"
    if "\\t" in problem or "tab" in problem:
        return "a tab where YAML wants spaces"
    context = f" {error.context}" if error.context else ""
    return f"{problem}{context}"[:100]


def _yaml_help(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "put the value in quotes when it holds a colon and a space"
    return ""
