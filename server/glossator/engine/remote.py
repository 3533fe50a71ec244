"""Any OpenAI-compatible server (vLLM, SGLang, llama-server, Ollama) as an `Engine`.

Nothing is sent but what was asked for, to the one address that the settings name, and nothing else answers in its
place. Such servers do not say how likely a given text is: there is no searching with them (`ModelInfo.scores`). For one
event loop at a time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from typing import Any, NoReturn

from ..settings import Remote as Settings
from . import (
    Chunk,
    ContextTooLong,
    EngineBusy,
    EngineError,
    EngineStatus,
    Finished,
    ModelInfo,
    Queued,
    Reading,
    RemoteError,
    Request,
    Usage,
)
from . import remote_chat as chat
from . import remote_http as http
from . import remote_models as models
from .remote_endpoint import Endpoint, endpoint_of
from .remote_lanes import Lanes
from .remote_refused import Refused, refusal, said, unknown_model
from .remote_reply import Failed, Reply
from .remote_sse import Events, Malformed

log = logging.getLogger(__name__)

DONE = "[DONE]"
_ONE_MODEL: tuple[models.Kind, ...] = ("sglang", "llamacpp")  # they answer with it, whatever a request names
_KNOWN_SECONDS = 60.0  # for so long the list of models is believed: a server may be started anew with another one
_BYTES_A_TOKEN = 3  # of code fewer than there are; what is planned by it fits


class Remote:
    """An `Engine` behind HTTP. Several requests are with the server at once."""

    def __init__(self, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
        """Asks the server only where the settings name no model. Raises `EngineError`."""
        self.endpoint: Endpoint = endpoint_of(settings, environment)
        self._settings = settings
        self._served: models.Served | None = None
        self._listed = 0.0  # when it was asked for that
        self._plain = False  # it refused what goes beyond the protocol
        self._lanes = Lanes()
        self._reached, self._last_error = False, ""
        self._tokens = dict.fromkeys(("prompt", "reused", "thought", "answer"), 0)
        name = settings.model or self._first()
        thinks = models.thinks(name) if settings.reasoning == "auto" else settings.reasoning == "yes"
        identity = json.dumps(["remote", self.endpoint.url, name])  # the weights behind it cannot be seen
        self._info = ModelInfo(
            name=name,
            digest=hashlib.sha256(identity.encode()).hexdigest(),
            context=settings.context or models.UNKNOWN_CONTEXT,
            reasoning=thinks,
            scores=False,
        )
        self._learn()

    # --- asking -------------------------------------------------------------------------------------------------------

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Answer `request`. Raises `EngineError`; closing the generator closes the connection.

        A prompt that is only to be read (`max_tokens` 0) is not sent: nobody waits for it.
        """
        if request.answers:
            self._scoreless()
        if request.max_tokens <= 0:
            yield Finished("stop", model=self._info.name)
            return
        place = self._lanes.enter(request)
        try:
            if ahead := self._lanes.ahead(place):
                yield Queued(ahead)
            async with place.watched():
                await place.turn.wait()
            async with aclosing(self._answer(request)) as chunks:
                while True:
                    async with place.watched():
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    yield chunk
            self._last_error = ""
        except (EngineBusy, ContextTooLong):
            raise
        except EngineError as error:
            self._last_error = str(error)
            raise
        finally:
            self._lanes.leave(place)

    async def _answer(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """What goes beyond the protocol is left out where a server refuses a request for it."""
        await self._meet()
        prompt = sum(await self.count([message.content for message in request.messages]))
        yield Reading(0, prompt)
        kind: models.Kind = "other" if self._plain or self._served is None else self._served.kind
        goes_on = not self._plain and chat.goes_on(request, kind, self._settings.prefix)
        ways: list[tuple[models.Kind, bool]] = [(kind, goes_on)]
        ways += [("other", False)] if goes_on or kind != "other" else []
        for way in ways:
            begun = False
            try:
                async with aclosing(self._asked(request, *way)) as chunks:
                    async for chunk in chunks:
                        if not begun:
                            begun, self._plain = True, self._plain or way is not ways[0]
                            yield Reading(prompt, prompt)
                        yield chunk
                return
            except Refused as refused:
                if refused.status == 404:
                    served, self._served = self._served, None
                    if served and served.names and self._info.name not in served.names:
                        raise unknown_model(self.endpoint, self._info.name, served.names) from None
                if begun or refused.status not in (400, 422) or way is ways[-1]:
                    raise

    async def _asked(self, request: Request, kind: models.Kind, goes_on: bool) -> AsyncGenerator[Chunk, None]:
        """Ask in one way. Raises `EngineError`; `Refused` before any chunk."""
        began = time.monotonic()
        body = chat.payload(request, self._info.name, kind, goes_on=goes_on)
        events, reply = Events(), Reply(request, self._info, goes_on=goes_on)
        try:
            async with aclosing(http.answer(self.endpoint, body)) as pieces:
                async for piece in pieces:
                    self._reached = True
                    found = events.feed(piece)
                    for event in found[: found.index(DONE)] if DONE in found else found:
                        for text in reply.feed(event):
                            yield text
                    if DONE in found or reply.over:
                        break
        except Malformed as error:
            raise RemoteError(f"{self.endpoint.host} gave no proper answer: {error}; {_AGAIN}") from None
        except Failed as failed:
            raise self._failure(failed.tree, body) from None
        if reply.reason is None and not reply.over:
            raise RemoteError(f"{self.endpoint.host} ended in the middle of its answer; {_AGAIN}")
        for text in reply.finish():
            yield text
        usage = reply.usage
        for name, count in usage.items():
            self._tokens[name] += count
        cost = Usage(
            prompt_tokens=usage["prompt"],
            reused_tokens=usage["reused"],
            thought_tokens=usage["thought"],
            answer_tokens=usage["answer"],
            seconds=time.monotonic() - began,
        )
        yield Finished("stop" if reply.over else reply.reason or "stop", cost, self._info.name)

    def _failure(self, tree: Mapping[str, Any], asked: bytes) -> EngineError:
        """What a server reports within the stream, where no status can tell."""
        written = json.dumps(tree).encode()
        error = refusal(self.endpoint, 400, {}, written, asked)
        if isinstance(error, ContextTooLong):
            return error
        words = said(self.endpoint, written, asked)
        return RemoteError(f"{self.endpoint.host} failed as it answered{f': {words}' if words else ''}; {_AGAIN}")

    # --- what is there ------------------------------------------------------------------------------------------------

    async def _meet(self) -> None:
        """Ask what the server has and which program it is, now and then. Raises `EngineError`."""
        if self._served is None or time.monotonic() - self._listed > _KNOWN_SECONDS:
            try:
                self._served, self._listed = await listed(self.endpoint), time.monotonic()
                self._learn()
            except RemoteError as error:  # not every server tells, and the question itself shows what is wrong
                if isinstance(error, Refused) and error.status in (401, 403):
                    raise
        served = self._served
        if served and served.kind in _ONE_MODEL and served.names and self._info.name not in served.names:
            self._served = None  # it may have this one next time
            raise unknown_model(self.endpoint, self._info.name, served.names)

    def _learn(self) -> None:
        """Take over the window that the server tells of."""
        if self._served and not self._settings.context:
            self._info = replace(self._info, context=self._served.contexts.get(self._info.name, self._info.context))

    def _first(self) -> str:
        """The name of the first model that is listed. Blocks, in a thread of its own, for `http.LISTING_SECONDS`."""
        with ThreadPoolExecutor(1) as pool:
            self._served = pool.submit(asyncio.run, listed(self.endpoint)).result()
        self._listed = time.monotonic()
        if not self._served.names:
            raise RemoteError(f"{self.endpoint.host} has no model; load one, or name it in remote.model")
        return self._served.names[0]

    # --- the rest of an engine ----------------------------------------------------------------------------------------

    def _scoreless(self) -> NoReturn:
        raise RemoteError(
            f"{self.endpoint.host} cannot say how likely given code is, so that nothing can be searched for there; "
            f'say what is wrong, or use the backend "local"'
        )

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Estimated by length, as too many rather than too few: the server's tokenizer is not asked."""
        return [-(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN) for text in texts]

    def model(self) -> ModelInfo:
        """The digest stands for address and name; which weights are behind them cannot be seen."""
        return self._info

    def status(self) -> EngineStatus:
        """`off`: not asked yet."""
        state = "busy" if self._lanes.busy else "failed" if self._last_error else "idle" if self._reached else "off"
        return EngineStatus(state, queued=self._lanes.waiting, last_error=self._last_error, tokens=dict(self._tokens))

    async def close(self) -> None:
        """Nothing is held: connections live as long as their requests."""


_AGAIN = "ask again, or see its log"


async def listed(endpoint: Endpoint) -> models.Served:
    """What the server says of itself. Raises `EngineError`."""
    body = await http.fetch(endpoint, "models")
    try:
        return models.served(body)
    except ValueError:
        raise Refused(
            f"{endpoint.host} lists no models at {endpoint.url}/models; see remote.baseUrl, which mostly ends with /v1",
            404,
        ) from None
