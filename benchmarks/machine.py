"""What the results were measured on: processor, memory, file systems, versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engines import Engine

_NUMBER = re.compile(r"\d+\.\d+[\w.]*")


def describe(places: Mapping[str, Path]) -> dict[str, object]:
    """Return the machine in words and numbers."""
    cpu = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory.group(1)) / 1e6) if memory else 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "places": {name: _file_system(path) for name, path in places.items()},
    }


def version(engine: Engine) -> str:
    """Return the version that an engine's command tells."""
    done = subprocess.run(engine.version, capture_output=True, text=True, check=True)
    found = _NUMBER.search(done.stdout)
    return found.group() if found else done.stdout.strip()


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _file_system(path: Path) -> str:
    """Return the type of the file system that a folder is on."""
    mounts = [line.split()[1:3] for line in _read("/proc/mounts").splitlines()]
    above = [(place, kind) for place, kind in mounts if path.is_relative_to(place)]
    return max(above, key=lambda mount: len(mount[0]))[1] if above else ""
