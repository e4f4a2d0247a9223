"""What holds for the whole site, as frozen values: its settings and its fixed words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pageloom.diagnostics import Location


@dataclass(frozen=True, slots=True)
class Words:
    """Fixed words, plurals, months and units in the site's language."""

    lang: str
    entries: Mapping[str, Any]
    path: str
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Settings:
    """`content/site.yaml`."""

    values: Mapping[str, Any]
    brand: str
    base_url: str
    lang: str
    as_of: str
    today: str
    """The date to judge by: `as_of`, or what the command line says."""
    theme: str
    root_path: str
    hidden: bool = False
    """Whether every page is noindex, and there is no sitemap and no feed."""
    commit: str = ""
    """The revision that the files are those of; empty where nobody said."""
    indexnow: str = ""
    """The key that the site shows to search engines; empty for none."""
    staged: bool = False
    """Whether pages wait for their release."""
    feed: int = 0
    """How many entries the feed has; 0 for no feed."""
    digest: bytes = b""
    """Digest of what pages may depend on."""
    hosts: tuple[str, ...] = ()
    """Where the site is served."""
    hosts_at: Location = field(default_factory=lambda: Location("content/site.yaml"))
