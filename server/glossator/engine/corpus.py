"""Code to measure models with, and to find out with which weights matter: of Python's own standard library."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from . import EngineError

MEASURED = ("textwrap", "heapq", "shlex", "statistics", "fileinput", "queue", "calendar", "configparser")
READ = ("bisect", "csv", "difflib", "fractions", "glob", "netrc", "string", "sched", "tempfile", "argparse", "zipfile")
"""Modules that weights are weighed with: others than those that a model is measured with."""


def standard(names: tuple[str, ...], characters: int) -> str:
    """The beginning of the text of these modules, of so many characters at most. Raises `EngineError`."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    places = [folder / f"{name}.py" for name in names]
    text = "\n\n".join(_text(place) for place in places if place.is_file())
    if not text:
        raise EngineError(f"the standard library's source is not in {folder}; name code of your own with --on PATH")
    return text[:characters]


def _text(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
