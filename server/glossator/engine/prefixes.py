"""Which prompts' KV states are held, and which one a new prompt continues. Knows tokens and cells, no llama.cpp.

Three levels: the sequence of the context, blobs in memory (3 ms for a thousand tokens, out and back) and, behind
`Shelf`, files that outlive the process. There is one sequence, whose cells begin at 0, and not one for each file: a
blob is back in no time, attention never runs over other files' cells, and the place of the cells changes the rounding
of every result, so only this gives the same answer from a state as without one.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from . import EngineError

LEAST_KEPT = 96  # tokens; a shorter prefix is evaluated in less time than it is worth
LEAST_LOADED = 64  # tokens that a blob must save over what the sequence holds
LEAST_PARKED = 256  # tokens of a prompt that are kept in memory when the sequence is left for another


class Aborted(Exception):
    """The batch was stopped; its finished part is kept."""


class Cells(Protocol):
    """The context's one sequence; see `llama_native.Native`."""

    def decode(self, tokens: Sequence[int], start: int, outputs: int) -> None: ...
    def length(self) -> int: ...
    def forget(self, start: int) -> bool: ...
    def save(self) -> bytes: ...
    def restore(self, blob: bytes) -> bool: ...


class Shelf(Protocol):
    """States in files; see `states.States`."""

    def longest(self, tokens: Sequence[int]) -> tuple[int, str]: ...
    def load(self, name: str) -> tuple[list[int], bytes] | None: ...
    def store(self, tokens: Sequence[int], blob: bytes) -> None: ...


@dataclass(slots=True)
class Resident:
    """What the sequence holds. `tokens` are what its cells hold, in order.

    The first `read` of them are a prompt, the rest an answer. `logits` are those after the first `logits_at` tokens, so
    that the same prompt again costs nothing.
    """

    tokens: list[int] = field(default_factory=list)
    read: int = 0
    logits: npt.NDArray[np.float32] | None = None
    logits_at: int = 0


def common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens two lists have in common at their beginning."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def cuts(length: int, ends: Sequence[int], step: int) -> list[int]:
    """Where a prompt of `length` tokens is cut for evaluation: at `ends`, and every `step` tokens after each."""
    places: list[int] = []
    start = 0
    for end in [*sorted(end for end in set(ends) if 0 < end < length), length]:
        places += [*range(start + step, end, step), end]
        start = end
    return places


class Prefixes:
    """The states of one context's sequence, of memory and of the disk."""

    def __init__(self, native: Cells, *, blob_bytes: int = 512 << 20, shelf: Shelf | None = None) -> None:
        """`blob_bytes` limits the blobs in memory; the least recently used go first."""
        self._native = native
        self._resident = Resident()
        self._blobs: OrderedDict[tuple[int, ...], bytes] = OrderedDict()
        self._blob_bytes = blob_bytes
        self._shelf = shelf

    def enter(self, tokens: Sequence[int], places: Sequence[int]) -> Resident:
        """The sequence, holding the longest usable beginning of `tokens` that is known, and nothing else.

        `places` are the prompt's cuts, where reuse may begin.
        """
        resident = self._resident
        usable = self._usable(resident, tokens, places)
        if (found := self._find(tokens, places, usable + LEAST_LOADED)) is not None:
            key, blob = found
            self._park()
            self._empty()
            if self._native.restore(blob):
                self._remember(key, blob)
                resident.tokens, resident.read = list(key), len(key)
            else:
                self._blobs.pop(key, None)
            usable = _floor(common(resident.tokens, tokens), places, len(tokens))
        elif usable < resident.read:
            self._park()
        self.cut(resident, usable)
        return resident

    def cut(self, resident: Resident, length: int) -> None:
        """Remove what the sequence holds after its first `length` tokens."""
        if length < len(resident.tokens):
            if not self._native.forget(length):
                length = 0
            del resident.tokens[length:]
        resident.read = min(resident.read, length)
        if resident.logits_at > length:
            resident.logits = None

    def extend(self, resident: Resident, tokens: Sequence[int], outputs: int, *, reading: bool = False) -> None:
        """Evaluate `tokens` (of a prompt, if `reading`) after what the sequence holds.

        Raises what `Native.decode` raises; what the sequence holds is known afterwards in any case.
        """
        have = len(resident.tokens)
        try:
            self._native.decode(tokens, have, outputs)
        except Aborted:
            resident.tokens += tokens[: max(0, self._native.length() - have)]
            resident.read = len(resident.tokens) if reading else resident.read
            raise
        except EngineError:
            self._empty()
            raise
        resident.tokens += tokens
        if reading:
            resident.read = len(resident.tokens)

    def keep(self, resident: Resident) -> None:
        """What the sequence holds now begins other prompts too: keep its state in memory and on disk."""
        key = tuple(resident.tokens)
        if len(key) < LEAST_KEPT:
            return
        if key in self._blobs:
            self._blobs.move_to_end(key)
            return
        blob = self._native.save()
        self._remember(key, blob)
        if self._shelf is not None:
            self._shelf.store(key, blob)

    def state(self) -> dict[str, int]:
        """Counts for the status: tokens in the sequence, blobs and their bytes."""
        sizes = [len(blob) for blob in self._blobs.values()]
        return {"cells": len(self._resident.tokens), "blobs": len(sizes), "blob_bytes": sum(sizes)}

    def _usable(self, resident: Resident, tokens: Sequence[int], places: Sequence[int]) -> int:
        shared = common(resident.tokens, tokens)
        if shared == len(tokens) and resident.logits is not None and resident.logits_at == shared:
            return shared
        return _floor(shared, places, len(tokens))

    def _find(self, tokens: Sequence[int], places: Sequence[int], least: int) -> tuple[tuple[int, ...], bytes] | None:
        """The blob or file that holds the most of the prompt's beginning, if that is at least `least` tokens."""
        best: tuple[int, ...] | None = None
        for key in self._blobs:
            if (length := _floor(common(key, tokens), places, len(tokens))) >= least:
                best, least = key, length + 1
        if self._shelf is not None:
            shared, name = self._shelf.longest(tokens)
            if _floor(shared, places, len(tokens)) >= least and (stored := self._shelf.load(name)) is not None:
                return tuple(stored[0]), stored[1]
        return None if best is None else (best, self._blobs[best])

    def _park(self) -> None:
        """The sequence is about to be left: keep what was read of an interrupted or unmarked prompt in memory."""
        resident = self._resident
        key = tuple(resident.tokens[: resident.read])
        if len(key) - max((common(key, blob) for blob in self._blobs), default=0) >= LEAST_PARKED:
            self.cut(resident, resident.read)
            self._remember(key, self._native.save())

    def _remember(self, key: tuple[int, ...], blob: bytes) -> None:
        if len(blob) > self._blob_bytes:
            return
        self._blobs[key] = blob
        self._blobs.move_to_end(key)
        while sum(map(len, self._blobs.values())) > self._blob_bytes:
            self._blobs.popitem(last=False)

    def _empty(self) -> None:
        self._native.forget(0)
        resident = self._resident
        resident.tokens = []
        resident.read = 0
        resident.logits = None


def _floor(shared: int, places: Sequence[int], length: int) -> int:
    """The last cut within `shared` tokens that leaves at least one of `length` to evaluate."""
    return max((place for place in places if place <= shared and place < length), default=0)
