"""What Markdown made of a text, checked and finished: headings, links, tables and leaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

import markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from pageloom.diagnostics import Diagnostic, Location, quoted
from pageloom.markup.body import TOKEN, Body
from pageloom.model import Link, Print
from pageloom.schema import is_https_url

Report = Callable[[Diagnostic], None]
HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCK = "put an empty line before lists, tables and headings"
_CLOSE = "close the mark, or put a backslash before it"
_LEAKS = (
    (re.compile(r"(?:^|\n)\s*#{1,6}\s+\S"), "a heading mark `#`", _BLOCK),
    (re.compile(r"\|\s*:?-{3,}"), "a table rule `|---|`", _BLOCK),
    (re.compile(r"(?:^|\n)\s*[-*+]\s+\S"), "a list mark at the start of a line", _BLOCK),
    (re.compile(r"(?:^|\n)\s*\d{1,2}[.)]\s+\S"), "a list number at the start of a line", _BLOCK),
    (re.compile(r"\b1\.\s+\S.*?\s2\.\s+\S", re.DOTALL), "a list in one line", _BLOCK),
    (re.compile(r"(?:^|\n)\s*:\s+\S"), "a definition mark `:`", _BLOCK),
    (re.compile(r"\[\^[^\]\n]+\]"), "a footnote mark", "add the footnote's text: `[^1]: …`"),
    (re.compile(r"\*\*|__(?=\w)|~~|```|\{:"), "a Markdown mark", _CLOSE),
    (re.compile(r"\[[^\]\n]+\][\[(][^\])\n]*[\])]"), "the mark of a link", _CLOSE),
)
_INLINE = re.compile(r"[\\`*_\[<&\x02]|  \n")
"""What every inline pattern of Markdown and its extensions starts with."""
_TAG = re.compile(r"</?[A-Za-z][^\s>]*|<!--")
_EVERYWHERE = frozenset(("id", "class", "lang"))
_ATTRIBUTES = {
    "a": frozenset(("href",)),
    "ol": frozenset(("start",)),
    "th": frozenset(("style",)),
    "td": frozenset(("style",)),
}
_FOOTNOTE = ("fn:", "fnref")
_MAILTO = re.compile(r"mailto:[^\s?&\"'<>\x02\ue000]+@[A-Za-z0-9.-]+")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TARGETS = "link(), a field of type https-url, or https://…"


class Plain(Extension):
    """No raw HTML; one tree processor that checks and finishes the tree."""

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self._tree = tree

    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802
        """Register with Markdown (its name for the hook)."""
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.inlinePatterns.deregister("automail")
        self._tree.md = md
        md.treeprocessors.register(Bare(md), "bare", 25)  # before the inline patterns, at 20
        md.treeprocessors.register(self._tree, "pageloom", 1)


class Bare(Treeprocessor):
    """Texts without marks are atomic to Markdown, which looks for none in them.

    https://python-markdown.github.io/extensions/api/#working_with_et tells of `AtomicString`.
    """

    def run(self, root: Element) -> None:
        """Mark the texts in place."""
        for item in root.iter():
            if item.text and _INLINE.search(item.text) is None:
                item.text = AtomicString(item.text)


class Tree(Treeprocessor):
    """Heading levels and ids, links, tables, attributes, leaks."""

    body: Body
    report: Report

    def __init__(self) -> None:
        super().__init__(None)

    def run(self, root: Element) -> None:
        """Check and finish the tree in place."""
        headings = [item for item in root.iter() if item.tag in HEADINGS]
        lowest = min((HEADINGS[str(item.tag)] for item in headings), default=1)
        used: dict[str, int] = {}
        for item in headings:
            self._heading(item, lowest, used)
        _caption(root)
        for item in list(root.iter()):
            _own_attributes(item)
            self._element(item)
        for row in root.iter("tr"):
            _row_header(row)
        self._texts(root, inside="")

    def _heading(self, item: Element, lowest: int, used: dict[str, int]) -> None:
        from slugify import slugify

        level = HEADINGS[str(item.tag)] - lowest + self.body.base
        text = "".join(item.itertext())
        self.body.outline.append(level)
        self.body.headings.append(text)
        item.tag = f"h{min(level, 6)}"
        if not text.strip():
            location = self.body.find_heading("")
            self._fault("C212", location, "a heading without words", "words after the `#`")
        if not self.body.anchors:
            item.attrib.pop("id", None)
            return
        words = item.get("id") or slugify(TOKEN.sub(" ", text))
        prefix = f"{self.body.slot}-"
        name = words if words.startswith(prefix) else "-".join(filter(None, (prefix[:-1], words)))
        count = used[name] = used.get(name, 0) + 1
        item.set("id", name if count == 1 else f"{name}-{count}")

    def _element(self, item: Element) -> None:
        tag = str(item.tag)
        if tag == "img":
            location = self.body.find(item.get("src", ""))
            self._fault("C218", location, "an image in a snippet", "words; images belong to themes")
        for name, value in list(item.attrib.items()):
            self._attribute(item, tag, name, value)
        if tag == "a":
            self._anchor(item)

    def _attribute(self, item: Element, tag: str, name: str, value: str) -> None:
        allowed = name in _EVERYWHERE or name in _ATTRIBUTES.get(tag, ())
        made = tag == "a" and name == "title"
        if name == "style" and allowed:
            allowed = _align(item, value)
        if not allowed:
            if tag != "img" and not made:
                self._fault(
                    "C217",
                    self.body.find(name),
                    f"attribute {quoted(name)} is not allowed",
                    "id, class or lang",
                )
            item.attrib.pop(name, None)
        elif name != "href" and TOKEN.search(value):
            location = self.body.find(value)
            self._fault("C204", location, f"an expression in `{name}`", "a written value")
        elif name == "id":
            self._identity(item, value)

    def _identity(self, item: Element, value: str) -> None:
        if value.startswith(_FOOTNOTE):
            item.set("id", f"{self.body.slot}-{_label(value)}")
        elif not _ID.fullmatch(value):
            location = self.body.find(value)
            self._fault("C217", location, f"id {quoted(value)} is no name", "letters, digits, `-`")
        elif str(item.tag) not in HEADINGS and not value.startswith(f"{self.body.slot}-"):
            item.set("id", f"{self.body.slot}-{value}")

    def _anchor(self, item: Element) -> None:
        target = item.get("href", "")
        if target.startswith(("#fn:", "#fnref")):
            item.set("href", f"#{self.body.slot}-{_label(target[1:])}")
            return
        token = TOKEN.fullmatch(target)
        if token:
            self._target(item, int(token.group(1)))
        elif TOKEN.search(target):
            message = "a link target that is put together from parts"
            self._fault("C211", self.body.find(target), message, _TARGETS)
        elif not is_https_url(target) and not _MAILTO.fullmatch(target):
            message = f"link target {quoted(target)} is not allowed"
            self._fault("C211", self.body.find(target), message, _TARGETS)
        if not "".join(item.itertext()).strip():
            self._fault("C211", self.body.find(target), "a link without words", "[words](target)")

    def _target(self, item: Element, index: int) -> None:
        if isinstance(self.body.segments[index], (Link, Print)):
            self.body.targets.add(index)
        elif self.body.segments[index] != b"":
            message = "a link target that is neither link() nor an address"
            self._fault("C211", self.body.find("".join(item.itertext())), message, _TARGETS)

    def _texts(self, item: Element, inside: str) -> None:
        tag = str(item.tag)
        context = tag if tag in {"a", "code", "pre", *HEADINGS} and inside != "a" else inside
        self._text(item.text or "", context, tag)
        for child in item:
            self._texts(child, context)
            self._text(child.tail or "", context, tag)

    def _text(self, text: str, context: str, tag: str) -> None:
        if not text.strip():
            return
        if context:
            self._flatten(text, context)
        if context in {"code", "pre"}:
            return
        raw = _TAG.search(text)
        if raw:
            location = self.body.find(raw.group())
            self._fault("C210", location, f"raw HTML {quoted(raw.group())}", "Markdown")
        if tag in {"p", "li", "td", "th", "dd", "dt"}:
            self._leak(text)

    def _flatten(self, text: str, context: str) -> None:
        for token in TOKEN.finditer(text):
            index = int(token.group(1))
            self.body.flat.add(index)
            if context == "a" and isinstance(self.body.segments[index], Link):
                self._fault("C204", self.body.find(text), "link() inside a link's words")

    def _leak(self, text: str) -> None:
        for pattern, name, help_ in _LEAKS:
            match = pattern.search(text)
            if match:
                location = self.body.find(text[match.start() :].lstrip())
                self._fault("C209", location, f"{name} would show as text", "", help_)
                return

    def _fault(
        self, code: str, location: Location, message: str, expected: str = "", help_: str = ""
    ) -> None:
        self.report(
            Diagnostic(code=code, location=location, message=message, expected=expected, help=help_)
        )


def _label(value: str) -> str:
    """Return a footnote's id with what may not stand in one as hyphens."""
    return re.sub(r"[^\w:-]", "-", value)


def _align(item: Element, value: str) -> bool:
    """Turn the alignment that the tables extension writes as style into a class."""
    side = re.fullmatch(r"text-align: (left|right|center);", value)
    if side is None:
        return False
    del item.attrib["style"]
    item.set("class", f"align-{side.group(1)}")
    return True


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


def _own_attributes(item: Element) -> None:
    """Give a list the attributes that stand in a line of their own under its last item.

    Markdown puts them on that item, or on its paragraph where empty lines stand between items;
    kramdown, whose marks these are, on the block above them:
    https://kramdown.gettalong.org/syntax.html#block-ials
    """
    if item.tag in {"ul", "ol"} and len(item) and not item[-1].get("id", "").startswith(_FOOTNOTE):
        last = item[-1]
        last = last[0] if [child.tag for child in last] == ["p"] else last
        item.attrib.update(last.attrib)
        last.attrib.clear()


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
