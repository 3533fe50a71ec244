"""One connection to an engine process: requests out, chunks in. Of one event loop; starts and restarts nothing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from . import Chunk, EngineError, EngineStatus, Finished, ModelInfo, Queued, Request, address, wire


class Lost(Exception):
    """The connection ended. `why` is for people; empty: the engine left by its own will."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Call:
    """Something asked and not answered yet."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self.running = False  # the model works on it, as far as is known here
        self.answers: asyncio.Queue[Chunk | list[int] | EngineError | Lost] = asyncio.Queue()


class Link:
    """A connection that was greeted; made by `reach`.

    Attributes:
        pid: The engine process.
        info: The model's own word about itself, once it is loaded.
        status: What the engine last said of itself.
        lost: Set when the connection has ended.
        blamed: Digests of the requests that were worked on when the connection was lost.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pid: int,
        silence: float,
        on_lost: Callable[[Link], EngineError],
    ) -> None:
        self.pid = pid
        self.info: ModelInfo | None = None
        self.status = EngineStatus("starting", pid)
        self.lost: Lost | None = None
        self.hung = False
        self.blamed: list[str] = []
        self._reader = reader
        self._writer = writer
        self._silence = silence
        self._on_lost = on_lost
        self._ids = itertools.count(1)
        self._calls: dict[int, _Call] = {}
        self._failed: EngineError | None = None
        self._heard = self._loop_time()
        self._listening = asyncio.create_task(self._listen())
        self._watching = asyncio.create_task(self._watch())

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()

    # --- asking -------------------------------------------------------------------------------------------------------

    async def ask(self, request: Request, digest: str) -> AsyncGenerator[Chunk, None]:
        """The answer's chunks. Raises what the engine says, or `Lost`; closing the generator cancels."""
        id, call = self._call(digest, {"ask": wire.request_to(request)})
        try:
            while True:
                answer = await call.answers.get()
                if isinstance(answer, Exception):
                    raise answer
                if isinstance(answer, list):
                    raise EngineError("the engine answered another question")
                yield answer
                if isinstance(answer, Finished):
                    return
        finally:
            if self._calls.pop(id, None) and not self.lost:
                self._send({"id": id, "cancel": True})

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text. Raises as `ask` does."""
        id, call = self._call("", {"count": list(texts)})
        try:
            answer = await call.answers.get()
            if isinstance(answer, Exception):
                raise answer
            if not isinstance(answer, list) or len(answer) != len(texts):
                raise EngineError("the engine answered another question")
            return answer
        finally:
            self._calls.pop(id, None)

    def _call(self, digest: str, tree: wire.Tree) -> tuple[int, _Call]:
        if self._failed or self.lost:
            raise self._failed or self.lost or Lost("")
        id, call = next(self._ids), _Call(digest)
        line = wire.encode({"id": id, **tree})
        if not self._calls:
            self._heard = self._loop_time()  # silence is only counted while something is awaited
        self._calls[id] = call
        self._writer.write(line)
        return id, call

    def _send(self, tree: wire.Tree) -> None:
        if not self._writer.is_closing():
            self._writer.write(wire.encode(tree))

    # --- hearing ------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        why, bye = "the engine process ended unexpectedly", False
        try:
            while line := await self._reader.readline():
                self._heard = self._loop_time()
                bye |= self._hear(wire.decode(line))
        except wire.WireError as error:
            why = f"the engine process said something that is not of the protocol ({error})"
        except (OSError, ValueError):
            pass
        if not bye and self._calls:
            await asyncio.sleep(0.05)  # whoever waits for the process learns how it ended
        self._end(Lost("" if bye else why))

    def _hear(self, tree: wire.Tree) -> bool:
        """Take in one line; True: the engine says that it leaves."""
        if "id" in tree:
            call = self._calls.get(wire.take(tree, "id", int))
            if call is None:
                return False  # cancelled meanwhile
            if "chunk" in tree:
                chunk = wire.chunk_from(tree["chunk"])
                call.running = not isinstance(chunk, Queued)
                call.answers.put_nowait(chunk)
            elif "counts" in tree:
                counts = wire.take(tree, "counts", list)
                if not all(isinstance(count, int) for count in counts):
                    raise wire.WireError("counts")
                call.answers.put_nowait(counts)
            else:
                call.answers.put_nowait(wire.error_from(tree.get("error")))
        elif "beat" in tree:
            self.status = wire.status_from(tree["beat"])
        elif "model" in tree:
            self.info = wire.model_from(tree["model"])
        elif "failed" in tree:
            self._failed = wire.error_from(tree["failed"])
            return True
        elif "error" in tree:
            raise wire.WireError("it did not understand this program")
        return "bye" in tree

    async def _watch(self) -> None:
        """Give the engine up when it says nothing for too long while it is awaited."""
        while not self.lost:
            await asyncio.sleep(min(5.0, self._silence / 4))
            if self._calls and self._loop_time() - self._heard > self._silence:
                self.hung = True
                self._end(Lost(f"the engine process did not answer for {self._silence:.0f} s and was ended"))

    def _end(self, lost: Lost) -> None:
        if self.lost:
            return
        self.lost = lost
        self._watching.cancel()
        self._listening.cancel()
        self._writer.transport.abort()
        self.blamed = [call.digest for call in self._calls.values() if call.running and call.digest]
        told: EngineError | Lost = self._failed or lost
        if lost.why and not self._failed:
            told = self._on_lost(self)
        for call in self._calls.values():
            call.answers.put_nowait(told)
        self._calls.clear()

    async def close(self) -> None:
        """Let go; the engine cancels what was asked."""
        if not self.lost:
            self.lost = Lost("")
            self._watching.cancel()
            self._listening.cancel()
            for call in self._calls.values():
                call.answers.put_nowait(EngineError("the engine was closed while it answered"))
            self._calls.clear()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()


async def reach(path: Path, idle: float, silence: float, on_lost: Callable[[Link], EngineError]) -> Link:
    """Connect to the engine at `path` and greet it.

    Raises `OSError` where nobody listens or the engine leaves, `TimeoutError` (an `OSError`) with the listener's pid as
    its argument (or None) where somebody listens and does not answer for `silence` seconds.
    """
    pid: int | None = None
    try:
        async with asyncio.timeout(silence):
            reader, writer, token = await address.connect(path)
            pid = address.listener_pid(writer)
            try:
                writer.write(wire.encode({"hello": wire.PROTOCOL, "token": token, "idle": float(idle)}))
                hello = wire.decode(await reader.readline() or b"{}")
                if hello.get("hello") != wire.PROTOCOL:
                    raise ConnectionResetError("no greeting")
            except BaseException:
                writer.transport.abort()
                raise
    except TimeoutError:
        raise TimeoutError(pid) from None
    except (wire.WireError, ValueError) as error:
        raise ConnectionResetError(str(error)) from error
    return Link(reader, writer, wire.take(hello, "pid", int), silence, on_lost)
