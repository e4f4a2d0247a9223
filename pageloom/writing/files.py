"""Files beside the pages: assets, root files, robots.txt, sitemaps and the owner's mark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from heapq import nlargest
from itertools import islice

from pageloom import feed, hosts, redirects, seo
from pageloom.compose import Composer
from pageloom.diagnostics import Diagnostic
from pageloom.disk import content_key
from pageloom.plan import PUBLISHED, Plan
from pageloom.publish import MARKER
from pageloom.theme import Theme
from pageloom.writing import record

Routes = Callable[[], Iterable[str]]
_AT_ONCE = 1000
_FURTHER = re.compile(r"page/[0-9]+/$")


@dataclass(frozen=True, slots=True)
class Other:
    """A file that is no page: the key of what it is made from, and how to make it."""

    key: bytes
    content: Callable[[], bytes]


def others(
    plan: Plan,
    theme: Theme,
    composer: Composer,
    routes: Routes,
    output: hosts.Output | None = None,
) -> dict[str, Other]:
    """Return every file that is no page, by its path; `routes` gives those of the sitemap.

    What hosts read from the output is among them where `output` is given.
    """
    made = {path: _ready(content) for path, content in _contents(plan, theme)}
    if not plan.project.settings.hidden:
        made.update(_sitemaps(plan, routes))
    if plan.project.has_feed:
        made[feed.PATH] = _ready(_feed(plan, composer))
    if output is not None:
        files = hosts.public(plan.project.settings.hosts, output)
        made.update((path, _ready(content)) for path, content in files.items())
    made[MARKER] = _ready(record.of(plan, {path: other.key for path, other in made.items()}))
    return made


def hosted(plan: Plan) -> hosts.Output | None:
    """Return what the hosts of the site are told of it; None where it names none."""
    settings = plan.project.settings
    return hosts.output(settings, redirects.redirects(plan)) if settings.hosts else None


def limits(
    plan: Plan, theme: Theme, paths: Iterable[Iterable[str]], output: hosts.Output | None
) -> Iterator[Diagnostic]:
    """Yield what the hosts of the site would not take; `paths` are those of pages and others."""
    settings = plan.project.settings
    if output is not None:
        contents = dict(_contents(plan, theme))
        every = [path for some in paths for path in some]
        yield from hosts.check(settings.hosts, output, every, contents, settings.hosts_at)


def _ready(content: bytes) -> Other:
    return Other(content_key(content), lambda: content)


def _contents(plan: Plan, theme: Theme) -> Iterator[tuple[str, bytes]]:
    project = plan.project
    crawlers = project.settings.values.get("crawlers", "allow-all")
    for asset in theme.assets.values():
        yield asset.public.lstrip("/"), asset.content
    yield from project.root_files.items()
    key = project.settings.indexnow
    if key:
        yield f"{key}.txt", key.encode()
    base = "" if project.settings.hidden else project.settings.base_url
    yield "robots.txt", seo.robots_txt(base, crawlers)


def _sitemaps(plan: Plan, routes: Routes) -> Iterator[tuple[str, Other]]:
    """Yield the sitemaps; they are made only when addresses or dates have changed."""
    base = plan.project.settings.base_url
    found = blake2b(base.encode(), digest_size=16)
    sizes: dict[str, int] = {}
    for group, pages in _groups(plan, routes()):
        found.update(f"\n{group}".encode())
        sizes[group] = 0
        while some := [f"\n{route} {day}" for route, day in islice(pages, _AT_ONCE)]:
            found.update("".join(some).encode())
            sizes[group] += len(some)
    files = InTurn(lambda: seo.sitemaps(base, dict(_groups(plan, routes())), sizes))
    names = (name for name, _ in seo.sitemap_files(sizes))
    for name in dict.fromkeys((*names, seo.WHOLE)):
        yield name, Other(found.digest(), partial(files.content, name))


class InTurn:
    """Files that are made one after the other; asked for in their order, each is made once."""

    def __init__(self, make: Callable[[], Iterator[tuple[str, bytes]]]) -> None:
        self._make = make
        self._rest: Iterator[tuple[str, bytes]] = iter(())

    def content(self, name: str) -> bytes:
        """Return the content of a file."""
        for found, content in self._rest:
            if found == name:
                return content
        self._rest = self._make()
        return next(content for found, content in self._rest if found == name)


def _groups(plan: Plan, routes: Iterable[str]) -> Iterator[tuple[str, Iterator[seo.Page]]]:
    """Yield addresses with their dates; where releases are staged, by the day of their release."""
    entries = plan.released
    dated = ((route, entry[1] if (entry := entries.get(route)) else "") for route in routes)
    if not entries or not plan.project.settings.staged:
        yield "", dated
        return
    groups: dict[str, list[seo.Page]] = {}
    for page in dated:
        first = entries.get(page[0]) or entries.get(_FURTHER.sub("", page[0]))
        groups.setdefault(first.published if first else "", []).append(page)
    for group in sorted(groups):
        yield group, iter(groups[group])


def _feed(plan: Plan, composer: Composer) -> bytes:
    """Return the feed of the pages that were released last; those of one day in order."""
    settings = plan.project.settings
    pages = (
        (entry, family, number)
        for family in plan.families.values()
        if family.family.listed
        for number, (entry, verdict) in enumerate(zip(family.entries, family.verdicts, strict=True))
        if entry is not None and verdict == PUBLISHED
    )
    items: list[feed.Item] = []
    for entry, family, number in nlargest(settings.feed, pages, key=lambda page: page[0].published):
        route = plan.route(family.family, family.cells[number])
        title, summary = composer.headline(family, number)
        items.append(
            feed.Item(
                first=plan.moved.get(route, route),
                address=route,
                title=title,
                summary=summary,
                published=entry.published,
                modified=entry.modified,
            )
        )
    return feed.feed(
        base=settings.base_url,
        lang=settings.lang,
        title=settings.brand,
        author=str(settings.values.get("organization", {}).get("name", settings.brand)),
        updated=max(entry.modified for entry in plan.released.values()),
        items=items,
    )
