"""Cells to sheets: the words of each page, its links, sources and structured data."""

from pageloom.compose.composer import Composer
from pageloom.compose.pages import Pages
from pageloom.compose.provenance import Piece, Provenance
from pageloom.compose.runs import Run, Runs
from pageloom.compose.scales import Scales

__all__ = ["Composer", "Pages", "Piece", "Provenance", "Run", "Runs", "Scales"]
