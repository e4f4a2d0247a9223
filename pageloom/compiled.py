"""What is known of a template's text without rendering it: its code, and the words it names."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType

from jinja2 import BytecodeCache, nodes
from jinja2.bccache import Bucket

Word = tuple[str, str | None]
"""The key of a fixed word, and a number where it is asked for with one."""


def named_words(call: nodes.Call) -> Iterator[Word]:
    """Yield the word that a call names literally, and whether with a number."""
    named = isinstance(call.node, nodes.Name) and call.node.name == "t"
    first = call.args[0] if call.args else None
    if named and isinstance(first, nodes.Const):
        yield str(first.value), "" if call.kwargs or call.args[1:] else None


class Codes(BytecodeCache):
    """Compiled templates by name and text, for the themes of later runs of this process."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template's code, where its text is the same (Jinja's hook)."""
        checksum, code = self._kept.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template's code (Jinja's hook)."""
        self._kept[bucket.key] = (bucket.checksum, bucket.code)
