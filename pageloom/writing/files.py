"""Files beside the pages: assets, root files, robots.txt, sitemaps and the owner's mark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from heapq import nlargest

from pageloom import feed, hosts, redirects, seo
from pageloom.compose import Composer
from pageloom.diagnostics import Diagnostic
from pageloom.disk import content_key
from pageloom.plan import PUBLISHED, Plan
from pageloom.publish import MARKER
from pageloom.theme import Theme
from pageloom.writing import record

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
    routes: Sequence[str],
    output: hosts.Output | None = None,
) -> dict[str, Other]:
    """Return every file that is no page, by its path; `routes` are those of the sitemap.

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


def _sitemaps(plan: Plan, routes: Sequence[str]) -> Iterator[tuple[str, Other]]:
    """Yield the sitemaps; they are made only when addresses or dates have changed."""
    base = plan.project.settings.base_url
    groups = _releases(plan, routes) if plan.released else {"": [(route, "") for route in routes]}
    found = blake2b(base.encode(), digest_size=16)
    for group, pages in groups.items():
        found.update("\n".join([group, *[f"{route} {day}" for route, day in pages]]).encode())
    key = found.digest()
    made: dict[str, bytes] = {}

    def content(name: str) -> bytes:
        if not made:
            made.update(seo.sitemaps(base, groups))
        return made[name]

    for name, _, _ in seo.sitemap_files({group: len(pages) for group, pages in groups.items()}):
        yield name, Other(key, partial(content, name))


def _releases(plan: Plan, routes: Sequence[str]) -> dict[str, list[seo.Page]]:
    """Return addresses with their dates; where releases are staged, by the day of their release."""
    entries = map(plan.released.get, routes)
    dated = [
        (route, entry[1] if entry else "") for route, entry in zip(routes, entries, strict=True)
    ]
    if not plan.project.settings.staged:
        return {"": dated}
    groups: dict[str, list[seo.Page]] = {}
    for page in dated:
        first = plan.released.get(page[0]) or plan.released.get(_FURTHER.sub("", page[0]))
        groups.setdefault(first.published if first else "", []).append(page)
    return dict(sorted(groups.items()))


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
