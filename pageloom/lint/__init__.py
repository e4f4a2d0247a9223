"""What sentences say: claims, numbers without a source, slips of language."""

from pageloom.lint.linter import Linted, lint

__all__ = ["Linted", "lint"]
