"""Templates, partials and assets of a theme; templates reach one documented context only.

What a page depends on is known: `extends`, `include` and `import` name their template literally,
there are no globals but the words, dates and assets, and values of a page are opaque.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from jinja2 import (
    BaseLoader,
    ChainableUndefined,
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pageloom.assets import Asset, asset
from pageloom.compiled import Codes, Word, named_words
from pageloom.diagnostics import Diagnostic, Location
from pageloom.lexicon import Lexicon
from pageloom.memory import NO_MEMORY, Memory
from pageloom.model import Row
from pageloom.source import decode

Report = Callable[[Diagnostic], None]
OPEN, SHUT = "\ue002", "\ue003"
"""Marks around what a join's own row printed, for the gate; removed before publishing."""


class OpaqueError(TypeError):
    """A template looked into a text that is filled in only after rendering."""


class ThemeError(Exception):
    """A template failed; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


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


@dataclass(slots=True)
class _Found:
    path: str
    text: str
    reached: set[str] = field(default_factory=set)


_METHODS = frozenset(dir(dict))


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a shorter way to the fields of rows, which are plain values."""

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


class Theme:
    """A theme folder over the default theme."""

    def __init__(
        self,
        folders: Iterable[tuple[str, Path]],
        lexicon: Lexicon,
        report: Report,
        memory: Memory = NO_MEMORY,
    ) -> None:
        """Take folders as (path shown in problems, folder), the first one found wins."""
        self._folders = tuple(folders)
        self._memory = memory
        self._lexicon = lexicon
        self._report = report
        self._found: dict[str, _Found | None] = {}
        self._closures: dict[str, bytes] = {}
        self.assets = self._assets()
        self._environment = _Environment(
            loader=_Loader(self),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
            finalize=_marked,
            bytecode_cache=memory.recall("codes", tuple, report, lambda _: Codes()),
        )
        self._environment.globals.clear()
        self._environment.globals.update(t=lexicon.text, date=lexicon.date, asset=self._asset)

    def add_functions(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Make functions known to templates."""
        self._environment.globals.update(functions)

    def source(self, name: str) -> _Found | None:
        """Return a template's file and text, or None."""
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name]

    def check(self, names: Iterable[tuple[str, Location]]) -> None:
        """Report templates that are missing, do not parse, or choose others at run time."""
        done: set[str] = set()
        queue = list(names)
        while queue:
            name, location = queue.pop()
            if name in done:
                continue
            done.add(name)
            found = self.source(name)
            if found is None:
                self._missing(name, location)
                continue
            queue += self._checked(found)

    def digest(self, name: str) -> bytes:
        """Return the digest of a template and of all that it reaches."""
        if name not in self._closures:
            self._closures[name] = blake2b(self.text(name).encode(), digest_size=16).digest()
        return self._closures[name]

    def text(self, name: str) -> str:
        """Return the text of a template and of all that it reaches, in one piece."""
        seen: dict[str, str] = {}
        queue = [name]
        while queue:
            current = queue.pop()
            found = self.source(current)
            if current not in seen and found is not None:
                seen[current] = found.text
                queue += sorted(found.reached)
        return "\n".join(seen.values())

    def made_of(self) -> bytes:
        """Return the digest of every template that was checked, and of the names of all assets."""
        found = blake2b(self.assets_digest(), digest_size=16)
        for name, template in sorted(self._found.items()):
            text = template.text if template else ""
            found.update(f"{name}\0{len(text)}\0{text}".encode(errors="surrogatepass"))
        return found.digest()

    def assets_digest(self) -> bytes:
        """Return the digest of the public names of all assets."""
        names = "\0".join(each.public for each in self.assets.values())
        return blake2b(names.encode(), digest_size=16).digest()

    def render(self, name: str, context: Mapping[str, Any], location: Location) -> str:
        """Return the text of a template. Raises `ThemeError`."""
        try:
            return self._template(name).render(context)
        except (
            TemplateError,
            OpaqueError,
            SecurityError,
            TypeError,
            ValueError,
            AttributeError,
            LookupError,
            ArithmeticError,
        ) as error:
            raise ThemeError(self._diagnose(name, error, location)) from error

    def tree(self, name: str) -> nodes.Template | None:
        """Return the syntax tree of a template; None where there is none, or it does not parse."""
        found = self.source(name)
        if found is None:
            return None
        return self._memory.recall(
            ("tree", found.path), lambda: found.text, self._report, lambda _: self._tree(found)
        )

    def _tree(self, found: _Found) -> nodes.Template | None:
        try:
            return self._environment.parse(found.text)
        except TemplateError:
            return None

    def _template(self, name: str) -> Template:
        return self._environment.get_template(name)

    def _read(self, name: str) -> _Found | None:
        for shown, folder in self._folders:
            path = folder / name
            inside = path.resolve().is_relative_to(folder.resolve())
            if inside and path.is_file():
                shown_path = f"{shown}/{name}"
                text = decode(path.read_bytes(), shown_path, self._report)
                return _Found(shown_path, text or "")
        return None

    def _checked(self, found: _Found) -> list[tuple[str, Location]]:
        names, words = self._memory.recall(
            ("template", found.path),
            lambda: found.text,
            self._report,
            lambda report: self._parsed(found, report),
        )
        for word, n in words:
            self._lexicon.text(word, n)
        found.reached = set(names)
        return [(name, Location(found.path)) for name in sorted(found.reached)]

    def _parsed(self, found: _Found, report: Report) -> tuple[list[str], list[Word]]:
        """Return the templates and words that a template names."""
        try:
            tree = self._environment.parse(found.text)
        except TemplateError as error:
            line = error.lineno if isinstance(error, TemplateSyntaxError) else 1
            message = str(error.message)[:100]
            report(Diagnostic(code="T301", location=Location(found.path, line), message=message))
            return [], []
        names = list(meta.find_referenced_templates(tree))
        if None in names:
            report(
                Diagnostic(
                    code="T304",
                    location=Location(found.path),
                    message="a template is chosen at run time",
                    expected='a literal name: {% include "partials/x.html" %}',
                )
            )
        words = [word for call in tree.find_all(nodes.Call) for word in named_words(call)]
        return [name for name in names if name is not None], words

    def _missing(self, name: str, location: Location) -> None:
        folders = ", ".join(shown for shown, _ in self._folders)
        self._report(
            Diagnostic(
                code="T303",
                location=location,
                message=f"template `{name}` does not exist",
                expected=f"a file in one of {folders}",
            )
        )

    def _assets(self) -> dict[str, Asset]:
        assets: dict[str, Asset] = {}
        for _, folder in self._folders:
            base = folder / "static"
            for path in sorted(base.rglob("*")):
                name = path.relative_to(base).as_posix()
                hidden = any(part.startswith(".") for part in Path(name).parts)
                inside = path.resolve().is_relative_to(folder.resolve())
                if path.is_file() and inside and not hidden and name not in assets:
                    assets[name] = asset(name, path.read_bytes())
        return assets

    def add_asset(self, name: str, content: bytes) -> None:
        """Add a static file that was made and lies in no folder."""
        self.assets[name] = asset(name, content)

    def _asset(self, name: str) -> str:
        found = self.assets.get(name)
        if found is None:
            raise UndefinedError(f"asset `{name}` does not exist")
        return found.public

    def _diagnose(self, name: str, error: Exception, location: Location) -> Diagnostic:
        place, note = self._place(error)
        if isinstance(error, TemplateNotFound):
            code, message = "T303", f"template `{error.name}` does not exist"
        elif isinstance(error, OpaqueError):
            code, message = "T305", str(error)
        elif isinstance(error, UndefinedError):
            code, message = "T302", str(error)
        else:
            code, message = "T306", f"{type(error).__name__}: {error}"
        return Diagnostic(
            code=code,
            location=place or Location(self._shown(name)),
            message=message[:100],
            notes=(f"while rendering `{name}` for {location}", *note),
        )

    def _place(self, error: Exception) -> tuple[Location | None, tuple[str, ...]]:
        if isinstance(error, TemplateSyntaxError):
            return Location(self._shown(error.name or ""), error.lineno), ()
        shown = {found.path for found in self._found.values() if found}
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in shown
        ]
        if not frames:
            return None, ()
        return Location(frames[-1].filename, frames[-1].lineno or 1), ()

    def _shown(self, name: str) -> str:
        found = self.source(name)
        return found.path if found else name


def _marked(value: Any) -> Any:
    if isinstance(value, FieldText):
        text = f"{OPEN}{value.label}{escape(str(value))}{SHUT}"
        return Markup(text)  # noqa: S704  (escaped here)
    return value


class _Loader(BaseLoader):
    """Gives Jinja the files that the theme found."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return text and file of a template (Jinja's hook)."""
        del environment
        found = self._theme.source(template)
        if found is None:
            raise TemplateNotFound(template)
        return found.text, found.path, None
