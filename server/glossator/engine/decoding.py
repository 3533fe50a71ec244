"""The decoding loop of one answer: choose a token, show it, evaluate it, with thoughts, stops and drafts. Knows cells
and tokens through `Native`'s methods; knows no files, no templates and no other requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from . import Chunk, Request, Text, machine
from .drafting import Copier
from .pace import Pace
from .prefixes import Prefixes, Resident
from .sampling import Logits, Sampler
from .spelling import Spelling, Stops
from .thinking import Thought, looping

if TYPE_CHECKING:
    from .llama_native import Native

Reason = Literal["stop", "length", "loop"]

# A batch is evaluated by other kernels than a single token and rounds differently, and so does all that builds on its
# cells. That moves the distance between the two best tokens by 0.1 (one standard deviation; 0.42 was the most seen).
MARGIN = 0.25


class Cancelled(Exception):
    """Nobody wants the answer any more."""


@dataclass(slots=True)
class Tools:
    """What outlives one answer and the loop works with."""

    native: Native
    prefixes: Prefixes
    pace: Pace
    emit: Callable[[Chunk], None]
    cancelled: Callable[[], bool]
    tokenize: Callable[[str, bool], list[int]]


class Decoding:
    """One answer in progress, written at the end of `resident`'s tokens."""

    def __init__(
        self,
        tools: Tools,
        request: Request,
        resident: Resident,
        *,
        sampler: Sampler,
        thought: Thought,
        copier: Copier | None,
        begun: Sequence[int] = (),
    ) -> None:
        self._tools = tools
        self._request = request
        self._resident = resident
        self._sampler = sampler
        self._copier = copier
        self._spelling = Spelling()
        self._stops = Stops(request.stop)
        self._written = list(begun)  # the answer's given beginning, if it is in the prompt, and all that followed
        self._since = 0  # where in `_written` the thought or the answer began: loops are looked for after it
        self._shown = ""  # not yet emitted
        self._shown_tokens = 0
        self._rough = -1  # the first cell that was evaluated with a draft; -1: there is none
        self.thought = thought
        self._barred: set[int] = set()  # tokens that began a mark where an answer was owed
        self._first = -1  # the token with which something began there
        self.redone = 0  # tokens that were evaluated once more, alone
        self.answer_tokens = 0

    def run(self, logits: Logits) -> Reason:
        """Write the answer that follows `logits`, the prompt's last. Raises `Cancelled`."""
        draft: list[int] = []
        row = 0  # how many of the draft's tokens were right so far
        while True:
            if self._tools.cancelled():
                raise Cancelled
            if self._rough >= 0 and self._sampler.doubts(logits, self._written, MARGIN):
                self._drop(draft, row)
                draft, row = [], 0
                logits = self._redo()
            token = self._choose(logits)
            ended = self._tools.native.ends(token)
            done, forced = self._end() if ended else self._take(token)
            if done:
                self._settle(draft, row)
                self._flush(final=True)
                return done
            if not forced and row < len(draft) and draft[row] == token:
                row += 1
                logits = self._tools.native.logits(row)
                continue
            self._settle(draft, row)
            self._flush()
            if forced:
                draft = []
                logits = self._force(forced if ended else [token, *forced])
            else:
                draft = self._draft()
                logits = self._step(token, draft)
            row = 0

    @property
    def drafted(self) -> int:
        """How many tokens of drafts were right."""
        return self._copier.accepted if self._copier is not None else 0

    def _choose(self, logits: Logits) -> int:
        """The next token. After a thought an answer is owed: until something of it is written it may not end."""
        token = self._sampler.choose(logits, self._written)
        while self._owes and (self._tools.native.ends(token) or token in self._barred):
            logits = logits.copy()
            logits[token] = -np.inf
            token = self._sampler.choose(logits, self._written)
        return token

    @property
    def _owes(self) -> bool:
        return self.thought.owed and not self.thought.open

    # --- text --------------------------------------------------------------------------------------------------------

    def _end(self) -> tuple[Reason | None, list[int]]:
        """The model wants to end; within its thought it may not, since the answer is still owed."""
        return (None, self._close(cut=False)) if self.thought.open else ("stop", [])

    def _take(self, token: int) -> tuple[Reason | None, list[int]]:
        """Show `token`; returns why the answer ends with it, and the tokens that must be written after it."""
        self._written.append(token)
        text = self._spelling.feed(self._tools.native.piece(token, marks=self.thought.open))
        self._shown_tokens += 1
        if self.thought.open:
            return self._think(text)
        self.answer_tokens += 1
        mark = ""
        if self._owes:
            self._first = token if self.thought.bare else self._first
            blank, mark = self.thought.answer(text)
            self._barred |= {self._first} if mark else set()
            self._shown, text = self._shown + blank, text[len(blank) :]  # what ends an answer may not come before it
        shown, stopped = self._stops.feed(text)
        self._shown += shown
        if stopped:
            return "stop", []
        if self.answer_tokens >= self._request.max_tokens:
            return "length", []
        if mark == self.thought.opening:
            return None, self._close(cut=False)
        return ("loop", []) if self._loops() else (None, [])

    def _think(self, text: str) -> tuple[Reason | None, list[int]]:
        self._shown += text
        self.thought.feed(text)
        if not self.thought.open:
            self._since = len(self._written)
            return None, self._begin_answer("\n\n") if self._request.answer_prefix else []
        if self.thought.spent or self._loops():
            return None, self._close(cut=True)
        return None, []

    def _close(self, *, cut: bool) -> list[int]:
        text = self._spelling.finish() + self.thought.closing(cut=cut)
        return self._begin_answer(text)

    def _begin_answer(self, text: str) -> list[int]:
        """Tokens of what is written for the model: the end of the thought, and the answer's given beginning."""
        prefix = self._request.answer_prefix
        self.thought.owed = not prefix.strip()
        self._shown += text + prefix
        self._since = len(self._written)
        forced = self._tools.tokenize(text, True)
        begun = self._tools.tokenize(prefix, False) if prefix else []
        self._written += begun  # a draft may go on from it
        return forced + begun

    def _loops(self) -> bool:
        period = looping(self._written[self._since :][-480:])
        if not period or self.thought.open:
            return bool(period)
        again = self._written[-2 * period :]  # a table that the input has too is copied, not looped
        return self._copier is None or not self._copier.has(again)

    def _flush(self, *, final: bool = False) -> None:
        if final:
            self._shown += self._stops.feed(self._spelling.finish())[0] + self._stops.finish()
        if self._shown:
            self._tools.emit(Text(self._shown, self._shown_tokens))
            self._shown, self._shown_tokens = "", 0

    # --- cells -------------------------------------------------------------------------------------------------------

    def _settle(self, draft: Sequence[int], right: int) -> None:
        """Forget the draft's tokens that were wrong."""
        self._drop(draft, right)
        if draft and self._copier is not None:
            self._copier.learn(len(draft), right)

    def _drop(self, draft: Sequence[int], right: int) -> None:
        if right < len(draft):
            self._tools.prefixes.cut(self._resident, len(self._resident.tokens) - (len(draft) - right))

    def _redo(self) -> Logits:
        """Evaluate what was evaluated with drafts token by token, as it would have been without; the last logits."""
        tokens = self._resident.tokens[self._rough :]
        self._tools.prefixes.cut(self._resident, self._rough)
        self._rough = -1
        self.redone += len(tokens)
        for token in tokens:
            if self._tools.cancelled():
                raise Cancelled
            logits = self._step(token, [])
        return logits

    def _draft(self) -> list[int]:
        if self._copier is None or self.thought.open:
            return []
        left = self._request.max_tokens - self.answer_tokens - 1
        return self._copier.propose(self._written[self._since :], left)

    def _step(self, token: int, draft: list[int]) -> Logits:
        native, pace = self._tools.native, self._tools.pace
        native.set_threads(pace.threads, pace.most)
        began = time.perf_counter()
        if draft and self._rough < 0:
            self._rough = len(self._resident.tokens)
        self._evaluate([token, *draft], 1 + len(draft))
        logits = native.logits(0)
        if not draft:
            pace.took(time.perf_counter() - began, machine.others() if pace.most > 1 else 0)
        return logits

    def _force(self, tokens: list[int]) -> Logits:
        for start in range(0, len(tokens), self._tools.native.ubatch):
            self._evaluate(tokens[start : start + self._tools.native.ubatch], 1)
        return self._tools.native.logits(-1)

    def _evaluate(self, tokens: list[int], outputs: int) -> None:
        self._tools.prefixes.extend(self._resident, tokens, outputs)
