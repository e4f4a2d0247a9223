"""Draw results as SVG: `python benchmarks/plot.py RESULT.json … --out docs/performance.svg`.

Both axes are logarithmic: pages to the right, seconds upward, one line a generator.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 420, 64, 24, 130, 48
_SERIES = (
    ("hugo", "cold", "Hugo", "#c2410c"),
    ("eleventy", "cold", "Eleventy", "#7c3aed"),
    ("pageloom", "cold", "Pageloom", "#0369a1"),
    ("pageloom", "angle", "one angle edited", "#0d9488"),
    ("pageloom", "no change", "no change", "#65a30d"),
    ("floor", "cold", "bytes only", "#6b7280"),
)
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:currentColor}"
    ".grid{stroke:currentColor;stroke-opacity:.15}"
    ".line{fill:none;stroke-width:2}"
)
Points = list[tuple[int, float]]


def points(results: Sequence[Mapping[str, Any]], place: str, scenario: str, name: str) -> Points:
    """Return (pages, median seconds) of one series, smallest site first."""
    return sorted(
        (result["pages"], median(cost["wall"]))
        for result in results
        for cost in result["costs"]
        if (cost["place"], cost["scenario"], cost["engine"]) == (place, scenario, name)
    )


def draw(results: Sequence[Mapping[str, Any]], place: str) -> str:
    """Return the plot as SVG."""
    series = [
        (label, color, found)
        for name, scenario, label, color in _SERIES
        if (found := points(results, place, scenario, name))
    ]
    every = [point for _, _, found in series for point in found]
    scale = _Scale([pages for pages, _ in every], [seconds for _, seconds in every])
    body = [*scale.grid(), *_lines(series, scale)]
    size = f"0 0 {_WIDTH} {_HEIGHT}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img">'
        f"<title>Seconds to build, by number of pages</title><style>{_STYLE}</style>"
        + "".join(body)
        + "</svg>\n"
    )


class _Scale:
    """Pages and seconds to places in the drawing."""

    def __init__(self, pages: Sequence[int], seconds: Sequence[float]) -> None:
        self._x = (math.floor(math.log10(min(pages))), math.ceil(math.log10(max(pages))))
        self._y = (math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds))))

    def x(self, pages: float) -> float:
        low, high = self._x
        share = (math.log10(pages) - low) / max(1, high - low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, seconds: float) -> float:
        low, high = self._y
        share = (math.log10(seconds) - low) / max(1, high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> Iterator[str]:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        for power in range(self._x[0], self._x[1] + 1):
            x = self.x(10**power)
            yield f'<path class="grid" d="M{x:.0f} {_TOP}V{bottom}"/>'
            label = f"{10**power:,} pages"
            yield f'<text x="{x:.0f}" y="{bottom + 20}" text-anchor="middle">{label}</text>'
        for power in range(self._y[0], self._y[1] + 1):
            y = self.y(10.0**power)
            yield f'<path class="grid" d="M{_LEFT} {y:.0f}H{right}"/>'
            label = f"{10.0**power:g} s"
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{label}</text>'


def _lines(series: Sequence[tuple[str, str, Points]], scale: _Scale) -> Iterator[str]:
    taken: list[float] = []
    for label, color, found in series:
        places = [(scale.x(pages), scale.y(seconds)) for pages, seconds in found]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        yield f'<path class="line" stroke="{color}" d="M{path}"/>'
        yield from (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in places
        )
        x, y = places[-1]
        while any(abs(y - other) < 15 for other in taken):
            y += 3
        taken.append(y)
        yield f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">{label}</text>'


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--place", choices=("disk", "memory"), default="disk")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    results = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.results]
    arguments.out.write_text(draw(results, arguments.place), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
