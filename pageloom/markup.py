"""Markdown with expressions as fragments.

Expressions are set aside as plain tokens before Markdown and put back after it, so that no value
is read as Markdown or HTML (https://python-markdown.github.io/extensions/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markupsafe import escape

from pageloom import expressions
from pageloom.diagnostics import Diagnostic, Location, closest_help
from pageloom.lexicon import Lexicon
from pageloom.model import (
    Call,
    Cite,
    Expression,
    FactCall,
    Fragment,
    Link,
    Path,
    Print,
    Project,
    Row,
    Segment,
)
from pageloom.schema import is_https_url
from pageloom.source import position

Report = Callable[[Diagnostic], None]
Html = tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""HTML with tokens, heading levels, and the numbers of bare and flat tokens."""
TOKEN = re.compile("\ue000(\\d+)\ue001")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LEAKS = (
    (re.compile(r"(?:^|\n)\s{0,3}#{1,6}\s+\S"), "a heading mark `#`"),
    (re.compile(r"\|\s*:?-{3,}"), "a table rule `|---|`"),
    (re.compile(r"(?:^|\n)\s{0,3}[-*+]\s+\S"), "a list mark at the start of a line"),
    (re.compile(r"(?:^|\n)\s{0,3}\d{1,2}[.)]\s+\S"), "a list number at the start of a line"),
    (re.compile(r"\b1\.\s+\S.*?\s2\.\s+\S", re.DOTALL), "a list that runs on in one line"),
    (re.compile(r"\*\*|__(?=\w)|\[[^\]\n]+\]\([^)\n]*\)"), "a Markdown mark"),
)
_TAG = re.compile(r"</?[A-Za-z][^\s>]*|<!--")
_KEPT_ATTRIBUTES = {"id", "class", "href", "scope", "lang", "style", "start", "role"}


@dataclass(slots=True)
class _Body:
    """One text on its way to a fragment."""

    path: str
    text: str
    line: int
    slot: str
    base: int
    segments: list[Segment | Valued] = field(default_factory=list)
    plain: dict[int, Segment] = field(default_factory=dict)
    bare: set[int] = field(default_factory=set)
    flat: set[int] = field(default_factory=set)
    outline: list[int] = field(default_factory=list)

    def at(self, offset: int) -> Location:
        line, column = position(self.text, offset)
        return Location(self.path, line + self.line - 1, column)

    def find(self, text: str) -> Location:
        for line in (part.strip() for part in text.split("\n")):
            words = TOKEN.split(line)[0].strip()[:40]
            offset = self.text.find(words) if words else -1
            if offset >= 0:
                return self.at(offset)
        return Location(self.path, self.line, 1)


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
        self.used: set[bytes] = set()
        self._tree = _Tree()
        self._markdown = markdown.Markdown(
            extensions=[
                "tables",
                "attr_list",
                "sane_lists",
                "def_list",
                "footnotes",
                _Plain(self._tree),
            ]
        )

    def fragment(
        self,
        path: str,
        text: str,
        line: int,
        *,
        slot: str,
        base: int,
        known: Mapping[str, frozenset[str] | None],
    ) -> Fragment:
        """Return the fragment of a Markdown text whose headings start at level `base`.

        `known` gives the names that expressions may use with their declared fields.
        """
        body = _Body(path, text, line, slot, base)
        marked = self._set_aside(body, known)
        html = self._html(marked, body)
        digest = blake2b(f"{slot}\0{base}\0{text}".encode(), digest_size=16).digest()
        return Fragment(_split(html, body), tuple(body.outline), digest)

    def _html(self, marked: str, body: _Body) -> str:
        """Return the HTML of a marked text, from the cache where the text is known."""
        kinds = "".join(type(segment).__name__[0] for segment in body.segments)
        key = blake2b(
            f"{body.slot}\0{body.base}\0{kinds}\0{marked}".encode(), digest_size=16
        ).digest()
        found = self.cache.get(key)
        if found is not None:
            html, outline, bare, flat = found
            body.outline.extend(outline)
            body.bare.update(bare)
            body.flat.update(flat)
            self.used.add(key)
            return html
        problems: list[Diagnostic] = []
        self._tree.body = body
        self._tree.report = problems.append
        self._markdown.reset()
        html = self._markdown.convert(marked)
        self._check_levels(body, problems.append)
        for problem in problems:
            self._report(problem)
        if not problems:
            entry = (html, tuple(body.outline), tuple(body.bare), tuple(body.flat))
            self.cache[key] = entry
            self.used.add(key)
        return html

    def field(self, row: Row, name: str) -> Fragment:
        """Return the fragment of a row's Markdown field."""
        kinds = (row, *row.about)
        known = {item.kind: self._project.fields.get(item.kind) for item in kinds}
        return self.fragment(
            row.location.path,
            str(row.values[name]),
            row.location.line,
            slot=f"{row.slug}-{name}".replace("/", "-"),
            base=4,
            known=known,
        )

    def _set_aside(self, body: _Body, known: Mapping[str, frozenset[str] | None]) -> str:
        parts = expressions.split(body.text)
        for text, offset in parts[::2]:
            stray = expressions.FORBIDDEN.search(text)
            if stray:
                self._fault(
                    "C204",
                    body.at(offset + stray.start()),
                    f"`{stray.group()}` in a snippet",
                    "expressions `{{ … }}` only",
                    "say variants with `for:`; say repetition with a data slot",
                )
        marked: list[str] = []
        for index, (text, offset) in enumerate(parts):
            if index % 2 == 0:
                marked.append(text)
                continue
            segment, plain = self._segment(text, body.at(offset), known)
            body.segments.append(segment)
            body.plain[len(body.segments) - 1] = plain
            marked.append(f"\ue000{len(body.segments) - 1}\ue001")
        return "".join(marked)

    def _segment(
        self, text: str, location: Location, known: Mapping[str, frozenset[str] | None]
    ) -> tuple[Segment | Valued, Segment]:
        try:
            expression = expressions.parse(text)
        except expressions.NotAllowedError as error:
            expected = "a path such as `payer.name`, or fact(), cite(), link()"
            self._fault("C204", location, f"not allowed in a snippet: {error}"[:100], expected)
            return b"", b""
        fault, help_ = name_fault(expression, known)
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

    @staticmethod
    def _check_levels(body: _Body, report: Report) -> None:
        previous = body.base - 1
        for level in body.outline:
            if level > previous + 1 or level > 6:
                location = Location(body.path, body.line, 1)
                message = f"a heading goes from level {previous} to level {level}"
                expected = "one level at a time, at most 6"
                report(
                    Diagnostic(code="C212", location=location, message=message, expected=expected)
                )
                return
            previous = level

    def _fault(
        self, code: str, location: Location, message: str, expected: str, help_: str = ""
    ) -> None:
        self._report(
            Diagnostic(code=code, location=location, message=message, expected=expected, help=help_)
        )


@dataclass(frozen=True, slots=True)
class Valued:
    """A fact in running text: its value and its citation."""

    value: bytes
    cite: Cite | None


def name_fault(
    expression: Expression, known: Mapping[str, frozenset[str] | None]
) -> tuple[str, str]:
    """Return what is wrong with the names in an expression, and a help text."""
    for path in expressions.references(expression):
        if path.root not in known:
            return f"unknown name `{path.root}`", closest_help(path.root, known)
        declared = known[path.root]
        if not path.fields:
            return f"`{path.root}` is a row; print one of its fields", ""
        if declared is not None and path.fields[0] not in declared | {"slug"}:
            message = f"`{path.root}` has no field `{path.fields[0]}`"
            return message, closest_help(path.fields[0], declared)
    return "", ""


def split_tokens(html: str, segments: Mapping[int, Iterable[Any]]) -> Iterator[Segment]:
    """Yield the literal bytes and what stands for each token, in order."""
    end = 0
    for match in TOKEN.finditer(html):
        if match.start() > end:
            yield html[end : match.start()].encode()
        yield from segments[int(match.group(1))]
        end = match.end()
    if end < len(html):
        yield html[end:].encode()


def merged(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return the segments with neighbouring literals joined and empty ones dropped."""
    result: list[Segment] = []
    for segment in segments:
        if segment == b"":
            continue
        if isinstance(segment, Cite) and result and isinstance(result[-1], bytes):
            result[-1] = result[-1].rstrip(b" ")
        if isinstance(segment, bytes) and result and isinstance(result[-1], bytes):
            result[-1] = result[-1] + segment
        else:
            result.append(segment)
    return tuple(result)


def _split(html: str, body: _Body) -> tuple[Segment, ...]:
    chosen: dict[int, tuple[Any, ...]] = {}
    for index, segment in enumerate(body.segments):
        if index in body.bare and isinstance(segment, Link):
            link = replace(segment, bare=True)
            chosen[index] = (link,)
        elif index in body.flat:
            chosen[index] = (_flat(body.plain[index]),)
        else:
            chosen[index] = spread(segment)
    return merged(split_tokens(html, chosen))


def spread(segment: Any) -> tuple[Segment, ...]:
    """Return a fact's value and citation as two segments, anything else as it is."""
    if isinstance(segment, Valued):
        return (segment.value, segment.cite) if segment.cite else (segment.value,)
    return (segment,)


def _flat(segment: Any) -> Segment:
    if isinstance(segment, FactCall):
        return FactCall(
            "plain" if segment.name == "fact" else "nothing", segment.path, segment.location
        )
    if isinstance(segment, Cite):
        return b""
    result: Segment = segment
    return result


class _Plain(Extension):
    """No raw HTML; one tree processor that checks and finishes the tree."""

    def __init__(self, tree: _Tree) -> None:
        super().__init__()
        self._tree = tree

    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802
        """Register with Markdown (its name for the hook)."""
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        self._tree.md = md
        md.treeprocessors.register(self._tree, "pageloom", 1)


class _Tree(Treeprocessor):
    """Heading levels and ids, links, tables, attributes, leaks."""

    body: _Body
    report: Report

    def __init__(self) -> None:
        super().__init__(None)

    def run(self, root: Element) -> None:
        """Check and finish the tree in place."""
        headings = [item for item in root.iter() if item.tag in _HEADINGS]
        lowest = min((_HEADINGS[str(item.tag)] for item in headings), default=1)
        used: dict[str, int] = {}
        for item in headings:
            self._heading(item, lowest, used)
        _caption(root)
        for item in list(root.iter()):
            self._element(item)
        self._texts(root, inside="")

    def _heading(self, item: Element, lowest: int, used: dict[str, int]) -> None:
        from slugify import slugify

        level = _HEADINGS[str(item.tag)] - lowest + self.body.base
        self.body.outline.append(level)
        item.tag = f"h{min(level, 6)}"
        words = slugify(TOKEN.sub(" ", "".join(item.itertext())))
        name = item.get("id") or "-".join(part for part in (self.body.slot, words) if part)
        count = used[name] = used.get(name, 0) + 1
        item.set("id", name if count == 1 else f"{name}-{count}")

    def _element(self, item: Element) -> None:
        tag = str(item.tag)
        if tag == "img":
            self._fault("C218", self.body.find(item.get("src", "")), "an image in a snippet")
        for name, value in list(item.attrib.items()):
            if name not in _KEPT_ATTRIBUTES:
                if name != "title" and tag != "img":
                    location = self.body.find(name)
                    self._fault("C217", location, f"attribute `{name}` is not allowed")
                del item.attrib[name]
            elif name == "style":
                _align(item, value)
            elif TOKEN.search(value) and name != "href":
                self._fault("C204", self.body.find(value), f"an expression in `{name}`")
        if tag == "a":
            self._anchor(item)
        identity = item.get("id", "")
        if identity.startswith(("fn:", "fnref")):
            item.set("id", f"{self.body.slot}-{identity}")
        if tag == "tr":
            _row_header(item)

    def _anchor(self, item: Element) -> None:
        target = item.get("href", "")
        if target.startswith(("#fn:", "#fnref")):
            item.set("href", f"#{self.body.slot}-{target[1:]}")
            return
        token = TOKEN.fullmatch(target)
        if token:
            self._target(item, int(token.group(1)))
        elif not is_https_url(target) and not re.fullmatch(r"mailto:[^\s?]+@[^\s?]+", target):
            location = self.body.find(target)
            message = f"link target `{target[:60]}` is not allowed"
            self._fault(
                "C211", location, message, "link(), a field of type https-url, or https://…"
            )

    def _target(self, item: Element, index: int) -> None:
        segment = self.body.segments[index]
        if isinstance(segment, Link):
            self.body.bare.add(index)
        elif not isinstance(segment, Print):
            message = "a link target that is neither link() nor an address"
            self._fault("C211", self.body.find(item.text or ""), message)

    def _texts(self, item: Element, inside: str) -> None:
        tag = str(item.tag)
        context = tag if tag in {"a", "code", "pre", *_HEADINGS} else inside
        self._text(item.text or "", context, tag)
        for child in item:
            self._texts(child, context)
            self._text(child.tail or "", context, tag)

    def _text(self, text: str, context: str, tag: str) -> None:
        if not text.strip():
            return
        if context:
            self.body.flat.update(int(token.group(1)) for token in TOKEN.finditer(text))
        if context in {"code", "pre"}:
            return
        raw = _TAG.search(text)
        if raw:
            self._fault(
                "C210", self.body.find(raw.group()), f"raw HTML `{raw.group()}`", "Markdown"
            )
        if tag in {"p", "li", "td", "dd"}:
            for pattern, name in _LEAKS:
                match = pattern.search(text)
                if match:
                    location = self.body.find(text[match.start() :].lstrip())
                    help_ = "put an empty line before lists, tables and headings"
                    self._fault("C209", location, f"{name} would show as text", "", help_)
                    return

    def _fault(
        self, code: str, location: Location, message: str, expected: str = "", help_: str = ""
    ) -> None:
        self.report(
            Diagnostic(code=code, location=location, message=message, expected=expected, help=help_)
        )


def _align(item: Element, value: str) -> None:
    """Turn the alignment that the tables extension writes as style into a class."""
    del item.attrib["style"]
    side = value.replace("text-align:", "").strip(" ;")
    if side in {"left", "right", "center"}:
        item.set("class", f"align-{side}")


def _row_header(row: Element) -> None:
    for index, cell in enumerate(row):
        if cell.tag == "th":
            if "".join(cell.itertext()).strip():
                cell.set("scope", "col")
            else:
                cell.tag = "td"
        elif index == 0 and cell.tag == "td" and len(row) > 1:
            cell.tag = "th"
            cell.set("scope", "row")


def _caption(root: Element) -> None:
    """Make a paragraph `Table: …` after a table its caption."""
    children = list(root)
    for table, following in pairwise(children):
        text = following.text or ""
        if table.tag == "table" and following.tag == "p" and text.startswith("Table: "):
            caption = SubElement(table, "caption")
            caption.text = text.removeprefix("Table: ")
            caption.extend(list(following))
            table.remove(caption)
            table.insert(0, caption)
            root.remove(following)
