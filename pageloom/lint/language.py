"""Slips that need no rule of a project: leftovers, doubled words, capitals, articles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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


LEFTOVER, DOUBLED, CAPITALS, ARTICLE = "leftover", "doubled-word", "capitals", "article"
_LEFTOVER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\bundefined\b|(?<![\w-])NaN(?![\w-])|\b[Ll]orem ipsum\b|\[object Object\]"
    r"|(?<=[a-z,] )None(?= [a-z])(?! of\b)|\bTBD\b|\bXXX\b"
)
_DOUBLED = re.compile(r"(?<![\w’'-])([^\W\d_]+) \1(?![\w’'-])", re.IGNORECASE)
_TWICE = frozenset(("that", "had", "bye", "so", "very", "no", "ha"))
_WORD = re.compile(r"(?<![\w./@’'-])[^\W\d_]{3,}(?![\w/@]|[.][^\W_])")
_ACRONYM = re.compile(r"(?<![\w-])[A-Z]{3,}(?![\w-])")
_ARTICLE = re.compile(r"(?<![\w'’-])(an?) ([A-Za-z][\w’'-]*)", re.IGNORECASE)
_SOUNDS_CONSONANT = re.compile(
    r"(?:uni(?!n|m)|us[aeu]|ut[ei]|ur[aio]|u-|eu|ew|one\b|one-|once|ubiq|unan|ukr|ufo)",
    re.IGNORECASE,
)
_SOUNDS_VOWEL = re.compile(r"(?:hour|honest|hono|heir|[fhlmnrsx]-)", re.IGNORECASE)


def acronyms(rows: Iterable[Row]) -> Mapping[str, str]:
    """Return the words in capitals of names, by how they read in small letters.

    A name that has only such words may be in capitals for its looks and teaches nothing.
    """
    found: dict[str, str] = {}
    small: set[str] = set()
    for row in rows:
        for name in NAMES:
            text = str(row.values.get(name, ""))
            words = re.findall(r"[^\W\d_]+", text)
            small.update(word for word in words if word.islower())
            if any(not word.isupper() for word in words):
                found.update((word.lower(), word) for word in _ACRONYM.findall(text))
    return {lower: word for lower, word in found.items() if lower not in small}


def slips(text: str, known: Mapping[str, str], lang: str) -> Iterator[Finding]:
    """Yield the slips in a sentence; an offset is a place in it."""
    for match in _LEFTOVER.finditer(text):
        message = f"{quoted(match.group())} looks like a leftover"
        yield Finding(LEFTOVER, "L807", ERROR, match.start(), message, "words for readers")
    for match in _DOUBLED.finditer(text):
        if match[1].lower() not in _TWICE:
            message = f"the word {quoted(match[1])} stands twice"
            yield Finding(DOUBLED, "L806", WARNING, match.start(), message, "the word once")
    for match in _WORD.finditer(text):
        word = match.group()
        right = known.get(word.lower())
        if right is not None and (word.islower() or word.istitle()):
            message = f"{quoted(word)} is written {quoted(right)} in the names"
            yield Finding(CAPITALS, "L804", WARNING, match.start(), message, right)
    if lang.partition("-")[0] == "en":
        yield from _articles(text)


def _articles(text: str) -> Iterator[Finding]:
    for match in _ARTICLE.finditer(text):
        article, word = match[1], match[2]
        if len(word) < 2 or not word[1:].islower() or article == "AN":
            continue  # a letter or an acronym: nobody can tell how it is spoken
        vowel = word[0].lower() in "aeiou" and not _SOUNDS_CONSONANT.match(word)
        vowel = vowel or _SOUNDS_VOWEL.match(word) is not None
        if vowel != (len(article) == 2) and not (article == "A" and match.start() > 0):
            right = f"{'an' if vowel else 'a'} {word}"
            message = f"{quoted(match.group())} before this sound"
            yield Finding(ARTICLE, "L805", WARNING, match.start(), message, right)
