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

from . import EngineError, surgery

LEAST_KEPT = 96  # tokens; a shorter prefix is evaluated in less time than it is worth
LEAST_LOADED = 16  # tokens that a blob must save over what the sequence holds
LEAST_PARKED = 256  # tokens of a prompt that are kept in memory when the sequence is left for another
WHOLE_SHARE = 1 / 4  # of the memory for blobs is for whole prompts, since most of each is its file's once more


class Aborted(Exception):
    """The batch was stopped; its finished part is kept."""


class Cells(Protocol):
    """The context's one sequence; see `llama_native.Native`."""

    def decode(self, tokens: Sequence[int], start: int, outputs: int) -> None: ...
    def length(self) -> int: ...
    def forget(self, start: int) -> bool: ...
    def movable(self) -> bool: ...
    def park(self, start: int, end: int, shift: int) -> None: ...
    def unpark(self, *, keep: bool) -> None: ...
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

    The first `exact` of them are as reading a prompt leaves them; those behind were written as an answer, or had to be
    moved (`surgeries` times since all was exact). The first `stable` begin other prompts too. `logits` are those after
    the first `logits_at` tokens, so that the same prompt again costs nothing.
    """

    tokens: list[int] = field(default_factory=list)
    exact: int = 0
    stable: int = 0
    surgeries: int = 0
    logits: npt.NDArray[np.float32] | None = None
    logits_at: int = 0


@dataclass(slots=True)
class _Kept:
    """A state in memory: as `Resident`, and exact. `logits` (those after its last token): it is a whole prompt."""

    blob: bytes
    stable: int
    logits: npt.NDArray[np.float32] | None = None


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

    def __init__(
        self, native: Cells, *, step: int = 128, blob_bytes: int = 512 << 20, shelf: Shelf | None = None
    ) -> None:
        """`step` tokens are evaluated at once; `blob_bytes` limits the blobs in memory: the least used go first."""
        self.evaluated = 0  # tokens so far, again and again those that were cut away
        self._native = native
        self._step = step
        self._resident = Resident()
        self._blobs: OrderedDict[tuple[int, ...], _Kept] = OrderedDict()
        self._blob_bytes = blob_bytes
        self._shelf = shelf

    def enter(self, tokens: Sequence[int], places: Sequence[int], stable: int = 0) -> Resident:
        """The sequence, holding the longest usable beginning of `tokens` that is known, and nothing else.

        `places` are the prompt's cuts, where reuse may begin. With `stable` (how many tokens begin other prompts too)
        a state of nearly the same text will do: the sequence may hold more than its `exact` tokens afterwards.
        Raises what `Native.decode` raises.
        """
        resident = self._resident
        usable = self._usable(resident, tokens, places, exactly=not stable)
        found = self._find(tokens, places, usable + LEAST_LOADED)
        known = usable if found is None else self._shared(*found, tokens, places)
        if stable and (near := self._near(tokens[:stable], stable - known)) is not None:
            self._operate(resident, tokens[:stable], *near)
            return resident
        if found is not None:
            self._bring(resident, *found)
            usable = self._usable(resident, tokens, places, exactly=True)
        elif usable < resident.exact:
            self._park()
        self.cut(resident, usable)
        if resident.exact == len(resident.tokens):
            resident.surgeries = 0
        return resident

    def cut(self, resident: Resident, length: int) -> None:
        """Remove what the sequence holds after its first `length` tokens."""
        if length < len(resident.tokens):
            if not self._native.forget(length):
                length = 0
            del resident.tokens[length:]
        resident.exact = min(resident.exact, length)
        resident.stable = min(resident.stable, length)
        if resident.logits_at > length:
            resident.logits = None

    def extend(self, resident: Resident, tokens: Sequence[int], outputs: int, *, reading: bool = False) -> None:
        """Evaluate `tokens` (of a prompt, if `reading`) after what the sequence holds.

        Raises what `Native.decode` raises; what the sequence holds is known afterwards in any case.
        """
        have = len(resident.tokens)
        reading = reading and resident.exact == have
        try:
            self._native.decode(tokens, have, outputs)
        except Aborted:
            resident.tokens += tokens[: max(0, self._native.length() - have)]
            resident.exact = len(resident.tokens) if reading else resident.exact
            raise
        except EngineError:
            self._empty()
            raise
        resident.tokens += tokens
        self.evaluated += len(tokens)
        if reading:
            resident.exact = len(resident.tokens)

    def keep(self, resident: Resident) -> None:
        """What is held now begins other prompts too: keep its state in memory and on disk, if it is exact."""
        key = tuple(resident.tokens)
        resident.stable = len(key)
        if len(key) < LEAST_KEPT or resident.exact < len(key):
            return
        if key in self._blobs:
            self._blobs.move_to_end(key)
            return
        blob = self._native.save()
        self._remember(key, _Kept(blob, len(key)))
        if self._shelf is not None:
            self._shelf.store(key, blob)

    def keep_whole(self, resident: Resident) -> None:
        """All of a prompt was read before it is asked: keep its state in memory, so that its answer begins at once."""
        key = tuple(resident.tokens)
        if resident.logits is None or not resident.logits_at == resident.exact == len(key):
            return
        if key in self._blobs and self._blobs[key].logits is not None:
            self._blobs.move_to_end(key)
            return
        kept = _Kept(self._native.save(), resident.stable, resident.logits)
        if len(kept.blob) > self._blob_bytes * WHOLE_SHARE:  # no other question need go for what has no room at all
            return
        whole = [(each, len(other.blob)) for each, other in self._blobs.items() if other.logits is not None]
        over = len(kept.blob) + sum(size for _, size in whole) - self._blob_bytes * WHOLE_SHARE
        for oldest, size in whole:
            if over > 0:
                del self._blobs[oldest]
                over -= size
        self._remember(key, kept)

    def holds(self, tokens: Sequence[int]) -> bool:
        """Whether the exact state of just these tokens is kept in memory."""
        return tuple(tokens) in self._blobs

    def clear(self) -> None:
        """Hold nothing, in the sequence and in memory."""
        self._blobs.clear()
        self._empty()

    def state(self) -> dict[str, int]:
        """Counts for the status: tokens in the sequence, blobs and their bytes."""
        sizes = [len(kept.blob) for kept in self._blobs.values()]
        return {"cells": len(self._resident.tokens), "blobs": len(sizes), "blob_bytes": sum(sizes)}

    # --- exact states ------------------------------------------------------------------------------------------------

    def _usable(self, resident: Resident, tokens: Sequence[int], places: Sequence[int], *, exactly: bool) -> int:
        shared = common(resident.tokens, tokens)
        again = shared == len(tokens) and resident.logits is not None and resident.logits_at == shared
        if again and (resident.exact >= shared or not exactly):
            return shared
        return _floor(min(shared, resident.exact), places, len(tokens))

    def _shared(self, key: tuple[int, ...], kept: _Kept, tokens: Sequence[int], places: Sequence[int]) -> int:
        """How many of the prompt's tokens a kept state spares."""
        shared = common(key, tokens)
        whole = kept.logits is not None and shared == len(key) == len(tokens)
        return shared if whole else _floor(shared, places, len(tokens))

    def _find(self, tokens: Sequence[int], places: Sequence[int], least: int) -> tuple[tuple[int, ...], _Kept] | None:
        """The blob or file that holds the most of the prompt's beginning, if that is at least `least` tokens."""
        best: tuple[int, ...] | None = None
        for key, kept in self._blobs.items():
            if (length := self._shared(key, kept, tokens, places)) >= least:
                best, least = key, length + 1
        if self._shelf is not None:
            shared, name = self._shelf.longest(tokens)
            if _floor(shared, places, len(tokens)) >= least and (stored := self._shelf.load(name)) is not None:
                return tuple(stored[0]), _Kept(stored[1], len(stored[0]))
        return None if best is None else (best, self._blobs[best])

    def _park(self) -> None:
        """The sequence is about to be left: keep what was read of an interrupted or unmarked prompt in memory."""
        resident = self._resident
        key = tuple(resident.tokens[: resident.exact])
        if len(key) - max((common(key, blob) for blob in self._blobs), default=0) >= LEAST_PARKED:
            self.cut(resident, resident.exact)
            self._remember(key, _Kept(self._native.save(), len(key)))

    def _bring(self, resident: Resident, key: tuple[int, ...], kept: _Kept) -> bool:
        """Put a state into the sequence in place of what it holds."""
        self._park()
        self._empty()
        if not self._native.restore(kept.blob):
            self._blobs.pop(key, None)
            return False
        self._remember(key, kept)
        resident.tokens = list(key)
        resident.exact = len(key)
        resident.stable = kept.stable
        resident.logits, resident.logits_at = kept.logits, len(key)
        return True

    def _remember(self, key: tuple[int, ...], kept: _Kept) -> None:
        if len(kept.blob) > self._blob_bytes:
            return
        self._blobs[key] = kept
        self._blobs.move_to_end(key)
        while sum(len(each.blob) for each in self._blobs.values()) > self._blob_bytes:
            self._blobs.popitem(last=False)

    def _empty(self) -> None:
        self._native.forget(0)
        resident = self._resident
        resident.tokens = []
        resident.exact = resident.stable = resident.surgeries = 0
        resident.logits = None

    # --- states of nearly the same text ------------------------------------------------------------------------------

    def _near(self, tokens: Sequence[int], missing: int) -> tuple[surgery.Plan, tuple[int, ...]] | None:
        """How to make a state of `tokens` from another (its key; the sequence's own: no key) at much less cost.

        `missing` is how many tokens would have to be evaluated otherwise.
        """
        if missing < surgery.LEAST_SAVED or not self._native.movable():
            return None
        best: tuple[surgery.Plan, tuple[int, ...]] | None = None
        least = missing - surgery.LEAST_SAVED
        resident = self._resident
        keys: list[tuple[int, ...]] = [
            key for key, kept in self._blobs.items() if len(key) > surgery.LEAST_SAVED and kept.logits is None
        ]
        if resident.stable and resident.exact < resident.stable:
            keys.append(())
        for key in keys:
            plan = surgery.plan(key or resident.tokens[: resident.stable], tokens)
            again = not key and plan.head > resident.exact  # as it is
            allowed = bool(key) or resident.surgeries < surgery.MOST_ON_TOP if plan.tail else again
            if allowed and plan.cost <= least:
                best, least = (plan, key), plan.cost - 1
        return best

    def _operate(
        self, resident: Resident, tokens: Sequence[int], plan: surgery.Plan, key: tuple[int, ...] = ()
    ) -> None:
        """Make the sequence hold `tokens`, mostly from cells of another text. Raises what `Native.decode` raises."""
        if key and not self._bring(resident, key, self._blobs[key]):
            return
        self.cut(resident, plan.old + plan.tail)
        if not plan.tail:
            return
        self._native.park(plan.old, plan.old + plan.tail, plan.new - plan.old)
        whole = False
        try:
            self.cut(resident, plan.head)
            for start in range(plan.head, plan.new, self._step):
                self.extend(resident, tokens[start : min(start + self._step, plan.new)], 1)
            whole = True
        finally:
            self._native.unpark(keep=whole)
        resident.tokens += tokens[plan.new :]
        resident.stable = len(tokens)
        resident.surgeries += 1


def _floor(shared: int, places: Sequence[int], length: int) -> int:
    """The last cut within `shared` tokens that leaves at least one of `length` to evaluate."""
    return max((place for place in places if place <= shared and place < length), default=0)
