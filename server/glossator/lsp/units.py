"""How far along a line a code unit is, in the three encodings that a client may choose.

Takes and returns plain strings and numbers; knows nothing of documents or of the protocol. A position inside a
character (one byte of two, half a surrogate pair) is rounded down to the character's start, except in `cut`.
"""

from __future__ import annotations

import re
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_LONE = re.compile("[\ud800-\udfff]")


def length(text: str, encoding: Encoding) -> int:
    """The number of code units of `text`; an unpaired surrogate counts 3 bytes in UTF-8."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text) + sum(1 for _ in _ASTRAL.finditer(text))
    return len(text.encode("utf-8", "surrogatepass"))


def index(line: str, units: int, encoding: Encoding) -> int:
    """The place in `line` (code points) that `units` code units lead to, at most its length."""
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    if encoding == "utf-16":
        return _index16(line, units)
    raw = line.encode("utf-8", "surrogatepass")
    if units >= len(raw):
        return len(line)
    while raw[units] & 0xC0 == 0x80:  # a continuation byte: back to the character's first
        units -= 1
    return len(raw[:units].decode("utf-8", "surrogatepass"))


def _index16(line: str, units: int) -> int:
    wide = 0  # astral characters before the place: each takes two units
    for match in _ASTRAL.finditer(line):
        at = match.start() + wide
        if at >= units:
            break
        if at + 1 == units:  # between the halves
            return match.start()
        wide += 1
    return min(units - wide, len(line))


def cut(line: str, units: int, encoding: Encoding) -> tuple[str, str]:
    """`line` in two at a place that an edit names. Between two halves of a character the halves are kept, as a client
    that counts UTF-16 units keeps them; `whole` joins them again when they meet."""
    at = index(line, units, encoding)
    if encoding == "utf-16" and at < len(line) and line[at] > "\uffff" and length(line[:at], encoding) < units:
        point = ord(line[at]) - 0x10000
        return line[:at] + chr(0xD800 + (point >> 10)), chr(0xDC00 + (point & 0x3FF)) + line[at + 1 :]
    return line[:at], line[at:]


def whole(text: str) -> str:
    """`text` with surrogate halves that stand side by side joined to the character that they mean."""
    if text.isascii():
        return text
    return _PAIR.sub(lambda pair: chr(0x10000 + (ord(pair[1]) - 0xD800) * 0x400 + ord(pair[2]) - 0xDC00), text)


def readable(text: str) -> str:
    """`text` with unpaired surrogates replaced one by one, so that it can be encoded and every offset stays true."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)
