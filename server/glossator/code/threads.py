"""Work that may take a while, kept off the event loop, in daemon threads: none holds up the exit, however many hang.
A thread that is done waits for other work, since a fresh one opens the databases anew that it reads.

Threads of Python run one at a time, and each that has work makes all others wait for its turns. So what is done with
large texts is done one piece after the other: not later than side by side, and whoever asks about something small
meanwhile waits for one thread at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

LARGE = 20_000
"""Characters. What is done with a longer text takes longer than a keystroke may wait."""

_IDLE = 4  # threads that wait for work; more than that end when they are done

_T = TypeVar("_T")
_turn = threading.Lock()


class _Worker(threading.Thread):
    """Does one piece of work after the other. `idle`: those that have none, the last one done first."""

    idle: ClassVar[list[_Worker]] = []

    def __init__(self) -> None:
        super().__init__(name="work", daemon=True)
        self._todo: queue.SimpleQueue[Callable[[], Callable[[], None]]] = queue.SimpleQueue()

    @classmethod
    def do(cls, work: Callable[[], Callable[[], None]]) -> None:
        """`work()`, and then what it gives, which tells of it: in a thread that has nothing to do, or a new one."""
        try:
            worker = cls.idle.pop()
        except IndexError:
            worker = cls()
            worker.start()
        worker._todo.put(work)

    def run(self) -> None:
        while True:
            work = self._todo.get()
            tell = work()
            del work  # a thread that waits keeps no text alive
            stays = len(self.idle) < _IDLE
            if stays:
                self.idle.append(self)  # before it is told, so that who asks next finds it
            tell()
            del tell
            if not stays:
                return


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Worker.idle.clear)  # threads do not live on in a fork


async def in_thread(work: Callable[..., _T], *args: Any) -> _T:
    """`work(*args)` in another thread; raises what it raises. When cancelled the work runs on unheeded."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> Callable[[], None]:
        value: _T | None = None
        failure: BaseException | None = None
        try:
            value = work(*args)
        except StopIteration as error:  # a future refuses to carry it
            failure = RuntimeError(str(error))
        except BaseException as error:
            failure = error

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, value, failure)

        return tell

    _Worker.do(run)
    return await result


async def in_turn(characters: int, work: Callable[..., _T], *args: Any) -> _T:
    """`work(*args)` with a text of so many characters: like `in_thread`, but after other work with large texts where it
    is large itself. When cancelled before its turn it is not done at all.
    """
    if characters < LARGE:
        return await in_thread(work, *args)
    wanted = True

    def run() -> _T | None:
        with _turn:
            return work(*args) if wanted else None

    try:
        return cast("_T", await in_thread(run))  # None comes to nobody
    finally:
        wanted = False
