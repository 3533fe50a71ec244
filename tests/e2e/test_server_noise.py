"""Thousands of messages that nobody should send, and edits of text that moves while a model works on it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lsprotocol import types

METHODS = [
    "textDocument/hover",
    "textDocument/codeAction",
    "codeAction/resolve",
    "workspace/executeCommand",
    "glossator/status",
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "workspace/didChangeConfiguration",
    "$/cancelRequest",
    "$/setTrace",
    "window/workDoneProgress/cancel",
    "workspace/didChangeWorkspaceFolders",
    "initialized",
    "no/such",
]
ATOMS: list[Any] = [None, True, -1, 0, 3, 2**40, 1.5, "", "file:///a.py", "\ud800", "glossator.run", "explain", [], {}]
NAMES = [
    "textDocument",
    "uri",
    "position",
    "range",
    "start",
    "end",
    "line",
    "character",
    "context",
    "diagnostics",
    "id",
]
NAMES += [
    "command",
    "arguments",
    "contentChanges",
    "text",
    "version",
    "languageId",
    "settings",
    "token",
    "title",
    "event",
]


def junk(chance: random.Random, depth: int = 3) -> Any:
    """A value that has the names of real parameters but not their shape."""
    kind = chance.random()
    if depth == 0 or kind < 0.3:
        return chance.choice(ATOMS)
    if kind < 0.4:
        return [junk(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    return {name: junk(chance, depth - 1) for name in chance.sample(NAMES, chance.randint(0, 5))}


def real(chance: random.Random) -> Any:
    """Parameters of the right shape."""
    place = {"line": chance.randint(0, 5), "character": chance.randint(0, 9)}
    document = {
        "uri": "file:///a.py",
        "version": chance.randint(0, 9),
        "languageId": "python",
        "text": "def f(): pass\n",
    }
    change = {"range": {"start": place, "end": place}, "text": chance.choice(["x", "\n", "def g():\n  pass\n", "\f"])}
    return {
        "textDocument": document,
        "position": place,
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
        "contentChanges": [change],
        "command": chance.choice(["glossator.run", "glossator.stop", "glossator.status", "glossator.nothing"]),
        "arguments": [{"action": "explain", "uri": "file:///a.py", "position": place}],
    }


def test_noise_is_answered(tmp_path: Path) -> None:
    """Every request among thousands of malformed messages gets exactly one answer, and the server lives."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    script = tmp_path / "answers.toml"
    script.write_text("[[answer]]\nmatch = ''\ntext = 'It does.'\n", encoding="utf-8")
    environment = {**os.environ, "GLOSSATOR_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "glossator", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin and stdout
    answered: dict[Any, int] = {}

    def send(message: Any) -> None:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def listen() -> None:
        while header := stdout.readline():
            length = int(header.split(b":")[1])
            while stdout.readline() not in (b"\r\n", b""):
                pass
            message = json.loads(stdout.read(length))
            if "method" not in message:
                answered[message["id"]] = answered.get(message["id"], 0) + 1

    threading.Thread(target=listen, daemon=True).start()
    options = {"backend": "scripted", "script": str(script), "hover": {"waitMs": 50}}
    first = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
    send({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": first})
    expected: set[Any] = {"first"}
    for number in range(4000):
        method = chance.choice(METHODS)
        params = real(chance) if chance.random() < 0.4 else junk(chance)
        if chance.random() < 0.03:
            body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode()
            send(body[: chance.randint(1, len(body))])
        elif "/did" in method or method.startswith("$") or chance.random() < 0.2:
            send({"jsonrpc": "2.0", "method": method, "params": params})
        else:
            send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            expected.add(number)
        if number % 200 == 0:
            stdin.flush()
    send({"jsonrpc": "2.0", "id": "last", "method": "glossator/status", "params": {}})
    expected.add("last")
    stdin.flush()
    end = time.monotonic() + 30
    while time.monotonic() < end and not expected <= set(answered):
        time.sleep(0.05)
    assert process.poll() is None
    assert {each: answered.get(each, 0) for each in expected if answered.get(each) != 1} == {}
    process.kill()
    process.wait()


HEAD = "import sys\n\n\ndef first(a):\n    return a\n\n\n"
TARGET = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"
BETTER = "def total(values):\n    return sum(values)\n"


async def test_text_is_never_spoilt(open_editor: Any) -> None:
    """Whatever is typed, undone, closed and opened while the model works, the text is the typed one, or that with the
    whole answer in the place of the unchanged function."""
    script = f"[[answer]]\nmatch = ''\ntext = '''```python\n{BETTER}```'''\ndelay_ms_per_token = 15\n"
    editor = await open_editor(script, options={"cache": {"enabled": False}})
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    applied = 0
    for number in range(40):
        buffer = editor.open(f"a{number}.py", HEAD + TARGET + "\n\nprint(total([1]))\n")
        job = await editor.run("refactor", buffer, "total")
        for _ in range(chance.randint(0, 6)):
            await asyncio.sleep(chance.random() * 0.05)
            inside = chance.random() < 0.15
            at = chance.randint(0, len(buffer.text)) if inside else chance.choice([0, len(buffer.text)])
            text = chance.choice(["x", "\n", "😀", "# note\n", "def total(values):\n    pass\n", "\f"])
            editor.type(buffer, at, text)
            if chance.random() < 0.4:
                editor.type(buffer, at, "", at + len(text))  # undone
        typed = buffer.text
        closed = chance.random() < 0.1
        if closed:
            editor.close(buffer)
        await editor.over(job)
        if BETTER in buffer.text and BETTER not in typed:
            applied += 1
            assert not closed
            assert buffer.text.replace(BETTER, TARGET, 1) == typed
        else:
            assert buffer.text == typed or BETTER in typed
        if not closed:
            editor.close(buffer)
    print(f"{applied} of 40 edits were applied")
    assert applied >= 5


async def test_cancel_at_any_moment(open_editor: Any) -> None:
    """Jobs that are stopped at random moments all end, quickly, and leave the engine idle."""
    script = (
        "[[answer]]\nmatch = ''\ntext = '<think>one two three</think>four five six seven'\ndelay_ms_per_token = 10\n"
    )
    editor = await open_editor(script, options={"cache": {"enabled": False}})
    buffer = editor.open("a.py", TARGET)
    times = []
    for _ in range(60):
        job = await editor.run("explain", buffer, "total")
        await asyncio.sleep(random.random() * 0.15)
        begun = time.perf_counter()
        await editor.command("glossator.stop", {"job": job})
        assert (await editor.over(job))["state"] in ("stopped", "done")
        times.append(time.perf_counter() - begun)
    assert sorted(times)[-4] < 0.1
    assert (await editor.status())["engine"]["state"] == "idle"


async def test_configuration_over_the_wire(open_editor: Any) -> None:
    """The client's answer to `workspace/configuration` is used, but chooses no engine and no file."""
    editor = await open_editor(
        configuration={"glossator": {"hover": {"enabled": False}, "backend": "remote", "remote.baseUrl": "http://x"}},
        workspace__configuration=True,
    )
    buffer = editor.open("a.py", TARGET)

    async def explained(wanted: bool) -> bool:
        """Whether hovers become so within some seconds: the client is asked first."""
        for _ in range(50):
            if ("Adds" in await editor.hover(buffer, "total")) == wanted:
                return True
            await asyncio.sleep(0.1)
        return False

    assert await explained(False)
    assert (await editor.status())["backend"] == "scripted"
    editor.client.set_configuration({"hover": {"enabled": True}}, section="glossator")
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    assert await explained(True)


async def test_log_holds_no_source(open_editor: Any) -> None:
    """Whatever happens, the code that is worked on is not in the log."""
    editor = await open_editor("[[answer]]\nmatch = ''\ntext = 'canary_answer'\nerror = 'broken'\n")
    buffer = editor.open("a.py", "def canary_code():\n    return 'canary_secret'\n")
    await editor.hover(buffer, "canary_code")
    await editor.over(await editor.run("explain", buffer, "canary_code"))
    wrong = {"textDocument": {"uri": "canary_uri"}, "contentChanges": 5}
    editor.client.protocol._send_data({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": wrong})
    await editor.status()
    log = editor.home / "home" / "logs" / "server.log"
    assert "canary" not in log.read_text(encoding="utf-8")
