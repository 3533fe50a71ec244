"""The ways to ask: `raw`, one greedy turn as every assistant does it, `glossator`, the product's own path, and
`glossator-run`, the same for a user who lets the examples of docstrings be run.

All return whole modules as candidates, the best first; whether one of them is right is not known here.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import glossator
from glossator.action import Action, run
from glossator.action.asking import fenced
from glossator.action.budget import prompt_tokens
from glossator.action.outcome import Explanation, Proposal, Refusal
from glossator.action.target import target_at
from glossator.action.tools import NONE, Tools
from glossator.answer.extract import blocks
from glossator.answer.reasoning import split
from glossator.engine import Engine, Finished, Message, Request, Sampling, Text, Usage

from .problems import Problem, code, preamble

METHODS = ("raw", "glossator", "glossator-run")
FILE = "module.py"
SYSTEM = "You are a helpful coding assistant."
ASKED = {
    "fix": "Fix the bug in this function:",
    "fix-bare": "Fix the bug in this function:",
    "explain": "Explain this function in at most {most} characters:",
    "refactor": "Refactor this function so that it is easier to read. It must behave as before:",
    "simplify": "Simplify this function. It must behave as before:",
    "document": "Write a docstring for this function and reply with the whole function:",
    "annotate": "Add type hints to this function and reply with the whole function:",
}
REBUILT = "Write functional code in Python according to the description.\n\n{description}\n\n{code}"
MOST_TOKENS, MOST_THOUGHT = 1024, 512


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a question.

    Attributes:
        modules: The candidates as whole modules, the first one being what is offered; empty: nothing is.
        reasons: Why nothing is offered.
        rungs: What was checked of the first one.
        usage: What it cost.
        answer: The model's last answer as it came; of `explain` the explanation that counts.
    """

    modules: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    answer: str = ""


async def raw(problem: Problem, task: str, engine: Engine) -> Answered:
    """One turn without checks. Raises `EngineError`."""
    asked = ASKED[task].format(most=len(problem.docstring))
    answer, usage = await _turn(engine, f"{asked}\n\n{fenced(code(problem, task), 'python')}")
    if task == "explain":
        return _explained(problem, answer, usage)
    module = module_of(problem, answer)
    reasons = () if module else ("the answer holds no such function",)
    return Answered((module,) if module else (), reasons, (), usage, answer)


async def product(
    problem: Problem,
    task: str,
    engine: Engine,
    actions: Mapping[str, Action],
    seconds: float = 0.0,
    *,
    tools: Tools = NONE,
) -> Answered:
    """The action as shell and editor run it, on the function, without a diagnostic. Raises `EngineError`.

    `seconds` it may search; 0: the product's default. `tools`: what edits are checked with.
    """
    target = target_at(code(problem, task), FILE, name=problem.entry_point)
    budget = prompt_tokens(engine.model())
    action = actions[action_of(task)]
    outcome = await run.run(action, target, engine, budget=budget, tools=tools, seconds=seconds or run.SECONDS)
    if isinstance(outcome, Explanation):
        return _explained(problem, outcome.markdown, outcome.usage)
    if isinstance(outcome, Proposal):
        candidates = outcome.candidates or (outcome,)
        modules = tuple(each.new_text for each in candidates)
        return Answered(modules, (), outcome.rungs, outcome.usage, outcome.answer)
    reasons = outcome.reasons if isinstance(outcome, Refusal) else ("no edit came back",)
    return Answered((), reasons, (), outcome.usage, outcome.answer)


async def rebuilt(problem: Problem, explanation: str, engine: Engine) -> str:
    """The function as the same model writes it from an explanation and the header alone; "" where it writes none."""
    task = REBUILT.format(description=explanation, code=fenced(problem.declaration, "python"))
    answer, _ = await _turn(engine, task)
    return module_of(problem, answer)


def action_of(task: str) -> str:
    """The name of the product's action for a task."""
    return "fix" if task == "fix-bare" else task


def recipe(method: str, task: str, engine: Engine, actions: Mapping[str, Action], seconds: float) -> str:
    """Digest of all that answers depend on besides the problem: a run only goes on with answers of the same one."""
    parts = [method, task, engine.model().digest, SYSTEM, ASKED[task], REBUILT, MOST_TOKENS, MOST_THOUGHT]
    if method != "raw":
        package = Path(glossator.__file__).parent
        rooms = [path for room in ("action", "answer", "code") for path in sorted((package / room).rglob("*.py"))]
        parts += [actions[action_of(task)].digest, seconds, *(path.read_text(encoding="utf-8") for path in rooms)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def module_of(problem: Problem, answer: str) -> str:
    """The module that an answer means: its first block with the function, below what the problem has above it."""
    found = blocks(answer) or [answer]
    for block in found:
        if _defines(block, problem.entry_point):
            return f"{preamble(problem).rstrip()}\n\n\n{block.strip()}\n".lstrip()
    return ""


def _defines(block: str, name: str) -> bool:
    try:
        body = ast.parse(block).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name for each in body)


def _explained(problem: Problem, text: str, usage: Usage) -> Answered:
    """An explanation, cut at the length of the docstring, which is the most that counts."""
    text, most = text.strip(), len(problem.docstring)
    if len(text) > most:
        text = text[:most].rpartition(" ")[0] or text[:most]
    return Answered((), () if text else ("no explanation",), (), usage, text)


async def _turn(engine: Engine, text: str) -> tuple[str, Usage]:
    """A greedy answer without its thought, and what it cost. A model that reasons by itself may."""
    info = engine.model()
    request = Request(
        (Message("system", SYSTEM), Message("user", text)),
        max_tokens=MOST_TOKENS,
        thinking=MOST_THOUGHT if info.reasoning else 0,
        sampling=Sampling(temperature=None if info.reasoning else 0),
    )
    written, usage = "", Usage()
    async with aclosing(engine.stream(request)) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, Text):
                written += chunk.text
            elif isinstance(chunk, Finished):
                usage = chunk.usage
    return split(written, info.think_open, info.think_close)[1].strip(), usage
