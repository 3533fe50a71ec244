"""Messages are found on a stream again, whatever stands between them."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from typing import Any

import pytest

from glossator.lsp.transport import Broken, Frames, Writer


def framed(value: Any, *, length: int | None = None, eol: bytes = b"\r\n") -> bytes:
    body = json.dumps(value).encode()
    return b"Content-Length: %d%b%b%b" % (len(body) if length is None else length, eol, eol, body)


def read(stream: bytes, piece: int = 65536) -> list[Any]:
    """The messages of a stream that arrives in pieces."""
    left = [stream[at : at + piece] for at in range(0, len(stream), piece)]
    return list(Frames(lambda count: left.pop(0) if left else b""))


FIRST, SECOND = {"id": 1, "method": "a", "params": {"text": "é\r\n\r\n😀"}}, {"id": 2, "method": "b"}


@pytest.mark.parametrize("piece", [1, 2, 7, 65536])
@pytest.mark.parametrize("eol", [b"\r\n", b"\n"])
def test_whole_messages(piece: int, eol: bytes) -> None:
    """Messages arrive whole, however the stream is cut."""
    assert read(framed(FIRST, eol=eol) + framed(SECOND, eol=eol), piece) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 9999999999\r\n\r\n{}",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Type: x\r\n\r\n{}",
        b"Content-Length: " + b"7" * 20000,
        b"\x00" * 30000,
        framed({"cut": 1}, length=3),
        framed({"cut": 1}, length=40),
        b"Content-Length: 5\r\n\r\n\xff\xfe\xfd\xfc\xfb",
        b"Content-Length: 4\r\n\r\nnope",
        b"Content-Length: 200000\r\n\r\n" + b"[" * 200000,
    ],
)
def test_step_is_found_again(garbage: bytes) -> None:
    """After something that is no message the next message is read."""
    messages = read(garbage + framed(FIRST) + framed(SECOND))
    assert messages[-2:] == [FIRST, SECOND] or messages[-1:] == [SECOND]
    assert all(isinstance(message, Broken) for message in messages[:-2])


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_length_that_is_never_reached(piece: int) -> None:
    """A body that claims to be longer than all that follows does not swallow what follows."""
    messages = read(b"Content-Length: 200000000\r\n\r\n{}" + framed(FIRST) + framed(SECOND), piece)
    assert messages[1:] == [FIRST, SECOND] and isinstance(messages[0], Broken)


def test_numbers_that_json_does_not_have() -> None:
    """What only Python reads as a number is no message; one that is too large is a number that can be written again."""
    for number in (b"NaN", b"Infinity", b"-Infinity"):
        assert isinstance(read(b"Content-Length: %d\r\n\r\n[%b]" % (len(number) + 2, number))[0], Broken)
    assert read(b"Content-Length: 7\r\n\r\n[1e999]") == [[sys.float_info.max]]


def test_headers_in_any_spelling() -> None:
    """Other headers, letter case and blanks do not matter."""
    body = json.dumps(FIRST).encode()
    head = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:%d  \r\nX-Other: 1\r\n\r\n"
    assert read(head % len(body) + body + framed(SECOND)) == [FIRST, SECOND]


def test_random_garbage_never_hangs() -> None:
    """Random bytes between messages lose at most what they touch."""
    chance = random.Random(3)
    for _ in range(300):
        noise = bytes(chance.choice(b'Content-Length: 123\r\n{}"\x00') for _ in range(chance.randint(0, 80)))
        messages = read(framed(FIRST) + noise + b"\r\n" + framed(SECOND) + framed(FIRST), chance.randint(1, 50))
        assert messages[0] == FIRST


def test_end_in_the_middle() -> None:
    """A stream that ends inside a message ends."""
    assert read(framed(FIRST)[:-3]) == []


def test_writer_keeps_order_and_never_waits() -> None:
    """A client that does not read does not hold up the one who writes; it gets everything in order when it does."""
    reading, writing = os.pipe()
    broken = threading.Event()
    writer = Writer(writing, broken.set)
    for number in range(2000):
        writer.write(b"%07d\n" % number + b"." * 1000)
    assert writer.crowded
    received = b""
    while received.count(b"\n") < 2000:
        received += os.read(reading, 65536)
    assert [int(piece.strip(b".")) for piece in received.split(b"\n")[:-1]] == list(range(2000))
    os.close(reading)
    writer.write(b"x")
    assert broken.wait(5)
