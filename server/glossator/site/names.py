"""The names of pages and of places in them: safe in any file system and any address, and always the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from ..code import Symbol

INDEX = "index.html"
_SAFE = re.compile(rb"[A-Za-z0-9_.-]")
_LONGEST = 140
"""Letters of a name; file systems admit 255 bytes with the ending."""


def slug(text: str) -> str:
    """`text` in letters, digits and `_ . - = ~`: `/` is `~`, anything else `=` and two hexadecimal digits a byte."""
    data = text.encode("utf-8", "surrogatepass")
    return "".join(
        chr(byte) if _SAFE.match(bytes([byte])) else "~" if byte == 0x2F else f"={byte:02X}" for byte in data
    )


def page_names(paths: Iterable[str]) -> dict[str, str]:
    """The page of each source file. No two are the same file where letters of both cases are, either."""
    names: dict[str, str] = {}
    taken = {INDEX}
    for path in sorted(paths):
        name = slug(path)
        if name.startswith("."):
            name = f"=2E{name[1:]}"
        if len(name) > _LONGEST or f"{name}.html".casefold() in taken:
            check = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
            name = f"{name[:_LONGEST]}~~{check}"
        names[path] = f"{name}.html"
        taken.add(names[path].casefold())
    return names


def anchors(symbols: Sequence[Symbol]) -> dict[int, str]:
    """The place of each definition in its page, by where its code begins; later ones of a name are numbered."""
    counts: dict[str, int] = {}
    found: dict[int, str] = {}
    for symbol in symbols:
        name = f"d.{slug(symbol.qualified)}"
        counts[name] = counts.get(name, 0) + 1
        found[symbol.code.start] = name if counts[name] == 1 else f"{name}~{counts[name]}"
    return found
