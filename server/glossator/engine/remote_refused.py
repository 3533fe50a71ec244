"""What a server answered instead of an answer, in words for a user: what happened, where, what to do.

A server's own words are shown short and in one line, and not at all where they repeat what it was asked: they may end
up in a log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from . import ContextTooLong, EngineError, RemoteError
from .remote_endpoint import Endpoint

RETRIED = (429, 502, 503)
_LONGEST = 200  # characters of a server's own words
_REPEATED = 24  # characters in common with what was asked are no accident
_TOO_LONG = re.compile(r"exceed_context_size|context[ _](length|size|window)|maximum model length", re.IGNORECASE)


class Refused(RemoteError):
    """The server answered with an HTTP status that is no success."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def refusal(
    endpoint: Endpoint, status: int, headers: Mapping[str, str], body: bytes, asked: bytes = b""
) -> EngineError:
    """The error for a status. `asked`: what was posted, so that it is not repeated."""
    host, words, full = endpoint.host, said(endpoint, body, asked), _TOO_LONG.search(_kind(body))
    told = f": {words}" if words else ""
    if 300 <= status < 400:
        place = _host(headers.get("location", ""))
        return Refused(
            f"{host} sends elsewhere{f' (to {place})' if place else ''} and was not followed; "
            f"set remote.baseUrl to where the server really is",
            status,
        )
    if status in (401, 403):
        if endpoint.key_variable:
            remedy = f"the key is taken from {_variable(endpoint)}; see whether it is the right one"
        else:
            remedy = "set remote.keyVariable to the name of the environment variable that holds its key"
        return Refused(f"{host} refused the key ({status}); {remedy}", status)
    if status == 413 or (status in (400, 422, 500) and full):
        return ContextTooLong(f"the prompt does not fit the model's context window on {host}{told}")
    if status == 404:
        return Refused(f"{host} has no such model or address (404){told}; see remote.model and remote.baseUrl", status)
    if status == 429:
        return Refused(f"{host} has too much to do or allows no more (429){told}; ask again later", status)
    if status in (502, 503, 504):
        return Refused(f"{host} is not ready ({status}){told}; ask again when its model is loaded", status)
    if status >= 500:
        return Refused(f"{host} failed ({status}){told}; its own log says why", status)
    return Refused(f"{host} refused the request ({status}){told}; see remote.baseUrl and remote.model", status)


def unknown_model(endpoint: Endpoint, model: str, names: tuple[str, ...]) -> Refused:
    """The server has other models."""
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return Refused(f'{endpoint.host} has no model "{model}"; set remote.model to one that it has: {shown}', 404)


def said(endpoint: Endpoint, body: bytes, asked: bytes = b"") -> str:
    """The server's own words, or nothing where they are of no use."""
    return _harmless(endpoint, _message(_tree(body)), asked)


def _harmless(endpoint: Endpoint, words: str, asked: bytes) -> str:
    words = re.split(r"['\"]?input['\"]?\s*[:=]", words, maxsplit=1)[0]  # validators quote what they were given
    if endpoint.key:
        words = words.replace(endpoint.key, "…")
    plain = " ".join("".join(each if each.isprintable() else " " for each in words[: 4 * _LONGEST]).split())
    plain = plain if len(plain) <= _LONGEST else plain[:_LONGEST].rstrip() + "…"
    sent = " ".join(asked.decode("utf-8", "replace").replace("\\n", " ").split())
    if any(plain[at : at + _REPEATED] in sent for at in range(0, len(plain) - _REPEATED + 1)):
        return ""
    return plain.rstrip(".; ").replace("; ", ", ")


def _tree(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _kind(body: bytes) -> str:
    """Where a prompt that is too long can be known by."""
    tree = _tree(body)
    error = tree.get("error") if isinstance(tree, dict) else None
    kinds = [error.get(name) for name in ("type", "code")] if isinstance(error, dict) else []
    return " ".join([*(kind for kind in kinds if isinstance(kind, str)), _message(tree)[:_LONGEST]])


def _message(tree: Any) -> str:
    """Where the programs put it: `error.message`, `error`, `message`, `detail`."""
    if not isinstance(tree, dict):
        return ""
    for name in ("error", "message", "detail"):
        value = tree.get(name)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value:
            return value
    return ""


def _variable(endpoint: Endpoint) -> str:
    return f"${endpoint.key_variable}" if endpoint.key_variable.isupper() else "the variable that it names"


def _host(location: str) -> str:
    try:
        name = urlsplit(location).hostname or ""
    except ValueError:
        return ""
    return name if re.fullmatch(r"[A-Za-z0-9.:-]{1,100}", name) else ""
