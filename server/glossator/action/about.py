"""What is known of a target when an explanation of it is judged: its facts, and all that the model may have been shown.

What it was shown is part of this; a name that is nowhere in it was made up.
"""

from __future__ import annotations

from ..answer.claims import About
from ..code.facts import facts
from ..code.related import reach
from .target import Target


def about(target: Target) -> About | None:
    """None where no syntax tree knows the target, or it is a whole file."""
    tree, symbol = target.tree, target.symbol
    if tree is None or not (symbol or target.selection):
        return None
    span = symbol.span if symbol else target.span
    said = [each for each in (*target.diagnostics, target.instruction) if each]
    beyond = [text for piece in target.beyond for text in (piece.title, piece.code)]
    code = span.of(target.text)
    return About(
        facts=facts(tree, target.span),
        name=symbol.name if symbol else "",
        language=tree.language.id,
        code=code,
        near="\n".join(
            [code, *(each.of(target.text) for each in reach(tree, target.span) if each != span), *beyond, *said]
        ),
        shown="\n".join([target.path, target.text, *beyond, *said]),
    )
