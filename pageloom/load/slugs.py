"""Slugs: which can stand in an address and name a folder everywhere, and what to suggest."""

from __future__ import annotations

import re
import unicodedata

from pageloom import schema

MAX_SLUG = 100
"""Longer ones make file names that some systems refuse (255 bytes, and their folders)."""
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")
"""Names that Windows keeps for devices, with or without an ending: no file or folder has them.

https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions
"""
_SPELLED = {"de": (("ä", "ae"), ("ö", "oe"), ("ü", "ue"))}
"""Letters that a language spells out, in lower case, where others leave their marks away.

https://github.com/unicode-org/cldr/blob/main/common/transforms/de-ASCII.xml
"""


def is_slug(text: str) -> bool:
    """Return whether a text can stand in an address."""
    return len(text) <= MAX_SLUG and schema.SLUG.fullmatch(text) is not None


def is_device(name: str) -> bool:
    """Return whether Windows has no file or folder of this name."""
    return _DEVICE.fullmatch(name.split(".", maxsplit=1)[0].casefold()) is not None


def suggested(text: str, kind: str, lang: str) -> str:
    """Return a slug for a row of a kind, made of a text; empty where nothing of it can stand."""
    from slugify import slugify

    plain = unicodedata.normalize("NFC", text[:1000]).lower()
    letters = _SPELLED.get(lang.split("-", maxsplit=1)[0].lower(), ())
    slug = str(slugify(plain, max_length=MAX_SLUG, word_boundary=True, replacements=letters))
    return f"{slug}-{kind.replace('_', '-')}" if is_device(slug) else slug
