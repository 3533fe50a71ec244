"""What this machine and this build of llama.cpp are called, found out without loading anything of it."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic

import psutil


def cores() -> int:
    """The physical cores that this process may use."""
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else psutil.cpu_count()
    return max(1, min(psutil.cpu_count(logical=False) or allowed or 1, allowed or 1))


@functools.cache
def processor() -> str:
    """The processor's own name."""
    if sys.platform == "linux":
        with suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                if line.lower().startswith(("model name", "hardware", "cpu model")):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@functools.cache
def flags() -> frozenset[str]:
    """What the processor can do, in its own words (`avx2`); nothing where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.partition(":")[2].split())
    return frozenset()


def name() -> str:
    """Processor, system and the cores that may be used."""
    return f"{processor()}, {platform.system()} {platform.machine()}, {cores()} cores"


@functools.cache
def build() -> str:
    """The version of llama-cpp-python and the sizes of its libraries; nothing of it is loaded. Empty: there is none."""
    try:
        version = importlib.metadata.version("llama-cpp-python")
        found = importlib.util.find_spec("llama_cpp")
    except (ImportError, ValueError):
        return ""
    places = list(found.submodule_search_locations or ()) if found else []
    sizes = sorted(
        (path.name, path.stat().st_size) for place in places for path in Path(place, "lib").glob("*") if path.is_file()
    )
    return f"llama-cpp-python {version} {hashlib.sha256(json.dumps(sizes).encode()).hexdigest()[:12]}"


def cpu_seconds(pid: int | None) -> float:
    """Processor time of a process so far, all of its threads; 0 where there is none, or nobody tells."""
    if pid is None:
        return 0.0
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def others() -> int:
    """Threads besides this one that run or want to, right now, whoever's they are; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        running = Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[0]
        return max(0, int(running) - 1)
    except (OSError, ValueError, IndexError):
        return 0


class Neighbours:
    """What other programs take of the processor, from now on."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._own, self._all = _own(), _all()

    def cores(self) -> float:
        """Cores that others used on average."""
        seconds = max(1e-3, monotonic() - self._began)
        return round(max(0.0, (_all() - self._all) - (_own() - self._own)) / seconds, 2)


def _own() -> float:
    return cpu_seconds(os.getpid())


def _all() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle)
