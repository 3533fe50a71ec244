"""The folder of remembered answers is damaged, locked, taken away and killed: an answer is right, or there is none."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest

from glossator.engine.remembered_disk import Shelf

from .damage import KINDS, database
from .tally import Tally

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="pipes, links and kill -9 are POSIX's"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),  # how a keeper is ended here
]

GUARD = 10.0  # seconds; the promise for a start is 2 on a quiet machine, and the slowest is printed
KEYS = [f"key{number}" for number in range(20)]


@contextlib.contextmanager
def shelf_on(folder: Path) -> Iterator[Shelf]:
    """An open shelf, closed as the end of its process would close it."""
    shelf = Shelf(folder, 16)
    assert shelf.ready(30)
    try:
        yield shelf
    finally:
        reader, writer = shelf._reader, shelf._writer

        def end() -> None:
            if writer is not None:
                writer.close()
            raise SystemExit  # ends the keeper

        shelf.flush(20)
        shelf._do(end)
        assert shelf._thread is not None
        shelf._thread.join(20)
        if reader is not None:
            reader.close()


def values(chance: random.Random) -> dict[str, bytes]:
    """A payload for each key, alike in nothing."""
    return {key: f"{key}:".encode() + chance.randbytes(chance.choice([10, 300, 6000])) for key in KEYS}


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_damage(tmp_path: Path, kind: str, chance: random.Random, tally: Tally, times: Any) -> None:
    """After damage, found at the start or while it is open, what is read is right or missing, and new answers stay."""
    foreign = tmp_path / "elsewhere"
    foreign.write_bytes(b"precious")
    for turn in range(times(20, 200)):
        folder = tmp_path / str(turn)
        kept = values(chance)
        with shelf_on(folder) as shelf:
            for key, payload in kept.items():
                shelf.put(key, payload)
            assert shelf.flush(20)
            if turn % 2:
                KINDS[kind](folder, chance)
                found = {key: shelf.get(key) for key in KEYS}
        if not turn % 2:
            KINDS[kind](folder, chance)
            begun = time.monotonic()
            with shelf_on(folder) as shelf:
                tally.most("cache", "slowest start on damage", time.monotonic() - begun, "s")
                found = {key: shelf.get(key) for key in KEYS}
        assert {key: found[key] for key in KEYS if found[key] not in (None, kept[key])} == {}
        tally.add("cache", "damages")
        tally.add("cache", "right answers after them", sum(payload is not None for payload in found.values()))
        with shelf_on(folder) as shelf:
            for _ in range(3):  # what is damaged where nobody looked is found by the first who does
                shelf.put("new", b"value")
                assert shelf.flush(20)
                if shelf.get("new") == b"value":
                    break
            assert shelf.get("new") == b"value", shelf.state()
            tally.add("cache", "healed")
    assert foreign.read_bytes() == b"precious"


# --- killed -----------------------------------------------------------------------------------------------------------

NURSERY = """
    import os, random, signal, sys, time
    from pathlib import Path
    from glossator.engine.remembered_disk import Shelf
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    for turn in range(count):
        ready, told = os.pipe()
        child = os.fork()
        if not child:
            shelf = Shelf(folder, 16)
            shelf.ready(30)
            os.write(told, b"x")
            while True:
                key = f"key{chance.randrange(20)}"
                found = shelf.get(key)
                if found is not None and found != key.encode() * 500:
                    print("wrong", flush=True)
                shelf.put(key, key.encode() * 500)
                if chance.random() < 0.1:
                    shelf.flush(30)
        if chance.random() < 0.8:
            os.read(ready, 1)
        time.sleep(chance.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready), os.close(told)
    """


@pytest.mark.faults
def test_killed(tmp_path: Path, chance: random.Random, tally: Tally, times: Any) -> None:
    """After kill -9 at random moments, while opening or writing, what is read is right and the folder takes more."""
    count, folder = times(100, 500), tmp_path / "a"
    arguments = [str(folder), str(count), str(chance.randrange(2**30))]
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(NURSERY), *arguments], capture_output=True, timeout=280, check=False
    )
    assert (said.returncode, said.stdout) == (0, b""), said.stderr[-2000:]
    with shelf_on(folder) as shelf:
        found = {key: shelf.get(key) for key in KEYS}
        assert all(payload in (None, key.encode() * 500) for key, payload in found.items())
        assert any(found.values())
        shelf.put("new", b"value")
        assert shelf.flush(20)
        assert shelf.get("new") == b"value"
    assert len([place for place in folder.iterdir() if place.is_dir()]) <= 2
    tally.add("cache", "kills survived", count)


SHARER = """
    import random, sys
    from pathlib import Path
    from glossator.engine.remembered_disk import Shelf
    chance, shelf = random.Random(sys.argv[2]), Shelf(Path(sys.argv[1]), 16)
    assert shelf.ready(60)
    seen = 0
    for turn in range(150):
        key = f"key{chance.randrange(20)}"
        found = shelf.get(key)
        assert found in (None, key.encode() * 500), "a wrong answer"
        seen += found is not None
        shelf.put(key, key.encode() * 500)
        if turn % 10 == 0:
            shelf.flush(60)
    assert shelf.flush(60)
    print(seen, shelf.state()["state"])
    """


@pytest.mark.faults
def test_eight_at_once(tmp_path: Path, tally: Tally) -> None:
    """Eight processes that begin at once on no folder at all share it."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(SHARER), str(tmp_path / "a"), str(seed)], stdout=subprocess.PIPE
        )
        for seed in range(8)
    ]
    said = [child.communicate(timeout=200)[0].decode().split() for child in children]
    assert [child.returncode for child in children] == [0] * 8
    assert all(state == "on" and int(seen) > 0 for seen, state in said), said
    assert len([place for place in (tmp_path / "a").iterdir() if place.is_dir()]) == 1
    tally.add("cache", "processes on one folder", 8)


# --- as a server meets it ---------------------------------------------------------------------------------------------

URI, CODE = "file:///code/a.py", "def f():\n    pass\n"
TROUBLES = ["lock held", "database locked", "read-only", "a file in its place", *list(KINDS)[::4]]


@pytest.mark.faults
def test_a_server_on_it(serve: Any, tmp_path: Path, chance: random.Random, tally: Tally, times: Any) -> None:
    """Whatever happened to the folder, a server starts at once, answers, shows no error and ends well."""
    folder = tmp_path / "home" / "cache" / "answers"
    first = serve()
    first.begin()
    first.open(URI, CODE)
    assert "It does" in str(first.answer(first.hover(URI, 0, 5)))
    assert first.finish() == 0
    for trouble in [*TROUBLES, *([each for each in KINDS if each not in TROUBLES] * times(0, 1))]:
        with contextlib.ExitStack() as stack:
            if trouble == "lock held":
                stack.enter_context(filelock.FileLock(folder / "lock"))
            elif trouble == "database locked":
                con = sqlite3.connect(database(folder), isolation_level=None)
                stack.callback(con.close)
                con.execute("BEGIN EXCLUSIVE")
            elif trouble == "read-only":
                for place in (folder, *folder.rglob("*")):
                    place.chmod(0o500 if place.is_dir() else 0o400)
            elif trouble == "a file in its place":
                folder.chmod(0o700)
                folder.rename(folder.with_name("aside"))
                folder.write_bytes(b"")
            else:
                KINDS[trouble](folder, chance)
            begun = time.monotonic()
            server = serve()
            server.begin()
            server.open(URI, CODE)
            assert "It does" in str(server.answer(server.hover(URI, 0, 5), GUARD)), trouble
            tally.most("cache", "slowest first answer of a server", time.monotonic() - begun, "s")
            assert server.messages() == [], trouble
        if trouble == "a file in its place":
            folder.unlink()
            folder.with_name("aside").rename(folder)
        if trouble == "read-only":
            for place in (folder, *folder.rglob("*")):
                place.chmod(0o700)
        assert server.finish() == 0
        tally.add("cache", "servers started on trouble")
        if not folder.exists() or not (folder / "current").exists():
            again = serve()
            again.begin()
            again.open(URI, CODE)
            again.answer(again.hover(URI, 0, 5))
            assert again.finish() == 0
