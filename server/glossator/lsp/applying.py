"""Edits handed to the client for the text as it is now. A text that they were not computed for is never touched.

Knows nothing of what the edits are for: who wants them says what they are in a given text, or that they do not fit it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from ..answer.edit import Edit
from ..code.threads import in_thread
from . import convert
from .documents import Snapshot
from .paths import path_of, text_on_disk
from .refused import Refused

if TYPE_CHECKING:
    from .server import Server

EditsIn = Callable[[Snapshot], Awaitable[Sequence[Edit] | None]]
CLOSED = "the document was closed"
TRIES = 10  # one is nearly always enough; who types fast in a busy Emacs needs a few
SLOW = 1.0  # seconds until a client has told of a change: Neovim gathers them for 0.15 s, Eglot for 0.5 s


async def applied(ls: Server, then: Snapshot, label: str, edits_in: EditsIn, *, changed: str) -> str:
    """Let the client apply what `edits_in` gives for the document as it is; "" when it did, else why it was not done.

    `then` is the document that the edits are about, as it was; `changed` is the reason where `edits_in` gives None.
    """
    for _ in range(TRIES):  # again when the user typed between our look and the client's
        now = await text_now(ls, then)
        if now is None:
            return CLOSED
        edits = await edits_in(now)
        if edits is None:
            return changed
        if not edits:  # the text is as it should be
            return ""
        workspace_edit = convert.workspace_edit(now, edits, ls.documents.encoding, versioned=ls.client.versioned)
        meanwhile = ls.current(now.uri)
        if meanwhile is None and now.version is not None:
            return CLOSED
        if meanwhile is not None and meanwhile.raw != now.raw:
            continue
        try:
            answer = await ls.workspace_apply_edit_async(
                types.ApplyWorkspaceEditParams(edit=workspace_edit, label=label)
            )
            reason = "" if answer.applied else answer.failure_reason or "the editor did not apply it"
        except Refused as error:  # Eglot says so of an edit for another version
            reason = f"the editor did not apply it: {error.message}"
        if not reason:
            return ""
        await told(ls, now)
        later = ls.current(now.uri)
        if later is None or later.version == now.version:
            return reason
    return "the code keeps changing; try again"


async def told(ls: Server, before: Snapshot) -> None:
    """Wait until the client has told of a change of `before`: until then its text is not the one that is known."""
    until = time.monotonic() + SLOW
    while time.monotonic() < until:
        now = ls.current(before.uri)
        if now is None or now.raw != before.raw:
            return
        await asyncio.sleep(0.01)


async def text_now(ls: Server, then: Snapshot) -> Snapshot | None:
    """The document as it is; of a file that was not open then, the file, as long as nothing changed it."""
    now = ls.current(then.uri)
    if now is not None or then.version is not None:
        return now
    try:
        text = await in_thread(text_on_disk, Path(path_of(then.uri)))
    except (OSError, ValueError):
        return None
    return then if text == then.raw else None
