"""Phase B: what is stale by its key is composed, rendered and published.

Each process makes its own pages and writes its own files; it sends back keys, counts and problems,
never HTML.
"""

from pageloom.writing.files import Other, hosted, others
from pageloom.writing.pool import Recipe, ranges
from pageloom.writing.worker import Worker, file_path
from pageloom.writing.writer import (
    Done,
    Progress,
    Writer,
    contents,
    dry_run,
    duplicates,
    theme_failures,
)

__all__ = [
    "Done",
    "Other",
    "Progress",
    "Recipe",
    "Worker",
    "Writer",
    "contents",
    "dry_run",
    "duplicates",
    "file_path",
    "hosted",
    "others",
    "ranges",
    "theme_failures",
]
