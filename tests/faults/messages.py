"""Messages that no client should send: real ones, torn at one or several places. Knows no server."""

from __future__ import annotations

import json
import marshal
import random
from typing import Any

from .wire import strict

URI = "file:///code/a.py"
PLACE = {"line": 0, "character": 5}
RANGE = {"start": PLACE, "end": {"line": 1, "character": 2}}
DOCUMENT = {"uri": URI, "languageId": "python", "version": 1, "text": "def f(a):\n    return a\n"}
DIAGNOSTIC = {"range": RANGE, "message": "wrong", "severity": 1, "data": [1]}

REQUESTS: dict[str, Any] = {
    "textDocument/hover": {"textDocument": {"uri": URI}, "position": PLACE},
    "textDocument/codeAction": {
        "textDocument": {"uri": URI},
        "range": RANGE,
        "context": {"diagnostics": [DIAGNOSTIC], "only": ["refactor"]},
    },
    "codeAction/resolve": {"title": "x", "kind": "refactor", "edit": {"changes": {URI: []}}, "data": {"a": [1, 2]}},
    "workspace/executeCommand": {
        "command": "glossator.run",
        "arguments": [{"action": "explain", "uri": URI, "position": PLACE, "diagnostics": [DIAGNOSTIC]}],
    },
    "glossator/status": {},
    "textDocument/completion": {"textDocument": {"uri": URI}, "position": PLACE},
    "textDocument/rename": {"textDocument": {"uri": URI}, "position": PLACE, "newName": "b"},
}
COMMANDS = ["run", "stop", "next", "previous", "forget", "showReasoning", "status", "explain", "ask", "nothing"]
NOTIFICATIONS: dict[str, Any] = {
    "textDocument/didOpen": {"textDocument": DOCUMENT},
    "textDocument/didChange": {
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"range": RANGE, "text": "x\n"}, {"text": "def f(a):\n    return a\n"}],
    },
    "textDocument/didClose": {"textDocument": {"uri": URI}},
    "textDocument/didSave": {"textDocument": {"uri": URI}},
    "workspace/didChangeConfiguration": {"settings": {"glossator": {"hover": {"waitMs": 50}, "index.enabled": False}}},
    "workspace/didChangeWorkspaceFolders": {"event": {"added": [{"uri": "file:///b", "name": "b"}], "removed": []}},
    "workspace/didChangeWatchedFiles": {"changes": [{"uri": URI, "type": 2}]},
    "window/workDoneProgress/cancel": {"token": "glossator-1"},
    "notebookDocument/didOpen": {
        "notebookDocument": {"uri": URI, "notebookType": "x", "version": 1, "cells": []},
        "cellTextDocuments": [],
    },
    "$/cancelRequest": {"id": 1},
    "$/setTrace": {"value": "off"},
    "$/progress": {"token": 1, "value": {}},
    "initialized": {},
}


def nested(depth: int, kind: type = list) -> Any:
    """A value of so many levels."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


ATOMS: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31 - 1, 2**31, 2**53, -(2**63), 2**70, 0.5, 1e300),
    *("", "\x00", "a" * 20_000, "\ud800", "é\u2028\x85", "glossator.run", "utf-16", "../../etc/passwd", "-32602"),
    *("file:///code/b.py", "file:///a%00b.py", "file://[::1", "file:", "untitled:Untitled-1", "http://x/y?z#", "%zz"),
    *("file:///" + "d/" * 3000, "file:////server/share", "file:///C:/x.py", "\\\\?\\pipe\\x"),
    *([], {}, [[]], [None], {"": None}, nested(100), nested(200), nested(150, dict)),
]
IDENTITIES: list[Any] = [
    *(None, True, 1.5, [], {}),
    *("", "\ud800", "x" * 3000, 0, -1, 2**31, 2**63, -(2**70), "glossator-1"),
]
"""The first five are no ids."""


def copied(value: Any) -> Any:
    """A copy of a value that may be nested deeper than Python's own copies go."""
    return marshal.loads(marshal.dumps(value))  # noqa: S302 - our own bytes


def torn(chance: random.Random, message: Any) -> Any:
    """A copy with one thing changed, anywhere in it."""
    message = copied(message)
    places: list[tuple[Any, Any]] = []
    waiting = [message]
    while waiting:
        value = waiting.pop()
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                waiting.append(value[key])
    if not places:
        return chance.choice(ATOMS)
    parent, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[chance.choice(["", "uri", "line", "\ud800", "a" * 1000, "__class__"])] = parent.pop(key)
        case 2:
            parent[key] = [parent[key]] * chance.choice([1, 2, 50])
        case 3:
            other, its = chance.choice(places)
            parent[key] = copied(other[its])
        case 4:
            parent[key] = {"a": parent[key]}
        case _:
            parent[key] = copied(chance.choice(ATOMS))
    return message


def some(chance: random.Random, number: int) -> bytes:
    """The body of a message: whole, torn in its parameters or its envelope, or with bytes changed."""
    if chance.random() < 0.6:
        method, params = chance.choice(list(REQUESTS.items()))
        if method == "workspace/executeCommand":
            params = params | {"command": "glossator." + chance.choice(COMMANDS)}
        message = {"jsonrpc": "2.0", "id": chance.choice([number, f"n{number}"]), "method": method, "params": params}
    else:
        method, params = chance.choice(list(NOTIFICATIONS.items()))
        message = {"jsonrpc": "2.0", "method": method, "params": params}
    for _ in range(chance.choice([0, 1, 1, 1, 2, 5])):
        message["params"] = torn(chance, message["params"]) if isinstance(message["params"], dict | list) else None
    match chance.randrange(20):
        case 0:
            message = torn(chance, message)
        case 1:
            message["id"] = chance.choice(IDENTITIES)
        case 2:
            message |= chance.choice([{"result": 1}, {"error": {}}, {"jsonrpc": "1.0"}, {"params": 5}, {"method": 5}])
        case 3:
            message = chance.choice([[message], [message, message], [], "x", 1, None, {}])
    try:
        body = json.dumps(message, ensure_ascii=chance.random() < 0.8).encode("utf-8", "surrogatepass")
    except RecursionError:  # torn several times: deeper than anything here can write
        body = b"[" * 900 + b"]" * 900
    if chance.random() < 0.08:
        body = bitten(chance, body)
    if chance.random() < 0.02:
        body = body.replace(b"1", chance.choice([b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01"]), 1)
    return body


def bitten(chance: random.Random, body: bytes) -> bytes:
    """Some bytes flipped, put in, taken out, or the end missing."""
    found = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(found) or 1)
        match chance.randrange(4):
            case 0 if found:
                found[place % len(found)] ^= 1 << chance.randrange(8)
            case 1:
                found[place:place] = chance.choice(
                    [b'"', b"{", b"]", b"\x00", b"\xff", b"\\", b"\n", b"Content-Length: 3"]
                )
            case 2:
                del found[place : place + chance.randint(1, 5)]
            case _:
                del found[chance.randrange(len(found) + 1) :]
    return bytes(found) or b" "


def readable(body: bytes) -> tuple[Any] | None:
    """The id under which a body must be answered (in a tuple), or None where nothing need be.

    A response is not answered, and neither is what asks the server to end.
    """
    try:
        message = strict(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    identity = message.get("id")
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        return None
    if "method" not in message and ("result" in message or "error" in message):
        return None
    return (identity,)
