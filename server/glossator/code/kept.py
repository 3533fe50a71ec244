"""Entries on disk, one file for each workspace, so that opening it again parses only what changed meanwhile.

Text alone, each line with its own digest: a damaged line is a file that is read anew, a strange file is an empty index.
Knows nothing of the index that the entries go to.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from .entry import FORMAT, Entry, from_line, to_line
from .languages import LANGUAGES, QUERIES

MOST_BYTES = 400_000_000
"""A larger file is not ours."""


def place(folder: Path, root: Path) -> Path:
    """The file for the workspace `root`."""
    return folder / f"{hashlib.blake2b(os.fsencode(root), digest_size=16).hexdigest()}.jsonl"


def load(file: Path, root: Path) -> Iterator[Entry]:
    """The entries that were kept of `root`; none where the file is missing, another's, of another format or strange."""
    try:
        with file.open(encoding="ascii", errors="replace") as lines:
            if os.fstat(lines.fileno()).st_size > MOST_BYTES or lines.readline() != _head(root):
                return
            for line in lines:
                entry = from_line(line)
                if entry is not None and _inside(entry.path):
                    yield entry
    except OSError:
        return


def save(file: Path, root: Path, entries: Iterable[Entry]) -> None:
    """Keep `entries` instead of what was there, at once or not at all. Raises `OSError`."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as lines:
            lines.write(_head(root))
            lines.writelines(f"{to_line(entry)}\n" for entry in entries if entry.size >= 0)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def tidy(folder: Path, days: float = 90) -> None:
    """Delete what was not used for so long: workspaces come and go."""
    oldest = time.time() - days * 86_400
    for file in folder.glob("*.jsonl"):
        with contextlib.suppress(OSError):
            if file.lstat().st_mtime < oldest:
                file.unlink()


def _head(root: Path) -> str:
    return json.dumps({"format": FORMAT, "reading": _reading(), "workspace": str(root)}) + "\n"


@cache
def _reading() -> str:
    """A digest of how files are read: other patterns find other definitions."""
    total = hashlib.blake2b(digest_size=16)
    for name in sorted({name for language in LANGUAGES for name in language.queries}):
        total.update((QUERIES / f"{name}.scm").read_bytes())
    return total.hexdigest()


def _inside(path: str) -> bool:
    parts = path.split("/")
    return not any(part in {"", ".", ".."} for part in parts) and "\\" not in path and ":" not in parts[0]
