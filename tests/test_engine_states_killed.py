"""A process that dies while it saves states leaves whole ones or none. `python -m bench.kills` kills the engine so."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from glossator.engine.states import States

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and SIGKILL are needed")

KILLS = 200

# Forks a writer again and again and kills it at a random moment, in a process without other threads.
WRITERS = """
import os, random, signal, sys, time
from pathlib import Path
from glossator.engine.states import States

folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
for number in range(kills):
    ready, tell = os.pipe()
    pid = os.fork()
    if not pid:
        states = States(folder, "model", 1 << 28, settle=0)
        os.write(tell, b"x")
        for file in range(5):
            states.store([number, file, *range(100)], bytes([number, file]) * rng.randrange(1 << 16, 1 << 19))
        states.close()
        os._exit(0)
    os.read(ready, 1)
    time.sleep(rng.random() * 0.03)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ready)
    os.close(tell)
    print(len(list(folder.glob("*.part"))), flush=True)
"""


def test_killed_while_saving(tmp_path: Path) -> None:
    """After 200 kills every state that is found is the one that belongs to its tokens, and no piece is left."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    command = [sys.executable, "-c", WRITERS, str(tmp_path), str(KILLS), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    torn = sum(int(row) > 0 for row in done.stdout.split())
    assert torn, "no kill hit a save"
    states = States(tmp_path, "model", 1 << 28, settle=0)
    assert not list(tmp_path.glob("*.part"))
    whole = 0
    for number in range(KILLS):
        for file in range(5):
            tokens = [number, file, *range(100)]
            found, name = states.longest(tokens)
            if found < len(tokens):
                continue
            loaded = states.load(name)
            assert loaded is not None and loaded[0] == tokens
            assert loaded[1] == bytes([number, file]) * (len(loaded[1]) // 2)
            whole += 1
    print(f"{KILLS} kills, {torn} of them inside a save, {whole} whole states")
    assert whole
    states.close()


def test_pieces_of_the_living_stay(tmp_path: Path) -> None:
    """What another process is writing right now is not taken away from it."""
    piece = tmp_path / f"0123456789abcdef-00.state.{os.getpid()}.part"
    piece.write_bytes(b"half")
    States(tmp_path, "model", 1 << 20).close()
    assert piece.exists()
