"""A remote server as an engine: what is sent, what becomes of its words and faults, and what never goes there."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Explanation, Proposal
from glossator.action.run import recall, run
from glossator.action.target import target_at
from glossator.answer.reasoning import split
from glossator.engine import (
    Chunk,
    ContextTooLong,
    EngineBusy,
    EngineError,
    Finished,
    Message,
    ModelInfo,
    Priority,
    Queued,
    RemoteError,
    Request,
    Sampling,
    Text,
    likelihood,
    remote_http,
)
from glossator.engine.choose import open_engine
from glossator.engine.remembered import Remembered
from glossator.engine.remote import Remote
from glossator.engine.remote_endpoint import Endpoint, endpoint_of
from glossator.engine.remote_lanes import Lanes
from glossator.engine.remote_models import served, thinks
from glossator.engine.remote_refused import refusal
from glossator.engine.remote_reply import Reply
from glossator.engine.remote_sse import Events, Malformed
from glossator.settings import Remote as Options
from glossator.settings import Settings, folders


def helper(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = helper("endpoint_fake")

ASKED = Request(
    (Message("system", "be brief"), Message("user", " What is it?", stable="def secret_of_mine(): ...")), max_tokens=64
)
CLOSE = "</think>"


def engine_of(server: Any, **options: Any) -> Remote:
    known = {"base_url": server.url, "model": "tiny", "timeout_seconds": 5.0}
    return Remote(Options(**(known | options)), {})


async def collect(engine: Any, request: Request = ASKED) -> list[Chunk]:
    return [chunk async for chunk in engine.stream(request)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are decided as always, and not waited for."""
    decide = remote_http.pause_before
    monkeypatch.setattr(remote_http, "pause_before", lambda *known: None if decide(*known) is None else 0.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    (place / "config").mkdir(parents=True)
    return place


# --- asking -----------------------------------------------------------------------------------------------------------


async def test_an_answer() -> None:
    """The text comes in pieces as it was written, with the server's own numbers."""
    usage = {
        "prompt_tokens": 40,
        "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 32},
    }
    events = [*fake.deltas("It ", "", "adds", "."), fake.event(finish="stop"), fake.event(usage=usage)]
    with fake.FakeEndpoint(fake.stream([fake.framed(events)])) as server:
        engine = engine_of(server)
        assert engine.status().state == "off"
        chunks = await collect(engine)
    assert [chunk.text for chunk in chunks if isinstance(chunk, Text)] == ["It ", "adds", "."]
    last = chunks[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.model) == ("stop", "tiny")
    assert (last.usage.prompt_tokens, last.usage.reused_tokens, last.usage.answer_tokens) == (40, 32, 3)
    assert engine.status().state == "idle"
    assert engine.status().tokens["answer"] == 3


async def test_what_is_sent() -> None:
    """Messages as they are, sampling as it was asked for, room for thought and answer, nothing compressed."""
    request = replace(
        ASKED, thinking=100, sampling=Sampling(temperature=0.5, top_p=0.9, top_k=20, seed=7), stop=("\n\n",)
    )
    with fake.FakeEndpoint(models=fake.listing("tiny", owner="vllm")) as server:
        await collect(engine_of(server))
        await collect(engine_of(server), request)
        plain, full = (seen.json for seen in server.requests)
        seen = server.requests[0]
    assert plain["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "def secret_of_mine(): ... What is it?"},
    ]
    assert (plain["model"], plain["stream"], plain["max_tokens"], plain["seed"]) == ("tiny", True, 64, 0)
    assert not {"temperature", "top_p", "top_k", "stop"} & set(plain)
    assert (full["temperature"], full["top_p"], full["top_k"], full["seed"]) == (0.5, 0.9, 20, 7)
    assert full["max_tokens"] == 164
    assert "stop" not in full, "a stop text would end the thought"
    assert full["chat_template_kwargs"]["enable_thinking"] is True
    assert plain["chat_template_kwargs"]["enable_thinking"] is False
    assert seen.headers["accept-encoding"] == "identity"
    assert "authorization" not in seen.headers


async def test_unknown_servers_get_the_protocol_only() -> None:
    """A program that is not known is sent no field that it may refuse."""
    with fake.FakeEndpoint() as server:
        await collect(engine_of(server), replace(ASKED, sampling=Sampling(top_k=3, min_p=0.1)))
        sent = set(server.requests[0].json)
    assert sent == {"model", "messages", "stream", "stream_options", "max_tokens", "seed"}


async def test_halves_of_characters_are_not_sent() -> None:
    """What an editor may hold and UTF-8 cannot becomes the replacement character, there and back."""
    answer = fake.stream([b'data: {"choices": [{"delta": {"content": "a\\ud800b"}, "finish_reason": "stop"}]}\n\n'])
    with fake.FakeEndpoint(answer) as server:
        chunks = await collect(engine_of(server), Request((Message("user", "x\ud800y\ud83d\ude00"),)))
        assert server.requests[0].json["messages"][0]["content"] == "x\ufffdy😀"
    assert text_of(chunks) == "a\ufffdb"


async def test_a_prompt_that_is_only_read() -> None:
    """Nothing is sent that nobody waits for."""
    with fake.FakeEndpoint() as server:
        chunks = await collect(engine_of(server), replace(ASKED, max_tokens=0))
        assert not server.requests and not server.others
    assert [type(chunk) for chunk in chunks] == [Finished]


async def test_no_scores() -> None:
    """What a remote server cannot know is said before anything is sent."""
    with fake.FakeEndpoint() as server:
        engine = engine_of(server)
        assert not engine.model().scores
        for asked in (likelihood.score(engine, ASKED, ["a"]), likelihood.go_on(engine, ASKED, ["a"])):
            with pytest.raises(RemoteError, match="how likely"):
                await asked
        with pytest.raises(RemoteError, match="how likely"):
            await collect(engine, replace(ASKED, answers=("a",)))
        assert not server.requests and not server.others


async def test_counts_are_estimates() -> None:
    """Tokens are counted by length, and rather too many."""
    with fake.FakeEndpoint() as server:
        assert await engine_of(server).count(["", "abc", "abcd", "漢字"]) == [0, 1, 2, 2]


# --- thoughts ---------------------------------------------------------------------------------------------------------

THOUGHTS = {
    "reasoning_content": [*fake.deltas("Hm", ". So", name="reasoning_content"), *fake.deltas("\n\nIt ", "adds.")],
    "reasoning": [*fake.deltas("Hm", ". So", name="reasoning"), *fake.deltas("It ", "adds.")],
    "inline": fake.deltas("<thi", "nk>\nHm", ". So\n</th", "ink>\n", "\nIt ", "adds."),
    "opened by the template": fake.deltas("Hm", ". So\n</thi", "nk>\n\n", "It ", "adds."),
}


@pytest.mark.parametrize("form", THOUGHTS)
async def test_thoughts(form: str) -> None:
    """A thought is told apart in every form in which servers send it."""
    events = [*THOUGHTS[form], fake.event(finish="stop")]
    with fake.FakeEndpoint(fake.stream([fake.framed(events)])) as server:
        chunks = await collect(engine_of(server), replace(ASKED, thinking=50))
    assert split(text_of(chunks)) == ("Hm. So", "It adds.")
    last = chunks[-1]
    assert isinstance(last, Finished) and last.usage.thought_tokens >= 2


async def test_a_thought_alone() -> None:
    """Where the tokens ended within the thought there is no answer."""
    events = [*fake.deltas("Hm", name="reasoning_content"), fake.event(finish="length")]
    with fake.FakeEndpoint(fake.stream([fake.framed(events)])) as server:
        chunks = await collect(engine_of(server), replace(ASKED, thinking=50))
    assert split(text_of(chunks)) == ("Hm", "")
    assert chunks[-1].reason == "length"  # type: ignore[union-attr]


async def test_a_thought_that_quotes_its_mark() -> None:
    """The mark within a thought that was sent apart does not end it."""
    events = [
        *fake.deltas("the </thi", "nk> mark", name="reasoning_content"),
        *fake.deltas("Yes."),
        fake.event(finish="stop"),
    ]
    with fake.FakeEndpoint(fake.stream([fake.framed(events)])) as server:
        text = text_of(await collect(engine_of(server), replace(ASKED, thinking=50)))
    assert text.count(CLOSE) == 1
    assert split(text) == ("the < /think> mark", "Yes.")


@pytest.mark.parametrize("setting", ["auto", "yes", "no"])
async def test_who_thinks(setting: str) -> None:
    """Whether a model thinks is told by its name, unless the user says it."""
    with fake.FakeEndpoint() as server:
        named = [engine_of(server, model=name, reasoning=setting).model().reasoning for name in ("qwq-32b", "tiny")]
    assert named == {"auto": [True, False], "yes": [True, True], "no": [False, False]}[setting]


def test_names_of_thinkers() -> None:
    """Families that think are known, and their members that do not."""
    for name in ("deepseek-r1:7b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen/Qwen3-4B", "qwen3:8b", "gpt-oss:1"):
        assert thinks(name), name
    for name in ("qwen2.5-coder", "Qwen/Qwen3-Coder-30B-A3B-Instruct", "llama3.1", "mistral", "r12", "gpt-4"):
        assert not thinks(name), name


@settings(deadline=None, max_examples=300)
@given(
    parts=st.lists(
        st.sampled_from(["<think>", CLOSE, "```python\n", "```", " ", "\n", "a", "<", "END", "E", "</"]), max_size=12
    ),
    cuts=st.lists(st.integers(1, 80), max_size=10),
    goes_on=st.booleans(),
    thinking=st.booleans(),
)
def test_cut_anywhere(parts: list[str], cuts: list[int], goes_on: bool, thinking: bool) -> None:
    """What becomes of marks, beginnings and stop texts does not depend on where the text is cut."""
    whole = "".join(parts)
    request = replace(ASKED, thinking=9 * thinking, answer_prefix="```python\n" * (not thinking), stop=("END",))

    def replied(pieces: list[str]) -> str:
        reply = Reply(request, ModelInfo("m", "d", 4096), goes_on=goes_on and not thinking)
        texts = [text for piece in pieces for text in reply.feed(fake.event({"content": piece}))]
        return "".join(text.text for text in [*texts, *reply.finish()])

    marks = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    assert replied([whole[a:b] for a, b in itertools.pairwise(marks)]) == replied([whole])
    if not thinking and not goes_on and "<think>" not in whole and "END" not in whole:
        assert replied([whole]).strip() == whole.strip()


# --- the answer's beginning -------------------------------------------------------------------------------------------

BEGUN = replace(ASKED, answer_prefix="```python\n")


@pytest.mark.parametrize("owner", ["vllm", "sglang", "llamacpp"])
async def test_servers_that_go_on(owner: str) -> None:
    """The beginning is a turn that the server goes on with, and is part of the answer."""
    with fake.FakeEndpoint(fake.said("x", " = 1"), models=fake.listing("tiny", owner=owner)) as server:
        chunks = await collect(engine_of(server), BEGUN)
        sent = server.requests[0].json
    assert text_of(chunks) == "```python\nx = 1"
    assert sent["messages"][-1] == {"role": "assistant", "content": "```python\n"}
    assert sent["chat_template_kwargs"]["enable_thinking"] is False, "llama-server refuses it otherwise"
    flags = (sent.get("continue_final_message"), sent.get("add_generation_prompt"))
    assert flags == ((None, None) if owner == "llamacpp" else (True, False))


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["```python\nx"], "```python\nx"),
        (["``", "`py", "thon\nx"], "```python\nx"),
        (["\n```python", "\nx"], "```python\nx"),
        (["```", "x"], "```python\n```x"),
        (["``"], "```python\n``"),
        (["```python"], "```python\n"),
        ([""], "```python\n"),
    ],
)
async def test_a_beginning_that_comes_again(pieces: list[str], whole: str) -> None:
    """It is not doubled, however it is cut; what only looks like it stays."""
    with fake.FakeEndpoint(fake.said(*pieces), models=fake.listing("tiny")) as server:
        assert text_of(await collect(engine_of(server), BEGUN)) == whole


@pytest.mark.parametrize(
    ("owner", "setting", "thinking"), [("library", "auto", 0), ("vllm", "say", 0), ("vllm", "auto", 50)]
)
async def test_servers_that_are_asked_in_words(owner: str, setting: str, thinking: int) -> None:
    """Where the server cannot go on, or the model thinks first, the beginning is asked for; nothing is added to it."""
    with fake.FakeEndpoint(fake.said("```python\nx"), models=fake.listing("tiny", owner=owner)) as server:
        chunks = await collect(engine_of(server, prefix=setting), replace(BEGUN, thinking=thinking))
        sent = server.requests[0].json
    assert text_of(chunks) == "```python\nx"
    assert sent["messages"][-1]["role"] == "user"
    assert sent["messages"][-1]["content"].endswith("go on from there:\n```python\n")


async def test_a_server_that_refuses_to_go_on() -> None:
    """It is asked by the letter of the protocol from then on."""
    refusing = fake.status(400, {"error": {"message": "Assistant response prefill is incompatible …"}})
    with fake.FakeEndpoint(refusing, fake.said("fine"), models=fake.listing("tiny", owner="llamacpp")) as server:
        engine = engine_of(server)
        assert text_of(await collect(engine, BEGUN)) == "fine"
        assert text_of(await collect(engine, BEGUN)) == "fine"
        roles = [seen.json["messages"][-1]["role"] for seen in server.requests]
        assert "chat_template_kwargs" not in server.requests[-1].json
    assert roles == ["assistant", "user", "user"]


async def test_stop_texts() -> None:
    """The answer ends before a stop text that the server lets through, cut as it may be; never within the thought."""
    pieces = [*fake.deltas("A\n\nB", name="reasoning"), *fake.deltas("one\n", "\ntwo"), fake.event(finish="stop")]
    with fake.FakeEndpoint(fake.stream([fake.framed(pieces)])) as server:
        chunks = await collect(engine_of(server), replace(ASKED, stop=("\n\n",), thinking=9))
        assert split(text_of(chunks)) == ("A\n\nB", "one")
        assert chunks[-1].reason == "stop"  # type: ignore[union-attr]
        await collect(engine_of(server), replace(ASKED, stop=("\n\n",)))
        assert server.requests[-1].json["stop"] == ["\n\n"]


# --- bytes ------------------------------------------------------------------------------------------------------------

ODD = "a\u2028b\u2029c\x85d\x0b\x0c é漢😀 </think> `data: [DONE]`"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("size", [1, 7, 100000])
async def test_text_arrives_whole(end: str, size: int) -> None:
    """Line separators within JSON end no line, and pieces may be cut within characters, over a real connection."""
    written = b": a comment\n\nevent: x\n" + fake.framed([*fake.deltas(ODD, ODD), fake.event(finish="stop")], end=end)
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    with fake.FakeEndpoint(fake.stream(pieces)) as server:
        assert text_of(await collect(engine_of(server))) == ODD + ODD


@settings(deadline=None, max_examples=200)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=8),
    cuts=st.lists(st.integers(0, 600), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    escaped=st.booleans(),
)
def test_any_text_cut_anywhere(texts: list[str], cuts: list[int], end: str, escaped: bool) -> None:
    """Any text arrives whole, wherever its bytes are cut."""
    datas = [json.dumps(text, ensure_ascii=escaped) for text in texts]
    written = fake.framed(datas, end=end)
    marks = sorted({0, len(written), *(cut for cut in cuts if cut < len(written))})
    events = Events()
    found = [event for a, b in itertools.pairwise(marks) for event in events.feed(written[a:b])]
    assert found.pop() == "[DONE]"
    assert [json.loads(event) for event in found] == texts


@settings(deadline=None, max_examples=200)
@given(noise=st.binary(max_size=300))
def test_any_bytes(noise: bytes) -> None:
    """Bytes that are no events give events or `Malformed`, nothing else."""
    events = Events(line=64, event=128, stream=256)
    try:
        for at in range(0, len(noise), 9):
            events.feed(noise[at : at + 9])
    except Malformed as error:
        assert str(error)


def test_limits() -> None:
    """A line, an event and a stream have an end."""
    for part in (b"x" * 65, b"data: " + b"x" * 40 + b"\n", b": x\n", b"\n", b"data:\n\n"):
        events = Events(line=64, event=128, noise=128, stream=1024)
        with pytest.raises(Malformed):
            for _ in range(1025):
                events.feed(part)


# --- faults -----------------------------------------------------------------------------------------------------------

HALF = fake.framed(fake.deltas("half"), done=False)
FAULTS: dict[str, tuple[Any, str, int]] = {
    "silent": (fake.silence, "did not answer within", 1),
    "slow to begin": (fake.stream([], hold=True), "fell silent", 1),
    "falls silent": (fake.stream([HALF], hold=True), "fell silent", 1),
    "hangs up": (fake.hang_up, "without an answer", 1),
    "cut": (fake.stream([HALF], cut=True), "cut the connection", 1),
    "no end": (fake.stream([HALF]), "in the middle of its answer", 1),
    "done too early": (fake.stream([HALF + b"data: [DONE]\n\n"]), "in the middle of its answer", 1),
    "no JSON": (fake.stream([HALF + b"data: {oops\n\n"]), "not JSON", 1),
    "deep JSON": (fake.stream([b"data: " + b"[" * 100000 + b"\n\n"]), "not JSON|no object", 1),
    "no object": (fake.stream([b"data: 3\n\n"]), "no object", 1),
    "odd choices": (fake.stream([b'data: {"choices": 3}\n\n']), "choices", 1),
    "odd delta": (fake.stream([b'data: {"choices": [{"delta": 3}]}\n\n']), "delta", 1),
    "odd content": (fake.stream([b'data: {"choices": [{"delta": {"content": [1]}}]}\n\n']), "content", 1),
    "no UTF-8": (fake.stream([b"data: \xff\n\n"]), "not UTF-8", 1),
    "long line": (fake.stream([b"x" * 70000] * 20), "line is longer", 1),
    "endless": (fake.stream([fake.framed(fake.deltas("x" * 9000), done=False)], again=True), "without end", 1),
    "endless comments": (fake.stream([b": x\n" * 20000], again=True), "without an event", 1),
    "bomb": (fake.bomb(5), "compressed", 1),
    "HTML": (fake.stream([b"<html>"], kind="text/html"), "text/html.*/v1", 1),
    "JSON": (fake.status(200, "{}", Content_Type="application/json"), "application/json", 1),
    "filtered": (fake.stream([fake.framed([fake.event({"content": "x"}, "content_filter")])]), "content_filter", 1),
    "error within": (fake.stream([HALF + b'data: {"error": {"message": "out of memory"}}\n\n']), "out of memory", 1),
    "redirect": (fake.status(307, Location="http://other.example/x?key=1"), r"elsewhere \(to other.example\)", 1),
    "not found": (fake.status(404, {"error": {"message": "no such thing"}}), "404.*no such thing", 1),
    "refused": (fake.status(400, {"message": "seed must be positive"}), "400.*seed must be positive", 1),
    "failed": (fake.status(500, "<html>oops"), "failed.*500", 1),
    "key": (fake.status(401), "401.*remote.keyVariable", 1),
    "busy": (fake.status(429, Retry_After="1"), "429", 3),
    "busy for long": (fake.status(429, Retry_After="3600"), "429", 1),
    "loading": (fake.status(503, {"error": {"message": "Loading model"}}), "503.*Loading model", 3),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(fault: str, home: Path) -> None:
    """Each is one sentence that names the server, with as many tries as make sense; nothing of it is remembered."""
    answer, words, tries = FAULTS[fault]
    # a stream that does not end takes its time to be too long, others are to be given up soon
    patience = 10.0 if fault.startswith(("endless", "long")) else 0.2
    with fake.FakeEndpoint(answer) as server:
        engine = Remembered(engine_of(server, timeout_seconds=patience), home / "answers", 8)
        with pytest.raises(RemoteError, match=words) as raised:
            await collect(engine)
        assert len(server.requests) == tries
        assert engine.recall(ASKED) is None
        assert engine.status().state == "failed" and engine.status().last_error
        await engine.close()
    message = str(raised.value)
    assert f"127.0.0.1:{server.port}" in message
    assert "\n" not in message and "secret_of_mine" not in message and "key=1" not in message


async def test_down() -> None:
    """A server that is not there is tried a few times, and said so."""
    with fake.nobody() as url:
        engine = Remote(Options(base_url=url, model="tiny"), {})
        with pytest.raises(RemoteError, match="cannot be reached: nothing listens there; start the server"):
            await collect(engine)


async def test_comes_back() -> None:
    """What fails in passing is not noticed, and its error is forgotten."""
    with fake.FakeEndpoint(fake.status(503), fake.status(429, Retry_After="0"), fake.said("there")) as server:
        engine = engine_of(server)
        assert text_of(await collect(engine)) == "there"
        assert len(server.requests) == 3
        assert engine.status().last_error == ""


async def test_dripping() -> None:
    """A server that sends its answer slowly but steadily is waited for, longer than for one byte."""
    pieces = [bytes([each]) for each in fake.framed([*fake.deltas("slow"), fake.event(finish="stop")])]
    with fake.FakeEndpoint(fake.stream(pieces, between=0.01)) as server:
        assert text_of(await collect(engine_of(server, timeout_seconds=0.9))) == "slow"


async def test_the_whole_has_a_limit() -> None:
    """Comments without end keep no request alive."""
    drip = fake.stream([b": x\n"], between=0.02, again=True)
    with fake.FakeEndpoint(drip) as server, pytest.raises(RemoteError, match="took too long"):
        await asyncio.wait_for(collect(engine_of(server, timeout_seconds=0.05)), 60)


async def test_cancelled() -> None:
    """Closing the stream closes the connection, and the place is free again."""
    with fake.FakeEndpoint(fake.stream([HALF], hold=True)) as server:
        engine = engine_of(server)
        async for chunk in (chunks := engine.stream(ASKED)):
            if isinstance(chunk, Text):
                break
        assert engine.status().state == "busy"
        await chunks.aclose()
        assert engine.status().state == "idle"
        assert await asyncio.to_thread(server.requests[0].ended.wait, 10)


async def test_a_task_that_is_cancelled() -> None:
    """The same, where the one who asks is cancelled as it waits."""
    with fake.FakeEndpoint(fake.silence) as server:
        task = asyncio.create_task(collect(engine_of(server)))
        while not server.requests:  # noqa: ASYNC110 - another thread fills it
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.requests[0].ended.wait, 10)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (400, {"error": {"message": "This model's maximum context length is 4096 tokens. However, …", "code": 400}}),
        (400, {"error": {"code": 400, "type": "exceed_context_size_error", "message": "request (9 tokens)"}}),
        (400, {"object": "error", "message": "The input (9 tokens) is longer than the model's context length (4)."}),
        (413, "<html>"),
    ],
)
async def test_too_long(code: int, body: object) -> None:
    """A prompt that does not fit is known as such, and no trouble of the server's."""
    with fake.FakeEndpoint(fake.status(code, body)) as server:
        engine = engine_of(server)
        with pytest.raises(ContextTooLong, match="does not fit"):
            await collect(engine)
        assert engine.status().last_error == ""


def test_a_servers_words() -> None:
    """They are shown in one short line, without the key, and not at all where they repeat what was asked."""
    endpoint = Endpoint("http://127.0.0.1/v1", "127.0.0.1", True, False, "KEY", "sk-secret")

    def told(message: str, asked: bytes = b"") -> str:
        return str(refusal(endpoint, 400, {}, json.dumps({"error": {"message": message}}).encode(), asked))

    assert "the … key" in told("the sk-secret key")
    assert "\x1b" not in told("\x1b[2J\nx") and "\n" not in told("a\nb")
    assert len(told("word " * 1000)) < 400
    code = "def total(items): return sum(items)"
    assert code in told(f"cannot read: {code}") and code not in told(f"cannot read: {code}", json.dumps(code).encode())
    assert "PRIVATE" not in told("[{'type': 'missing', 'input': {'messages': 'PRIVATE'}}]")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "3"}, 3.0), ({"retry-after": "soon"}, None), ({"retry-after": "-1"}, None)],
)
def test_wanted_pauses(headers: dict[str, str], seconds: float | None) -> None:
    """`Retry-After` is understood as seconds; nonsense is none."""
    assert remote_http.wanted_pause(headers) == seconds


def test_wanted_until() -> None:
    """A date is understood, too; one that is over means at once."""
    assert remote_http.wanted_pause({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert (remote_http.wanted_pause({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}) or 0) > 1e6


def test_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """They grow, are never long, and end."""
    monkeypatch.undo()
    first, second = (remote_http.pause_before(attempt, None, 0.5) for attempt in (1, 2))
    assert first is not None and second is not None and first < second < remote_http.LONGEST_PAUSE
    assert remote_http.pause_before(remote_http.TRIES, None) is None
    assert remote_http.pause_before(1, remote_http.LONGEST_PAUSE + 1) is None
    assert (remote_http.pause_before(1, 2.0) or 0) >= 2.0


# --- where it goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base", "host"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1", "127.0.0.1:8000"),
        ("http://localhost:11434/", "http://localhost:11434/v1", "localhost:11434"),
        ("http://[::1]:80/v1/", "http://[::1]:80/v1", "[::1]:80"),
        ("https://ai.example/team/v1", "https://ai.example/team/v1", "ai.example"),
    ],
)
def test_addresses(url: str, base: str, host: str) -> None:
    """The usual ways to write an address mean the same."""
    endpoint = endpoint_of(Options(base_url=url), {})
    assert (endpoint.url, endpoint.host, endpoint.at("models")) == (base, host, f"{base}/models")
    assert endpoint.loopback == (host != "ai.example")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://x/v1",
        "http://",
        "http://user:sk-1@x/v1",
        "http://x/v1?key=sk-1",
        "http://x/v1#sk-1",
        "http://127.0.0.1\\@evil.example/v1",
        "http://x:99999/v1",
        "http://x y/v1",
        "http://[::1/v1",
        "http://x/\nv1",
        "http://exämple/v1",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """It is refused before anything is sent, and what may be a key in it is not repeated."""
    with pytest.raises(EngineError, match=r"remote\.baseUrl") as raised:
        endpoint_of(Options(base_url=url), {})
    assert "sk-1" not in str(raised.value)


def test_keys() -> None:
    """A key comes from the variable that is named, and is in no text about the server."""
    options = Options(base_url="https://ai.example/v1", key_variable="TEAM_KEY")
    endpoint = endpoint_of(options, {"TEAM_KEY": " sk-secret\n"})
    assert endpoint.key == "sk-secret"
    assert "sk-secret" not in repr(endpoint)
    with pytest.raises(EngineError, match="TEAM_KEY is not set"):
        endpoint_of(options, {})
    with pytest.raises(EngineError, match="TEAM_KEY holds is no key") as raised:
        endpoint_of(options, {"TEAM_KEY": "sk-1\r\nHost: evil"})
    assert "sk-1" not in str(raised.value)
    for pasted in ("sk-1 2", "sk_live_abc"):  # the key itself, where its variable's name should be
        with pytest.raises(EngineError) as raised:
            endpoint_of(replace(options, key_variable=pasted), {})
        assert pasted not in str(raised.value)


def test_keys_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring is asked where the variable is not set, and its troubles are those of a missing key."""
    keyring = ModuleType("keyring")
    asked: list[tuple[str, str]] = []

    def get_password(service: str, name: str) -> str:
        asked.append((service, name))
        return "sk-kept"

    keyring.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    options = Options(base_url="https://ai.example/v1", key_variable="TEAM_KEY")
    assert endpoint_of(options, {"TEAM_KEY": "sk-set"}).key == "sk-set"
    assert not asked
    assert endpoint_of(options, {}).key == "sk-kept"
    assert asked == [("glossator", "TEAM_KEY")]

    def locked(service: str, name: str) -> str:
        raise RuntimeError("locked")

    keyring.get_password = locked  # type: ignore[attr-defined]
    with pytest.raises(EngineError, match="is not set"):
        endpoint_of(options, {})


def test_no_key_unencrypted() -> None:
    """A key goes over no network in the clear; on this machine it may."""
    with pytest.raises(EngineError, match=r"unencrypted.*https"):
        endpoint_of(Options(base_url="http://ai.example/v1", key_variable="TEAM_KEY"), {"TEAM_KEY": "sk-1"})
    assert endpoint_of(Options(base_url="http://127.0.0.1/v1", key_variable="TEAM_KEY"), {"TEAM_KEY": "sk-1"}).key


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_patience_is_a_number(seconds: float) -> None:
    """A time limit that is none is refused."""
    with pytest.raises(EngineError, match="timeoutSeconds"):
        endpoint_of(Options(base_url="http://127.0.0.1/v1", timeout_seconds=seconds), {})


async def test_the_key_goes_to_one_place(caplog: pytest.LogCaptureFixture) -> None:
    """A redirect is not followed, least of all with the key; it is in no error and no log."""
    caplog.set_level(logging.DEBUG)
    with fake.FakeEndpoint() as other:
        away = fake.status(307, Location=f"{other.url}/chat/completions")
        with fake.FakeEndpoint(away, models=away) as server:
            engine = Remote(Options(base_url=server.url, model="tiny", key_variable="K"), {"K": "sk-secret"})
            with pytest.raises(RemoteError, match="sends elsewhere") as raised:
                await collect(engine)
            assert server.requests[0].headers["authorization"] == "Bearer sk-secret"
        assert not other.requests and not other.others
    assert "sk-secret" not in str(raised.value) + caplog.text
    assert "secret_of_mine" not in caplog.text


async def test_no_proxy_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays on this machine goes through no proxy."""
    with fake.FakeEndpoint(fake.said("direct")) as server, fake.nobody() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        assert text_of(await collect(engine_of(server))) == "direct"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "proxy on the way"),
        ("HTTP_PROXY", "what is this", "proxy is right"),
        ("SSL_CERT_FILE", "/no", "SSL_"),
    ],
)
async def test_wrong_environments(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    """Proxies and certificates that cannot be used are said to be so; nothing is sent past them."""
    remote_http._trust.cache_clear()
    for each in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(each, raising=False)
        monkeypatch.delenv(each.lower(), raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(RemoteError, match=words):
        await collect(Remote(Options(base_url="http://ai.invalid/v1", model="tiny"), {}))
    remote_http._trust.cache_clear()


async def test_proxies_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """To other hosts the environment's proxy is used."""
    for each in ("ALL_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(each, raising=False)
        monkeypatch.delenv(each.lower(), raising=False)
    with fake.FakeEndpoint(fake.said("by proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        engine = Remote(Options(base_url="http://ai.invalid/v1", model="tiny"), {})
        assert text_of(await collect(engine)) == "by proxy"
        assert proxy.requests[0].path == "http://ai.invalid/v1/chat/completions"


async def test_a_refused_key() -> None:
    """The error says where the key comes from."""
    with fake.FakeEndpoint(fake.status(401, "sk-secret?"), models=fake.status(401)) as server:
        engine = Remote(Options(base_url=server.url, model="tiny", key_variable="TEAM_KEY"), {"TEAM_KEY": "sk-secret"})
        with pytest.raises(RemoteError, match=r"\$TEAM_KEY") as raised:
            await collect(engine)
    assert "sk-secret" not in str(raised.value)


# --- which model ------------------------------------------------------------------------------------------------------


async def test_the_first_model() -> None:
    """Without a name it is the first that the server lists, with the window that it tells of."""
    with fake.FakeEndpoint(models=fake.listing("big", "small", max_model_len=32768)) as server:
        engine = engine_of(server, model="")
        assert (engine.model().name, engine.model().context) == ("big", 32768)
        await collect(engine)
        assert server.requests[0].json["model"] == "big"
        assert len(server.others) == 1
        assert engine_of(server, model="", context=4096).model().context == 4096


def test_no_model_at_all() -> None:
    """A server without one, or that is none, is said to be so when it is opened."""
    with fake.FakeEndpoint(models=fake.listing()) as server, pytest.raises(RemoteError, match="has no model"):
        engine_of(server, model="")
    page = fake.status(200, "<html>")
    with fake.FakeEndpoint(models=page) as server, pytest.raises(RemoteError, match="lists no models"):
        engine_of(server, model="")
    with fake.nobody() as url, pytest.raises(RemoteError, match="cannot be reached"):
        Remote(Options(base_url=url), {})


@pytest.mark.parametrize("owner", ["vllm", "sglang", "llamacpp", "library"])
async def test_another_model(owner: str) -> None:
    """A model that the server does not have is not taken for one that it has."""
    missing = fake.status(404, {"error": {"message": "no model"}})
    listing, words = fake.listing("big", "small", owner=owner), r'no model "tiny".*big, small'
    with fake.FakeEndpoint(missing, models=listing) as server, pytest.raises(RemoteError, match=words):
        await collect(engine_of(server))


async def test_started_anew_with_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers with whatever it has is not believed for long to have what it had."""
    monkeypatch.setattr("glossator.engine.remote._KNOWN_SECONDS", 0.0)
    with fake.FakeEndpoint(fake.said("yes"), models=fake.listing("tiny", owner="llamacpp")) as server:
        engine = engine_of(server)
        assert text_of(await collect(engine)) == "yes"
        server.models = fake.listing("other", owner="llamacpp")
        with pytest.raises(RemoteError, match='no model "tiny"'):
            await collect(engine)
        server.models = fake.status(500)
        assert text_of(await collect(engine)) == "yes"


async def test_a_server_that_lists_nothing() -> None:
    """One that tells nothing of itself is asked all the same."""
    with fake.FakeEndpoint(fake.said("yes"), models=fake.status(404)) as server:
        assert text_of(await collect(engine_of(server))) == "yes"


def test_identities() -> None:
    """Answers are remembered by address and model."""
    with fake.FakeEndpoint() as server, fake.FakeEndpoint() as other:
        one, same, renamed = engine_of(server), engine_of(server, timeout_seconds=9.0), engine_of(server, model="b")
        digests = [engine.model().digest for engine in (one, same, renamed, engine_of(other))]
    assert digests[0] == digests[1] and len(set(digests)) == 3


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data": 3}', b"[" * 100000, b'{"data": [{"id": 3}, 4, {"id": "a\\nb"}]}', b"\xff"]
)
def test_odd_listings(body: bytes) -> None:
    """What is no list of models is said to be none, and odd names are left out."""
    with contextlib.suppress(ValueError):
        assert served(body).names == ()


def test_windows() -> None:
    """A llama-server's window is its own number; what it was trained with is taken for no large one."""
    rows = [
        {"id": "a", "aliases": ["b"], "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}},
        {"id": "c", "meta": {"n_ctx": 16384, "n_ctx_train": 131072}},
        {"id": "d", "meta": None, "max_model_len": -3},
    ]
    found = served(json.dumps({"data": rows}).encode())
    assert found.kind == "llamacpp" and found.names == ("a", "b", "c", "d")
    assert dict(found.contexts) == {"a": 8192, "b": 8192, "c": 16384}


# --- several at once --------------------------------------------------------------------------------------------------


async def test_at_most_so_many() -> None:
    """Several requests are with the server, the others wait, the urgent before the patient."""
    lanes = Lanes(at_once=2)
    first, second = lanes.enter(ASKED), lanes.enter(ASKED)
    patient = lanes.enter(replace(ASKED, priority=Priority.PREFETCH))
    urgent = lanes.enter(ASKED)
    assert [each.turn.is_set() for each in (first, second, patient, urgent)] == [True, True, False, False]
    assert (lanes.ahead(urgent), lanes.ahead(patient), lanes.waiting) == (1, 2, 2)
    lanes.leave(first)
    assert urgent.turn.is_set() and not patient.turn.is_set()
    lanes.leave(urgent)
    assert patient.turn.is_set() and lanes.ahead(patient) == 0


async def test_too_many() -> None:
    """Who waits is pushed out by the more urgent only."""
    lanes = Lanes(at_once=1, longest=1)
    lanes.enter(ASKED)
    patient = lanes.enter(replace(ASKED, priority=Priority.HOVER))
    urgent = lanes.enter(ASKED)
    with pytest.raises(EngineBusy, match="more urgent"):
        async with patient.watched():
            pass
    with pytest.raises(EngineBusy, match="wait already"):
        lanes.enter(ASKED)
    assert lanes.waiting == 1 and lanes.ahead(urgent) == 1


async def test_newest_of_a_lane() -> None:
    """A newer request of a lane ends the older one, wherever that is, and is answered itself."""
    with fake.FakeEndpoint(fake.stream([HALF], hold=True), fake.said("new")) as server:
        engine = engine_of(server)
        old = asyncio.create_task(collect(engine, replace(ASKED, lane="hover")))
        while not server.requests:  # noqa: ASYNC110 - another thread fills it
            await asyncio.sleep(0.01)
        chunks = await collect(engine, replace(ASKED, lane="hover"))
        with pytest.raises(EngineBusy, match="newer request"):
            await old
        assert text_of(chunks) == "new"
        assert await asyncio.to_thread(server.requests[0].ended.wait, 10)
        assert engine.status().state == "idle"


async def test_many_at_once() -> None:
    """Twenty questions are all answered; those that wait are told so."""
    with fake.FakeEndpoint(fake.said("yes", wait=0.05)) as server:
        engine = engine_of(server)
        answers = await asyncio.gather(*(collect(engine) for _ in range(20)))
    assert [text_of(chunks) for chunks in answers] == ["yes"] * 20
    assert sum(isinstance(chunks[0], Queued) for chunks in answers) == 12


# --- the whole way ----------------------------------------------------------------------------------------------------

SOURCE = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n"
ACTIONS = load(prompts_folder())[0]


async def test_remembered(home: Path) -> None:
    """A whole answer is kept: the second time the server is not asked, and need not be there."""
    target = target_at(SOURCE, "a.py", name="total")
    settings = Settings(backend="remote")
    with fake.FakeEndpoint(fake.said("`total` adds the items up.")) as server:
        settings = replace(settings, remote=Options(base_url=server.url, model="tiny"))
        places = folders({"GLOSSATOR_HOME": str(home)})
        engine = open_engine(settings, places)
        outcome = await run(ACTIONS["explain"], target, engine, budget=1000)
        assert isinstance(outcome, Explanation) and outcome.markdown == "`total` adds the items up."
        assert len(server.requests) == 1
        await engine.close()
    again = open_engine(settings, places)
    assert isinstance(again, Remembered) and await again.opened(10)
    found = recall(ACTIONS["explain"], target, again)
    assert isinstance(found, Explanation) and found.remembered and found.model == "tiny"
    await again.close()


async def test_a_repair_without_a_search(home: Path) -> None:
    """`fix` asks, and offers what was answered: it has its tries only, and no scores are asked for."""
    mended = "Bug: it adds.\n\n```python\ndef total(items):\n    return sum(items)\n```"
    with fake.FakeEndpoint(fake.said(mended)) as server:
        engine = Remembered(engine_of(server), home / "answers", 8)
        assert await engine.opened(10)
        target = target_at(SOURCE, "a.py", name="total")
        outcome = await run(ACTIONS["fix"], target, engine, budget=1000)
        assert isinstance(outcome, Proposal)
        assert "return sum(items)" in outcome.new_text
        assert len(server.requests) == 1
        await engine.close()  # what is kept is on disk then
        assert isinstance(recall(ACTIONS["fix"], target, engine), Proposal)


@pytest.fixture
def shell(home: Path, tmp_path: Path) -> Iterator[Any]:
    """Runs `glossator` in a folder with `lists.py`."""
    (tmp_path / "lists.py").write_text(SOURCE)

    def run_it(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = f"backend = 'remote'\n[remote]\nbaseUrl = '{url}'\nkeyVariable = 'TEAM_KEY'\n"
        (home / "config" / "config.toml").write_text(settings)
        known = os.environ | {"GLOSSATOR_HOME": str(home), "TEAM_KEY": "sk-secret"} | environment
        command = [sys.executable, "-m", "glossator", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, env=known, cwd=tmp_path, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr and "sk-secret" not in done.stdout + done.stderr
        return done

    return run_it


def test_explain_in_the_shell(shell: Any) -> None:
    """From the settings to the answer of a model that is named for once; then the same from disk."""
    with fake.FakeEndpoint(fake.said("`total` adds", " the items up."), models=fake.listing("tiny", "big")) as server:
        for _ in range(2):
            done = shell(server.url, "explain", "lists.py:total", "--model", "big")
            assert (done.returncode, done.stdout) == (0, "`total` adds the items up.\n"), done.stderr
        assert [seen.headers["authorization"] for seen in server.requests] == ["Bearer sk-secret"]
        assert server.requests[0].json["model"] == "big"
        assert "big" in done.stderr and "remembered" in done.stderr


def test_trouble_in_the_shell(shell: Any) -> None:
    """Trouble is a sentence and exit code 3, and nothing local answers instead."""
    with fake.nobody() as url:
        done = shell(url, "explain", "lists.py:total")
        assert done.returncode == 3 and "cannot be reached" in done.stderr and not done.stdout
    with fake.FakeEndpoint() as server:
        done = shell(server.url, "fix", "lists.py")
        assert done.returncode == 1 and "name the one that is wrong" in done.stderr
        assert not server.requests
        done = shell(server.url, "explain", "lists.py:total", TEAM_KEY="")
        assert done.returncode == 3 and "TEAM_KEY is not set" in done.stderr


def test_doctor_in_the_shell(shell: Any) -> None:
    """The doctor tells which model is where, or what is wrong with it."""
    with fake.FakeEndpoint(models=fake.listing("tiny", max_model_len=4096)) as server:
        done = shell(server.url, "doctor", "--json")
        found = {each["what"]: each for each in json.loads(done.stdout)["findings"]}
        assert found["model"]["found"] == f"tiny at {server.url} (vLLM, with a key), 4096 tokens of context"
        assert found["model"]["level"] == "ok" and "network" not in found
    with fake.nobody() as url:
        done = shell(url, "doctor", "--json")
        found = {each["what"]: each for each in json.loads(done.stdout)["findings"]}
        assert done.returncode == 3 and found["model"]["level"] == "wrong"
        assert "nothing listens there" in found["model"]["found"] and "start the server" in found["model"]["remedy"]
