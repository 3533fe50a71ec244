"""Where numbers were measured and with what, so that they can be compared with others. Measures nothing itself."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import platformdirs
import psutil

LLAMA = "llama-cpp-python"


def default_server() -> Path:
    """Where `bench/build_server.sh` puts the llama-server that belongs to the installed llama-cpp-python."""
    return platformdirs.user_cache_path("glossator-bench") / f"{LLAMA}-{metadata.version(LLAMA)}" / "llama-server"


def describe(server: Path | None) -> dict[str, Any]:
    """Machine and versions as plain values for JSON."""
    return {
        "cpu": _cpu(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30), 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "glossator": metadata.version("glossator"),
        LLAMA: metadata.version(LLAMA),
        "llama-server": _version(server) if server else "",
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def headline(machine: dict[str, Any]) -> str:
    """One sentence."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']:g} GiB, {machine['system']}; "
        f"Python {machine['python']}, {LLAMA} {machine[LLAMA]}; load before: {machine['load_before']}"
    )


def _cpu() -> str:
    name = platform.processor()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return name or platform.machine()
    found = dict(re.findall(r"^(vendor_id|model name|cpu family|model)\s*: (.*)$", text, re.M))
    title = found.get("model name", name)
    return f"{title} (family {found['cpu family']} model {found['model']})" if "cpu family" in found else title


def _version(server: Path) -> str:
    said = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=60, check=False)
    return " ".join((said.stdout + said.stderr).split())
