"""Which prompts' KV states are held, and which one a new prompt continues. Knows tokens and cells, no llama.cpp.

Three levels: sequences of one context (nothing to copy), blobs in memory (milliseconds) and, behind `Shelf`, files
that outlive the process. A prompt is evaluated in pieces whose ends depend on its own text only (`cuts`), and reuse
begins at such an end: what is reused was computed in the same batches as it would be now, and gives the same answer.
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
LEAST_LOADED = 64  # tokens that a blob must save over the best resident sequence


class Aborted(Exception):
    """The batch was stopped; its finished part is kept."""


class NoRoom(Exception):
    """There are not enough free cells for the batch; nothing was changed."""


class Cells(Protocol):
    """The context's sequences; see `llama_native.Native`."""

    def decode(self, tokens: Sequence[int], start: int, sequence: int, outputs: int) -> None: ...
    def length(self, sequence: int) -> int: ...
    def forget(self, sequence: int, start: int) -> bool: ...
    def share(self, source: int, target: int, end: int) -> None: ...
    def save(self, sequence: int) -> bytes: ...
    def restore(self, sequence: int, blob: bytes) -> bool: ...


class Shelf(Protocol):
    """States in files; see `states.States`."""

    def longest(self, tokens: Sequence[int]) -> tuple[int, str]: ...
    def load(self, name: str) -> tuple[list[int], bytes] | None: ...
    def store(self, tokens: Sequence[int], blob: bytes) -> None: ...


@dataclass(slots=True)
class Resident:
    """One sequence of the context. `tokens` are what its cells hold, in order.

    `stable` is how many of them other prompts will share. `logits` are those after the first `logits_at` tokens, so
    that the same prompt again costs nothing.
    """

    sequence: int
    tokens: list[int] = field(default_factory=list)
    stable: int = 0
    used: int = 0
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
    """The states of one context of `cells` cells and `sequences` sequences."""

    def __init__(
        self, native: Cells, *, sequences: int, cells: int, blob_bytes: int = 256 << 20, shelf: Shelf | None = None
    ) -> None:
        """`blob_bytes` limits the blobs in memory; the least recently used go first."""
        self._native = native
        self._cells = cells
        self._residents = [Resident(sequence) for sequence in range(sequences)]
        self._blobs: OrderedDict[tuple[int, ...], bytes] = OrderedDict()
        self._blob_bytes = blob_bytes
        self._shelf = shelf
        self._clock = itertools.count(1)

    def enter(self, tokens: Sequence[int], places: Sequence[int], room: int) -> Resident:
        """A sequence that holds the longest usable beginning of `tokens` and nothing else.

        `places` are the prompt's cuts, where reuse may begin; `room` is how many cells it will need in all.
        """
        best = max(self._residents, key=lambda resident: (self._usable(resident, tokens, places), resident.used))
        usable = self._usable(best, tokens, places)
        loaded = self._load(tokens, places, usable)
        if loaded is not None:
            chosen = loaded
            usable = len(chosen.tokens)
        elif not best.tokens:  # nothing there, or it made room for a state that did not fit
            chosen, usable = best, 0
        elif usable >= best.stable:
            chosen = best
        else:
            chosen = self._oldest(best if usable else None)
            self._empty(chosen)
            if usable:
                self._native.share(best.sequence, chosen.sequence, usable)
                chosen.tokens = list(tokens[:usable])
        self.cut(chosen, usable)
        chosen.used = next(self._clock)
        self.make_room(room, chosen)
        return chosen

    def cut(self, resident: Resident, length: int) -> None:
        """Remove what the sequence holds after its first `length` tokens."""
        if length < len(resident.tokens):
            if not self._native.forget(resident.sequence, length):
                length = 0
            del resident.tokens[length:]
        resident.stable = min(resident.stable, length)
        if resident.logits_at > length:
            resident.logits = None

    def extend(self, resident: Resident, tokens: Sequence[int], outputs: int) -> None:
        """Evaluate `tokens` after what the sequence holds. Raises what `Native.decode` raises; what the sequence holds
        is known afterwards in any case."""
        have = len(resident.tokens)
        try:
            self._native.decode(tokens, have, resident.sequence, outputs)
        except Aborted:
            resident.tokens += tokens[: max(0, self._native.length(resident.sequence) - have)]
            raise
        except NoRoom:
            self._empty_others(resident)
            self._native.decode(tokens, have, resident.sequence, outputs)
        except EngineError:
            self._empty(resident)
            raise
        resident.tokens += tokens

    def make_room(self, room: int, keep: Resident) -> None:
        """Empty the least recently used sequences until `keep` can grow to `room` tokens."""
        others = sorted((other for other in self._residents if other is not keep), key=lambda other: other.used)
        for other in others:
            if room + sum(len(each.tokens) for each in others) <= self._cells:
                return
            self._empty(other)

    def keep(self, resident: Resident) -> None:
        """What the sequence holds now is a stable prefix: keep its state in memory and on disk."""
        resident.stable = len(resident.tokens)
        key = tuple(resident.tokens)
        if len(key) < LEAST_KEPT:
            return
        if key in self._blobs:
            self._blobs.move_to_end(key)
            return
        blob = self._native.save(resident.sequence)
        self._remember(key, blob)
        if self._shelf is not None:
            self._shelf.store(key, blob)

    def state(self) -> dict[str, int]:
        """Counts for the status: cells in use, blobs and their bytes."""
        return {
            "cells": sum(len(each.tokens) for each in self._residents),
            "blobs": len(self._blobs),
            "blob_bytes": sum(map(len, self._blobs.values())),
        }

    def _usable(self, resident: Resident, tokens: Sequence[int], places: Sequence[int]) -> int:
        shared = common(resident.tokens, tokens)
        if shared == len(tokens) and resident.logits is not None and resident.logits_at == shared:
            return shared
        return _floor(shared, places, len(tokens))

    def _load(self, tokens: Sequence[int], places: Sequence[int], usable: int) -> Resident | None:
        """The prompt's beginning from a blob or a file, where that saves more than `usable` tokens do."""
        name, gain = "", usable + LEAST_LOADED
        key: tuple[int, ...] = ()
        for each in self._blobs:
            if (length := _floor(common(each, tokens), places, len(tokens))) >= gain:
                key, gain = each, length + 1
        if self._shelf is not None:
            shared, found = self._shelf.longest(tokens)
            if _floor(shared, places, len(tokens)) >= gain:
                name = found
        blob = self._blobs.get(key)
        if name and self._shelf is not None and (stored := self._shelf.load(name)) is not None:
            key, blob = tuple(stored[0]), stored[1]
        if blob is None:
            return None
        target = self._oldest(None)
        self._empty(target)
        self.make_room(len(key), target)
        if not self._native.restore(target.sequence, blob):
            self._blobs.pop(key, None)
            return None
        self._remember(key, blob)
        target.tokens = list(key)
        target.stable = len(key)
        self.cut(target, _floor(common(key, tokens), places, len(tokens)))
        return target

    def _remember(self, key: tuple[int, ...], blob: bytes) -> None:
        if len(blob) > self._blob_bytes:
            return
        self._blobs[key] = blob
        self._blobs.move_to_end(key)
        while sum(map(len, self._blobs.values())) > self._blob_bytes:
            self._blobs.popitem(last=False)

    def _empty_others(self, keep: Resident) -> None:
        for resident in self._residents:
            if resident is not keep:
                self._empty(resident)

    def _oldest(self, keep: Resident | None) -> Resident:
        return min((each for each in self._residents if each is not keep), key=lambda each: each.used)

    def _empty(self, resident: Resident) -> None:
        self._native.forget(resident.sequence, 0)
        resident.tokens = []
        resident.stable = resident.used = 0
        resident.logits = None


def _floor(shared: int, places: Sequence[int], length: int) -> int:
    """The last cut within `shared` tokens that leaves at least one of `length` to evaluate."""
    return max((place for place in places if place <= shared and place < length), default=0)
