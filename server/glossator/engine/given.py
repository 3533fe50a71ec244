"""What a request wants to know of given answers: how likely each is, or how it goes on. Knows cells and tokens through
`Native`'s methods, as `decoding` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from . import Request, Score
from .prefixes import Prefixes, Resident
from .sampling import Logits
from .scoring import continuations, likelihoods, scored

if TYPE_CHECKING:
    from .llama_native import Native


LONGEST_STOP = 16  # tokens at the end of a text in which a stop is looked for


@dataclass(frozen=True, slots=True)
class Found:
    """One score or text for each answer; `written` tokens were made up, of which `decoded` were evaluated."""

    scores: tuple[Score, ...] = ()
    texts: tuple[str, ...] = ()
    written: int = 0
    decoded: int = 0


def judge(
    request: Request,
    answers: Sequence[Sequence[int]],
    *,
    native: Native,
    prefixes: Prefixes,
    resident: Resident,
    logits: Logits,
    rows: int,
    progress: Callable[[], None],
) -> Found:
    """What `request` asks of `answers` (tokens), each written after what `resident` holds and `logits` tell of.

    At most `rows` rows of logits are had of a batch; `progress` is called after each answer. Raises what
    `Prefixes.extend` raises.
    """
    step = min(rows, native.ubatch)
    if not request.max_tokens:
        scores: dict[int, Score] = {}
        for at, judged in likelihoods(prefixes, resident, logits, answers, rows=native, step=step):
            rather = (native.piece(token.preferred) for token in judged)
            scores[at] = scored(judged, map(native.piece, answers[at]), rather)
            progress()
        return Found(scores=tuple(scores[at] for at in sorted(scores)))
    texts: dict[int, str] = {}
    told = decoded = 0
    over = partial(_over, native, request.stop)
    for at, written in continuations(
        prefixes, resident, logits, answers, rows=native, step=native.ubatch, most=request.max_tokens, over=over
    ):
        texts[at] = _until(native, written, request.stop)
        told += len(written)
        decoded += len(written) - 1
        progress()
    return Found(texts=tuple(texts[at] for at in sorted(texts)), written=told, decoded=decoded)


def _over(native: Native, stop: Sequence[str], written: Sequence[int]) -> bool:
    """Whether what was written has come to an end or to one of `stop`."""
    if native.ends(written[-1]):
        return True
    tail = b"".join(map(native.piece, written[-LONGEST_STOP:]))
    return any(each.encode() in tail for each in stop)


def _until(native: Native, written: Sequence[int], stop: Sequence[str]) -> str:
    text = b"".join(map(native.piece, written)).decode("utf-8", "replace")
    return text[: min((at for each in stop if (at := text.find(each)) >= 0), default=len(text))]
