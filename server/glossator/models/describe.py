"""A card for a GGUF file that no catalogue knows, made from what its header says. Opens no file itself."""

from __future__ import annotations

from pathlib import Path

from . import Advice, Card, ModelDamaged
from .gguf import Header

R1 = Advice(temperature=0.6, top_p=0.95, top_k=0, min_p=0.0)
QWEN3 = Advice(temperature=0.6, top_p=0.95, top_k=20, min_p=0.0)
QWEN3_PLAIN = Advice(temperature=0.7, top_p=0.8, top_k=20, min_p=0.0)
"""Of the publishers' model cards: of R1 and its distillates; of Qwen3 when it thinks, and when it does not."""


def card_of(header: Header, path: Path) -> Card:
    """The card of the file `path`. Raises `ModelDamaged` if it holds no whole language model."""
    architecture = header.text("general.architecture")
    if not architecture or not header.text("tokenizer.ggml.model"):
        what = f" ({architecture})" if architecture else ""
        raise ModelDamaged(f"{path} is not a language model{what}: it has no tokenizer")
    if not header.tensors:
        raise ModelDamaged(f"{path} holds a vocabulary and no weights; a whole model is needed")
    if (parts := header.number("split.count")) > 1:
        raise ModelDamaged(
            f"{path} is one of {parts} parts of a model; join them with `llama-gguf-split --merge` and use the result"
        )
    template = header.text("tokenizer.chat_template")
    name = f"{path.stem} {header.text('general.name')} {header.text('general.basename')}".lower()
    family = family_of(template, architecture, name)
    reasoning = thinks(template, family)
    advice = (R1 if family == "deepseek-r1" else QWEN3) if reasoning else Advice()
    return Card(
        name=path.stem,
        file=str(path),
        title=header.text("general.name"),
        bytes=header.size,
        licence=header.text("general.license"),
        context=header.number(f"{architecture}.context_length") or 4096,
        family=family,
        reasoning=reasoning,
        advice=advice,
        plain=QWEN3_PLAIN if reasoning and family == "qwen3" else None,
    )


def family_of(template: str, architecture: str, name: str) -> str:
    """Which chat template a model wants, by its own template's marks, else by architecture and name; empty: unknown."""
    if "<｜User｜>" in template:  # with the full-width bars that DeepSeek's control tokens have
        return "deepseek-r1"
    if "<|im_start|>" in template:
        # Qwen2.5's own template inserts a system text where there is none; those that think know none.
        return "qwen3" if architecture.startswith("qwen3") or thinks(template, "") else "qwen"
    if "<|start_header_id|>" in template:
        return "llama3"
    if "<start_of_turn>" in template:
        return "gemma"
    if template:  # a template that is none of these: guessing by name would talk to it in the wrong way
        return ""
    if "deepseek-r1" in name or "deepseek r1" in name:
        return "deepseek-r1"
    for start, family in (("qwen3", "qwen3"), ("qwen2", "qwen"), ("gemma", "gemma")):
        if architecture.startswith(start):
            return family
    return "llama3" if architecture == "llama" and ("llama-3" in name or "llama 3" in name) else ""


def thinks(template: str, family: str) -> bool:
    """Whether a model with this template reasons by itself.

    What a template does with the thoughts of earlier turns says nothing: those of models that do not think skip them,
    too. It is the answer's beginning that shows it, but R1's first templates leave that to the model.
    """
    if family == "deepseek-r1":
        return not template or "think>" in template
    return "think>" in template.rpartition("add_generation_prompt")[2]
