"""How many workers there are and what each gets of a cluster. Plain numbers; knows no Ray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..engine import EngineError
from ..settings import Settings

_CPUS = 4  # for a worker, where neither GPUs nor the user say how many there are
_REMOTE = 4  # workers that ask a server, eight questions each at once


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine of the cluster has."""

    cpus: int
    gpus: int


@dataclass(frozen=True, slots=True)
class Share:
    """So many `workers`, each of which gets `cpus` processors and `gpus` GPUs."""

    workers: int
    cpus: int
    gpus: int


def share(settings: Settings, machines: Sequence[Machine], workers: int) -> Share:
    """What each worker gets. `workers` 0: one for each GPU, else as many as there are processors for.

    A local engine is bound by memory bandwidth, so that few with several processors do more than many with one. Raises
    `EngineError` for more workers than can run.
    """
    if settings.backend == "remote":
        most = sum(each.cpus for each in machines)
        count = workers or min(_REMOTE, most)
        cpus, gpus = 1, 0
    else:
        gpus = int(settings.local.gpu_layers != 0 and any(each.gpus for each in machines))
        most = sum(min(each.cpus, each.gpus) if gpus else each.cpus for each in machines)
        natural = most if gpus else sum(each.cpus // _CPUS for each in machines)
        count = workers or max(1, natural)
        cpus = _cpus(machines, count, gpus)
    if count > most:
        raise EngineError(f"--workers {count}: the cluster has room for {most}")
    return Share(count, cpus, gpus)


def _cpus(machines: Sequence[Machine], workers: int, gpus: int) -> int:
    """The most processors for each of so many workers, each worker being on one machine."""

    def room(cpus: int) -> int:
        return sum(min(each.cpus // cpus, each.gpus) if gpus else each.cpus // cpus for each in machines)

    largest = max((each.cpus for each in machines), default=1)
    return next((cpus for cpus in range(largest, 0, -1) if room(cpus) >= workers), 1)
