"""Words of others (code, docstrings, what a program said) in a line of ours: one line, bounded, meaning nothing."""

from __future__ import annotations

LONGEST = 300


def quoted(text: str, most: int = LONGEST) -> str:
    """`text` in one line of at most `most` characters and `…`, safe in a message and on a terminal.

    Nothing in it moves a cursor, and no `[text](target)` is left, which some editors show as a link that runs commands.
    """
    plain = "".join(each if each.isprintable() else " " for each in text[: 4 * most])
    plain = " ".join(plain.split()).replace("](", "] (")
    return plain if len(plain) <= most and len(text) <= 4 * most else plain[:most].rstrip() + "…"
