"""What became of a job, handed to the user: an edit, a document, a file to confirm, or a message.

An edit is checked against the text as it is now; a text that it was not computed for is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from ..action.outcome import Explanation, NewFile, Proposal
from ..answer.edit import Edit
from ..answer.quoted import quoted
from ..code.threads import in_thread
from . import convert
from .anchor import anchored
from .applying import applied, told
from .candidates import placed
from .described import noted
from .documents import Snapshot
from .pages import fenced, page, write_page
from .paths import inside, path_of, uri_of
from .refused import Refused

if TYPE_CHECKING:
    from .jobs import Job
    from .server import Server

LONGEST_MESSAGE = 4000  # characters of an answer in a message, for clients that show no documents


async def deliver(ls: Server, job: Job) -> None:
    """Give the user what came out. A stopped job gives nothing."""
    if job.state == "failed":
        ls.say(f"Glossator: {job.title}: {job.reasons[0]}", types.MessageType.Error)
    elif job.state == "refused":
        ls.say(f"Glossator: {job.title} was refused: {'; '.join(job.reasons)}", types.MessageType.Warning)
    elif isinstance(job.outcome, Proposal):
        await _edit(ls, job, job.outcome)
    elif isinstance(job.outcome, NewFile):
        await _new_file(ls, job, job.outcome)
    elif isinstance(job.outcome, Explanation):
        await show(ls, job.title, job.outcome.markdown, job.id)


async def show(ls: Server, title: str, markdown: str, name: str) -> None:
    """Show markdown that is safe already as a document, or as a message where the client opens none."""
    text = page(title, markdown)
    if ls.client.show_document:
        try:
            path = await in_thread(write_page, ls.folders.cache / "pages", name, text)
            shown = await ls.window_show_document_async(
                types.ShowDocumentParams(uri=uri_of(path), external=False, take_focus=True)
            )
            if shown.success:
                return
        except (OSError, Refused):  # a message shows it as well
            pass
    ls.say_page(text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…")


# --- edits ------------------------------------------------------------------------------------------------------------


async def _edit(ls: Server, job: Job, proposal: Proposal) -> None:
    if not ls.client.apply_edit:
        ls.say(f"Glossator: {job.title}: the edit is ready; open the code action menu again to apply it{noted(job)}")
        return
    if ls.settings.preview and ls.settings.jobs:
        job.offered = True
        return
    seen = job.snapshot

    async def edits_in(now: Snapshot) -> Sequence[Edit] | None:
        nonlocal seen
        seen = now
        tree = await ls.trees.of(now) if now.text != job.snapshot.text else job.target.tree
        return anchored(proposal.edits, job.target, now.text, tree)

    async with job.turning:
        label, changed = f"Glossator: {job.title}", "the code changed while the model worked"
        reason = await applied(ls, job.snapshot, label, edits_in, changed=changed)
        if reason:
            _undelivered(ls, job, reason)
            return
        job.applied = True
        if len(proposal.candidates) > 1:
            await told(ls, seen)
            placed(ls, job, 1)
        elif job.note and not ls.settings.jobs and not ls.client.progress:  # nothing else tells it
            ls.say(f"Glossator: {job.title}: {job.note}")


def _undelivered(ls: Server, job: Job, reason: str) -> None:
    job.state, job.reasons = "refused", (reason,)
    ls.say(f"Glossator: {job.title}: {reason}; nothing was changed", types.MessageType.Warning)


# --- new files --------------------------------------------------------------------------------------------------------


async def _new_file(ls: Server, job: Job, new: NewFile) -> None:
    path, reason = await in_thread(_place, job.snapshot.uri, new.path, ls.workspace_folders)
    if reason or not ls.client.create or not ls.client.apply_edit:
        note = f"\n\n{reason}: nothing was written." if reason else ""
        await show(ls, f"{job.title}: {new.path}", fenced(new.text) + note, job.id)
        return
    question = quoted(f"Glossator: create {path.name}?")
    if not ls.client.confirm and not await _agreed(ls, question, "Create"):
        return
    edit = convert.file_creation(uri_of(path), new.text, question, annotated=ls.client.confirm)
    try:
        answer = await ls.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit=edit, label=question))
    except Refused as error:
        _undelivered(ls, job, f"the editor did not create {path.name}: {error.message}")
        return
    if answer.applied and ls.client.show_document:
        await ls.window_show_document_async(types.ShowDocumentParams(uri=uri_of(path), take_focus=True))


def _place(uri: str, relative: str, workspace: list[str]) -> tuple[Path, str]:
    """Where a new file goes, and why it must not, or ""."""
    path = Path(os.path.normpath(Path(path_of(uri)).parent / relative))
    if not uri.startswith("file:") or not inside(path, workspace):
        return path, f"{relative} would lie outside of the workspace"
    return path, f"{path.name} exists already" if path.exists() or path.is_symlink() else ""


async def _agreed(ls: Server, question: str, yes: str) -> bool:
    """Whether the user said yes; a client that does not ask says no."""
    actions = [types.MessageActionItem(yes), types.MessageActionItem("Cancel")]
    try:
        answer = await ls.window_show_message_request_async(
            types.ShowMessageRequestParams(type=types.MessageType.Info, message=question, actions=actions)
        )
    except Refused:
        return False
    return answer is not None and answer.title == yes
