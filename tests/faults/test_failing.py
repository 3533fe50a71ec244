"""Each call to the system fails once, in turn, or from then on: all is answered all the same, and the text is right."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glossator.cli import place as shell
from glossator.models.digest import write_whole

from .failing import KINDS
from .tally import Tally
from .test_stale import Buffer
from .watching import plan
from .wire import Server

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="open files are known by /proc"),
    pytest.mark.faults,
]

ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EMFILE, errno.EROFS)
MOST = 200
ENDS = ("done", "refused", "failed")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder: a socket's path has about 100 bytes."""
    place = Path(tempfile.mkdtemp(prefix="gl-"))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def counted() -> dict[str, int]:
    """How many calls of each kind a life has in which none fails."""
    place = Path(tempfile.mkdtemp(prefix="gl-"))
    # The last to be watched is what opens the files in which the others are counted.
    one_life(place, [{"kind": kind, "nth": 0, "error": 0} for kind in reversed(KINDS)], Tally())
    found = {kind: (place / f"counted-{kind}").stat().st_size for kind in KINDS}
    shutil.rmtree(place)
    assert all(found.values()), found
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_nth(
    folder: Path, kind: str, counted: dict[str, int], *, chance: random.Random, tally: Tally, times: Any
) -> None:
    """A server whose n-th call fails answers each request once, ends jobs in words and leaves the text as it should be;
    where it cannot even read its settings it says so and does not start."""
    # Lives differ a little; so many calls each of them has. Who waits for an engine connects as often as there is time.
    sure = min(counted[kind] * 3 // 4, 3 if kind == "connect" else MOST) or 1
    for nth in times(0, 1) * list(range(1, min(MOST, counted[kind]) + 1)) or [chance.randint(1, sure)]:
        for ever in (False, True) if times(0, 1) else (chance.random() < 0.4,):
            place = folder / f"{nth}-{ever}"
            failing = {"kind": kind, "nth": nth, "ever": ever, "error": chance.choice(ERRORS)}
            one_life(place, [failing], tally)
            failed = (place / "failed").stat().st_size
            assert failed or nth > sure, (failing, counted)
            tally.add("n-th failures", f"calls that failed: {kind}", failed)
            shutil.rmtree(place)


@pytest.mark.parametrize("error", ERRORS)
def test_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, tally: Tally) -> None:
    """A file that cannot be synced stays as it was, with nothing beside it. (A server's life syncs none.)"""

    def fail(file: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", fail)
    file = tmp_path / "a.py"
    file.write_bytes(b"before")
    source = shell.Source(file, b"before", "before", b"")
    for write in (lambda: write_whole(file, b"after"), lambda: shell.write(source, "after")):
        with pytest.raises(OSError, match=os.strerror(error)):
            write()
        assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"before", [file])
        tally.add("n-th failures", "syncs that failed")


START_SECONDS = 8.0  # that a server waits for an engine that it cannot reach; users' wait half a minute
ENDED = 60.0  # seconds, the engine's last words included


def one_life(place: Path, failing: list[dict[str, Any]], tally: Tally) -> None:
    """Start, ask all kinds of things, edit, end."""
    root = place / "project"
    root.mkdir(parents=True)
    for number in range(5):
        (root / f"m{number}.py").write_text(f"def f{number}(a):\n    return a\n")
    below = [each | {"below": str(place)} for each in failing]
    talk = {"remembered": True, "deaths": 1000, "start_seconds": START_SECONDS}
    watched = plan(place / "plan", talker="soaking", talk=talk, failing=below, log=None)
    server = Server(place / "home", program=watched.program(), quickly=True)
    try:
        try:
            server.begin(root=root, hover={"waitMs": 1000})
        except AssertionError:
            assert server.process.wait(5) == 2, failing
            said = (place / "home" / "stderr.txt").read_text()
            assert "config.toml: cannot be read" in said and "Traceback" not in said, (failing, said)
            tally.add("n-th failures", "starts refused in words")
            return
        buffer = Buffer(server, (root / "a.py").as_uri(), random.Random(1))
        buffer.chance.random = lambda: 0.9  # type: ignore[method-assign]  # nobody types meanwhile
        server.replies["workspace/applyEdit"] = buffer.apply
        asked = [server.hover(buffer.uri, 7, 5), server.menu(buffer.uri, 7, 5), server.request("glossator/status")]
        before = buffer.text
        for action in ("refactor", "explain", "refactor"):
            last = server.over(server.run(action, buffer.uri, 7, 4), ENDED)
            assert last["state"] in ENDS, (failing, last)
            tally.add("n-th failures", f"jobs {last['state']}")
        asked += [server.hover(buffer.uri, 7, 5), server.request("glossator/status")]
        for identity in asked:
            assert "result" in server.answer(identity, ENDED), failing
        assert set(server.counts().values()) == {1}
        assert buffer.wrong == [] and (buffer.text == before or buffer.counts["edits applied"]), failing
        assert server.finish() == 0, failing
    finally:
        server.process.kill()
        server.process.wait()
        server.drained()
    assert server.noise == []
    assert server.trouble() == [], failing
    tally.add("n-th failures", "lives")
