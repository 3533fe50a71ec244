"""What a server says of itself in `/v1/models`: its models, their windows, and which program it is. Asks nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["vllm", "sglang", "llamacpp", "ollama", "other"]

TITLES: Mapping[Kind, str] = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "llamacpp": "llama-server",
    "ollama": "Ollama",
    "other": "an OpenAI-compatible server",
}
_OWNERS: Mapping[str, Kind] = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp", "library": "ollama"}
_MOST, _LONGEST = 1000, 300  # models, and characters of a name
_THINKERS = re.compile(r"(^|[^a-z0-9])(r1|qwq|qwen-?3|gpt-oss|magistral|think\w*|reason\w*)([^a-z0-9]|$)")
_ANSWERERS = re.compile(r"qwen-?3[\w.-]*(coder|instruct)|no-?think")

UNKNOWN_CONTEXT = 8192  # tokens, where a server does not tell


@dataclass(frozen=True, slots=True)
class Served:
    """What a server has.

    Attributes:
        names: Its models, in its own order.
        kind: The program, by the name that it writes into `owned_by`.
        contexts: Context windows in tokens, of those models that it tells them of.
    """

    names: tuple[str, ...] = ()
    kind: Kind = "other"
    contexts: Mapping[str, int] = field(default_factory=dict)


def served(body: bytes) -> Served:
    """Read the answer. Raises `ValueError` where it is not such a list."""
    try:
        tree = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    rows = tree.get("data") if isinstance(tree, dict) else None
    if not isinstance(rows, list):
        raise ValueError("no list of models")
    models: dict[str, dict[str, Any]] = {}
    for row in rows[:_MOST]:
        if isinstance(row, dict):
            aliases = row.get("aliases")
            names = [row.get("id"), *(aliases if isinstance(aliases, list) else [])]
            models |= {name: row for name in names if _is_name(name)}
    owners = [owner for row in models.values() if isinstance(owner := row.get("owned_by"), str)]
    kinds = [_OWNERS[owner] for owner in owners if owner in _OWNERS]
    contexts = {name: window for name, row in models.items() if (window := _window(row))}
    return Served(tuple(models), kinds[0] if kinds else "other", contexts)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _LONGEST and name.isprintable()


def _window(row: Mapping[str, Any]) -> int:
    """`max_model_len` is what vLLM and SGLang use; of a llama-server only what the model was trained with is sure."""
    found = row.get("meta")
    meta = found if isinstance(found, dict) else {}
    trained = min(_size(meta.get("n_ctx_train")), UNKNOWN_CONTEXT)
    return _size(row.get("max_model_len")) or _size(meta.get("n_ctx")) or trained


def _size(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else 0


def thinks(name: str) -> bool:
    """Whether a model of this name thinks before it answers, as far as names tell."""
    lower = name.lower()
    return _THINKERS.search(lower) is not None and _ANSWERERS.search(lower) is None
