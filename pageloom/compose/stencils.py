"""Partials that only print, test and repeat fields: rendered once per shape of their rows.

A partial that never reads a text is the same for all rows of one shape but for the texts. It is
rendered with a place for each text, and then only filled, which is many times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from jinja2 import nodes

from pageloom.compose.filling import Filled, filled, links_of
from pageloom.model import Row, Slot
from pageloom.sheet import Holed, escaped, holed
from pageloom.theme import Theme, ThemeError
from pageloom.views import OPEN, SHUT, Fields, FieldText, Opaque, Views

MOST_SHAPES = 64
_PLAIN = (
    nodes.And,
    nodes.Assign,
    nodes.Const,
    nodes.For,
    nodes.Getattr,
    nodes.If,
    nodes.Name,
    nodes.Not,
    nodes.Or,
    nodes.Output,
    nodes.Template,
    nodes.TemplateData,
)
"""What a template may have that only prints, tests and repeats."""
_WORDS = frozenset(("t", "asset"))
"""Functions whose result depends on their literal arguments alone."""
_MARKS = tuple(mark.encode() for mark in (OPEN, SHUT))
_Shape = Hashable
_Known = tuple[_Shape, Sequence[bytes]]
"""The shape of a row, and its texts, escaped."""


def _filling(stencil: Holed, texts: Sequence[bytes]) -> Filled:
    marked = stencil.filled(texts)
    whole = marked.replace(_MARKS[0], b"").replace(_MARKS[1], b"")
    if not whole:
        return filled((), (marked,) if marked else ())
    return Filled((whole,), (marked,), whole=whole, links=links_of(whole))


class _Hole(Opaque):
    """A place for a text; what a join's own row printed is marked."""

    __slots__ = ()

    def __init__(self, number: int, *, own: bool) -> None:
        super().__init__(number)
        if own:
            self._token = f"{OPEN}{self._token}{SHUT}"


class _Closed(Opaque):
    """A value whose words depend on more than a text: it can be tested, nothing else."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(0)

    __html__ = Opaque._refuse  # noqa: SLF001  (a kind of the same)


class _Fields(_Closed):
    """A row: its fields."""

    __slots__ = ("_found", "_missing")

    def __init__(self, found: Mapping[str, Any], missing: Callable[[str], Any]) -> None:
        super().__init__()
        self._found = found
        self._missing = missing

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._found[name] if name in self._found else self._missing(name)


class Stencils:
    """Makes what fills a data slot, where its partial only prints."""

    def __init__(
        self,
        theme: Theme,
        views: Views,
        markdown: Mapping[str, Any],
        site: Mapping[str, Any],
    ) -> None:
        """`markdown` are the fields of each kind that are no plain text."""
        self._theme = theme
        self._views = views
        self._markdown = markdown
        self._site = site
        self._plain: dict[str, bool] = {}
        self._made: dict[_Shape, Holed | None] = {}
        self._seen: dict[str, set[_Shape]] = {}
        self._known: dict[Row, _Known] = {}

    def filled(self, slot: Slot, rows: tuple[Any, ...]) -> Filled | None:
        """Return what a partial makes of rows; None where it must be rendered for these."""
        if slot.partial not in self._plain:
            self._plain[slot.partial] = self._only_prints(slot.partial)
        if not self._plain[slot.partial] or any(isinstance(row, tuple) for row in rows):
            return None
        known = [self._row(row) for row in rows]
        stencil = self._stencil(slot, rows, tuple([shape for shape, _ in known]))
        if stencil is None:
            return None
        return _filling(stencil, [text for _, texts in known for text in texts])

    def _stencil(self, slot: Slot, rows: Sequence[Row | None], shapes: _Shape) -> Holed | None:
        """Return the stencil of shapes, which is made when these come a second time."""
        shape = (slot.partial, slot.rows, shapes)
        if shape in self._made:
            return self._made[shape]
        seen = self._seen.setdefault(slot.partial, set())
        if shape in seen:
            self._made[shape] = self._rendered(slot, rows)
            return self._made[shape]
        seen.add(shape)
        self._plain[slot.partial] = len(seen) < MOST_SHAPES
        return None

    def _only_prints(self, name: str) -> bool:
        tree = self._theme.tree(name)
        return tree is not None and all(map(_is_plain, _all_nodes(tree)))

    def _row(self, row: Row | None) -> _Known:
        if row is None:
            return None, ()
        found = self._known.get(row)
        if found is None:
            texts = [escaped(row.slug)]
            closed = self._markdown.get(row.kind, ())
            shape = [
                (name, Row if name in closed else _shape(value, texts))
                for name, value in row.values.items()
            ]
            found = (row.kind, bool(row.about), *shape), texts
            if not row.about:  # a join's own row is printed once
                self._known[row] = found
        return found

    def _rendered(self, slot: Slot, rows: Sequence[Row | None]) -> Holed | None:
        """Render a partial with places for texts; None where it reads one, or fails."""
        number = count()
        context: dict[str, Any] = {"site": self._site}
        for name, row in zip(slot.rows, rows, strict=True):
            context[name] = self._views.of(None, name) if row is None else self._fields(row, number)
        try:
            text = self._theme.render(slot.partial, context, slot.location).strip()
        except ThemeError:
            return None
        made = holed(text)
        if len(made.parts) > 1 and not (made.parts[0] and made.parts[-1]):
            return None  # a text at the edge loses the spaces around it
        return made

    def _fields(self, row: Row, number: Iterator[int]) -> _Fields:
        """Return a row with places for its texts, numbered in the order of `_row`."""
        own = bool(row.about)
        slug = _Hole(next(number), own=False)
        closed = self._markdown.get(row.kind, ())
        found = {
            name: _Closed() if name in closed else _placed(value, number, own=own)
            for name, value in row.values.items()
        }
        found |= {"slug": slug, "id": slug}
        return _Fields(found, lambda name: self._views.absent(row, name))


def _shape(value: Any, texts: list[bytes]) -> _Shape:
    """Return what of a value a template can tell without reading its texts, which are added."""
    if isinstance(value, str):
        if not value:
            return ""
        texts.append(escaped(value))
        return str
    if isinstance(value, tuple):
        return (tuple, *[_shape(item, texts) for item in value])
    if isinstance(value, Mapping):
        return (dict, *[(key, _shape(item, texts)) for key, item in value.items()])
    return Row if isinstance(value, Row) else (type(value).__name__, value)


def _placed(value: Any, number: Iterator[int], *, own: bool) -> Any:
    """Return a value with places for its texts, numbered in the order of `_shape`."""
    if isinstance(value, str):
        if value:
            return _Hole(next(number), own=own)
        return FieldText("") if own else ""
    if isinstance(value, tuple):
        return tuple(_placed(item, number, own=own) for item in value)
    if isinstance(value, Mapping):
        return Fields({key: _placed(item, number, own=own) for key, item in value.items()})
    return _Closed() if isinstance(value, Row) else value


def _all_nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    yield tree
    for child in tree.iter_child_nodes():
        if not _is_word(tree):
            yield from _all_nodes(child)


def _is_plain(node: nodes.Node) -> bool:
    return isinstance(node, _PLAIN) or _is_word(node)


def _is_word(node: nodes.Node) -> bool:
    """Whether a node calls a function of words with literal arguments."""
    return (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Name)
        and node.node.name in _WORDS
        and all(isinstance(item, nodes.Const) for item in node.args)
        and not (node.kwargs or node.dyn_args or node.dyn_kwargs)
    )
