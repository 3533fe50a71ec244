"""`glossator/status`: what the server, its engine and its memory are doing. Never waits and starts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import __version__
from ..engine import EngineError, EngineStatus
from ..engine.remembered import Remembered

if TYPE_CHECKING:
    from .server import Server


def state_of(ls: Server) -> dict[str, Any]:
    """`{version, backend, model, engine, cache, tokens, lastError}` and the jobs that run."""
    engine = ls.opening.now
    status, model, trouble = EngineStatus("off"), ls.settings.model or None, ls.opening.last_error
    if trouble:
        status = EngineStatus("failed", last_error=trouble)
    if engine is not None:
        status = engine.status()
        try:
            model = engine.model().name
        except EngineError as error:
            trouble = str(error)
    cache: dict[str, Any] = {"state": "off", "entries": 0, "bytes": 0, "hits": 0, "misses": 0}
    if isinstance(engine, Remembered):
        cache |= engine.state()
    elif engine is None and ls.settings.cache.enabled:
        cache["state"] = "opening"
    return {
        "version": __version__,
        "backend": ls.settings.backend,
        "model": model,
        "engine": {
            "pid": status.pid,
            "state": status.state,
            "restarts": status.restarts,
            "queued": status.queued,
        },
        "cache": cache,
        "tokens": dict(status.tokens),
        "prefetch": ls.idle.state(),
        "index": ls.indexes.state(),
        "lastError": status.last_error or trouble or None,
        "jobs": [{"job": job.id, "action": job.action.name, "state": job.state} for job in ls.jobs.running()],
        "log": str(ls.log_file) if ls.log_file else None,
    }
