"""Static files as they are published: under a name with a hash, stylesheets without spare space."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

STABLE = ("favicon.ico", "favicon.svg", "apple-touch-icon.png")
"""Assets whose address must not change (https://developers.google.com/search/docs/appearance/favicon-in-search)."""
_TOKEN = re.compile(rb"""/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)
_AROUND = re.compile(rb"\s*([{};])\s*")
_AFTER = re.compile(rb"([:,])\s+")
_SPACE = re.compile(rb"\s+")
_LAST = re.compile(rb";+}")
_FREE = (b"", b" ", b"\t", b"\n", b"\r", b"\f", b"{", b"}", b";")
"""What may stand beside a comment so that no two words meet when it goes."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file: its public path and its bytes."""

    public: str
    content: bytes


def asset(name: str, content: bytes) -> Asset:
    """Return the file `name` of a theme's `static/` as it is published."""
    if name in STABLE or name.startswith("root/"):
        return Asset("/" + name.removeprefix("root/"), content)
    if name.endswith(".css"):
        content = compact(content)
    digest = asset_hash(content)
    stem, dot, suffix = name.rpartition(".")
    hashed = f"{stem}.{digest}.{suffix}" if dot else f"{name}.{digest}"
    return Asset(f"/assets/{hashed}", content)


def asset_hash(content: bytes) -> str:
    """Return the part of an asset's name that changes with its bytes."""
    return blake2b(content, digest_size=5).hexdigest()


def compact(sheet: bytes) -> bytes:
    """Return a stylesheet without comments and without space that means nothing.

    Space before a colon and around operators has a meaning and stays; so do strings
    (https://www.w3.org/TR/css-syntax-3/#tokenization).
    """
    holes: list[bytes] = []

    def kept(found: re.Match[bytes]) -> bytes:
        token = found.group()
        if token.startswith(b"/*"):
            around = sheet[max(found.start() - 1, 0) : found.start()], sheet[found.end() :][:1]
            return b" " if any(side in _FREE for side in around) else b"/**/"
        holes.append(token)
        return b"\x00"

    sheet = sheet.replace(b"\x00", b"\xef\xbf\xbd")  # as a browser reads it
    text = _SPACE.sub(b" ", _TOKEN.sub(kept, sheet))
    text = _LAST.sub(b"}", _AFTER.sub(rb"\1", _AROUND.sub(rb"\1", text)))
    found = iter(holes)
    return re.sub(b"\x00", lambda _: next(found), text).strip() + b"\n"
