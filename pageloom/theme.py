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
from typing import Any

from jinja2 import (
    BaseLoader,
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

from pageloom.assets import Asset, asset
from pageloom.diagnostics import Diagnostic, Location
from pageloom.lexicon import Lexicon
from pageloom.source import below, decode, problem
from pageloom.views import OpaqueError, Sandbox, marked

Report = Callable[[Diagnostic], None]


class ThemeError(Exception):
    """A template failed; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(slots=True)
class _Found:
    path: str
    text: str
    reached: set[str] = field(default_factory=set)


class Theme:
    """A theme folder over the default theme."""

    def __init__(
        self, folders: Iterable[tuple[str, Path]], lexicon: Lexicon, report: Report
    ) -> None:
        """Take folders as (path shown in problems, folder), the first one found wins."""
        self._folders = tuple(folders)
        self._lexicon = lexicon
        self._report = report
        self._found: dict[str, _Found | None] = {}
        self._closures: dict[str, bytes] = {}
        self.assets = self._assets()
        self._environment = Sandbox(
            loader=_Loader(self),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
            finalize=marked,
        )
        self._environment.filters.pop("random")  # the same inputs give the same bytes
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

    def assets_digest(self) -> bytes:
        """Return the digest of the public names of all assets."""
        names = "\0".join(each.public for each in self.assets.values())
        return blake2b(names.encode(), digest_size=16).digest()

    def render(self, name: str, context: Mapping[str, Any], location: Location) -> str:
        """Return the text of a template. Raises `ThemeError`."""
        try:
            text = self._template(name).render(context)
            text.encode()  # raises where a template made half of a surrogate pair
        except (
            TemplateError,
            OpaqueError,
            SecurityError,
            TypeError,
            ValueError,
            AttributeError,
            LookupError,
            ArithmeticError,
            AssertionError,
            RecursionError,
            MemoryError,
        ) as error:
            raise ThemeError(self._diagnose(name, error, location)) from error
        return text

    def tree(self, name: str) -> nodes.Template | None:
        """Return the syntax tree of a template; None where there is none, or it does not parse."""
        found = self.source(name)
        try:
            return None if found is None else self._environment.parse(found.text)
        except TemplateError:
            return None

    def _template(self, name: str) -> Template:
        return self._environment.get_template(name)

    def _read(self, name: str) -> _Found | None:
        for shown, folder in self._folders:
            path = folder / name
            if _is_inside(path, folder):
                shown_path = f"{shown}/{name}"
                text = decode(self._bytes(path, shown_path), shown_path, self._report)
                return _Found(shown_path, text or "")
        return None

    def _checked(self, found: _Found) -> list[tuple[str, Location]]:
        try:
            tree = self._environment.parse(found.text)
        except TemplateSyntaxError as error:
            location = Location(found.path, error.lineno, 1)
            self._report(
                Diagnostic(code="T301", location=location, message=str(error.message)[:100])
            )
            return []
        except TemplateError as error:
            location = Location(found.path)
            self._report(Diagnostic(code="T301", location=location, message=str(error)[:100]))
            return []
        names = list(meta.find_referenced_templates(tree))
        if None in names:
            self._report(
                Diagnostic(
                    code="T304",
                    location=Location(found.path),
                    message="a template is chosen at run time",
                    expected='a literal name: {% include "partials/x.html" %}',
                )
            )
        for call in tree.find_all(nodes.Call):
            self._check_word(call)
        found.reached = {name for name in names if name is not None}
        return [(name, Location(found.path)) for name in sorted(found.reached)]

    def _check_word(self, call: nodes.Call) -> None:
        """Look up a word that a template names literally, so that a missing one is reported."""
        named = isinstance(call.node, nodes.Name) and call.node.name == "t"
        first = call.args[0] if call.args else None
        if named and isinstance(first, nodes.Const):
            self._lexicon.text(str(first.value), "" if call.kwargs or call.args[1:] else None)

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
        for shown, folder in self._folders:
            base = f"{shown}/static"
            for name in below(folder / "static", base, self._report):
                path = folder / "static" / name
                hidden = any(part.startswith(".") for part in Path(name).parts)
                if not hidden and name not in assets and _is_inside(path, folder):
                    assets[name] = asset(name, self._bytes(path, f"{base}/{name}"))
        return assets

    def _bytes(self, path: Path, shown: str) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            message = f"cannot read the file: {error.strerror}"
            self._report(problem(shown, 116, 1, 1, message, expected="a file that can be read"))
            return b""

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


def _is_inside(path: Path, folder: Path) -> bool:
    """Return whether a file lies in a folder, links followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, RuntimeError, ValueError):
        return False


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
