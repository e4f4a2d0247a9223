"""GitHub Pages, for demonstrations: it has neither headers nor redirects of one's own.

https://docs.github.com/en/pages/getting-started-with-github-pages

Each former address is a page that leads on by itself, with a canonical link, kept out of the index.
"""

from __future__ import annotations

from html import escape

from pageloom.hosts.output import Output, file_of

NO_JEKYLL, DOMAIN = ".nojekyll", "CNAME"
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Moved</title>
<meta name="robots" content="noindex">
<meta name="generator" content="Pageloom">
<link rel="canonical" href="{canonical}">
<meta http-equiv="refresh" content="0; url={target}">
</head>
<body>
<p><a href="{target}">This page has moved.</a></p>
</body>
</html>
"""


def github(output: Output) -> dict[str, bytes]:
    """Return the files for GitHub Pages.

    `.nojekyll` keeps it from leaving out files whose name starts with a dot or an underscore;
    `CNAME` names a domain of one's own.
    """
    made = {NO_JEKYLL: b""}
    if not output.domain.endswith(".github.io"):
        made[DOMAIN] = f"{output.domain}\n".encode()
    for item in output.moved:
        path = _page_at(item.source)
        if not path.endswith(".html"):
            continue
        canonical = output.base_url + item.target.partition("#")[0]
        page = _PAGE.format(canonical=escape(canonical), target=escape(item.target))
        made[path] = page.encode()
    return made


def _page_at(route: str) -> str:
    """Return the file of a page at an address; an address without an ending is a folder."""
    return file_of(route if "." in route.rpartition("/")[2] else f"{route.rstrip('/')}/")
