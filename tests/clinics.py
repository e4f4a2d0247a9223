"""A small site over three axes whose texts a test chooses."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from projects import write_files

FILES = """-- content/site.yaml --
brand: Clinics
base_url: https://clinics.example
as_of: 2026-11-25
-- matrix/matrix.yaml --
format: 1
axes:
  town: {file: towns.yaml}
  care: {file: cares.yaml}
  why: {file: whys.yaml}
joins:
  pair: {file: pairs.yaml, axes: [town, care]}
families:
  home:
    axes: []
    route: /
    title: ["Clinics of an invented country, town by town and why"]
    h1: Clinics
    slots:
      pages: {list: page}
  pair:
    axes: [town, care]
    cells: pair
    route: /{town}/{care}/
    parent: home
    title: ["{{ care.name }} in {{ town.name }}: what to know before"]
    h1: "{{ care.name }} in {{ town.name }}"
    slots:
      pages: {list: page}
      rest: {fold: page}
  page:
    axes: [town, care, why]
    cells: pair
    route: /{town}/{care}/{why}/
    parent: pair
    title: ["{{ care.name }} in {{ town.name }}: {{ why.name }}"]
    h1: "{{ care.name }} in {{ town.name }}: {{ why.name }}"
    slots:
      answer: {snippet: required, heading: Answer}
      more: {snippet: optional, heading: More}
      general: {snippet: optional, heading: In general}
    fold: {slots: [answer], heading: "{{ why.name }}"}
    gate:
      published: {min_words: 20, min_specific_share: 0.4, max_sibling_likeness: 0.7}
      otherwise: fold
"""
TOWNS, CARES, WHYS = ("alm", "birk", "coll"), ("knee", "spine"), ("late", "code")


def rows(slugs: Iterable[str]) -> str:
    return "".join(f"- {{slug: {slug}, name: {slug.title()} Name}}\n" for slug in slugs)


def clinics(root: Path, texts: Mapping[str, str], pairs: Iterable[tuple[str, str]] = ()) -> Path:
    """Write the site; a text's name is its slot and rows, such as `answer alm knee late`."""
    write_files(root, FILES)
    matrix = root / "matrix"
    for name, slugs in (("towns", TOWNS), ("cares", CARES), ("whys", WHYS)):
        (matrix / f"{name}.yaml").write_text(rows(slugs), encoding="utf-8")
    listed = list(pairs) or [(town, care) for town in TOWNS for care in CARES]
    text = "".join(f"- {{town: {town}, care: {care}}}\n" for town, care in listed)
    (matrix / "pairs.yaml").write_text(text, encoding="utf-8")
    for name, body in texts.items():
        put(root, name, body)
    return root


def put(root: Path, name: str, body: str) -> Path:
    """Write a snippet; `-` stands for every row of an axis."""
    slot, *slugs = name.split()
    pins = [
        f"{axis}: {slug}"
        for axis, slug in zip(("town", "care", "why"), slugs, strict=False)
        if slug != "-"
    ]
    path = root / "content" / f"{name.replace(' ', '-')}.md"
    head = f"---\nslot: {slot}\nfor: {{{', '.join(pins)}}}\n---\n"
    path.write_text(f"{head}{body}\n", encoding="utf-8")
    return path


def prose(seed: object, count: int = 60) -> str:
    """Return words that hardly any other seed gives in the same order."""
    found = random.Random(str(seed))
    return " ".join(f"w{found.randrange(900)}" for _ in range(count))


def tweaked(text: str, *places: int) -> str:
    """Return a text with a word changed here and there."""
    changed = text.split()
    for place in places:
        changed[place] = "other"
    return " ".join(changed)
