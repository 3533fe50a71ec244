"""How much likelier a proposed edit makes a definition, in the model's own eyes: repairs become comparable.

A model that copies a wrong line when it is asked to rewrite it still knows, token by token, what it would have expected
there. So the definition and each proposal are scored as if the model had written them itself, once without having seen
the code (from the file's outline, signature and documentation), which tells what is plausible, and once after it, which
tells what can be justified. Asks the engine for scores only; offers and refuses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..answer.edit import Edit, apply
from ..answer.indent import shown
from ..code import Span, Symbol, TooLarge
from ..code.context import outlined
from ..code.fingerprint import same_code
from ..code.languages import Language
from ..code.tree import Tree
from ..engine import ContextTooLong, Engine, Message, Priority, Request, likelihood
from . import Action
from .asking import context_for, fenced, messages, room
from .budget import file_tokens
from .outcome import Proposal
from .target import Target

_TASK = "Write the {kind} `{name}` of this file, correct in every detail:\n\n{head}"
_OUTLINE = "Outline of the file:\n\n{outline}\n\n"
END = "\n```"  # scored too: without it a definition that lacks its last lines would be likelier than the whole


async def gain(
    action: Action,
    target: Target,
    proposals: Sequence[Proposal],
    engine: Engine,
    *,
    budget: int = 0,
    priority: Priority = Priority.COMMAND,
) -> list[float]:
    """For each proposal: ln P(definition with it) - ln P(definition as it is), the sum over both views.

    `target` must be a definition of a file with a tree. A proposal that leaves the code as it is (layout, comments,
    annotations aside) gains 0; one that does not fit the model's window -inf. Raises `EngineError`.
    """
    if target.tree is None or target.symbol is None:
        raise ValueError("only definitions can be compared")
    language = target.tree.language
    before = shown(target.text, target.span)
    after = [_code(target, proposal.edits) for proposal in proposals]
    gains = [0.0] * len(after)
    wanted = [at for at, code in enumerate(after) if not _same(before, code, language)]
    if not wanted:
        return gains
    codes = [before, *(after[at] for at in wanted)]
    for view in (await _unseen(action, target.tree, engine), await _seen(action, target, engine, budget)):
        try:
            asked = _asked(target, view, priority, action.name)
            first, *others = await likelihood.score(engine, asked, [f"{code}{END}" for code in codes])
        except ContextTooLong:
            return [-math.inf if at in wanted else 0.0 for at in range(len(after))]
        for at, score in zip(wanted, others, strict=True):
            gains[at] += score.logprob - first.logprob
    return gains


@dataclass(frozen=True, slots=True)
class Written:
    """A definition as a model would write it: `request` asks for it, and scores as its answer are those of code like
    `code` gives, with `END` after it."""

    target: Target
    request: Request

    def code(self, proposal: Proposal) -> str:
        """The definition with a proposal, as it is scored."""
        return _code(self.target, proposal.edits)


async def as_written(action: Action, target: Target, engine: Engine, priority: Priority) -> Written:
    """The question to which the definition that `target` is, in a file with a tree, would be the answer of a model that
    has not seen it."""
    if target.tree is None or target.symbol is None:
        raise ValueError("only definitions can be written")
    return Written(target, _asked(target, await _unseen(action, target.tree, engine), priority, action.name))


async def as_rewritten(action: Action, target: Target, engine: Engine, priority: Priority, budget: int) -> Written:
    """The same question to a model that has the definition as it is before it, in the action's own prompt."""
    view = await _seen(action, target, engine, budget)
    return Written(target, _asked(target, view, priority, action.name))


def _asked(target: Target, view: Sequence[Message], priority: Priority, purpose: str) -> Request:
    assert target.tree is not None and target.symbol is not None  # noqa: S101 - the callers looked
    symbol, language = target.symbol, target.tree.language
    head = _head(target.text, symbol, python=language.doc_convention == "docstring")
    task = _TASK.format(kind=symbol.kind, name=symbol.qualified, head=fenced(head, language.fence))
    *turns, last = view
    asked = Message("user", task, last.stable)
    prefix = f"```{language.fence}\n"
    return Request((*turns, asked), max_tokens=0, answer_prefix=prefix, priority=priority, purpose=purpose)


async def _unseen(action: Action, tree: Tree, engine: Engine) -> tuple[Message, ...]:
    """A prompt that holds no bodies; the same for all definitions of a file."""
    outlines = outlined(tree)
    limit = min(file_tokens(engine.model()), room(engine, action) // 3)
    counts = await engine.count(outlines)
    outline = next((text for text, count in zip(outlines, counts, strict=True) if count <= limit), "")
    tag = tree.language.fence
    stable = _OUTLINE.format(outline=fenced(outline, tag)) if outline else ""
    return (*_system(action), Message("user", "", stable))


async def _seen(action: Action, target: Target, engine: Engine, budget: int) -> tuple[Message, ...]:
    """The prompt of the action itself up to its task, so that what was read for it is not read again."""
    context = await context_for(action, target, engine, budget)
    talk = messages(action, target, context)
    stable = talk[-1].stable
    if context.shown != "file":
        tag = target.language.fence if target.language else ""
        stable += f"The {target.kind} as it is:\n\n{fenced(shown(target.text, target.span), tag)}\n\n"
    return (*_system(action), Message("user", "", stable))


def _system(action: Action) -> tuple[Message, ...]:
    text = action.sections.get("system", "")
    return (Message("system", text),) if text else ()


def _code(target: Target, edits: Sequence[Edit]) -> str:
    """The definition with the edits inside it (a new import is not part of it), at the left margin."""
    inside = [edit for edit in edits if target.span.holds(edit.span)]
    after = apply(target.text, inside)
    return shown(after, Span(target.span.start, target.span.end + len(after) - len(target.text)))


def _same(before: str, after: str, language: Language) -> bool:
    try:
        return same_code(before, after, language)
    except TooLarge:
        return before == after


def _head(text: str, symbol: Symbol, *, python: bool) -> str:
    """Signature and documentation, with marks in the place of the body."""
    end = symbol.body.start if symbol.body else symbol.code.end
    if symbol.docstring_span is not None and symbol.code.holds(symbol.docstring_span):
        end = max(end, symbol.docstring_span.end)
    head = shown(text, Span(symbol.span.start, end)).rstrip()
    return head + ("\n    ..." if python else " { ... }")
