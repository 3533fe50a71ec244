"""A unified diff that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
import os
from pathlib import Path


def unified(path: Path, before: str, after: str) -> str:
    """The change of `path` from `before` to `after`; a new file where `before` is empty; "" where nothing changes.

    The name is relative to the working directory where the file lies below it, which is how `git apply` reads diffs
    without git's own header.
    """
    if before == after:
        return ""
    name = shown(path)
    old = f"a/{name}" if before else "/dev/null"
    lines = difflib.unified_diff(_lines(before), _lines(after), old, f"b/{name}")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def shown(path: Path) -> str:
    """The path as diffs and messages show it."""
    absolute = path.absolute()
    relative = os.path.relpath(absolute)
    return absolute.as_posix().lstrip("/") if relative.startswith("..") else Path(relative).as_posix()


def _lines(text: str) -> list[str]:
    """Lines with their endings, cut at `\\n` alone, as diff tools do."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
