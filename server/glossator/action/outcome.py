"""What becomes of an action, and what is told on the way. Plain values; knows nothing of how they come about."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..answer.edit import Edit
from ..answer.findings import Finding
from ..engine import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The base of all outcomes.

    Attributes:
        thought: What the model thought, if it did.
        answer: What the model wrote after it, as it came.
        usage: What it cost, all tries together; what was remembered, when it was made.
        model: Who answered.
        remembered: Whether nothing had to be computed.
        finish: Why the answer ended: `stop`, `length` or `loop`; "" where there is none.
        seconds: Wall time.
    """

    thought: str = ""
    answer: str = ""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    remembered: bool = False
    finish: str = ""
    seconds: float = 0.0

    @property
    def spared(self) -> Usage | None:
        """What it cost when it was made, where it was remembered; None: it was computed now."""
        return self.usage if self.remembered else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Outcome):
    """Prose, safe to show as Markdown.

    Attributes:
        findings: The places of a list of bugs.
        dropped: What the syntax tree contradicted and is not in the text any more, as sentences that are so.
    """

    markdown: str
    findings: tuple[Finding, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Outcome):
    """A checked edit of the file.

    Attributes:
        rungs: What was checked.
        note: What was done to the model's answer, or "".
        mends: Whether it was run and keeps an example of the docstring that the code breaks, besides all that it keeps.
        candidates: What else was found, where an action searches: the best first, this one before all.
    """

    edits: tuple[Edit, ...]
    new_text: str
    rungs: tuple[str, ...] = ()
    note: str = ""
    mends: bool = False
    candidates: tuple[Proposal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile(Outcome):
    """A file to be created once the user agrees; `path` is relative to the folder of the target's file."""

    path: str
    text: str
    rungs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Outcome):
    """Nothing is offered; `reasons` are sentences for the user.

    Attributes:
        example: The example that an edit did not keep, or "".
        spare: What was left of the answer: better than none, where no later try is.
    """

    reasons: tuple[str, ...]
    example: str = ""
    spare: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """`queued`, `reading`, `thinking`, `answering`, `checking`, `searching`, `weighing`, `running` or `testing`.

    `done` of `total` are tokens (when searching: places; when weighing, running and testing: proposals); 0: not known.
    """

    name: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of thought."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of the answer as the model writes it."""

    text: str


Event = Stage | Thought | Answer
