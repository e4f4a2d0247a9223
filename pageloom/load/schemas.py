"""The engine's own schemas, shipped with it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def built_in(name: str) -> dict[str, Any]:
    """Return the schema of `site`, `matrix`, `gate`, `fact` or `source`."""
    path = Path(__file__).parent.parent / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
