"""An image for shared links: one a family, in the theme's colours, equal bytes for equal words."""

from __future__ import annotations

import importlib.metadata
import io
import re
from pathlib import Path

import pytest
from projects import write_files
from trees import made, tree

Image = pytest.importorskip("PIL.Image", reason="needs `pip install .[images]`")

PROJECT = """\
-- content/site.yaml --
brand: Garden
base_url: https://garden.example
as_of: 2026-11-25
share_images: true
organization: {description: Seeds and when to sow them}
-- content/answer.md --
---
slot: answer
for: {}
---
Sow after the last frost.
-- content/words/en.yaml --
{}
-- matrix/plants.yaml --
- {slug: bean, name: Bean}
- {slug: leek, name: Leek}
-- matrix/matrix.yaml --
format: 1
axes:
  plant: {file: plants.yaml}
families:
  home:
    axes: []
    route: /
    title: ["Garden: when to sow what, week by week"]
    description: ["d"]
    h1: "What to sow"
    slots: {list: {list: plant}}
  plant:
    axes: [plant]
    route: /{plant}/
    parent: home
    share_title: "When to sow, and how deep"
    title: ["{{ plant.name }}: when to sow it, week by week"]
    description: ["d"]
    h1: "{{ plant.name }}"
    slots: {answer: {snippet: required}}
"""


def garden(root: Path) -> Path:
    write_files(root, PROJECT)
    return root


def images(root: Path) -> dict[str, bytes]:
    files = tree(root / "site")
    return {path: content for path, content in files.items() if path.endswith(".png")}


def named(root: Path, page: str) -> dict[str, str]:
    text = (root / "site" / page).read_text(encoding="utf-8")
    return dict(
        re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)"', text)
    )


def corner(root: Path) -> tuple[int, ...]:
    first = next(iter(images(root).values()))
    return Image.open(io.BytesIO(first)).convert("RGB").getpixel((0, 0))


def test_each_family_has_an_image_and_its_pages_name_it(tmp_path: Path):
    root = garden(tmp_path)
    made(root)
    found = images(root)
    assert sorted(re.sub(r"\.\w{10}\.", ".", path) for path in found) == [
        "assets/share/home.png",
        "assets/share/plant.png",
    ]
    for content in found.values():
        assert Image.open(io.BytesIO(content)).size == (1200, 630)
        assert len(content) <= 60_000
    bean, leek = named(root, "bean/index.html"), named(root, "leek/index.html")
    assert bean["og:image"].removeprefix("https://garden.example/") in found
    assert bean["og:image"] == leek["og:image"] == bean["twitter:image"]
    assert bean["og:image:alt"] == "When to sow, and how deep Garden"
    assert named(root, "index.html")["og:image:alt"] == "Seeds and when to sow them Garden"
    assert (bean["og:image:width"], bean["og:image:height"]) == ("1200", "630")
    assert bean["twitter:card"] == "summary_large_image"


def test_equal_words_give_equal_bytes_and_are_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, second = garden(tmp_path / "a"), garden(tmp_path / "b")
    made(first)
    made(second)
    assert images(first) == images(second)
    drawn: list[str] = []
    monkeypatch.setattr("pageloom.share._drawn", lambda title, *_: drawn.append(title) or b"new")
    path = first / "matrix/matrix.yaml"
    path.write_text(path.read_text().replace("how deep", "how far apart"), encoding="utf-8")
    made(first)
    assert drawn == ["When to sow, and how far apart"]


def test_the_colours_are_the_theme_s(tmp_path: Path):
    root = garden(tmp_path)
    made(root)
    assert corner(root) == (0x0B, 0x55, 0x66)
    sheet = root / "themes/default/static/tokens.css"
    sheet.parent.mkdir(parents=True)
    sheet.write_text(":root { --accent: #123456; }", encoding="utf-8")
    made(root)
    assert corner(root) == (0x12, 0x34, 0x56)


def test_an_image_of_the_theme_comes_first(tmp_path: Path):
    root = garden(tmp_path)
    own = root / "themes/default/static/share/home.png"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    made(root)
    assert b"mine" in images(root).values()
    assert len(images(root)) == 2


def test_without_pillow_pages_are_built_and_a_warning_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("pageloom.share.importlib.metadata.version", absent)
    monkeypatch.setattr("pageloom.inputs.engine_digest", lambda: b"engine")
    root = garden(tmp_path)
    told = {
        str(problem.location): problem.severity
        for problem in made(root).problems
        if problem.code == "T307"
    }
    assert told == {"content/site.yaml:1:1": "warning"}
    assert images(root) == {}
    assert "og:image" not in named(root, "bean/index.html")
