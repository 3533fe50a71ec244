"""Answers as markdown files that an editor can open, in a folder of the user's own. Old ones are thrown away."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from ..answer.markdown import sanitised
from ..answer.quoted import quoted
from ..engine.private import private_folder

KEPT = 40


def page(title: str, markdown: str) -> str:
    """A document of one answer. A title may hold a name of somebody else's code."""
    return f"# {sanitised(quoted(title))}\n\n{markdown.strip()}\n"


def fenced(code: str) -> str:
    """Code as a block, whatever marks are in it."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}\n{code.rstrip()}\n{marks}"


def write_page(folder: Path, name: str, text: str) -> Path:
    """Write the page and return its path. Raises `OSError`."""
    private_folder(folder)
    heading = re.sub(r"[^\w-]+", "-", text.split("\n", 1)[0].lower()).strip("-")[:60]
    path = folder / f"{heading or 'answer'}-{os.getpid()}-{name}.md"
    path.write_text(text, encoding="utf-8")
    pages = sorted(folder.glob("*.md"), key=_age)
    for old in pages[:-KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return path


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
