"""Remembered answers: right or absent, whatever happens to the folder."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import filelock
import pytest

from glossator.engine import Chunk, EngineError, Finished, Message, Request, Text, likelihood
from glossator.engine.remembered import Remembered
from glossator.engine.remembered_database import Damaged, seal, unseal
from glossator.engine.remembered_disk import Shelf
from glossator.engine.scripted import Doubted, Likely, Rule, Scripted


def ask(text: str = "x", **more: object) -> Request:
    return Request((Message("user", text),), **more)  # type: ignore[arg-type]


async def collect(engine: Remembered, request: Request) -> list[Chunk]:
    return [chunk async for chunk in engine.stream(request)]


def database(folder: Path) -> Path:
    return folder / (folder / "current").read_text().strip() / "cache.db"


def opened(folder: Path, megabytes: int = 16) -> Shelf:
    shelf = Shelf(folder, megabytes)
    assert shelf.ready(20)
    return shelf


def kept(shelf: Shelf, key: str, payload: bytes) -> bytes | None:
    """What is found after putting; through the keeper's queue."""
    shelf.put(key, payload)
    assert shelf.flush(20)
    return shelf.get(key)


# --- the engine -----------------------------------------------------------------------------------------------------


async def test_second_time_from_disk(tmp_path: Path) -> None:
    """An answer is replayed in its pieces, marked as remembered, also after a restart; `recall` takes milliseconds."""
    engine = Remembered(Scripted([Rule(text="once only, please", once=True)]), tmp_path / "a", 16)
    first = await collect(engine, ask())
    await engine.close()
    engine = Remembered(Scripted([Rule(text="once only, please", once=True)]), tmp_path / "a", 16)
    second = await collect(engine, ask())
    assert [c for c in second if isinstance(c, Text)] == [c for c in first if isinstance(c, Text)]
    assert isinstance(second[-1], Finished)
    assert second[-1].remembered
    began = time.perf_counter()
    for _ in range(100):
        recalled = engine.recall(ask())
    assert (time.perf_counter() - began) / 100 < 0.01
    assert recalled == ("once only, please", second[-1])
    state = engine.state()
    assert (state["state"], state["hits"], state["misses"]) == ("on", 101, 0)


async def test_scores_from_disk(tmp_path: Path, counting: type[Any]) -> None:
    """Scores and continuations are computed once, also over a restart; other answers are other questions."""
    found = []
    for _ in range(2):
        script = counting([], likely=[Likely("low", -3.5)], doubted=[Doubted(" < low", " <=", " low")])
        engine = Remembered(script, tmp_path / "a", 16)
        assert await engine.opened(20)
        scores = await likelihood.score(engine, ask(), ["value < low", "other"])
        texts = await likelihood.go_on(engine, ask(stop=("\n",)), ["value <="])
        found.append((scores, texts))
        await engine.close()
    assert found[0] == found[1]
    assert (found[0][0][0].logprob, found[0][1]) == (-3.5, [" low"])
    assert counting.asked == 2
    engine = Remembered(script, tmp_path / "a", 16)
    assert await engine.opened(20)
    assert len(await likelihood.score(engine, ask(), ["value < low"])) == 1
    assert counting.asked == 3
    await engine.close()


async def test_recipe_is_what_counts(tmp_path: Path) -> None:
    """Equal recipes share an answer though the prompts differ; another seed does not."""
    engine = Remembered(Scripted([Rule(text="one", once=True), Rule(text="two")]), tmp_path / "a", 16)
    await collect(engine, ask("line 1", recipe="r"))
    await asyncio.to_thread(engine._shelf.flush, 5)
    assert engine.recall(ask("line 21", recipe="r"))[0] == "one"  # type: ignore[index]
    assert engine.recall(ask("line 1", recipe="r", max_tokens=7)) is None


async def test_partial_answers_are_not_kept(tmp_path: Path) -> None:
    """A cancelled stream, a failed one and one that only read the prompt leave nothing behind."""
    rules = [Rule("cancel", "half of", hold=True), Rule("fail", "half", error="gone"), Rule("", "whole")]
    engine = Remembered(Scripted(rules), tmp_path / "a", 16)
    stream = engine.stream(ask("cancel"))
    async for chunk in stream:
        if isinstance(chunk, Text):
            break
    await stream.aclose()
    with pytest.raises(EngineError, match="gone"):
        await collect(engine, ask("fail"))
    await collect(engine, ask("x", max_tokens=0))
    await asyncio.to_thread(engine._shelf.flush, 5)
    assert engine.recall(ask("cancel")) is None
    assert engine.recall(ask("fail")) is None
    assert engine.state()["entries"] == 0


async def test_forget(tmp_path: Path) -> None:
    """One answer or all are forgotten, on disk as well."""
    engine = Remembered(Scripted([Rule(text="SECRETWORD")]), tmp_path / "a", 16)
    for text in "xyz":
        await collect(engine, ask(text))
    engine.forget(ask("x"))
    await asyncio.to_thread(engine._shelf.flush, 5)
    assert [engine.recall(ask(text)) is None for text in "xyz"] == [True, False, False]
    engine.forget()
    await asyncio.to_thread(engine._shelf.flush, 5)
    assert [engine.recall(ask(text)) is None for text in "xyz"] == [True, True, True]
    assert not [p for p in (tmp_path / "a").rglob("*") if p.is_file() and b"SECRETWORD" in p.read_bytes()]


# --- the folder -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [0, 5, 15, 30, 60])
def test_seal(change: int) -> None:
    """A changed byte anywhere, a missing end or another key is damage."""
    sealed = seal("k", b"payload" * 9)
    assert unseal("k", sealed) == b"payload" * 9
    broken = bytearray(sealed)
    broken[change] ^= 1
    for key, value in (("k", bytes(broken)), ("k", sealed[:-1]), ("other", sealed), ("k", b"")):
        with pytest.raises(Damaged):
            unseal(key, value)


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_folder_is_private(tmp_path: Path) -> None:
    """The folder is 0700 even where it was not; a link in its place is refused."""
    (tmp_path / "a").mkdir(mode=0o777)
    assert kept(opened(tmp_path / "a"), "k", b"v") == b"v"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "a")
    shelf = opened(tmp_path / "link")
    assert kept(shelf, "k", b"w") is None
    assert str(shelf.state()["state"]).startswith("off: ")


def test_odd_keys(tmp_path: Path) -> None:
    """Rows whose keys are no text are passed over where all are read, and the others are found."""
    shelf = opened(tmp_path / "a")
    names = sorted(["a", "b", "z", *(f"k{number}" for number in range(150))])
    for key in names:
        shelf.put(key, b"v")
    assert shelf.flush(20)
    with sqlite3.connect(database(tmp_path / "a")) as con:
        for key, raw in ((-7, 1), (b"z\xff", 1), ("q", 0), (None, 1), (2.5, None), ("b", 0)):
            con.execute(
                "INSERT INTO Cache (key, raw, store_time, access_time, access_count, tag, size, mode, filename, value) "
                "VALUES (?, ?, 0, 0, 0, NULL, 1, 1, NULL, x'00')",
                (key, raw),
            )
    con.close()
    assert [key for key, _ in shelf.each()] == names
    assert shelf.held(["a", "z", "q", ""]) == {"a", "z"}


def test_planted_pickle(tmp_path: Path) -> None:
    """A planted pickle, or a row that names a file, is a miss: nothing runs, is read or is deleted."""
    witness, victim = tmp_path / "witness", tmp_path / "victim"
    victim.write_text("precious")

    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {witness}",)

    rows = [
        (4, None, pickle.dumps(Attack())),
        (2, str(victim), None),
        (3, str(victim), None),
        (1, str(victim), b"x"),
        (1, None, "text"),
        (1, None, 7),
    ]
    for mode, filename, value in rows:
        folder = tmp_path / "a"
        shelf = opened(folder)
        assert kept(shelf, "k", b"v") == b"v"
        with sqlite3.connect(database(folder)) as con:
            con.execute("UPDATE Cache SET mode = ?, filename = ?, value = ?", (mode, filename, value))
        con.close()
        before = database(folder)
        assert shelf.get("k") is None
        shelf.flush(20)
        assert database(folder) != before  # set aside
        assert kept(shelf, "k", b"w") == b"w"  # healed
        with sqlite3.connect(database(folder)) as con:  # removal follows no name either
            con.execute("UPDATE Cache SET filename = ?", (str(victim),))
        con.close()
        shelf.drop("k")
        assert kept(shelf, "other", b"v") == b"v"
        shutil.rmtree(folder)
    assert not witness.exists()
    assert victim.read_text() == "precious"


def test_planted_settings(tmp_path: Path) -> None:
    """Settings and tables that are not of ours make a fresh file."""
    for statement in (
        "INSERT INTO Settings VALUES ('sqlite_trusted_schema; x', 1)",
        "INSERT INTO Settings VALUES ('_disk', 'x')",
        "CREATE VIEW Extra AS SELECT 1",
        "DROP TABLE Settings",
        "ALTER TABLE Cache RENAME TO Cache2",
    ):
        shelf = opened(tmp_path / "a")
        kept(shelf, "k", b"v")
        before = database(tmp_path / "a")
        with sqlite3.connect(before) as con:
            con.execute(statement)
        con.close()
        shelf = opened(tmp_path / "a")
        assert database(tmp_path / "a") != before, statement
        assert kept(shelf, "k", b"w") == b"w"


def test_removed_folder(tmp_path: Path) -> None:
    """A folder that was removed gives misses, and is made anew by the next answer."""
    shelf = opened(tmp_path / "a")
    assert kept(shelf, "k", b"v") == b"v"
    shutil.rmtree(tmp_path / "a")
    assert shelf.get("k") is None
    assert kept(shelf, "k", b"w") == b"w"
    assert database(tmp_path / "a").exists()


def test_no_folder_can_be(tmp_path: Path) -> None:
    """A file in the folder's place switches remembering off, with the reason in the state and no error."""
    (tmp_path / "a").write_text("")
    shelf = opened(tmp_path / "a" / "b")
    assert kept(shelf, "k", b"v") is None
    assert str(shelf.state()["state"]).startswith("off: ")


def test_lock_held(tmp_path: Path) -> None:
    """While another holds the lock everything is a miss at once, and nothing waits but the keeper."""
    (tmp_path / "a").mkdir()
    with filelock.FileLock(tmp_path / "a" / "lock"):
        shelf = Shelf(tmp_path / "a", 16)
        began = time.monotonic()
        assert shelf.get("k") is None
        assert shelf.state()["state"] == "opening"
        assert time.monotonic() - began < 3
    assert shelf.ready(15)
    assert kept(shelf, "k", b"v") == b"v"


def test_reading_beside_a_locked_database(tmp_path: Path) -> None:
    """A writer that holds the database makes a read a quick miss."""
    shelf = opened(tmp_path / "a")
    assert kept(shelf, "k", b"v") == b"v"
    con = sqlite3.connect(database(tmp_path / "a"), isolation_level=None)
    con.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert shelf.get("k") is None
    assert time.monotonic() - began < 3
    con.execute("ROLLBACK")
    con.close()
    assert shelf.get("k") == b"v"


def test_size_limit(tmp_path: Path) -> None:
    """The oldest go when the limit is reached."""
    shelf = opened(tmp_path / "a", megabytes=1)
    for at in range(300):
        shelf.put(f"k{at}", os.urandom(10_000))
    shelf.flush(30)
    assert shelf.get("k0") is None
    assert shelf.get("k299") is not None
    assert int(shelf.state()["bytes"]) < 1.5 * (1 << 20)


def run(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    program = (
        "import sys, os, random, time\nfrom pathlib import Path\nfrom glossator.engine.remembered_disk import Shelf\n"
    )
    return subprocess.Popen([sys.executable, "-c", program + textwrap.dedent(code), *arguments], stdout=subprocess.PIPE)


def test_disk_full(tmp_path: Path) -> None:
    """A disk that takes no more switches new answers off; what is there can still be read."""
    child = run(
        """
        import resource
        shelf = Shelf(Path(sys.argv[1]), 64)
        shelf.ready(20)
        shelf.put("k", b"v")
        shelf.flush(20)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        for at in range(40):
            shelf.put(f"big{at}", os.urandom(50_000))
        shelf.flush(20)
        print(shelf.get("k"), shelf.state()["state"])
        """,
        str(tmp_path / "a"),
    )
    said = child.communicate(timeout=60)[0].decode()
    assert child.returncode == 0
    assert said.startswith("b'v' off: ") or said.startswith("None off: ") or said.startswith("None on"), said


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_read_only(tmp_path: Path) -> None:
    """A folder that cannot be written switches remembering off without an error."""
    kept(opened(tmp_path / "a"), "k", b"v")
    code = """
        if os.getuid() == 0:
            os.setgid(65534), os.setuid(65534)
        shelf = Shelf(Path(sys.argv[1]), 64)
        shelf.ready(20)
        shelf.put("new", b"v")
        shelf.flush(20)
        print(shelf.get("new"), shelf.state()["state"])
        """
    if os.getuid() == 0:
        for path in [tmp_path, *tmp_path.parents][:3]:
            path.chmod(0o755)
        for path in [tmp_path / "a", *(tmp_path / "a").rglob("*")]:
            os.chown(path, 65534, 65534)
    for path in [*(tmp_path / "a").rglob("*"), tmp_path / "a"]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    child = run(code, str(tmp_path / "a"))
    said = child.communicate(timeout=60)[0].decode()
    for path in [tmp_path / "a", *(tmp_path / "a").rglob("*")]:
        path.chmod(0o700)
    assert child.returncode == 0
    assert said.startswith("None off: "), said
