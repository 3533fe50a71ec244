"""A model's text -> the new code of one symbol or selection, whatever the model wrote around it.

Knows the syntax of the language through `code/`, and nothing of files, models or checks: what comes out of here may
still be wrong. Models write fences (or forget to close them), prose before and after, the whole file, a class around a
method, only the body, another indentation.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from ..code import Span, Symbol, TooLarge
from ..code.languages import Language
from ..code.symbols import find, outline
from ..code.tree import Tree, parse
from .indent import dedented, fitted, shown

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([^\n`]*)$")
_BEFORE = re.compile(r"export\s+(?:default\s+)?|template\s*<[^;{}()]*?>\s*(?=[^\s>,])")
"""What stands before a definition and is easily forgotten."""
_METHODS_IN_CLASSES = {"javascript", "typescript", "typescriptreact", "java"}
"""Where a method alone, without a class around it, is no definition."""
_LIKE = 0.5
"""A body without its header must resemble the original this much to be taken for it (a usage example does not)."""


def blocks(answer: str) -> list[str]:
    """The fenced blocks of an answer, in order; one that is never closed ends with the answer."""
    found: list[str] = []
    fence, indent, rows = "", 0, list[str]()
    for row in answer.split("\n"):
        match = _FENCE.match(row)
        if not fence and match:
            fence, indent, rows = match[1], len(row) - len(row.lstrip()), []
        elif fence and match and not match[2].strip() and match[1].startswith(fence):
            found.append("\n".join(rows))
            fence = ""
        elif fence:
            rows.append(row[indent:] if not row[:indent].strip() else row)
    if fence:
        found.append("\n".join(rows))
    return [block for block in found if block.strip()]


def extract(answer: str, text: str, span: Span, language: Language | None, symbol: Symbol | None = None) -> str | None:
    """What is to stand in the place of `span` in `text`, indented as the file is, with `\\n` line ends.

    None where the answer holds no code that could be a version of it. `symbol` is the definition that `span` covers, or
    None for a selection.
    """
    fenced = blocks(answer)
    if symbol is None or language is None:
        code = max(fenced, key=lambda block: _likeness(block, shown(text, span)), default=None)
        return fitted(code, text, span) if code else None
    for block in [*reversed(fenced), *([] if fenced else [_bare(answer, symbol)])]:
        code = _definition(block, language, symbol)
        if code:
            return fitted(_headed(code, shown(text, span), symbol), text, span)
    for block in reversed(fenced) if symbol.kind == "method" and language.id in _METHODS_IN_CLASSES else ():
        code = _definition(f"class Around {{\n{block}\n}}", language, symbol)
        if code:
            return fitted(_headed(code, shown(text, span), symbol), text, span)
    for block in reversed(fenced):
        code = _body(block, text, span, symbol, language)
        if code:
            return fitted(code, text, span)
    return None


def _definition(block: str, language: Language, symbol: Symbol) -> str | None:
    """The definition of `symbol` inside `block`, at the left margin, with helpers that the block puts before it."""
    block = dedented(block)
    tree = _parsed(block, language)
    if tree is None:
        return None
    named = [found for found in find(tree, symbol.name) if _alike(found, symbol)]
    if not named:
        return None
    best = next((found for found in named if found.path == symbol.path), named[0])
    # The edit begins below a doc comment: one that the model wrote above its code would be a second one.
    code = _margined(block, best.code)
    helpers = [] if len(symbol.path) > 1 else _helpers(block, tree, best)
    return "\n\n\n".join([*helpers, code])


def _margined(block: str, span: Span) -> str:
    start = block.rfind("\n", 0, span.start) + 1
    return dedented(block[start : span.end] if not block[start : span.start].strip() else span.of(block))


def _headed(code: str, original: str, symbol: Symbol) -> str:
    """`code` with what stands before the original where a model that looked at the body forgot it.

    That is `export`, decorators and, in C++, the line `template <…>`.
    """
    if (before := _BEFORE.match(original)) and not _BEFORE.match(code):
        code = before[0] + code
    if symbol.decorators and not code.startswith(("@", "#[")) and original.startswith(symbol.decorators[0]):
        end = 0
        for decorator in symbol.decorators:
            end = max(end, original.find(decorator, end) + len(decorator))
        code = original[: len(original) - len(original[end:].lstrip())] + code
    return code


def _alike(found: Symbol, wanted: Symbol) -> bool:
    functions = {"function", "method"}
    return found.kind == wanted.kind or {found.kind, wanted.kind} <= functions


def _helpers(block: str, tree: Tree, target: Symbol) -> list[str]:
    """Other functions at the top of the block, before the target, that the target names."""
    code = target.code.of(block)
    return [
        other.span.of(block)
        for other in outline(tree)
        if len(other.path) == 1
        and other.kind == "function"
        and other.span.end <= target.span.start
        and re.search(rf"\b{re.escape(other.name)}\b", code)
    ]


def _body(block: str, text: str, span: Span, symbol: Symbol, language: Language) -> str | None:
    """The original's header with `block` as its body, where the block is a version of the body."""
    if symbol.body is None or not span.holds(symbol.body):
        return None
    body = shown(text, symbol.body)
    code = dedented(block)
    if _likeness(code, body) < _LIKE:
        return None
    header = shown(text, Span(span.start, symbol.body.start))
    indent = header[len(header.rstrip(" \t")) :]
    code = code.replace("\n", "\n" + indent) if "\n" in header else code
    whole = header + code
    tree = _parsed(whole, language)
    return whole if tree and not tree.errors() and find(tree, symbol.name) else None


def _bare(answer: str, symbol: Symbol) -> str:
    """An answer without fences from the first line that could begin the definition to its last line of code."""
    rows = answer.strip().split("\n")
    header = re.compile(rf"\b{re.escape(symbol.name)}\b")
    starts = [
        at
        for at, row in enumerate(rows)
        if header.search(row) and (row.rstrip().endswith((":", "{", "(", ",", ")")) or "=>" in row or "def " in row)
    ]
    if not starts:
        return answer
    first = starts[0]
    while first and rows[first - 1].lstrip().startswith(("@", "#[")):
        first -= 1
    margin = len(rows[first]) - len(rows[first].lstrip())
    last = first + 1
    for at in range(first + 1, len(rows)):
        row = rows[at]
        if row.strip() and len(row) - len(row.lstrip()) <= margin and not row.lstrip().startswith((")", "}", "]")):
            break
        last = at + 1
    return "\n".join(rows[first:last])


def _parsed(code: str, language: Language) -> Tree | None:
    try:
        return parse(code, language)
    except TooLarge:
        return None


def _likeness(code: str, original: str) -> float:
    """0 to 1: how much of two texts' lines is the same, indentation aside."""
    one, other = ([row.strip() for row in each.split("\n") if row.strip()] for each in (code, original))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
