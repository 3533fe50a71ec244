"""Files -> entries, in a process of its own: parsing holds the interpreter's lock, and a grammar may crash on a file.

Started as `python -m glossator.code.indexing ROOT`; reads a path (JSON) a line, writes for each a line: the entry, or
`-` for what is none. Knows nothing of the index that the entries go to.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from . import TooLarge
from .entry import Entry, entry_of, to_line
from .languages import language_of
from .tree import Tree, parse
from .walk import Found, decoded, text_of


def read(root: Path, path: str) -> tuple[Tree, Found] | None:
    """A file of the workspace as it is now, parsed; None for what is no source text."""
    language, got = language_of(path), text_of(root, path)
    text = decoded(got[0]) if got is not None else None
    if language is None or got is None or text is None:
        return None
    try:
        return parse(text, language), got[1]
    except TooLarge:
        return None


def entry_at(root: Path, path: str) -> Entry | None:
    """The entry of a file as it is now."""
    found = read(root, path)
    return entry_of(found[0], path, found[1]) if found is not None else None


def main() -> None:
    """Answer paths from standard input until it ends."""
    with contextlib.suppress(AttributeError, OSError):  # whatever else the machine does goes first
        os.nice(10)
    root = Path(sys.argv[1])
    for line in sys.stdin:
        entry = entry_at(root, json.loads(line))
        sys.stdout.write((to_line(entry) if entry is not None else "-") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
