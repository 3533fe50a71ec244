"""What was measured of a model on this machine, kept in a file, so that it is loaded the way that is fastest here.

A file is named by machine, model and llama.cpp build, so whatever changes one of them is measured anew, and so is what
cannot be read. Knows no llama.cpp: measuring is `measuring`'s business, and clients read this without loading a model.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import machine as this_machine
from .private import private_folder

_FORM = 1  # of the files; another one is measured anew
_LARGEST = 1 << 16
BUSY = 0.4  # cores of others, from which on a measurement says little about the machine
FEWER = 1.05  # a smaller number of threads is taken where more are not this much faster


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second with `threads`: of a prompt (`prefill`), and of an answer without drafts (`decode`)."""

    threads: int
    prefill: float
    decode: float

    def seconds(self, prompt: int = 600, answer: int = 100) -> float:
        """What a question of so many tokens takes."""
        return prompt / self.prefill + answer / self.decode


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of a model here; a zero, None or nothing says that it was not measured.

    Attributes:
        speeds: With each number of threads that was tried.
        plain, repacked: Without and with repacked weights, at the same number of threads.
        repack: Whether to repack; None: as the file's type suggests.
        ubatch: Tokens to evaluate at once.
        prefill_rate, decode_rate: Tokens a second to reckon with; from real requests where there were enough.
        context: The window in tokens that the model had when its size was left to this machine.
        memory: Bytes that the process held with the model loaded and used (mapped weights included).
        load_seconds: To load it from the disk's cache.
        busy: Cores that other programs used meanwhile, 0.0 on a quiet machine.
        when: Seconds since the epoch.
    """

    speeds: tuple[Speed, ...] = ()
    plain: Speed | None = None
    repacked: Speed | None = None
    repack: bool | None = None
    ubatch: int = 0
    ubatch_gain: float = 0.0
    prefill_rate: float = 0.0
    decode_rate: float = 0.0
    context: int = 0
    memory: int = 0
    load_seconds: float = 0.0
    busy: float = 0.0
    when: float = 0.0

    @property
    def crowded(self) -> bool:
        """Whether other programs were too busy for the speeds to say which threads are best."""
        return self.busy > BUSY

    @property
    def prefill_threads(self) -> int:
        """The threads that read prompts fastest; 0: not known."""
        return 0 if self.crowded else _fewest({speed.threads: speed.prefill for speed in self.speeds})

    @property
    def decode_threads(self) -> int:
        """The threads that write answers fastest; 0: not known."""
        return 0 if self.crowded else _fewest({speed.threads: speed.decode for speed in self.speeds})


def _fewest(rates: dict[int, float]) -> int:
    enough = max(rates.values(), default=0.0) / FEWER
    return min((threads for threads, rate in rates.items() if rate >= enough), default=0)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the calibration of one model is kept on this machine. An empty `digest` keeps nothing."""

    folder: Path
    digest: str
    machine: str = field(default_factory=this_machine.name)
    build: str = field(default_factory=this_machine.build)

    @property
    def path(self) -> Path:
        """The file."""
        named = json.dumps([_FORM, self.machine, self.digest, self.build])
        return self.folder / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.json"

    def load(self) -> Calibration:
        """What was measured; an empty calibration where nothing was, or where the file cannot be read."""
        try:
            if not self.digest or not self.path.is_file():
                return Calibration()
            with self.path.open("rb") as file:
                tree = json.loads(file.read(_LARGEST))
                return read(tree) if tree["form"] == _FORM else Calibration()
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return Calibration()

    def store(self, calibration: Calibration) -> None:
        """Keep it. Where the disk does not let it, it is measured again."""
        if not self.digest:
            return
        part = self.path.with_suffix(f".{os.getpid()}.part")
        tree = {"form": _FORM, "machine": self.machine, "build": self.build, **asdict(calibration)}
        with suppress(OSError):
            private_folder(self.folder)
            try:
                part.write_text(json.dumps(tree, indent=1), encoding="utf-8")
                part.replace(self.path)
            finally:
                part.unlink(missing_ok=True)


def read(tree: Any) -> Calibration:
    """A calibration from its fields. Raises `ValueError`, `TypeError` or `KeyError` where one is not what it may be."""
    speeds = tuple(_speed(each) for each in tree["speeds"])
    plain, repacked = (None if tree[name] is None else _speed(tree[name]) for name in ("plain", "repacked"))
    if len(speeds) > 64 or tree["repack"] not in (None, True, False):
        raise ValueError("not a calibration")
    numbers: dict[str, Any] = {}
    for each in fields(Calibration):
        if each.type in ("int", "float"):
            numbers[each.name] = _number(tree[each.name], each.type)
    if numbers["ubatch"] not in (0, 128, 512):
        raise ValueError("ubatch")
    known = Calibration(speeds=speeds, plain=plain, repacked=repacked, repack=tree["repack"])
    return replace(known, **numbers)


def _speed(tree: Any) -> Speed:
    speed = Speed(_number(tree["threads"], "int"), _number(tree["prefill"], "float"), _number(tree["decode"], "float"))
    if not 0 < speed.threads <= 4096 or not speed.prefill or not speed.decode:
        raise ValueError("speed")
    return speed


def _number(value: Any, kind: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float if kind == "float" else int):
        raise TypeError(kind)
    if not math.isfinite(value) or not 0 <= value < 1 << 62:
        raise ValueError("out of range")
    return value
