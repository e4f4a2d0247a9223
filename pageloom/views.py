"""Rows and texts as templates see them, and the sandbox in which they are looked into.

A page's own texts are opaque; what a join's own row holds is marked for the gate when printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from jinja2 import ChainableUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pageloom.diagnostics import Location
from pageloom.model import Row

OPEN, SHUT = "\ue002", "\ue003"
"""Marks around what a join's own row printed, for the gate; removed before publishing."""


class OpaqueError(TypeError):
    """A template looked into a text that is filled in only after rendering."""


class HollowError(LookupError):
    """A text that a row holds prints a value that the row does not have."""

    def __init__(self, path: str, location: Location) -> None:
        super().__init__(path)
        self.location = location
        """Where the text prints it."""


class Absent(ChainableUndefined):
    """An optional field that a row does not have: falsy, empty, and an error when printed."""

    def __str__(self) -> str:
        return str(self._fail_with_undefined_error())

    __html__ = __str__


class Opaque:
    """A place in a page that is filled after the template was rendered: print it or test it."""

    __slots__ = ("_token",)

    def __init__(self, number: int) -> None:
        self._token = f"\ue000{number}\ue001"

    def __html__(self) -> str:
        return self._token

    def _refuse(self, *_: Any) -> Any:
        raise OpaqueError("the text of a page can be printed or tested, not read")

    __str__ = __eq__ = __ne__ = __lt__ = __gt__ = __len__ = __iter__ = _refuse
    __getitem__ = __contains__ = __add__ = __radd__ = __hash__ = _refuse

    def __bool__(self) -> bool:
        return True


Traced = tuple[Row, str, bool]
"""A row, its field (empty for a fact that is cited), and whether its words are specific."""


class FieldText(str):
    """A text that a join's own row holds; printing it is marked for the gate."""

    __slots__ = ()
    label = ""


class TracedText(FieldText):
    """A text of any row, while it is asked where each word comes from."""

    __slots__ = ("label",)

    def __new__(cls, text: str, label: str) -> Self:
        """Return the text with its label."""
        made = super().__new__(cls, text)
        made.label = label
        return made


class View:
    """A row as templates see it: its values, and nothing else."""

    __slots__ = ("_own", "_row", "_views")

    def __init__(self, row: Row, views: Views, *, own: bool = False) -> None:
        """`own`: a join's own row refers to it."""
        self._row = row
        self._views = views
        self._own = own

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._views.value(self._row, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and other._row is self._row

    def __hash__(self) -> int:
        return hash(self._row)

    def __html__(self) -> str:
        return str(escape(self._row.values.get("name", self._row.slug)))

    def __str__(self) -> str:
        return str(self._row.values.get("name", self._row.slug))

    __repr__ = __str__


class Views:
    """Makes views of rows; Markdown fields come converted."""

    def __init__(
        self,
        fields: Mapping[str, frozenset[str] | None],
        markdown: Callable[[Row, str], Markup | None],
    ) -> None:
        self._fields = fields
        self._markdown = markdown
        self._made: dict[Row, View] = {}
        self._wraps: dict[tuple[Row, str], Any] = {}
        self.trace: list[Traced] | None = None
        """Rows and fields that were printed, while it is asked where each word comes from."""

    def label(self, row: Row, name: str, *, own: bool) -> str:
        """Return what marks the words of a row's field; empty unless they are traced."""
        if self.trace is None:
            return ""
        self.trace.append((row, name, own))
        return f"\ue004{len(self.trace) - 1}\ue005"

    def of(self, row: Row | None, name: str = "row") -> Any:
        """Return the view of a row; every field of an absent one is absent."""
        if row is None:
            return Absent(name=name)
        if row not in self._made:
            self._made[row] = View(row, self)
        return self._made[row]

    def value(self, row: Row, name: str) -> Any:
        """Return a field as a template sees it."""
        if name in ("slug", "id"):
            return row.slug
        found = row.values.get(name)
        if found is None:
            return self.absent(row, name)
        html = self._markdown(row, name)
        if html is not None:
            return html
        if row.about or self.trace is not None:
            own = bool(row.about)
            return self._wrapped(found, own, self.label(row, name, own=own))
        known = self._wraps.get((row, name))
        if known is None:
            known = self._wraps[(row, name)] = self._wrapped(found, False, "")  # noqa: FBT003
        return known

    def absent(self, row: Row, name: str) -> Absent:
        """Return what stands for a field that a row has not. Raises `AttributeError`."""
        declared = self._fields.get(row.kind)
        if declared is not None and name not in declared:
            raise AttributeError(name)
        return Absent(name=f"{row.kind}.{name}")

    def _wrapped(self, value: Any, marked: bool, label: str) -> Any:  # noqa: FBT001
        if isinstance(value, str):
            if label:
                return TracedText(value, label)
            return FieldText(value) if marked else value
        if isinstance(value, Row):
            return View(value, self, own=True) if marked else self.of(value)
        if isinstance(value, tuple):
            return tuple(self._wrapped(item, marked, label) for item in value)
        if isinstance(value, Mapping):
            return Fields({k: self._wrapped(v, marked, label) for k, v in value.items()})
        return value


class Fields(dict[str, Any]):
    """A map of a row; an absent key is falsy."""

    def __missing__(self, key: str) -> Any:
        return Absent(name=key)


_METHODS = frozenset(dir(dict))


_PRINTED = (str, int, float, type(None), Undefined, Opaque, View)
_MAX_REPEATED = 10_000


class Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with a shorter way to the fields of rows, which are plain values.

    No operator makes a value that is out of proportion to the template
    (https://jinja.palletsprojects.com/en/stable/sandbox/#operator-intercepting).
    """

    intercepted_binops = frozenset(("*", "**", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return what an operator makes of two numbers, or of a short text that is repeated."""
        plain = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "*" and not plain:
            size = len(left) * right if isinstance(right, int) else len(right) * left
            plain = size <= _MAX_REPEATED
        if not plain or operator == "**":
            raise SecurityError(f"`{operator}` has no place here")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute, as the sandbox does."""
        if type(obj) is Fields and attribute in obj and attribute not in _METHODS:
            return obj[attribute]
        if type(obj) is View and attribute[0] != "_":
            try:
                return obj._views.value(obj._row, attribute)  # noqa: SLF001
            except AttributeError:
                pass
        return super().getattr(obj, attribute)


def marked(value: Any) -> Any:
    """Return a value to be printed, marked where a join's own row holds it. Raises `TypeError`."""
    if isinstance(value, FieldText):
        text = f"{OPEN}{value.label}{escape(str(value))}{SHUT}"
        return Markup(text)  # noqa: S704  (escaped here)
    if not isinstance(value, _PRINTED):
        kind = "a list" if isinstance(value, (tuple, list)) else f"a {type(value).__name__}"
        raise TypeError(f"{kind} cannot be printed: print a text, or loop")
    return value
