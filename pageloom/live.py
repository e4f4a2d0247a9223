"""What a deploy would change: files of the live site compared with the working tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pageloom import changes, diff, pipeline, released, writing
from pageloom.diagnostics import Diagnostic
from pageloom.difference import SHOWN, Difference, listed
from pageloom.options import Options
from pageloom.plan import Plan
from pageloom.publish import GENERATOR, MARKER, PublishError
from pageloom.revision import RevisionError

FORMAT = 1
_DATED = re.compile(r"<loc>\s*([^<]+?)\s*</loc>\s*<lastmod>\s*([^<]+?)\s*</lastmod>")


class UnreadableError(Exception):
    """The file of the live site is none that can be compared; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What would change on a deploy."""

    file: str
    lines: tuple[str, ...]
    """What the record of the build says now and would say."""
    lists: Mapping[str, tuple[str, ...]]
    """Addresses or files by what would become of them."""
    pages: Difference | None = None
    """The difference to the revision that is live, where that is known."""
    problems: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the working tree has errors."""
        return any(problem.is_error for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """Return what would change as the object that `--json` prints."""
        return {
            "version": FORMAT,
            "file": self.file,
            "record": list(self.lines),
            "lists": {name: list(items) for name, items in self.lists.items()},
            "pages": self.pages.as_json() if self.pages else None,
            "problems": [problem.as_json() for problem in self.problems],
        }

    def text(self, limit: int | None = None) -> str:
        """Return what would change as lines, with at most `limit` of each kind."""
        return "\n".join(self._text(limit))

    def markdown(self) -> str:
        """Return what would change as a comment for a pull request."""
        pages = f"\n\n{self.pages.markdown()}" if self.pages else ""
        own = "\n".join(self._own(SHOWN))
        return f"**Compared with what is live** (`{self.file}`)\n\n```text\n{own}\n```{pages}"

    def _text(self, limit: int | None) -> Iterator[str]:
        yield f"compared with what is live ({self.file})"
        yield from self._own(limit)
        if self.pages:
            yield self.pages.text(limit)

    def _own(self, limit: int | None) -> Iterator[str]:
        yield from (problem.first_line() for problem in self.problems if problem.is_error)
        yield from self.lines
        for name, items in self.lists.items():
            yield from listed(name, items, limit)


def compare(options: Options, file: Path) -> Live:
    """Compare a file of the live site with the working tree. Raises `UnreadableError`.

    The file is `build-info.json`, the list `files.json` of the last deploy, or `sitemap.xml`.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableError(f"{file} is no text") from error
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if value is None and "http://www.sitemaps.org/schemas/sitemap/" in text:
        return _sitemap(options, file, text)
    if isinstance(value, dict) and value.get("generator") == GENERATOR:
        return _record(options, file, value)
    if isinstance(value, dict) and "retired" in value:
        return _files(options, file)
    raise UnreadableError(f"{file} is no {MARKER}, {changes.FILES} or sitemap of this program")


def _decided(options: Options) -> tuple[pipeline.Decision, tuple[Diagnostic, ...]]:
    decision = pipeline.decide(options)
    pipeline.guard(decision, options)
    return decision, tuple(problem for problem in decision.problems if problem.is_error)


def _record(options: Options, file: Path, live: Mapping[str, Any]) -> Live:
    """Compare the record of the live build with the one that a build would write."""
    decision, problems = _decided(options)
    now = _built(decision) if not problems else None
    if now is None:
        return Live(file=str(file), lines=(), lists={}, problems=problems)
    commit = str(live.get("commit", ""))
    pages, unknown = None, ""
    if commit:
        try:
            pages = diff.compare(options, commit)
        except RevisionError as error:
            unknown = f"pages cannot be compared: {error}"
    else:
        unknown = "pages cannot be compared: the live build names no commit (build with --commit)"
    lines = [f"commit: {commit[:12] or 'none'}", *_differences(live, now)]
    lines += [unknown] if unknown else []
    return Live(
        file=str(file),
        lines=tuple(lines),
        lists=_compared_files(live.get("files") or {}, now["files"]),
        pages=pages,
    )


def _built(decision: pipeline.Decision) -> Mapping[str, Any] | None:
    """Return the record that a build would write."""
    plan, theme, composer = decision.plan, decision.theme, decision.composer
    if plan is None or theme is None or composer is None:
        return None
    made = writing.others(plan, theme, composer, tuple, writing.hosted(plan))
    found: Mapping[str, Any] = json.loads(made[MARKER].content())
    return found


def _differences(live: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name, key in (("engine", "version"), ("ledger", "ledger")):
        yield f"{name}: {_moved(live.get(key), now.get(key))}"
    if live.get("noindex"):
        yield "the live site is a preview: every page of it is noindex"
    old, new = live.get("verdicts") or {}, now["verdicts"]
    moved = [f"{_moved(old.get(name), new[name])} {name}" for name in reversed(list(new))]
    yield f"cells: {', '.join(moved)}"
    for name, change in (("live", live.get("next_change")), ("now", now.get("next_change"))):
        if change:
            yield f"changes by itself ({name}): {change['date']}: {'; '.join(change['what'])}"


def _moved(old: object, new: object) -> str:
    before, after = ("none" if value is None else str(value) for value in (old, new))
    return after if before == after else f"{before} → {after}"


def _compared_files(
    old: Mapping[str, object], new: Mapping[str, object]
) -> dict[str, tuple[str, ...]]:
    return {
        "files added": tuple(sorted(new.keys() - old.keys())),
        "files removed": tuple(sorted(old.keys() - new.keys())),
        "files changed": tuple(sorted(path for path in old.keys() & new if old[path] != new[path])),
    }


def _files(options: Options, file: Path) -> Live:
    """Compare the list that the last deploy left with the last build."""
    try:
        found = changes.compare(options, file)
    except (changes.ChangesError, PublishError) as error:
        raise UnreadableError(str(error)) from error
    lists = {
        f"files {change}": tuple(item["path"] for item in found.upload if item["change"] == change)
        for change in ("added", "changed")
    }
    lines = (f"of the last build: {found.text()}",)
    return Live(file=str(file), lines=lines, lists={**lists, "files removed": found.remove})


def _sitemap(options: Options, file: Path, text: str) -> Live:
    """Compare the addresses of a sitemap, and their dates, with what a build would list."""
    try:
        live = released.addresses(file)
    except released.UnreadableError as error:
        raise UnreadableError(f"{file}: {error}") from error
    decision, problems = _decided(options)
    plan = decision.plan
    if plan is None or problems:
        return Live(file=str(file), lines=(), lists={}, problems=problems)
    now = set(released.indexed(plan))
    lists = {
        "addresses added": tuple(sorted(now - live)),
        "addresses removed": tuple(sorted(live - now)),
        "addresses with another date": tuple(sorted(_dated(plan, text))),
    }
    lines = (f"addresses: {_moved(len(live), len(now))}",)
    return Live(file=str(file), lines=lines, lists=lists)


def _dated(plan: Plan, text: str) -> Iterator[str]:
    """Yield the addresses that a sitemap dates in another way than the ledger does."""
    base = plan.project.settings.base_url
    for loc, date in _DATED.findall(text):
        entry = plan.released.get(loc.removeprefix(base))
        if entry is not None and entry.modified != date:
            yield loc.removeprefix(base)
