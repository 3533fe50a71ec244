"""The remote backend with real servers and the real 0.5B model: llama-server, and llama-cpp-python's own."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Explanation, Proposal
from glossator.action.run import run
from glossator.action.target import target_at
from glossator.engine import Chunk, ContextTooLong, EngineError, Finished, Message, Request, Sampling, Text
from glossator.engine.remote import Remote, listed
from glossator.settings import Remote as Options

_spec = importlib.util.spec_from_file_location("machine", Path(__file__).parents[2] / "bench" / "machine.py")
assert _spec and _spec.loader
_machine = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_machine)

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

EXTRA = ("uvicorn", "fastapi", "sse_starlette", "starlette_context", "pydantic_settings")
START_SECONDS = 240.0
SOURCE = "def clamp(value, low, high):\n    if value < low:\n        return low\n    return min(value, high)\n"
ASKED = Request(
    (Message("system", "You are brief."), Message("user", "Which keyword defines a function in Python?")),
    max_tokens=24,
    sampling=Sampling(temperature=0.0),
)


def command(program: str, model: Path, port: int) -> list[str]:
    if program == "llama-server":
        server: Path = _machine.default_server()
        if not server.exists():
            pytest.skip(f"{server} is not built (bench/build_server.sh builds it)")
        return [str(server), "-m", str(model), "--host", "127.0.0.1", "--port", str(port), "-c", "4096", "-np", "1"]
    if missing := [name for name in EXTRA if importlib.util.find_spec(name) is None]:
        pytest.skip(f"llama-cpp-python's server needs {', '.join(missing)}")
    known = ["--model", str(model), "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "4096"]
    return [sys.executable, "-m", "llama_cpp.server", *known]


@pytest.fixture(scope="module", params=["llama-server", "llama_cpp.server"])
def server(request: pytest.FixtureRequest, model_05b: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of a server that has loaded the model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command(request.param, model_05b, port), stdout=out, stderr=out)
    try:
        end = time.monotonic() + START_SECONDS
        engine = Remote(Options(base_url=url, model="any", timeout_seconds=30.0), {})
        while True:
            try:
                if asyncio.run(listed(engine.endpoint)).names:
                    break
            except EngineError as error:
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"{request.param} did not come up: {error}\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def engine(server: str) -> Remote:
    return Remote(Options(base_url=server, timeout_seconds=120.0), {})


async def collect(engine: Remote, request: Request) -> tuple[str, Finished]:
    chunks: list[Chunk] = [chunk async for chunk in engine.stream(request)]
    last = chunks[-1]
    assert isinstance(last, Finished)
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text)), last


async def test_a_question(engine: Remote) -> None:
    """It is answered, twice the same at temperature 0, with tokens counted."""
    text, last = await collect(engine, ASKED)
    assert "def" in text
    assert last.usage.answer_tokens > 0 and last.model == engine.model().name
    assert (await collect(engine, ASKED))[0] == text


async def test_the_answers_beginning(engine: Remote) -> None:
    """The answer begins as it must, once, whether the server goes on with it or is asked for it in words."""
    for prefix in ("The keyword is `", "```python\n"):
        asked = Request(ASKED.messages, max_tokens=24, sampling=ASKED.sampling, answer_prefix=prefix)
        text, _ = await collect(engine, asked)
        print(repr(text))
        assert text.lstrip().count(prefix.strip()) >= 1
        assert not text.startswith(prefix + prefix.strip())


async def test_limits(engine: Remote) -> None:
    """It ends at the token limit and before a stop text; a prompt that is too long is known as such."""
    counting = Request((Message("user", "Count from 1 to 100, one number a line."),), max_tokens=12)
    _, last = await collect(engine, counting)
    assert last.reason == "length"
    text, last = await collect(engine, Request(counting.messages, max_tokens=64, stop=("\n",)))
    assert "\n" not in text and last.reason == "stop"
    with pytest.raises(ContextTooLong):
        await collect(engine, Request((Message("user", "word " * 9000),), max_tokens=8))


async def test_stopped(engine: Remote) -> None:
    """A server whose answer was given up answers the next question."""
    stream = engine.stream(Request((Message("user", "Write a long story."),), max_tokens=400))
    async for chunk in stream:
        if isinstance(chunk, Text):
            break
    await stream.aclose()
    assert (await collect(engine, ASKED))[0]


async def test_actions(engine: Remote) -> None:
    """An explanation reads like one, and an edit passes its checks or is refused for a reason."""
    actions = load(prompts_folder())[0]
    target = target_at(SOURCE, "a.py", name="clamp")
    explained = await run(actions["explain"], target, engine, budget=1500)
    assert isinstance(explained, Explanation) and len(explained.markdown) > 20
    print(explained.markdown)
    documented = await run(actions["document"], target, engine, budget=1500)
    print(documented.new_text if isinstance(documented, Proposal) else documented)
    assert isinstance(documented, Proposal) or documented.reasons  # type: ignore[union-attr]
