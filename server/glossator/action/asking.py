"""One try of an action -> the request that is sent to a model. Knows prompts and code; asks nothing itself."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ..answer.indent import shown
from ..code.context import Context, gather, recipe
from ..engine import Engine, Message, Priority, Request, Sampling
from . import VALUES, Action, Try, template
from .budget import file_tokens
from .facts_told import effects, listed
from .target import Target

MOST_CALLERS = 5
_SHARED = ("stable", "preamble")
_NAMES_FILE = re.compile(r"\{\{\s*[#^]?\s*path\s*\}\}")
OTHER_SEED_TEMPERATURE = 0.7
"""A seed other than 0 asks for another answer; where the prompt file says greedy there would be none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier answer to the same question and why it was refused; `example`: the one that it did not keep."""

    attempt: Try
    answer: str
    reasons: tuple[str, ...]
    example: str = ""


def request_for(
    action: Action,
    target: Target,
    context: Context | None,
    turns: Sequence[Turn] = (),
    *,
    reasoning: bool = False,
    seed: int = 0,
    priority: Priority = Priority.COMMAND,
    lane: str = "",
) -> Request:
    """The request of the next try after `turns`. Without a context it has no messages, but the same key.

    `reasoning`: the model thinks by itself; then it may, and samples as its publisher advises, since it repeats itself
    where it must always take the likeliest word.
    """
    attempt = action.tries[len(turns)]
    temperature = None if reasoning and attempt.temperature == 0 else attempt.temperature
    if seed and temperature == 0:
        temperature = OTHER_SEED_TEMPERATURE
    code = shown(target.text, target.span)
    most = attempt.max_tokens
    if attempt.reply == "code" and action.kind == "edit":
        # Code has three to four characters a token: room for half as much again, and for the words around it.
        most = min(most, len(code) // 2 + 256)
    return Request(
        messages=messages(action, target, context, turns) if context is not None else (),
        max_tokens=most,
        thinking=max(attempt.thinking, attempt.reasoning) if reasoning else attempt.thinking,
        sampling=Sampling(temperature=temperature, seed=seed),
        answer_prefix=template.render(attempt.prefix, _values(target, None, turns)),
        draft=code if attempt.reply == "code" and action.kind == "edit" else "",
        stop=attempt.stop,
        recipe=_recipe(action, target, turns, code),
        priority=priority,
        lane=lane,
        purpose=action.name,
    )


def messages(action: Action, target: Target, context: Context, turns: Sequence[Turn] = ()) -> tuple[Message, ...]:
    """The conversation: system, then the file (which other requests share), then target and task."""
    attempt = action.tries[len(turns)]
    values = _values(target, context, turns)
    stable, preamble = (_spaced(template.render(action.sections.get(name, ""), values)) for name in _SHARED)
    talk = [Message("system", system)] if (system := template.render(action.sections.get("system", ""), values)) else []
    task = template.render(action.sections[attempt.section], values)
    if attempt.further and turns:
        before = turns[-1]
        first = template.render(action.sections[before.attempt.section], _values(target, context, turns[:-1]))
        talk += [Message("user", first, stable, preamble), Message("assistant", before.answer), Message("user", task)]
    else:
        talk.append(Message("user", task, stable, preamble))
    return tuple(talk)


def overhead(action: Action) -> int:
    """Tokens of the longest prompt of an action without its values, by three characters a token."""
    sections = [action.sections.get(name, "") for name in ("system", *_SHARED)]
    return (sum(map(len, sections)) + max(len(action.sections[each.section]) for each in action.tries)) // 3 + 32


def room(engine: Engine, action: Action) -> int:
    """Tokens that the model's window leaves for the prompt once the answer has its own."""
    info = engine.model()
    thought = max(max(each.thinking, each.reasoning if info.reasoning else 0) for each in action.tries)
    answer = thought + max(each.max_tokens for each in action.tries)
    window = info.context
    return max(window - min(answer, window // 2) - 64, window // 4)


async def context_for(action: Action, target: Target, engine: Engine, budget: int) -> Context:
    """What to show within `budget` (0: what the window admits), the file's part being the same for every action."""
    window = room(engine, action)
    limit = max(min(budget or window, window) - overhead(action), 128)
    shared = min(file_tokens(engine.model()), window - overhead(action) - limit) if budget else 0
    return await gather(
        target.tree,
        target.text,
        target.path,
        target.span,
        limit,
        engine.count,
        shared=max(0, shared),
        beyond=target.beyond,
    )


def _spaced(stable: str) -> str:
    return f"{stable}\n\n" if stable else ""


def _recipe(action: Action, target: Target, turns: Sequence[Turn], code: str) -> str:
    """What the answer depends on: the prompt file, the target's meaning, the user's words and the tries before; the
    file's name where a task speaks of it.

    For prose that is the code without its layout and place; an edit also depends on every character of the target.
    """
    parts = [
        action.name,
        action.digest,
        len(turns),
        [turn.reasons for turn in turns],
        recipe(target.tree, target.text, target.span, target.beyond),
        target.symbol.qualified if target.symbol else "",
        target.language.id if target.language else "",
        list(target.diagnostics),
        target.instruction,
        code if action.kind == "edit" else "",
    ]
    # Above a file its name says nothing that the text does not; in a task it is asked about.
    if any(_NAMES_FILE.search(text) for name, text in action.sections.items() if name != "stable"):
        parts.append(_file_name(target))
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _file_name(target: Target) -> str:
    return target.path.replace("\\", "/").rpartition("/")[2]


def _values(target: Target, context: Context | None, turns: Sequence[Turn]) -> dict[str, str]:
    """The values that a prompt file may name."""
    language = target.language
    tag = language.fence if language else ""
    values = dict.fromkeys(VALUES, "") | {
        "path": _file_name(target),
        "name": target.name,
        "qualified": target.symbol.qualified if target.symbol else target.name,
        "kind": target.kind,
        "language": language.name if language else "",
        "fence": tag,
        "python": language.name if language and language.id == "python" else "",
        "instruction": target.instruction,
        "diagnostics": "\n".join(f"- {message}" for message in target.diagnostics),
        "reasons": "\n".join(f"- {reason}" for reason in turns[-1].reasons) if turns else "",
        "example": turns[-1].example if turns else "",
        "target": fenced(shown(target.text, target.span), tag),
    }
    if context is not None:
        values["file"] = fenced(context.file, tag) if context.file.strip() else ""
        values["related"] = "\n\n".join(f"{title}:\n\n{fenced(text, tag)}" for title, text in context.related)
        values["facts"] = _facts(context)
        values["callers"] = _list(context.facts.callers[:MOST_CALLERS]) if context.facts else ""
    return values


def _facts(context: Context) -> str:
    """What the syntax tree knows, as list items; the model need not guess it."""
    facts = context.facts
    if facts is None:
        return ""
    changes = [f"changes its arguments {_list(facts.mutated)} in place"] if facts.mutated else []
    changes += [f"changes {_list(facts.own)}"] if facts.own else []
    rows = effects(facts, changes, yields="is a generator", most=sys.maxsize)
    rows += ["is asynchronous"] if facts.is_async else []
    return "\n".join(f"- {row}" for row in rows)


def _list(names: Sequence[str]) -> str:
    return listed(names, len(names))


def fenced(code: str, tag: str) -> str:
    """A Markdown block whose fence is longer than any in the code."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{tag}\n{code.rstrip()}\n{fence}"
