"""Files beside the pages: assets, root files, robots.txt, sitemaps and the owner's mark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pageloom import __version__, seo
from pageloom.plan import PUBLISHED, VERDICTS, Plan, page_route
from pageloom.publish import GENERATOR, MARKER, content_key
from pageloom.theme import Theme


def files(plan: Plan, theme: Theme) -> dict[str, bytes]:
    """Return every file that is no page, by its path in the output folder."""
    made = dict(_made_files(plan, theme))
    return {**made, MARKER: _build_info(plan, made)}


def _made_files(plan: Plan, theme: Theme) -> Iterator[tuple[str, bytes]]:
    project = plan.project
    base = project.settings.base_url
    crawlers = project.settings.values.get("crawlers", "allow-all")
    for asset in theme.assets.values():
        yield asset.public.lstrip("/"), asset.content
    yield from project.root_files.items()
    yield "robots.txt", seo.robots_txt(base, crawlers)
    yield from seo.sitemaps(base, _indexed(plan))


def _build_info(plan: Plan, files: Mapping[str, bytes]) -> bytes:
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
            path: content_key(content).hex()
            for path, content in files.items()
            if not path.startswith("assets/")
        },
    }
    return json.dumps(info, indent=1, sort_keys=True).encode() + b"\n"


def _indexed(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the address of every page for the index, and its date of change."""
    for family in plan.families.values():
        if not family.family.listed:
            continue
        for number, verdict in enumerate(family.verdicts):
            if verdict == PUBLISHED:
                route = plan.route(family.family, family.cells[number])
                for page in range(1, plan.page_count(family, number) + 1):
                    yield page_route(route, page), ""
