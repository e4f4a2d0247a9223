"""Conditions of `where:`: Jinja2 expressions over rows, read in a sandbox.

https://jinja.palletsprojects.com/en/stable/sandbox/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pageloom.model import Row

_ALLOWED = (
    nodes.And,
    nodes.Compare,
    nodes.Const,
    nodes.Getattr,
    nodes.List,
    nodes.Name,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Tuple,
)
_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
_FIELD = re.compile(r"attribute '(\w+)'")
MAX_LENGTH = 1000


class ConditionError(ValueError):
    """The text is no condition over rows."""


class Condition:
    """A parsed condition and the names of the rows it reads."""

    def __init__(self, text: str) -> None:
        """Parse `text`. Raises `ConditionError`."""
        self.text = text
        if len(text) > MAX_LENGTH:
            raise ConditionError(f"more than {MAX_LENGTH} characters")
        try:
            tree = _environment.parse("{{" + text + "}}")
            self._evaluate: Callable[..., Any] = _environment.compile_expression(
                text, undefined_to_none=False
            )
        except TemplateSyntaxError as error:
            raise ConditionError(str(error.message)) from error
        except (ValueError, OverflowError, RecursionError, SyntaxError, MemoryError) as error:
            raise ConditionError("it cannot be read") from error
        self.paths = _checked(tree)
        self.names = tuple(sorted({path[0] for path in self.paths}))
        if not self.names:
            raise ConditionError("it names no row")

    def holds(self, rows: Mapping[str, Row | None]) -> bool:
        """Return whether the condition is true for these rows. Raises `ConditionError`."""
        scope = {name: _plain(rows.get(name)) for name in self.names}
        try:
            return bool(self._evaluate(scope))
        except TypeError as error:
            raise ConditionError("it compares values of different types") from error
        except (UndefinedError, SecurityError) as error:
            found = _FIELD.search(str(error))
            said = f"`{found[1]}` is asked of a text, number or list" if found else str(error)
            raise ConditionError(said) from error

    def offset(self, root: str, field: str) -> int:
        """Return where in the text a path stands for the first time."""
        path = rf"\b{root}\s*\.\s*{field}\b" if field else rf"\b{root}\b"
        found = re.search(path, self.text)
        return found.start() if found else 0


def _checked(tree: nodes.Template) -> tuple[tuple[str, str], ...]:
    paths: list[tuple[str, str]] = []
    for node in tree.find_all(nodes.Expr):
        if not isinstance(node, _ALLOWED):
            raise ConditionError(f"{type(node).__name__.lower()} is not allowed in a condition")
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            paths.append((node.node.name, node.attr))
    names = {node.name for node in tree.find_all(nodes.Name)}
    paths += [(name, "") for name in sorted(names - {root for root, _ in paths})]
    return tuple(paths)


def _plain(value: Any) -> Any:
    """Return a row as its fields; a referred row is its slug, an absent one has no fields."""
    return _Fields(value.values if isinstance(value, Row) else {})


def _leaf(value: Any) -> Any:
    if isinstance(value, Row):
        return value.slug
    if isinstance(value, tuple):
        return tuple(_leaf(item) for item in value)
    if isinstance(value, Mapping):
        return _Fields(value)
    return value


class _Fields:
    """The fields of a row; an absent one is empty, which is in nothing and equals nothing."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        value = self._values.get(name)
        return () if value is None else _leaf(value)
