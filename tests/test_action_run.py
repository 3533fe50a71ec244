"""Actions run from prompt to outcome, tell how far they are, and are remembered by what was asked."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.action import Action
from glossator.action.catalogue import load, prompts_folder
from glossator.action.judge import Reply, judge
from glossator.action.run import (
    Answer,
    Event,
    Explanation,
    NewFile,
    Proposal,
    Refusal,
    Stage,
    Thought,
    forget,
    prompt_for,
    recall,
    recall_checked,
    request_for,
    run,
)
from glossator.action.target import Target, TargetError, target_at
from glossator.action.tools import Tools
from glossator.answer.compiling import Compilers
from glossator.answer.edit import apply
from glossator.code import Span
from glossator.engine import Chunk, EngineDied, Finished, Request
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Rule, Scripted

ACTIONS = load(prompts_folder())[0]
TEXT = '''import os


def helper(values):
    return [value for value in values if value]


def count(values, low=0):
    """How many are above `low`."""
    total = 0
    for value in helper(values):
        if value > low:
            total += 1
    return total
'''
SHORT = "```python\ndef count(values, low=0):\n    return sum(value > low for value in helper(values))\n```"


class Watched(Scripted):
    """Keeps the requests that it was asked."""

    def __init__(self, *rules: Rule) -> None:
        super().__init__(rules)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.requests.append(request)
        async for chunk in super().stream(request):
            yield chunk


def at(name: str = "count", text: str = TEXT, **options: object) -> Target:
    return target_at(text, "values.py", name=name, **options)  # type: ignore[arg-type]


async def test_an_implied_error() -> None:
    """An error that the code brings about without naming it may be spoken of."""
    text = "`div` divides and raises a `ZeroDivisionError` if `b` is zero."
    outcome = await run(
        ACTIONS["explain"], at("div", "def div(a, b):\n    return a / b\n"), Watched(Rule(text=text)), budget=2000
    )
    assert isinstance(outcome, Explanation)
    assert (outcome.markdown, outcome.dropped) == (text, ())


async def test_events() -> None:
    """What is told on the way adds up to thought and answer."""
    events: list[Event] = []
    engine = Watched(Rule(text="<think>It loops.</think>\n\n`count` counts."))
    outcome = await run(ACTIONS["explain"], at(), engine, budget=900, on_event=events.append)
    assert isinstance(outcome, Explanation)
    assert (outcome.markdown, outcome.thought, outcome.finish) == ("`count` counts.", "It loops.", "stop")
    assert "".join(event.text for event in events if isinstance(event, Thought)) == "It loops."
    assert "".join(event.text for event in events if isinstance(event, Answer)) == "`count` counts."
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert list(dict.fromkeys(stages)) == ["reading", "thinking", "answering", "checking"]
    assert outcome.usage.prompt_tokens > 0
    assert outcome.model == "scripted"


async def test_stable_first() -> None:
    """System and file are the same for every action and every target of a file, and come first."""
    engine = Watched(Rule(text=SHORT))
    await run(ACTIONS["explain"], at(), engine, budget=2000)
    await run(ACTIONS["refactor"], at("helper"), engine, budget=2000)
    one, other = (request.messages for request in (engine.requests[0], engine.requests[-1]))
    assert [message.role for message in one] == ["system", "user"]
    assert one[0] == other[0]
    assert one[1].stable == other[1].stable
    assert TEXT.strip() in one[1].stable
    assert "def count" in one[1].text
    assert "def helper" not in one[1].text


async def test_what_an_action_always_says_comes_before_the_target() -> None:
    """Two questions of a kind about a file have its examples in common, too."""
    engine = Watched(Rule(text=SHORT))
    for name in ("count", "helper"):
        await run(ACTIONS["find_bugs"], at(name), engine, budget=4000)
    one, other = (request.messages[1] for request in engine.requests)
    assert one.stable + one.preamble == other.stable + other.preamble
    assert len(one.preamble) > 300 and "def count" not in one.preamble
    assert one.text.index("def count") < one.text.index("Which mistakes")


async def test_the_reason_goes_back() -> None:
    """A refused edit is asked for again, as a further turn with the reason."""
    engine = Watched(Rule(text="```python\ndef count(values):\n    return 1\n```", once=True), Rule(text=SHORT))
    outcome = await run(ACTIONS["refactor"], at(), engine, budget=2000)
    assert isinstance(outcome, Proposal)
    again = engine.requests[1].messages
    assert [message.role for message in again] == ["system", "user", "assistant", "user"]
    assert "the parameters changed from (values, low) to (values)" in again[3].text
    assert again[1] == engine.requests[0].messages[1]
    assert engine.requests[0].draft == at().code
    assert "def count(values, low=0):" in outcome.new_text


async def test_refusal_holds_all_reasons() -> None:
    """A refusal gives the reasons of all tries."""
    engine = Watched(Rule(text="no code", once=True), Rule(text="```python\ndef count(:\n    pass\n```"))
    outcome = await run(ACTIONS["refactor"], at(), engine, budget=2000)
    assert isinstance(outcome, Refusal)
    assert len(outcome.reasons) >= 1
    assert outcome.reasons[0] == "the answer holds no code for `count`"
    assert len(engine.requests) == 2


@pytest.mark.parametrize("name", ["explain", "refactor"])
def test_nothing_but_a_thought(name: str) -> None:
    """Where all tokens went into a thought that is what the user is told."""
    outcome = judge(ACTIONS[name], ACTIONS[name].tries[0], at(), Reply("", "length"))
    assert isinstance(outcome, Refusal)
    assert "on its thought" in outcome.reasons[0] and "`reasoning`" in outcome.reasons[0]


async def test_cut_answers() -> None:
    """An edit that was cut off is refused, an explanation says that it was."""
    short = dataclasses.replace(
        ACTIONS["refactor"], tries=(dataclasses.replace(ACTIONS["refactor"].tries[0], max_tokens=5),)
    )
    outcome = await run(short, at(), Watched(Rule(text=SHORT)), budget=2000)
    assert isinstance(outcome, Refusal)
    assert outcome.reasons == ("the answer was cut off at its length limit",)
    assert outcome.finish == "length"
    brief = dataclasses.replace(
        ACTIONS["explain"], tries=(dataclasses.replace(ACTIONS["explain"].tries[0], max_tokens=5),)
    )
    told = await run(brief, at(), Watched(Rule(text="It counts the values that are above.")), budget=2000)
    assert isinstance(told, Explanation)
    assert told.markdown == "It counts the values that …"


class Kept(Remembered):
    """Waits for its writer, so that a test need not."""

    def recall(self, request: Request) -> tuple[str, Finished] | None:
        self._shelf.ready(2.0)
        self._shelf.flush(2.0)
        return super().recall(request)


def test_models_that_reason() -> None:
    """A model that reasons by itself is given room to, and is not made to take the likeliest word."""
    target, explain = at(), ACTIONS["explain"]
    plain, thinking = (request_for(explain, target, None, reasoning=reasons) for reasons in (False, True))
    assert (plain.thinking, plain.sampling.temperature) == (0, 0.0)
    assert (thinking.thinking, thinking.sampling.temperature) == (512, None)


@pytest.fixture
def engine(tmp_path: Path) -> Remembered:
    return Kept(Watched(Rule(match="Explain", text="`count` counts."), Rule(text=SHORT)), tmp_path, 8)


async def test_what_is_left_of_the_first_try(tmp_path: Path) -> None:
    """Where the last try leaves nothing, what was left of one before it is shown; so it is when remembered."""
    said = "`count` is decorated with a cache. It returns how many values are above `low`."
    rules = Rule(match="once more", text="`count` is decorated with two caches."), Rule(text=said)
    engine = Kept(Watched(*rules), tmp_path, 16)
    outcome = await run(ACTIONS["explain"], at(), engine, budget=2000)
    again = recall(ACTIONS["explain"], at(), engine)
    for each in (outcome, again):
        assert isinstance(each, Explanation)
        assert each.markdown == "`count` returns how many values are above `low`."
        assert each.dropped == ("`count` has no decorator",)


def test_a_repair_keeps_the_blanks_of_its_line() -> None:
    """A changed line differs where it was repaired; where the user has words for it, or the code would be another, as
    the model wrote it."""
    text = "class A:\n    def f(self, x):\n        return [x*2,  x//2]\n"
    reply = Reply("```python\ndef f(self, x):\n    return [x * 2, x // 3]\n```")
    for action in ("fix", "refactor"):
        target = target_at(text, "a.py", name="A.f")
        found = judge(ACTIONS[action], ACTIONS[action].tries[0], target, reply)
        assert isinstance(found, Proposal)
        assert found.new_text == text.replace("//2", "//3")
    asked = target_at(text, "a.py", name="A.f", instruction="blanks around operators")
    found = judge(ACTIONS["refactor"], ACTIONS["refactor"].tries[0], asked, reply)
    assert isinstance(found, Proposal) and "[x * 2, x // 3]" in found.new_text


def test_an_explanation_is_judged_once_for_a_tree() -> None:
    """The same answer about the same tree is not looked through again; what was asked otherwise is."""
    action, target = ACTIONS["explain"], at()
    reply = Reply("`count` is decorated with a cache. It returns how many values are above `low`.")
    first, last = action.tries[0], action.tries[-1]
    kept = judge(action, last, target, reply)
    assert judge(action, last, at(tree=target.tree), reply) is kept
    assert isinstance(kept, Explanation) and isinstance(judge(action, first, target, reply), Refusal)
    asked = judge(action, last, dataclasses.replace(target, instruction="what of the `cache`?"), reply)
    assert asked is not kept
    assert judge(action, last, target, Reply("It counts.")) == Explanation(markdown="It counts.")


async def test_recall(engine: Remembered) -> None:
    """What was answered once is known at once, until it is forgotten."""
    for name in ("explain", "refactor"):
        action = ACTIONS[name]
        assert recall(action, at(), engine) is None
        first = await run(action, at(), engine, budget=2000)
        second = recall(action, at(), engine)
        assert type(second) is type(first)
        assert second is not None
        assert second.remembered
        assert (await run(action, at(), engine, budget=700)).remembered
        assert recall(action, at(), engine, seed=1) is None
        assert recall(action, at(instruction="shorter"), engine) is None
        forget(action, at(), engine)
        assert recall(action, at(), engine) is None
        again = await run(action, at(), engine, budget=2000, use_cache=False)
        assert not again.remembered


async def test_recall_of_the_second_try(tmp_path: Path) -> None:
    """Where the first try was refused both answers are remembered."""
    scripted = Watched(Rule(text="no code", once=True), Rule(text=SHORT))
    engine = Kept(scripted, tmp_path, 8)
    first = await run(ACTIONS["refactor"], at(), engine, budget=2000)
    second = recall(ACTIONS["refactor"], at(), engine)
    assert isinstance(first, Proposal)
    assert isinstance(second, Proposal)
    assert second.edits == first.edits
    forget(ACTIONS["refactor"], at(), engine)
    assert recall(ACTIONS["refactor"], at(), engine) is None


@pytest.fixture
def compilers(tmp_path: Path) -> Compilers:
    """Compilers that know one only, `cc`: it finds fault with `GOTO`, and adds a line to `runs` each time."""
    program = tmp_path / "programs" / "cc"
    program.parent.mkdir()
    program.write_text(f"""#!/bin/sh
echo run >> {tmp_path}/runs
grep -q GOTO *.c && {{ echo 'a.c:1:1: error: no GOTO'; exit 1; }}
exit 0
""")
    program.chmod(0o755)
    return Compilers(environment={"PATH": f"{program.parent}:/usr/bin:/bin"})


C = "int one(void) {\n    int x = 1;\n    return x;\n}\n"
WRONG_C, RIGHT_C = (f"```c\nint one(void) {{\n    {body}\n}}\n```" for body in ("GOTO(1);", "return 1;"))


async def test_compiled(tmp_path: Path, compilers: Compilers) -> None:
    """What does not compile is asked for again with the reason, and a remembered edit is offered only once compiled."""
    scripted = Watched(Rule(text=WRONG_C, once=True), Rule(text=RIGHT_C))
    engine, action = Kept(scripted, tmp_path, 8), ACTIONS["refactor"]
    target = target_at(C, "a.c", name="one")
    outcome = await run(action, target, engine, budget=2000, tools=Tools(compilers))
    assert isinstance(outcome, Proposal)
    assert outcome.rungs == ("parses", "same name and parameters", "compiles (cc)")
    assert "the new code does not compile: no GOTO (cc)" in scripted.requests[1].messages[-1].text
    count = (tmp_path / "runs").read_text()
    known = recall(action, target, engine, tools=Tools(compilers))
    assert isinstance(known, Proposal)
    assert (known.edits, known.rungs) == (outcome.edits, outcome.rungs)
    anew = Compilers(environment=compilers.environment)
    assert recall(action, target, engine, tools=Tools(anew)) is None
    assert (tmp_path / "runs").read_text() == count
    found = await recall_checked(action, target, engine, tools=Tools(anew))
    assert isinstance(found, Proposal)
    assert found.edits == outcome.edits
    forget(action, target, engine, tools=Tools(anew))
    assert await recall_checked(action, target, engine, tools=Tools(anew)) is None


async def test_not_compiled(compilers: Compilers) -> None:
    """Without compilers, and in a language without one here, an edit is offered with the rungs that it has."""
    target = target_at(C, "a.c", name="one")
    outcome = await run(ACTIONS["refactor"], target, Watched(Rule(text=WRONG_C)), budget=2000)
    assert isinstance(outcome, Proposal)
    assert outcome.rungs == ("parses", "same name and parameters")
    outcome = await run(ACTIONS["refactor"], at(), Watched(Rule(text=SHORT)), budget=2000, tools=Tools(compilers))
    assert isinstance(outcome, Proposal)
    assert outcome.rungs[-1] == "compiles"


async def test_moved_and_reformatted(engine: Remembered) -> None:
    """An explanation survives a function that moves and a file that is reformatted, not one that changes."""
    await run(ACTIONS["explain"], at(), engine, budget=2000)
    moved = "# above\n" * 20 + TEXT.replace("total += 1", "total  +=  1  # one more")
    assert recall(ACTIONS["explain"], at(text=moved), engine) is not None
    assert recall(ACTIONS["explain"], at(text=TEXT.replace("> low", ">= low")), engine) is None
    assert recall(ACTIONS["explain"], at(text=TEXT.replace("if value]", "if not value]")), engine) is None


async def test_moved_edit(engine: Remembered) -> None:
    """A remembered edit is computed anew for where the function stands now, and not for another text."""
    await run(ACTIONS["refactor"], at(), engine, budget=2000)
    moved = at(text="# above\n" * 20 + TEXT)
    outcome = recall(ACTIONS["refactor"], moved, engine)
    assert isinstance(outcome, Proposal)
    assert all(moved.span.holds(edit.span) for edit in outcome.edits)
    assert recall(ACTIONS["refactor"], at(text=TEXT.replace("total = 0", "total  = 0")), engine) is None


def test_key_needs_no_context() -> None:
    """The key of a question is known without its prompt, and changes with the prompt file, the words and the try."""
    action, target = ACTIONS["refactor"], at()
    keys = {
        request_for(each, place, None).key("model")
        for each in (action, dataclasses.replace(action, digest="other"), ACTIONS["simplify"])
        for place in (target, at(instruction="x"), at(diagnostics=("y",)), at("helper"))
    }
    assert len(keys) == 12
    assert request_for(action, target, None).messages == ()


def test_the_name_of_the_file() -> None:
    """Tests import from the file that they are for, so its name counts there, and nowhere else."""
    places = [dataclasses.replace(at(), path=path) for path in ("a.py", "deep/a.py", "b.py")]
    for name, different in (("write_tests", 2), ("explain", 1), ("fix", 1)):
        assert len({request_for(ACTIONS[name], place, None).key("model") for place in places}) == different


async def test_engine_errors_are_raised() -> None:
    """What the engine cannot do is an error of the engine."""
    with pytest.raises(EngineDied, match="gone"):
        await run(ACTIONS["explain"], at(), Watched(Rule(text="a", error="gone", error_kind="EngineDied")), budget=900)


async def test_cancelled() -> None:
    """Cancelling the task ends the engine's stream."""
    engine = Watched(Rule(text="a", hold=True))
    begun = asyncio.Event()
    task = asyncio.create_task(
        run(
            ACTIONS["explain"],
            at(),
            engine,
            budget=900,
            on_event=lambda event: begun.set() if isinstance(event, Answer) else None,
        )
    )
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.status().state == "idle"


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("ask", {"name": "count"}, "needs words"),
        ("refactor", {}, "no definition here"),
        ("document", {"span": Span(TEXT.index("total"), TEXT.index("return total"))}, "whole definition"),
        ("annotate", {"name": "count", "language_id": "javascript"}, "not made for JavaScript"),
    ],
)
async def test_unfit(name: str, place: dict[str, object], words: str) -> None:
    """What makes no sense is refused before the model is asked."""
    engine = Watched()
    text = "function count() {\n  return 1;\n}\n" if "language_id" in place else TEXT
    outcome = await run(ACTIONS[name], target_at(text, "values.py", **place), engine, budget=900)  # type: ignore[arg-type]
    assert isinstance(outcome, Refusal)
    assert words in outcome.reasons[0]
    assert not engine.requests


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("def count():\n    return 1\n" + "x = 1\n" * 200_000, "1,000,000"),
        ("def count():\n    return " + "(" * 2000 + "1" + ")" * 2000, "1,000 levels"),
    ],
    ids=["large", "deep"],
)
async def test_what_is_not_analysed(text: str, limit: str) -> None:
    """Where a file is over a cap, its name and the cap are told, and the model is not asked."""
    with pytest.raises(TargetError, match=rf"^src/values\.py: .*{limit}.*; give lines: PATH:FIRST-LAST$"):
        target_at(text, "src/values.py", name="count")
    engine = Watched()
    for action, place in (("refactor", {"offset": 5}), ("document", {"span": Span(0, 12)})):
        target = target_at(text, "src/values.py", **place)  # type: ignore[arg-type]
        outcome = await run(ACTIONS[action], target, engine, budget=900)
        assert isinstance(outcome, Refusal)
        assert outcome.reasons[0].startswith("src/values.py: the ") and limit in outcome.reasons[0]
    assert not engine.requests


async def test_a_new_file_that_is_not_analysed() -> None:
    """A new file over a cap is refused with its name and the cap."""
    engine = Watched(Rule(text="```python\nx = " + "(" * 2000 + "1" + ")" * 2000 + "\n```"))
    outcome = await run(ACTIONS["write_tests"], at(name="count"), engine, budget=900)
    assert isinstance(outcome, Refusal)
    assert any("test_values.py is not offered: the code nests deeper" in each for each in outcome.reasons)


async def test_too_long() -> None:
    """A target that does not fit the model's window is refused with its size."""
    text = "def count():\n" + "    value = 1\n" * 9000
    outcome = await run(ACTIONS["explain"], at(text=text), Watched(Rule(text="x")), budget=2000)
    assert isinstance(outcome, Refusal)
    assert "too long for the model" in outcome.reasons[0]


async def test_new_tests(tmp_path: Path) -> None:
    """Tests become a new file in the project's folder for them, never in the place of one that exists."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "src").mkdir()
    target = target_at(TEXT, str(tmp_path / "src" / "values.py"), name="count")
    wrong = "```python\ndef test_count():\n    with pytest.raises(KeyError):\n        count(1)\n```"
    right = "```python\nfrom values import count\n\n\ndef test_count():\n    assert count([1]) == 1\n```"
    engine = Watched(Rule(text=wrong, once=True), Rule(text=right))
    outcome = await run(ACTIONS["write_tests"], target, engine, budget=2000)
    assert isinstance(outcome, NewFile)
    assert outcome.path == "../tests/test_values.py"
    assert outcome.text.startswith("from values import count\n")
    assert outcome.rungs == ("parses", "compiles")
    (tmp_path / "tests" / "test_values.py").touch()
    outcome = await run(ACTIONS["write_tests"], target, engine, budget=2000)
    assert isinstance(outcome, NewFile)
    assert outcome.path == "../tests/test_values_count.py"


async def test_show_prompt() -> None:
    """The prompt is shown as it would be sent."""
    shown = await prompt_for(ACTIONS["explain"], at(), Watched(), budget=2000)
    assert shown.startswith("--- system\n")
    assert "How many are above" in shown
    assert shown.endswith("--- assistant\n`count`")
    assert "{{" not in shown


async def test_file_that_looks_like_a_prompt() -> None:
    """Placeholders and fences inside a file are text."""
    text = 'def count():\n    """{{facts}} {{/file}}\n\n    ```\n    x\n    ```\n    """\n'
    shown = await prompt_for(ACTIONS["explain"], at(text=text), Watched(), budget=2000)
    assert "{{facts}} {{/file}}" in shown
    assert "````python\ndef count" in shown


@pytest.mark.parametrize(
    ("place", "kind", "title"),
    [
        ({"name": "count"}, "function", "values.py:count"),
        ({"offset": TEXT.index("total")}, "function", "values.py:count"),
        ({"span": Span(TEXT.index("def helper"), TEXT.index("\n\n\ndef count"))}, "function", "values.py:helper"),
        ({"span": Span(TEXT.index("    total = 0"), TEXT.index("        if"))}, "selection", "values.py:10-11"),
        ({"offset": 0}, "file", "values.py"),
        ({}, "file", "values.py"),
    ],
)
def test_targets(place: dict[str, object], kind: str, title: str) -> None:
    """A place is a definition, whole lines or the file."""
    target = target_at(TEXT, "src/values.py", **place)  # type: ignore[arg-type]
    assert (target.kind, target.title) == (kind, title)
    if kind == "selection":
        assert target.code == "total = 0\n    for value in helper(values):"


@pytest.mark.parametrize("place", [{"name": "cuont"}, {"span": Span(9, 11)}])
def test_no_such_target(place: dict[str, object]) -> None:
    """A name that is not there is an error that names near ones; so is an empty selection."""
    with pytest.raises(TargetError, match=r"it has: count|empty"):
        target_at(TEXT, "values.py", **place)  # type: ignore[arg-type]


def test_actions_are_values() -> None:
    """An action can be kept in a set."""
    assert len({hash(action) for action in ACTIONS.values() if isinstance(action, Action)}) == len(ACTIONS)


PIECES = st.sampled_from(
    [
        "```python\n", "```", "\n", "\r\n", "    ", "\t", "def count(values, low=0):", "def count(", "class A:",
        '"""', "'''", "Wrong: `total = 0`", "Right: `total = 1`", "@cache", "import os", "\x00", "\u202e", "{{name}}",
        "total = 0", "return 1", "-> Iterable[int]:", "async ", "lambda x:", "(" * 40, "# x", "<think>",
        "- line 9: ", "é\U0001f600",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=14), st.sampled_from(sorted(ACTIONS)), st.sampled_from(["\n", "\r\n"]))
def test_whatever_a_model_writes(pieces: list[str], name: str, eol: str) -> None:
    """No answer is an error; every edit lies in the target, an import above it aside, and gives code that parses."""
    text = TEXT.replace("\n", eol)
    target = at(text=text, instruction="x")
    action = ACTIONS[name]
    for attempt in action.tries:
        outcome = judge(action, attempt, target, Reply("".join(pieces)))
        if isinstance(outcome, Proposal):
            assert apply(text, outcome.edits) == outcome.new_text
            assert target.tree is not None
            assert not target.tree.edited(outcome.new_text).errors()
            for edit in outcome.edits:
                assert target.span.holds(edit.span) or (not edit.span.end - edit.span.start and "import" in edit.text)
            if eol == "\r\n":
                assert "\n" not in outcome.new_text.replace("\r\n", "")
