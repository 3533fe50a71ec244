"""The engine process: `python -P -m glossator.engine.process --socket PATH --options JSON`.

Prepares the process (nothing on stdout, no core dumps, no debugger, first to go when memory is short), then serves one
model. It outlives the client that started it, so it is bound to none; `serve` decides when it leaves.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..models import Advice, Card, ModelAbsent, ModelError
from ..models.digest import digest
from . import EngineError, ModelBroken, ModelMissing
from .calibration import Shelf
from .serve import Server
from .supervise import STARTER
from .worker import Model

log = logging.getLogger(__name__)

_LOG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Options:
    """Which model, and how. What differs here is another engine.

    Attributes:
        path: The GGUF file.
        digest: Its SHA-256.
        states: Folder for saved KV states; empty: none are saved.
        calibrations: Folder for what was measured of models; empty: nothing is kept.
        context, threads, gpu_layers: As in the settings.
    """

    path: str
    digest: str
    card: Card
    states: str = ""
    context: int = 0
    threads: int = 0
    gpu_layers: int = -1
    calibrations: str = ""

    def to_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Options:
        """From the command line."""
        tree: dict[str, Any] = json.loads(text)
        card = tree["card"]
        plain = Advice(**card["plain"]) if card.get("plain") else None
        changes = {"advice": Advice(**card["advice"]), "plain": plain, "sources": tuple(card["sources"])}
        tree["card"] = Card(**{**card, **changes})
        return cls(**tree)


def same_file(options: Options) -> None:
    """Raise `ModelBroken` where the file is no longer the one whose digest was given: answers go by that digest.

    `ModelMissing` where there is none any more. Costs nothing where the file is as it was when its digest was computed.
    """
    path = Path(options.path)
    try:
        now = digest(path)
    except ModelAbsent as error:
        raise ModelMissing(str(error)) from error
    except ModelError as error:
        raise ModelBroken(str(error)) from error
    if now != options.digest:
        raise ModelBroken(
            f"{path} has changed since this program looked at it (its SHA-256 is {now[:12]}… now); "
            "start the program anew, in an editor its language server"
        )


def load(options: Options) -> Model:
    """The real model. Imports llama.cpp. Raises `EngineError`."""
    same_file(options)
    try:
        from .llama import Model as Llama
    except (ImportError, OSError) as error:  # a library that was built for another machine is an OSError
        raise EngineError(f"llama.cpp cannot be loaded ({error}); install glossator anew") from error

    return Llama(
        Path(options.path),
        options.card,
        options.digest,
        context=options.context,
        threads=options.threads,
        gpu_layers=options.gpu_layers,
        states=Path(options.states) if options.states else None,
        calibrations=Shelf(Path(options.calibrations), options.digest) if options.calibrations else None,
    )


def harden() -> None:
    """Make the process a quiet one that dies quickly and alone."""
    os.dup2(2, 1)  # what native code prints is never taken for something else
    os.environ["GGML_NO_BACKTRACE"] = "1"  # an abort starts no debugger
    faulthandler.enable(all_threads=False)
    if sys.platform != "win32":
        import resource

        # A dump would hold source text. On Linux a limit of 1 also refuses dumps to a program; 0 does not.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (1, 1) if sys.platform == "linux" else (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("600")


def _log() -> None:
    """Log to stderr (a file), which starts over when it has grown to a megabyte."""

    class Limited(logging.StreamHandler[Any]):
        def emit(self, record: logging.LogRecord) -> None:
            with contextlib.suppress(OSError):
                if os.fstat(2).st_size > _LOG_BYTES:
                    os.ftruncate(2, 0)
            super().emit(record)

    form = "%(asctime)s %(process)d %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[Limited(sys.stderr)])


async def _serve(path: Path, make: Callable[[], Model]) -> str:
    starter = os.environ.get(STARTER, "")
    server = Server(path, make, starter=int(starter) if starter.isdigit() else 0)
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.leave, "it was asked to")
    return await server.run()


def main(arguments: list[str] | None = None, factory: Callable[[Options], Model] = load) -> int:
    """Run the engine process until nobody needs it."""
    parser = argparse.ArgumentParser(prog="glossator.engine.process", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--options", type=Options.from_json, required=True)
    given = parser.parse_args(arguments)
    harden()
    _log()
    log.info("engine for %s starts", given.options.card.name)
    why = asyncio.run(_serve(given.socket, lambda: factory(given.options)))
    log.info("engine leaves: %s", why)
    sys.stderr.flush()
    os._exit(0)  # threads inside native code are not waited for


if __name__ == "__main__":
    sys.exit(main())
