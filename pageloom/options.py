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
    verify: bool = False
    against: Path | None = None
    """An earlier build or a revision whose pages are to stay in the index."""
    accept_deindex: int = 0
    """How many pages may leave the index all the same."""
    jobs: int = 0
    executor: Executor | None = None
    """Where pages are made; None for processes of this machine."""

    @property
    def folder(self) -> Folder:
        """The output folder with its state beside it."""
        out = (self.out or self.root / "site").absolute()
        return Folder(out, self.root / ".pageloom" / state_name(out))

    def inputs_digest(self) -> str:
        """Return the digest of every byte that a build may read, and of what changes its pages."""
        return inputs.digest(self.root, f"{self.today} {self.preview} {self.accept_deindex}")


def state_name(out: Path) -> str:
    """Return the name of the state folder of an output folder."""
    return f"{out.name}-{blake2b(str(out).encode(), digest_size=4).hexdigest()}"
