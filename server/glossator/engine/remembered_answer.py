"""An answer as it is kept on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from . import Finished, Request, Text, Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept: the pieces as they were streamed, the last chunk, when (seconds since the epoch), and whose.

    `digest` names the exact model (`ModelInfo.digest`); empty: it was not written down.
    """

    pieces: tuple[Text, ...]
    finished: Finished
    stored: float
    digest: str = ""

    def to_bytes(self) -> bytes:
        """As `from_bytes` reads it."""
        tree = {
            "pieces": [[piece.text, piece.tokens] for piece in self.pieces],
            "finished": asdict(self.finished),
            "stored": self.stored,
            "digest": self.digest,
        }
        return json.dumps(tree).encode()

    @classmethod
    def from_bytes(cls, written: bytes) -> Answer:
        """The answer, marked as remembered. Raises `KeyError`, `TypeError` or `ValueError` for what is none."""
        tree: dict[str, Any] = json.loads(written)
        last = tree["finished"]
        finished = Finished(last["reason"], Usage(**last["usage"]), last["model"], remembered=True)
        pieces = tuple(Text(text, tokens) for text, tokens in tree["pieces"])
        return cls(pieces, finished, tree["stored"], tree.get("digest", ""))


def whole(request: Request, pieces: Sequence[Text], finished: Finished, digest: str) -> Answer | None:
    """The answer of the model `digest` as it is kept; None for what is not kept: cut off, only read, already kept, or
    taken from nearly the same text."""
    known = finished.remembered or finished.usage.approximate
    if request.answers or request.max_tokens <= 0 or finished.reason not in ("stop", "length") or known:
        return None
    return Answer(tuple(pieces), finished, time.time(), digest)
