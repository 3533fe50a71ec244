"""An engine that replays written answers: for tests, demonstrations and editor work without a model.

The script is TOML; the first rule that fits a request answers it:

    [model]                      # optional; fields of `ModelInfo`
    name = "scripted"
    context = 8192

    [[answer]]
    match = 'def insert'         # regular expression, searched in all of the request's text; "" fits everything
    text = "<think>Look.</think>It inserts."   # streamed word by word
    delay_ms_per_token = 20      # between two words
    wait_ms = 0                  # before the first word, as reading a prompt would take
    hold = false                 # after the text: wait until the request is cancelled
    error = ""                   # after the text: fail with this message ...
    error_kind = "EngineDied"    # ... as this class of `EngineError`
    once = false                 # the rule answers one request only; the next one goes on to later rules

    [[score]]                    # how likely a text is as an answer; the first rule that fits it counts
    match = 'range.n . 1'        # regular expression, searched in the text
    logprob = -3.0               # a text that no rule fits has -1 for each word

    [[doubt]]                    # where something else is expected
    place = ' < high'            # a word of the text and what follows it
    rather = " <="               # what is expected in that word's place
    then = " high:"              # how it would go on after that

The text is the whole answer, an `answer_prefix` included. It knows nothing of models: what is not written is an error.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import tomllib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from . import Chunk, EngineError, EngineStatus, Finished, ModelInfo, Reading, Request, Score, Text, Usage

_T = TypeVar("_T")
_WORD = re.compile(r"\s*\S+|\s+")
_KINDS: list[type[EngineError]] = [EngineError, *EngineError.__subclasses__()]
_ERRORS = {kind.__name__: kind for kind in _KINDS}
_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "bool": bool, "int": int, "float": (int, float)}


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[answer]]` of a script; the module's text says what the fields mean."""

    match: str = ""
    text: str = ""
    delay_ms_per_token: float = 0.0
    wait_ms: float = 0.0
    hold: bool = False
    error: str = ""
    error_kind: str = "EngineError"
    once: bool = False

    def fits(self, text: str) -> bool:
        """Whether the rule answers a request with this text."""
        return re.search(self.match, text, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Likely:
    """One `[[score]]` of a script."""

    match: str = ""
    logprob: float = 0.0


@dataclass(frozen=True, slots=True)
class Doubted:
    """One `[[doubt]]` of a script."""

    place: str = ""
    rather: str = ""
    then: str = ""


class Scripted:
    """An `Engine` of rules. Not a queue: requests run side by side."""

    def __init__(
        self,
        rules: Sequence[Rule],
        info: ModelInfo | None = None,
        where: str = "the script",
        likely: Sequence[Likely] = (),
        doubted: Sequence[Doubted] = (),
    ) -> None:
        digest = hashlib.sha256(repr([asdict(rule) for rule in rules]).encode()).hexdigest()
        self._info = info or ModelInfo("scripted", digest, 8192)
        self._rules = tuple(rules)
        self._likely = tuple(likely)
        self._doubted = tuple(doubted)
        self._used: set[int] = set()  # places of `once` rules that have answered
        self._where = where
        self._busy = 0
        self._tokens = {"prompt": 0, "answer": 0}

    @classmethod
    def from_file(cls, path: Path) -> Scripted:
        """Read a script. Raises `EngineError` that names the file and the field."""
        try:
            written = path.read_bytes()
            tree = tomllib.loads(written.decode("utf-8"))
        except OSError as error:
            raise EngineError(f"{path}: the script cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise EngineError(f"{path}: the script is not TOML: {error}") from error
        if unknown := sorted(set(tree) - {"model", "answer", "score", "doubt"}):
            known_tables = "[model], [[answer]], [[score]] and [[doubt]]"
            raise EngineError(f"{path}: no such table: {', '.join(unknown)}; there are {known_tables}")
        rules = _tables(Rule, tree, "answer", path)
        likely = _tables(Likely, tree, "score", path)
        doubted = _tables(Doubted, tree, "doubt", path)
        for at, rule in enumerate(rules, 1):
            _check(rule, f"{path}: answer {at}")
        for at, each in enumerate(likely, 1):
            _check(each, f"{path}: score {at}")
        known = {"name": "scripted", "digest": hashlib.sha256(written).hexdigest(), "context": 8192}
        info = _read(ModelInfo, known | dict(tree.get("model", {})), f"{path}: model")
        return cls(rules, info, str(path), likely, doubted)

    def _rule(self, request: Request) -> Rule:
        text = "\n".join(message.content for message in request.messages)
        for at, rule in enumerate(self._rules):
            if at not in self._used and rule.fits(text):
                if rule.once:
                    self._used.add(at)
                return rule
        raise EngineError(f"{self._where} has no answer for this request; add an [[answer]] whose match fits it")

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Answer by the first rule that fits. Raises `EngineError` where none does or the rule says so."""
        if request.answers and request.max_tokens:
            yield Finished("stop", model=self._info.name, texts=tuple(map(self._gone_on, request.answers)))
            return
        if request.answers:
            yield Finished("stop", model=self._info.name, scores=tuple(map(self._scored, request.answers)))
            return
        rule = self._rule(request)
        began = time.monotonic()
        prompt = sum(await self.count([message.content for message in request.messages]))
        self._busy += 1
        try:
            yield Reading(0, prompt)
            await asyncio.sleep(rule.wait_ms / 1000)
            yield Reading(prompt, prompt)
            self._tokens["prompt"] += prompt
            counted = {"thought": 0, "answer": 0}
            reason: Literal["stop", "length"] = "stop"
            for part, word in self._words(rule.text, request.stop):
                if part == "answer" and counted["answer"] >= request.max_tokens:
                    reason = "length"
                    break
                counted[part] += 1
                await asyncio.sleep(rule.delay_ms_per_token / 1000)
                yield Text(word)
                self._tokens["answer"] += 1
            if rule.error:
                raise _ERRORS[rule.error_kind](rule.error)
            if rule.hold:
                await asyncio.Event().wait()
            usage = Usage(prompt, 0, counted["thought"], counted["answer"], 0, time.monotonic() - began)
            yield Finished(reason, usage, self._info.name)
        finally:
            self._busy -= 1

    def _words(self, text: str, stops: Sequence[str]) -> list[tuple[Literal["thought", "answer"], str]]:
        """The script's words, reasoning marks as words of their own, each with the part that it belongs to."""
        head, mark, answer = text.rpartition(self._info.think_close)
        cuts = [at for stop in stops if stop and (at := answer.find(stop)) >= 0]
        words: list[tuple[Literal["thought", "answer"], str]] = [("thought", word) for word in _WORD.findall(head)]
        if mark:
            words.append(("thought", mark))
        return words + [("answer", word) for word in _WORD.findall(answer[: min(cuts, default=len(answer))])]

    def _scored(self, answer: str) -> Score:
        """The whole log-probability on the first word, or spread evenly where no rule fits."""
        words = list(_WORD.finditer(answer))
        fitting = [each.logprob for each in self._likely if re.search(each.match, answer, re.DOTALL)]
        logprobs = [fitting[0], *[0.0] * (len(words) - 1)] if fitting else [-1.0] * len(words)
        rather = [
            next((each.rather for each in self._doubted if answer.startswith(each.place, word.start())), word[0])
            for word in words
        ]
        sure = [own if there == word[0] else 0.0 for own, there, word in zip(logprobs, rather, words, strict=True)]
        ends = tuple(word.end() for word in words)
        return Score(len(words), sum(logprobs), tuple(logprobs), ends, tuple(rather), tuple(sure))

    def _gone_on(self, beginning: str) -> str:
        return next((each.then for each in self._doubted if beginning.endswith(each.rather)), "")

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Words, as a stand-in for tokens."""
        return [len(_WORD.findall(text)) for text in texts]

    def model(self) -> ModelInfo:
        """What the script's `[model]` says; the digest is the script's, so a changed script has its own answers."""
        return self._info

    def status(self) -> EngineStatus:
        """Never waits."""
        return EngineStatus("busy" if self._busy else "idle", tokens=dict(self._tokens))

    async def close(self) -> None:
        """Nothing is held."""


def _read(kind: type[_T], tree: Any, where: str) -> _T:
    if not isinstance(tree, Mapping):
        raise EngineError(f"{where}: expected a table")
    known = {f.name: str(f.type) for f in fields(kind)}  # type: ignore[arg-type]
    for name, value in tree.items():
        if name not in known:
            raise EngineError(f"{where}: no such field: {name}; there are: {', '.join(known)}")
        if not isinstance(value, _TYPES[known[name]]) or (isinstance(value, bool) and known[name] != "bool"):
            raise EngineError(f"{where}: {name}: expected {known[name]}, got {value!r}")
    return kind(**tree)


def _tables(kind: type[_T], tree: Mapping[str, Any], name: str, path: Path) -> list[_T]:
    tables = tree.get(name, [])
    if not isinstance(tables, list):
        raise EngineError(f"{path}: write [[{name}]] with two brackets: there may be many")
    return [_read(kind, table, f"{path}: {name} {at}") for at, table in enumerate(tables, 1)]


def _check(rule: Rule | Likely, where: str) -> None:
    try:
        re.compile(rule.match)
    except re.error as error:
        raise EngineError(f"{where}: match: not a regular expression: {error}") from error
    if isinstance(rule, Rule) and rule.error_kind not in _ERRORS:
        raise EngineError(f"{where}: error_kind: {rule.error_kind!r} is not one of {', '.join(_ERRORS)}")
