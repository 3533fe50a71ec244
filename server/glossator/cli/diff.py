"""A unified diff that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path


def unified(path: Path, before: str, after: str) -> str:
    """The change of `path` from `before` to `after`; a new file where `before` is empty; "" where nothing changes.

    The name is relative to the working directory where the file lies below it, which is how `git apply` reads diffs
    without git's own header.
    """
    if before == after:
        return ""
    name = shown(path)
    old = _named(f"a/{name}") if before else "/dev/null"
    lines = difflib.unified_diff(_lines(before), _lines(after), old, _named(f"b/{name}"))
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def shown(path: Path) -> str:
    """The path as diffs and messages show it."""
    absolute = path.absolute()
    relative = os.path.relpath(absolute)
    return absolute.as_posix().lstrip("/") if relative.startswith("..") else Path(relative).as_posix()


def _named(name: str) -> str:
    """A name as git writes it into a diff: no line of it can be taken for another part of the diff."""
    if not _ODD.search(name):
        return f"{name}\t" if " " in name else name
    return '"' + _ODD.sub(lambda found: _SPELT.get(found[0]) or f"\\{ord(found[0]):03o}", name) + '"'


_ODD = re.compile(r'[\x00-\x1f\x7f"\\]')
_SPELT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def _lines(text: str) -> list[str]:
    """Lines with their endings, cut at `\\n` alone, as diff tools do."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
