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
from pageloom.characters import decode
from pageloom.compiled import Codes, Word, named_words
from pageloom.diagnostics import Diagnostic, Location, problem
from pageloom.lexicon import Lexicon
from pageloom.memory import NO_MEMORY, Memory
from pageloom.source import below
from pageloom.views import HollowError, OpaqueError, Sandbox, marked

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
        self._environment = Sandbox(
            loader=_Loader(self),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
            finalize=marked,
            bytecode_cache=memory.recall("codes", tuple, report, lambda _: Codes()),
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
            if _is_inside(path, folder):
                shown_path = f"{shown}/{name}"
                text = decode(self._bytes(path, shown_path), shown_path, self._report)
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
        place, expected, help_ = self._place(error), "", ""
        if isinstance(error, HollowError):
            code, message, place = "C216", f"`{error}` is absent and is printed", error.location
            expected, help_ = "a value", "fill the field, or do not print it in this text"
        elif isinstance(error, TemplateNotFound):
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
            expected=expected,
            help=help_,
            notes=(f"while rendering `{name}` for {location}",),
        )

    def _place(self, error: Exception) -> Location | None:
        if isinstance(error, TemplateSyntaxError):
            return Location(self._shown(error.name or ""), error.lineno)
        shown = {found.path for found in self._found.values() if found}
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in shown
        ]
        if not frames:
            return None
        return Location(frames[-1].filename, frames[-1].lineno or 1)

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
