"""Text of others as HTML: nothing in it is markup, and what a reader could not see is made visible."""

from __future__ import annotations

import html
import json
import re
from typing import Any

_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, marks that turn the direction of text, what has no width, and halves of characters."""


def plain(text: str) -> str:
    """`text` with its invisible characters named, `U+202E`; not escaped."""
    return _ODD.sub(lambda found: f"U+{ord(found[0]):04X}", text)


def escaped(text: str) -> str:
    """`text` as HTML, in an element or in quotes; invisible characters are named."""
    return html.escape(plain(text), quote=True)


def code(text: str) -> str:
    """The same for a part of a line of code, where such names are set apart from what is written."""
    pieces: list[str] = []
    at = 0
    for odd in _ODD.finditer(text):
        pieces += [html.escape(text[at : odd.start()]), f'<span class="odd">U+{ord(odd[0]):04X}</span>']
        at = odd.end()
    return "".join([*pieces, html.escape(text[at:])])


def data(value: Any) -> str:
    """JSON that can stand in a script element."""
    written = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
