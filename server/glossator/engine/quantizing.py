"""A model quantized on this machine: room, a process that does it, progress, the digest, and its place at the end.

What is under way is in the models folder's `.pull/quantize-NAME` (`.pull/NAME` is a pull's), which is gone when the
model is in place or when it was stopped. Loads nothing of llama.cpp itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..models import Card, ModelError, catalogue, digest, gguf
from ..models.partial import Fetched
from ..models.pull import put_in_place, room_for
from . import EngineError, child
from .machine import cores
from .quantization import Kind, kind_of, named

Progress = Callable[[int, int, str], None]
Run = Callable[..., str]

PLAIN_BITS = 16.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be done.

    Attributes:
        source: The file that is quantized.
        target: Where the result will be.
        kind: Its type.
        about: How large it will be, roughly, bytes.
        warning: What a user should know before, or "".
    """

    source: Path
    target: Path
    kind: Kind
    about: int
    warning: str = ""


def plan(card: Card, source: Path, kind: Kind, models: Path, name: str = "") -> Plan:
    """What quantizing `source` would be. Raises `ModelError` where it makes no sense or there is no room.

    `name` is the result's, without `.gguf`; empty: made of the source's. It is none of the catalogue's names or files:
    those are known by their digests, and a pull would put the right file in the place of this one.
    """
    target = models / (f"{name.removesuffix('.gguf')}.gguf" if name else named(source, kind))
    if (meant := _meant(target)) and not name:
        target = target.with_name(f"{target.stem}-own.gguf")
    elif meant:
        raise ModelError(f"{name!r} means the model {meant} that `glossator model pull` fetches; choose another --name")
    if target.parent != models:
        raise ModelError(f"{name!r} is no name of a file in the models folder {models}")
    _refuse_existing(target)
    header = gguf.read(source)
    old = kind_of(header.number("general.file_type")) if "general.file_type" in header.values else None
    bits = old.bits if old else PLAIN_BITS
    if old and bits <= kind.bits:
        raise ModelError(f"{card.name} is {old.name} already: as {kind.name} it would be larger and no better")
    about = int(header.size * kind.bits / bits)
    warning = ""
    if bits < PLAIN_BITS:
        warning = (
            f"{card.name} is quantized already ({old.name if old else 'somehow'}): what that lost stays lost, and this "
            "loses more; quantize the F16 file of the model where you can have it"
        )
    room_for(_work(target), header.size if about > header.size else about)
    return Plan(source, target, kind, about, warning)


def quantize(plan: Plan, progress: Progress, *, text: str = "", threads: int = 0, run: Run = child.run) -> Path:
    """Do it; returns the file. With a `text` the weights that matter for it are kept more exactly.

    `progress` gets what was done, of how much (0: unknown) and what is being done, some times a second: tokens of the
    text, then bytes. Raises `EngineError` and `ModelError`. Whatever ends it early leaves nothing behind.
    """
    work = _work(plan.target)
    partial = work / plan.target.name
    job = {
        "source": str(plan.source),
        "target": str(partial),
        "ftype": plan.kind.ftype,
        "threads": threads or cores(),
        "text": text,
    }

    def take(told: dict[str, Any]) -> None:
        if "what" in told:
            done, what = int(told["done"]), str(told["what"])
            total = int(told["total"]) or (plan.about if done < plan.about else 0)
            progress(done, total, what)

    try:
        with _alone(work, plan.target):
            _refuse_existing(plan.target)  # another process may have made it since it was planned
            why = run("llama_quantize", (), take, said=json.dumps(job))
            if why:
                raise EngineError(f"{plan.source.name} could not be quantized to {plan.kind.name}: {why}")
            sha256 = digest.compute(partial, lambda done, total: progress(done, total, "checking"))
            put_in_place(Fetched(partial, sha256), plan.target)
    except OSError as error:
        raise ModelError(f"{work} cannot be used: {error.strerror or error}") from error
    return plan.target


def _meant(target: Path) -> str:
    """The model of the catalogue that a file of this name would be taken for, or ""."""
    for card in catalogue.cards():
        if target.name.casefold() == card.file.casefold() or target.stem.casefold() == card.name.casefold():
            return card.name
    return ""


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise ModelError(f"{target} is there already; `glossator model remove {target.stem}` removes it")


def _work(target: Path) -> Path:
    return target.parent / ".pull" / f"quantize-{target.stem}"


@contextlib.contextmanager
def _alone(work: Path, target: Path) -> Iterator[None]:
    """The folder of what is under way, this process's alone; gone afterwards. Raises `ModelError` and `OSError`."""
    work.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(work.with_name(f"{work.name}.lock"), timeout=0)
        with lock:
            shutil.rmtree(work, ignore_errors=True)  # what a process left that was killed
            work.mkdir()
            try:
                yield
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except Timeout as error:
        raise ModelError(f"another process makes {target.stem}; wait for it") from error
