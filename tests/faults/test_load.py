"""Many requests at once, and a client that does not read: memory stays bounded, and all is answered in the end."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from .tally import Tally
from .wire import SYNC, Server, at, encoded

URI, CODE = "file:///code/a.py", "def f(a):\n    return a\n"
MOST = 50 * 2**20  # bytes that the server may grow by
ALLOWED = {None, -32802, -32800}


def flood(chance: random.Random, count: int, *, plain: bool) -> bytes:
    """Requests with the ids 0 … count-1: about the state alone, or of several kinds."""
    kinds = [(SYNC, {})] * 17
    menu = {
        "textDocument": {"uri": URI},
        "range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}},
    }
    kinds += (
        []
        if plain
        else [
            ("textDocument/hover", at(URI, 0, 4)),
            ("textDocument/codeAction", menu | {"context": {"diagnostics": []}}),
            ("workspace/executeCommand", {"command": "glossator.nothing"}),
        ]
    )
    found = []
    for number in range(count):
        method, params = chance.choice(kinds)
        found.append(encoded({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
    return b"".join(found)


class Memory:
    """The most that a server held while this looked."""

    def __init__(self, server: Server) -> None:
        self._server, self._over = server, threading.Event()
        self.before = self.most = server.memory()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._over.wait(0.05) and self._server.process.poll() is None:
            self.most = max(self.most, self._server.memory())

    def grown(self) -> int:
        """Bytes, at most."""
        self._over.set()
        return self.most - self.before


def ready(serve: Any) -> Server:
    """A server that has done all once."""
    server: Server = serve()
    server.begin(hover={"waitMs": 200})
    server.open(URI, CODE)
    server.answer(server.hover(URI, 0, 4))
    server.answer(server.menu(URI, 0, 4))
    return server


@pytest.mark.faults
@pytest.mark.parametrize("plain", [True, False])
def test_twenty_thousand_at_once(serve: Any, chance: random.Random, tally: Tally, plain: bool) -> None:
    """Each request of a flood is answered once, with a result or with the word that there are too many."""
    server, count = ready(serve), 20_000
    memory = Memory(server)
    begun = time.monotonic()
    server.raw(flood(chance, count, plain=plain))
    server.until(lambda: all(number in server.answers for number in range(count)), 120)
    took = time.monotonic() - begun
    counts = server.counts()
    assert all(counts.get(number) == 1 for number in range(count))
    codes = {server.answers[number][0][1].get("error", {}).get("code") for number in range(count)}
    assert codes <= ALLOWED | {-32602}, codes
    assert memory.grown() < MOST
    begun = time.monotonic()
    server.ask(SYNC)
    tally.most("load", "the next answer after", time.monotonic() - begun, "s")
    tally.most("load", f"20,000 {'states' if plain else 'requests of all kinds'} answered in", took, "s")
    tally.most("load", "memory grown by", memory.grown() / 2**20, "MB")
    tally.add("load", "requests", count)
    assert server.finish() == 0


@pytest.mark.faults
def test_client_that_does_not_read(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """While its client reads nothing a server neither grows nor ends; when it reads again it gets all answers."""
    server, count = ready(serve), 20_000
    memory = Memory(server)
    server.reading.clear()
    server.raw(flood(chance, count, plain=True))
    time.sleep(times(4, 30))
    assert server.process.poll() is None
    assert memory.grown() < MOST
    server.reading.set()
    server.until(lambda: all(number in server.answers for number in range(count)), 120)
    counts = server.counts()
    assert all(counts.get(number) == 1 for number in range(count))
    tally.most("load", "not read for", times(4, 30), "s")
    tally.most("load", "memory grown by", memory.grown() / 2**20, "MB")
    assert server.ask(SYNC)["version"]
    assert server.finish() == 0


@pytest.mark.faults
def test_many_documents_and_jobs(serve: Any, tally: Tally, times: Any) -> None:
    """Jobs that are started faster than they end are refused, wait or run, and all come to an end."""
    server = serve()
    server.begin("[[answer]]\nmatch = ''\ntext = 'It adds.'\ndelay_ms_per_token = 5\n", cache={"enabled": False})
    count = times(300, 2000)
    asked = []
    for number in range(count):
        uri = f"file:///code/{number}.py"
        server.open(uri, f"def f{number}(a):\n    return a\n")
        place = {"line": 0, "character": 5}
        arguments = [{"action": "explain", "uri": uri, "position": place}]
        asked.append(server.request("workspace/executeCommand", {"command": "glossator.run", "arguments": arguments}))
    for identity in asked:
        answer = server.answer(identity, 60)
        if "result" in answer:
            assert server.over(answer["result"]["job"], 60)["state"] == "done"
        else:
            assert answer["error"]["code"] in ALLOWED, answer
    tally.add("load", "jobs at once", count)
    assert server.finish() == 0
