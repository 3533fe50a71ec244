"""What a user can ask for: prompt files become actions, an action runs to an outcome. Knows nothing of editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from . import template

Kind = Literal["answer", "edit", "new_file", "findings"]
Strategy = Literal["tries", "search"]
Reply = Literal["text", "code", "lines", "docstring", "header"]

FACTS = "facts"
"""The check of an answer: what its syntax tree contradicts is dropped."""

VALUES = (
    "callers",
    "diagnostics",
    "example",
    "facts",
    "fence",
    "file",
    "instruction",
    "kind",
    "language",
    "name",
    "path",
    "python",
    "qualified",
    "reasons",
    "related",
    "target",
)
"""What a prompt file may name as `{{…}}`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a prompt file. `line` counts from 1 (0: the whole file); `field` may be empty."""

    file: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.field + ': ' if self.field else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class Try:
    """One way to ask. The next one is used when this one's answer was refused.

    Attributes:
        section: The section of the prompt file that holds the task.
        reply: What the model is asked to write: prose, the whole code, a wrong and a right line, a docstring, a header.
        thinking: Token budget of thought; 0: none.
        reasoning: The same for a model that reasons by itself, which is no good without.
        temperature: 0 is greedy; None: the model's own advice.
        prefix: What the answer is made to begin with; a template as the sections are.
        stop: The answer ends before the first of these.
        max_tokens: Longest answer in tokens, thoughts not counted.
        further: Whether the refused answer is shown as an earlier turn.
    """

    section: str = "task"
    reply: Reply = "text"
    thinking: int = 0
    reasoning: int = 512
    temperature: float | None = 0.0
    prefix: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 512
    further: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a user can ask for.

    Attributes:
        name: What a shell user and a command name, `write_tests` (the file's stem).
        title: What a menu shows; may hold `{{name}}`, `{{kind}}`.
        help: A sentence for help texts.
        kind: What comes out: an explanation, an edit, a new file or a list of findings.
        offer: The code action kind (without `.glossator`): `refactor.rewrite`, `quickfix`, `explain` …
        applies: Symbol kinds, `selection`, `diagnostic` and `file` where the action is offered.
        languages: Language ids; empty: all, also unknown ones.
        needs_instruction: Whether it means nothing without words from the user.
        takes_instruction: Whether words from the user are used.
        tries: Ways to ask, in order.
        checks: Rungs that an edit must pass; `facts` for an answer.
        sections: The prompt file's text by section, shared pieces in place.
        strategy: Whether the first try that passes is offered, or the likeliest of all repairs that a search finds.
        digest: Digest of all that, so that editing a prompt file forgets its answers.
        path: The prompt file.
    """

    name: str
    title: str
    help: str
    kind: Kind
    offer: str
    applies: tuple[str, ...]
    languages: tuple[str, ...] = ()
    needs_instruction: bool = False
    takes_instruction: bool = False
    tries: tuple[Try, ...] = (Try(),)
    checks: tuple[str, ...] = ()
    sections: Mapping[str, str] = field(default_factory=dict, hash=False)
    strategy: Strategy = "tries"
    digest: str = ""
    path: Path = Path()

    @property
    def repairs(self) -> bool:
        """Whether it repairs what is wrong, so that of a whole file only the likeliest repair is worth offering."""
        return self.kind == "edit" and self.offer == "quickfix"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The kinds of definitions among the places where it applies."""
        return tuple(place for place in self.applies if place not in ("selection", "diagnostic", "file"))

    def brief(self, most: int) -> Action:
        """The same with answers of at most `most` tokens."""
        tries = tuple(replace(each, max_tokens=min(each.max_tokens, most)) for each in self.tries)
        return replace(self, tries=tries)

    def title_for(self, *, name: str = "", kind: str = "code") -> str:
        """The menu's text for a symbol or a file; for a selection, which has no name, `name` is empty."""
        return template.render(self.title, dict.fromkeys(VALUES, "") | {"name": name, "kind": kind})
