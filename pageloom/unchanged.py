"""A build whose inputs are those of the last one: nothing is loaded, the outcome is said again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pageloom.diagnostics import Diagnostic
from pageloom.options import Options
from pageloom.outcome import Outcome
from pageloom.publish import Folder, PublishError


def build(options: Options) -> Outcome | str:
    """Return the last outcome where nothing changed since, else the digest of the inputs.

    The digest is empty where a build must tell in any case.
    """
    if options.verify or options.against:
        return ""
    started = time.perf_counter()
    try:
        with options.folder.locked():
            digest = options.inputs_digest()
            outcome = last_outcome(options.folder, digest)
    except PublishError:
        return ""
    return replace(outcome, seconds=time.perf_counter() - started) if outcome else digest


def last_outcome(folder: Folder, digest: str) -> Outcome | None:
    """Return what the last build found, when it had inputs of this digest and ended well."""
    last: Mapping[str, Any] = folder.last()
    if last.get("inputs") != digest:
        return None
    try:
        return Outcome(
            problems=tuple(Diagnostic.from_json(item) for item in last["problems"]),
            verdicts=last["verdicts"],
            waived=last["waived"],
            unchanged=last["files"],
        )
    except (KeyError, TypeError):
        return None


def summary(outcome: Outcome, digest: str) -> dict[str, Any]:
    """Return what `last_outcome` needs of an outcome."""
    return {
        "inputs": digest,
        "problems": [problem.as_json() for problem in outcome.problems],
        "verdicts": dict(outcome.verdicts),
        "waived": dict(outcome.waived),
        "files": len(outcome.written) + outcome.unchanged,
    }
