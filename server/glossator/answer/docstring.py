"""A model's text -> the words of a docstring, whatever marks and code it wrote around them."""

from __future__ import annotations

import re
import textwrap

from ..code import TooLarge
from ..code.languages import Language
from ..code.symbols import find
from ..code.tree import parse
from .extract import blocks

_QUOTED = re.compile(r"(?:[rRuU]?)(\"\"\"|''')(.*?)(?:\1|\Z)", re.S)
_BLOCK_COMMENT = re.compile(r"/\*\*?(.*?)(?:\*/|\Z)", re.S)
_LINE_COMMENT = re.compile(r"^[ \t]*(?:///?!?|#)[ \t]?", re.M)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
_ERROR = re.compile(r"\b\w+(?:Error|Exception)\b")


def docstring(answer: str, language: Language, name: str) -> str:
    """The text without quotes, comment marks and common indentation; "" where the answer holds none."""
    source = next(iter(blocks(answer)), answer).strip()
    if match := _QUOTED.search(source):
        text = match[2]
    elif match := _BLOCK_COMMENT.search(source):
        text = re.sub(r"^[ \t]*\*[ \t]?", "", match[1], flags=re.M)
    elif _LINE_COMMENT.match(source):
        rows = [row for row in source.split("\n") if _LINE_COMMENT.match(row) or not row.strip()]
        text = _LINE_COMMENT.sub("", "\n".join(rows))
    else:
        text = _of_definition(source, language, name) or source
    first, _, rest = text.strip().partition("\n")
    text = f"{first.strip()}\n{textwrap.dedent(rest)}" if rest else first
    rows = [row.rstrip() for row in text.strip().strip('"').strip().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows))


def laid_out(text: str, width: int) -> str:
    """`text` with its first sentence on its own, a blank line after it, and prose wrapped at `width` columns.

    Lists, indented parts and sections (`Args:`) stay as they are.
    """
    first, *rest = text.split("\n")
    if len(first) > width and not first.startswith(("-", "*")):
        summary, *others = _SENTENCE.split(first, maxsplit=1)
        first, rest = summary, [*others, *rest]
    while rest and not rest[0]:
        rest.pop(0)
    rows = textwrap.wrap(first, width, break_long_words=False, break_on_hyphens=False) or [""]
    if rest:
        rows.append("")
    for row in rest:
        is_prose = row and not row.startswith((" ", "\t", "-", "*", "@", ":")) and not row.endswith(":")
        wrapped = textwrap.wrap(row, width, break_long_words=False, break_on_hyphens=False) if is_prose else [row]
        rows += wrapped
    return "\n".join(rows)


def supported(text: str, code: str) -> str:
    """`text` without what it says about errors that `code` never names: small models invent those."""
    known = set(_ERROR.findall(code))
    rows: list[str] = []
    for row in text.split("\n"):
        if set(_ERROR.findall(row)) - known:
            kept = [each for each in re.split(r"(?<=[.;]) ", row) if not set(_ERROR.findall(each)) - known]
            row = " ".join(kept)  # noqa: PLW2901 - what is left of the row takes its place
            if not row.strip():
                continue
        rows.append(row)
    return _without_empty_sections(rows)


def _without_empty_sections(rows: list[str]) -> str:
    """The rows as a text, without a `Raises:` heading that nothing follows."""
    kept: list[str] = []
    for at, row in enumerate(rows):
        if re.fullmatch(r"\s*(?:Raises|Throws|Exceptions|Errors)\s*:?\s*", row):
            below = next((each for each in rows[at + 1 :] if each.strip() and set(each.strip()) - set("-=")), "")
            deeper = len(below) - len(below.lstrip()) > len(row) - len(row.lstrip())
            if not below or not (deeper or below.startswith("-")):
                continue
        kept.append(row)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _of_definition(source: str, language: Language, name: str) -> str:
    """The docstring of a whole definition that the model wrote instead."""
    try:
        found = find(parse(source, language), name)
    except TooLarge:
        return ""
    return found[0].docstring if found else ""
