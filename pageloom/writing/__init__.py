"""Phase B: what is stale by its key is composed, rendered and published.

Each process makes its own pages and writes its own files; it sends back keys, counts and problems,
never HTML.
"""

from pageloom.writing.pool import Recipe, ranges
from pageloom.writing.worker import Worker, file_path
from pageloom.writing.writer import Done, Progress, Writer, dry_run, duplicates, theme_failures

__all__ = [
    "Done",
    "Progress",
    "Recipe",
    "Worker",
    "Writer",
    "dry_run",
    "duplicates",
    "file_path",
    "ranges",
    "theme_failures",
]
