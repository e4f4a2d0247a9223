"""What a host is told of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pageloom.hosts.headers import SECURITY
from pageloom.redirects import GONE, Redirect
from pageloom.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a host is told of the site."""

    base_url: str
    headers: Mapping[str, str]
    """Those of every answer."""
    redirects: Sequence[Redirect] = ()

    @property
    def domain(self) -> str:
        """The host name of the site."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def moved(self) -> Sequence[Redirect]:
        """Addresses that lead to another one."""
        return [redirect for redirect in self.redirects if redirect.status != GONE]

    @property
    def gone(self) -> Sequence[Redirect]:
        """Addresses that are given up."""
        return [redirect for redirect in self.redirects if redirect.status == GONE]


def output(settings: Settings, redirects: Sequence[Redirect]) -> Output:
    """Return what hosts are told: headers are ours with those of site.yaml in their place."""
    given: Mapping[str, str] = settings.values.get("headers", {})
    known = {name.lower() for name in given}
    ours = {name: value for name, value in SECURITY.items() if name.lower() not in known}
    headers = {**ours, **{name: value for name, value in given.items() if value != "off"}}
    if settings.hidden:
        headers = {name: value for name, value in headers.items() if name.lower() != "x-robots-tag"}
        headers["X-Robots-Tag"] = "noindex"
    return Output(
        base_url=settings.base_url,
        headers=headers,
        redirects=redirects,
    )


def spellings(source: str) -> tuple[str, ...]:
    """Return an address as it stands and, where it ends with a slash, also without it.

    So that a link without the slash needs one hop and not two.
    """
    return (source, source[:-1]) if source.endswith("/") and source != "/" else (source,)


def file_of(route: str) -> str:
    """Return the path of the file that answers at an address."""
    path = route.partition("#")[0].lstrip("/")
    return f"{path}index.html" if not path or path.endswith("/") else path
