"""What `glossator doctor` finds of a remote server: whether it answers, with what, and who could read along."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from ..engine import EngineError
from ..engine.remote import listed
from ..engine.remote_endpoint import Endpoint, endpoint_of
from ..engine.remote_models import TITLES, UNKNOWN_CONTEXT, Served
from ..settings import Remote
from .finding import Finding, wrong

SHOWN = 5  # models


def found(remote: Remote, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Asks the server for its list of models, and nothing else."""
    try:
        endpoint = endpoint_of(remote, environment)
    except EngineError as error:
        yield wrong("model", str(error))
        return
    facts = {"url": endpoint.url, "name": remote.model}
    try:
        served = asyncio.run(listed(endpoint))
    except EngineError as error:
        found, _, remedy = str(error).partition("; ")
        yield Finding(
            "model", f"{remote.model or 'the first'} at {endpoint.url}: {found}", "wrong", remedy, facts=facts
        )
        return
    yield _model(remote, endpoint, served)
    if not endpoint.loopback and not endpoint.encrypted:
        remedy = f"use https, or a tunnel: ssh -N -L 8000:127.0.0.1:PORT {endpoint.host.partition(':')[0]}"
        yield Finding("network", f"what is asked goes to {endpoint.host} unencrypted", "note", remedy)
    yield Finding(
        "search",
        "remote servers do not say how likely given code is: `fix` asks, and searches for nothing",
        "note",
        'the backend "local" searches',
    )


def _model(remote: Remote, endpoint: Endpoint, served: Served) -> Finding:
    facts = {"url": endpoint.url, "name": remote.model, "kind": served.kind, "models": list(served.names[:SHOWN])}
    if not served.names:
        return Finding("model", f"{endpoint.url} has no model", "wrong", "load one there", facts=facts)
    name = remote.model or served.names[0]
    if name not in served.names:
        others = ", ".join(served.names[:SHOWN]) + (" …" if len(served.names) > SHOWN else "")
        found = f'{endpoint.url} lists no model "{name}"'
        return Finding("model", found, "wrong", f"set remote.model to one that it has: {others}", facts=facts)
    window = remote.context or served.contexts.get(name, 0)
    told = f"{window} tokens of context" if window else f"context unknown, taken for {UNKNOWN_CONTEXT} tokens"
    key = ", with a key" if endpoint.key else ""
    found = f"{name} at {endpoint.url} ({TITLES[served.kind]}{key}), {told}"
    return Finding("model", found, facts=facts | {"name": name, "context": window})
