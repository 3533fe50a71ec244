"""Where in a piece of code a model would rather have written something else, and what the code would be then.

A small model that is told to rewrite a function copies its mistake, but it knows better: read as its own answer, the
wrong token is one that it would not have written (the naturalness of buggy code: Ray et al., 2016; repair by filling in
what a model prefers: Xia and Zhang, 2022). Pure; asks no model and checks nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ..engine import Score

MOST_DELETED = 16  # lines of a definition that are tried without


@dataclass(frozen=True, slots=True)
class Doubt:
    """A token of the code, from `start` on, in whose place the model would rather have written `text`.

    `gap` is how much likelier that is to it (natural logarithm).
    """

    start: int
    text: str
    gap: float


def doubts(code: str, score: Score, first: int, most: int) -> list[Doubt]:
    """At most `most` places of `code` from offset `first` on, the most doubtful first.

    `score` is that of a text that begins with `code`.
    """
    found = []
    start = 0
    for end, rather, sure, own in zip(
        score.ends, score.preferred, score.preferred_logprobs, score.token_logprobs, strict=True
    ):
        token = code[start:end]
        if first <= start < len(code) and end > start and rather and rather != token and "\ufffd" not in rather:
            found.append(Doubt(start, rather, sure - own))
        start = end
    return sorted(found, key=lambda doubt: -doubt.gap)[:most]


def branches(code: str, doubt: Doubt, written: str) -> Iterator[str]:
    """The code as the model would have it: the line with what it prefers and `written` after it, the rest as it was.

    Where the line is another one from its first word on, also with the new line before the old one.
    """
    end = code.find("\n", doubt.start)
    end = len(code) if end < 0 else end
    new = (doubt.text + written).partition("\n")[0].rstrip()
    head, rest = code[: doubt.start], code[end:]
    line = head.rpartition("\n")[2] + new
    yield (head + new if line.strip() else head.rstrip("\n \t")) + rest
    begin = doubt.start - len(head.rpartition("\n")[2])
    if line.strip() and not code[begin : doubt.start].strip():
        yield f"{head}{new}\n{code[begin:]}"


def deletions(code: str, score: Score, first: int) -> Iterator[tuple[str, float]]:
    """The code without one of its lines from offset `first` on, and how likely that line was (natural logarithm).

    A text is likelier without any of its parts; so what is left must be likelier than it was behind that line.
    """
    rows = code.split("\n")
    skipped = code.count("\n", 0, first)
    if code[:first].rpartition("\n")[2].strip():  # what stands before it in its line is not meant
        skipped += 1
    places = [at for at, row in enumerate(rows) if at >= skipped and row.strip()]
    starts = list(itertools.accumulate((len(row) + 1 for row in rows), initial=0))
    for at in places[:MOST_DELETED]:
        tokens = zip(score.ends, score.token_logprobs, strict=True)
        line = sum(logprob for end, logprob in tokens if starts[at] < end <= starts[at + 1])
        yield "\n".join(rows[:at] + rows[at + 1 :]), line
