"""The several edits that a search found for one definition: what each of them is in a few words, what the code is with
it, and how one is turned into another. Of a text, number 0 is the code as it was, 1 the likeliest. Knows no editor.
"""

from __future__ import annotations

from dataclasses import replace

from ..answer.edit import Edit, apply, lines, newline, smallest
from ..answer.quoted import quoted
from ..code import Span, Symbol, TooLarge
from ..code.symbols import outline
from ..code.tree import Tree
from .outcome import Outcome, Proposal, Refusal
from .target import Target

LONGEST = 60  # characters of a line of code in a message
AS_IT_WAS = "the code as it was"


def found(outcome: Outcome | None) -> tuple[Proposal, ...]:
    """What a search offers, the likeliest first; of another edit itself alone, of anything else nothing."""
    if not isinstance(outcome, Proposal):
        return ()
    return outcome.candidates or (outcome,)


def chosen(outcome: Outcome, number: int) -> Outcome:
    """`outcome` with the edit of that number (from 1) as its own; a refusal where so many were not found."""
    every = found(outcome)
    if not every or not isinstance(outcome, Proposal):
        return outcome
    if number > len(every):
        count = f"{len(every)} edits were" if len(every) > 1 else "one edit was"
        reason = f"there is no number {number}: only {count} found"
        return Refusal(reasons=(reason,), model=outcome.model, usage=outcome.usage, remembered=outcome.remembered)
    one = every[number - 1]
    return replace(outcome, edits=one.edits, new_text=one.new_text, rungs=one.rungs, note=one.note)


def named(outcome: Outcome | None, number: int) -> str:
    """`2 of 4`; of 0 words for the code as it was."""
    return f"{number} of {len(found(outcome))}" if number else AS_IT_WAS


def announced(target: Target, outcome: Outcome | None, number: int) -> str:
    """One line for a user who has number `number`: which it is, and what comes next (after the last, 0)."""
    every = found(outcome)
    following = gist(target, every[number]) if number < len(every) else AS_IT_WAS
    return f"{named(outcome, number)}; next: {following}"


def gist(target: Target, proposal: Proposal) -> str:
    """The first line that is new in the code with `proposal`, or that is missing: one short line of plain text."""
    inside_first = sorted(proposal.edits, key=lambda edit: (not target.span.holds(edit.span), edit.span))
    for edit in inside_first:  # an import that comes along says less
        old, new = _bare(edit.span.of(target.text)), _bare(edit.text)
        if line := next((line for line in new if line not in old), ""):
            return f"`{_short(line)}`"
    for edit in inside_first:
        old, new = _bare(edit.span.of(target.text)), _bare(edit.text)
        if line := next((line for line in old if line not in new), ""):
            return f"without `{_short(line)}`"
    return "another order of lines"


def part(target: Target, proposal: Proposal | None) -> str:
    """The text of the definition with `proposal`, the comment above it included; without one as it was."""
    area = _area(target)
    edits = [edit for edit in proposal.edits if area.holds(edit.span)] if proposal else []
    after = apply(target.text, edits)
    return after[area.start : area.end + len(after) - len(target.text)]


def after(target: Target, proposal: Proposal | None) -> Target | None:
    """The same definition in the text that `proposal` leaves; None where it is not certain which one that is."""
    if proposal is None:
        return target
    if target.symbol is None:
        return _selected_after(target, proposal)
    if target.tree is None:
        return None
    try:
        tree = target.tree.edited(proposal.new_text)
    except TooLarge:
        return None
    then, now = _alike(target.tree, target.symbol), _alike(tree, target.symbol)
    if target.symbol not in then or len(then) != len(now):
        return None
    symbol = now[then.index(target.symbol)]
    return replace(target, text=proposal.new_text, span=symbol.code, tree=tree, symbol=symbol)


def _selected_after(target: Target, proposal: Proposal) -> Target | None:
    """A selection in the text that `proposal` leaves; None where something else was changed, too."""
    if not all(target.span.holds(edit.span) for edit in proposal.edits):
        return None
    end = target.span.end + len(proposal.new_text) - len(target.text)
    return replace(target, text=proposal.new_text, span=Span(target.span.start, end), tree=None)


def between(target: Target, one: Proposal | None, other: Proposal | None) -> tuple[Edit, ...]:
    """The smallest edits that turn the text with `one` into the text with `other`; offsets into the former."""
    edits = [edit for each in (one, other) if each for edit in each.edits]
    if not edits:
        return ()
    start, end = min(edit.span.start for edit in edits), max(edit.span.end for edit in edits)
    before, wanted = (target.text if each is None else each.new_text for each in (one, other))
    rest = len(target.text) - end
    old, new = before[start : len(before) - rest], wanted[start : len(wanted) - rest]
    small = smallest(old, new, start, newline(target.text))
    # Line ends alone are no difference to `smallest`; here nothing but the very text will do.
    return small if apply(before, small) == wanted else (Edit(Span(start, start + len(old)), new),)


def _area(target: Target) -> Span:
    symbol = target.symbol
    return symbol.span if symbol is not None and symbol.span.holds(target.span) else target.span


def _alike(tree: Tree, symbol: Symbol) -> list[Symbol]:
    return [other for other in outline(tree) if other.path == symbol.path and other.kind == symbol.kind]


def _bare(text: str) -> list[str]:
    return [bare for line in lines(text) if (bare := line.strip())]


def _short(line: str) -> str:
    return quoted(line, LONGEST)
