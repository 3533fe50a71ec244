"""Workers on Ray: an actor pool of Ray Data, each actor with an engine of its own. The only importer of ray.

Ray is told to send no usage statistics. A Ray that is started here listens on the loopback alone, serves nobody without
its token, has no dashboard and keeps its files in a private folder; one that is joined is its administrator's.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import pickle
import secrets
import shutil
import socket
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

from ..engine import EngineError
from ..engine.machine import cores
from ..engine.private import temporary_folder
from . import TRIES, Brought, Portion, Setup
from .asking import Asker
from .shares import Machine, Share, share

LOCAL = "local"
_STRETCHES = (32, 128, 512)  # portions for each worker
_REACH_SECONDS = 10.0
_STORE_BYTES = 256 << 20  # of shared memory; what is more goes to the disk
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # else its core writes into the middle of the bar
}
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray takes the address of a network card in the place of the loopback's, but on systems where it has no clusters."""


def installed() -> bool:
    """Whether the extra `ray` is installed."""
    return importlib.util.find_spec("ray") is not None


class Worker:
    """What Ray makes of it in each worker's process: rows of portions in, rows of what was brought out."""

    def __init__(self, setup: Setup) -> None:
        self._asker = Asker(setup)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """One batch. Ray's own transport is pickle, so that a row of it opens no door that was closed."""
        portions = [pickle.loads(each) for each in batch["portion"]]  # noqa: S301
        return {"brought": [pickle.dumps(self._asker.asked(each)) for each in portions]}


class OnRay:
    """A `Spreader`."""

    def __init__(self, address: str, setup: Setup, *, workers: int = 0) -> None:
        """`address`: `local` starts a Ray on this machine, anything else is a cluster that is joined.

        `workers` 0: as many as there is room for.
        """
        self._address, self._setup, self._workers = address, setup, workers
        self._folder: Path | None = None
        self._output = sys.stdout
        self._stopped = False
        self._running = False  # since Ray is there; it may come to be after it was stopped

    def spread(self, portions: Iterator[Portion]) -> Iterator[Brought]:
        """What the workers bring. Raises `EngineError` where Ray does not start or has no room for them."""
        ray = self._started()
        try:
            given = self._share(ray)
            threads = self._setup.settings.local.threads or given.cpus
            local = replace(self._setup.settings.local, threads=threads)
            setup = replace(self._setup, settings=replace(self._setup.settings, local=local))
            for stretch in self._ahead(portions, given.workers):
                yield from self._spread(ray, setup, given, stretch)
        except EngineError:
            raise
        except Exception as error:
            if not self._stopped:
                raise EngineError(f"Ray failed: {_first_line(error)}; the same command goes on") from error
        finally:
            self.stop()

    def stop(self) -> None:
        """End the workers, and Ray where it was started here."""
        if self._stopped and not self._running:
            return
        self._stopped, self._running = True, False
        if (ray := sys.modules.get("ray")) is not None:
            with contextlib.suppress(Exception):  # it may be starting; what it started ends with this process
                ray.shutdown()
        sys.stdout = self._output
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _started(self) -> Any:
        _reach(self._address)
        os.environ.update(_ENVIRONMENT | (_LOOPBACK | _token() if self._address == LOCAL else {}))
        import ray
        import ray.data

        if self._stopped:  # while it was imported, which takes seconds
            raise EngineError("stopped before Ray was there")
        for name in ("ray", "ray.data", "ray.serve", "ray.tune"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        warnings.filterwarnings("ignore", message=".*ray_remote_args.*")
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - Ray tells of dead workers there, amid our answers
        quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if self._address == LOCAL:
            self._folder = temporary_folder("ray")
            quiet |= {
                "num_cpus": max(cores(), self._workers),
                "include_dashboard": False,
                "object_store_memory": _STORE_BYTES,
                "_node_ip_address": "127.0.0.1",
                "_temp_dir": str(self._folder / "r"),  # Ray opens its folder to all, not the one around it
            }
        try:
            with _mute():
                ray.init(address=self._address, **quiet)
        except Exception as error:
            where = "on this machine" if self._address == LOCAL else f"at {self._address}"
            self.stop()
            raise EngineError(f"there is no Ray {where}: {_first_line(error)}") from error
        self._running = True
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # a portion that cannot be asked about is told by name
        return ray

    def _share(self, ray: Any) -> Share:
        found = [each["Resources"] for each in ray.nodes() if each["Alive"]]
        machines = [Machine(int(each.get("CPU", 0)), int(each.get("GPU", 0))) for each in found]
        return share(self._setup.settings, machines, self._workers)

    def _ahead(self, portions: Iterator[Portion], workers: int) -> Iterator[list[Portion]]:
        """A stretch after the other, each being planned while the one before is asked about."""

        def plan(size: int) -> list[Portion]:
            return [each for each in islice(portions, size) if not self._stopped]

        sizes = stretches(workers)
        with ThreadPoolExecutor(1, "plan") as planner:
            following = planner.submit(plan, next(sizes))
            while stretch := following.result():
                following = planner.submit(plan, next(sizes))
                yield stretch

    def _spread(self, ray: Any, setup: Setup, given: Share, stretch: list[Portion]) -> Iterator[Brought]:
        rows = [{"portion": pickle.dumps(each)} for each in stretch]
        asked = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            Worker,
            fn_constructor_args=(setup,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(given.workers, len(rows)), max_tasks_in_flight_per_actor=1),
            num_cpus=given.cpus,
            num_gpus=given.gpus or None,
            max_restarts=-1,
            max_task_retries=TRIES - 1,
        )
        for row in asked.iter_rows():
            yield pickle.loads(row["brought"])  # noqa: S301 - as above


def stretches(workers: int) -> Iterator[int]:
    """How many portions one pool of workers is given, pool after pool: few at first, so that the first one has not long
    to wait for its plan; then more, since a pool takes a while to start, but their texts are in Ray's memory."""
    return (each * workers for each in chain(_STRETCHES, repeat(_STRETCHES[-1])))


def _reach(address: str) -> None:
    """Raise `EngineError` where nobody listens there: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit():  # `local`, `auto`, `ray://…`
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise EngineError(f"there is no Ray at {address}: {error}") from error


def _token() -> dict[str, str]:
    """A word without which nobody else on this machine is served; given, so that Ray writes none into the home."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


@contextlib.contextmanager
def _mute() -> Iterator[None]:
    """Nothing reaches standard error: Ray's core greets there as it starts, whatever it is told."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
