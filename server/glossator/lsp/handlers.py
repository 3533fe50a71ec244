"""One short function a request: unwrap, call, wrap. Documents, shutdown and exit are in `protocol.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from . import configuration, proposals, sent, watching
from .menu import menu
from .refused import INVALID_PARAMS, Refused
from .state import state_of

if TYPE_CHECKING:
    from .jobs import Job
    from .server import Server

CODE_ACTION_OPTIONS = types.CodeActionOptions(
    code_action_kinds=["quickfix.glossator", "refactor.rewrite.glossator", "glossator"], resolve_provider=True
)


def initialize(ls: Server, params: types.InitializeParams) -> None:
    """Learn who asks, and with which settings."""
    ls.begin(params)


def initialized(ls: Server, params: types.InitializedParams) -> None:
    """The client is ready to be asked and told."""
    for problem in ls.problems:
        ls.say(f"Glossator: {problem}", types.MessageType.Warning)
    ls.problems.clear()
    ls.indexes.begin()
    ls.spawn(ls.opening.warm())
    if ls.client.register_configuration:
        ls.spawn(configuration.register(ls))
    if ls.client.configuration:
        ls.spawn(configuration.pull(ls))
    if ls.client.register_watching:
        ls.spawn(watching.register(ls))


async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """What stands here, by syntax; and what it does, by the model."""
    uri, place = params.text_document.uri, params.position
    ls.interest = uri, types.Range(place, place)
    ls.idle.touched(uri, place.line, place.character)
    snapshot = ls.current(uri)
    return await ls.hovers.hover(snapshot, place) if snapshot else None


async def code_action(
    ls: Server, params: types.CodeActionParams
) -> list[types.CodeAction] | list[types.Command] | None:
    """What can be asked here; commands alone for clients that know no more."""
    uri = params.text_document.uri
    ls.interest = uri, params.range
    ls.idle.touched(uri, params.range.start.line, params.range.start.character)
    snapshot = ls.current(uri)
    entries = await menu(ls, snapshot, params) if snapshot else []
    return entries if ls.client.literals else [entry.command for entry in entries if entry.command]


def code_action_resolve(ls: Server, params: Any) -> Any:
    """Nothing is left to resolve: the entry as it came."""
    if not isinstance(params, dict) or not isinstance(params.get("title"), str):
        raise Refused("codeAction/resolve: expected a code action", INVALID_PARAMS)
    return params


def watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files changed outside of the editor."""
    ls.indexes.changed([change.uri for change in params.changes])


def workspace_folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders were added to the workspace or taken from it."""
    ls.indexes.choose()


async def status(ls: Server, params: Any) -> dict[str, Any]:
    """`glossator/status`."""
    return state_of(ls)


async def sent_to_model(ls: Server, params: Any) -> dict[str, Any]:
    """`glossator/sent`: what a job asked its model."""
    return sent.sent(_job(ls, params, "glossator/sent"))


async def proposal(ls: Server, params: Any) -> dict[str, Any]:
    """`glossator/proposal`: a document before and after an edit that is offered."""
    job = _job(ls, params, "glossator/proposal")
    number = _field(params, "number")
    if number is None:
        number = 1
    if not isinstance(number, int) or isinstance(number, bool):
        raise Refused("glossator/proposal: number counts from 1", INVALID_PARAMS)
    return await proposals.proposal(ls, job, number)


def _job(ls: Server, params: Any, method: str) -> Job:
    """The job that is named; without a name the last. Raises `Refused`."""
    name = _field(params, "job")
    if name is not None and not isinstance(name, str):
        raise Refused(f"{method}: job must be a text", INVALID_PARAMS)
    job = ls.jobs.find(name)
    if job is None:
        raise Refused("nothing was asked yet" if name is None else f"there is no job {name}", INVALID_PARAMS)
    return job


def _field(params: Any, name: str) -> Any:
    """A field of parameters that came as they are."""
    return params.get(name) if isinstance(params, dict) else None
