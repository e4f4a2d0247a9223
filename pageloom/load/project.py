"""The project below a folder: settings, words, map, tables, families and snippets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pageloom import source
from pageloom.diagnostics import Diagnostic
from pageloom.load import families as families_
from pageloom.load.rows import Tables, TableSpec, joins
from pageloom.load.schemas import built_in
from pageloom.load.snippets import SnippetReader
from pageloom.model import Project, Row, Settings, Snippet, Words
from pageloom.schema import Validator

Report = Callable[[Diagnostic], None]
SITE = "content/site.yaml"
_PACKAGE = Path(__file__).parent.parent


def defaults_root() -> Path:
    """Return where the engine's own theme and its words lie: in the package or beside it."""
    packaged = _PACKAGE / "defaults" / "theme"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "themes" / "default"


def project(
    root: Path, report: Report, *, preview: bool = False, today: str = ""
) -> Project | None:
    """Return the project below `root`; None when its map or settings cannot be used.

    Every problem is reported; a row or snippet with problems is left out.
    """
    settings = _settings(root, report, today)
    node = source.read_yaml(root, families_.MATRIX, report)
    map_ = families_.read_map(node, report) if node is not None else None
    if settings is None or map_ is None:
        return None
    words = _words(root, settings.lang, report)
    tables = Tables(root, report, preview=preview)
    _read_tables(tables, map_)
    rows = tables.resolve()
    fields = tables.fields()
    families = families_.families(map_, fields, report)
    axes = {spec.name: rows[spec.name] for spec in map_.axes}
    snippets = _snippets(root, families, axes, fields, report, tables, preview=preview)
    made_joins = joins(map_.joins, rows)
    return Project(
        settings=settings,
        words=words,
        axes=axes,
        tables={**rows, **{name: join.rows for name, join in made_joins.items()}},
        joins=made_joins,
        facts={row.slug: row for row in rows["fact"]},
        sources={row.slug: row for row in rows["source"]},
        families=families,
        snippets=snippets,
        fields=fields,
        markdown=tables.markdown(),
        root_files=dict(_root_files(root)),
        draft_count=tables.drafts,
    )


def _read_tables(tables: Tables, map_: families_.Map) -> None:
    for spec in (*map_.axes, *map_.tables, *map_.joins):
        tables.read(spec)
    for name, file, key in (("source", map_.sources, "slug"), ("fact", map_.facts, "id")):
        tables.read(TableSpec(name, file, name, key=key), built_in(name))


def _settings(root: Path, report: Report, today: str) -> Settings | None:
    node = source.read_yaml(root, SITE, report)
    if node is None:
        return None
    problems: list[Diagnostic] = []
    values = Validator(built_in("site")).convert(node, SITE, problems.append)
    for problem in problems:
        report(problem)
    if not isinstance(values, dict) or any(problem.is_error for problem in problems):
        return None
    if today:
        values["as_of"] = today
    text = json.dumps(values, sort_keys=True, default=list)
    return Settings(
        values=values,
        brand=values["brand"],
        base_url=values["base_url"],
        lang=values.get("lang", "en"),
        as_of=values["as_of"],
        theme=values.get("theme", "default"),
        root_path=SITE,
        digest=blake2b(text.encode(), digest_size=16).digest(),
    )


def _words(root: Path, lang: str, report: Report) -> Words:
    """Return the project's words over those that the engine has for the language."""
    path = f"content/words/{lang}.yaml"
    own = f"words/{lang}.yaml"
    entries: dict[str, Any] = {}
    if (defaults_root() / own).is_file():
        entries = _word_map(defaults_root(), own, report)
    if not entries or (root / path).is_file():
        for key, value in _word_map(root, path, report).items():
            below = entries.get(key)
            both = key == "units" and isinstance(below, dict) and isinstance(value, dict)
            entries[key] = {**below, **value} if both else value  # type: ignore[dict-item]
    text = json.dumps(entries, sort_keys=True)
    return Words(lang, entries, path, blake2b(text.encode(), digest_size=16).digest())


def _word_map(root: Path, path: str, report: Report) -> dict[str, Any]:
    node = source.read_yaml(root, path, report)
    found: dict[str, Any] = _plain(node) if node is not None and node.kind == "map" else {}
    return found


def _plain(node: source.Node) -> Any:
    if node.kind == "map":
        return {key.text: _plain(value) for key, value in node.pairs}
    if node.kind == "list":
        return [_plain(item) for item in node.items]
    return node.text


def _snippets(
    root: Path,
    families: Mapping[str, Any],
    axes: Mapping[str, tuple[Row, ...]],
    fields: Mapping[str, frozenset[str] | None],
    report: Report,
    tables: Tables,
    *,
    preview: bool,
) -> tuple[Snippet, ...]:
    reader = SnippetReader(families, axes, fields, report)
    for axis in axes:
        reader.hidden[axis] = tables.hidden(axis)
    found: list[Snippet] = []
    for path in source.files(root, "content", (".md",)):
        if path.startswith("content/root/"):
            continue
        document = source.read_document(root, path, report)
        if document is None:
            continue
        draft = document.front.get("draft")
        if draft is not None and draft.text == "true" and not preview:
            continue
        snippet = reader.read(document)
        if snippet is not None:
            found.append(snippet)
    return tuple(found)


def _root_files(root: Path) -> Iterator[tuple[str, bytes]]:
    base = root / "content" / "root"
    resolved = base.resolve()
    for path in sorted(base.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(resolved) and path.name != ".gitkeep":
            yield path.relative_to(base).as_posix(), path.read_bytes()
