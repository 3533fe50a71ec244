"""A GGUF model that answers requests: prompt to tokens, prefill, decoding. Knows no sockets, queues or editors.

Synchronous and for one thread at a time; `cancelled` is asked between tokens and, by a watching thread, inside a
prefill. This module and `llama_native` are all that knows llama.cpp.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..models import Card
from . import Chunk, ContextTooLong, Finished, ModelBroken, ModelInfo, Priority, Reading, Request, Text, Usage
from .calibration import Shelf
from .decoding import Cancelled, Decoding, Tools
from .drafting import Copier
from .given import judge
from .llama_native import MAX_OUTPUTS, Native
from .machine import cores
from .measuring import quick
from .pace import Pace
from .prefixes import Aborted, Prefixes, Resident, cuts
from .rates import Rates
from .sampling import Choice, Logits, Sampler
from .states import States
from .templates import LAST_WORDS, family_of, marks, render
from .thinking import Thought

UBATCH = 128  # tokens evaluated at once: 5 % slower than 512, and cancelling is quick
WATCH_SECONDS = 0.01  # how often a prefill asks whether it is still wanted
CLOSING_TOKENS = 32  # room for what is written to close a thought


@dataclass(frozen=True, slots=True)
class _Prompt:
    """Tokens, where they are cut for evaluation, how many other prompts share, and the answer's given beginning."""

    tokens: list[int]
    places: list[int]
    stable: int
    begun: list[int]


class Model:
    """A loaded model. Raises `ModelMissing` or `ModelBroken`, naming file and reason."""

    def __init__(
        self,
        path: Path,
        card: Card,
        digest: str,
        *,
        context: int = 0,
        threads: int = 0,
        gpu_layers: int = -1,
        states: Path | None = None,
        states_megabytes: int = 1024,
        calibrations: Shelf | None = None,
    ) -> None:
        """`context` in tokens, 0: by this machine's memory; `threads` 0: all cores; `gpu_layers` -1: all.

        `states` is a folder for KV states that outlive the process (None: none), `states_megabytes` its limit.
        `calibrations` is where what was measured of this model is kept (None: nowhere).
        """
        self._rates = Rates(calibrations)
        known = self._rates.known
        self._threads = threads or known.prefill_threads or cores()
        native = Native(
            path,
            cells=min(context, card.context) if context else 0,
            ubatch=known.ubatch or UBATCH,
            threads=self._threads,
            gpu_layers=gpu_layers,
            repack=known.repack,
        )
        self._native = native
        template = native.meta("tokenizer.chat_template")
        self._card = card
        self._family = family_of(card.family, template, native.meta("general.architecture"))
        for mark in marks(self._family):
            if native.piece(native.tokenize(mark, marks=True)[0], marks=True).decode("utf-8", "replace") != mark:
                raise ModelBroken(
                    f"{path}: its vocabulary has no {mark}, so it is no {self._family} model as it is said to be"
                )
        self._reasoning = card.reasoning
        spelled = [re.escape(mark) for mark in native.marks()]
        self._spelled = re.compile("|".join(spelled)) if spelled else None
        self._states = self._shelf(states, digest, states_megabytes << 20)
        self._prefixes = Prefixes(native, step=native.ubatch, shelf=self._states)
        self._owed: _Prompt | None = None  # whose stable part was answered from a state that is not exact
        self._warm = False  # the first request brings the weights into memory, and says nothing of the rates
        self._totals = dict.fromkeys(("computed", "reused", "drafted", "written", "mended"), 0)
        self._pace = Pace(self._threads, known.decode_threads)
        self._frugal = Pace(1)  # what nobody waits for costs least on one thread
        self._rates.context = 0 if context else min(native.cells, native.trained)
        self._measured = bool(threads or known.prefill_threads)  # nothing is left to be found out
        self.info = ModelInfo(
            name=card.name,
            digest=digest,
            context=min(native.cells, native.trained),
            reasoning=self._reasoning,
            think_open=card.think_open,
            think_close=card.think_close,
            prefill_rate=known.prefill_rate,
            decode_rate=known.decode_rate,
        )

    def close(self) -> None:
        """Free the model; nothing else may be called afterwards."""
        if self._states is not None:
            self._states.close()
        self._native.close()

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, read as content."""
        return [len(self._content(text)) for text in texts]

    def generate(self, request: Request, emit: Callable[[Chunk], None], cancelled: Callable[[], bool]) -> None:
        """Answer `request` through `emit`, with `Finished` at the end unless `cancelled` came true.

        Raises `ContextTooLong`, or `EngineError` when llama.cpp fails.
        """
        if request.answers:
            self._answers(request, emit, cancelled)
            return
        began, cpu = time.perf_counter(), time.process_time()
        prompt = self._prompt(request)
        self._check(request, prompt)
        try:
            with self._watched(cancelled):
                # What is made ahead is to be remembered: only exact answers are, and what they begin with.
                ahead = request.priority is Priority.PREFETCH and bool(request.messages[-1].text)
                resident = self._prefixes.enter(prompt.tokens, prompt.places, 0 if ahead else prompt.stable)
                reused = len(resident.tokens)
                if approximate := reused > resident.exact:
                    self._owed = prompt
                reading = time.perf_counter()
                logits = self._read(prompt, resident, emit)
                if ahead and not request.max_tokens:
                    self._prefixes.keep_whole(resident)
                writing = time.perf_counter()
                decoding = self._decoding(request, prompt, resident, emit, cancelled)
                reason = decoding.run(logits) if request.max_tokens else "length"
        except (Aborted, Cancelled):
            return
        over = time.perf_counter()
        told = not request.draft and request.priority is not Priority.PREFETCH
        written = decoding.thought.tokens + decoding.answer_tokens if told else 0
        if self._warm:
            self._rates.took(len(prompt.tokens) - reused, writing - reading, written, over - writing)
        self._warm = True
        self.info = self._rates.told(self.info)
        usage = Usage(
            prompt_tokens=len(prompt.tokens),
            reused_tokens=reused,
            thought_tokens=decoding.thought.tokens,
            answer_tokens=decoding.answer_tokens,
            drafted_tokens=decoding.drafted,
            approximate=approximate,
            seconds=over - began,
            cpu_seconds=time.process_time() - cpu,
        )
        self._count(usage)
        emit(Finished(reason, usage, self.info.name))

    def mend(self, cancelled: Callable[[], bool]) -> bool:
        """Read exactly what the last answer took from the state of another text; whether nothing is left to be read.

        Gives way when `cancelled` comes true; what was read by then need not be read again.
        """
        prompt, self._owed = self._owed, None
        if prompt is None:
            return True
        stable = prompt.tokens[: prompt.stable]
        if self._prefixes.holds(stable):
            return True
        places = [place for place in prompt.places if place <= prompt.stable]
        try:
            with self._watched(cancelled):
                resident = self._prefixes.enter(stable, places)
                self._native.set_threads(self._pace.threads, self._threads)
                for end in (place for place in places if place > len(resident.tokens)):
                    have = len(resident.tokens)
                    self._prefixes.extend(resident, stable[have:end], 1, reading=True)
                    self._totals["mended"] += end - have
                self._prefixes.keep(resident)
        except Aborted:
            self._owed = prompt
            return False
        return True

    def forget(self) -> None:
        """Drop all states that are held in memory."""
        self._prefixes.clear()

    def state(self) -> dict[str, int]:
        """Counts since the start: tokens `computed`, `reused`, `drafted`, `written` and `mended`; `cells` in use;
        states in memory (`blobs`, `blob_bytes`) and on disk (`files`, `file_bytes`)."""
        kept = {} if self._states is None else self._states.state()
        return {**self._totals, **self._prefixes.state(), **kept}

    def _count(self, usage: Usage) -> None:
        self._totals["computed"] += usage.prompt_tokens - usage.reused_tokens
        self._totals["reused"] += usage.reused_tokens
        self._totals["drafted"] += usage.drafted_tokens
        self._totals["written"] += usage.thought_tokens + usage.answer_tokens

    def _answers(self, request: Request, emit: Callable[[Chunk], None], cancelled: Callable[[], bool]) -> None:
        """Tell how likely each of the request's answers is, or how it goes on, through `Finished`."""
        began, cpu = time.perf_counter(), time.process_time()
        native, prompt = self._native, self._prompt(request)
        answers = [self._content(answer) for answer in request.answers]
        self._fits(max(map(len, answers)) + request.max_tokens, prompt)
        before = self._prefixes.evaluated
        try:
            with self._watched(cancelled):
                resident = self._prefixes.enter(prompt.tokens, prompt.places)
                reused, total = len(resident.tokens), len(prompt.tokens)
                logits = self._read(prompt, resident, emit)
                found = judge(
                    request,
                    answers,
                    native=native,
                    prefixes=self._prefixes,
                    resident=resident,
                    logits=logits,
                    rows=MAX_OUTPUTS,
                    progress=lambda: emit(Reading(total, total)),
                )
        except Aborted:
            return
        usage = Usage(
            prompt_tokens=reused + self._prefixes.evaluated - before - found.decoded,
            reused_tokens=reused,
            answer_tokens=found.written,
            seconds=time.perf_counter() - began,
            cpu_seconds=time.process_time() - cpu,
        )
        self._count(usage)
        emit(Finished("stop", usage, self.info.name, scores=found.scores, texts=found.texts))

    def calibrate(self, cancelled: Callable[[], bool]) -> None:
        """Find out once how fast this machine is, in a second or two; gives way when `cancelled` comes true."""
        if self._measured:
            return
        with suppress(Aborted), self._watched(cancelled):
            self._prefixes.enter([], [])  # what the sequence holds is kept in memory
            self._measured = self._rates.learn(quick(self._native, self._threads, self._rates.known))
            if self._measured:
                self._pace = Pace(self._threads, self._rates.known.decode_threads)
            self.info = self._rates.told(self.info)

    def _shelf(self, folder: Path | None, digest: str, limit: int) -> States | None:
        """The states on disk; None where there can be none, which costs time only."""
        if folder is None or not digest or limit <= 0:
            return None
        identity = f"{digest} ubatch {self._native.ubatch} repack {self._native.repacked} f16 {self._native.build}"
        with suppress(OSError):
            return States(folder, identity, limit)
        return None

    # --- the prompt --------------------------------------------------------------------------------------------------

    def _prompt(self, request: Request) -> _Prompt:
        parts = render(
            self._family,
            request.messages,
            thinking=request.thinking > 0,
            reasoning=self._reasoning,
            opening=self._card.think_open,
            close=self._card.think_close,
        )
        tokens: list[int] = []
        ends: list[int] = []
        stable = 0
        for part in parts:
            tokens += self._native.tokenize(part.text, marks=True) if part.mark else self._content(part.text)
            if part.cut:
                ends.append(len(tokens))
            if part.keep:
                stable = len(tokens)
        begun = self._content(request.answer_prefix) if request.answer_prefix and not request.thinking else []
        tokens += begun
        return _Prompt(tokens, cuts(len(tokens), ends, self._native.ubatch), stable, begun)

    def _content(self, text: str) -> list[int]:
        """The tokens of content: no spelling of any mark in it becomes that mark's token.

        llama.cpp reads user-defined tokens (`<think>` in many models) even where control tokens are switched off, so
        their spellings are cut after the first character.
        """
        if self._spelled is None:
            return self._native.tokenize(text, marks=False)
        tokens: list[int] = []
        start = 0
        for match in self._spelled.finditer(text):
            tokens += self._native.tokenize(text[start : match.start() + 1], marks=False)
            start = match.start() + 1
        return tokens + self._native.tokenize(text[start:], marks=False)

    def _check(self, request: Request, prompt: _Prompt) -> None:
        """The thought, its end and the answer's given beginning take nothing from the answer."""
        thought = request.thinking
        if thought and request.max_tokens:
            thought += CLOSING_TOKENS + len(self._content(request.answer_prefix))
        self._fits(request.max_tokens + thought, prompt)

    def _fits(self, budget: int, prompt: _Prompt) -> None:
        if len(prompt.tokens) + budget > self.info.context:
            raise ContextTooLong(
                f"the prompt has {len(prompt.tokens)} tokens and {budget} are reserved for the answer, "
                f"but the context window has {self.info.context}; show less code or set local.context higher"
            )

    # --- evaluation --------------------------------------------------------------------------------------------------

    def _read(self, prompt: _Prompt, resident: Resident, emit: Callable[[Chunk], None]) -> Logits:
        """Evaluate what `resident` lacks of the prompt; the logits after its last token."""
        total, done = len(prompt.tokens), len(resident.tokens)
        emit(Reading(done, total))
        if done == total and resident.logits is not None:
            return resident.logits
        self._native.set_threads(self._pace.threads, self._threads)
        for end in (place for place in prompt.places if place > done):
            self._prefixes.extend(resident, prompt.tokens[len(resident.tokens) : end], 1, reading=True)
            if end == prompt.stable:
                self._prefixes.keep(resident)
            emit(Reading(end, total))
        resident.logits = self._native.logits(-1).copy()
        resident.logits_at = total
        return resident.logits

    def _decoding(
        self,
        request: Request,
        prompt: _Prompt,
        resident: Resident,
        emit: Callable[[Chunk], None],
        cancelled: Callable[[], bool],
    ) -> Decoding:
        budget = request.thinking if request.max_tokens else 0
        last_words = LAST_WORDS.get(self._family, "")
        thought = Thought(self._card.think_close, budget, last_words, opening=self._card.think_open)
        opening = f"{self._card.think_open}\n" if thought.open else request.answer_prefix
        if opening and request.max_tokens:
            emit(Text(opening, 0))
        copier = Copier(self._content(request.draft), prompt.tokens) if request.draft else None
        pace = self._frugal if request.priority is Priority.PREFETCH else self._pace
        tools = Tools(self._native, self._prefixes, pace, emit, cancelled, self._forced)
        return Decoding(
            tools, request, resident, sampler=self._sampler(request), thought=thought, copier=copier, begun=prompt.begun
        )

    def _forced(self, text: str, marks: bool) -> list[int]:
        return self._native.tokenize(text, marks=True) if marks else self._content(text)

    def _sampler(self, request: Request) -> Sampler:
        asked, advice = request.sampling, self._card.advice
        if self._card.plain is not None and not request.thinking:
            advice = self._card.plain
        choice = Choice(
            temperature=advice.temperature if asked.temperature is None else asked.temperature,
            top_k=advice.top_k if asked.top_k is None else asked.top_k,
            top_p=advice.top_p if asked.top_p is None else asked.top_p,
            min_p=advice.min_p if asked.min_p is None else asked.min_p,
            repeat_penalty=advice.repeat_penalty,
            seed=asked.seed,
        )
        opening = self._native.tokenize(self._card.think_open, marks=True)
        return Sampler(choice, opening if self._reasoning and len(opening) == 1 else ())

    @contextmanager
    def _watched(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Abort the running batch soon after `cancelled` comes true."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(WATCH_SECONDS):
                if cancelled():
                    self._native.abort()
                    return

        self._native.resume()
        thread = threading.Thread(target=watch, name="glossator-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._native.resume()
