"""The rungs that an edit passed, or the reasons to refuse it.

Takes the file before and after as text and judges by syntax alone: nothing is ever executed. A rung is only named when
it was really checked; a reason is a sentence that can be shown to a user and sent back to the model.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

from ..code import Span, Symbol, TooLarge
from ..code.fingerprint import fingerprint, shape
from ..code.languages import Language
from ..code.symbols import outline
from ..code.tree import Tree, parse
from .hidden import hidden

RUNGS = {
    "parses": "parses",
    "signature": "same name and parameters",
    "unchanged": "code unchanged",
    "compiles": "compiles",
}
"""The rungs that a prompt file may ask for, and how they are named to a user."""
MOST_COMPILED = 300_000
"""Characters. Python's compiler lets nothing else run: this much takes it about a third of a second."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rungs`: what was checked and held, as shown to a user. `reasons`: why it is refused; empty: it is not."""

    rungs: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the edit may be offered."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after an edit.

    Attributes:
        before: The whole text before.
        after: The whole text after.
        span: What was replaced, in `before`.
        new_span: What stands there, in `after`.
        language: None where the language is not known: then only what needs no syntax is checked.
        symbol: The definition that `span` covers, or None.
    """

    before: str
    after: str
    span: Span
    new_span: Span
    language: Language | None = None
    symbol: Symbol | None = None

    @property
    def old_code(self) -> str:
        """What was replaced."""
        return self.span.of(self.before)

    @property
    def new_code(self) -> str:
        """What replaces it."""
        return self.new_span.of(self.after)


def check(change: Change, rungs: tuple[str, ...], *, signature_may_change: bool = False) -> Verdict:
    """Judge `change` by `rungs` (names from `RUNGS`), always also by: it changes something, and nothing is hidden."""
    if found := hidden(change.after, change.before):
        return Verdict(reasons=(f"the new code holds invisible characters: {', '.join(found[:3])}",))
    trees = _trees(change)
    if _is_no_op(change, trees, code="unchanged" not in rungs):
        return Verdict(reasons=("the code came back unchanged",))
    if trees is None:
        return Verdict()
    passed, reasons = [], []
    for rung in rungs:
        reason = _CHECKS[rung](change, *trees)
        if rung == "signature" and not reason and "unchanged" not in rungs:
            reason = _header(change, trees[1])
        if reason == _NOT_CHECKED or (reason and rung == "signature" and signature_may_change):
            continue
        if reason:
            reasons.append(reason)
        else:
            passed.append(RUNGS[rung])
    return Verdict(() if reasons else tuple(passed), tuple(reasons))


_NOT_CHECKED = "-"


def _trees(change: Change) -> tuple[Tree, Tree] | None:
    if change.language is None:
        return None
    try:
        before = parse(change.before, change.language)
        return before, before.edited(change.after)
    except TooLarge:
        return None


def _is_no_op(change: Change, trees: tuple[Tree, Tree] | None, *, code: bool) -> bool:
    """Whether nothing changed; with `code`, comments and layout do not count as a change."""
    if change.before == change.after:
        return True
    if (
        trees is None
        or not code
        or len(change.after) - len(change.new_code) != len(change.before) - len(change.old_code)
    ):
        return change.old_code.split() == change.new_code.split() and trees is None
    return fingerprint(trees[0], change.span) == fingerprint(trees[1], change.new_span)


def _parses(change: Change, before: Tree, after: Tree) -> str:
    old, new = before.errors(), after.errors()
    if len(new) <= len(old):
        return ""
    row = change.after.count("\n", 0, new[0].start) - change.after.count("\n", 0, change.new_span.start) + 1
    return f"the new code does not parse (near its line {max(row, 1)})"


def _signature(change: Change, before: Tree, after: Tree) -> str:
    wanted = change.symbol
    if wanted is None:
        return _NOT_CHECKED
    found = _found(change, after)
    if found is None:
        return f"`{wanted.name}` is no longer defined by the new code"
    if found.parameters != wanted.parameters:
        return f"the parameters changed from ({', '.join(wanted.parameters)}) to ({', '.join(found.parameters)})"
    if gone := _modifiers(wanted) - _modifiers(found):
        return f"`{wanted.name}` is no longer {', '.join(sorted(gone))}"
    if found.decorators != wanted.decorators:
        return "the decorators changed"
    if "async" in _modifiers(found) - _modifiers(wanted):
        return f"`{wanted.name}` is now async"
    if wanted.kind in {"class", "interface", "struct", "trait", "enum"}:
        kept = {each.path for each in outline(after)}
        lost = [each.qualified for each in outline(before) if wanted.code.holds(each.code) and each.path not in kept]
        if lost:
            return f"lost: {', '.join(f'`{name}`' for name in lost[:5])}"
    return ""


def _found(change: Change, after: Tree) -> Symbol | None:
    """The definition that `change` is about, as it is after the edit."""
    inside = [found for found in outline(after) if change.new_span.holds(found.code)]
    return next((each for each in inside if change.symbol and each.path == change.symbol.path), None)


_TYPED = {"c", "cpp", "go", "java", "rust", "typescript", "typescriptreact"}
"""Where the types in a header are part of what callers rely on."""


def _header(change: Change, after: Tree) -> str:
    """Whether the types in the header of a function stayed. Where TypeScript has none yet they may come."""
    wanted, found = change.symbol, _found(change, after)
    if wanted is None or found is None or change.language is None or change.language.id not in _TYPED:
        return ""
    language = change.language.id
    same = _bare(found.signature, language) == _bare(wanted.signature, language)
    if same or wanted.kind not in {"function", "method"}:
        return ""
    if language.startswith("typescript") and ":" not in wanted.signature:
        return ""
    return f"the header changed from `{wanted.signature}` to `{found.signature}`"


def _bare(signature: str, language: str) -> str:
    """A header without blanks, trailing commas and what only the body sees: initializers and `mut`."""
    if language == "cpp":
        signature = re.sub(r"(?<=\))\s*:(?!:).*$", "", signature)
    if language == "rust":
        signature = re.sub(r"\bmut (?=\w+\s*:)", "", signature)
    return re.sub(r",(?=[)>])", "", re.sub(r"\s+", "", signature))


_MODIFIERS = """
    abstract async const default export extern final inline internal native open override private protected pub public
    sealed static synchronized unsafe virtual volatile
"""


def _modifiers(symbol: Symbol) -> set[str]:
    """The modifiers before the name, as the signature has them."""
    return set(_MODIFIERS.split()) & set(re.findall(r"\w+", symbol.signature.partition(symbol.name)[0]))


def _unchanged(change: Change, before: Tree, after: Tree) -> str:
    if shape(before, change.span) == shape(after, change.new_span):
        return ""
    return "the code changed, not only its documentation and types"


def _compiles(change: Change, before: Tree, after: Tree) -> str:
    del before, after
    if change.language is None or change.language.id != "python" or len(change.after) > MOST_COMPILED:
        return _NOT_CHECKED
    trouble = compiled(change.after)
    if not trouble:
        return ""
    return _NOT_CHECKED if compiled(change.before) else f"the new code does not compile: {trouble}"


def compiled(text: str) -> str:
    """Why Python cannot compile `text`, or "" where it can. Compiling runs none of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "<edit>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return error.msg or "syntax error"
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            return str(error) or type(error).__name__
    return ""


_CHECKS = {"parses": _parses, "signature": _signature, "unchanged": _unchanged, "compiles": _compiles}
