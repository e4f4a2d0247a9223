"""Files beside the pages: assets, root files, robots.txt, sitemaps and the owner's mark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from pageloom import __version__, hosts, redirects, seo
from pageloom.diagnostics import Diagnostic
from pageloom.plan import VERDICTS, Plan
from pageloom.publish import GENERATOR, MARKER, content_key
from pageloom.theme import Theme


@dataclass(frozen=True, slots=True)
class Other:
    """A file that is no page: the key of what it is made from, and how to make it."""

    key: bytes
    content: Callable[[], bytes]


def others(
    plan: Plan, theme: Theme, routes: Sequence[str], output: hosts.Output | None = None
) -> dict[str, Other]:
    """Return every file that is no page, by its path; `routes` are those of the sitemap.

    What hosts read from the output is among them where `output` is given.
    """
    settings = plan.project.settings
    made = {path: _ready(content) for path, content in _contents(plan, theme)}
    made.update(_sitemaps(settings.base_url, routes))
    if output is not None:
        files = hosts.public(settings.hosts, output)
        made.update((path, _ready(content)) for path, content in files.items())
    made[MARKER] = _ready(_build_info(plan, made))
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
    yield "robots.txt", seo.robots_txt(project.settings.base_url, crawlers)


def _sitemaps(base: str, routes: Sequence[str]) -> Iterator[tuple[str, Other]]:
    """Yield the sitemaps; they are made only when the list of addresses has changed."""
    text = "\n".join((base, *routes))
    key = blake2b(text.encode(), digest_size=16).digest()
    made: dict[str, bytes] = {}

    def content(name: str) -> bytes:
        if not made:
            made.update(seo.sitemaps(base, ((route, "") for route in routes)))
        return made[name]

    for name in seo.sitemap_names(len(routes)):
        yield name, Other(key, partial(content, name))


def _build_info(plan: Plan, files: Mapping[str, Other]) -> bytes:
    counts = {
        name: {
            verdict: family.verdicts.count(value)
            for value, verdict in enumerate(VERDICTS)
            if family.verdicts.count(value)
        }
        for name, family in plan.families.items()
    }
    info = {
        "generator": GENERATOR,
        "version": __version__,
        "cells": counts,
        "files": {
            path: other.key.hex()
            for path, other in files.items()
            if not path.startswith(("assets/", "sitemap"))
        },
    }
    return json.dumps(info, indent=1, sort_keys=True).encode() + b"\n"
