"""How to run: what the command line or a caller says."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pageloom import inputs
from pageloom.publish import Folder


@dataclass(frozen=True, slots=True)
class Options:
    """How to run; `root` is the project's folder."""

    root: Path
    out: Path | None = None
    today: str = ""
    preview: bool = False
    noindex: bool = False
    """Keep every page out of the index; a preview always does."""
    commit: str = ""
    """The revision that the project's files are those of; told in the record of the build."""
    verify: bool = False
    against: Path | None = None
    """An earlier build or a revision whose pages are to stay in the index."""
    accept_deindex: int = 0
    """How many pages may leave the index all the same."""
    jobs: int = 0
    executor: Executor | None = None
    """Where pages are made; None for processes of this machine."""

    @property
    def hidden(self) -> bool:
        """Whether the site is only to be looked at: no page in the index, no sitemap, no feed."""
        return self.preview or self.noindex

    @property
    def folder(self) -> Folder:
        """The output folder with its state beside it."""
        out = (self.out or self.root / "site").absolute()
        sources = tuple(self.root / name for name in ("matrix", "content", "themes", ".pageloom"))
        return Folder(out, self.root / ".pageloom" / state_name(out), sources)

    def inputs_digest(self) -> str:
        """Return the digest of every byte that a build may read, and of what changes its pages."""
        options = (self.today, self.preview, self.hidden, self.commit, self.accept_deindex)
        return inputs.digest(self.root, " ".join(map(str, options)))


def state_name(out: Path) -> str:
    """Return the name of the state folder of an output folder."""
    return f"{out.name}-{blake2b(str(out).encode(), digest_size=4).hexdigest()}"
