"""nginx and Caddy: what goes into the block of a server that one has written oneself.

Name, TLS and the root folder are the server's own; the snippet says how the files below the root
are answered. https://nginx.org/en/docs/http/ngx_http_core_module.html,
https://caddyserver.com/docs/caddyfile/directives
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pageloom.hosts.headers import ASSETS, IMMUTABLE, REVALIDATED
from pageloom.hosts.output import Output, spellings

NGINX, CADDY = "nginx.conf", "Caddyfile"
_FOLDERS = r"/(?:[A-Za-z0-9._~-]+/)*"
"""Folders of an address, none empty: `//elsewhere.example/index.html` must not lead there."""

_NGINX = r"""# Written by Pageloom. Put `include .../nginx.conf;` into a server block that has
# listen, server_name, its certificate and `root`, the folder of the site.
charset utf-8;
charset_types text/css text/plain text/javascript application/javascript application/json
    text/xml;
gzip on;
gzip_vary on;
gzip_types text/css text/plain text/javascript application/javascript application/json
    text/xml image/svg+xml;
server_tokens off;
autoindex off;
absolute_redirect off;
index index.html;
error_page 403 =404 /404.html;
error_page 404 /404.html;
error_page 410 /404.html;
{headers}
add_header Cache-Control "{revalidated}" always;

# One address for each page.
if ($request_uri ~ "^({folders})index\.html(?:\?|$)") {{
    return 301 $1;
}}

location /{assets} {{
    # Only for files that are there: a 404 is not kept for a year.
    {headers_inside}
    add_header Cache-Control "{immutable}";
}}
location = /404.html {{
    internal;
}}
location ~ ^/_(?:headers|redirects)$ {{
    return 404;
}}
{locations}"""


def nginx(output: Output) -> dict[str, bytes]:
    """Return the part of a server block for nginx.

    `add_header` in a location takes the place of all outside it, so that they stand there again.
    """
    lines = [f'add_header {name} "{_quoted(value)}" always;' for name, value in _named(output)]
    locations = [
        f'location = {old} {{ return 301 "{item.target}"; }}'
        for item in output.moved
        for old in spellings(item.source)
    ]
    locations += [
        f"location = {old} {{ return 410; }}"
        for item in output.gone
        for old in spellings(item.source)
    ]
    text = _NGINX.format(
        headers="\n".join(lines),
        headers_inside="\n    ".join(lines),
        revalidated=REVALIDATED,
        immutable=IMMUTABLE,
        assets=ASSETS,
        folders=_FOLDERS,
        locations="".join(f"{line}\n" for line in locations),
    )
    return {NGINX: text.encode()}


_CADDY = r"""# Written by Pageloom. Put `import .../Caddyfile` into a site block that has `root`,
# the folder of the site.
encode gzip
header {{
{headers}
	?Cache-Control "{revalidated}"
	-Server
}}
# Only for files that are there: a 404 is not kept for a year.
@pageloom_assets {{
	path /{assets}*
	file
}}
header @pageloom_assets Cache-Control "{immutable}"

# One address for each page.
@pageloom_index path_regexp pageloom_index ^({folders})index\.html$
redir @pageloom_index {{re.pageloom_index.1}} 301
@pageloom_not_found path /404.html
error @pageloom_not_found 404
{moves}
handle_errors {{
	# An error is answered anew, without the headers above.
	header {{
	{headers_inside}
		Cache-Control "{revalidated}"
		-Server
	}}
	rewrite * /404.html
	file_server
}}
file_server {{
	hide _headers _redirects
}}
"""


def caddy(output: Output) -> dict[str, bytes]:
    """Return the part of a site block for Caddy."""
    moved = {old: item.target for item in output.moved for old in spellings(item.source)}
    gone = [old for item in output.gone for old in spellings(item.source)]
    moves = [*_map("pageloom_moved", moved, "redir {} {{pageloom_moved}} 301")]
    moves += _map("pageloom_gone", dict.fromkeys(gone, "410"), "error {} 410")
    lines = [f'\t{name} "{_quoted(value)}"' for name, value in _named(output)]
    text = _CADDY.format(
        headers="\n".join(lines),
        headers_inside="\n\t".join(lines),
        revalidated=REVALIDATED,
        immutable=IMMUTABLE,
        assets=ASSETS,
        folders=_FOLDERS,
        moves="\n".join(moves),
    )
    return {CADDY: text.encode()}


def _map(name: str, entries: Mapping[str, str], directive: str) -> Iterable[str]:
    """Yield a map from addresses, and a directive for those that are in it."""
    if not entries:
        return
    yield f"map {{path}} {{{name}}} {{"
    yield from (f'\t{old} "{new}"' for old, new in entries.items())
    yield '\tdefault ""'
    yield "}"
    yield f'@{name} expression `{{{name}}} != ""`'
    yield directive.format(f"@{name}")


def _named(output: Output) -> Iterable[tuple[str, str]]:
    return output.headers.items()


def _quoted(value: str) -> str:
    return value.replace('"', r"\"")
