"""The scripted engine replays what is written, and says what is wrong with a script."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from glossator.engine import Chunk, EngineDied, EngineError, Finished, Message, Request, Text, likelihood
from glossator.engine.scripted import Likely, Rule, Scripted


def ask(text: str, **more: object) -> Request:
    return Request((Message("system", "be brief"), Message("user", text, stable="the file")), **more)  # type: ignore[arg-type]


async def collect(engine: Scripted, request: Request) -> list[Chunk]:
    return [chunk async for chunk in engine.stream(request)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))


async def test_streams_words_verbatim() -> None:
    """The text arrives in several pieces that join to what was written."""
    written = "<think>\nHm.\n</think>\n\n```python\n    x = 1\n```\n"
    chunks = await collect(Scripted([Rule(text=written)]), ask("anything"))
    assert text_of(chunks) == written
    assert len(chunks) > 6
    last = chunks[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.usage.thought_tokens, last.usage.answer_tokens) == ("stop", 4, 6)


async def test_rules_in_order_and_once() -> None:
    """The first rule that fits answers; one with `once` leaves the next request to the later ones."""
    engine = Scripted([Rule("insert", "one", once=True), Rule("the file.*insert", "two"), Rule("", "other")])
    assert [text_of(await collect(engine, ask(text))) for text in ("insert", "insert", "x", "insert")] == [
        "one",
        "two",
        "other",
        "two",
    ]


async def test_limits() -> None:
    """Answers end at the token limit and before a stop text."""
    engine = Scripted([Rule(text="<think>a b c</think>one two three four")])
    chunks = await collect(engine, ask("x", max_tokens=2))
    assert text_of(chunks) == "<think>a b c</think>one two"
    assert isinstance(chunks[-1], Finished)
    assert chunks[-1].reason == "length"
    assert text_of(await collect(engine, ask("x", stop=(" three",)))) == "<think>a b c</think>one two"


async def test_error_after_text() -> None:
    """An error comes after the text, as its class."""
    seen = []
    with pytest.raises(EngineDied, match="the engine ended"):
        async for chunk in Scripted([Rule(text="half", error="the engine ended", error_kind="EngineDied")]).stream(
            ask("x")
        ):
            seen.append(chunk)
    assert text_of(seen) == "half"


async def test_hold_until_cancelled() -> None:
    """A held request stays busy until its stream is closed."""
    engine = Scripted([Rule(text="half", hold=True, delay_ms_per_token=5)])
    task = asyncio.create_task(collect(engine, ask("x")))
    await asyncio.sleep(0.1)
    assert engine.status().state == "busy"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.status().state == "idle"


async def test_delay() -> None:
    """Words come with the delay between them."""
    began = time.monotonic()
    await collect(Scripted([Rule(text="a b c d e", delay_ms_per_token=20)]), ask("x"))
    assert time.monotonic() - began >= 0.1


async def test_no_answer() -> None:
    """What is not written is an error that says what to add."""
    with pytest.raises(EngineError, match=r"add an \[\[answer\]\]"):
        await collect(Scripted([Rule("nothing like it", "x")]), ask("y"))


async def test_from_file(tmp_path: Path) -> None:
    """A script file gives rules and the model; another text gives another digest."""
    path = tmp_path / "script.toml"
    path.write_text('[model]\nname = "r1"\nreasoning = true\n[[answer]]\nmatch = "x"\ntext = """two words"""\n')
    engine = Scripted.from_file(path)
    assert engine.model().name == "r1"
    assert engine.model().reasoning
    assert text_of(await collect(engine, ask("x"))) == "two words"
    assert await engine.count(["a b", ""]) == [2, 0]
    path.write_text('[[answer]]\ntext = "z"\n')
    assert Scripted.from_file(path).model().digest != engine.model().digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[answer]]\ntxt = 'x'", "no such field: txt"),
        ("[[answer]]\ntext = 3", "text: expected str"),
        ("[[answer]]\nmatch = '('", "not a regular expression"),
        ("[[answer]]\nerror_kind = 'Oops'", "error_kind"),
        ("[answers]\n", "no such table"),
        ("[answer]\n", "two brackets"),
        ("[[answer", "not TOML"),
        ("[model]\ncontext = 'big'", "context: expected int"),
        ("[[score]]\nmatch = '('", "not a regular expression"),
        ("[[score]]\nlogprob = 'low'", "logprob: expected float"),
    ],
)
def test_broken_scripts(tmp_path: Path, text: str, says: str) -> None:
    """A broken script is refused with the file, the place and the field."""
    path = tmp_path / "script.toml"
    path.write_text(text)
    with pytest.raises(EngineError, match=says) as caught:
        Scripted.from_file(path)
    assert str(path) in str(caught.value)


async def test_scores(tmp_path: Path) -> None:
    """The first `[[score]]` that fits a text says how likely it is; otherwise each word costs one."""
    path = tmp_path / "script.toml"
    path.write_text("[[score]]\nmatch = 'n . 1'\nlogprob = -2.5\n[[score]]\nmatch = 'range'\nlogprob = -7\n")
    engine = Scripted.from_file(path)
    scores = await likelihood.score(
        engine, ask("which?"), ["for i in range(n + 1):", "for i in range(n):", "a b c", ""]
    )
    assert [each.logprob for each in scores] == [-2.5, -7, -3, 0]
    assert (scores[2].tokens, scores[2].token_logprobs, scores[2].ends) == (3, (-1, -1, -1), (1, 3, 5))
    assert await likelihood.score(Scripted([], likely=[Likely("x", -1.0)]), ask("which?"), []) == []


def test_missing_script(tmp_path: Path) -> None:
    """A script that is not there is named."""
    with pytest.raises(EngineError, match="cannot be read"):
        Scripted.from_file(tmp_path / "none.toml")
