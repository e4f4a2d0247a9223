"""The results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

_ORDER = ("cold", "cold with cache", "no change", "angle", "pair", "rename", "partial")
_NAMES = {
    "cold": "cold",
    "cold with cache": "cold, content cache kept",
    "no change": "no change",
    "angle": "one angle edited",
    "pair": "one pair added",
    "rename": "one payer renamed",
    "partial": "a theme partial edited",
}
_COLUMNS = (
    "scenario", "engine", "wall s", "CPU s", "peak MB", "pages/s", "Hugo took", "Eleventy took",
    "of the floor",
)  # fmt: skip
Costs = dict[tuple[str, str], tuple[float, float, float]]


def text(result: Mapping[str, Any]) -> str:
    """Return the tables of a result, one a file system."""
    parts = [_head(result)]
    for place in dict.fromkeys(cost["place"] for cost in result["costs"]):
        kind = result["machine"]["places"].get(place, "")
        rows = _rows(_medians(result, place), result["pages"])
        parts.append(f"Output on {place} ({kind}):\n\n{_table(rows)}")
    return "\n\n".join(parts)


def _head(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"{result['pages']:,} pages of {result['bytes_a_page']:,} bytes; {versions}, Python "
        f"{machine['python']}; {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gb']} GB, {machine['system']}; medians of {result['rounds']}."
    )


def _medians(result: Mapping[str, Any], place: str) -> Costs:
    return {
        (cost["scenario"], cost["engine"]): (
            median(cost["wall"]),
            median(cost["cpu"]),
            median(cost["peak"]),
        )
        for cost in result["costs"]
        if cost["place"] == place
    }


def _rows(costs: Costs, pages: int) -> Iterator[Sequence[str]]:
    floor = costs.get(("cold", "floor"))
    for scenario in _ORDER:
        for name in ("pageloom", "hugo", "eleventy", "floor"):
            found = costs.get((scenario, name))
            if found is None:
                continue
            wall, cpu, peak = found
            rivals = [_rival(costs, scenario, other) for other in ("hugo", "eleventy")]
            whole = scenario.startswith("cold") or name in {"hugo", "eleventy"}
            yield (
                _NAMES[scenario],
                name,
                f"{wall:.2f}",
                f"{cpu:.2f}",
                f"{peak / 1e6:.0f}",
                f"{pages / wall:,.0f}" if whole else "",
                *(f"{rival / wall:.1f} ×" if rival and name != "floor" else "" for rival in rivals),
                f"{wall / floor[0]:.1f} ×" if floor else "",
            )


def _rival(costs: Costs, scenario: str, name: str) -> float:
    """Return a rival's time for a scenario; one that has none of it builds cold."""
    found = costs.get((scenario, name)) or costs.get(("cold", name))
    return found[0] if found else 0.0


def _table(rows: Iterator[Sequence[str]]) -> str:
    lines = [_COLUMNS, ("---", "---", *("---:",) * (len(_COLUMNS) - 2)), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
