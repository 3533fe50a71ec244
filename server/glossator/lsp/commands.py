"""What `workspace/executeCommand` can run, with checked arguments; every command returns at once.

`glossator.run {action, uri, range?, position?, instruction?, diagnostics?}` and its shorthands `glossator.explain` …
start a job; `glossator.next {job?, uri?, position?}` and `glossator.previous` choose among what a search found, and
`glossator.choose {job, number}` an edit of any job (0: the code as it was). Without
arguments (Helix sends none) the place is where the client last asked something. Without a job the place says whose turn
it is: what was found for the definition there, else what was last put into that document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
from cattrs import Converter
from lsprotocol import types

from ..action import Action, candidates, run
from ..answer.markdown import sanitised
from ..code.threads import in_turn
from ..engine.remembered import Remembered
from . import convert
from .candidates import declined, meant, turn
from .deliver import show
from .places import diagnostic_texts, snapshot_of, target_of
from .refused import INVALID_PARAMS, Refused
from .state import state_of

if TYPE_CHECKING:
    from .jobs import Job
    from .server import Server

PREFIX = "glossator."
ONLY = "only a search that found several leaves a choice"


@attrs.frozen
class Place:
    """The argument of what is about code; all is optional, but an action must be named somehow."""

    action: str | None = None
    uri: str | None = None
    range: types.Range | None = None
    position: types.Position | None = None
    instruction: str | None = None
    diagnostics: list[Any] | None = None


@attrs.frozen
class Which:
    """The argument of what is about a job."""

    job: str | None = None


@attrs.frozen
class Choice:
    """The argument of what chooses among the edits of a job: the job, or where the user is."""

    job: str | None = None
    uri: str | None = None
    position: types.Position | None = None


@attrs.frozen
class Number:
    """The argument of what names one edit of a job."""

    job: str
    number: int = 1


def names(actions: Mapping[str, Action]) -> list[str]:
    """All commands, to be registered."""
    return [*TABLE, *(name for name in (PREFIX + camel(action) for action in actions) if name not in TABLE)]


def camel(name: str) -> str:
    """`write_tests` is the command `glossator.writeTests`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


async def execute(ls: Server, command: str, arguments: Any, converter: Converter) -> Any:
    """Run a command. Raises `Refused` for an unknown one and for arguments that do not fit."""
    argument = arguments[0] if arguments else {}
    if command in TABLE:
        kind, work = TABLE[command]
        return await work(ls, _read(argument, kind, converter, command))
    action = next((name for name in ls.actions if PREFIX + camel(name) == command), None)
    if action is None:
        raise Refused(f"there is no command {command}", INVALID_PARAMS)
    return await _run(ls, attrs.evolve(_read(argument, Place, converter, command), action=action))


def placeholder(ls: Server) -> None:
    """Commands are dispatched by `execute`; pygls only wants to know their names."""


def _read(argument: Any, kind: type[Any], converter: Converter, command: str) -> Any:
    known = [field.name for field in attrs.fields(kind)]
    if not isinstance(argument, dict):
        raise Refused(f"{command}: expected one object with {', '.join(known)}", INVALID_PARAMS)
    for name in ("action", "uri", "instruction", "job"):
        if argument.get(name) is not None and not isinstance(argument[name], str):
            raise Refused(f"{command}: {name} must be a text", INVALID_PARAMS)
    try:
        return converter.structure(argument, kind)
    except Exception as error:
        raise Refused(f"{command}: {', '.join(known)}: one of these is malformed", INVALID_PARAMS) from error


async def _run(ls: Server, place: Place) -> dict[str, str]:
    """`glossator.run`: begin a job."""
    action, snapshot, where = await _what(ls, place)
    if action.needs_instruction and not (place.instruction or "").strip():
        raise Refused(f"{action.name} needs an instruction: what do you want to know or change?", INVALID_PARAMS)
    said = diagnostic_texts(snapshot, place.diagnostics or ())
    target = await ls.indexes.completed(await target_of(ls, snapshot, where, said, place.instruction or ""))
    return {"job": ls.jobs.start(action, target, snapshot).id}


async def _what(ls: Server, place: Place) -> tuple[Action, Any, types.Range]:
    action = ls.actions.get((place.action or "").replace("-", "_"))
    if action is None:
        raise Refused(f"there is no action {place.action!r}; there are: {', '.join(ls.actions)}", INVALID_PARAMS)
    uri, where = place.uri, place.range
    if where is None and place.position is not None:
        where = types.Range(place.position, place.position)
    if uri is None or where is None:
        if ls.interest is None or uri not in (None, ls.interest[0]):
            raise Refused(f"{action.name}: say where: uri and position or range", INVALID_PARAMS)
        uri, where = ls.interest[0], where or ls.interest[1]
    ls.interest = uri, where
    return action, await snapshot_of(ls, uri), where


async def _stop(ls: Server, which: Which) -> dict[str, Any]:
    """`glossator.stop`: one job, or all."""
    return {"stopped": ls.jobs.stop(which.job)}


async def _next(ls: Server, choice: Choice) -> dict[str, Any]:
    """`glossator.next`: the next of what a search found takes the place of the one in the document."""
    return await _turned(ls, choice, 1)


async def _previous(ls: Server, choice: Choice) -> dict[str, Any]:
    """`glossator.previous`: the one before; before the first the code as it was."""
    return await _turned(ls, choice, -1)


async def _turned(ls: Server, choice: Choice, by: int) -> dict[str, Any]:
    job = await _chosen(ls, choice)
    ls.spawn(turn(ls, job, by))
    return {"job": job.id}


async def _choose(ls: Server, which: Number) -> dict[str, Any]:
    """`glossator.choose`: this edit takes the place of the one in the document; 0: the code is as it was."""
    job = ls.jobs.find(which.job)
    if job is None:
        raise Refused(f"there is no job {which.job}", INVALID_PARAMS)
    most = len(candidates.found(job.outcome))
    if not most or not 0 <= which.number <= most:
        raise Refused(f"{job.title}: there is no edit number {which.number}; there are {most}", INVALID_PARAMS)
    if job.offered and not which.number:  # it is not in the document: there is nothing to take back
        declined(ls, job)
    else:
        ls.spawn(turn(ls, job, to=which.number))
    return {"job": job.id}


async def _chosen(ls: Server, choice: Choice) -> Job:
    """The job that is named; else one of the document where the user is, by the definition there. Raises `Refused`."""
    if choice.job is not None:
        job = ls.jobs.find(choice.job)
        if job is None:
            raise Refused(f"there is no job {choice.job}", INVALID_PARAMS)
        if job not in ls.jobs.choosable():
            raise Refused(f"there is nothing to choose from: {ONLY}")
        return job
    uri, place = choice.uri, choice.position
    if ls.interest is not None and uri in (None, ls.interest[0]):
        uri, place = ls.interest[0], place or ls.interest[1].start
    jobs = ls.jobs.choosable(uri)
    if not jobs and choice.uri is None:  # what was asked last need not be where the user is
        jobs, place = ls.jobs.choosable(), None
    if not jobs:
        raise Refused(f"there is nothing to choose from{' in this file' if choice.uri else ''}: {ONLY}")
    snapshot = ls.current(jobs[0].snapshot.uri)
    if len(jobs) == 1 or place is None or snapshot is None:
        return jobs[0]
    offset = convert.offset(snapshot, place, ls.documents.encoding)
    return await in_turn(len(snapshot.text), meant, jobs, snapshot.text, await ls.trees.of(snapshot), offset)


async def _forget(ls: Server, place: Place) -> dict[str, Any]:
    """`glossator.forget`: the remembered answer of one question; without an action all answers."""
    engine = await ls.opening.get()
    if not isinstance(engine, Remembered):
        return {"forgotten": "nothing"}
    if place.action is None:
        engine.forget()
        return {"forgotten": "all"}
    action, snapshot, where = await _what(ls, place)
    said = diagnostic_texts(snapshot, place.diagnostics or ())
    target = await ls.indexes.completed(await target_of(ls, snapshot, where, said, place.instruction or ""))
    run.forget(action, target, engine, tools=ls.tools)
    return {"forgotten": action.name}


async def _reasoning(ls: Server, which: Which) -> dict[str, Any]:
    """`glossator.showReasoning`: what the model thought."""
    job = ls.jobs.find(which.job)
    if job is None:
        raise Refused("nothing was asked yet" if which.job is None else f"there is no job {which.job}", INVALID_PARAMS)
    text = sanitised(job.thought) or "The model did not think about this."
    ls.spawn(show(ls, f"{job.title}: reasoning", text, f"{job.id}-thought"))
    return {"job": job.id, "thought": job.thought, "answer": job.answer}


async def _status(ls: Server, which: Which) -> dict[str, Any]:
    """`glossator.status`: the same as the request `glossator/status`, and a line for the user."""
    state = state_of(ls)
    engine, cache = state["engine"], state["cache"]
    ls.say(
        f"Glossator {state['version']}: {state['model'] or 'no model'} ({state['backend']}), engine {engine['state']}, "
        f"{cache['entries']} answers remembered" + (f"; {state['lastError']}" if state["lastError"] else "")
    )
    return state


TABLE: Mapping[str, tuple[type[Any], Callable[[Any, Any], Awaitable[Any]]]] = {
    PREFIX + "run": (Place, _run),
    PREFIX + "stop": (Which, _stop),
    PREFIX + "next": (Choice, _next),
    PREFIX + "previous": (Choice, _previous),
    PREFIX + "choose": (Number, _choose),
    PREFIX + "forget": (Place, _forget),
    PREFIX + "showReasoning": (Which, _reasoning),
    PREFIX + "status": (Which, _status),
}
