"""Numbers with the word they count, in the form that the number wants."""

from __future__ import annotations


def counted(number: int, word: str, many: str = "") -> str:
    """Return a number and its word: `1 row`, `2 rows`, `2 entries`."""
    return f"{number} {word if number == 1 else many or f'{word}s'}"
