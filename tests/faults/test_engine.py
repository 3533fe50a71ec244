"""The engine process dies, stops or talks nonsense in the middle of an answer: its server does not, and says so."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .tally import Tally
from .watching import plan
from .wire import Server

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="signals, and a wire that is found in /proc"),
    pytest.mark.faults,
]

SILENCE = 2.0  # seconds that the engine may say nothing, here
GUARD = 10.0  # seconds; the promise is 2 after the death, and the slowest is printed
WAYS = ["kill", "segv", "abrt", "bus", "term", "leave", "garbage", "memory", "stop"]

ORDERLY = ("memory", "term")
"""A model that has no memory left says so, and an engine that is asked to leave does: neither died."""


class Asking:
    """A server whose engine obeys, and functions to ask about, each in a document of its own."""

    def __init__(self, serve: Any, folder: Path, **talk: Any) -> None:
        watched = plan(folder / "plan", talker="obedient", talk={"silence_seconds": SILENCE, **talk})
        self.server: Server = serve(program=watched.program())
        self.server.begin(hover={"waitMs": 30000})
        self.count = 0

    def about(self, name: str) -> tuple[str, float]:
        """What a hover over a function of that name says, and after how long."""
        self.count += 1
        uri = f"file:///code/{self.count}.py"
        self.server.open(uri, f"def {name}(a):\n    return a\n")
        begun = time.monotonic()
        told = str(self.server.answer(self.server.hover(uri, 0, 5), 40))
        assert f"def {name}" in told, "what needs no model is told"
        self.server.close(uri)
        return told, time.monotonic() - begun

    def engine(self) -> dict[str, Any]:
        """The engine's row of the status."""
        return dict(self.server.ask("glossator/status")["engine"])


def test_mid_token(serve: Any, tmp_path: Path, tally: Tally, times: Any) -> None:
    """However the engine ends, whoever waited is told at once, the server is the same, and the next one is answered."""
    asking = Asking(serve, tmp_path, deaths=1000)
    for way in WAYS:
        for turn in range(times(1, 20)):
            told, _ = asking.about(f"fine_{way}_{turn}")
            assert "It does" in told
            before = asking.engine()
            told, seconds = asking.about(f"act_{way}_{turn}")
            assert "No explanation" in told or "unfinished" in told, told
            kind = "told of a stopped engine after" if way == "stop" else "told of a death after"
            tally.most("engine faults", kind, seconds, "s")
            assert seconds < GUARD + (SILENCE if way == "stop" else 0)
            deaths = asking.engine()["restarts"] - before["restarts"]
            assert deaths == (way not in ORDERLY), way
            tally.add("engine faults", "deaths in the middle of an answer", deaths)
    assert "It does" in asking.about("last")[0]
    assert asking.server.process.poll() is None
    assert asking.server.finish() == 0


def test_killed_from_outside(serve: Any, tmp_path: Path, tally: Tally, times: Any) -> None:
    """With several requests in flight all are answered when the engine is killed."""
    asking = Asking(serve, tmp_path, deaths=1000)
    asking.about("fine")
    for turn in range(times(1, 20)):
        jobs = []
        for number in range(4):
            uri = f"file:///code/held{turn}{number}.py"
            asking.server.open(uri, f"def act_hold_{turn}_{number}(a):\n    return a\n")
            jobs.append(asking.server.run("explain", uri, 0, 5))
        limit = time.monotonic() + 20
        while asking.engine()["state"] != "busy":
            assert time.monotonic() < limit
            time.sleep(0.02)
        begun = time.monotonic()
        os.kill(asking.engine()["pid"], 9)
        for job in jobs:
            last = asking.server.over(job)
            assert last["state"] == "failed" and "ended unexpectedly" in last["reasons"][0], last
        tally.most("engine faults", "told of a kill after", time.monotonic() - begun, "s")
        tally.add("engine faults", "requests in flight at a kill", len(jobs))
        assert "It does" in asking.about(f"fine_{turn}")[0]
    assert asking.server.finish() == 0


def test_a_request_that_kills(serve: Any, tmp_path: Path, tally: Tally) -> None:
    """What ended the engine twice is refused for the session without another death; all else is answered."""
    asking = Asking(serve, tmp_path, deaths=1000)
    uri = "file:///code/poison.py"
    asking.server.open(uri, "def act_segv(a):\n    return a\n")

    def last() -> dict[str, Any]:
        return asking.server.over(asking.server.run("explain", uri, 0, 5))

    assert [last()["state"] for _ in range(2)] == ["failed", "failed"]
    deaths = asking.engine()["restarts"]
    assert deaths == 2
    for _ in range(3):
        end = last()
        assert end["state"] == "failed" and "refused" in end["reasons"][0], end
        tally.add("engine faults", "poisoned requests refused")
    assert "It does" in asking.about("innocent")[0]
    assert asking.engine()["restarts"] == deaths
    assert asking.server.finish() == 0


def test_five_deaths(serve: Any, tmp_path: Path, tally: Tally) -> None:
    """After five deaths the engine is left alone: one message at most, and what needs no model goes on at once."""
    asking = Asking(serve, tmp_path)
    for turn in range(5):
        asking.about(f"act_kill_{turn}")
    asking.server.open("file:///code/a.py", "def total(a):\n    return a\n")
    for turn in range(10):
        told, seconds = asking.about(f"fine_{turn}")
        assert "left alone" in told
        tally.most("engine faults", "a hover without an engine", seconds, "s")
    assert asking.server.answer(asking.server.menu("file:///code/a.py", 0, 5))["result"]
    row = asking.engine()
    assert (row["state"], row["restarts"], row["pid"]) == ("failed", 5, None), row
    assert len(asking.server.messages()) <= 1
    assert asking.server.finish() == 0
    tally.add("engine faults", "engines left alone")
