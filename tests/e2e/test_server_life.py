"""The server's life and manners on the wire, with frames written by hand: what goes wrong is answered, and it ends."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

INITIALIZE = {"processId": None, "rootUri": None, "capabilities": {}}


class Wire:
    """A server process and its two streams."""

    def __init__(self, home: Path, parent: list[str] | None = None) -> None:
        environment = {**os.environ, "GLOSSATOR_HOME": str(home)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "glossator", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        self.messages: queue.Queue[Any] = queue.Queue()
        self.noise = b""  # bytes on stdout that belong to no message
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stdout = self.process.stdout
        assert stdout
        while header := stdout.readline():
            if not header.startswith(b"Content-Length: "):
                self.noise += header
                continue
            length = int(header.split(b":")[1])
            while (line := stdout.readline()) not in (b"\r\n", b""):
                self.noise += b"" if line.startswith(b"Content-Type") else line
            self.messages.put(json.loads(stdout.read(length)))

    def raw(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def request(self, identity: Any, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def answer(self, identity: Any, seconds: float = 5) -> dict[str, Any]:
        """The response with this id; what comes before it is put away."""
        end = time.monotonic() + seconds
        while True:
            message = self.messages.get(timeout=max(0.01, end - time.monotonic()))
            if message.get("id") == identity and "method" not in message:
                return dict(message)

    def begin(self, **more: Any) -> None:
        self.request("init", "initialize", INITIALIZE | more)
        assert "result" in self.answer("init", 20)
        self.notify("initialized", {})

    def ended(self, seconds: float = 5) -> int:
        return self.process.wait(seconds)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Callable[[], Wire]]:
    wires: list[Wire] = []

    def make() -> Wire:
        wires.append(Wire(tmp_path / "home"))
        return wires[-1]

    yield make
    for each in wires:
        with contextlib.suppress(ProcessLookupError):
            each.process.kill()
        each.process.wait()
        assert each.noise == b"", "only messages on standard output"


def test_before_initialize(wire: Any) -> None:
    """Requests before `initialize` are refused as such, notifications are dropped."""
    server = wire()
    server.request(1, "textDocument/hover", {})
    assert server.answer(1, 20)["error"]["code"] == -32002
    server.notify("textDocument/didOpen", {"nonsense": True})
    server.begin()


def test_second_initialize(wire: Any) -> None:
    """A second `initialize` is refused and costs no document."""
    server = wire()
    server.begin()
    item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "def f():\n    pass\n"}
    server.notify("textDocument/didOpen", {"textDocument": item})
    server.request(2, "initialize", INITIALIZE)
    assert server.answer(2)["error"]["code"] == -32600
    server.request(
        3,
        "textDocument/codeAction",
        {
            "textDocument": {"uri": "file:///a.py"},
            "range": {"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 5}},
            "context": {"diagnostics": []},
        },
    )
    assert server.answer(3)["result"]


def test_shutdown_and_exit(wire: Any) -> None:
    """`shutdown` then `exit` ends with 0; between them requests are refused."""
    server = wire()
    server.begin()
    server.request(1, "shutdown")
    assert server.answer(1)["result"] is None
    server.request(2, "glossator/status", {})
    assert server.answer(2)["error"]["code"] == -32600
    server.notify("exit")
    assert server.ended() == 0


@pytest.mark.parametrize("way", ["exit", "end of input", "SIGTERM", "SIGINT"])
def test_other_ends(wire: Any, way: str) -> None:
    """Without `shutdown` the exit code is 1, however the end comes."""
    server = wire()
    server.begin()
    if way == "exit":
        server.notify("exit")
    elif way == "end of input":
        server.process.stdin.close()
    else:
        server.process.send_signal(getattr(signal, way))
    assert server.ended() == 1


def test_client_process_dies(wire: Any) -> None:
    """The server ends when the process that `processId` names ends, though its streams stay open."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    server = wire()
    server.begin(processId=other.pid)
    assert server.process.poll() is None
    other.kill()
    other.wait()
    assert server.ended(6) == 1


def test_client_stops_reading_for_good(wire: Any) -> None:
    """The server ends when nobody can read what it says."""
    server = wire()
    server.begin()
    os.kill(server.process.pid, signal.SIGSTOP)
    os.kill(server.process.pid, signal.SIGCONT)
    server.process.stdin.close()
    assert server.ended() == 1


def test_ends_while_a_model_works(wire: Any, tmp_path: Path) -> None:
    """A job that runs does not hold up the end, and no process stays."""
    (tmp_path / "script.toml").write_text("[[answer]]\nmatch = ''\ntext = 'x'\nhold = true\n", encoding="utf-8")
    server = wire()
    server.begin(initializationOptions={"backend": "scripted", "script": str(tmp_path / "script.toml")})
    item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "def f():\n    pass\n"}
    server.notify("textDocument/didOpen", {"textDocument": item})
    place = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 4}}
    server.request(1, "textDocument/hover", place)
    time.sleep(0.5)
    children = psutil.Process(server.process.pid).children(recursive=True)
    server.process.stdin.close()
    assert server.ended() == 1
    assert not any(child.is_running() for child in children)


BAD_PARAMS = [
    ("textDocument/hover", {}),
    ("textDocument/hover", {"textDocument": {"uri": "file:///a.py"}, "position": {"line": -1, "character": 0}}),
    ("textDocument/hover", {"textDocument": {"uri": "file:///a.py"}, "position": None}),
    ("textDocument/hover", [1, 2]),
    ("textDocument/hover", "text"),
    ("textDocument/hover", None),
    ("textDocument/codeAction", {"textDocument": {"uri": "file:///a.py"}}),
    ("workspace/executeCommand", {}),
    ("workspace/executeCommand", {"command": "glossator.nothing"}),
    ("workspace/executeCommand", {"command": "glossator.run", "arguments": [1]}),
    ("codeAction/resolve", [1]),
    ("codeAction/resolve", {"kind": "x"}),
]


def test_bad_params_are_answered(wire: Any) -> None:
    """A request whose parameters do not fit gets -32602 under its own id, and the server goes on."""
    server = wire()
    server.begin()
    for number, (method, params) in enumerate(BAD_PARAMS):
        server.request(number, method, params)
        assert server.answer(number)["error"]["code"] == -32602, (method, params)
    server.request("last", "glossator/status")
    assert server.answer("last")["result"]["version"]


def test_broken_messages(wire: Any) -> None:
    """What is no message is answered where it can be, skipped where not, and the next request is served."""
    server = wire()
    server.begin()
    server.send([1])
    server.send("text")
    server.send({"jsonrpc": "2.0"})
    server.send({"jsonrpc": "1.0", "id": 70, "method": "shutdown"})
    assert server.answer(70)["error"]["code"] == -32600
    server.send({"jsonrpc": "2.0", "id": 71, "method": 5})
    assert server.answer(71)["error"]["code"] == -32600
    server.send({"jsonrpc": "2.0", "id": {"a": 1}, "method": "shutdown"})
    server.send({"jsonrpc": "2.0", "id": "unknown", "result": 1})
    server.send({"jsonrpc": "2.0", "id": 72, "result": 1, "error": {"code": 1, "message": "x"}})
    server.request(73, "no/such/method", {})
    assert server.answer(73)["error"]["code"] == -32601
    server.notify("$/no/such/notification", {})
    server.notify("$/cancelRequest", {"id": 12345})
    server.notify("$/cancelRequest", {})
    server.raw(b"Content-Length: 99999999999\r\n\r\n{}")
    server.raw(b"Content-Length: nine\r\n\r\n{}")
    server.raw(b"Content-Length: 3\r\n\r\n{{{")
    server.raw(b"Content-Length: 60000\r\n\r\n" + b"[" * 60000)
    server.request(74, "glossator/status", {})
    assert server.answer(74)["result"]["version"]
