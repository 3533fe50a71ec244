"""A request as the JSON of a chat completion. Knows what programs differ in; sends nothing.

A chat template renders roles and text into one string on the server's side: what looks like a control token in a file's
text may be read as one there, unlike with the local engine.
"""

from __future__ import annotations

import json
from typing import Any

from . import Request
from .remote_models import Kind

_TALKATIVE: tuple[Kind, ...] = ("vllm", "sglang", "llamacpp")
"""Take fields that the protocol does not know; others refuse a request for them."""

_SAY = "\n\nBegin your answer with exactly this text, and go on from there:\n{prefix}"


def goes_on(request: Request, kind: Kind, setting: str) -> bool:
    """Whether the answer's beginning is sent as a turn to go on with. After a thought it cannot be: the model is not
    there yet."""
    if not request.answer_prefix or request.thinking > 0 or setting == "say":
        return False
    return setting == "continue" or kind in _TALKATIVE


def payload(request: Request, model: str, kind: Kind, *, goes_on: bool) -> bytes:
    """The body to post. `goes_on`: the answer's beginning is the last turn; otherwise it is asked for in words."""
    messages = [{"role": message.role, "content": cleaned(message.content)} for message in request.messages]
    tree: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.max_tokens + max(0, request.thinking),
        "seed": request.sampling.seed,
    }
    prefix = cleaned(request.answer_prefix)
    if prefix and goes_on:
        messages.append({"role": "assistant", "content": prefix})
        if kind != "llamacpp":
            tree |= {"continue_final_message": True, "add_generation_prompt": False}
    elif prefix and messages:
        messages[-1]["content"] += _SAY.format(prefix=prefix)
    sampling = request.sampling
    for name, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p)):
        if value is not None:
            tree[name] = value
    if request.stop and not request.thinking and (goes_on or not prefix):  # elsewhere it could end what comes before
        tree["stop"] = [cleaned(stop) for stop in request.stop]
    if kind in _TALKATIVE:
        for name, value in (("top_k", sampling.top_k), ("min_p", sampling.min_p)):
            if value is not None:
                tree[name] = value
        # Templates call it so or so, and heed no name that they do not know.
        tree["chat_template_kwargs"] = dict.fromkeys(("enable_thinking", "thinking"), request.thinking > 0)
    return json.dumps(tree, ensure_ascii=False).encode()


def cleaned(text: str) -> str:
    """`text` without halves of surrogate pairs, which editors may hold and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
