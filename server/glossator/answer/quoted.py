"""Words of others (code, docstrings, what a program said) in a line of ours: one line, bounded, meaning nothing."""

from __future__ import annotations

import re

LONGEST = 300


def quoted(text: str, most: int = LONGEST) -> str:
    """`text` in one line of at most `most` characters and `…`, safe in a message and on a terminal.

    Nothing in it moves a cursor, and no `[text](target)` is left, which some editors show as a link that runs commands.
    """
    plain = _one_line(text[: 4 * most]).replace("](", "] (")
    return plain if len(plain) <= most and len(text) <= 4 * most else plain[:most].rstrip() + "…"


def ticked(text: str) -> str:
    """`text` as code in Markdown, in one line and to its end: names in many languages may hold backticks themselves."""
    plain = _one_line(text)
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    marks = "`" * (longest + 1)
    return f"{marks} {plain} {marks}" if longest else f"`{plain}`"


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
