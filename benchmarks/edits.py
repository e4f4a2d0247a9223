"""The edits that are timed; the same for every generator, in its own files.

Each is numbered, so that repeated runs edit another file or write other words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from engines import Engine
from workload.content import Pair, Workload
from workload.pageloom import pair_row, row_text

_LAST_WORDS = re.compile(r"we correct it[^.]*\.")


@dataclass(frozen=True, slots=True)
class Editor:
    """Edits one generator's project."""

    engine: Engine
    project: Path
    work: Workload
    exact: frozenset[tuple[str, str]]
    """Pairs that have words of their own; such a pair is never removed."""

    def angle(self, number: int) -> None:
        """Add a sentence to one angle."""
        procedure = self.work.procedures[number % len(self.work.procedures)]
        reason = self.work.reasons[0]
        path = self.project / self.engine.angles / procedure.slug / f"{reason.slug}.md"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\nSince edit {number}, one page more is asked for.\n")

    def remove_pair(self, number: int) -> str:
        """Take one pair out; return the file as it was."""
        path = self.project / self.engine.pairs
        text = path.read_text(encoding="utf-8")
        pair = self._pair(number)
        if path.suffix == ".json":
            table = json.loads(text)
            key = f"{pair.payer}/{pair.procedure}"
            table["order"].remove(key)
            del table["rows"][key]
            changed = json.dumps(table, ensure_ascii=False, indent=0)
        else:
            changed = text.replace(row_text(pair_row(pair)), "")
        if changed == text:
            raise LookupError(f"{path} has no row for {pair.payer} and {pair.procedure}")
        path.write_text(changed, encoding="utf-8")
        return text

    def restore_pairs(self, text: str) -> None:
        """Put the pair back."""
        (self.project / self.engine.pairs).write_text(text, encoding="utf-8")

    def rename(self, number: int) -> None:
        """Give one insurer another name."""
        payer = self.work.payers[number % len(self.work.payers)]
        path = self.project / self.engine.payers
        text = path.read_text(encoding="utf-8")
        changed = re.sub(
            rf"{payer.short} (Health Plan|Care Plan \d+)",
            f"{payer.short} Care Plan {number}",
            text,
        )
        if changed == text:
            raise LookupError(f"{path} does not hold {payer.name}")
        path.write_text(changed, encoding="utf-8")

    def partial(self, number: int) -> None:
        """Change the footer, which every page has."""
        path = self.project / self.engine.footer
        text = path.read_text(encoding="utf-8")
        changed = _LAST_WORDS.sub(f"we correct it in {number + 2} days.", text)
        path.write_text(changed, encoding="utf-8")

    def _pair(self, number: int) -> Pair:
        plain = (
            pair for pair in self.work.pairs() if (pair.payer, pair.procedure) not in self.exact
        )
        for _ in range(number):
            next(plain)
        return next(plain)
