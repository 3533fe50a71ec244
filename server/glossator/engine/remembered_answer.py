"""An answer as it is kept on disk."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from . import Finished, Text, Usage


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
