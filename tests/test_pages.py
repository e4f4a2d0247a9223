"""What holds for every page that is built: of the flagship and of the small sites."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import html5lib
import pytest
from lxml import etree
from trees import SITES, copied, made

from pageloom import seo
from pageloom.pipeline import Options, decide
from pageloom.plan import PUBLISHED, page_route
from pageloom.release import release

ROOT = Path(__file__).parent.parent
NAMES = ("flagship", "minimal", "faults", "garden", "oficios", "trades")


@dataclass
class Page:
    """A page, parsed strictly."""

    address: str
    html: str
    family: str = ""
    faults: list[str] = field(default_factory=list)

    @cached_property
    def tree(self) -> etree._Element:
        """The document; faults of the parser are kept in `faults`."""
        parser = html5lib.HTMLParser(
            tree=html5lib.getTreeBuilder("lxml"), namespaceHTMLElements=False
        )
        tree = parser.parse(self.html)
        self.faults += [f"{self.address}: {place}: {code}" for place, code, _ in parser.errors]
        return tree.getroot()

    def all(self, path: str) -> list[etree._Element]:
        """Return the elements of an XPath."""
        found: list[etree._Element] = self.tree.xpath(path)
        return found

    def text(self, path: str) -> str:
        """Return the text in the elements of an XPath."""
        return " ".join(" ".join(element.itertext()) for element in self.all(path))

    @cached_property
    def ids(self) -> Counter[str]:
        """How often each id is given."""
        return Counter(self.tree.xpath("//@id"))

    @cached_property
    def nodes(self) -> list[dict[str, object]]:
        """The nodes of the one graph of structured data."""
        (script,) = self.all("//script[@type='application/ld+json']")
        value = json.loads(script.text)
        assert set(value) == {"@context", "@graph"}
        return list(value["@graph"])


@dataclass
class Site:
    """A built site."""

    name: str
    base: str
    folder: Path
    pages: dict[str, Page]
    indexed: frozenset[str]

    @property
    def listed(self) -> list[Page]:
        """The pages for the index."""
        return [self.pages[address] for address in sorted(self.indexed)]


def built(name: str, folder: Path) -> Site:
    """Build a project into a folder and read its pages."""
    if name == "flagship":
        root = ROOT
    elif name == "minimal":
        root = Path(shutil.copytree(ROOT / "examples" / "minimal", folder / "minimal"))
    else:
        root = copied(name, folder / name)
    if name == "trades":  # its pages have dates
        assert release(Options(root=root)).released
    out = folder / "out"
    made(root, out=out)
    plan = decide(Options(root=root)).plan
    assert plan is not None
    base = plan.project.settings.base_url
    families: dict[str, str] = {}
    indexed: set[str] = set()
    for family, cells in plan.families.items():
        for number, cell in enumerate(cells.cells):
            for page in range(1, plan.page_count(cells, number) + 1):
                address = page_route(plan.route(cells.family, cell), page)
                families[address] = family
                if cells.verdicts[number] == PUBLISHED and cells.family.listed:
                    indexed.add(address)
    pages = {}
    for path in sorted(out.rglob("*.html")):
        address = "/" + re.sub(r"index\.html$", "", path.relative_to(out).as_posix())
        pages[address] = Page(address, path.read_text(encoding="utf-8"), families[address])
    return Site(name, base, out, pages, frozenset(indexed))


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Site]]:
    """Return a function that builds a site once."""
    known: dict[str, Site] = {}

    def get(name: str) -> Site:
        if name not in known:
            known[name] = built(name, tmp_path_factory.mktemp(name))
        return known[name]

    yield get
    out = known["flagship"].folder if "flagship" in known else None
    for state in (ROOT / ".pageloom").glob("out-*") if out else ():
        manifest = state / "manifest"
        if manifest.is_file() and str(out) in manifest.read_text(encoding="utf-8")[:400]:
            shutil.rmtree(state)


@pytest.fixture(params=NAMES)
def site_pages(request: pytest.FixtureRequest, sites: Callable[[str], Site]) -> Site:
    """Return a built site."""
    return sites(request.param)


def test_every_page_parses_strictly(site_pages: Site):
    for page in site_pages.pages.values():
        assert page.all("//main")
    assert [fault for page in site_pages.pages.values() for fault in page.faults] == []


def test_ids_are_unique(site_pages: Site):
    twice = [
        (page.address, name)
        for page in site_pages.pages.values()
        for name, count in page.ids.items()
        if count > 1
    ]
    assert twice == []


def test_every_internal_link_and_fragment_resolves(site_pages: Site):
    dead = []
    for page in site_pages.pages.values():
        for target in page.tree.xpath("//@href | //@src"):
            url = urlsplit(urljoin(site_pages.base + page.address, target))
            if f"{url.scheme}://{url.netloc}" != site_pages.base:
                continue
            if url.path in site_pages.pages:
                known = not url.fragment or url.fragment in site_pages.pages[url.path].ids
                if not known and "=" not in url.fragment:  # `name=value` is for a form there
                    dead.append((page.address, target))
            elif not (site_pages.folder / url.path.lstrip("/")).is_file():
                dead.append((page.address, target))
    assert dead == []


def test_links_lead_to_canonical_addresses(site_pages: Site):
    """No link goes round a redirect: each names an address as the canonical link does."""
    canonical = {
        page.tree.xpath("string(//link[@rel='canonical']/@href)")
        for page in site_pages.pages.values()
    }
    assert canonical == {site_pages.base + address for address in site_pages.pages}


def test_one_heading_and_no_skipped_level(site_pages: Site):
    for page in site_pages.pages.values():
        levels = [int(element.tag[1]) for element in page.all("//main//*") if is_heading(element)]
        assert levels[0] == 1, page.address
        assert levels.count(1) == 1, page.address
        skipped = [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1]
        assert skipped == [], page.address
        assert len(page.all("//h1")) == 1, page.address


def is_heading(element: etree._Element) -> bool:
    return isinstance(element.tag, str) and re.fullmatch(r"h[1-6]", element.tag) is not None


def test_titles_and_descriptions_fit(site_pages: Site):
    wrong = []
    for page in site_pages.listed:
        if "/page/" in page.address:
            continue
        (description,) = page.tree.xpath("//head/meta[@name='description']/@content")
        if not seo.title_fits(page.text("//title")):
            wrong.append((page.address, page.text("//title")))
        if not seo.description_fits(description):
            wrong.append((page.address, description))
    assert wrong == []


def test_titles_and_descriptions_are_of_one_page_each(site_pages: Site):
    titles = Counter(page.text("//title").casefold() for page in site_pages.pages.values())
    assert [title for title, count in titles.items() if count > 1] == []
    for page in site_pages.pages.values():
        assert page.text("//title") != page.text("//h1"), page.address


def test_structured_data_is_what_the_page_shows(site_pages: Site):
    for page in site_pages.pages.values():
        shown = squeezed(page.text("//body//*[not(self::script)]") + page.text("//title"))
        for node in page.nodes:
            for name, text in literals(node):
                said = in_words(text) if name.startswith("date") else text
                assert squeezed(said) in shown, (page.address, name, text)


def in_words(day: str) -> str:
    return f"{date.fromisoformat(day):%B %-d, %Y}"


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def literals(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of structured data that a reader should see."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in {"@type", "@id", "@context", "url", "item", "inLanguage"}:
                yield from literals(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from literals(item, name)
    elif isinstance(value, str):
        yield name, value


def test_structured_data_refers_to_itself_only(site_pages: Site):
    for page in site_pages.pages.values():
        ids = {node["@id"] for node in page.nodes}
        assert references(page.nodes) <= ids, page.address


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            return {str(value["@id"])}
        return set().union(*(references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return set()


def test_structured_lists_are_the_links_of_the_page(site_pages: Site):
    for page in site_pages.pages.values():
        for node in page.nodes:
            if node["@type"] != "ItemList":
                continue
            entries: list[dict[str, object]] = node["itemListElement"]  # type: ignore[assignment]
            links = {
                (site_pages.base + link.get("href"), squeezed("".join(link.itertext())))
                for link in page.all("//main//a[starts-with(@href, '/')]")
            }
            assert {(entry["url"], entry["name"]) for entry in entries} <= links, page.address
            places = [entry["position"] for entry in entries]
            assert places == list(range(1, len(entries) + 1))


def test_breadcrumbs_are_the_breadcrumb_list(site_pages: Site):
    for page in site_pages.pages.values():
        shown = [
            (squeezed("".join(item.itertext())), [a.get("href") for a in item.iter("a")])
            for item in page.all("//nav[contains(@class, 'crumbs')]//li")
        ]
        said = [
            (entry["name"], entry["item"])
            for node in page.nodes
            if node["@type"] == "BreadcrumbList"
            for entry in node["itemListElement"]  # type: ignore[attr-defined]
        ]
        assert [name for name, _ in shown] == [name for name, _ in said], page.address
        for (_, hrefs), (_, address) in zip(shown, said, strict=True):
            assert [site_pages.base + href for href in hrefs] in ([address], [])
        if said:
            assert said[-1][1] == site_pages.base + page.address


def test_the_sitemap_is_valid_and_names_the_pages_for_the_index(site_pages: Site):
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "sitemap.xsd"))
    sitemap = etree.parse(site_pages.folder / "sitemap.xml")
    assert schema.validate(sitemap), schema.error_log
    found = [loc.text for loc in sitemap.getroot().findall("{*}url/{*}loc")]
    assert sorted(found) == sorted(site_pages.base + page.address for page in site_pages.listed)


def test_the_schema_refuses_what_the_protocol_refuses():
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "sitemap.xsd"))
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    for body in ("", "<url/>", "<url><loc>https://a.example/</loc><lastmod>May</lastmod></url>"):
        assert not schema.validate(etree.fromstring(f"<urlset {space}>{body}</urlset>"))
    for name, tags in (("urlset", "url"), ("sitemapindex", "sitemap")):
        text = f"<{name} {space}><{tags}><loc>https://a.example/</loc></{tags}></{name}>"
        assert schema.validate(etree.fromstring(text))


def test_robots_txt_names_the_sitemap(site_pages: Site):
    lines = (site_pages.folder / "robots.txt").read_text(encoding="utf-8").splitlines()
    assert f"Sitemap: {site_pages.base}/sitemap.xml" in lines


LOADED = (
    "//script/@src | //img/@src | //iframe/@src | //source/@srcset | //form/@action | //video/@src"
)


def test_no_page_asks_someone_else_for_anything(site_pages: Site):
    for page in site_pages.pages.values():
        loaded = [str(item) for item in page.tree.xpath(LOADED)]
        loaded += [
            link.get("href")
            for link in page.all("//link")
            if link.get("rel") not in {"canonical", "alternate"}
        ]
        assert [item for item in loaded if not re.match(r"/[^/]", item)] == [], page.address
    for sheet in site_pages.folder.glob("assets/*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r"@import|url\(\s*[\"']?(?:https?:)?//", text) == []


def test_no_style_or_script_in_the_page(site_pages: Site):
    for page in site_pages.pages.values():
        assert page.all("//style | //*[@style]") == [], page.address
        assert page.tree.xpath("//@*[starts-with(name(), 'on')]") == [], page.address
        inline = page.all("//script[not(@src)]")
        assert [script.get("type") for script in inline] == ["application/ld+json"]
        for script in page.all("//script[@src]"):
            assert script.get("src").startswith("/assets/"), page.address
            assert script.get("defer") is not None, page.address


def test_no_markdown_or_template_leaks(site_pages: Site):
    leak = re.compile(r"\{\{|\}\}|\{%|[\ue000-\ue003]|^#{1,6} |\|---|\*\*", re.MULTILINE)
    for page in site_pages.pages.values():
        assert leak.findall(page.text("//body")) == [], page.address


def test_pages_say_their_language(site_pages: Site):
    lang = "es" if site_pages.name == "oficios" else "en"
    assert {page.tree.get("lang") for page in site_pages.pages.values()} == {lang}


def vnu() -> Path | None:
    """Return the Nu validator's jar."""
    named = os.environ.get("VNU_JAR", "")
    places = [Path(named)] if named else [*ROOT.glob("node_modules/vnu-jar/build/dist/vnu.jar")]
    return next((place for place in places if place.is_file()), None)


HEADLESS = "Section lacks heading"
"""A slot that has no heading is a section all the same: it is where links to it lead."""


def test_the_nu_validator_finds_no_error(sites: Callable[[str], Site], tmp_path: Path):
    """One page of each family of each site."""
    jar = vnu()
    if shutil.which("java") is None or jar is None:
        pytest.skip("needs java, and `npm install vnu-jar` here or VNU_JAR=path/to/vnu.jar")
    for name in NAMES:
        site = sites(name)
        chosen = {page.family: page for page in site.pages.values()}
        for family, page in chosen.items():
            (tmp_path / f"{name}-{family}.html").write_text(page.html, encoding="utf-8")
        for sheet in site.folder.glob("assets/*.css"):
            (tmp_path / f"{name}.css").write_bytes(sheet.read_bytes())
    command = ["java", "-Xss2m", "-jar", str(jar), "--format", "json", "--also-check-css"]
    run = subprocess.run([*command, str(tmp_path)], capture_output=True, check=False)
    messages = json.loads(run.stderr or b'{"messages": []}')["messages"]
    found = {
        f"{Path(item['url']).name}:{item.get('lastLine')}: {item['message']}"
        for item in messages
        if item["type"] == "error"
        or (item.get("subType") == "warning" and not item["message"].startswith(HEADLESS))
    }
    assert found == set()


def test_small_sites_are_here():
    assert {path.name for path in SITES.iterdir()} | {"flagship", "minimal"} == set(NAMES)
