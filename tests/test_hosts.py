"""Each host gets what it needs, within its limits, and answers as the configuration says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import hosted
import pytest
import trees
from hosted import PAGE, SECTION, Asker, beside, shop

from pageloom import hosts
from pageloom.diagnostics import ERROR, WARNING, Location
from pageloom.hosts import limits, pages
from pageloom.hosts.headers import IMMUTABLE, REVALIDATED, SECURITY
from pageloom.load.schemas import built_in
from pageloom.options import Options
from pageloom.pipeline import build, check
from pageloom.redirects import GONE, MOVED, Redirect

AT = Location("content/site.yaml", 3, 7)
SITE = ("index.html", "404.html")


def output(moved: int = 0, base_url: str = "https://shop.example", **more: object) -> hosts.Output:
    redirects = [Redirect(f"/old-{n:05}/", f"/new-{n:05}/", MOVED) for n in range(moved)]
    values = {"headers": dict(SECURITY), "redirects": redirects} | more
    return hosts.Output(base_url=base_url, **values)


def told(
    host: str, given: hosts.Output, files: int = 2, extra: Mapping[str, bytes] | None = None
) -> list[tuple[str, str]]:
    """Return severity and code of what a host would not take of so many files."""
    paths = [*SITE, *(f"{n}/index.html" for n in range(files - 2))]
    return [(p.severity, p.code) for p in hosts.check([host], given, paths, extra or {}, AT)]


def policy(value: str) -> dict[str, list[str]]:
    parts = (part.split() for part in value.split(";"))
    return {name: sources for name, *sources in parts}


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline():
    found = policy(SECURITY["Content-Security-Policy"])
    assert found["default-src"] == ["'none'"]
    assert found["frame-ancestors"] == found["base-uri"] == found["form-action"] == ["'none'"]
    assert found["connect-src"] == ["'self'"]
    assert {source for sources in found.values() for source in sources} == {"'none'", "'self'"}


def refused(page: str) -> list[str]:
    """Return the markup of a page that the policy would stop, or that asks another host."""
    inline = re.findall(r"<style\b|<[^>]+\s(?:style|on[a-z]+)=[^>]*>", page)
    scripts = re.findall(r"<script(?![^>]*(?:\ssrc=|application/ld\+json))[^>]*>", page)
    loaded = re.findall(
        r'<(?:script|img|source|iframe|link rel="(?:stylesheet|icon|manifest)")[^>]*'
        r'\s(?:src|href)="(?!/[^/])[^"]*"',
        page,
    )
    return [*inline, *scripts, *loaded]


def test_no_page_has_markup_that_the_policy_stops(flagship_site: Path, tmp_path: Path):
    shutil.copytree(trees.ROOT / "examples/minimal", tmp_path / "minimal")
    trees.made(tmp_path / "minimal")
    for site in (flagship_site, tmp_path / "minimal/site"):
        found = {path: refused(path.read_text("utf-8")) for path in site.rglob("*.html")}
        assert {path: markup for path, markup in found.items() if markup} == {}
        assert len(found) > 8


def test_markup_that_the_policy_stops_is_seen():
    for markup in (
        *("<style>", '<p style="x">', '<a href="/" onclick="x()">', "<script>x()</script>"),
        *('<img alt="" src="https://a.example/">', '<script src="//a.example/x.js"></script>'),
    ):
        assert refused(f"<main>{markup}</main>"), markup


def test_every_host_of_the_settings_is_known_and_no_other():
    schema = built_in("site")["properties"]["host"]["anyOf"]
    assert schema[0]["enum"] == schema[1]["items"]["enum"] == list(hosts.HOSTS)
    assert set(limits.LIMITS) | set(limits.WEIGHTS) <= set(hosts.HOSTS)


def test_cloudflare_pages_has_headers_and_redirects_of_both_spellings(tmp_path: Path):
    site = shop(tmp_path, "cloudflare-pages") / "site"
    blocks = (site / "_headers").read_text(encoding="utf-8").split("\n\n")
    everywhere = [f"  {name}: {value}" for name, value in SECURITY.items()]
    assert blocks[0].split("\n") == ["/*", *everywhere]
    assert blocks[1] == f"/assets/*\n  Cache-Control: {IMMUTABLE}"
    assert blocks[2] == "https://:project.pages.dev/*\n  X-Robots-Tag: noindex\n"
    assert (site / "_redirects").read_text(encoding="utf-8") == (
        f"/alpha/noise/ {SECTION} 301\n/alpha/noise {SECTION} 301\n"
        f"/alpha/smoke/ {PAGE} 301\n/alpha/smoke {PAGE} 301\n"
    )
    assert not beside(tmp_path).exists()


def test_a_site_whose_own_address_is_on_pages_dev_stays_in_the_index():
    given = output(base_url="https://shop.pages.dev")
    assert b"noindex" not in hosts.public(["cloudflare-pages"], given)["_headers"]


def test_netlify_answers_given_up_addresses_with_410(tmp_path: Path):
    site = shop(tmp_path, "netlify") / "site"
    assert (site / "_redirects").read_text(encoding="utf-8") == (
        f"/alpha/noise/ {SECTION} 301\n/alpha/smoke/ {PAGE} 301\n/given-up/ /404.html 410\n"
    )
    assert b"pages.dev" not in (site / "_headers").read_bytes()


def test_github_pages_has_a_domain_and_pages_that_lead_on(tmp_path: Path):
    site = shop(tmp_path, "github-pages") / "site"
    assert (site / ".nojekyll").read_bytes() == b""
    assert (site / "CNAME").read_text(encoding="utf-8") == "shop.example\n"
    page = (site / "alpha/smoke/index.html").read_text(encoding="utf-8")
    assert f'<meta http-equiv="refresh" content="0; url={PAGE}">' in page
    assert f'<link rel="canonical" href="https://shop.example{PAGE}">' in page
    assert '<meta name="robots" content="noindex">' in page
    section = (site / "alpha/noise/index.html").read_text(encoding="utf-8")
    assert '<link rel="canonical" href="https://shop.example/">' in section
    assert not (site / "given-up").exists()
    assert "alpha" not in (site / "sitemap.xml").read_text(encoding="utf-8")


def test_github_pages_leads_on_from_pages_only():
    moved = [Redirect(path, "/new/", MOVED) for path in ("/a", "/b.html", "/c.pdf", "/d/")]
    made = hosts.public(["github-pages"], output(redirects=moved))
    assert {path for path in made if path.endswith(".html")} == {
        *("a/index.html", "b.html", "d/index.html"),
    }
    assert "c.pdf" not in made


def test_github_pages_under_its_own_domain_needs_no_name():
    given = output(base_url="https://someone.github.io")
    assert set(hosts.public(["github-pages"], given)) == {".nojekyll"}


def test_what_a_server_is_set_up_with_is_not_public(tmp_path: Path):
    root = shop(tmp_path, "[nginx, caddy, s3]")
    assert {path.name for path in beside(root).iterdir()} == set(hosts.BESIDE)
    made = trees.tree(root / "site")
    assert not [path for path in made if Path(path).name in hosts.BESIDE]
    assert "_headers" not in made


def test_every_file_is_removed_when_the_site_moves_to_another_host(tmp_path: Path):
    root = shop(tmp_path / "site-of-shop", "github-pages")
    settings = root / "content/site.yaml"
    before = "github-pages"
    for host in ("cloudflare-pages", "[nginx, s3]", "netlify", "github-pages", "caddy"):
        trees.replace(settings, f"host: {before}\n", f"host: {host}\n")
        trees.made(root)
        assert trees.tree(root / "site") == trees.rebuilt(root, tmp_path / "clean")
        assert trees.tree(root / ".pageloom/host") == trees.tree(tmp_path / "clean/.pageloom/host")
        before = host
    trees.replace(settings, "host: caddy\n", "")
    trees.made(root)
    assert trees.tree(root / "site") == trees.rebuilt(root, tmp_path / "clean")
    assert trees.tree(root / ".pageloom/host") == {}


def test_another_host_writes_no_page_again(tmp_path: Path):
    root = shop(tmp_path, "nginx")
    trees.replace(root / "content/site.yaml", "host: nginx\n", "host: netlify\n")
    assert trees.made(root).written == ("_headers", "_redirects", "build-info.json")


def test_files_of_hosts_are_taken_up_again_when_the_records_are_lost(tmp_path: Path):
    root = shop(tmp_path, "github-pages")
    before = trees.tree(root / "site")
    for path in (root / ".pageloom").rglob("*"):
        if path.is_file():
            path.unlink()
    trees.replace(root / "content/site.yaml", "host: github-pages\n", "host: netlify\n")
    trees.made(root)
    after = trees.tree(root / "site")
    assert set(before) - set(after) == {
        *(".nojekyll", "CNAME", "alpha/noise/index.html", "alpha/smoke/index.html")
    }


def test_headers_of_the_settings_stand_in_place_of_ours(tmp_path: Path):
    root = shop(tmp_path, "netlify")
    given = ("referrer-policy: same-origin", 'Permissions-Policy: "off"', "X-More: \"a 'b'\"")
    trees.append(root / "content/site.yaml", "headers:\n  " + "\n  ".join(given) + "\n")
    trees.made(root)
    text = (root / "site/_headers").read_text(encoding="utf-8")
    names = re.findall(r"^  ([\w-]+):", text.split("\n\n")[0], re.MULTILINE)
    kept = [name for name in SECURITY if name not in {"Referrer-Policy", "Permissions-Policy"}]
    assert names == [*kept, "referrer-policy", "X-More"]
    assert "  referrer-policy: same-origin\n" in text


@pytest.mark.parametrize(
    ("host", "most"), [("cloudflare-pages", 20_000), ("cloudflare-pages-paid", 100_000)]
)
def test_the_number_of_files_is_checked(host: str, most: int):
    given = output()
    assert told(host, given, most * 9 // 10 - 1) == []
    assert told(host, given, most * 9 // 10) == [(WARNING, "H901")]
    assert told(host, given, most) == [(WARNING, "H901")]
    assert told(host, given, most + 1) == [(ERROR, "H901")]


def test_what_is_too_much_is_told_with_its_source_and_the_change():
    (found,) = hosts.check(
        ["cloudflare-pages"], output(), [*SITE, *map(str, range(20_000))], {}, AT
    )
    assert found.first_line() == (
        "content/site.yaml:3:7: error[H901]: 20002 files are more than cloudflare-pages takes"
    )
    assert "https://developers.cloudflare.com/pages/platform/limits/" in found.expected
    assert "cloudflare-pages-paid" in found.help


def test_the_size_of_a_file_is_checked():
    most = 25 * 1024 * 1024
    big = {"film.mp4": bytes(most + 1)}
    assert told("cloudflare-pages", output(), extra=big) == [(ERROR, "H901")]
    assert told("cloudflare-pages", output(), extra={"film.mp4": bytes(most)}) == [
        (WARNING, "H901")
    ]


def test_cloudflare_takes_both_spellings_while_there_is_room_and_2000_redirects():
    def lines(moved: int) -> int:
        made = hosts.public(["cloudflare-pages"], output(moved))
        return len(made["_redirects"].splitlines())

    assert (lines(1000), lines(1001)) == (2000, 1001)
    assert told("cloudflare-pages", output(2000)) == [(WARNING, "H901")]
    assert told("cloudflare-pages", output(2001)) == [(ERROR, "H901")]


def test_long_redirects_are_checked():
    def given(length: int) -> hosts.Output:
        target = "/" + "a" * (length - len("/old/  301") - 1)
        return output(redirects=[Redirect("/old/", target, MOVED)])

    assert told("cloudflare-pages", given(1000)) == [(WARNING, "H901")]
    assert told("cloudflare-pages", given(1001)) == [(ERROR, "H901")]


def test_netlify_advises_against_many_redirects():
    assert told("netlify", output(10_000)) == []
    assert told("netlify", output(10_001)) == [(WARNING, "H901")]


def test_github_pages_is_weighed_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = shop(tmp_path, "github-pages")
    weight = sum(map(len, trees.tree(root / "site").values()))
    (limit,) = limits.WEIGHTS.values()
    small = limits.Limit(weight - 1, limit.of, limit.count, limit.source, limit.help)
    monkeypatch.setitem(limits.WEIGHTS, "github-pages", small)
    (problem,) = build(Options(root=root, verify=True)).problems
    assert (problem.code, problem.severity) == ("H901", ERROR)
    assert problem.message == f"{weight} bytes in all are more than github-pages takes"


def test_check_tells_what_a_build_would(tmp_path: Path):
    root = shop(tmp_path, "netlify")
    trees.replace(root / "content/site.yaml", "host: netlify", "host: [netlify, cloudflare-pages]")
    assert [problem.code for problem in check(Options(root=root)).problems] == ["H902", "H902"]
    before = trees.tree(root / "site")
    assert [problem.code for problem in build(Options(root=root)).problems] == ["H902", "H902"]
    assert trees.tree(root / "site") == before


def test_s3_has_settings_of_bucket_and_cloudfront(tmp_path: Path):
    root = shop(tmp_path, "s3")
    given = {path.name: json.loads(path.read_text("utf-8")) for path in beside(root).iterdir()}
    assert given["s3-redirects.json"] == {
        "alpha/noise/index.html": SECTION,
        "alpha/smoke/index.html": PAGE,
    }
    assert given["s3-website.json"]["ErrorDocument"] == {"Key": "404.html"}
    security = given["cloudfront-headers.json"]["SecurityHeadersConfig"]
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31536000
    custom = given["cloudfront-headers.json"]["CustomHeadersConfig"]["Items"]
    assert {item["Header"] for item in custom} == {
        *("Permissions-Policy", "Cross-Origin-Opener-Policy"),
    }


def test_a_gone_address_is_no_redirect():
    given = output(redirects=[Redirect("/gone/", "", GONE)])
    for host in hosts.HOSTS:
        made = {**hosts.public([host], given), **hosts.beside([host], given)}
        assert b"301 \n" not in b"".join(made.values())
    assert pages.REDIRECTS not in hosts.public(["cloudflare-pages"], given)


Serving = Callable[[Path, Path], AbstractContextManager[Asker]]


def _nginx(root: Path, folder: Path) -> AbstractContextManager[Asker]:
    return hosted.nginx(root / "site", beside(root) / "nginx.conf", folder)


def _caddy(root: Path, folder: Path) -> AbstractContextManager[Asker]:
    return hosted.caddy(root / "site", beside(root) / "Caddyfile", folder)


@pytest.fixture(scope="module", params=[_nginx, _caddy], ids=["nginx", "caddy"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asker]:
    """Serve the shop by a server of the system."""
    folder = tmp_path_factory.mktemp("server")
    root = shop(folder / "shop", "[nginx, caddy, cloudflare-pages]")
    with request.param(root, folder) as ask:
        yield ask


def security(answer: hosted.Answer) -> dict[str, str | None]:
    return {name: answer.headers.get(name.lower()) for name in SECURITY}


@pytest.mark.parametrize(
    "path", ["/", PAGE, "/robots.txt", "/sitemap.xml", "/.well-known/about.txt"]
)
def test_a_server_answers_with_every_header_and_asks_to_look_again(server: Asker, path: str):
    answer = server(path)
    assert answer.status == 200
    assert security(answer) == dict(SECURITY)
    assert answer.headers["cache-control"] == REVALIDATED


def test_a_server_says_what_a_file_is(server: Asker):
    kinds = {path: server(path).headers["content-type"] for path in ("/", "/robots.txt")}
    assert kinds == {"/": "text/html; charset=utf-8", "/robots.txt": "text/plain; charset=utf-8"}
    assert server("/sitemap.xml").headers["content-type"].startswith("text/xml")


def test_a_server_lets_assets_be_kept_for_a_year(server: Asker):
    (path,) = re.findall(rb'href="(/assets/site\.[^"]+)"', server("/").body)
    answer = server(path.decode())
    assert (answer.status, answer.headers["cache-control"]) == (200, IMMUTABLE)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert security(answer) == dict(SECURITY)


def test_a_server_sends_an_unchanged_page_once(server: Asker):
    tag = server(PAGE).headers["etag"]
    again = server(PAGE, **{"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_a_server_sends_text_compressed(server: Asker):
    assert server("/", **{"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/alpha/smoke/", PAGE),
        ("/alpha/smoke", PAGE),
        ("/alpha/noise/", SECTION),
        ("/alfa/smoke", PAGE),
        ("/alfa/smoke/index.html", PAGE),
        ("/index.html", "/"),
    ],
)
def test_a_server_leads_on_for_good_in_one_hop(server: Asker, path: str, target: str):
    answer = server(path)
    assert answer.status in {301, 308}
    assert answer.location == target
    assert security(answer) == dict(SECURITY)
    assert server(target.partition("#")[0]).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere/", 404),
        ("/404.html", 404),
        ("/alfa/", 404),
        ("/assets/", 404),
        ("/assets/site.0000000000.css", 404),
        ("/_headers", 404),
        ("/_redirects", 404),
        ("/given-up/", 410),
        ("/given-up", 410),
    ],
)
def test_a_server_shows_our_page_where_there_is_none(server: Asker, path: str, status: int):
    answer = server(path)
    assert answer.status == status
    assert b"Nothing here" in answer.body
    assert answer.headers["cache-control"] == REVALIDATED
    assert security(answer) == dict(SECURITY)


@pytest.mark.parametrize(
    "path",
    [
        "//elsewhere.example/index.html",
        "//elsewhere.example",
        "/\\elsewhere.example/index.html",
        "/%5Celsewhere.example/index.html",
        "/..%2f..%2fmatrix/matrix.yaml",
        "/../content/site.yaml",
    ],
)
def test_a_server_leads_nowhere_else_and_shows_nothing_else(server: Asker, path: str):
    answer = server(path)
    assert not answer.location.startswith(("//", "/\\", "http"))
    assert b"base_url" not in answer.body
    assert b"families" not in answer.body


def test_cloudflares_emulator_answers_as_it_should(tmp_path: Path):
    root = shop(tmp_path / "shop", "cloudflare-pages")
    with hosted.wrangler(root / "site", tmp_path) as ask:
        for path in ("/", PAGE, "/nowhere/", "/alpha/smoke/"):
            assert security(ask(path)) == dict(SECURITY)
        for path in ("/alpha/smoke/", "/alpha/smoke"):
            assert (ask(path).status, ask(path).location) == (301, PAGE)
        assert ask("/alpha/noise/").location == SECTION
        assert (ask("/alfa/smoke").status, ask("/alfa/smoke").location) == (308, PAGE)
        assert ask("/").headers["cache-control"] == REVALIDATED
        assert [ask(path).status for path in ("/nowhere/", "/given-up/", "/assets/")] == [404] * 3
        (path,) = re.findall(rb'href="(/assets/site\.[^"]+)"', ask("/").body)
        assert ask(path.decode()).headers["cache-control"] == IMMUTABLE


def test_netlifys_emulator_answers_as_it_should(tmp_path: Path):
    root = shop(tmp_path / "shop", "netlify")
    with hosted.netlify(root / "site", tmp_path) as ask:
        for path in ("/", PAGE, "/nowhere/", "/given-up/"):
            assert security(ask(path)) == dict(SECURITY)
        for path in ("/alpha/smoke/", "/alpha/smoke"):
            assert (ask(path).status, ask(path).location) == (301, PAGE)
        assert ask("/alpha/noise/").location == SECTION
        assert (ask("/given-up/").status, ask("/nowhere/").status) == (410, 404)
