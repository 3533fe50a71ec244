"""What may stand in a message: one short line of plain text, whatever a model, a compiler or a file put into a reason.

Some editors make a link of `[words](command:…)` in a message, and one click would run it. Knows nothing of who speaks.
"""

from __future__ import annotations

LONGEST = 300  # characters


def plain(text: str, longest: int = LONGEST) -> str:
    """`text` in one line, of which nothing moves a cursor and nothing is a link."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    line = " ".join(printable.split()).replace("](", "] (")
    return line[:longest].rstrip() + "…" if len(line) > longest else line
