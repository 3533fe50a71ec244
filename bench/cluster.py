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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from glossator.cluster.on_ray import stretches

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
        drivers: Between which the folders are shared out.
    """

    definitions: int = 10_000_000
    slots: int = 4
    failures: float = 0.01
    restart_seconds: float = 300.0
    pool_seconds: float = 60.0
    drivers: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hours of the clock in all, of them those in which GPUs wait for the driver; portions that were asked again."""

    hours: float
    waited: float
    lost: int


def widened(levels: Sequence[Sequence[int]], definitions: int) -> list[list[int]]:
    """Sizes of portions by level, for so many definitions: copies of what was measured, side by side."""
    copies = definitions / sum(map(sum, levels))
    return [
        [size for at, size in enumerate(level) for _ in range(int(copies * (at + 1)) - int(copies * at))]
        for level in levels
    ]


def simulated(
    figures: dict[str, Any], card: Card, gpus: int, assumed: Assumed, *, waits: bool = False, seed: int = 0
) -> Outcome:
    """A whole run. `waits`: each level is waited for, as it would have to be if questions showed the explanations of
    what is called."""
    chance = random.Random(seed)
    slots = gpus * assumed.slots
    second = (figures["read"] + figures["written"]) / (card.tokens / assumed.slots)  # of a slot, for a definition
    serial = {name: figures[f"{name}_seconds"] / assumed.drivers for name in ("survey", "look_up", "plan", "keep")}
    levels = widened(figures["levels"], assumed.definitions)
    runs = levels if waits else [[size for level in levels for size in level]]
    begun = assumed.definitions * (serial["survey"] + serial["look_up"])
    clock = planned = waited = begun
    lost, sizes = 0, stretches(slots)
    for run in runs:
        rest = iter(run)
        while stretch := list(islice(rest, next(sizes))):
            planned += sum(stretch) * serial["plan"]
            waited += max(0.0, planned - clock)
            clock = planned = max(clock, planned)  # now the next stretch is planned
            free = [clock + assumed.pool_seconds] * slots
            for size in stretch:
                took = size * second
                if chance.random() < took / 3600 * assumed.failures:
                    took += took * chance.random() + assumed.restart_seconds
                    lost += 1
                heapq.heapreplace(free, free[0] + took)
            clock = max(free)
    kept = begun + assumed.definitions * serial["keep"]
    return Outcome(max(clock, kept) / 3600, waited / 3600, lost)


HEAD = (
    "",
    "hours",
    "of them for the driver",
    "with 16 drivers",
    "each level waited for",
    "GPU hours",
    "kWh",
    "portions lost",
)


def rows(figures: dict[str, Any], assumed: Assumed, gpus: Sequence[int]) -> list[tuple[str, ...]]:
    """The table, as `HEAD` names it. From the third number on there are 16 drivers."""
    found = []
    many = replace(assumed, drivers=16)
    for card in CARDS:
        for count in gpus:
            one = simulated(figures, card, count, assumed)
            built = simulated(figures, card, count, many)
            levels = simulated(figures, card, count, many, waits=True)
            hours = built.hours * count
            found.append(
                (
                    f"{count} × {card.name}",
                    *(f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in _hours(one, built)),
                    f"+{100 * max(0.0, levels.hours / built.hours - 1):.1f} %",
                    f"{hours:,.0f}",
                    f"{hours * card.watts / 1000:,.0f}",
                    f"{built.lost:,}",
                )
            )
    return found


def _hours(one: Outcome, built: Outcome) -> tuple[float, float, float]:
    return one.hours, one.waited, built.hours


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
            "**Assumed**: the code base is many copies of the measured one side by side, its definitions cost what "
            "those few did, a 7B model writes as much as the small one, the server keeps what it read of a file "
            f"(vLLM's prefix caching), {assumed.slots} workers ask each server, a GPU fails every "
            f"{1 / assumed.failures:.0f} hours and is back after {assumed.restart_seconds:.0f} s, a pool of workers "
            f"starts in {assumed.pool_seconds:.0f} s, and drivers are as quick side by side as alone.",
            f"One driver is not enough for so much: it would hold {figures['memory_bytes'] * size / 1e9:,.0f} GB, and "
            f"beyond a few GPUs it is what all wait for. Such a code base is glossed folder by folder, by a driver for "
            f"each, all of which use the same GPUs. Answers take {figures['answer_bytes'] * size / 1e9:,.0f} GB in all "
            f"(`cache.megabytes`) and {-(-size // 100_000)} packs. Levels are not waited for; where each one were, "
            "that would count as soon as a level has few portions for each worker.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--definitions", type=int, default=Assumed().definitions)
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
