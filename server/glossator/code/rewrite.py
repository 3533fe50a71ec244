"""A definition with other documentation, in the convention of its language. The code around it stays letter for letter.

Takes words and gives code; whether the words are true is not known here.
"""

from __future__ import annotations

import re
import textwrap

from . import Symbol
from .annotations import transplant_annotations
from .symbols import outline
from .tree import Tree

__all__ = ["insert_docstring", "transplant_annotations"]

_WIDTH = 100
"""A documentation of one line that is longer than this gets lines of its own for its marks."""


def insert_docstring(tree: Tree, symbol: Symbol, text: str) -> str:
    """What is to stand in the place of `symbol.span`: the definition documented by `text` instead of by what it has.

    New lines end with `\\n`. What has no place for documentation (a variable in Python) comes back as it is, and so
    does any definition where `text` is empty.
    """
    words = _words(text)
    if not words:
        return symbol.span.of(tree.text)
    if tree.language.doc_convention == "docstring":
        return _python(tree, symbol, words)
    return _commented(tree, symbol, words)


def _words(text: str) -> list[str]:
    rows = text.replace("\r\n", "\n").strip("\n").split("\n")
    rows = [rows[0].strip(), *textwrap.dedent("\n".join(rows[1:])).split("\n")]
    rows = [row.rstrip() for row in rows]
    while rows and not rows[-1]:
        rows.pop()
    while rows and not rows[0]:
        rows.pop(0)
    return rows


def _python(tree: Tree, symbol: Symbol, words: list[str]) -> str:
    if symbol.body is None or symbol.kind not in {"function", "method", "class"}:
        return symbol.span.of(tree.text)
    text, code = tree.text, symbol.span
    if symbol.docstring_span is not None:
        old = symbol.docstring_span
        literal = _literal(words, _margin(text, old.start), "'''" if "'''" in old.of(text)[:5] else '"""')
        return text[code.start : old.start] + literal + text[old.end : code.end]
    header = _header_end(tree, symbol)
    newline = text.find("\n", header, symbol.body.start)
    if newline < 0:
        indent = _margin(text, symbol.code.start) + _unit(tree)
        body = text[symbol.body.start : code.end]
        return f"{text[code.start : header].rstrip()}\n{indent}{_literal(words, indent)}\n{indent}{body}"
    indent = _margin(text, symbol.body.start)
    blank = "\n" if symbol.kind == "class" and re.match(r"@|def |async def |class ", symbol.body.of(text)) else ""
    rest = text[newline + 1 : code.end]
    blank = "" if rest.startswith(("\n", "\r\n")) else blank
    return f"{text[code.start : newline + 1]}{indent}{_literal(words, indent)}\n{blank}{rest}"


def _header_end(tree: Tree, symbol: Symbol) -> int:
    """Behind the colon of a Python definition."""
    name = tree.covering(symbol.name_span)
    colons = [child for child in (name.parent.children if name.parent else ()) if child.type == ":"]
    return tree.offset(colons[-1].end_byte) if colons else symbol.name_span.end


def _literal(words: list[str], indent: str, quotes: str = '"""') -> str:
    text = "\n".join([words[0], *(f"{indent}{row}" if row else "" for row in words[1:])])
    raw = ""
    if quotes in text:
        text = text.replace("\\", "\\\\").replace(quotes, "\\" + "\\".join(quotes))
    elif "\\" in text:
        raw = "r"
    if len(words) > 1 or len(text) > _WIDTH:
        return f"{raw}{quotes}{text}\n{indent}{quotes}"
    return f"{raw}{quotes}{text}{' ' if text.endswith((quotes[0], chr(92))) else ''}{quotes}"


def _commented(tree: Tree, symbol: Symbol, words: list[str]) -> str:
    text, span = tree.text, symbol.span
    old = symbol.docstring_span
    start, end = (old.start, old.end) if old is not None else (span.start, span.start)
    margin = _margin(text, start)
    comment = _comment(tree.language.doc_convention, symbol, words, old.of(text) if old is not None else "")
    lines = f"\n{margin}".join(comment)
    return text[span.start : start] + lines + ("" if old is not None else f"\n{margin}") + text[end : span.end]


def _comment(convention: str, symbol: Symbol, words: list[str], old: str) -> list[str]:
    if convention == "godoc":
        return [f"// {row}".rstrip() for row in _named(symbol.name, words)]
    if convention == "rustdoc" or old.startswith("///"):
        return [f"/// {row}".rstrip() for row in words]
    safe = [row.replace("*/", "* /") for row in words]
    if len(safe) == 1 and len(safe[0]) <= _WIDTH:
        return [f"/** {safe[0]} */"]
    return ["/**", *(f" * {row}".rstrip() for row in safe), " */"]


def _named(name: str, words: list[str]) -> list[str]:
    """Go's documentation begins with the name of what it is about."""
    first, _, rest = words[0].partition(" ")
    described = first in {"A", "An", "The"} and rest.partition(" ")[0] == name
    if first.rstrip(":,") == name or described:
        return words
    lowered = first[:1].lower() + first[1:] if first[1:].islower() or len(first) == 1 else first
    return [f"{name} {lowered} {rest}".rstrip(), *words[1:]]


def _margin(text: str, offset: int) -> str:
    """The white space that the line of `offset` begins with."""
    line = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    found = re.compile(r"[ \t\f]*").match(text, line)
    return text[line : min(found.end(), offset)] if found else ""


def _unit(tree: Tree) -> str:
    """One step of indentation in a Python file, as its definitions show it; four blanks where none does."""
    for symbol in outline(tree):
        if symbol.body is not None:
            outer, inner = _margin(tree.text, symbol.code.start), _margin(tree.text, symbol.body.start)
            if len(inner) > len(outer) and inner.startswith(outer):
                return inner[len(outer) :]
    return "    "
