"""The project below a folder: settings, words, map, tables, families and snippets."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pageloom import inputs, source, trees
from pageloom.diagnostics import Diagnostic, unheard
from pageloom.inputs import defaults_root
from pageloom.load.claims import read_claims
from pageloom.load.families import families as read_families
from pageloom.load.ledger import read_ledger
from pageloom.load.references import joins, resolve
from pageloom.load.reviews import mark_due
from pageloom.load.rows import Tables, TableSpec
from pageloom.load.schemas import built_in
from pageloom.load.settings import check_names, read_settings
from pageloom.load.site_map import MATRIX, Map, read_map
from pageloom.load.snippets import SnippetReader
from pageloom.load.words import read_words
from pageloom.memory import NO_MEMORY, Memory
from pageloom.model import Project, Snippet
from pageloom.spread import dealt

Report = Callable[[Diagnostic], None]
SPREAD_FROM = 500
"""New snippets from which it pays to read their heads in processes."""
BASE = "base"
"""Under what the project without its snippets is remembered; where it is new, so is all else."""


def project(
    root: Path,
    report: Report,
    *,
    preview: bool = False,
    today: str = "",
    memory: Memory = NO_MEMORY,
) -> Project | None:
    """Return the project below `root`; None when its map cannot be used.

    Every problem is reported; a row or snippet with problems is left out.
    """
    counted = _Counted(report)
    base = memory.recall(
        BASE,
        lambda: inputs.base_digest(root, f"{today} {preview}"),
        counted,
        lambda report: _base(root, report, preview=preview, today=today),
    )
    if base is None:
        return None
    snippets = tuple(_snippets(root, base, counted, memory, preview=preview))
    return replace(base.project, snippets=snippets, incomplete=counted.errors > 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """The project without its snippets, and who reads these."""

    project: Project
    reader: SnippetReader


def _base(root: Path, report: Report, *, preview: bool, today: str) -> _Base | None:
    settings, settings_node = read_settings(root, report, today)
    words = read_words(root, defaults_root(), settings.lang, report)
    map_, tables = read_tables(root, report, preview=preview, lang=settings.lang)
    if map_ is None:
        return None
    awaited = mark_due(root, tables, settings, report)
    rows = resolve(tables, report)
    fields = tables.fields()
    families = read_families(map_, fields, tables.carried, report)
    axes = {spec.name: rows[spec.name] for spec in map_.axes}
    hidden = {axis: tables.hidden(axis) for axis in axes}
    check_names(settings_node, families, axes, hidden, report)
    reader = SnippetReader(root, families, axes, fields, hidden, unread=tables.unread)
    made_joins = joins(map_.joins, rows)
    made = Project(
        settings=settings,
        words=words,
        axes=axes,
        tables={**rows, **{name: join.rows for name, join in made_joins.items()}},
        joins=made_joins,
        facts={row.slug: row for row in rows["fact"]},
        sources={row.slug: row for row in rows["source"]},
        families=families,
        snippets=(),
        fields=fields,
        markdown=tables.markdown(),
        starts=tables.starts,
        ledger=read_ledger(root, report),
        claims=read_claims(root, map_.claims, rows, fields, report),
        root_files=dict(_root_files(root, report)),
        awaited=awaited,
        draft_count=tables.drafts,
    )
    return _Base(made, reader)


class _Counted:
    """Passes problems on and counts the errors."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.errors = 0

    def __call__(self, problem: Diagnostic) -> None:
        """Report a problem."""
        self.errors += problem.is_error
        self._report(problem)


def read_tables(
    root: Path, report: Report, *, preview: bool, lang: str = ""
) -> tuple[Map | None, Tables]:
    """Return the map of the site and its tables, references between rows still open."""
    lang = lang or read_settings(root, lambda _: None, "")[0].lang
    tables = Tables(root, report, preview=preview, lang=lang)
    node = source.read_yaml(root, MATRIX, report)
    map_ = read_map(node, report) if node is not None else None
    if map_ is not None:
        _fill(tables, map_)
    return map_, tables


def _fill(tables: Tables, map_: Map) -> None:
    for spec in (*map_.axes, *map_.tables, *map_.joins):
        tables.read(spec)
    for name, file, key in (("source", map_.sources, "slug"), ("fact", map_.facts, "id")):
        declared: Mapping[str, Any] = built_in(name)
        if name == "fact":
            declared = _about(declared, tables.index)
        tables.read(TableSpec(name, file, name, key=key), declared)


def _about(declared: Mapping[str, Any], tables: Iterable[str]) -> Mapping[str, Any]:
    """Return the schema of facts in which `about` names rows, one or a list of each kind."""
    kinds = {}
    for name in tables:
        reference = {"x-ref": name, "x-ref-checked": True}
        kinds[name] = {**reference, "items": {**reference, "type": "string"}}
    about = {"type": "object", "additionalProperties": False, "properties": kinds}
    return {**declared, "properties": {**declared["properties"], "about": about}}


def _snippets(
    root: Path, base: _Base, report: Report, memory: Memory, *, preview: bool
) -> Iterator[Snippet]:
    found = source.files(root, "content", (".md",), report)
    paths = [path for path in found if not path.startswith("content/root/")]
    if len(paths) - len(trees.memo) >= SPREAD_FROM:
        base.reader.prepare(lambda part, parts: _contents(root, dealt(paths, part, parts)))
    for path in paths:
        raw = source.read_listed(root, path, report)
        if raw is None:
            continue
        snippet = memory.recall(
            ("snippet", path),
            partial(_made_from, base, raw),
            report,
            partial(base.reader.snippet, raw, path),
        )
        if snippet is not None and (preview or snippet.front.get("draft") != "true"):
            yield snippet


def _contents(root: Path, paths: Iterable[str]) -> Iterator[bytes]:
    """Yield the contents of files that can be read."""
    for path in paths:
        raw = source.read_listed(root, path, unheard)
        if raw is not None:
            yield raw


def _made_from(base: _Base, raw: bytes) -> Hashable:
    return base, raw


def _root_files(root: Path, report: Report) -> Iterator[tuple[str, bytes]]:
    folder = "content/root"
    for path in source.below(root / folder, folder, report):
        if path.rpartition("/")[2] != ".gitkeep":
            content = source.read_bytes(root, f"{folder}/{path}", report)
            if content is not None:
                yield path, content
