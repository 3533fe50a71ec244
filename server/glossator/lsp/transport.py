"""Bytes on the standard streams <-> messages. Knows how messages are framed and nothing of what they say.

Reading and writing have a thread each, so that neither a slow client nor a long handler holds up the other. A stream
that cannot be framed is searched for its next header; where none comes, the stream counts as ended.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 256 * 2**20  # one message; more is no message of an editor
MOST_GARBAGE = 64 * 2**20  # searched for the next header before the stream is given up
MOST_HEADER = 8192
MOST_UNHANDLED = 64  # messages read but not yet handled
MOST_WAITING = 16 * 2**20  # bytes that the client has not read yet; above, its requests are not read either

_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*$", re.I | re.M)
_HEADER = re.compile(rb"content-length[ \t]*:", re.I)
_BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\n\n")
_INSIDE = re.compile(rb"content-length[ \t]*:[ \t]*\d{1,12}[ \t]*\r?\n", re.I)
"""A header inside a body: no JSON holds one, since a string has no line breaks and nothing else has these letters."""


def _finite(number: str) -> float:
    """The number, or the largest there is: an infinite one would be written back as what is not JSON."""
    return max(-sys.float_info.max, min(sys.float_info.max, float(number)))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something on the stream that is no message."""

    reason: str


class Frames:
    """The messages on a stream: JSON values, and a `Broken` where the stream was out of step."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read  # gives some bytes, at most so many; b"" at the end
        self._held = bytearray()
        self._garbage = 0

    def __iter__(self) -> Iterator[Any]:
        """Ends where the stream ends or is given up."""
        while self._garbage < MOST_GARBAGE:
            length = self._header()
            if length is None:
                return
            if length < 0:
                yield Broken("a header without a usable Content-Length")
                continue
            body = self._take(length)
            if body is None:
                return
            if len(body) < length:
                yield Broken("a body that is shorter than its Content-Length")
                continue
            try:
                yield _JSON.decode(body.decode("utf-8"))
                self._garbage = 0
            except (ValueError, RecursionError):
                yield Broken("a body that is not JSON in UTF-8")
                if swallowed := _HEADER.search(body):  # the length was too long: the next message is in here
                    self._held[:0] = body[swallowed.start() :]

    def _header(self) -> int | None:
        """The body's length; -1 for a header without one; None at the end. Skips what is no header."""
        while True:
            begin = _HEADER.search(self._held)
            if begin:
                self._drop(begin.start())
                blank = _BLANK.search(self._held)
                if blank:
                    return self._length(blank.start(), blank.end())
                if len(self._held) > MOST_HEADER:
                    self._drop(begin.end() - begin.start())
                    return -1
            elif len(self._held) > MOST_HEADER:
                self._drop(len(self._held) - 64)  # a header's name may be cut in two
            if self._garbage >= MOST_GARBAGE or not self._more():
                return None

    def _length(self, end: int, after: int) -> int:
        header = bytes(self._held[:end]).replace(b"\r", b"")
        match = _LENGTH.search(header)
        length = int(match[1]) if match else -1
        if not 0 < length <= MOST_BYTES:
            self._drop(_HEADER.match(header).end())  # type: ignore[union-attr]  # it was found there
            return -1
        del self._held[:after]
        return length

    def _drop(self, count: int) -> None:
        self._garbage += count
        del self._held[:count]

    def _take(self, length: int) -> bytes | None:
        """A body, which ends early where the next message begins inside of it; None at the end of the stream."""
        looked = 0
        while len(self._held) < length:
            if (inside := self._inside(looked)) is not None:
                length = inside
                break
            looked = len(self._held)
            if not self._more(length - looked):
                return None
        body = bytes(self._held[:length])
        del self._held[:length]
        return body

    def _inside(self, looked: int) -> int | None:
        """Where in what is held a header begins, the first `looked` bytes having been looked at."""
        if all(self._held.find(blank, max(0, looked - 3)) < 0 for blank in (b"\r\n\r\n", b"\n\n")):
            return None
        header = _INSIDE.search(self._held, max(0, looked - MOST_HEADER))
        return header.start() if header else None

    def _more(self, wanted: int = 0) -> bool:
        piece = self._read(max(65536, min(wanted, 2**20)))
        self._held += piece
        return bool(piece)


class Writer:
    """Hands bytes to a file descriptor from a thread of its own; `write` never waits."""

    def __init__(self, fd: int, broken: Callable[[], None]) -> None:
        self._fd = fd
        self._broken = broken  # called once, from the thread, when nobody reads any more
        self._waiting: collections.deque[bytes] = collections.deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Send `data` after everything before it."""
        with self._changed:
            if not self._closed:
                self._waiting.append(data)
                self._bytes += len(data)
                self._changed.notify_all()

    @property
    def crowded(self) -> bool:
        """Whether so much waits for the client that what it can do without should not be sent."""
        return self._bytes > MOST_WAITING // 16

    def wait_for_room(self) -> None:
        """Returns when the client has read enough of what was sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._bytes <= MOST_WAITING)

    def close(self, seconds: float = 1.0) -> None:
        """Send what waits, for at most so long."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                data = memoryview(self._waiting.popleft())
            size = len(data)
            try:
                while data:
                    data = data[os.write(self._fd, data) :]
            except OSError:
                with self._changed:
                    self._closed = True
                    self._waiting.clear()
                    self._changed.notify_all()
                self._broken()
                return
            with self._changed:
                self._bytes -= size
                self._changed.notify_all()


def take_standard_streams() -> tuple[int, int]:
    """Standard input and output for the protocol alone: what else writes to standard output lands on standard error,
    and no child inherits either."""
    sys.stdout.flush()
    streams = os.dup(0), os.dup(1)
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        for fd in streams:
            msvcrt.setmode(fd, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(nothing, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    return streams


def read_in_thread(
    fd: int,
    writer: Writer,
    loop: asyncio.AbstractEventLoop,
    receive: Callable[[Any], None],
    ended: Callable[[], None],
) -> None:
    """Hand each message to `receive` on the loop, at most `MOST_UNHANDLED` ahead of it; `ended` when no more comes."""
    room = threading.Semaphore(MOST_UNHANDLED)

    def handle(message: Any) -> None:
        try:
            receive(message)
        finally:
            room.release()

    def run() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server is ending
            for message in Frames(lambda count: _read(fd, count)):
                room.acquire()
                writer.wait_for_room()
                loop.call_soon_threadsafe(handle, message)
            loop.call_soon_threadsafe(ended)

    threading.Thread(target=run, name="reader", daemon=True).start()


def _read(fd: int, count: int) -> bytes:
    try:
        return os.read(fd, count)
    except OSError:
        return b""
