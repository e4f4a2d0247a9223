"""Expressions in snippets and titles: a path with filters, or `fact`, `cite`, `link`.

Jinja2 parses them; what is more than that is refused, so that it is known what each text reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from pageloom.diagnostics import closest_help
from pageloom.model import Call, Expression, Path, Row

FUNCTIONS = ("fact", "cite", "link")
FILTERS = ("capfirst", "join", "lower", "possessive")
SPAN = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
FORBIDDEN = re.compile(r"\{%|\{#|\{\{|\}\}|%\}|#\}")

MAX_LENGTH = 300
_environment = Environment(autoescape=True)
_ARGUMENTS = {"capfirst": 0, "join": 1, "lower": 0, "possessive": 0}


class NotAllowedError(ValueError):
    """The text between `{{` and `}}` is no path, `fact`, `cite` or `link`."""


class AbsentError(LookupError):
    """A field is printed that this row does not have."""


@cache
def parse(text: str) -> Expression:
    """Return the expression in the text between `{{` and `}}`.

    Raises `NotAllowedError` with a message for the author.
    """
    if len(text) > MAX_LENGTH:
        raise NotAllowedError(f"more than {MAX_LENGTH} characters in an expression")
    if "\\" in text or text[:1] in "-+" or text[-1:] in "-+":
        raise NotAllowedError("a backslash, or a sign at the braces")
    try:
        output = _environment.parse("{{ " + text + " }}").body
    except TemplateSyntaxError as error:
        raise NotAllowedError(str(error.message)) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise NotAllowedError("something else than a dotted path") from error
    if len(output) != 1 or not isinstance(output[0], nodes.Output):
        raise NotAllowedError("not an expression")
    (node,) = output[0].nodes
    return _expression(node)


def _expression(node: nodes.Node) -> Expression:
    if isinstance(node, nodes.Call):
        return _call(node)
    if isinstance(node, nodes.TemplateData):
        raise NotAllowedError("an empty expression")
    return _path(node)


def _call(node: nodes.Call) -> Call:
    if not isinstance(node.node, nodes.Name) or node.node.name not in FUNCTIONS:
        raise NotAllowedError("a call of something else than fact, cite or link")
    if node.dyn_args or node.dyn_kwargs:
        raise NotAllowedError("arguments that are not written out")
    name = node.node.name
    args = tuple(_argument(arg) for arg in node.args)
    kwargs = tuple((pair.key, _argument(pair.value)) for pair in node.kwargs)
    if len(args) != 1:
        raise NotAllowedError(f"{name}() with {len(args)} arguments before the named ones")
    if name == "link" and isinstance(args[0], Path):
        raise NotAllowedError("link() to a family that is not written out")
    if kwargs and name != "link":
        raise NotAllowedError(f"{name}() with named arguments")
    if len(dict(kwargs)) < len(kwargs):
        raise NotAllowedError("an argument that is given twice")
    return Call(name, args, kwargs)


def _argument(node: nodes.Node) -> str | Path:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    if isinstance(node, (nodes.Name, nodes.Getattr)):
        return _path(node)
    raise NotAllowedError("an argument that is neither a quoted text nor a path")


def _path(node: nodes.Node) -> Path:
    filters: list[tuple[str, tuple[str, ...]]] = []
    while isinstance(node, nodes.Filter):
        if node.name not in FILTERS or node.node is None:
            raise NotAllowedError(f"the filter `{node.name}`")
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise NotAllowedError("a filter argument that is not written out")
        arguments = tuple(_constant(arg) for arg in node.args)
        if len(arguments) > _ARGUMENTS[node.name]:
            raise NotAllowedError(f"arguments of the filter `{node.name}`")
        filters.insert(0, (node.name, arguments))
        node = node.node
    fields: list[str] = []
    while isinstance(node, nodes.Getattr):
        fields.insert(0, node.attr)
        node = node.node
    if not isinstance(node, nodes.Name):
        raise NotAllowedError("something else than a dotted path")
    return Path(node.name, tuple(fields), tuple(filters))


def _constant(node: nodes.Node) -> str:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    raise NotAllowedError("a filter argument that is not written out")


Scope = Mapping[str, Any]
"""Rows by axis and join name, and `site`; an absent join row is None."""


def lookup(path: Path, scope: Scope) -> Any:
    """Return the value at the path before filters, None when a field on the way is absent."""
    value: Any = scope[path.root]
    for name in path.fields:
        if isinstance(value, Row):
            value = value.values.get(name)
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            return None
    return value


def evaluate(path: Path, scope: Scope) -> str:
    """Return the text that the path prints. Raises `AbsentError` when there is none."""
    if len(path.fields) == 1 and not path.filters:  # the common case, a field of a row
        row = scope[path.root]
        value = row.values.get(path.fields[0]) if isinstance(row, Row) else None
        if isinstance(value, str) and value:
            return value
    value = lookup(path, scope)
    for name, arguments in path.filters:
        value = _apply(name, arguments, value)
    if value in (None, "", ()):
        raise AbsentError(str(path))
    return text_of(value)


def text_of(value: Any) -> str:
    """Return a value as text: yes/no stay out of it, a row prints its slug."""
    if isinstance(value, Row):
        return str(value.values.get("name", value.slug))
    if isinstance(value, tuple):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _apply(name: str, arguments: tuple[str, ...], value: Any) -> Any:
    if value is None:
        return None
    return _FILTERS[name](value, *arguments)


def _capfirst(value: Any) -> str:
    text = text_of(value)
    return text[:1].upper() + text[1:]


def _join(value: Any, separator: str = ", ") -> str:
    items: Iterable[Any] = value if isinstance(value, tuple) else (value,)
    return separator.join(text_of(item) for item in items)


def _possessive(value: Any) -> str:
    text = text_of(value)
    return text + ("’" if text.endswith("s") else "’s")


_FILTERS: Mapping[str, Callable[..., str]] = {
    "capfirst": _capfirst,
    "join": _join,
    "lower": lambda value: text_of(value).lower(),
    "possessive": _possessive,
}


def references(expression: Expression) -> tuple[Path, ...]:
    """Return the paths that an expression reads."""
    if isinstance(expression, Path):
        return (expression,)
    values = (*expression.args, *(value for _, value in expression.kwargs))
    return tuple(value for value in values if isinstance(value, Path))


def name_fault(
    expression: Expression, known: Mapping[str, frozenset[str] | None]
) -> tuple[str, str]:
    """Return what is wrong with the names in an expression, and a help text."""
    for path in references(expression):
        if path.root not in known:
            return f"unknown name `{path.root}`", closest_help(path.root, known)
        declared = known[path.root]
        if not path.fields:
            return f"`{path.root}` is a row; print one of its fields", ""
        if declared is not None and path.fields[0] not in declared | {"slug"}:
            message = f"`{path.root}` has no field `{path.fields[0]}`"
            return message, closest_help(path.fields[0], declared)
    return "", ""


def calls(text: str) -> list[str]:
    """Return the expressions in a text, as they are written."""
    return SPAN.findall(text) if "{{" in text else []


def split(text: str) -> list[tuple[str, int]]:
    """Return the literal parts and expression texts in turn, each with its offset."""
    parts: list[tuple[str, int]] = []
    end = 0
    for span in SPAN.finditer(text):
        parts += [(text[end : span.start()], end), (span.group(1), span.start())]
        end = span.end()
    parts.append((text[end:], end))
    return parts
