"""Bytes from a remote server over HTTP: time limits, few retries, no redirects. The only importer of httpx2.

A new connection for each request: servers close idle ones just when they are wanted again, and an answer takes seconds.
"""

from __future__ import annotations

import asyncio
import email.utils
import functools
import random
import re
import socket
import ssl
import time
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress

import httpx2

from .. import __version__
from . import EngineError, RemoteError
from .remote_endpoint import Endpoint
from .remote_refused import RETRIED, refusal

CONNECT_SECONDS = 10.0
FIRST, WHOLE = 5, 30  # times the endpoint's seconds: a long prompt is read before the first byte comes
LISTING_SECONDS = 10.0
TRIES = 3
LONGEST_PAUSE = 20.0  # seconds; who is asked to wait longer is told so instead
_REFUSAL_BYTES, _LISTING_BYTES = 64 << 10, 4 << 20


class Again(Exception):
    """It is worth trying again; `error` is what to say when it was tried enough, `after` what the server asks for."""

    def __init__(self, error: EngineError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.after = error, after


async def answer(endpoint: Endpoint, body: bytes) -> AsyncGenerator[bytes, None]:
    """Post a chat completion; the bytes of the event stream as they come.

    Raises `EngineError`; nothing is tried again once the server has begun to answer.
    """
    end = time.monotonic() + WHOLE * endpoint.seconds
    for attempt in range(TRIES):
        try:
            async with _opened(endpoint, "POST", "chat/completions", body, FIRST * endpoint.seconds) as response:
                async with aclosing(_stream(endpoint, response, end)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
        except Again as again:
            pause = pause_before(attempt + 1, again.after)
            if pause is None or time.monotonic() + pause > end:
                raise again.error from None
        await asyncio.sleep(pause)


async def fetch(endpoint: Endpoint, path: str) -> bytes:
    """The whole of a resource. Raises `EngineError`; tries once."""
    seconds = min(LISTING_SECONDS, endpoint.seconds)
    try:
        async with _opened(endpoint, "GET", path, b"", seconds) as response:
            return await _whole(endpoint, response, _LISTING_BYTES, seconds)
    except Again as again:
        raise again.error from None


def pause_before(attempt: int, after: float | None, spread: float | None = None) -> float | None:
    """Seconds to wait before try number `attempt` (from 0); None: it is not worth it. `spread`: 0 to 1, else random."""
    spread = random.random() if spread is None else spread  # noqa: S311 - only keeps clients from coming all at once
    if attempt >= TRIES or (after is not None and after > LONGEST_PAUSE):
        return None
    return after + 0.5 * spread if after is not None else 0.25 * 2**attempt * (1 + spread)


def wanted_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date; None where it does not."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", value):
        return float(value)
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None


@asynccontextmanager
async def _opened(
    endpoint: Endpoint, method: str, path: str, body: bytes, seconds: float
) -> AsyncIterator[httpx2.Response]:
    """The answer to a request, its head within `seconds`. Raises `EngineError`, or `Again` where a try may help."""
    headers = {"Accept-Encoding": "identity", "User-Agent": f"glossator/{__version__}"}
    headers |= {"Content-Type": "application/json"} if body else {}
    headers |= {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    async with _client(endpoint) as client:
        try:
            request = client.build_request(method, endpoint.at(path), content=body or None, headers=headers)
            async with asyncio.timeout(seconds):
                response = await client.send(request, stream=True)
        except TimeoutError:
            raise RemoteError(f"{endpoint.host} did not answer within {seconds:.0f} s; {_SLOW}") from None
        except httpx2.InvalidURL:
            raise RemoteError('"remote.baseUrl" is not an address of a server; correct it') from None
        except httpx2.HTTPError as error:
            raise _unreached(endpoint, error) from None
        try:
            if response.status_code != 200:
                raise await _refused(endpoint, response, body)
            yield response
        finally:
            await response.aclose()


_SLOW = "is it busy, or is remote.timeoutSeconds too short?"


def _client(endpoint: Endpoint) -> httpx2.AsyncClient:
    """Raises `RemoteError` where the environment's proxies or certificates cannot be used."""
    try:
        return httpx2.AsyncClient(
            verify=_trust(endpoint.encrypted or not endpoint.loopback),
            trust_env=not endpoint.loopback,  # elsewhere a proxy may be the only way out
            follow_redirects=False,
            timeout=httpx2.Timeout(connect=CONNECT_SECONDS, read=None, write=endpoint.seconds, pool=None),
            limits=httpx2.Limits(max_keepalive_connections=0),
        )
    except OSError:
        raise RemoteError("the certificates to trust cannot be read; see SSL_CERT_FILE and SSL_CERT_DIR") from None
    except (ImportError, ValueError, httpx2.InvalidURL):
        raise RemoteError(
            f"the proxy on the way to {endpoint.host} cannot be used; see HTTPS_PROXY and ALL_PROXY"
        ) from None


@functools.cache
def _trust(encrypted: bool) -> ssl.SSLContext | bool:
    """Whose certificates are trusted; made once, since reading them takes a while."""
    return httpx2.create_ssl_context() if encrypted else False


async def _stream(endpoint: Endpoint, response: httpx2.Response, end: float) -> AsyncGenerator[bytes, None]:
    """The body in pieces as they come, undecoded; each within its time, and all before `end` (monotonic)."""
    if (found := response.headers.get("content-encoding", "identity").strip().lower()) not in ("", "identity"):
        raise RemoteError(f"{endpoint.host} compressed its answer ({found[:20]}), which is not read; {_PROXY}")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        shown = kind if re.fullmatch(r"[\w.+-]{1,40}/[\w.+-]{1,40}", kind) else "something else"
        raise RemoteError(
            f"{endpoint.host} answered with {shown} instead of an event stream; "
            f"see remote.baseUrl, which mostly ends with /v1"
        )
    limit = FIRST * endpoint.seconds
    async with aclosing(response.aiter_raw()) as pieces:
        while (piece := await _within(endpoint, pieces, min(limit, end - time.monotonic()))) is not None:
            yield piece
            limit = endpoint.seconds


_PROXY = "is that a proxy in between?"


async def _whole(endpoint: Endpoint, response: httpx2.Response, most: int, seconds: float) -> bytes:
    """The body, undecoded, at most `most` bytes."""
    end = time.monotonic() + seconds
    whole = bytearray()
    async with aclosing(response.aiter_raw()) as pieces:
        while (piece := await _within(endpoint, pieces, end - time.monotonic())) is not None:
            whole += piece
            if len(whole) > most:
                raise RemoteError(f"{endpoint.host} sent more than {most >> 10} KB; is remote.baseUrl right?")
    return bytes(whole)


async def _within(endpoint: Endpoint, pieces: AsyncGenerator[bytes, None], seconds: float) -> bytes | None:
    """The next piece; None at the end."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            return await anext(pieces, None)
    except TimeoutError:
        raise RemoteError(
            f"{endpoint.host} fell silent in the middle of its answer, or took too long; {_SLOW}"
        ) from None
    except (httpx2.HTTPError, httpx2.StreamError):
        raise RemoteError(f"{endpoint.host} cut the connection in the middle of its answer; ask again") from None


async def _refused(endpoint: Endpoint, response: httpx2.Response, asked: bytes) -> EngineError | Again:
    body = b""
    if response.headers.get("content-encoding", "identity").strip().lower() in ("", "identity"):
        with suppress(RemoteError):
            body = await _whole(endpoint, response, _REFUSAL_BYTES, LISTING_SECONDS)
    error = refusal(endpoint, response.status_code, response.headers, body, asked)
    return Again(error, wanted_pause(response.headers)) if response.status_code in RETRIED else error


def _unreached(endpoint: Endpoint, error: httpx2.HTTPError) -> EngineError | Again:
    """Nothing was answered. Only what failed before anything was sent is tried again."""
    host, causes = endpoint.host, list(_causes(error))
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return RemoteError(
            f"{host} cannot be trusted: its certificate is not valid here; if it is your own, name it in SSL_CERT_FILE"
        )
    if isinstance(error, httpx2.ProxyError):
        return RemoteError(f"the proxy on the way to {host} refused; see HTTPS_PROXY and NO_PROXY")
    if not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return RemoteError(f"{host} ended the connection without an answer ({type(error).__name__}); see its log")
    if any(isinstance(each, socket.gaierror) for each in causes):
        why = "there is no such host, or no network"
    elif isinstance(error, httpx2.ConnectTimeout):
        why = "nothing answers there"
    else:
        why = "nothing listens there"
    proxied = not endpoint.loopback and urllib.request.getproxies()
    further = ", or see whether the proxy is right (HTTPS_PROXY)" if proxied else ""
    return Again(RemoteError(f"{host} cannot be reached: {why}; start the server, or correct remote.baseUrl{further}"))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
