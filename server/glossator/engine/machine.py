"""What this machine and this build of llama.cpp are called, found out without loading anything of it."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
from contextlib import suppress
from pathlib import Path

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
