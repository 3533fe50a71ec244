"""The events of one chat completion -> the text as an engine streams it: thought in its marks, the answer's beginning
once, nothing after a stop text. Knows no HTTP.

Servers that tell thoughts apart send them as `reasoning_content` or `reasoning`; others leave the marks in the text,
some without the opening one, which their chat template wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from . import ModelInfo, Request, Text
from .remote_chat import cleaned
from .remote_sse import Malformed

_LONGEST_TOKEN = 128  # characters; long runs of blanks are one token, and who writes more does not heed `max_tokens`

Stage = Literal["head", "maybe", "thought", "body"]
"""Before anything is known · perhaps in a thought whose mark the template wrote · in a thought · in the answer."""


class Cut:
    """Lets text through up to the first of some stop texts, which may be cut anywhere."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.done = False
        self._stops = [stop for stop in stops if stop]
        self._held = ""

    def feed(self, text: str) -> str:
        """What surely comes before a stop text."""
        if self.done:
            return ""
        self._held += text
        ends = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if ends:
            self.done = True
            return self._held[: min(ends)]
        keep = max((_tail(self._held, stop) for stop in self._stops), default=0)
        sure, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return sure

    def rest(self) -> str:
        """What was held back, once no more comes."""
        held, self._held = self._held, ""
        return "" if self.done else held


class Reply:
    """Follows one answer.

    Attributes:
        reason: Why the server ended, once it said so.
        usage: `prompt`, `reused`, `thought` and `answer` tokens: the server's own numbers, else the events counted.
    """

    def __init__(self, request: Request, info: ModelInfo, *, goes_on: bool) -> None:
        """`goes_on`: the server goes on with the answer's beginning, which is not expected to come again."""
        self.reason: Literal["stop", "length"] | None = None
        self.usage = dict.fromkeys(("prompt", "reused", "thought", "answer"), 0)
        self._open, self._close = info.think_open, info.think_close
        self._prefix = request.answer_prefix if goes_on else ""
        self._maybe = request.thinking > 0
        self._stage: Stage = "head"
        self._told = False  # a thought that the server told apart is open
        self._thought_over = False  # there was one, so that another mark is part of the answer
        self._held = ""
        self._cut = Cut(request.stop)
        self._quoted = ""  # of such a thought: perhaps the beginning of its mark
        self._owed = 0  # tokens of what was held back
        self._left = _LONGEST_TOKEN * (request.max_tokens + max(0, request.thinking) + 64)

    @property
    def over(self) -> bool:
        """Whether what still comes is of no interest: a stop text was found."""
        return self._cut.done

    def feed(self, event: str) -> list[Text]:
        """Take one event's data. Raises `Malformed`, and `Failed` where the server says that it failed."""
        try:
            tree = json.loads(event)
        except (ValueError, RecursionError) as error:
            raise Malformed("an event is not JSON") from error
        if not isinstance(tree, dict):
            raise Malformed("an event is no object")
        if tree.get("error"):
            raise Failed(tree)
        self._count(tree.get("usage"))
        choices = tree.get("choices") or []
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise Malformed("an event's choices are no list of objects")
        if not choices:
            return []
        delta = choices[0].get("delta") or {}
        if not isinstance(delta, dict):
            raise Malformed("an event's delta is no object")
        thought, content = _text(delta, "reasoning_content") or _text(delta, "reasoning"), _text(delta, "content")
        self._left -= len(thought) + len(content)
        if self._left < 0:
            raise Malformed("it writes on without end")
        written = self._thought(thought) if thought else ""
        written += self._content(content) if content else ""
        self._ended(choices[0].get("finish_reason"))
        return self._texts(written)

    def finish(self) -> list[Text]:
        """What was held back, once the stream is over."""
        written = self._leave()
        if self._stage == "head" and (self._held.strip() or self._prefix):
            written += self._begin(self._held)
        elif self._stage in ("maybe", "thought"):
            written += self._held
        if not self._cut.done:
            written += self._cut.rest()
        self._held = ""
        return self._texts(written)

    # --- parts --------------------------------------------------------------------------------------------------------

    def _thought(self, text: str) -> str:
        """A thought that quotes its own closing mark must not end there; once there is an answer none is expected."""
        self.usage["thought"] += 1
        if self._stage != "head" or self._held or (self._thought_over and not self._told):
            return ""
        self._owed += 1
        opening = "" if self._told else f"{self._open}\n"
        self._told, self._maybe, self._thought_over = True, False, True
        text = (self._quoted + text).replace(self._close, f"{self._close[:1]} {self._close[1:]}")
        keep = _tail(text, self._close)
        self._quoted = text[len(text) - keep :]
        return opening + text[: len(text) - keep]

    def _leave(self) -> str:
        """Close a thought that the server told apart."""
        if not self._told:
            return ""
        quoted, self._told, self._quoted = self._quoted, False, ""
        return f"{quoted}\n{self._close}\n\n"

    def _content(self, text: str) -> str:
        inside = self._stage in ("maybe", "thought")
        self.usage["thought" if inside else "answer"] += 1
        self._owed += 1
        written = self._leave()
        self._held += text
        if self._stage == "head":
            written += self._head()
        if self._stage in ("maybe", "thought"):
            written += self._inside()
        if self._stage == "body":
            held, self._held = self._held, ""
            written += self._cut.feed(held)
        return written

    def _head(self) -> str:
        """Decide what the text begins with, as soon as that is sure."""
        bare, wanted = self._held.lstrip(), self._prefix.lstrip()
        mark = "" if self._thought_over else self._open
        if mark and bare.startswith(mark):
            self._stage = "thought"
            return ""
        if any(each.startswith(bare) and bare != each for each in (mark, wanted)):
            return ""
        if self._maybe:
            self._stage = "maybe"
            return ""
        held, self._held = self._held, ""
        return self._begin(held)

    def _begin(self, text: str) -> str:
        """The answer begins, with what it must begin with; that is taken away where the model wrote it again."""
        self._stage = "body"
        core, bare = self._prefix.strip(), text.lstrip()
        if core and bare.startswith(core):
            text = bare.removeprefix(core).removeprefix(self._prefix[len(self._prefix.rstrip()) :])
        return self._cut.feed(self._prefix + text)

    def _inside(self) -> str:
        """In a thought within the text: up to its mark, after which the answer begins."""
        before, mark, after = self._held.partition(self._close)
        if mark:
            self._held, self._stage, self._maybe, self._thought_over = after, "head", False, True
            return before + mark + self._head()
        keep = _tail(self._held, self._close)
        sure, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return sure

    # --- numbers ------------------------------------------------------------------------------------------------------

    def _texts(self, written: str) -> list[Text]:
        if not written:
            return []
        owed, self._owed = self._owed, 0
        return [Text(cleaned(written), owed)]

    def _ended(self, reason: Any) -> None:
        if reason is None or reason == "":
            return
        if reason not in ("stop", "length"):
            shown = reason if isinstance(reason, str) and reason.isidentifier() and len(reason) < 40 else "no reason"
            raise Malformed(f"it ended early ({shown})")
        self.reason = reason

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        written = _number(usage, "completion_tokens")
        thought = _number(usage.get("completion_tokens_details"), "reasoning_tokens")
        self.usage["prompt"] = _number(usage, "prompt_tokens") or 0
        self.usage["reused"] = _number(usage.get("prompt_tokens_details"), "cached_tokens") or 0
        if thought is not None:
            self.usage["thought"] = thought
        if written is not None:
            self.usage["answer"] = max(0, written - self.usage["thought"])


class Failed(Exception):
    """The server reports an error in the middle of its answer; `tree` is what it said."""

    def __init__(self, tree: dict[str, Any]) -> None:
        super().__init__("an error within the stream")
        self.tree = tree


def _text(delta: dict[str, Any], name: str) -> str:
    value = delta.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"an event's {name} is no text")
    return value or ""


def _number(tree: Any, name: str) -> int | None:
    value = tree.get(name) if isinstance(tree, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else None


def _tail(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the beginning of `mark`."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if mark.startswith(text[-size:])), 0)
