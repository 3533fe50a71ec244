"""Asking an engine how likely it finds given texts as its answer, and how it would go on with them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from . import Engine, EngineError, Finished, Request, Score


async def score(engine: Engine, request: Request, answers: Sequence[str]) -> list[Score]:
    """How likely each of `answers` is as the answer to `request`, one prefill for all. Raises `EngineError`.

    The answers are scored without thought, after the request's `answer_prefix`; order, priority and cancelling are
    those of `Engine.stream`.
    """
    if not answers:
        return []
    asked = replace(request, answers=tuple(answers), max_tokens=0, thinking=0, draft="")
    scores = (await _finished(engine, asked)).scores
    if len(scores) != len(answers):
        raise EngineError("the engine gave no scores")
    return list(scores)


async def go_on(engine: Engine, request: Request, beginnings: Sequence[str]) -> list[str]:
    """How the model would go on after each of `beginnings` of an answer to `request`, always with the likeliest token,
    until `request.max_tokens` or the first of `request.stop` (which is left out). Raises `EngineError`.

    What the beginnings have in common is evaluated once. Without thought, as in `score`.
    """
    if not beginnings:
        return []
    asked = replace(request, answers=tuple(beginnings), max_tokens=max(1, request.max_tokens), thinking=0, draft="")
    texts = (await _finished(engine, asked)).texts
    if len(texts) != len(beginnings):
        raise EngineError("the engine went on with nothing")
    return list(texts)


async def _finished(engine: Engine, request: Request) -> Finished:
    async with aclosing(engine.stream(request)) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, Finished):
                return chunk
    raise EngineError("the engine ended before it gave scores or went on")
