"""How fast a model is on this machine: with each number of threads, with and without repacked weights, in seconds.

Knows a loaded model by `Native`'s methods; keeps nothing and prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from .calibration import Calibration, Speed
from .machine import Neighbours, cores

if TYPE_CHECKING:
    from .llama_native import Native

BATCH = 128  # tokens of a prompt that are evaluated at once while measuring
SECONDS = 0.8  # a prompt is read for so long, at least one batch of it
MOST_TOKENS = 512
DECODED = 8
SMALL, LARGE = 128, 512  # the two sizes of a ubatch
REPACK_GAIN = 1.1  # repacking costs memory and time: it must be this much faster
UBATCH_GAIN = 1.25  # a large ubatch makes the reuse of prompts coarser


def ladder(most: int) -> list[int]:
    """The numbers of threads to try: all where there are few, else powers of two, and `most`."""
    if most <= 4:
        return list(range(1, most + 1))
    powers = [1 << step for step in range(most.bit_length()) if 1 << step < most]
    return [*powers[-3:], most]


def speed(native: Native, threads: int, batch: int = BATCH) -> Speed:
    """Measure with `threads`. The sequence must be empty and is empty afterwards. Raises what `decode` raises."""
    native.set_threads(threads, threads)
    tokens = [(number * 7919 + 1000) % native.vocabulary for number in range(batch)]
    try:
        native.decode(tokens[:8], 0, 1)  # the threads start
        native.forget(0)
        done, began = 0, time.perf_counter()
        while done < min(MOST_TOKENS, native.cells // 2) and time.perf_counter() - began < SECONDS:
            native.decode(tokens, done, 1)
            native.logits(-1)  # waits, where evaluation runs on its own
            done += batch
        prefill = done / (time.perf_counter() - began)
        times = []
        for number in range(DECODED):
            began = time.perf_counter()
            native.decode(tokens[number : number + 1], done + number, 1)
            native.logits(-1)
            times.append(time.perf_counter() - began)
        return Speed(threads, prefill, 1 / sorted(times)[DECODED // 3])
    finally:
        native.forget(0)


def measure(path: Path, context: int, threads: int, gpu_layers: int, say: Callable[[str], None]) -> Calibration:
    """All of it, loading the model twice; the settings mean what they do there. `say` is told what comes next.

    Raises `EngineError`.
    """
    from .llama_native import Native

    def load(repack: bool) -> Native:
        return Native(path, cells=context, ubatch=LARGE, threads=most, gpu_layers=gpu_layers, repack=repack)

    most = threads or cores()
    neighbours = Neighbours()
    say("loading")
    began = time.perf_counter()
    native = load(repack=False)
    loaded = time.perf_counter() - began
    with closing(native):
        offloads = native.offloads and gpu_layers != 0
        speeds = []
        for count in [most] if offloads else ladder(most):
            say(f"{count} threads" if count > 1 else "1 thread")
            speeds.append(speed(native, count))
        known = Calibration(speeds=tuple(speeds), context=native.cells, when=time.time())
        best = known.prefill_threads
        say(f"{LARGE} tokens at once")
        gain = speed(native, best, LARGE).prefill / max(each.prefill for each in speeds)
        memory = psutil.Process().memory_info().rss
    plain = next(each for each in speeds if each.threads == best)
    chosen, repacked = plain, None
    if not offloads:
        say("repacked weights")
        with closing(load(repack=True)) as native:
            repacked = speed(native, best)
            if plain.seconds() / repacked.seconds() > REPACK_GAIN:
                chosen, memory = repacked, psutil.Process().memory_info().rss
    known = replace(known, busy=neighbours.cores())
    return replace(
        known,
        plain=plain,
        repacked=repacked,
        repack=None if known.crowded else chosen is repacked,
        ubatch=LARGE if gain > UBATCH_GAIN and not known.crowded else SMALL,
        ubatch_gain=round(gain, 3),
        prefill_rate=chosen.prefill * (gain if gain > UBATCH_GAIN else 1),
        decode_rate=chosen.decode if chosen is repacked else max(each.decode for each in speeds),
        memory=memory,
        load_seconds=round(loaded, 2),
    )


def quick(native: Native, most: int, known: Calibration) -> Calibration:
    """`known` with the speeds of a loaded model, whose sequence must be empty. Raises what `decode` raises."""
    neighbours = Neighbours()
    speeds = [speed(native, count) for count in ([most] if native.offloads else ladder(most))]
    return replace(
        known,
        speeds=tuple(speeds),
        prefill_rate=known.prefill_rate or max(each.prefill for each in speeds),
        decode_rate=known.decode_rate or max(each.decode for each in speeds),
        memory=psutil.Process().memory_info().rss,
        busy=neighbours.cores(),
        when=time.time(),
    )
