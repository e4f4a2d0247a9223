"""What a host takes, and how near a site comes to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pageloom.diagnostics import ERROR, WARNING, Diagnostic, Location
from pageloom.hosts.known import HOSTS, clashes
from pageloom.hosts.output import Output
from pageloom.hosts.pages import CLOUDFLARE_REDIRECTS, HEADERS, REDIRECTS

NEAR = 0.9
"""From this part of a limit on it is told."""
_CLOUDFLARE = "https://developers.cloudflare.com/pages/platform/limits/"
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """What is counted of a site for one host."""

    files: int = 0
    largest: tuple[int, str] = (0, "")
    """Bytes of the largest file that is no page, and its path."""
    made: Mapping[str, bytes] = field(default_factory=dict)
    """The host's own files."""

    def lines(self, name: str) -> Collection[str]:
        """Return the lines of one of the host's files."""
        return self.made.get(name, b"").decode().splitlines()

    @property
    def rules(self) -> int:
        """How many rules `_headers` has."""
        return sum(not line.startswith(" ") and bool(line) for line in self.lines(HEADERS))


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a host takes of something."""

    most: int
    of: str
    count: Callable[[Size], int]
    source: str
    help: str
    fails: bool = True
    """Whether more makes a deploy fail or lose something; else the host advises against it."""


def _longest(name: str) -> Callable[[Size], int]:
    return lambda size: max(map(len, size.lines(name)), default=0)


_SHORTEN = "take former slugs and routes out whose addresses nobody asks for any more"
_CLOUDFLARE_LIMITS = (
    Limit(
        25 * _MEBIBYTE,
        "bytes in a file",
        lambda size: size.largest[0],
        _CLOUDFLARE,
        "make the file smaller, or keep it elsewhere",
    ),
    Limit(
        CLOUDFLARE_REDIRECTS,
        "redirects",
        lambda size: len(size.lines(REDIRECTS)),
        _CLOUDFLARE,
        _SHORTEN,
    ),
    Limit(
        1000,
        "characters in a redirect",
        _longest(REDIRECTS),
        "https://developers.cloudflare.com/pages/configuration/redirects/",
        "make the route of the family shorter",
    ),
    Limit(100, "header rules", lambda size: size.rules, _CLOUDFLARE, "name fewer headers"),
    Limit(
        2000,
        "characters in a header",
        _longest(HEADERS),
        "https://developers.cloudflare.com/pages/configuration/headers/",
        "make the header in site.yaml shorter",
    ),
)
_FEWER = "raise the gate of a family, or let more of its cells fold into their parents"
LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "cloudflare-pages": (
        Limit(
            20_000,
            "files",
            lambda size: size.files,
            _CLOUDFLARE,
            f"{_FEWER}; with a paid plan write `cloudflare-pages-paid`",
        ),
        *_CLOUDFLARE_LIMITS,
    ),
    "cloudflare-pages-paid": (
        Limit(100_000, "files", lambda size: size.files, _CLOUDFLARE, _FEWER),
        *_CLOUDFLARE_LIMITS,
    ),
    "netlify": (
        Limit(
            10_000,
            "redirects",
            lambda size: len(size.lines(REDIRECTS)),
            "https://docs.netlify.com/manage/routing/redirects/overview/",
            _SHORTEN,
            fails=False,
        ),
    ),
}
WEIGHTS: Mapping[str, Limit] = {
    "github-pages": Limit(
        1_000_000_000,
        "bytes in all",
        lambda size: size.files,
        "https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits",
        f"{_FEWER}, or choose a host for large sites",
    )
}
"""Limits of the output as a whole, which is weighed when it is written."""
WEIGHED = frozenset(WEIGHTS)


def check(
    names: Iterable[str],
    output: Output,
    paths: Collection[str],
    extra: Mapping[str, bytes],
    place: Location,
) -> Iterator[Diagnostic]:
    """Yield a problem for each limit of a host that the site passes or comes near.

    `paths` are those of all files, `extra` the contents of those that are no pages.
    """
    names = tuple(names)
    largest = max(((len(content), path) for path, content in extra.items()), default=(0, ""))
    for name in names:
        size = Size(len(paths), largest, HOSTS[name].public(output))
        for limit in LIMITS.get(name, ()):
            yield from _judged(name, limit, limit.count(size), place)
        yield from (_taken(path, name) for path in size.made if path in extra)
    for path, first, second in clashes(names, output):
        yield _clash(path, first, second, place)
    if names and "404.html" not in paths:
        yield _without_404(names[0], place)


def check_weight(name: str, weight: int, place: Location) -> Iterator[Diagnostic]:
    """Yield a problem where the whole output is heavier than a host takes."""
    yield from _judged(name, WEIGHTS[name], weight, place)


def _judged(name: str, limit: Limit, found: int, place: Location) -> Iterator[Diagnostic]:
    over = found > limit.most
    if not over and (not limit.fails or found < NEAR * limit.most):
        return
    said = "more than" if over else "nearly"
    yield Diagnostic(
        code="H901",
        location=place,
        message=f"{found} {limit.of} are {said} {name} {'takes' if limit.fails else 'advises'}",
        expected=f"at most {limit.most} {limit.of} ({limit.source})",
        help=limit.help,
        severity=ERROR if over and limit.fails else WARNING,
    )


def _clash(path: str, first: str, second: str, place: Location) -> Diagnostic:
    return Diagnostic(
        code="H902",
        location=place,
        message=f"`{first}` and `{second}` need `{path}` in two forms",
        expected="one of them in `host:`",
        help="build twice, each time with one host and an output folder of its own",
    )


def _taken(path: str, name: str) -> Diagnostic:
    own = path in {HEADERS, REDIRECTS}
    return Diagnostic(
        code="R503",
        location=Location(f"content/root/{path}"),
        message=f"`{path}` has the address of a file that the build writes",
        expected=f"no such file while `host:` names {name}",
        help="name headers in site.yaml, former addresses in rows and families" if own else "",
    )


def _without_404(name: str, place: Location) -> Diagnostic:
    return Diagnostic(
        code="H903",
        location=place,
        message=f"no page for unknown addresses, so `{name}` sends one of its own",
        severity=WARNING,
        expected="a family with the route /404.html",
    )
