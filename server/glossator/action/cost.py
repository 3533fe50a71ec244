"""What explaining definitions will probably cost on this machine, from the rates that were measured of the model.

An estimate: letters stand for tokens, and the model is not asked. Knows no files but their lengths.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..engine import ModelInfo
from .budget import file_tokens
from .gloss import Part, Place, Told

_LETTERS_A_TOKEN = 3.5
_TASK, _SYSTEM = 220, 130  # tokens of the words around the code, and of what comes before the file
WRITTEN = 80  # tokens of an explanation of at most 60 words
_PREFILL, _DECODE = 60.0, 8.0  # tokens a second where nothing was measured: only the proportion counts then


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens to read and to write, and the `seconds` that takes; `measured`: whether the rates are this machine's."""

    read: int
    written: int
    seconds: float
    measured: bool


def cost(parts: Sequence[Part], places: Collection[Place], info: ModelInfo, known: Mapping[Place, Told]) -> Cost:
    """What asking about `places` takes in all. `known`: what was told before shows how long explanations are."""
    each = costs(parts, places, info, known)
    measured = bool(info.prefill_rate and info.decode_rate)
    return Cost(
        sum(read for read, _ in each.values()),
        sum(written for _, written in each.values()),
        sum(seconds(info, *one) for one in each.values()),
        measured,
    )


def costs(
    parts: Sequence[Part], places: Collection[Place], info: ModelInfo, known: Mapping[Place, Told]
) -> dict[Place, tuple[int, int]]:
    """Tokens to read and to write for each of `places`; the first of a file reads the file."""
    lengths = [len(each.text) for each in known.values() if each.text]
    written = round(sum(lengths) / len(lengths) / _LETTERS_A_TOKEN) if lengths else WRITTEN
    wanted = set(places)
    found: dict[Place, tuple[int, int]] = {}
    for part in parts:
        shared = _SYSTEM + min(round(len(part.source.text) / _LETTERS_A_TOKEN), file_tokens(info))
        for place, symbol in part.places():
            if place in wanted:
                length = symbol.code.end - symbol.code.start
                found[place] = shared + _TASK + round(length / _LETTERS_A_TOKEN), written
                shared = 0
    return found


def seconds(info: ModelInfo, read: int, written: int) -> float:
    """How long so many tokens take."""
    return read / (info.prefill_rate or _PREFILL) + written / (info.decode_rate or _DECODE)
