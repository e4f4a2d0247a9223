"""Cloudflare Pages and Netlify: `_headers` and `_redirects`, which both read from the output.

https://developers.cloudflare.com/pages/configuration/headers/
https://developers.cloudflare.com/pages/configuration/redirects/
https://docs.netlify.com/manage/routing/headers/
https://docs.netlify.com/manage/routing/redirects/overview/

Both hosts answer pages with `max-age=0, must-revalidate` by themselves; a rule for all files would
be joined with that of the assets by a comma, so only the assets have one. Both answer an unknown
address with `/404.html` and status 404.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pageloom.hosts.headers import ASSETS, IMMUTABLE
from pageloom.hosts.output import Output, spellings

HEADERS, REDIRECTS = "_headers", "_redirects"
CLOUDFLARE_REDIRECTS = 2000
"""Rules without a wildcard: https://developers.cloudflare.com/pages/platform/limits/"""


def cloudflare(output: Output) -> dict[str, bytes]:
    """Return the files for Cloudflare Pages.

    It has no status for given-up addresses: they are unknown ones and answer 404. An address
    without its slash has a rule of its own as long as there is room for all.
    """
    moved = output.moved
    rules = [(old, item.target, "301") for item in moved for old in spellings(item.source)]
    if len(rules) > CLOUDFLARE_REDIRECTS:
        rules = [(item.source, item.target, "301") for item in moved]
    headers = dict(_rules(output))
    if not output.domain.endswith(".pages.dev"):
        headers["https://:project.pages.dev/*"] = {"X-Robots-Tag": "noindex"}
    return _files(headers, rules)


def netlify(output: Output) -> dict[str, bytes]:
    """Return the files for Netlify; its rules hold with and without the slash at the end."""
    rules = [(item.source, item.target, "301") for item in output.moved]
    rules += [(item.source, "/404.html", "410") for item in output.gone]
    return _files(dict(_rules(output)), rules)


def _rules(output: Output) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "/*", output.headers
    yield f"/{ASSETS}*", {"Cache-Control": IMMUTABLE}


def _files(
    headers: Mapping[str, Mapping[str, str]], rules: list[tuple[str, str, str]]
) -> dict[str, bytes]:
    blocks = (
        "".join([f"{pattern}\n", *(f"  {name}: {value}\n" for name, value in given.items())])
        for pattern, given in headers.items()
    )
    redirects = "".join(f"{' '.join(rule)}\n" for rule in rules)
    return {
        HEADERS: "\n".join(blocks).encode(),
        **({REDIRECTS: redirects.encode()} if redirects else {}),
    }
