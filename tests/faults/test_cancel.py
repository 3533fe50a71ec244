"""Requests and jobs that are stopped at random moments: each ends once and soon, and the engine is idle again."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from .tally import Tally
from .wire import SYNC, Server, at, encoded

URI = "file:///code/a.py"
CODE = "".join(f"def f{number}(a):\n    return a + {number}\n\n\n" for number in range(40))
SLOW = "[[answer]]\nmatch = ''\ntext = '<think>one two three</think>four five six seven'\ndelay_ms_per_token = 12\n"
HELD = "[[answer]]\nmatch = ''\ntext = 'one two three'\nhold = true\n"
GUARD = 1.0  # seconds at the 95th percentile; the promise is 0.1 on a quiet machine, and what it was is printed


def idle(server: Server) -> float:
    """The seconds until the engine does nothing any more."""
    begun = time.monotonic()
    while server.ask(SYNC)["engine"]["state"] != "idle":
        assert time.monotonic() - begun < 10
        time.sleep(0.005)
    return time.monotonic() - begun


def tell(tally: Tally, what: str, seconds: list[float]) -> None:
    """Note the 95th percentile, and hold it against the guard."""
    late = sorted(seconds)[int(0.95 * len(seconds))]
    tally.most("cancel", f"{what}, 95th percentile", late * 1000, "ms")
    assert late < GUARD, sorted(seconds)[-10:]


@pytest.mark.faults
@pytest.mark.parametrize("script", [SLOW, HELD], ids=["slow", "held"])
def test_jobs(serve: Any, script: str, chance: random.Random, tally: Tally, times: Any) -> None:
    """A job that is stopped at any moment is over soon, says so once, and leaves the engine idle."""
    server = serve()
    server.begin(script, cache={"enabled": False})
    server.open(URI, CODE)
    count, replies, quiet, answered = times(100, 1000), [], [], 0
    for number in range(count):
        job = server.run("explain", URI, 4 * (number % 40), 5)
        time.sleep(chance.choice([0, chance.random() * 0.15]))
        begun = time.monotonic()
        server.ask("workspace/executeCommand", {"command": "glossator.stop", "arguments": [{"job": job}]})
        last = server.over(job)
        replies.append(time.monotonic() - begun)
        assert last["state"] in (("stopped", "done") if script == SLOW else ("stopped",))
        answered += last["state"] == "done"
        quiet.append(idle(server))
    tally.add("cancel", "jobs", count)
    tell(tally, "job over after", replies)
    tell(tally, "engine idle after", quiet)
    ends = [each["params"]["job"] for each in server.notices if each["method"] == "glossator/job"]
    assert len(set(ends)) == count
    assert len(server.messages()) <= answered  # what was stopped says nothing
    assert server.finish() == 0


@pytest.mark.faults
def test_requests(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """A hover that is cancelled at any moment is answered once, with what there was or as cancelled."""
    server = serve()
    server.begin(SLOW, cache={"enabled": False}, hover={"waitMs": 5000})
    server.open(URI, CODE)
    count, replies, cancelled = times(200, 2000), [], 0
    for number in range(count):
        identity = server.hover(URI, 4 * (number % 40), 5)
        time.sleep(chance.choice([0, chance.random() * 0.15]))
        begun = time.monotonic()
        server.notify("$/cancelRequest", {"id": identity})
        answer = server.answer(identity)
        replies.append(max(0.0, server.answers[identity][0][0] - begun))
        assert "result" in answer or answer["error"]["code"] == -32800
        cancelled += "error" in answer
    assert cancelled > count // 4
    tally.add("cancel", "hovers", count)
    tell(tally, "answer after", replies)
    tally.most("cancel", "engine idle after the last hover", idle(server), "s")
    assert all(number == 1 for number in server.counts().values())
    assert server.finish() == 0


@pytest.mark.faults
def test_pairs(serve: Any, chance: random.Random, tally: Tally) -> None:
    """Thousands of requests that are cancelled in the same breath are answered once each."""
    server = serve()
    server.begin(SLOW, cache={"enabled": False}, hover={"waitMs": 5000})
    server.open(URI, CODE)
    count, frames = 5000, []
    for number in range(count):
        params: Any = at(URI, 4 * chance.randrange(40), 5)
        if chance.random() < 0.3:
            params = {"textDocument": {"uri": URI}, "range": {"start": params["position"], "end": params["position"]}}
            params["context"] = {"diagnostics": []}
            method = "textDocument/codeAction"
        else:
            method = "textDocument/hover"
        frames.append(encoded({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        frames.append(encoded({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}}))
    begun = time.monotonic()
    server.raw(b"".join(frames))
    server.until(lambda: len(server.answers) > count, 120)
    tally.most("cancel", "5,000 pairs took", time.monotonic() - begun, "s")
    counts = server.counts()
    assert all(counts.get(number) == 1 for number in range(count))
    codes = {server.answers[number][0][1].get("error", {}).get("code") for number in range(count)}
    assert codes <= {None, -32800, -32802}, codes
    tally.most("cancel", "engine idle after the pairs", idle(server), "s")
    tally.add("cancel", "pairs", count)
    assert server.finish() == 0
