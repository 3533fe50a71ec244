"""Prompt in, text out: everything that the rest of the program may know about language models.

This module knows nothing of code, editors or files. An `Engine` is asked with a `Request` and answers with a stream of
`Chunk` values. Closing the stream (`aclose`) cancels the work behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]


class Priority(IntEnum):
    """Who goes first; a lower number pre-empts a higher one."""

    COMMAND = 0
    HOVER = 1
    PREFETCH = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: `stable`, which other requests will share (a file's text), `preamble`, which those of the same kind do
    (what an action wants), and `text`, in this order.

    All are content: a control token's spelling inside them is tokenized as plain text. The model's state is worth
    keeping at the end of `stable`, and goes on being used at the end of `preamble`.
    """

    role: Role
    text: str
    stable: str = ""
    preamble: str = ""

    @property
    def content(self) -> str:
        """The whole turn."""
        return self.stable + self.preamble + self.text


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is chosen. `temperature` 0 is greedy. `None` fields fall back to the model's own advice."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Attributes:
        messages: The conversation, the last turn being the user's.
        max_tokens: At most this many tokens of answer (thoughts are counted apart). 0 only evaluates the prompt.
        thinking: At most this many tokens of thought before the closing mark is forced; 0: no thinking.
            A model without reasoning marks of its own is made to think inside `<think>`.
        answer_prefix: Text with which the answer is made to begin (after the thought); it is part of the answer. A
            remote server may only be able to be asked for it.
        draft: Text that the answer will probably copy; it may make decoding faster, never change the answer.
        stop: The answer ends before the first of these.
        recipe: Digest of what the answer depends on. Equal recipes have equal answers, even where the prompts differ
            (a function that moved). Empty: the messages themselves.
        lane: A newer request of the same lane replaces an older one (`""`: none is replaced).
        answers: Nothing is streamed; `Finished.scores` says how likely each of these texts is as the answer
            (after `answer_prefix`). With `max_tokens` above 0 each is gone on with instead, always with the likeliest
            token, until so many or the first of `stop`: `Finished.texts`. `likelihood` asks so.
        purpose: What it is for (an action's name), for the ledger alone: no answer depends on it.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 512
    thinking: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    answer_prefix: str = ""
    draft: str = ""
    stop: tuple[str, ...] = ()
    recipe: str = ""
    priority: Priority = Priority.COMMAND
    lane: str = ""
    answers: tuple[str, ...] = ()
    purpose: str = ""

    def key(self, model: str) -> str:
        """The digest under which the answer of `model` (a model's digest) is remembered (64 hex digits)."""
        question: object = self.recipe or [asdict(message) for message in self.messages]
        parts = [model, question, self.max_tokens, self.thinking, asdict(self.sampling), self.answer_prefix, self.stop]
        parts += [self.answers] if self.answers else []
        written = json.dumps(parts, ensure_ascii=False, sort_keys=True)  # lone surrogates are legal in an editor's text
        return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits behind `ahead` others."""

    ahead: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The prompt is being evaluated: `done` of `total` tokens (reused ones count as done)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of what the model wrote, reasoning marks included, in order. `tokens` is how many it was decoded from."""

    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. Tokens are counts; `seconds` wall time, `cpu_seconds` process time of all threads.

    `approximate`: the prompt's state was partly taken from nearly the same text (before an edit), to be fast. Such an
    answer may differ from the exact one and is not remembered.
    """

    prompt_tokens: int = 0
    reused_tokens: int = 0
    thought_tokens: int = 0
    answer_tokens: int = 0
    drafted_tokens: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a model finds a text as its answer.

    Attributes:
        tokens: How many tokens the text has.
        logprob: The natural logarithm of the text's probability: the sum of `token_logprobs`. How it ends (with the
            answer's end or with more text) is not part of it.
        token_logprobs: Of each token, given the prompt and the tokens before.
        ends: Where in the text each token ends (characters; a token that ends within a character ends before it).
        preferred: What the model would rather have written in the place of each token: its likeliest token's text (the
            token itself where that was the likeliest; empty where it stands for the answer's end).
        preferred_logprobs: How likely that was.
    """

    tokens: int
    logprob: float
    token_logprobs: tuple[float, ...] = ()
    ends: tuple[int, ...] = ()
    preferred: tuple[str, ...] = ()
    preferred_logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The last chunk of every stream that was neither cancelled nor failed.

    `reason`: the model ended (`stop`), the token limit was reached (`length`), or it repeated itself (`loop`).
    `scores` or `texts`: one for each of `Request.answers`.
    """

    reason: Literal["stop", "length", "loop"]
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    remembered: bool = False
    scores: tuple[Score, ...] = ()
    texts: tuple[str, ...] = ()


Chunk = Queued | Reading | Text | Finished


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model behind an engine. `digest` names its exact weights (the file's SHA-256, or a remote identity).

    The rates are tokens a second on this machine, reading a prompt and writing an answer; 0: not measured. `scores`:
    whether `likelihood` can be asked, which nothing but the model's own logits allows.
    """

    name: str
    digest: str
    context: int
    reasoning: bool = False
    think_open: str = "<think>"
    think_close: str = "</think>"
    prefill_rate: float = 0.0
    decode_rate: float = 0.0
    scores: bool = True


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """`state`: `off` (not started), `starting`, `idle`, `busy`, `failed`."""

    state: str
    pid: int | None = None
    restarts: int = 0
    queued: int = 0
    last_error: str = ""
    tokens: dict[str, int] = field(default_factory=dict)


class Engine(Protocol):
    """What answers requests. Implementations: `client` (shared process), `remote`, `remembered`, `scripted`."""

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Answer `request`. Raises `EngineError`; closing the generator cancels."""
        ...

    async def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens."""
        ...

    def model(self) -> ModelInfo:
        """The model that would answer; known without starting anything. Raises `ModelMissing`."""
        ...

    def status(self) -> EngineStatus:
        """What the engine is doing; never waits."""
        ...

    async def close(self) -> None:
        """Give back what is held. The shared process lives on for its other clients."""
        ...


class EngineError(Exception):
    """Something a user should read: what happened, where, and what to do. The base of all errors of this package.

    EngineError
    ├── ModelMissing     no such model here; says how to get it
    ├── ModelBroken      the file is not what it should be (empty, truncated, wrong hash, not a GGUF)
    ├── EngineDied       the engine process ended while it worked; the next request starts another
    ├── EngineBusy       the queue is full, or a newer request of the same lane took this one's place
    ├── ContextTooLong   the prompt does not fit the model's context window
    ├── PackRefused      a pack of answers is damaged, too large or no pack
    ├── RequestPoisoned  the request ended the engine process twice and is refused for this session
    └── RemoteError      the remote server refused, failed or was cut off
    """


class ModelMissing(EngineError):
    """No such model on this machine."""


class ModelBroken(EngineError):
    """The model's file is damaged or is not a model."""


class EngineDied(EngineError):
    """The engine process ended while it worked."""


class EngineBusy(EngineError):
    """Too much is queued, or a newer request replaced this one."""


class ContextTooLong(EngineError):
    """The prompt does not fit."""


class PackRefused(EngineError):
    """A file is not a pack of answers, or not one that is read."""


class RequestPoisoned(EngineError):
    """This request ended the engine process before."""


class RemoteError(EngineError):
    """The remote server did not answer as it should."""
