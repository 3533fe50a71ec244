"""An OpenAI-compatible server of our own for tests: a socket on this machine that answers as told, faults included.

It speaks HTTP/1.1 by hand, so that it can be as wrong as a real one, and runs in a thread with a loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

EVENTS = "text/event-stream"


@dataclass
class Seen:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    ended: threading.Event = field(default_factory=threading.Event)  # its answer is over, or the client left

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def event(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> str:
    """The data of one event."""
    choices = [] if delta is None and finish is None else [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    return json.dumps({"object": "chat.completion.chunk", "choices": choices, **more}, ensure_ascii=False)


def deltas(*texts: str, name: str = "content") -> list[str]:
    """An event for each text."""
    return [event({name: text}) for text in texts]


def framed(datas: Iterable[str], *, end: str = "\n", done: bool = True) -> bytes:
    """Events as bytes, each a `data:` line and an empty one."""
    rows = [f"data: {data}{end}{end}" for data in [*datas, *(["[DONE]"] if done else [])]]
    return "".join(rows).encode("utf-8", "surrogatepass")


def said(*texts: str, finish: str = "stop", **options: Any) -> Answer:
    """A whole answer in these pieces."""
    return stream([framed([*deltas(*texts), event(finish=finish)])], **options)


def stream(
    pieces: Sequence[bytes],
    *,
    kind: str = EVENTS,
    wait: float = 0.0,
    between: float = 0.0,
    hold: bool = False,
    cut: bool = False,
    again: bool = False,
    encoding: str = "",
) -> Answer:
    """Bytes, each piece a chunk. `wait`: seconds before the head; `between`: after each piece. At the end it keeps the
    connection open without a word (`hold`), drops it (`cut`) or begins anew without end (`again`)."""

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(wait)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        head += f"Content-Encoding: {encoding}\r\n" if encoding else ""
        writer.write(f"{head}\r\n".encode())
        while True:
            for piece in pieces:
                if piece:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await writer.drain()
                await asyncio.sleep(between)
            if not again:
                break
        if hold:
            await asyncio.sleep(3600)
        if not cut:
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    return answer


def status(code: int, body: object = "", **headers: str) -> Answer:
    """A status without a stream; `_` in a header's name stands for `-`."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        rows = [f"HTTP/1.1 {code} Told", f"Content-Length: {len(data)}", "Connection: close"]
        rows += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*rows, "", ""]).encode() + data)
        await writer.drain()

    return answer


async def silence(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """No answer, ever."""
    await asyncio.sleep(3600)


async def hang_up(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """The connection ends without an answer."""


def bomb(megabytes: int = 50) -> Answer:
    """Compressed although nobody asked for it, small on the wire and large when it is unpacked."""
    return stream([gzip.compress(b"data: " + b"x" * (megabytes << 20))], encoding="gzip")


def listing(*names: str, owner: str = "vllm", **more: Any) -> Answer:
    """What `/v1/models` answers."""
    rows = [{"id": name, "object": "model", "owned_by": owner, **more} for name in names]
    return status(200, {"object": "list", "data": rows}, Content_Type="application/json")


class FakeEndpoint:
    """The server. `answers` are given to chat completions in this order, the last one again and again.

    Attributes:
        models: What `/v1/models` answers.
        requests: The chat completions that came.
        others: All other requests.
    """

    def __init__(self, *answers: Answer, models: Answer | None = None) -> None:
        self.answers = list(answers) or [said("ok")]
        self.models = models or listing("tiny", owner="someone")
        self.requests: list[Seen] = []
        self.others: list[Seen] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fake endpoint", daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> FakeEndpoint:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            seen = await self._read(reader)
            if seen.path.endswith("/models"):
                self.others.append(seen)
                answer = self.models
            elif seen.path.endswith("/chat/completions"):
                self.requests.append(seen)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            else:
                self.others.append(seen)
                answer = status(404, {"error": {"message": "not found"}})
            told = asyncio.ensure_future(answer(seen, writer))
            left = asyncio.ensure_future(reader.read(1))  # a client that leaves is noticed while nothing is written
            await asyncio.wait({told, left}, return_when=asyncio.FIRST_COMPLETED)
            for task in (told, left):
                task.cancel()
            await asyncio.gather(told, left, return_exceptions=True)
            seen.ended.set()
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rows = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Seen(method, path, headers, body)


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """The address of a port at which nobody listens."""
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"
