"""Fixed words, plurals, dates and units in the site's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pageloom.diagnostics import Diagnostic, Location
from pageloom.model import Row
from pageloom.settings import Words

Report = Callable[[Diagnostic], None]


ENGINE_WORDS = ("cite_label", "page_n", "reading_time")
"""Words that the engine prints, besides months, the date format and units."""


class Lexicon:
    """Looks words up; a missing one is reported once and shows as its key."""

    def __init__(self, words: Words, report: Report) -> None:
        self._words = words
        self._report = report
        self._missing: set[str] = set()
        self.absences = 0
        """How often a missing word was asked for."""

    def check(self) -> None:
        """Look up what the engine itself prints, so that missing words are reported."""
        for key in ENGINE_WORDS:
            self.text(key, "")
        self.date("2026-01-01")

    def text(self, key: str, n: Any = None) -> str:
        """Return the text under `key`; with `n` its plural form with the number put in."""
        return self._form(self._words.entries.get(key), key, n)

    def _form(self, entry: Any, key: str, n: Any) -> str:
        if isinstance(entry, Mapping):
            entry = entry.get("one" if str(n) == "1" else "other")
        if not isinstance(entry, str):
            self._absent(key)
            return key
        return entry if n is None else entry.replace("{n}", str(n))

    def quantity(self, value: str, unit: str) -> str:
        """Return a value with its unit in words: `180 days`."""
        if not unit or unit == "text":
            return value
        entry = self._words.entries.get("units", {}).get(unit)
        return self._form(entry, f"units.{unit}", value)

    def date(self, iso: str) -> str:
        """Return an ISO date in words."""
        months = self._words.entries.get("months")
        pattern = self._words.entries.get("date_format")
        parts = str(iso).split("-")
        if not isinstance(months, list) or len(months) != 12 or not isinstance(pattern, str):
            self._absent("date_format" if isinstance(months, list) else "months")
            return str(iso)
        if len(parts) != 3:
            return str(iso)
        year, month, day = parts
        named = pattern.replace("{month}", months[int(month) - 1])
        return named.replace("{day}", str(int(day))).replace("{year}", year)

    def fact(self, fact: Row) -> str:
        """Return the value of a fact in words; a fact without a value prints its statement."""
        if "value" in fact.values:
            return self.quantity(fact.values["value"], fact.values.get("unit", ""))
        return str(fact.values.get("statement", fact.slug))

    def _absent(self, key: str) -> None:
        self.absences += 1
        if key not in self._missing and self._words.entries:  # else the file is the problem
            self._missing.add(key)
            self._report(
                Diagnostic(
                    code="C220",
                    location=Location(self._words.path),
                    message=f"the word `{key}` is missing",
                    expected=f"a key `{key}`",
                )
            )
