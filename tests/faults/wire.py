"""A client that is strict about what the server writes and free in what it sends: bytes, frames or messages.

Reading and writing have a thread each, so that a test that floods the server never waits for itself.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .nursery import NURSERY, Born

_LENGTH = re.compile(rb"Content-Length: (\d+)\r\n")
_TYPE = re.compile(rb"Content-Type: [^\r\n]*\r\n")
SYNC = "glossator/status"

CAPABILITIES = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
}


def framed(body: bytes) -> bytes:
    """A body with a true header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def encoded(message: Any) -> bytes:
    """A message as it goes over the wire."""
    return framed(json.dumps(message).encode())


def strict(body: bytes) -> Any:
    """A JSON value. Raises `ValueError` for what Python reads and no other reader of JSON does."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(body.decode("utf-8"), parse_constant=refuse)


class Server:
    """A server process, what it wrote, and when."""

    def __init__(
        self,
        home: Path,
        *,
        program: Sequence[str] = ("-m", "glossator", "serve"),
        command: Sequence[str] = (),
        cwd: Path | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
        quickly: bool = False,
    ) -> None:
        """`program`: for this Python, on its safe path; `command`: the whole of it instead. `quickly`: the start itself
        is not what is tested (`nursery.py`)."""
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._stderr = (home / "stderr.txt").open("ab")
        whole = {**os.environ, "GLOSSATOR_HOME": str(home), **environment}
        self.process: subprocess.Popen[bytes] | Born
        if quickly and not command and sys.platform == "linux":
            self.process = NURSERY.start(program, whole, cwd, self._stderr)
        else:
            self.process = subprocess.Popen(
                command or [sys.executable, "-P", *program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=cwd,
                env=whole,
            )
        self.noise: list[bytes] = []  # what it wrote that is no message
        self.answers: dict[Any, list[tuple[float, dict[str, Any]]]] = {}  # by id: when, and what
        self.notices: list[dict[str, Any]] = []  # its notifications
        self.questions: list[dict[str, Any]] = []  # its requests
        self.replies: dict[str, Callable[[Any], Any]] = {}  # how its requests are answered; others with null
        self.reading = threading.Event()  # cleared: this client reads nothing
        self.reading.set()
        self._changed = threading.Condition()
        self._out: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._number = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        threading.Thread(target=self._talk, daemon=True).start()

    # --- bytes ------------------------------------------------------------------------------------------------------

    def _talk(self) -> None:
        stdin = self.process.stdin
        assert stdin
        try:
            while (data := self._out.get()) is not None:
                stdin.write(data)
                stdin.flush()
            stdin.close()
        except (OSError, ValueError):
            return

    def _listen(self) -> None:
        stdout = self.process.stdout
        assert stdout
        while (line := stdout.readline()) and self.reading.wait():
            if not (length := _LENGTH.fullmatch(line)):
                self.noise.append(line)
                continue
            while (more := stdout.readline()) not in (b"\r\n", b""):
                self.noise += [] if _TYPE.fullmatch(more) else [more]
            body = stdout.read(int(length[1]))
            try:
                self._heard(strict(body))
            except ValueError:
                self.noise.append(body[:500])

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._out.put(data)

    def end_input(self) -> None:
        """Close the server's standard input, after all that was sent."""
        self._out.put(None)

    def drained(self) -> None:
        """Wait until all that it wrote is read; it must have ended."""
        self._listener.join(10)
        self._stderr.close()

    # --- messages ---------------------------------------------------------------------------------------------------

    def _heard(self, message: Any) -> None:
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self.noise.append(repr(message).encode()[:500])
            return
        reply = None
        with self._changed:
            if "method" not in message:
                self.answers.setdefault(message.get("id"), []).append((time.monotonic(), message))
            elif "id" in message:
                self.questions.append(message)
                reply = self.replies.get(message["method"], lambda params: None)
            else:
                self.notices.append(message)
            self._changed.notify_all()
        if reply is not None:
            self.send({"id": message["id"], "result": reply(message.get("params"))})

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.raw(encoded({"jsonrpc": "2.0"} | message))

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any = None) -> str:
        """Send a request; its id."""
        self._number += 1
        identity = f"client-{self._number}"
        self.send({"id": identity, "method": method, "params": params})
        return identity

    def answer(self, identity: Any, seconds: float = 20) -> dict[str, Any]:
        """The answer to a request. Raises `AssertionError` where none comes."""
        self.until(lambda: identity in self.answers, seconds, f"no answer to {identity}")
        return self.answers[identity][0][1]

    def ask(self, method: str, params: Any = None, seconds: float = 20) -> Any:
        """What is answered; an error is a failure of the test."""
        answer = self.answer(self.request(method, params), seconds)
        assert "result" in answer, answer
        return answer["result"]

    def until(self, condition: Callable[[], Any], seconds: float = 20, what: str = "waited in vain") -> Any:
        """Wait for something that the server will say; its value. One that has said its last is not waited for."""
        limit = time.monotonic() + seconds
        with self._changed:
            while True:
                last = not self._listener.is_alive() or time.monotonic() + 0.5 > limit
                found = self._changed.wait_for(condition, min(0.5, max(0.0, limit - time.monotonic())))
                if found or last:
                    break
        code = self.process.poll()
        assert found, f"{what} within {seconds} s" + ("" if code is None else f"; the server ended with {code}")
        return found

    def counts(self) -> dict[Any, int]:
        """How often each id was answered."""
        with self._changed:
            return {identity: len(answers) for identity, answers in self.answers.items()}

    # --- a life -----------------------------------------------------------------------------------------------------

    def begin(
        self,
        script: str = "",
        *,
        encoding: str = "utf-16",
        root: Path | None = None,
        configuration: Any = None,
        **more: Any,
    ) -> None:
        """Initialize, with written answers for an engine. `more` are initialization options, `root` is the opened
        folder and `configuration` what this client answers when it is asked for the section."""
        file = self.home / "answers.toml"
        file.write_text(script or "[[answer]]\nmatch = ''\ntext = 'It does.'\n", encoding="utf-8")
        options = {"backend": "scripted", "script": str(file), "jobs": True} | more
        can: dict[str, Any] = CAPABILITIES | {"general": {"positionEncodings": [encoding]}}
        if configuration is not None:
            can["workspace"] = CAPABILITIES["workspace"] | {"configuration": True}
            self.replies.setdefault("workspace/configuration", lambda params: [configuration])
        first = {"processId": None, "rootUri": None, "capabilities": can, "initializationOptions": options}
        if root is not None:
            first["workspaceFolders"] = [{"uri": root.as_uri(), "name": root.name}]
        result = self.ask("initialize", first, 60)
        assert result["capabilities"]["positionEncoding"] == encoding
        self.notify("initialized", {})

    def indexed(self) -> None:
        """Wait until the opened folder is read."""
        limit = time.monotonic() + 30
        while self.ask("glossator/status")["index"][0]["state"] != "ready":
            assert time.monotonic() < limit, "the folder is not read"
            time.sleep(0.05)

    def open(self, uri: str, text: str, version: int = 1, language: str = "python") -> None:
        """Open a document."""
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def close(self, uri: str) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def hover(self, uri: str, line: int, character: int) -> str:
        """Ask for a hover; the request's id."""
        return self.request("textDocument/hover", at(uri, line, character))

    def menu(self, uri: str, line: int, character: int) -> str:
        """Ask for the code actions of a place; the request's id."""
        place = {"line": line, "character": character}
        params = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}}
        return self.request("textDocument/codeAction", params | {"context": {"diagnostics": []}})

    def run(self, action: str, uri: str, line: int, character: int, **more: Any) -> str:
        """Start a job; its id."""
        place = {"line": line, "character": character}
        arguments = [{"action": action, "uri": uri, "position": place, **more}]
        return str(self.ask("workspace/executeCommand", {"command": "glossator.run", "arguments": arguments})["job"])

    def over(self, job: str, seconds: float = 20) -> dict[str, Any]:
        """The last word on a job."""
        ends = ("done", "refused", "failed", "stopped")

        def last() -> dict[str, Any] | None:
            told = (each["params"] for each in reversed(self.notices) if each["method"] == "glossator/job")
            return next((each for each in told if each["job"] == job and each["state"] in ends), None)

        return dict(self.until(last, seconds, f"{job} is not over"))

    def messages(self) -> list[str]:
        """What it showed to its user."""
        return [each["params"]["message"] for each in self.notices if each["method"] == "window/showMessage"]

    def memory(self) -> int:
        """Bytes that the process holds."""
        import psutil

        return int(psutil.Process(self.process.pid).memory_info().rss)

    def finish(self) -> int:
        """Shut down and exit, as a client should; the exit code."""
        self.ask("shutdown")
        self.notify("exit", None)
        return self.process.wait(10)

    def trouble(self) -> list[str]:
        """The errors in its log, and tracebacks on standard error."""
        log, said = self.home / "logs" / "server.log", self.home / "stderr.txt"
        lines: Iterable[str] = log.read_text(encoding="utf-8").splitlines() if log.exists() else ()
        found = [line for line in lines if " ERROR " in line or " CRITICAL " in line]
        errors = said.read_text(encoding="utf-8", errors="replace")
        return found + ([errors[-4000:]] if "Traceback" in errors else [])


def at(uri: str, line: int, character: int) -> dict[str, Any]:
    """The parameters that name a place in a document."""
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
