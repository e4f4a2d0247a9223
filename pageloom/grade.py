"""The reading grade of a text: how many years of an English-speaking school it asks for.

Flesch–Kincaid: Kincaid, Fishburne, Rogers and Chissom 1975, https://apps.dtic.mil/sti/citations/ADA006655
A sentence is a full unit of speech, as Flesch counts it: up to a period, colon or semicolon, or an
entry of a list, a cell of a table. Syllables are counted by rule: groups of vowels and a silent e.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MIN_WORDS = 25
"""Shorter texts have no grade: one long name would decide on it."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PAUSE = re.compile(r"[;:|]|(?<=[.!?])\s")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^aeiouyl]e|(?<=[^aeiouytd])ed|(?<=[^aeiouycgszx])es)$")


@dataclass(slots=True)
class Reading:
    """Counts of a text; sentences are added one by one."""

    words: int = 0
    syllables: int = 0
    sentences: int = 0

    def add(self, sentence: str) -> None:
        """Count a sentence, an entry or a row; a colon or a semicolon ends one too (Flesch)."""
        for part in _PAUSE.split(sentence):
            found = _WORD.findall(part)
            if found:
                self.sentences += 1
                self.words += len(found)
                self.syllables += sum(map(syllables, found))

    @property
    def grade(self) -> float:
        """The grade, or 0 for a text that is too short to have one."""
        if self.words < MIN_WORDS:
            return 0.0
        length, weight = self.words / self.sentences, self.syllables / self.words
        return 0.39 * length + 11.8 * weight - 15.59


def of(sentences: Iterable[str]) -> float:
    """Return the reading grade of a text, given sentence by sentence."""
    reading = Reading()
    for sentence in sentences:
        reading.add(sentence)
    return reading.grade


def syllables(word: str) -> int:
    """Return how many syllables a word has; an abbreviation in capitals counts as one."""
    if word.isupper():
        return 1
    count = 0
    for part in re.split(r"['’-]", word.lower()):
        groups = len(_VOWELS.findall(part))
        silent = groups > 1 and _SILENT.search(part) is not None
        count += groups - silent
    return max(1, count)
