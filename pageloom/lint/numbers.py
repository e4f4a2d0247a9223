"""Numbers with units: what they measure, and whether a source stands behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pageloom.diagnostics import ERROR, WARNING, quoted
from pageloom.lint.language import Finding
from pageloom.settings import Words

WEIGHTY, BARE = "unsourced-number", "bare-number"
_TIME = ("minutes", "hours", "days", "weeks", "months", "years")
_DIGITS = r"\d+(?:,\d{3})*(?:\.\d+)?"
_SIGNS = r"%|percent\b"
_MEASURES = r"mg|mcg|ml|kg|mm|cm|km|°"


class Quantity(NamedTuple):
    """A number with its unit in a sentence: comparable, with the words as they stand."""

    number: str
    unit: str
    words: str
    start: int
    weighty: bool
    """Whether it is a time, a price or a rate."""


class Numbers:
    """Finds quantities by the units of the site's words."""

    def __init__(self, words: Words, numbers: Mapping[str, str]) -> None:
        """`numbers`: words that stand for numbers."""
        self._numbers = {word.lower(): number for word, number in numbers.items()}
        self._units: dict[str, tuple[str, bool]] = {}
        for key, entry in words.entries.get("units", {}).items():
            time = key.rpartition("_")[2]
            for form in _forms(entry):
                self._units[form] = (time if time in _TIME else key, time in _TIME)
                last = form.rpartition(" ")[2]
                self._units.setdefault(last, (time if time in _TIME else key, time in _TIME))
        named = sorted(self._units, key=len, reverse=True)
        spelled = sorted(self._numbers, key=len, reverse=True)
        number = "|".join((_DIGITS, *map(re.escape, spelled)))
        unit = "|".join((*map(re.escape, named), _SIGNS, _MEASURES))
        self._pattern = re.compile(
            rf"(?<![\w.,$€£-])(?P<number>{number})[\s-]{{0,2}}(?P<unit>{unit})(?![\w])"
            rf"|(?P<sign>[$€£])\s?(?P<price>{_DIGITS})",
            re.IGNORECASE,
        )

    def found(self, text: str) -> Iterator[Quantity]:
        """Yield the quantities in a sentence."""
        for match in self._pattern.finditer(text):
            start, words = match.start(), match.group()
            if match["sign"]:
                yield Quantity(match["price"].replace(",", ""), "price", words, start, weighty=True)
                continue
            number = match["number"].lower().replace(",", "")
            number = self._numbers.get(number, number)
            unit = match["unit"].lower()
            if unit in {"%", "percent"}:
                yield Quantity(number, "percent", words, start, weighty=True)
            else:
                name, weighty = self._units.get(unit, (unit, False))
                yield Quantity(number, name, words, start, weighty=weighty)

    def unsourced(self, text: str, known: frozenset[tuple[str, str]]) -> Iterator[Finding]:
        """Yield the quantities of a sentence without a source, but for the known ones."""
        for item in self.found(text):
            if (item.number, item.unit) in known:
                continue
            if item.weighty:
                message = f"{quoted(item.words)} has no source in this sentence"
                help_ = "print it with fact(), or put cite() behind it"
                yield Finding(WEIGHTY, "L802", ERROR, item.start, message, help=help_)
            else:
                message = f"{quoted(item.words)} has no source in this sentence"
                yield Finding(BARE, "L803", WARNING, item.start, message, help="put cite() behind")


def _forms(entry: Any) -> Iterator[str]:
    """Yield the words of a unit, in each of its forms."""
    for form in entry.values() if isinstance(entry, Mapping) else (entry,):
        words = str(form or "").replace("{n}", "").strip().lower()
        if words and not re.search(r"[^\w\s’'-]", words):
            yield words
