"""What a function says of something, found once for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


def same() -> Known[Any, Any]:
    """Return a map of values to themselves: one object for those of many that are equal."""
    return Known(lambda value: value)


class Known(dict[K, V]):
    """A map that makes a value with a function when its key is asked for the first time."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        found = self[key] = self._make(key)
        return found
