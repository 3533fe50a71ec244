"""A model's `Wrong: … Right: …` pairs -> the code with those lines replaced. Knows text only.

A small model that writes a whole function again copies its mistakes along; asked to quote the wrong line and to write
the right one it does not, and it writes a tenth of the tokens.
"""

from __future__ import annotations

import re

_PAIR = re.compile(r"^\W*wrong\W*?:[ \t]*(.+?)\n+^\W*right\W*?:[ \t]*(.+?)$", re.I | re.M)
_TICKED = re.compile(r"(`+)(.*)\1")


def replaced(answer: str, code: str) -> str | None:
    """`code` with the quoted pieces replaced; None where there is no pair or a quote is not found exactly once."""
    pairs = [(_bare(wrong), _bare(right)) for wrong, right in _PAIR.findall(answer)]
    if not pairs:
        return None
    for wrong, right in pairs:
        changed = _line(code, wrong, right) or _piece(code, wrong, right)
        if changed is None:
            return None
        code = changed
    return code


def _bare(quote: str) -> str:
    quote = quote.strip()
    ticked = _TICKED.fullmatch(quote)
    return ticked[2].strip() if ticked else quote


def _line(code: str, wrong: str, right: str) -> str | None:
    """With the one whole line that is `wrong` replaced, its indentation kept."""
    rows = code.split("\n")
    places = [at for at, row in enumerate(rows) if row.strip() == wrong]
    if len(places) != 1:
        return None
    row = rows[places[0]]
    rows[places[0]] = row[: len(row) - len(row.lstrip())] + right
    return "\n".join(rows)


def _piece(code: str, wrong: str, right: str) -> str | None:
    """With the one place inside a line that is `wrong` replaced."""
    if len(wrong) < 3 or code.count(wrong) != 1:
        return None
    return code.replace(wrong, right)
