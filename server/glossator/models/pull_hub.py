"""Fetches a model's file from the Hugging Face hub, over its plain HTTP interface. Knows nothing of other sources.

The hub names the SHA-256 of a large file before the first byte comes. No token is sent and no telemetry.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import ModelError, PullStopped, SourceUnreachable
from .partial import Fetched, Order, Partial, TooMuch

CONNECT_SECONDS = 6.0
SILENCE_SECONDS = 20.0  # how long the stream may stall
TRIES = 4  # in a row without a single byte
PIECE = 64 << 20  # how much is made lasting at a time


@dataclass(frozen=True, slots=True)
class Offer:
    """What the hub says of a file: where it is, its size in bytes and its SHA-256."""

    url: str
    size: int
    sha256: str


def fetch(order: Order, source: str, endpoint: str | None) -> Fetched:
    """The whole file in the order's folder, verified. Raises `ModelError`, and whatever `stop` raises."""
    card, stop, progress = order.card, order.stop, order.progress
    repository, _, file = source.rpartition("/")
    what = f"hub, {repository}"
    stop()
    progress(0, card.bytes, what)
    offer = _offer(repository, file, endpoint)
    if card.sha256 and offer.sha256 != card.sha256:
        raise ModelError(f"the hub's {file} in {repository} is not the known one (SHA-256 {offer.sha256})")
    with Partial(order.work / "hub.partial", f"{source} {offer.sha256}", offer.size) as partial:

        def tick_resume(done: int) -> None:
            stop()
            progress(done, offer.size, "checking what is here already")

        partial.resume(tick_resume)
        order.room_for(order.work, offer.size - partial.done)

        def tick() -> None:
            stop()
            progress(partial.done, offer.size, what)

        _stream(offer, partial, tick, repository)
        if partial.sha256() != offer.sha256:
            found = partial.sha256()
            partial.discard()
            raise ModelError(
                f"what came of {file} from {repository} has the SHA-256 {found}, not {offer.sha256}; it was thrown away"
            )
        return Fetched(partial.path, offer.sha256)


def _offer(repository: str, file: str, endpoint: str | None) -> Offer:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the library is imported
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(repository, file, endpoint=endpoint)
    try:
        said = get_hf_file_metadata(url, token=False, timeout=CONNECT_SECONDS, endpoint=endpoint)
    except Exception as error:  # the library raises those of whichever HTTP client it is built on
        raise _refusal(repository, file, error) from error
    sha256 = str(said.etag or "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not said.size:
        raise ModelError(f"the hub gives no SHA-256 for {file} in {repository}")
    return Offer(url, int(said.size), sha256)


def _stream(offer: Offer, partial: Partial, tick: Callable[[], None], repository: str) -> None:
    """Append what is missing; goes on after a broken connection as long as bytes come."""
    from huggingface_hub import get_session

    fruitless = 0
    while partial.done < offer.size:
        before = partial.done
        try:
            headers = {"Range": f"bytes={before}-", "Accept-Encoding": "identity"}
            with get_session().stream("GET", offer.url, headers=headers, timeout=SILENCE_SECONDS) as response:
                _take(response, offer, partial, tick, repository)
        except (PullStopped, ModelError, OSError):
            raise
        except Exception as error:  # as above; a try that brought something was not in vain
            fruitless = 0 if partial.done > before else fruitless + 1
            if fruitless >= TRIES:
                raise ModelError(f"the connection to the hub broke off ({_name(error)})") from error
            continue
        if partial.done == before:
            raise ModelError(f"the hub ended {repository} after {before:,} of {offer.size:,} bytes")


def _take(response: Any, offer: Offer, partial: Partial, tick: Callable[[], None], repository: str) -> None:
    if response.status_code == 200 and partial.done:  # the server knows no ranges: from the start again
        partial.discard()
    elif response.status_code not in (200, 206):
        raise ModelError(f"the hub answered {response.status_code} for {repository}")
    since = partial.done
    for block in response.iter_raw():  # as they come: a block that is waited for is lost with the connection
        try:
            partial.write(block)
        except TooMuch as error:
            partial.discard()
            raise ModelError(f"the hub sent more than the {offer.size:,} bytes it had announced") from error
        tick()
        if partial.done - since >= PIECE:
            partial.close_piece()
            since = partial.done
    if partial.done > since:
        partial.close_piece()


def _refusal(repository: str, file: str, error: Exception) -> ModelError:
    name = type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if name == "OfflineModeIsEnabled":
        return SourceUnreachable("the hub was not asked: HF_HUB_OFFLINE is set")
    if status == 429:
        return ModelError("the hub wants fewer requests from this address (429); try again later")
    if status in (401, 403, 404):
        return ModelError(f"the hub has no public file {file} in {repository} ({status})")
    if status:
        return ModelError(f"the hub answered {status} for {repository}")
    return SourceUnreachable(f"the hub cannot be reached ({_name(error)})")


def _name(error: Exception) -> str:
    """An error of an HTTP client in a few words."""
    text = str(error).splitlines()[0] if str(error) else ""
    return text[:120] or type(error).__name__
