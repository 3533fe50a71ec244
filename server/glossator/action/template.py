"""The text of a prompt file with the values of one request put in. Knows no action and no engine.

    {{name}}                    the value
    {{#name}} … {{/name}}       kept only where the value is not empty
    {{^name}} … {{/name}}       kept only where the value is empty
    {{> name}}                  the shared piece `shared/name.md`

Values are put in once: what looks like a placeholder inside a value is text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_MARK = re.compile(r"\{\{\s*([#^/>]?)\s*([^{}]*?)\s*\}\}")


class TemplateError(ValueError):
    """A template is malformed; `line` counts from 1 within its text."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def included(text: str, shared: Mapping[str, str]) -> str:
    """`text` with its shared pieces in place. A piece holds no pieces. Raises `TemplateError`."""

    def piece(match: re.Match[str]) -> str:
        if match[1] != ">":
            return match[0]
        if match[2] not in shared:
            raise TemplateError(f"no shared piece {match[2]!r}; there are: {', '.join(sorted(shared))}", _line(match))
        return shared[match[2]].strip("\n")

    return _MARK.sub(piece, text)


def check(text: str, names: Collection[str]) -> None:
    """Raise `TemplateError` where `text` uses another name than `names` or a block is not closed in order."""
    open_blocks: list[tuple[str, int]] = []
    for match in _MARK.finditer(text):
        sign, name = match[1], match[2]
        if name not in names:
            raise TemplateError(f"no value {name!r}; there are: {', '.join(sorted(names))}", _line(match))
        if sign in ("#", "^"):
            open_blocks.append((name, _line(match)))
        elif sign == "/" and (not open_blocks or open_blocks.pop()[0] != name):
            raise TemplateError(f"{{{{/{name}}}}} closes nothing that is open here", _line(match))
    if open_blocks:
        raise TemplateError(f"{{{{#{open_blocks[-1][0]}}}}} is never closed", open_blocks[-1][1])


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with `values` in place, blank lines of dropped blocks folded. `text` was checked before."""
    parts: list[str] = []
    kept = [True]
    position = 0
    for match in _MARK.finditer(text):
        if kept[-1]:
            parts.append(text[position : match.start()])
        position = match.end()
        sign, value = match[1], values[match[2]]
        if sign == "/":
            kept.pop()
        elif sign:
            kept.append(kept[-1] and bool(value) == (sign == "#"))
        elif kept[-1]:
            parts.append(_Value(value))
    parts.append(text[position:])
    return _folded(parts).strip("\n")


class _Value(str):
    """Text that came from outside of the template and is not touched any more."""

    __slots__ = ()


def _folded(parts: list[str]) -> str:
    """The parts as one text; more than one blank line in a row is folded where the template wrote it."""
    joined = ""
    for part in parts:
        if isinstance(part, _Value):
            joined += part
            continue
        overhang = len(joined) - len(joined.rstrip("\n")) if joined else 2
        body = part.lstrip("\n")
        joined += "\n" * min(len(part) - len(body), max(0, 2 - overhang)) + re.sub(r"\n{3,}", "\n\n", body)
    return joined


def _line(match: re.Match[str]) -> int:
    return match.string.count("\n", 0, match.start()) + 1
