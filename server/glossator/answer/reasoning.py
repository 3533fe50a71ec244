"""A model's text, cut anywhere, into thought and answer. Knows nothing of engines, code or editors.

A reasoning model writes `<think>…</think>` before its answer. Its prompt may already hold the opening mark, so the text
may begin inside the thought, and a mark may be cut at any character by the stream.
"""

from __future__ import annotations

from typing import Literal

Piece = tuple[Literal["thought", "answer"], str]

_FENCES = ("```", "~~~")


class Splitter:
    """Splits a stream. `thought` and `answer` hold everything so far; what they hold at the end is what counts.

    A closing mark that no opening mark preceded, alone on its line and outside of code, turns all that came before it
    into thought: pieces handed out earlier as `answer` were thought after all. So it is after a thought, too, where an
    answer follows: a model whose thought was closed for it may go on thinking and close it itself. An opening mark
    counts only where a text or an answer begins; anywhere else it is text.
    """

    def __init__(self, think_open: str = "<think>", think_close: str = "</think>", opened: bool = False) -> None:
        self.thought = ""
        self.answer = ""
        self._open = think_open
        self._close = think_close
        self._inside = opened
        self._began = False  # whether it is known that no opening mark comes first, here or after a thought
        self._closed = False  # a thought ended: blank lines between it and the answer belong to neither
        self._held = ""
        self._spare: tuple[str, str] | None = None  # thought and answer, should nothing follow a second closing mark

    def feed(self, text: str) -> list[Piece]:
        """What `text` adds. A piece that may be the beginning of a mark is held back until it is known."""
        self._held += text
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return pieces

    def finish(self) -> list[Piece]:
        """What was held back, once no more text comes."""
        pieces: list[Piece] = []
        if self._inside or not self._stray(pieces):
            self._put(pieces, self._held.lstrip() if self._closed and not self.answer else self._held)
        self._held = ""
        if self._spare is not None and not self.answer.strip():
            self.thought, self.answer = self._spare
        return pieces

    def _step(self, pieces: list[Piece]) -> bool:
        """Use some of what is held; False when more text is needed."""
        if not self._held:
            return False
        if not self._began:
            bare = self._held.lstrip()
            if len(bare) < len(self._open) and self._open.startswith(bare):
                return False
            if bare.startswith(self._open):  # once more where the prompt or the model has it already
                again, self._inside, self._held, self._spare = self._inside, True, bare[len(self._open) :], None
                if self.thought.strip() and not again:
                    self._put(pieces, "\n\n")
                return bool(self._held)
            if self._closed and not self._inside:
                self._held = bare
            self._began = True
            return bool(self._held)
        before, mark, after = self._held.partition(self._close)
        if mark and self._inside:
            self._put(pieces, before)
            self._inside, self._closed, self._began, self._held = False, True, False, after
            return bool(after)
        if mark and not self._inside:
            if not after:
                return False  # whether it stands alone on its line is not known yet
            if self._stray(pieces):
                return bool(self._held)
            self._put(pieces, before + mark)
            self._held = after
            return True
        keep = _tail(self._held, self._close)
        text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        self._put(pieces, text)
        return False

    def _stray(self, pieces: list[Piece]) -> bool:
        """Take a lone closing mark in the held text for the end of a thought whose opening was in the prompt."""
        before, mark, after = self._held.partition(self._close)
        sofar = self.answer + before
        alone = not sofar.strip() or sofar.endswith("\n") or not after or after.startswith("\n")
        fences = sum(line.lstrip().startswith(_FENCES) for line in sofar.split("\n"))
        if not mark or not alone or fences % 2:
            return False
        if self._closed and sofar.strip():
            self._spare = self.thought, sofar
        between = "\n\n" if self.thought.strip() and sofar.strip() else ""
        self.thought, self.answer, self._held = self.thought + between + sofar, "", after
        self._closed, self._began = True, False
        pieces += [("thought", before)] if before else []
        return True

    def _put(self, pieces: list[Piece], text: str) -> None:
        if not text:
            return
        if self._inside:
            self.thought += text
            pieces.append(("thought", text))
        else:
            self.answer += text
            pieces.append(("answer", text))


def _tail(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the beginning of `mark`."""
    for size in range(min(len(mark) - 1, len(text)), 0, -1):
        if mark.startswith(text[-size:]):
            return size
    return 0


def split(
    text: str, think_open: str = "<think>", think_close: str = "</think>", opened: bool = False
) -> tuple[str, str]:
    """The thought and the answer of a whole text, without white space around them."""
    splitter = Splitter(think_open, think_close, opened)
    splitter.feed(text)
    splitter.finish()
    return splitter.thought.strip(), splitter.answer.strip()
