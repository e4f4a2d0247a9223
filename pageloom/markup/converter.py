"""Snippet bodies and Markdown fields to fragments; one converter a process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

import markdown
from markupsafe import escape

from pageloom import expressions, trees
from pageloom.diagnostics import Diagnostic, Location, Start, closest_help, quoted, unheard
from pageloom.known import Known, same
from pageloom.lexicon import Lexicon
from pageloom.markup.body import Body, Html, Valued, filled, spread, target_prints
from pageloom.markup.checks import check_levels, no_address, out_of_proportion
from pageloom.markup.tree import Plain, Tree
from pageloom.model import (
    Call,
    Cite,
    FactCall,
    Fragment,
    Link,
    Path,
    Print,
    Project,
    Row,
    Segment,
    Snippet,
)

Report = Callable[[Diagnostic], None]
Names = Mapping[str, frozenset[str] | None]
FOLDED = 4
"""Level of headings in a part of a parent page; several parts may carry one snippet: no ids."""
_PRINT = "P"
_EXTENSIONS = ("tables", "attr_list", "sane_lists", "def_list", "footnotes")


class Use(NamedTuple):
    """How snippets of some families and a slot are used."""

    levels: tuple[int, ...]
    """The levels of their headings."""
    names: Names
    """The names that they may use, with the declared fields."""
    kinds: Known[str, str]
    """What becomes of an expression; nothing where something is wrong with it."""


@dataclass(slots=True)
class _Later:
    """Makes the segments of a text of known HTML when asked; not frozen: there is one a text."""

    converter: Converter
    start: int
    end: int
    special: tuple[tuple[int, ...], tuple[int, ...]]
    """Tokens that are targets, and those that are flat."""
    snippet: Snippet
    base: int
    use: Use

    def __call__(self) -> tuple[Segment, ...]:
        """Return the segments."""
        return self.converter.later(self)


class Converter:
    """Turns snippet bodies and Markdown fields into fragments; one a process."""

    def __init__(
        self, project: Project, report: Report, cache: dict[bytes, Html] | None = None
    ) -> None:
        """`cache` keeps the HTML of texts by content; it grows as texts are converted."""
        self._project = project
        self._report = report
        self.lexicon = Lexicon(project.words, report)
        self.cache: dict[bytes, Html] = cache if cache is not None else {}
        self.given = frozenset(self.cache)
        self.used: set[bytes] = set()
        self.key = b""
        """Under which the HTML of the last text is kept."""
        self._faults = 0
        self._named = Known(self._digest_of)
        self._same = same()
        self._store = bytearray()
        """The HTML of fragments in one piece, which processes share until it is asked for."""
        self._tree = Tree()
        self._markdown = markdown.Markdown(extensions=[*_EXTENSIONS, Plain(self._tree)])

    def fragment(
        self,
        path: str,
        text: str,
        start: Start | int,
        *,
        slot: str,
        base: int,
        known: Names,
        anchors: bool = True,
    ) -> Fragment:
        """Return the fragment of a Markdown text whose headings start at level `base`.

        `start` is where the text starts in its file. `known` gives the names that expressions may
        use with their declared fields. Without `anchors` headings have no ids.
        """
        place = Start(start) if isinstance(start, int) else start
        body = Body(path, text, place, slot, base, anchors)
        faults = self._faults
        self._set_aside(body, known)
        digest = trees.key(text)
        self.key = _key((slot, base, anchors), map(_kind, body.segments), digest)
        html = self._html(body, keep=self._faults == faults)
        for printed in target_prints(body):
            self._check_target(printed)
        make = partial(tuple, filled(html, body))
        calls = expressions.calls(text)
        return Fragment(make, tuple(body.outline), *self._told(slot, base, digest, calls))

    def known(self, snippet: Snippet, base: int, use: Use) -> Fragment | None:
        """Return the fragment of a snippet of which the HTML is known; None where it is not.

        Nothing is wrong with such a text, and its words need not be read.
        """
        kinds = [use.kinds[call] for call in snippet.calls]
        anchors = base != FOLDED
        self.key = _key((snippet.slot, base, anchors), kinds, snippet.digest)
        found = self.cache.get(self.key)
        if found is None or not all(kinds) or any(kinds[index] == _PRINT for index in found[2]):
            return None
        self.used.add(self.key)
        start = len(self._store)
        self._store += found[0].encode()
        make = _Later(self, start, len(self._store), self._same[found[2:]], snippet, base, use)
        return Fragment(
            make,
            self._same[found[1]],
            *self._told(snippet.slot, base, snippet.digest, snippet.calls),
        )

    def use(self, levels: tuple[int, ...], names: Names) -> Use:
        """Return how snippets of some families and a slot are used."""
        return Use(levels, names, Known(partial(self._kind_of, names)))

    def _kind_of(self, names: Names, call: str) -> str:
        """Return what becomes of an expression; nothing where something is wrong with it."""
        faults, report = self._faults, self._report
        self._report = unheard  # who converts the text tells of it
        segment, _ = self._segment(call, Location(""), names)
        self._report = report
        return _kind(segment) if self._faults == faults else ""

    def later(self, html: _Later) -> tuple[Segment, ...]:
        """Return the segments of a snippet from its HTML."""
        snippet, special = html.snippet, html.special
        body = Body(snippet.path, "", Start(snippet.body_line), snippet.slot, html.base)
        places = iter(snippet.places)
        for call, line, column in zip(snippet.calls, places, places, strict=True):
            self._take(body, call, Location(snippet.path, line, column), html.use.names)
        body.targets.update(special[0])
        body.flat.update(special[1])
        return filled(self._store[html.start : html.end].decode(), body)

    def _told(
        self, slot: str, base: int, digest: bytes, calls: Sequence[str]
    ) -> tuple[bytes, bool]:
        """Return the digest of a fragment, and whether there may be links in it."""
        named = b"".join([self._named[call] for call in calls])
        found = blake2b(f"{slot}\0{base}\0".encode() + digest + named, digest_size=16).digest()
        return found, any(call.lstrip().startswith("link") for call in calls)

    def _digest_of(self, call: str) -> bytes:
        """Return the digest of the fact or source that an expression names."""
        try:
            expression = expressions.parse(call)
        except expressions.NotAllowedError:
            return b""
        argument = expression.args[0] if isinstance(expression, Call) else ""
        row = self._project.facts.get(str(argument)) or self._project.sources.get(str(argument))
        return row.digest if row is not None else b""

    def _html(self, body: Body, *, keep: bool) -> str:
        """Return the HTML of a marked text, from the cache where the text is known."""
        key = self.key
        found = self.cache.get(key)
        if found is not None:
            html, outline, targets, flat = found
            body.outline.extend(outline)
            body.targets.update(targets)
            body.flat.update(flat)
            self.used.add(key)
            return html
        problems: list[Diagnostic] = []
        html = self._converted(body, problems.append)
        for problem in problems:
            self._report(problem)
        if not problems and keep:
            entry = (html, tuple(body.outline), tuple(body.targets), tuple(body.flat))
            self.cache[key] = entry
            self.used.add(key)
        return html

    def _converted(self, body: Body, report: Report) -> str:
        fault = out_of_proportion(body)
        if fault is not None:
            report(fault)
            return ""
        self._tree.body = body
        self._tree.report = report
        self._markdown.reset()
        try:
            html = self._markdown.convert(body.marked)
        except RecursionError:
            message = "Markdown is nested too deeply"
            report(Diagnostic(code="C212", location=body.at(0), message=message))
            return ""
        check_levels(body, report)
        return html

    def field(self, row: Row, name: str) -> Fragment:
        """Return the fragment of a row's Markdown field."""
        kinds = (row, *row.about)
        known = {item.kind: self._project.fields.get(item.kind) for item in kinds}
        return self.fragment(
            row.location.path,
            str(row.values[name]),
            self._project.starts.get((row, name), Start(row.location.line, row.location.column)),
            slot=f"{row.slug}-{name}".replace("/", "-"),
            base=4,
            known=known,
        )

    def _set_aside(self, body: Body, known: Names) -> None:
        parts = expressions.split(body.text)
        for index, (text, offset) in enumerate(parts):
            if index % 2 == 0:
                self._check_stray(body, text, offset)
                body.add(text, offset)
                continue
            self._take(body, text, body.at(offset), known)
            body.add(f"\ue000{len(body.segments) - 1}\ue001", offset)

    def _take(self, body: Body, call: str, location: Location, names: Names) -> None:
        """Take what an expression becomes into a text."""
        segment, plain = self._segment(call, location, names)
        body.segments.append(segment)
        body.plain[len(body.segments) - 1] = plain

    def _check_stray(self, body: Body, text: str, offset: int) -> None:
        stray = expressions.FORBIDDEN.search(text) if "{" in text or "}" in text else None
        if stray:
            self._fault(
                "C204",
                body.at(offset + stray.start()),
                f"`{stray.group()}` in a snippet",
                "expressions `{{ … }}` only",
                "say variants with `for:`; say repetition with a data slot",
            )

    def _check_target(self, printed: Print) -> None:
        """Report a path that is a link's target and prints no address for some row."""
        value = no_address(printed, self._project)
        if value is not None:
            message = f"`{printed.path}` is a link target and prints {quoted(value, 30)}"
            expected = "a field whose values start with https://"
            help_ = "declare the field with `format: https-url` in its schema"
            self._fault("C211", printed.location, message, expected, help_)

    def _segment(
        self, text: str, location: Location, known: Names
    ) -> tuple[Segment | Valued, Segment]:
        try:
            expression = expressions.parse(text)
        except expressions.NotAllowedError as error:
            expected = "a path such as `row.name`, or fact(), cite(), link()"
            self._fault("C204", location, f"not allowed in a snippet: {error}"[:100], expected)
            return b"", b""
        fault, help_ = expressions.name_fault(expression, known)
        if fault:
            self._fault("C205", location, fault, "", help_)
            return b"", b""
        if isinstance(expression, Path):
            printed = Print(expression, location)
            return printed, printed
        return self.call(expression, location)

    def call(self, call: Call, location: Location) -> tuple[Segment | Valued, Segment]:
        """Return the segment of a function call, and the one for places that take plain text."""
        argument = call.args[0]
        if call.name == "link":
            link = self._link(call, location)
            return (link, link) if link else (b"", b"")
        if isinstance(argument, Path):
            dynamic = FactCall(call.name, argument, location)
            return dynamic, dynamic
        row = self._project.facts.get(argument)
        if row is None and call.name == "cite":
            row = self._project.sources.get(argument)
        if row is None:
            self._unknown(call.name, argument, location)
            return b"", b""
        return self.cited(call.name, row, location)

    def cited(self, name: str, row: Row, location: Location) -> tuple[Segment | Valued, Segment]:
        """Return what `fact` or `cite` prints for a fact or source row."""
        if row.kind == "source":
            return Cite(row, ""), b""
        if row.values.get("confidence") == "low":
            message = f"fact `{row.slug}` is of low confidence"
            help_ = "leave the claim out, or find a source and raise the confidence"
            self._fault("C207", location, message, "confidence high or medium", help_)
        source = row.values.get("source")
        cite = Cite(source, str(row.values.get("citation", "")), row) if source else None
        if name == "cite":
            return (cite or b""), b""
        value = str(escape(self.lexicon.fact(row))).encode()
        return Valued(value, cite), value

    def called(self, call: FactCall, scope: expressions.Scope) -> Iterable[Segment]:
        """Return what a `fact` or `cite` whose id is a field prints. Raises `AbsentError`."""
        value = expressions.lookup(call.path, scope)
        row = value if isinstance(value, Row) else self._project.facts.get(str(value))
        if row is None:
            raise expressions.AbsentError(str(call.path))
        if call.name == "nothing":
            return ()
        segment, plain = self.cited("cite" if call.name == "cite" else "fact", row, call.location)
        return (plain,) if call.name == "plain" else spread(segment)

    def _unknown(self, name: str, argument: str, location: Location) -> None:
        known = set(self._project.facts)
        if name == "cite":
            known |= set(self._project.sources)
        message = f"unknown fact `{argument}`" if name == "fact" else f"unknown source `{argument}`"
        expected = "an id of facts.yaml" + (" or a slug of sources.yaml" if name == "cite" else "")
        self._fault("C206", location, message[:100], expected, closest_help(argument, known))

    def _link(self, call: Call, location: Location) -> Link | None:
        family = self._project.families.get(str(call.args[0]))
        if family is None:
            known = self._project.families
            message = f"link to an unknown family `{call.args[0]}`"
            self._fault("C208", location, message, "", closest_help(str(call.args[0]), known))
            return None
        text: str | Path | None = None
        pins: list[tuple[str, Row | Path]] = []
        for key, value in call.kwargs:
            if key == "text":
                text = value
                continue
            pin = self._pinned(key, value, family.axes, location)
            if pin is None:
                return None
            pins.append((key, pin))
        return Link(family.name, tuple(pins), text, bare=False, location=location)

    def _pinned(
        self, axis: str, value: str | Path, axes: tuple[str, ...], location: Location
    ) -> Row | Path | None:
        if axis not in axes:
            message = f"link() has no argument `{axis}`"
            self._fault("C208", location, message, ", ".join((*axes, "text")))
            return None
        if isinstance(value, Path):
            return value
        rows = {row.slug: row for row in self._project.axes[axis]}
        if value not in rows:
            message = f"link to an unknown {axis} `{value}`"
            self._fault(
                "C208", location, message, f"the slug of a {axis}", closest_help(value, rows)
            )
            return None
        return rows[value]

    def _fault(
        self, code: str, location: Location, message: str, expected: str, help_: str = ""
    ) -> None:
        self._faults += 1
        self._report(
            Diagnostic(code=code, location=location, message=message, expected=expected, help=help_)
        )


def _key(place: tuple[str, int, bool], kinds: Iterable[str], digest: bytes) -> bytes:
    """Return under which the HTML of a text is kept.

    `place`: its slot, the level of its headings, and whether these have ids.
    """
    head = f"{place}\0{''.join(kinds)}\0"
    return blake2b(head.encode() + digest, digest_size=16).digest()


def _kind(segment: object) -> str:
    return type(segment).__name__[0]
