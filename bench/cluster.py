"""`python -m bench.cluster`: what it takes to explain ten million definitions on 1, 8 and 64 GPUs. No GPU is used.

What a definition costs and how files lean on each other was measured (`bench.cluster_measured`, kept in
`cluster.json`); how quick a GPU is was published by others, and the rest is assumed: both are parameters. Portions are
then given to workers one by one, in the order of the product, with its stretches, failures and its one driver.
`--put` writes the tables into docs/GLOSS.md.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from glossator.cluster.on_ray import _STRETCH

from . import tables

FIGURES = Path(__file__).parent / "cluster.json"
DOCUMENT = Path(__file__).parent.parent / "docs" / "GLOSS.md"


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU with a server on it that batches. Published by others, never measured here.

    Attributes:
        tokens: A second, read and written together.
        watts: Its maker's limit; all of it is charged.
        source: Where `tokens` is from, and of what.
    """

    name: str
    tokens: float
    watts: float
    source: str


CARDS = (
    Card(
        "RTX 4090",
        9.73 * 256 + 975,
        450,
        "Mistral-7B in vLLM, 32 requests at once of 256 tokens to read and at most 128 to write: 9.73 a second, "
        "975 tokens written a second (https://mushfiqrahman.dev/?p=1668)",
    ),
    Card(
        "A10G",
        3.80 * (256 + 128),
        150,
        "Llama-2-7B in vLLM, 256 tokens to read and 128 to write: 3.80 requests a second "
        "(https://github.com/neuralmagic/nm-vllm/commit/2054c1a529a19a81e09759dfd7a94be6d75cd8b2)",
    ),
)
"""Of each token alike is charged, though reading is cheaper: their mixture has two tokens read for one written, ours
more, so this is too much rather than too little."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What nobody measured.

    Attributes:
        definitions: In the code base.
        slots: Portions at once on a GPU: its workers.
        failures: Of a GPU, its machine or its server, in an hour.
        restart_seconds: Until it answers again; what its workers had under way is lost.
        pool_seconds: To start a pool of workers, between two stretches.
        deeper: How many times as many levels there are as in what was measured, of the same files in all.
    """

    definitions: int = 10_000_000
    slots: int = 4
    failures: float = 0.01
    restart_seconds: float = 300.0
    pool_seconds: float = 60.0
    deeper: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hours of the clock in all, of it the driver's alone; portions that were asked about again."""

    hours: float
    alone: float
    lost: int


def widened(levels: Sequence[Sequence[int]], definitions: int, deeper: int = 1) -> list[list[int]]:
    """Sizes of portions by level, for so many definitions: as many copies of what was measured side by side, the files
    of each level being shared out to `deeper` levels."""
    copies = definitions / sum(map(sum, levels))
    found = []
    for level in levels:
        wide = [size for at, size in enumerate(level) for _ in range(int(copies * (at + 1)) - int(copies * at))]
        found += [each for each in (wide[at::deeper] for at in range(deeper)) if each]
    return found


def simulated(
    figures: dict[str, Any], card: Card, gpus: int, assumed: Assumed, *, waits: bool = False, seed: int = 0
) -> Outcome:
    """A whole run. `waits`: each level is waited for, as it would have to be if questions showed the explanations of
    what is called."""
    chance = random.Random(seed)
    slots = gpus * assumed.slots
    second = (figures["read"] + figures["written"]) / (card.tokens / assumed.slots)  # of a slot, for a definition
    levels = widened(figures["levels"], assumed.definitions, assumed.deeper)
    runs = levels if waits else [[size for level in levels for size in level]]
    clock = alone = assumed.definitions * (figures["survey_seconds"] + figures["look_up_seconds"])
    lost = 0
    for run in runs:
        for stretch in _stretches(run, _STRETCH * slots):
            planned = sum(stretch) * figures["plan_seconds"] + assumed.pool_seconds
            alone += planned
            free = [clock + planned] * slots
            for size in stretch:
                took = size * second
                if chance.random() < took / 3600 * assumed.failures:
                    took += took * chance.random() + assumed.restart_seconds
                    lost += 1
                heapq.heapreplace(free, free[0] + took)
            clock = max(free)
    kept = assumed.definitions * figures["keep_seconds"]
    return Outcome(max(clock, kept) / 3600, alone / 3600, lost)


def _stretches(portions: Sequence[int], most: int) -> Iterator[list[int]]:
    rest = iter(portions)
    while stretch := list(islice(rest, most)):
        yield stretch


HEAD = ("", "hours", "of it the driver alone", "each level waited for", "ten times as deep", "GPU hours", "kWh", "lost")


def rows(figures: dict[str, Any], assumed: Assumed, gpus: Sequence[int]) -> list[tuple[str, ...]]:
    """The table, as `HEAD` names it."""
    found = []
    deep = Assumed(**{**_fields(assumed), "deeper": 10})
    for card in CARDS:
        for count in gpus:
            built = simulated(figures, card, count, assumed)
            waited = simulated(figures, card, count, assumed, waits=True)
            deeper = simulated(figures, card, count, deep, waits=True)
            hours = built.hours * count
            found.append(
                (
                    f"{count} × {card.name}",
                    *(f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in (built.hours, built.alone)),
                    *(f"+{100 * (each.hours / built.hours - 1):.1f} %" for each in (waited, deeper)),
                    f"{hours:,.0f}",
                    f"{hours * card.watts / 1000:,.0f}",
                    f"{built.lost:,}",
                )
            )
    return found


def _fields(assumed: Assumed) -> dict[str, Any]:
    return {name: getattr(assumed, name) for name in Assumed.__slots__}


def text(figures: dict[str, Any], assumed: Assumed, gpus: Sequence[int]) -> str:
    """The section of the document."""
    shape = [sum(level) for level in figures["levels"]]
    count = sum(shape)
    size = assumed.definitions
    serial = {name: figures[f"{name}_seconds"] * 1000 for name in ("survey", "look_up", "plan", "keep")}
    return "\n\n".join(
        [
            f"{size:,} definitions, a 7B model, one vLLM server on each GPU:",
            tables.markdown(HEAD, rows(figures, assumed, gpus)),
            f"**Measured** ({figures['when']}, {figures['machine']}): a definition takes {figures['requests']:.2f} "
            f"questions, {figures['read']:.0f} tokens to read (a further {figures['reused']:.0f} of its file are read "
            f"already), {figures['written']:.0f} to write and {figures['answer_bytes']:,.0f} bytes on the disk "
            f"({figures['asked']}). Of {figures['folder']}, {count:,} definitions in {figures['files']:,} files, the "
            f"driver takes {serial['survey']:.1f} ms for each to read and to link it, {serial['look_up']:.1f} to look "
            f"it up, {serial['plan']:.1f} to plan it, {serial['keep']:.1f} to keep its answer, and "
            f"{figures['memory_bytes'] / 1000:.0f} kB of memory; its files stand on {len(shape)} levels, "
            f"{100 * shape[0] / count:.0f} % of the definitions on the first.",
            "**Published by others**, and not measured here: "
            + "; ".join(f"{card.name}: {card.tokens:,.0f} tokens a second, {card.source}" for card in CARDS)
            + ". A token that is read is charged like one that is written. The energy is the cards' alone, at "
            + " and ".join(f"{card.watts:.0f} W ({card.name})" for card in CARDS)
            + ".",
            f"**Assumed**: the code base is many copies of the measured one side by side, a 7B model writes as much as "
            f"the measured one, {assumed.slots} workers ask each server, a GPU fails every "
            f"{1 / assumed.failures:.0f} hours and is back after {assumed.restart_seconds:.0f} s, a pool of workers "
            f"starts in {assumed.pool_seconds:.0f} s.",
            f"One driver would hold {figures['memory_bytes'] * size / 1e9:,.0f} GB, and "
            f"{figures['answer_bytes'] * size / 1e9:,.0f} GB of answers (`cache.megabytes`), in "
            f"{-(-size // 100_000)} packs: such a code base is given to it folder by folder, "
            "which also lets several drivers share the work.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--definitions", type=int, default=Assumed.definitions)
    parser.add_argument("--failures", type=float, default=0.01, help="of a GPU, in an hour")
    parser.add_argument("--put", action="store_true", help="write it into docs/GLOSS.md")
    given = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    assumed = Assumed(definitions=given.definitions, failures=given.failures)
    said = text(figures, assumed, given.gpus)
    print(said)
    if given.put:
        tables.put(DOCUMENT, "bench.cluster", said)


if __name__ == "__main__":
    main()
