"""What a piece of code means, as a digest that layout and comments do not change. Knows nothing of models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from . import Span
from .canonical import GO, JAVA, RUST, C, Dialect, View, words
from .canonical_ecma import ECMA
from .canonical_python import PYTHON
from .languages import Language
from .tree import Tree, parse

_DIALECTS: dict[str, Dialect] = {
    "python": PYTHON,
    "javascript": ECMA,
    "typescript": ECMA,
    "typescriptreact": ECMA,
    "go": GO,
    "rust": RUST,
    "java": JAVA,
    "c": C,
    "cpp": C,
}


def fingerprint(tree: Tree, span: Span) -> str:
    """A digest (32 hexadecimal digits) of the code in `span`, layout and comments aside. White space in strings counts.

    In Python and JavaScript also without what formatters change: quotes, redundant parentheses, trailing commas.
    """
    return tree.once(f"fingerprint {span.start} {span.end}", lambda: _digest(tree, span, View()))


def shape(tree: Tree, span: Span, *, annotations: bool = False) -> str:
    """`fingerprint` without docstrings, and (unless `annotations`) type annotations that do not change what runs.

    Such annotations are those of Python (parameters, results, variables outside of class bodies) and of TypeScript.
    """
    return _digest(tree, span, View(docs=False, types=annotations))


def same_code(before: str, after: str, language: Language, *, annotations: bool = False) -> bool:
    """Whether two texts are the same code apart from comments and docstrings, and (unless `annotations`) annotations.

    Raises `TooLarge`.
    """
    one, other = parse(before, language), parse(after, language)
    return shape(one, Span(0, len(before)), annotations=annotations) == shape(
        other, Span(0, len(after)), annotations=annotations
    )


def digest(parts: Iterable[str]) -> str:
    """One digest (32 hexadecimal digits) of several strings; where one ends and the next begins counts."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()


def _digest(tree: Tree, span: Span, view: View) -> str:
    return digest([tree.language.id, *words(tree, span, _DIALECTS[tree.language.id], view)])
