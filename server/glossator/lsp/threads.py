"""Work that may block, kept off the event loop: a daemon thread for each piece, so that none can hold up the exit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


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
