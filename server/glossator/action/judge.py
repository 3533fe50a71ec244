"""A model's answer to one try of an action -> an outcome. Pure: the same answer gives the same outcome, so that a
remembered answer is judged anew against the file as it is now. Asks no model."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from ..answer.contradicted import sound
from ..answer.docstring import docstring, laid_out, supported
from ..answer.edit import apply, newline, smallest
from ..answer.extract import blocks, extract
from ..answer.findings import findings
from ..answer.header import headed
from ..answer.hidden import hidden
from ..answer.imports import missing_imports
from ..answer.indent import dedented, fitted, margin, shown
from ..answer.markdown import sanitised
from ..answer.prose import explanation
from ..answer.replaced import replaced
from ..answer.spacing import spaced_as
from ..answer.verify import RUNGS, Change, check, compiled
from ..code import Span, TooLarge
from ..code.fingerprint import same_code
from ..code.rewrite import insert_docstring, transplant_annotations
from ..code.tree import parse
from . import FACTS, Action, Try
from .about import about
from .new_tests import test_file
from .outcome import Explanation, NewFile, Outcome, Proposal, Refusal
from .target import Target

_ERROR = re.compile(r"\b\w+(?:Error|Exception)\b")
DOC_WIDTH = 84
"""Columns of documentation: with its marks it stays below the 88 that most formatters allow."""

_SIGNATURE_WORDS = re.compile(
    r"\b(renam\w*|param\w*|arg\w*|signature|async\w*|await\w*|keyword|default\w*|decorat\w*|method|split|extract|class|types?)\b",
    re.I,
)
"""Words of an instruction that ask for another name or other parameters: then those are no reason to refuse."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model wrote: `thought`, `answer`, and why it ended (`stop`, `length`, `loop`)."""

    answer: str
    finish: str = "stop"


def judge(action: Action, attempt: Try, target: Target, reply: Reply) -> Outcome:
    """The outcome, without what it cost and without the model's own words (`run` adds those)."""
    cut = reply.finish != "stop"
    if action.kind == "answer":
        return _once_explained(action, attempt, target, reply)
    if action.kind == "findings":
        return _findings(target, reply.answer)
    if cut:
        return Refusal(reasons=(_cut(reply),))
    if action.kind == "new_file":
        return _new_file(target, reply.answer, last=attempt is action.tries[-1])
    return _edit(action, attempt, target, reply.answer)


_CUT = {
    "length": "the answer was cut off at its length limit",
    "loop": "the model repeated itself without end",
}
_SPENT = "the model spent all of its tokens on its thought; a prompt file's `reasoning` gives it more"
"""Of a remote server alone: it counts thoughts and answers together, and nobody can close a thought there."""


def _cut(reply: Reply) -> str:
    """Why an answer that did not end by itself is none."""
    return _CUT[reply.finish] if reply.answer.strip() or reply.finish != "length" else _SPENT


def _once_explained(action: Action, attempt: Try, target: Target, reply: Reply) -> Outcome:
    """What `_explained` gives, worked out once for a tree: a remembered answer is hovered over again and again."""
    if target.tree is None:
        return _explained(action, attempt, target, reply)
    told = target.path, target.span, target.selection, target.diagnostics, target.instruction, target.beyond
    asked = action.checks, attempt is action.tries[-1]
    name = f"explained {hashlib.sha256(repr((told, asked, reply)).encode('utf-8', 'surrogatepass')).hexdigest()}"
    return target.tree.once(name, lambda: _explained(action, attempt, target, reply))


def _explained(action: Action, attempt: Try, target: Target, reply: Reply) -> Outcome:
    """Prose; where the prompt file asks for it without what the syntax tree contradicts."""
    # What a tool or a user has in mind may well be an error that the code does not name.
    asked = bool(target.diagnostics or target.instruction)
    known = None if asked else "\n".join([target.text, *(piece.code for piece in target.beyond)])
    what = about(target) if FACTS in action.checks else None
    if what is not None:  # it knows which errors code brings about without naming them
        known = None
    text = explanation(reply.answer, target.text, known=known, cut=reply.finish != "stop")
    if not text:
        return Refusal(reasons=("the model gave no answer" if reply.finish == "stop" else _cut(reply),))
    if what is None:
        return Explanation(markdown=text)
    found = sound(text, what)
    left = Explanation(markdown=found.text, dropped=found.reasons) if found.text else None
    # An explanation that is wrong about its first sentence is wrong about what the code is for: ask once more.
    if left is None or not (found.whole or attempt is action.tries[-1]):
        return Refusal(reasons=found.reasons, spare=left)
    return left


def _findings(target: Target, answer: str) -> Explanation:
    """The mistakes that the model quotes from the code; what it quotes from elsewhere it made up."""
    found = tuple(each for each in findings(answer, target.text, *target.lines) if each.line)
    rows = [f"- line {each.line}: {sanitised(each.message)}" for each in found]
    return Explanation(markdown="\n".join(rows) or "No mistakes found.", findings=found)


def _edit(action: Action, attempt: Try, target: Target, answer: str) -> Outcome:
    span = target.span
    if attempt.reply == "docstring":
        code = _documented(target, answer)
        span = target.symbol.span if target.symbol else span
    elif attempt.reply == "lines":
        changed = replaced(answer, shown(target.text, span))
        code = None if changed is None else fitted(changed, target.text, span)
    elif attempt.reply == "header":
        header = headed(answer, target.name, target.language.id if target.language else "")
        code = None if header is None else _own_annotations(target, header)
    else:
        code = extract(answer, target.text, span, target.language, target.symbol)
    if code is None:
        return Refusal(reasons=(f"the answer holds no {_WANTED[attempt.reply]} {_quoted(target)}",))
    outcome = _proposal(action, target, span, _spaced(target, code))
    if isinstance(outcome, Refusal) and "unchanged" in action.checks and attempt.reply == "code":
        own = _own_annotations(target, dedented(margin(target.text, target.span) + code))
        saved = _proposal(action, target, span, own) if own is not None else outcome
        if isinstance(saved, Proposal):
            return replace(saved, note="the model changed more than was asked; only its type annotations were taken")
    return outcome


_WANTED = {
    "code": "code for",
    "lines": "line of",
    "docstring": "documentation of",
    "header": "new type hints for",
    "text": "code for",
}


def _quoted(target: Target) -> str:
    return f"`{target.name}`" if target.symbol else target.name


def proposed(action: Action, target: Target, code: str) -> Proposal | Refusal:
    """`code`, laid out as in the file, in the place of the target, checked as an answer is."""
    return _proposal(action, target, target.span, _spaced(target, code))


def _spaced(target: Target, code: str) -> str:
    """`code` with the blanks that it had in the file, where that says the same; as it is where the user asked for
    something in their own words, which may be other blanks."""
    if target.instruction or target.language is None:
        return code
    kept = spaced_as(target.code, code)
    if kept == code:
        return code
    head = margin(target.text, target.span)
    try:
        same = same_code(dedented(head + code), dedented(head + kept), target.language, annotations=True)
    except TooLarge:
        return code
    return kept if same else code


def _proposal(action: Action, target: Target, span: Span, code: str) -> Proposal | Refusal:
    """The smallest edits that put `code` in the place of `span`, checked."""
    eol = newline(target.text)
    edits = smallest(span.of(target.text), code, span.start, eol)
    shift = 0
    added = missing_imports(target.tree, span, code) if target.tree is not None else None
    if added is not None and edits:
        added = replace(added, text=added.text.replace("\n", eol))
        edits, shift = (added, *edits), len(added.text)
    after = apply(target.text, edits)
    change = Change(
        before=target.text,
        after=after,
        span=span,
        new_span=Span(span.start + shift, span.end + len(after) - len(target.text)),
        language=target.language,
        symbol=target.symbol,
    )
    verdict = check(change, action.checks, signature_may_change=bool(_SIGNATURE_WORDS.search(target.instruction)))
    if not verdict.good:
        return Refusal(reasons=verdict.reasons)
    return Proposal(edits=edits, new_text=after, rungs=verdict.rungs)


def _documented(target: Target, answer: str) -> str | None:
    """The definition, comment above it included, with the model's documentation in its language's convention."""
    if target.tree is None or target.symbol is None or target.language is None:
        return None
    words = supported(docstring(answer, target.language, target.symbol.name), target.text)
    words = laid_out(words, DOC_WIDTH - len(margin(target.text, target.span)))
    return insert_docstring(target.tree, target.symbol, words) if words else None


def _own_annotations(target: Target, code: str) -> str | None:
    """The definition as it was, with the type annotations of the model's version."""
    if target.tree is None or target.symbol is None:
        return None
    return transplant_annotations(target.tree, target.symbol, code)


def _new_file(target: Target, answer: str, *, last: bool) -> Outcome:
    language = target.language.id if target.language else ""
    found = blocks(answer)
    if not found:
        return Refusal(reasons=("the answer holds no code for a test file",))
    text = max(found, key=len).strip("\n") + "\n"
    if unseen := hidden(text, target.text):
        return Refusal(reasons=(f"the new file holds invisible characters: {', '.join(unseen[:3])}",))
    rungs: tuple[str, ...] = ()
    path = test_file(target.path, target.symbol.name if target.symbol else "", language)
    if target.language is not None:
        try:
            if parse(text, target.language).errors():
                return Refusal(reasons=("the new file does not parse",))
            rungs = (RUNGS["parses"],)
        except TooLarge as error:
            return Refusal(reasons=(f"{path} is not offered: {error}",))
        if language == "python":
            if trouble := compiled(text):
                return Refusal(reasons=(f"the new file does not compile: {trouble}",))
            rungs += (RUNGS["compiles"],)
        # What the code calls may raise it: a reason to ask again, none to refuse for good.
        if not last and (invented := sorted(set(_ERROR.findall(text)) - set(_ERROR.findall(target.text)))):
            return Refusal(reasons=(f"the tests expect {', '.join(invented)}, which the code never raises",))
        if target.symbol is not None and target.symbol.path[0] not in text:
            return Refusal(reasons=(f"the new file never uses `{target.symbol.path[0]}`",))
    return NewFile(path=path, text=text, rungs=rungs)
