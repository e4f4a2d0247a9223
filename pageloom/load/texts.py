"""Texts of the map of the site, such as titles: their expressions, and the names these may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pageloom import expressions
from pageloom.characters import position
from pageloom.diagnostics import Diagnostic, Location, Start
from pageloom.load.site_map import MATRIX, Map
from pageloom.model import Call, Expression, Text
from pageloom.trees import Node

Report = Callable[[Diagnostic], None]


class Names:
    """The names that a text of a family may use, and the fields behind them."""

    def __init__(
        self,
        axes: tuple[str, ...],
        map_: Map,
        fields: Mapping[str, frozenset[str] | None],
        *,
        judged: bool = True,
    ) -> None:
        """`judged`: whether the axes are known, so that names can be told right from wrong."""
        self._judged = judged
        covered = (spec for spec in map_.joins if set(spec.axes) <= set(axes))
        self.known: dict[str, frozenset[str] | None] = {
            **{name: fields.get(name) for name in axes},
            **{spec.name: fields.get(spec.name) for spec in covered},
            "site": frozenset(("brand", "base_url", "organization")),
        }

    def fault(self, expression: Expression) -> tuple[str, str]:
        """Return what is wrong with the names of an expression, and a help text."""
        return expressions.name_fault(expression, self.known) if self._judged else ("", "")


def text(node: Node, names: Names, report: Report) -> Text:
    """Return a text of the matrix with its expressions parsed; faults are reported."""
    start = node.start or Start(node.line, node.column)
    parts: list[str | Expression] = []
    for index, (part, offset) in enumerate(expressions.split(node.text)):
        location = start.location(MATRIX, *position(node.text, offset))
        if index % 2:
            parts += _expression(part, location, names, report)
            continue
        stray = expressions.FORBIDDEN.search(part)
        if stray:
            place = start.location(MATRIX, *position(node.text, offset + stray.start()))
            message = f"`{stray.group()}` in a text of the map"
            expected = "expressions `{{ … }}` only"
            report(Diagnostic(code="C204", location=place, message=message, expected=expected))
        parts.append(part)
    whole = Location(MATRIX, node.line, node.column)
    return Text(tuple(part for part in parts if part != ""), node.text, whole)


def _expression(
    part: str, location: Location, names: Names, report: Report
) -> tuple[Expression, ...]:
    try:
        expression = expressions.parse(part)
    except expressions.NotAllowedError as error:
        message = f"not allowed in a text of the map: {error}"[:100]
        expected = "a path such as `axis.name`"
        report(Diagnostic(code="C204", location=location, message=message, expected=expected))
        return ()
    fault, help_ = names.fault(expression)
    if isinstance(expression, Call):
        fault = fault or f"{expression.name}() has no place here"
    if fault:
        report(Diagnostic(code="C205", location=location, message=fault, help=help_))
        return ()
    return (expression,)
