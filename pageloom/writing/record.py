"""`build-info.json`: what is live, from what it was made, and until when it stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pageloom import __version__, agenda, feed
from pageloom.plan import VERDICTS, Plan
from pageloom.publish import GENERATOR

_TOLD_BY_OTHERS = ("assets/", "sitemap", feed.PATH)


def of(plan: Plan, files: Mapping[str, bytes]) -> bytes:
    """Return the record of a build: the same for the same inputs. `files` are digests by path."""
    settings = plan.project.settings
    counts = {
        name: {
            verdict: family.verdicts.count(value)
            for value, verdict in enumerate(VERDICTS)
            if family.verdicts.count(value)
        }
        for name, family in plan.families.items()
    }
    info: dict[str, Any] = {
        "generator": GENERATOR,
        "version": __version__,
        "site": settings.base_url,
        "cells": counts,
        "verdicts": {
            verdict: sum(found.get(verdict, 0) for found in counts.values()) for verdict in VERDICTS
        },
        "files": {
            path: digest.hex()
            for path, digest in files.items()
            if not path.startswith(_TOLD_BY_OTHERS)
        },
        "next_change": agenda.next_change(plan),
    }
    if settings.commit:
        info["commit"] = settings.commit
    if settings.hidden:
        info["noindex"] = True
    if plan.project.ledger:
        info["ledger"] = plan.project.ledger.fingerprint()
    return json.dumps(info, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
