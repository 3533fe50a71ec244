"""Chat templates of known model families as code of ours: messages in, parts out. Knows no tokens and no llama.cpp.

A GGUF's own template is a program (Jinja) by whoever made the file, and renders marks and content into one string, in
which a file's text can spell a control token. Here marks and content stay apart, so content is never read as a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..models import describe
from . import Message, ModelBroken

Family = Literal["qwen", "qwen3", "deepseek-r1", "llama3", "gemma"]
FAMILIES: tuple[Family, ...] = ("qwen", "qwen3", "deepseek-r1", "llama3", "gemma")

QWEN_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."  # what Qwen2.5's template inserts
OPEN, CLOSE = "<think>", "</think>"

LAST_WORDS: dict[Family, str] = {
    "qwen3": "Considering the limited time by the user, I have to give the solution based on the thinking directly now."
}
"""With what a thought ends that is cut off at its budget, after Qwen's documentation of thinking budgets; DeepSeek has
nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the prompt. `mark`: control tokens may be in it. `cut`: what follows is evaluated apart.

    `keep`: the state after this part is worth keeping, since other prompts begin in the same way.
    """

    text: str
    mark: bool = False
    cut: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class _Style:
    """How a family writes a conversation; `None` for `system`: there is no system turn, its text opens the user's."""

    begin: str
    system: tuple[str, str] | None
    user: tuple[str, str]
    assistant: tuple[str, str]
    default_system: str = ""


def _turn(role: str) -> tuple[str, str]:
    return f"<|im_start|>{role}\n", "<|im_end|>\n"


def _llama(role: str) -> tuple[str, str]:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>"


_STYLES: dict[Family, _Style] = {
    "qwen": _Style("", _turn("system"), _turn("user"), _turn("assistant"), QWEN_SYSTEM),
    "qwen3": _Style("", _turn("system"), _turn("user"), _turn("assistant")),
    "deepseek-r1": _Style(
        "<｜begin▁of▁sentence｜>", None, ("<｜User｜>", ""), ("<｜Assistant｜>", "<｜end▁of▁sentence｜>")
    ),
    "llama3": _Style("<|begin_of_text|>", _llama("system"), _llama("user"), _llama("assistant")),
    "gemma": _Style(
        "<bos>",
        None,
        ("<start_of_turn>user\n", "<end_of_turn>\n"),
        ("<start_of_turn>model\n", "<end_of_turn>\n"),
    ),
}


def family_of(named: str, template: str, architecture: str) -> Family:
    """The family that a card names, or that a GGUF's template and architecture betray.

    Raises `ModelBroken` for a model whose conversation format is not known here: a guess would give bad answers.
    """
    for family in FAMILIES:
        if family == (named or describe.family_of(template, architecture, "")):
            return family
    raise ModelBroken(
        f"no known chat template fits this model (architecture {architecture or 'unknown'}); "
        f"known families: {', '.join(FAMILIES)}"
    )


def marks(family: Family) -> tuple[str, ...]:
    """The marks that a vocabulary must hold as tokens for a model of this family to be written to."""
    style = _STYLES[family]
    return tuple(text[: text.index(">") + 1] for text in (style.begin, style.user[0], style.assistant[0]) if text)


def render(
    family: Family,
    messages: Sequence[Message],
    *,
    thinking: bool,
    reasoning: bool,
    opening: str = OPEN,
    close: str = CLOSE,
) -> tuple[Part, ...]:
    """The prompt up to where the model goes on writing.

    With `thinking` it ends with the opening mark and a line break. Without, a model that reasons by itself
    (`reasoning`) finds an empty, closed thought, which is how these models are told not to think.
    """
    style = _STYLES[family]
    parts = [Part(style.begin, mark=True)] if style.begin else []
    system = "\n\n".join(message.content for message in messages if message.role == "system") or style.default_system
    turns = [message for message in messages if message.role != "system"]
    if system and style.system:
        parts += [Part(style.system[0], mark=True), Part(system), Part(style.system[1], mark=True, cut=True)]
        system = ""
    for message in turns:
        opened, closed = style.assistant if message.role == "assistant" else style.user
        parts.append(Part(opened, mark=True))
        if system and message.role == "user":
            parts.append(Part(system + "\n\n", cut=True))
            system = ""
        if message.role == "assistant":  # earlier thoughts are not shown again, as in the publishers' own templates
            parts.append(Part(message.content.rpartition(close)[2].lstrip("\n")))
        else:
            parts += [Part(message.stable, cut=True, keep=True)] if message.stable else []
            parts += [Part(message.preamble, cut=True)] if message.preamble else []
            parts.append(Part(message.text))
        parts.append(Part(closed, mark=True))
    ending = style.assistant[0]
    if thinking:
        ending += f"{opening}\n"
    elif reasoning:
        ending += f"{opening}\n\n{close}\n\n"
    parts.append(Part(ending, mark=True))
    return tuple(part for part in parts if part.text)
