"""What a model needs and costs on this machine, and which of the catalogue fits it: estimates, from sizes and rates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ..action.budget import prompt_tokens
from ..engine import ModelInfo
from ..engine.calibration import Calibration
from ..models import Card, catalogue, gguf
from .finding import Finding, gigabytes

TASK, ANSWER = 300, 100  # tokens of a target with its task, and of an explanation
REWRITTEN = 300  # tokens of a function of thirty lines
COPIED = 2.0  # an edit is written so much faster, since most of it is copied from the code
THOUGHT = 600  # tokens that a reasoning model thinks first
PATIENCE = 15.0  # seconds for a whole explanation; what takes longer is not recommended
BARELY = 30.0
_WORKING_BYTES = 300 << 20  # of the process, beside weights and cells


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds. Of a hover to the first word, in a file never read and in one that was, and to the last word; of an
    edit of thirty lines."""

    cold: float
    warm: float
    whole: float
    edit: float


def costs(info: ModelInfo) -> Costs:
    """What a hover and an edit cost with measured rates."""
    cold = prompt_tokens(info, hover=True) / info.prefill_rate
    warm = min(TASK, prompt_tokens(info, hover=True)) / info.prefill_rate
    thought = THOUGHT if info.reasoning else 0
    edit = (TASK + REWRITTEN) / info.prefill_rate + (thought + REWRITTEN / COPIED) / info.decode_rate
    return Costs(cold, warm, warm + ANSWER / info.decode_rate, edit)


def costs_found(info: ModelInfo) -> Finding:
    """The costs, for people."""
    found = costs(info)
    hover = f"a hover says its first word after {found.cold:.1f} s in a new file, {found.warm:.1f} s in one it has read"
    rows = (
        ("question", "first word", "whole"),
        ("hover, a file that is new", f"{found.cold:.1f} s", f"{found.cold + found.whole - found.warm:.1f} s"),
        ("hover, a file it has read", f"{found.warm:.1f} s", f"{found.whole:.1f} s"),
        ("hover, asked before", "at once", "at once"),
        ("edit of thirty lines", "", f"{found.edit:.0f} s"),
    )
    facts = {name: round(seconds, 2) for name, seconds in asdict(found).items()}
    facts["prompt_tokens"] = prompt_tokens(info, hover=True)
    if found.whole > BARELY:
        remedy = "a smaller model is quicker: see below"
        return Finding("costs", f"slow: {hover}", "note", remedy, rows, facts)
    return Finding("costs", hover, rows=rows, facts=facts)


def needed(path: Path, context: int, total: int) -> int:
    """Bytes of memory for the model in `path`, by its header; `context` 0: chosen by this machine's `total` memory."""
    header = gguf.read(path)
    kind = header.text("general.architecture")
    heads = header.number(f"{kind}.attention.head_count") or 1
    shared = header.number(f"{kind}.attention.head_count_kv") or heads
    width = header.number(f"{kind}.attention.key_length") or header.number(f"{kind}.embedding_length") // heads
    cell = header.number(f"{kind}.block_count") * shared * width * 2 * 2  # keys and values, 16 bits
    cells = context or max(4096, min(16384, total // 8 // max(1, cell)))
    return header.size + cell * cells + _WORKING_BYTES


def memory_found(need: int, measured: Calibration | None, free: int) -> Finding:
    """Whether the model fits the memory. `free` includes what the engine holds already."""
    facts = {"needed": need, "free": free, "measured": measured.memory if measured else 0}
    used = f"; it held {gigabytes(measured.memory)} when it was measured" if measured and measured.memory else ""
    found = f"the model needs about {gigabytes(need)}, {gigabytes(free)} are free{used}"
    if need > free:
        remedy = "end other programs, choose a smaller model (below), or set local.context lower"
        return Finding("memory", found, "wrong", remedy, facts=facts)
    return Finding("memory", found, facts=facts)


@dataclass(frozen=True, slots=True)
class Fit:
    """A model of the catalogue here: bytes of memory, seconds of a whole explanation (None: not known)."""

    card: Card
    memory: int
    fits: bool
    seconds: float | None


def fits(total: int, free: int, known: Calibration | None, size: int) -> list[Fit]:
    """All models of the catalogue. `known` was measured with a model of `size` bytes: speed goes with size."""
    found = []
    for card in catalogue.cards():
        weights = card.bytes or card.about
        memory = weights + int(min(total / 8, weights * 0.3)) + _WORKING_BYTES
        seconds = None
        if known and known.prefill_rate and known.decode_rate and size:
            answer = ANSWER + (THOUGHT if card.reasoning else 0)
            seconds = (2 * TASK / known.prefill_rate + answer / known.decode_rate) * weights / size
        found.append(Fit(card, memory, memory <= min(free, total * 3 // 4), seconds))
    return found


def best(found: list[Fit]) -> Card:
    """The largest model that fits and answers within `PATIENCE`; the smallest where none does."""
    plain = [fit for fit in found if not fit.card.reasoning] or found
    # Without a measurement a model is taken for quick enough up to the default's size, which a laptop can run.
    most = next(fit.memory for fit in found if fit.card.name == catalogue.DEFAULT)
    quick = [
        fit for fit in plain if fit.fits and (fit.memory <= most if fit.seconds is None else fit.seconds <= PATIENCE)
    ]
    if quick:
        return max(quick, key=lambda fit: fit.memory).card
    return min(plain, key=lambda fit: fit.memory).card


def models_found(found: list[Fit], mine: str, *, here: bool) -> Finding:
    """Which model of the catalogue fits, for people. `mine` is the one that is wanted, and `here` or not."""
    chosen = best(found)
    timed = any(fit.seconds is not None for fit in found)
    rows = [("model", "memory", *(["an explanation"] if timed else []), "")]
    for fit in found:
        time = [f"about {fit.seconds:.0f} s" if fit.seconds is not None else ""] if timed else []
        words = "" if fit.fits else "too large for the memory"
        if fit.fits and fit.seconds is not None and fit.seconds > PATIENCE:
            words = "thinks long" if fit.card.reasoning else "slow here"
        if fit.card.name == chosen.name:
            words = "fits best"
        words += " (yours)" if here and fit.card.name == mine else ""
        rows.append((fit.card.name, gigabytes(fit.memory), *time, words.strip()))
    facts = {
        "best": chosen.name,
        "models": [
            {"name": fit.card.name, "memory": fit.memory, "fits": fit.fits, "seconds": fit.seconds} for fit in found
        ],
    }
    if mine == chosen.name:
        whose = ", yours," if here else ""
        return Finding("catalogue", f"{chosen.name}{whose} fits this machine best", rows=tuple(rows), facts=facts)
    remedy = f"glossator model pull {chosen.name} && glossator model use {chosen.name}"
    return Finding("catalogue", f"{chosen.name} fits this machine best", "note", remedy, tuple(rows), facts)
