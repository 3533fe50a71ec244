"""Characters that a reader does not see or that change how a line reads. Knows text only."""

from __future__ import annotations

import unicodedata

_SEEN_AS_BLANK = {"\u3164", "\uffa0", "\u115f", "\u1160", "\u2800"}  # fillers: letters that draw nothing


def hidden(new: str, original: str) -> tuple[str, ...]:
    """Names of the invisible, bidirectional and blank-like characters of `new` that `original` does not have."""
    added = sorted({character for character in new if _is_hidden(character)} - set(original))
    return tuple(f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}" for character in added)


def _is_hidden(character: str) -> bool:
    if character in "\t\n\r\f ":
        return False
    kind = unicodedata.category(character)
    if kind in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"} or character in _SEEN_AS_BLANK:
        return True
    return "VARIATION SELECTOR" in unicodedata.name(character, "")
