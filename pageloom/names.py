"""Words of a text, with the names of rows masked: a page that swaps names only is the same page.

A name, an alias, and either with a possessive ending counts as one word, `MASK`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from pageloom.model import Row

NAMES = ("name", "name_in_sentence", "short")
MASK = "\ue010"
_GRAMMAR = "[{0}]++(?:['.-][{0}]++)*+"
_WORD = re.compile(_GRAMMAR.format(rf"\w{MASK}"))
_ASCII = re.compile(_GRAMMAR.format(f"0-9a-z_{MASK}"))
"""The same for texts without other letters, which `re` finds in half the time."""
_TAG = re.compile(r"<[^>]*>")


def without_tags(html: str) -> str:
    """Return HTML with a space in place of each tag."""
    return _TAG.sub(" ", html)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation around them."""
    plain = _plain(text)
    pattern = _ASCII if plain.replace(MASK, "").isascii() else _WORD
    return pattern.findall(plain)


def words_and_marks(text: str, marks: str) -> list[str]:
    """Return the same with the characters that are marks, each as a word."""
    plain = _plain(text)
    bare = re.sub(f"[{marks}{MASK}]", "", plain)
    pattern = _ASCII if bare.isascii() else _WORD
    return re.findall(f"[{marks}]|{pattern.pattern}", plain)


def _plain(text: str) -> str:
    plain = text.casefold().replace("’", "'")
    return plain.replace(f"{MASK}'s", MASK) if MASK in plain else plain


class Names:
    """Masks the names of some rows."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take the rows whose names are masked."""
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for name in {form for row in rows for text in _texts(row) for form in _forms(text)}:
            self._by_first.setdefault(name[0], []).append(name)
        for names in self._by_first.values():
            names.sort(key=len, reverse=True)

    def masked(self, found: list[str], different: AbstractSet[str] | None = None) -> list[str]:
        """Return words with each name as one `MASK`, the longest name first.

        `different` are at least these words, each once, where that is known.
        """
        if self._by_first.keys().isdisjoint(found if different is None else different):
            return found
        made: list[str] = []
        place = 0
        while place < len(found):
            length = self._length(found, place)
            made.append(MASK if length else found[place])
            place += length or 1
        return made

    def _length(self, found: Sequence[str], place: int) -> int:
        for name in self._by_first.get(found[place], ()):
            if len(name) == 1 or tuple(found[place : place + len(name)]) == name:
                return len(name)
        return 0


def _texts(row: Row) -> Iterable[str]:
    aliases = row.values.get("aliases", ())
    for value in (*(row.values.get(field) for field in NAMES), *aliases):
        if isinstance(value, str):
            yield value


def _forms(text: str) -> Iterable[tuple[str, ...]]:
    found = tuple(words(text))
    if found:
        yield found
        yield (*found[:-1], f"{found[-1]}'s")
