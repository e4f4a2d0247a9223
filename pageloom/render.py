"""Sheets to bytes: each template is rendered once per shape, then only filled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pageloom.diagnostics import Location
from pageloom.markup import TOKEN
from pageloom.sheet import ANCHOR, Holed, Sheet, context, holed
from pageloom.theme import Theme, ThemeError

_MAIN = re.compile(r"<main\b.*?</main>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w[\w'’.-]*")
_KEPT_SHAPES = 4096


@dataclass(slots=True)
class _Skeleton:
    """A rendered template, and what it has itself."""

    holed: Holed
    main_words: int
    links: int
    """How many links the template itself has."""


class Renderer:
    """Fills templates; one a process."""

    def __init__(self, theme: Theme, site: dict[str, Any]) -> None:
        self._theme = theme
        self._site = site
        self._skeletons: dict[tuple[Any, ...], _Skeleton | ThemeError] = {}

    def page(self, sheet: Sheet, location: Location) -> tuple[bytes, int]:
        """Return the page's bytes, and at most how many links they have. Raises `ThemeError`."""
        skeleton = self._skeleton(sheet.shape(), location)
        return skeleton.holed.filled(sheet.values()), skeleton.links + sheet.links()

    def run(
        self, sheet: Sheet, columns: Sequence[Sequence[bytes]], location: Location
    ) -> tuple[Iterable[bytes], int]:
        """Return the bytes of pages that have the shape of a sheet, and the template's links.

        `columns` are the pages' texts in the order of `Sheet.values`. Raises `ThemeError`.
        """
        skeleton = self._skeleton(sheet.shape(), location)
        return skeleton.holed.filled_all(columns, len(columns[0])), skeleton.links

    def main_words(self, sheet: Sheet, location: Location) -> int:
        """Return how many words the template itself puts into `<main>`."""
        return self._skeleton(sheet.shape(), location).main_words

    def _skeleton(self, shape: tuple[Any, ...], location: Location) -> _Skeleton:
        found = self._skeletons.get(shape)
        if isinstance(found, ThemeError):
            raise found
        if found is None:
            if len(self._skeletons) >= _KEPT_SHAPES:
                self._skeletons.clear()
            try:
                text = self._theme.render(
                    shape[0], {"page": context(shape), "site": self._site}, location
                )
            except ThemeError as error:
                self._skeletons[shape] = error  # it fails alike for every page of this shape
                raise
            found = self._skeletons[shape] = _skeleton(text)
        return found


def _skeleton(text: str) -> _Skeleton:
    main = _MAIN.search(text)
    words = _WORD.findall(_TAG.sub(" ", TOKEN.sub(" ", main.group()))) if main else []
    return _Skeleton(holed(text), len(words), text.count(ANCHOR.decode()))
