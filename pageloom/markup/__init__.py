"""Markdown with expressions as fragments.

Expressions are set aside as plain tokens before Markdown and put back after it, so that no value
is read as Markdown or HTML (https://python-markdown.github.io/extensions/).
"""

from pageloom.markup.body import TOKEN, Html, Valued, merged, split_tokens, spread
from pageloom.markup.converter import FOLDED, Converter, Use

__all__ = [
    "FOLDED",
    "TOKEN",
    "Converter",
    "Html",
    "Use",
    "Valued",
    "merged",
    "split_tokens",
    "spread",
]
