"""`talking.py KIND`: the server as `glossator serve` runs it, with `talker.py` in the place of the engine process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from glossator.engine import Engine, client, supervise
from glossator.engine.client import SharedEngine
from glossator.engine.ledger import Ledger
from glossator.engine.recorded import Recorded
from glossator.engine.remembered import Remembered
from glossator.lsp import opening
from glossator.lsp.server import serve
from glossator.models import Card
from glossator.settings import Folders, Settings


def engine(settings: Settings, folders: Folders, ledger: Ledger | None, kind: str, **more: Any) -> Engine:
    """The shared engine, bound to this kind of talker; it goes with its last client. `more` as `SharedEngine` has it,
    `deaths`: how many of the engine are borne before it is left alone, `start_seconds`: how long its start is waited
    for; `remembered`: its answers are."""
    name = f"{kind}.gguf"
    supervise.DEATHS = more.pop("deaths", supervise.DEATHS)
    client._START_SECONDS = more.pop("start_seconds", client._START_SECONDS)
    remembered = more.pop("remembered", False)
    found: Engine = SharedEngine(
        Card("talker", name),
        folders.models / name,
        "d" * 64,
        runtime=folders.runtime,
        logs=folders.logs,
        **{"idle_seconds": 0.0, "command": [sys.executable, str(Path(__file__).with_name("talker.py"))]} | more,
    )
    if ledger is not None:
        found = Recorded(found, ledger)
    return Remembered(found, folders.cache / "answers", 64) if remembered else found


if __name__ == "__main__":
    opening.open_engine = lambda settings, folders, ledger=None: engine(settings, folders, ledger, sys.argv[1])
    sys.exit(serve(Settings()))
