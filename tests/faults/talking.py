"""`talking.py KIND`: the server as `glossator serve` runs it, with `talker.py` in the place of the engine process."""

from __future__ import annotations

import sys
from pathlib import Path

from glossator.engine.client import SharedEngine
from glossator.lsp import opening
from glossator.lsp.server import serve
from glossator.models import Card
from glossator.settings import Folders, Settings


def engine(settings: Settings, folders: Folders) -> SharedEngine:
    """The shared engine, bound to this kind of talker; it goes with its last client."""
    name = f"{sys.argv[1]}.gguf"
    return SharedEngine(
        Card("talker", name),
        folders.models / name,
        "d" * 64,
        runtime=folders.runtime,
        logs=folders.logs,
        idle_seconds=0.0,
        command=[sys.executable, str(Path(__file__).with_name("talker.py"))],
    )


if __name__ == "__main__":
    opening.open_engine = engine  # type: ignore[assignment]  # a test's way in
    sys.exit(serve(Settings()))
