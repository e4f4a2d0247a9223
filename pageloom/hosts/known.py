"""The hosts that `host:` in site.yaml can name, and what each gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pageloom.hosts import github, pages, s3, servers
from pageloom.hosts.output import Output

Files = Callable[[Output], Mapping[str, bytes]]


def _none(_: Output) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class Host:
    """What a host gets."""

    public: Files = _none
    """Files in the output, which it reads there."""
    beside: Files = _none
    """Files beside the output, for those who set the host up."""


HOSTS: Mapping[str, Host] = {
    "caddy": Host(beside=servers.caddy),
    "cloudflare-pages": Host(public=pages.cloudflare),
    "cloudflare-pages-paid": Host(public=pages.cloudflare),
    "github-pages": Host(public=github.github),
    "netlify": Host(public=pages.netlify),
    "nginx": Host(beside=servers.nginx),
    "s3": Host(beside=s3.s3),
}
READ_BY_HOSTS = frozenset((pages.HEADERS, pages.REDIRECTS, github.NO_JEKYLL, github.DOMAIN))
"""Files of the output that only the host for which they are written reads."""
BESIDE = (servers.CADDY, servers.NGINX, s3.WEBSITE, s3.HEADERS, s3.REDIRECTS)
"""Every file that may stand beside the output.

They are not public: a server would answer with its own configuration, and a visitor would read it.
"""


def public(names: Iterable[str], output: Output) -> dict[str, bytes]:
    """Return the files that hosts read from the output, by path."""
    made: dict[str, bytes] = {}
    for name in names:
        made.update(HOSTS[name].public(output))
    return made


def beside(names: Iterable[str], output: Output) -> dict[str, bytes]:
    """Return the files that stand beside the output, by name."""
    made: dict[str, bytes] = {}
    for name in names:
        made.update(HOSTS[name].beside(output))
    return made


def clashes(names: Iterable[str], output: Output) -> Iterator[tuple[str, str, str]]:
    """Yield (path, host, other host) of files that two hosts want with other contents."""
    first: dict[str, tuple[str, bytes]] = {}
    for name in names:
        for path, content in HOSTS[name].public(output).items():
            other, theirs = first.setdefault(path, (name, content))
            if theirs != content:
                yield path, other, name
