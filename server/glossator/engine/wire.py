"""What clients and the engine process say to each other: JSON lines. Knows no sockets, queues or models.

From a client:  {"hello": PROTOCOL, "token": …, "idle": seconds}, then
                {"id": n, "ask": request}   {"id": n, "count": [texts]}   {"id": n, "cancel": true}
From the engine: {"hello": PROTOCOL, "pid": …}, then, in any order,
                {"model": info}             once it is loaded
                {"id": n, "chunk": [kind, …]}   {"id": n, "counts": […]}   {"id": n, "error": [kind, message]}
                {"beat": status}            every second while this client waits for something
                {"bye": why}                before it leaves by its own will
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any, TypeVar, get_args, get_type_hints

from . import (
    Chunk,
    ContextTooLong,
    EngineBusy,
    EngineDied,
    EngineError,
    EngineStatus,
    Finished,
    Message,
    ModelBroken,
    ModelInfo,
    ModelMissing,
    Priority,
    Queued,
    Reading,
    Request,
    Role,
    Sampling,
    Score,
    Text,
    Usage,
)

PROTOCOL = 4
MAX_LINE = 8 << 20  # bytes; a context window of text is well below one megabyte
_ERRORS = {kind.__name__: kind for kind in (ModelMissing, ModelBroken, EngineDied, EngineBusy, ContextTooLong)}

Tree = dict[str, Any]
_T = TypeVar("_T")


class WireError(Exception):
    """What came over the wire is not of this protocol."""


def encode(tree: Tree) -> bytes:
    """One line. Raises `ContextTooLong` where it would be over the cap."""
    line = json.dumps(tree, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_LINE:
        raise ContextTooLong(f"the request has {len(line) >> 20} MB; no model reads more than {MAX_LINE >> 20} MB")
    return line


def decode(line: bytes) -> Tree:
    """A line's table. Raises `WireError`."""
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON ({type(error).__name__})") from None
    if not isinstance(tree, dict):
        raise WireError("not a table")
    return tree


def take(tree: Tree, name: str, kind: type[_T]) -> _T:
    """The field `name`, which must be there and be a `kind`. Raises `WireError`."""
    value = tree.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise WireError(f"{name}: expected {kind.__name__}")
    return value


# --- requests ---------------------------------------------------------------------------------------------------------


def request_to(request: Request) -> Tree:
    """A request as a table. What it is for is its asker's business."""
    tree = asdict(request)
    del tree["purpose"]
    return tree


def request_from(tree: Tree) -> Request:
    """A request again, every field's type checked. Raises `WireError`."""
    messages = tuple(_build(Message, message) for message in take(tree, "messages", list))
    if not messages or any(message.role not in get_args(Role) for message in messages):
        raise WireError("messages: expected turns of system, user and assistant")
    stop = take(tree, "stop", list)
    answers = take(tree, "answers", list)
    if not all(isinstance(text, str) for text in [*stop, *answers]):
        raise WireError("stop, answers: expected texts")
    priority = take(tree, "priority", int)
    if priority not in set(Priority):
        raise WireError("priority: expected 0, 1 or 2")
    made = {
        "messages": messages,
        "sampling": _build(Sampling, take(tree, "sampling", dict)),
        "stop": tuple(stop),
        "answers": tuple(answers),
        "priority": Priority(priority),
        "purpose": "",
    }
    return _build(Request, {**tree, **made})


def _build(kind: type[_T], tree: object) -> _T:
    """A value of one of the classes above from its fields, plain types checked. Raises `WireError`."""
    if not isinstance(tree, dict):
        raise WireError(f"{kind.__name__}: expected a table")
    hints = get_type_hints(kind)
    for name, value in tree.items():
        allowed = _PLAIN.get(hints.get(name, None))
        if name not in hints or (allowed and type(value) not in allowed):
            raise WireError(f"{kind.__name__}.{name}: no such field, or not of its type")
    if missing := {f.name for f in fields(kind)} - tree.keys():  # type: ignore[arg-type]
        raise WireError(f"{kind.__name__}: without {', '.join(sorted(missing))}")
    return kind(**tree)


_PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (float, int),
    int | None: (int, type(None)),
    float | None: (float, int, type(None)),
    Role: (str,),
}


# --- what comes back --------------------------------------------------------------------------------------------------


def chunk_to(chunk: Chunk) -> list[Any]:
    """A chunk as `[kind, …]`."""
    match chunk:
        case Queued(ahead):
            return ["queued", ahead]
        case Reading(done, total):
            return ["reading", done, total]
        case Text(text, tokens):
            return ["text", text, tokens]
        case Finished(reason, usage, model, _, scores, texts):
            return ["finished", reason, asdict(usage), model, [_score_to(each) for each in scores], texts]


def chunk_from(parts: object) -> Chunk:
    """The chunk again. Raises `WireError`."""
    match parts:
        case ["queued", int(ahead)]:
            return Queued(ahead)
        case ["reading", int(done), int(total)]:
            return Reading(done, total)
        case ["text", str(text), int(tokens)]:
            return Text(text, tokens)
        case ["finished", "stop" | "length" | "loop" as reason, dict(usage), str(model), list(scores), list(texts)]:
            if all(isinstance(each, str) for each in texts):
                told = tuple(_score(each) for each in scores)
                return Finished(reason, _build(Usage, usage), model, scores=told, texts=tuple(texts))
    raise WireError("no such chunk")


def _score_to(score: Score) -> list[Any]:
    return [score.token_logprobs, score.ends, score.preferred, score.preferred_logprobs]


def _score(parts: object) -> Score:
    match parts:
        case [list(logprobs), list(ends), list(rather), list(sure)]:
            kinds = ((logprobs, (float, int)), (ends, (int,)), (rather, (str,)), (sure, (float, int)))
            right = all(type(value) in allowed for values, allowed in kinds for value in values)
            if right and len(logprobs) == len(ends) and len(rather) == len(sure) and len(rather) in (0, len(ends)):
                chances = tuple(map(float, logprobs))
                return Score(
                    len(ends), float(sum(chances)), chances, tuple(ends), tuple(rather), tuple(map(float, sure))
                )
    raise WireError("no such score")


def error_to(error: EngineError) -> list[str]:
    """An error as `[kind, message]`."""
    return [type(error).__name__, str(error)]


def error_from(parts: object) -> EngineError:
    """The error again; an unknown kind is an `EngineError`. Raises `WireError`."""
    match parts:
        case [str(kind), str(message)]:
            return _ERRORS.get(kind, EngineError)(message)
    raise WireError("not an error")


def model_from(tree: object) -> ModelInfo:
    """What the loaded model says of itself. Raises `WireError`."""
    return _build(ModelInfo, tree)


def status_from(tree: object) -> EngineStatus:
    """What the engine says of itself. Raises `WireError`."""
    return _build(EngineStatus, tree)
