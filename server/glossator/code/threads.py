"""Work that may take a while, kept off the event loop: a daemon thread for each piece, so that none holds up the exit.

Threads of Python run one at a time, and each that has work makes all others wait for its turns. So what is done with
large texts is done one piece after the other: not later than side by side, and whoever asks about something small
meanwhile waits for one thread at most.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

LARGE = 20_000
"""Characters. What is done with a longer text takes longer than a keystroke may wait."""

_T = TypeVar("_T")
_turn = threading.Lock()


async def in_thread(work: Callable[..., _T], *args: Any) -> _T:
    """`work(*args)` in a thread of its own; raises what it raises. When cancelled the work runs on unheeded."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: _T | None = None
        failure: BaseException | None = None
        try:
            value = work(*args)
        except StopIteration as error:  # a future refuses to carry it
            failure = RuntimeError(str(error))
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(settle, value, failure)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    threading.Thread(target=run, name=f"work {getattr(work, '__name__', '')}", daemon=True).start()
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
