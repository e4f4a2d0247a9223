"""Conditions of `where:`: Jinja2 expressions over rows, read in a sandbox.

https://jinja.palletsprojects.com/en/stable/sandbox/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import TemplateSyntaxError, UndefinedError, nodes
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
_environment = ImmutableSandboxedEnvironment()


class ConditionError(ValueError):
    """The text is no condition over rows."""


class Condition:
    """A parsed condition and the names of the rows it reads."""

    def __init__(self, text: str) -> None:
        """Parse `text`. Raises `ConditionError`."""
        self.text = text
        try:
            tree = _environment.parse("{{" + text + "}}")
            self._evaluate: Callable[..., Any] = _environment.compile_expression(text)
        except TemplateSyntaxError as error:
            raise ConditionError(str(error.message)) from error
        self.paths = _checked(tree)
        self.names = tuple(sorted({path[0] for path in self.paths}))

    def holds(self, rows: Mapping[str, Row | None]) -> bool:
        """Return whether the condition is true for these rows. Raises `ConditionError`."""
        scope = {name: _plain(rows.get(name)) for name in self.names}
        try:
            return bool(self._evaluate(scope))
        except (UndefinedError, TypeError, SecurityError) as error:
            raise ConditionError(str(error)) from error


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
    """Return a row as a map of plain values; a referred row is its slug, an absent one empty."""
    if value is None:
        return _Empty()
    if isinstance(value, Row):
        return _Fields({key: _leaf(item) for key, item in value.values.items()})
    return value


def _leaf(value: Any) -> Any:
    if isinstance(value, Row):
        return value.slug
    if isinstance(value, tuple):
        return tuple(_leaf(item) for item in value)
    return value


class _Fields(dict[str, Any]):
    """The fields of a row; an absent one is empty, which is in nothing and equals nothing."""

    def __missing__(self, key: str) -> tuple[()]:
        return ()


class _Empty(_Fields):
    """The fields of a row that does not exist."""
