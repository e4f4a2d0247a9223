"""Bytes as text: UTF-8 with LF as line end, and none of the characters that have no place in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from pageloom.diagnostics import Diagnostic, Location, problem

Report: TypeAlias = Callable[[Diagnostic], None]

_MARKS = ("<<<<<<< ", "=======", ">>>>>>> ")
_CONFLICT = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ufeff\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
    )
    + "]"
)
"""Controls, surrogates, private use (tokens are made of it) and what is no character.

Also what turns the direction of the words around it, which belongs to markup
(https://www.w3.org/International/questions/qa-bidi-controls), and byte order marks within a text.
"""
_SUSPECT = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xad\xae]|[\xed-\xf4]"
)
"""Bytes in every text with such a character; searching the text itself takes ten times as long."""
_PLAIN = bytes((9, 10, 13, *range(32, 127)))


def decode(raw: bytes, path: str, report: Report) -> str | None:
    """Return bytes as text: UTF-8, byte order mark removed, CRLF as LF."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        report(
            problem(
                path, 115, line, column, message, expected="UTF-8", help_="save the file as UTF-8"
            )
        )
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    conflict = _CONFLICT.search(text) if any(mark in text for mark in _MARKS) else None
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        help_ = "keep one of the two versions and delete the marker lines"
        report(problem(path, 114, line, 1, "merge conflict left in the file", help_=help_))
        return None
    control = CONTROL.search(text) if _is_suspect(raw) else None
    if control:
        line, column = position(text, control.start())
        report(stray_character(path, line, column, control.group()))
        return None
    return text


def _is_suspect(raw: bytes) -> bool:
    """Whether a text may have a character that has no place in it; seldom true of a sound one."""
    if raw.isascii():
        return bool(raw.translate(None, _PLAIN))
    return _SUSPECT.search(raw) is not None


def stray_character(path: str, line: int, column: int, character: str) -> Diagnostic:
    """Return the problem of a character that has no place in a text."""
    return Diagnostic(
        code="C219",
        location=Location(path, line, column),
        message=f"character U+{ord(character):04X} has no place in text",
        expected="letters, marks, signs, spaces and line ends",
        help="delete it",
    )


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column (from 1) of a character offset in `text`."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
