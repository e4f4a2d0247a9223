"""Images for shared links: one a family, drawn from its words in the colours of the theme.

Pillow draws them with the font that it brings, so nothing is asked of the machine or the network.
Size: https://developers.google.com/search/docs/appearance/google-discover
"""

from __future__ import annotations

import importlib.metadata
import io
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import kept
from pageloom.diagnostics import WARNING, Diagnostic, Location
from pageloom.model import Family, Project
from pageloom.theme import Theme

Report = Callable[[Diagnostic], None]
SIZE = (1200, 630)
_LAYOUT = "1"
_MARGIN, _RULE, _LINE = 90, 12, 1.16
_TITLE, _BRAND = 84, 40
_LINES = 3
_COLOURS = 32
"""Shades in the file: two colours and the steps between them, which keeps it under 60 kB."""
_DEFAULTS = {"accent": "#0b5566", "on-accent": "#ffffff"}


def image_name(family: str) -> str:
    """Return the name of a family's image among the theme's static files."""
    return f"share/{family}.png"


def words(family: Family, project: Project) -> str:
    """Return what a family's image says above the name of the site."""
    organization: Mapping[str, Any] = project.settings.values.get("organization", {})
    return family.share_title or str(organization.get("description", "")) or project.settings.brand


def add_images(root: Path, project: Project, theme: Theme, report: Report) -> None:
    """Add an image for each family to the theme's static files, where the settings ask for it.

    One that the theme brings under the same name stays. What was drawn is kept by all that it is
    made of.
    """
    if not project.settings.values.get("share_images"):
        return
    wanted = {
        image_name(family.name): words(family, project)
        for family in project.families.values()
        if image_name(family.name) not in theme.assets
    }
    try:
        version = importlib.metadata.version("pillow")
    except importlib.metadata.PackageNotFoundError:
        report(_absent())
        return
    colours = _colours(theme)
    before = kept.read(root, "share")
    made: dict[bytes, bytes] = {}
    for name, title in wanted.items():
        parts = (_LAYOUT, version, title, project.settings.brand, *colours)
        key = blake2b("\0".join(parts).encode(), digest_size=16).digest()
        made[key] = before.get(key) or made.get(key) or _drawn(title, parts[3], colours)
        theme.add_asset(name, made[key])
    if made.keys() != before.keys():
        kept.write(root, "share", dict(made))


def _absent() -> Diagnostic:
    return Diagnostic(
        code="T307",
        location=Location("content/site.yaml"),
        message="`share_images` needs Pillow, and pages get no image without it",
        severity=WARNING,
        help="install it with `pip install 'pageloom[images]'`",
    )


def _colours(theme: Theme) -> tuple[str, str]:
    """Return the ground and the ink: the theme's tokens `--accent` and `--on-accent`."""
    names = (name for name in theme.assets if name.endswith(".css"))
    own_first = sorted(names, key=lambda name: (name == "site.css", name))
    sheets = b"".join(theme.assets[name].content for name in own_first).decode(errors="replace")

    def token(name: str) -> str:
        found = re.search(rf"--{name}:\s*(#[0-9a-fA-F]{{3}}(?:[0-9a-fA-F]{{3}})?)\b", sheets)
        return found.group(1) if found else _DEFAULTS[name]

    return token("accent"), token("on-accent")


def _drawn(title: str, brand: str, colours: tuple[str, str]) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    ground, ink = colours
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    width = SIZE[0] - 2 * _MARGIN
    size, lines = _set(title, width)
    draw.rectangle((_MARGIN, _MARGIN - 24, _MARGIN + 120, _MARGIN - 24 + _RULE), fill=ink)
    font = ImageFont.load_default(size)
    for number, line in enumerate(lines):
        place = (_MARGIN, _MARGIN + 24 + number * round(size * _LINE))
        draw.text(place, line, fill=ink, font=font, stroke_width=1)
    small = ImageFont.load_default(_BRAND)
    draw.text((_MARGIN, SIZE[1] - _MARGIN), brand, fill=ink, font=small, anchor="ls")
    file = io.BytesIO()
    image.quantize(_COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _set(text: str, width: int) -> tuple[int, list[str]]:
    """Return the largest size at which a text takes few lines, and its lines, evenly filled."""
    from PIL import ImageFont

    for size in range(_TITLE, _BRAND, -8):
        length = ImageFont.load_default(size).getlength
        lines = list(_lines(text, length, width))
        if len(lines) <= _LINES:
            break
    for narrower in range(width, 0, -20):
        tried = list(_lines(text, length, narrower))
        if len(tried) > len(lines) or max(map(length, tried)) > narrower:
            break
        lines = tried
    return size, lines


def _lines(text: str, length: Callable[[str], float], width: int) -> Iterator[str]:
    """Yield a text in lines of at most `width`; a longer word stands alone."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and length(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line
