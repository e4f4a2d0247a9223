"""Other subjects are other rows, words and looks, and no Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from trees import SITES, copied, made, tree

from pageloom.inputs import defaults_root

ROOT = Path(__file__).parent.parent
PROSE = re.compile(r"[A-Za-zÀ-ÿ]{3,}")


def pages(files: dict[str, bytes]) -> list[str]:
    return [path for path in files if path.endswith(".html")]


def test_two_axes_make_a_site(tmp_path: Path):
    root = copied("trades", tmp_path / "trades")
    assert made(root).problems == ()
    assert pages(tree(root / "site")) == [
        "bergen/electrician/index.html",
        "bergen/index.html",
        "bergen/plumber/index.html",
        "bergen/roofer/index.html",
        "index.html",
        "oslo/electrician/index.html",
        "oslo/index.html",
        "oslo/plumber/index.html",
        "oslo/roofer/index.html",
    ]


def test_four_axes_and_other_joins_make_a_site(tmp_path: Path):
    root = copied("faults", tmp_path / "faults")
    assert made(root).problems == ()
    assert pages(tree(root / "site")) == [
        "index.html",
        "nord/fjord/y2019/index.html",
        "nord/fjord/y2019/no-start/index.html",
        "nord/fjord/y2019/rust/index.html",
        "nord/fjord/y2019/smoke/index.html",
        "nord/fjord/y2020/index.html",
        "nord/fjord/y2020/no-start/index.html",
        "nord/fjord/y2020/rust/index.html",
        "nord/fjord/y2020/smoke/index.html",
        "nord/index.html",
        "sund/index.html",
        "sund/lille/y2020/index.html",
        "sund/lille/y2020/rust/index.html",
    ]


def test_the_most_specific_words_of_four_axes_win(tmp_path: Path):
    root = copied("faults", tmp_path / "faults")
    made(root)
    read = {
        name: (root / f"site/nord/fjord/{name}/index.html").read_text(encoding="utf-8")
        for name in ("y2020/smoke", "y2019/smoke", "y2019/rust")
    }
    assert "known seal fault" in read["y2020/smoke"]
    assert "glow plugs" in read["y2019/smoke"]
    assert "Read the code" in read["y2019/rust"]
    assert 'href="/nord/fjord/y2020/no-start/"' in read["y2020/smoke"]


def test_verticals_have_no_python():
    assert [path for path in SITES.rglob("*") if path.suffix in {".py", ".pyc"}] == []


def said(entry: object) -> Iterator[str]:
    """Yield the texts of an entry of a words file."""
    if isinstance(entry, dict):
        for value in entry.values():
            yield from said(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from said(value)
    else:
        yield str(entry)


def english() -> set[str]:
    """Return every word that the engine and the default theme print in English."""
    entries: dict[str, object] = {}
    for path in (defaults_root() / "words" / "en.yaml", ROOT / "content" / "words" / "en.yaml"):
        entries |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return {word.casefold() for text in said(entries) for word in PROSE.findall(text)}


def test_a_spanish_site_shows_no_english(tmp_path: Path):
    root = copied("oficios", tmp_path / "oficios")
    assert made(root).problems == ()
    written = [
        *root.glob("content/**/*.yaml"),
        *root.glob("content/*.md"),
        *root.glob("matrix/*.yaml"),
    ]
    spanish = {
        word.casefold()
        for path in written
        for word in PROSE.findall(path.read_text(encoding="utf-8"))
    }
    shown = set()
    for path, content in tree(root / "site").items():
        if path.endswith(".html"):
            shown |= set(PROSE.findall(visible(content.decode()).casefold()))
    assert shown & (english() - spanish) == set()
    assert shown - spanish - {"example", "https"} == set()


MACHINE = re.compile(
    r'<meta (?:name="(?:robots|viewport|generator|referrer|color-scheme|twitter:card)"'
    r'|property="og:(?:type|url)")[^>]*>|<script.*?</script>',
    re.DOTALL,
)


def visible(html: str) -> str:
    """Return what a reader, a screen reader or a search result shows of a page."""
    human = MACHINE.sub("", html)
    said_aloud = re.findall(r'(?:aria-label|content|alt|title)="([^"]*)"', human)
    return " ".join((*said_aloud, re.sub(r"<[^>]*>", " ", human)))


def test_the_engine_names_no_subject():
    """No module knows a payer, a procedure or a reason."""
    names = {"payer", "procedure", "denial", "insur", "patient", "medicare", "appeal"}
    for name in ("payers", "procedures", "reasons"):
        rows = yaml.safe_load((ROOT / "matrix" / f"{name}.yaml").read_text(encoding="utf-8"))
        names |= {row["slug"] for row in rows}
    subject = re.compile("|".join(rf"\b{re.escape(name)}" for name in sorted(names)), re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "pageloom").rglob("*"))
        if path.suffix in {".py", ".json"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if subject.search(line)
    ]
    assert found == []


def test_the_default_theme_names_no_subject():
    subject = re.compile(r"\b(?:payer|procedure|denial|insur|patient|claim)", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "themes" / "default").rglob("*"))
        if path.suffix in {".html", ".yaml"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if subject.search(line)
    ]
    assert found == []
