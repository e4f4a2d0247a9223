"""Slips that need no rule of a project: leftovers, doubled words, capitals, articles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pageloom.diagnostics import ERROR, WARNING, quoted
from pageloom.model import Row

NAMES = ("name", "name_in_sentence", "short", "title")


class Finding(NamedTuple):
    """What was found in a text: plain values, so that they can be kept between builds."""

    rule: str
    code: str
    severity: str
    offset: int
    message: str
    expected: str = ""
    help: str = ""
    notes: tuple[str, ...] = ()


Check = Callable[[str], Iterator[Finding]]
LEFTOVER, DOUBLED, CAPITALS, ARTICLE = "leftover", "doubled-word", "capitals", "article"
_LEFTOVER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\bundefined\b|(?<![\w-])NaN(?![\w-])|\b[Ll]orem ipsum\b|\[object Object\]"
    r"|(?<=[a-z,] )None(?= [a-z])(?! of\b)|\bTBD\b|\bXXX\b"
)
_SIGNS = ("{", "}", "undefined", "NaN", "orem", "[object", "None", "TBD", "XXX")
"""One of these is in every leftover; looking for them first is many times faster."""
_BEFORE = r"[ -/:-@\[-^`{-\U0010ffff]"
"""Where a word may start; by ranges, as `re` then skips fast to the next such place."""
_MAY_BE_DOUBLED = re.compile(rf"{_BEFORE}(\w++) \1\b")
_DOUBLED = re.compile(r"\b([^\W\d_]++) \1\b(?![’'-])", re.IGNORECASE)
_TWICE = frozenset(("that", "had", "bye", "so", "very", "no", "ha"))
_ACRONYM = re.compile(r"(?<![\w-])[A-Z]{3,}(?![\w-])")
_ARTICLE = re.compile(r"\b([Aa]n?) ([A-Za-z][\w’'-]*)")
_MAY_BE_WRONG = re.compile(
    rf"{_BEFORE}[Aa](?: (?:[aeiouAEIOU]|[Hh][oe]|[fhlmnrsxFHLMNRSX]-)"
    r"|n (?:[b-df-hj-np-tv-zB-DF-HJ-NP-TV-Z]|[uU]|[eE][uw]|[oO]n))"
)
"""An article before a letter that may make it wrong, by the two patterns that follow."""
_SOUNDS_CONSONANT = re.compile(
    r"(?:uni(?!n|m)|us[aeu]|ut[ei]|ur[aio]|u-|eu|ew|one\b|one-|once|ubiq|unan|ukr|ufo)",
    re.IGNORECASE,
)
_SOUNDS_VOWEL = re.compile(r"(?:hour|honest|hono|heir|[fhlmnrsx]-)", re.IGNORECASE)


class Acronyms:
    """The words in capitals of names, and where a text has them in small letters.

    A name that has only such words may be in capitals for its looks and teaches nothing.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        found: set[str] = set()
        small: set[str] = set()
        for row in rows:
            for name in NAMES:
                text = str(row.values.get(name, ""))
                words = re.findall(r"[^\W\d_]+", text)
                small.update(word for word in words if word.islower())
                if any(not word.isupper() for word in words):
                    found.update(_ACRONYM.findall(text))
        self.words = tuple(sorted(word for word in found if word.lower() not in small))
        forms = [form for word in self.words for form in (word.lower(), word.title())]
        self._pattern = re.compile(
            rf"(?<![\w./@’'-])(?:{'|'.join(map(re.escape, forms))})(?![\w/@’'-]|[.][^\W_])"
        )

    def found(self, text: str) -> Iterator[Finding]:
        """Yield the acronyms that a sentence has in small letters."""
        for match in self._pattern.finditer(text) if self.words else ():
            message = f"{quoted(match.group())} is written {quoted(match.group().upper())} in names"
            right = match.group().upper()
            yield Finding(CAPITALS, "L804", WARNING, match.start(), message, right)


class Slips:
    """Finds slips; each of its checks yields one sort of them, with offsets in the text."""

    def __init__(self, acronyms: Acronyms, lang: str) -> None:
        self._acronyms = acronyms
        self._english = lang.partition("-")[0] == "en"
        articles = (_articles,) if self._english else ()
        self.checks: tuple[Check, ...] = (_leftovers, _doubled, acronyms.found, *articles)

    def likely(self, text: str) -> tuple[Check, ...]:
        """Return the checks that may find something in one of the sentences of a text."""
        text = f" {text}"
        found: list[Check] = []
        if any(sign in text for sign in _SIGNS):
            found.append(_leftovers)
        if _MAY_BE_DOUBLED.search(text.casefold()):
            found.append(_doubled)
        if any(self._acronyms.found(text)):
            found.append(self._acronyms.found)
        if self._english and _MAY_BE_WRONG.search(text):
            found.append(_articles)
        return tuple(found)


def _leftovers(text: str) -> Iterator[Finding]:
    if any(sign in text for sign in _SIGNS):
        for match in _LEFTOVER.finditer(text):
            message = f"{quoted(match.group())} looks like a leftover"
            yield Finding(LEFTOVER, "L807", ERROR, match.start(), message, "words for readers")


def _doubled(text: str) -> Iterator[Finding]:
    for match in _DOUBLED.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if match[1].lower() not in _TWICE and (not before or before not in "’'-"):
            message = f"the word {quoted(match[1])} stands twice"
            yield Finding(DOUBLED, "L806", WARNING, match.start(), message, "the word once")


def _articles(text: str) -> Iterator[Finding]:
    """Yield wrong articles; a capital one counts at the start of the text only."""
    for match in _ARTICLE.finditer(text):
        article, word = match[1], match[2]
        before = text[match.start() - 1 : match.start()]
        if not word[1:].islower() or before in {"'", "’", "-"}:
            continue  # a letter or an acronym: nobody can tell how it is spoken
        vowel = word[0].lower() in "aeiou" and not _SOUNDS_CONSONANT.match(word)
        vowel = vowel or _SOUNDS_VOWEL.match(word) is not None
        if vowel != (len(article) == 2) and not (article == "A" and match.start() > 0):
            right = f"{'an' if vowel else 'a'} {word}"
            message = f"{quoted(match.group())} before this sound"
            yield Finding(ARTICLE, "L805", WARNING, match.start(), message, right)
