"""Questions spread over workers, without Ray: what goes where, what comes back, and that nothing is asked twice."""

from __future__ import annotations

import asyncio
import importlib.util
import pickle
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator import __version__
from glossator.action import gloss
from glossator.action.budget import prompt_tokens
from glossator.action.catalogue import load, prompts_folder
from glossator.action.order import levels
from glossator.action.sources import sources
from glossator.action.workspaces import Workspaces
from glossator.cluster import TRIES, Brought, Portion, Setup, gathering, on_ray, planning
from glossator.cluster.asking import Asker
from glossator.cluster.gathering import gathered
from glossator.cluster.here import Here, WorkerDied
from glossator.cluster.shares import Machine, Share, share
from glossator.engine import Chunk, Engine, EngineError, Finished, ModelInfo, Request, Usage
from glossator.engine.apart import needed
from glossator.engine.ledger import Ledger
from glossator.engine.remembered import Remembered
from glossator.engine.remote import Remote as Server
from glossator.engine.scripted import Rule, Scripted
from glossator.settings import Local, Remote, Settings, folders


def helper(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = helper("endpoint_fake")
EXPLAIN = load(prompts_folder())[0]["explain"]
INFO = ModelInfo("watched", "d", 8192, prefill_rate=60.0, decode_rate=8.0)
SETUP = Setup(__version__, Settings(backend="scripted"), EXPLAIN, INFO, prompt_tokens(INFO, hover=True))

FILES = {
    "pyproject.toml": "",
    "app.py": "from lib.rates import of\n\n\ndef main():\n    return of(helper())\n\n\ndef helper():\n    return 1\n",
    "lib/__init__.py": "",
    "lib/apart.py": "def alone():\n    return 3\n",
    "lib/rates.py": (
        "class Rate:\n    def twice(self):\n        return self.once() * 2\n\n    def once(self):\n        return 1\n"
        "\n\ndef of(x):\n    def inner():\n        return x\n\n    return inner()\n"
    ),
}
COUNT = 8


class Watched(Scripted):
    """Keeps what it is asked, and how many at once."""

    def __init__(self, asked: list[Request], trouble: str = "", *, together: int = 1) -> None:
        """`together`: nothing is answered before so many have asked."""
        super().__init__([Rule(text="It returns a number.", error=trouble)], INFO)
        self.asked, self.at_once, self._now = asked, 0, 0
        self._together, self._all = together, asyncio.Event()

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked.append(request)
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        try:
            if self._now >= self._together:
                self._all.set()
            await asyncio.wait_for(self._all.wait(), 60)
            async for chunk in super().stream(request):
                yield chunk
        finally:
            self._now -= 1


class Job:
    """A folder, what is known of it, and a memory of its own."""

    def __init__(self, top: Path) -> None:
        self.top = top
        for path, text in FILES.items():
            (top / "work" / path).parent.mkdir(parents=True, exist_ok=True)
            (top / "work" / path).write_text(text)
        self.around = Workspaces(top / "index")
        self.parts = gloss.survey(sources(top / "work").files, self.around)
        self.places = gloss.chosen(self.parts, (), (), None)
        self.asked: list[Request] = []
        self.ledger = Ledger(top / "stats")

    def portions(self, most: int = planning.DEFINITIONS) -> Iterator[Portion]:
        return planning.portions(self.parts, self.places, self.around, most=most)

    def here(self, dies: Callable[[Portion], None] = lambda portion: None, trouble: str = "") -> Here:
        return Here(SETUP, lambda setup: Watched(self.asked, trouble), dies)

    async def memory(self) -> Remembered:
        found = Remembered(Watched(self.asked), self.top / "answers", 16)
        assert await found.opened(30)
        return found

    async def known(self) -> dict[gloss.Place, gloss.Told]:
        memory = await self.memory()
        return {k: v for part in self.parts for k, v in gloss.recalled(part, EXPLAIN, memory, self.around).items()}

    async def ask(self, spreader: Here, *, portions: int = 0, most: int = 2) -> dict[gloss.Place, object]:
        """What was told; `portions`: leave in the middle, once as many have come."""
        memory, told = await self.memory(), dict[gloss.Place, object]()
        known = await self.known()
        self.places = gloss.chosen(self.parts, known, (), None)
        telling = gathered(spreader, self.portions(most), memory, self.ledger, "explain (ahead)")
        async for place, said in telling:
            told[place] = said
            if len(told) == portions * most:
                break
        await telling.aclose()
        await memory.close()
        return told


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path.resolve())


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 14), max_size=4), max_size=12))
def test_any_levels(leans: dict[int, list[int]]) -> None:
    """Everything comes once, and leans on earlier levels alone, but for circles; no level could come earlier."""
    found = levels(leans, leans)
    assert sorted(each for level in found for each in level) == sorted(leans)
    level_of = {each: at for at, level in enumerate(found) for each in level}

    def reached(start: int) -> set[int]:
        seen, stack = set[int](), [start]
        while stack:
            for each in leans.get(stack.pop(), ()):
                if each not in seen:
                    seen.add(each)
                    stack.append(each)
        return seen

    for item, below in leans.items():
        circle = {each for each in reached(item) if item in reached(each)} | {item}
        for each in below:
            if each in leans and each not in circle:
                assert level_of[each] < level_of[item]
        under = {each for one in circle for each in leans.get(one, ())} & leans.keys() - circle
        assert level_of[item] == max((level_of[each] for each in under), default=-1) + 1


def test_a_chain_is_no_recursion() -> None:
    """A chain of calls through many files has as many levels."""
    chain = {at: [at + 1] for at in range(20_000)}
    assert [len(level) for level in levels(chain, chain)] == [1] * 20_000


def test_planned_by_levels(job: Job) -> None:
    """Files that nobody needs to wait for come first; a portion is of one file, and no larger than said."""
    found = list(job.portions(2))
    assert [each.path for each in found] == [*["lib/rates.py"] * 3, "lib/apart.py", "app.py"]
    assert [each.number for each in found] == list(range(5))
    assert [len(each.starts) for each in found] == [2, 2, 1, 1, 2]
    assert [[part.source.path for part in level] for level in planning.leveled(job.parts)][-1] == ["app.py"]
    main = found[-1]
    assert [piece.name for pieces in main.beyond.values() for piece in pieces] == ["of"]  # a worker has no index


async def test_the_same_questions(job: Job) -> None:
    """Workers ask what one machine asks, under the same keys: what they bring is found as if it had been asked here."""
    here: list[Request] = []
    telling = gloss.asked(
        job.parts, job.places, EXPLAIN, Watched(here), job.around, budget=prompt_tokens(INFO, hover=True)
    )
    assert len([each async for each in telling]) == COUNT
    told = await job.ask(job.here())
    assert all(isinstance(each, gloss.Told) and each.text for each in told.values())
    assert {each.key("d"): each.messages for each in job.asked} == {each.key("d"): each.messages for each in here}
    assert set(await job.known()) == set(told) and len(told) == COUNT


async def test_nothing_is_asked_twice(job: Job) -> None:
    """Work that was left goes on: all that was brought is remembered, and a further run asks nothing."""
    await job.ask(job.here(), portions=2)
    assert 4 <= len(await job.known()) < COUNT
    kept = len(await job.known())
    before = len(job.asked)
    await job.ask(job.here())
    assert len(job.asked) - before == COUNT - kept
    before = len(job.asked)
    assert not await job.ask(job.here())
    assert len(job.asked) == before


async def test_what_it_cost(job: Job) -> None:
    """Each answer that was brought is entered once."""
    await job.ask(job.here())
    job.ledger.flush(10)
    (row,) = job.ledger.rows(1)
    assert row.purpose == "explain (ahead)" and row.cost.requests == COUNT == len(job.asked)
    assert row.cost.written == COUNT * 4


async def test_a_worker_dies(job: Job) -> None:
    """The portion of a worker that dies is asked about again by another one, the others are not."""
    deaths: list[int] = []

    def dies(portion: Portion) -> None:
        if portion.number == 1 and not deaths:
            deaths.append(portion.number)
            raise WorkerDied

    told = await job.ask(job.here(dies))
    assert deaths and len(told) == COUNT and all(isinstance(each, gloss.Told) for each in told.values())
    assert len(job.asked) == COUNT + 2


async def test_a_portion_that_kills(job: Job) -> None:
    """What every worker dies over is told by name, after all else was asked; the next run asks about it again."""

    def dies(portion: Portion) -> None:
        if portion.path == "app.py":
            raise WorkerDied

    told = await job.ask(job.here(dies))
    lost = {place: said for place, said in told.items() if isinstance(said, EngineError)}
    assert {place[0] for place in lost} == {"app.py"} and len(lost) == 2
    assert all(f"died {TRIES} times" in str(each) for each in lost.values())
    assert list(told)[-2:] == list(lost)
    assert len(await job.ask(job.here())) == 2


async def test_an_engine_that_fails(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble of the engine is told of each definition; where nobody can tell anything the rest is not asked."""
    told = await job.ask(job.here(trouble="no memory"))
    assert len(told) == COUNT and all(str(each) == "no memory" for each in told.values())
    monkeypatch.setattr(gathering, "MOST_FAILURES", 2)
    with pytest.raises(EngineError, match="no memory"):
        await job.ask(job.here(trouble="no memory"))


async def test_no_workers(job: Job) -> None:
    """Where there can be no workers that is what is told."""

    class Nobody(Here):
        def spread(self, portions: Iterator[Portion]) -> Iterator[Brought]:
            raise EngineError("there is no Ray")

    with pytest.raises(EngineError, match="there is no Ray"):
        await job.ask(Nobody(SETUP, lambda setup: Watched([])))


async def test_brought_twice(job: Job) -> None:
    """What two workers bring, one of which was taken for dead, counts once."""

    class Twice(Here):
        def spread(self, portions: Iterator[Portion]) -> Iterator[Brought]:
            for each in super().spread(portions):
                yield each
                yield each

    told = await job.ask(Twice(SETUP, lambda setup: Watched(job.asked)))
    job.ledger.flush(10)
    assert len(told) == COUNT and job.ledger.rows(1)[0].cost.requests == COUNT


def brought(job: Job, setup: Setup, opened: Callable[[Setup], Engine]) -> Brought:
    asker = Asker(setup, opened)
    found = asker.asked(next(job.portions()))
    asker.close()
    return found


def test_another_worker_is_none_of_ours(job: Job) -> None:
    """A worker with another version or another model brings no answers but why."""
    found = brought(job, replace(SETUP, version="0.0.1"), lambda setup: Watched(job.asked))
    assert "not 0.0.1" in next(iter(found.failed.values()))
    other = replace(SETUP, info=replace(INFO, digest="another"))
    found = brought(job, other, lambda setup: Watched(job.asked))
    assert "digest differs" in next(iter(found.failed.values())) and not found.answers and not job.asked


def test_a_fault_of_ours(job: Job) -> None:
    """An unexpected error in a worker is told by its kind, and does not end it."""

    class Broken(Watched):
        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            raise KeyError("text of the user's")
            yield Finished("stop")

    found = brought(job, SETUP, lambda setup: Broken([]))
    assert set(found.failed.values()) == {"a worker failed with KeyError"}


def test_only_whole_answers_are_brought(job: Job) -> None:
    """An answer that is not exact is told but not brought: nobody remembers it."""

    class Nearly(Watched):
        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            async for chunk in super().stream(request):
                yield replace(chunk, usage=Usage(approximate=True)) if isinstance(chunk, Finished) else chunk

    found = brought(job, SETUP, lambda setup: Nearly([]))
    assert found.told and not found.answers


@pytest.mark.parametrize(("backend", "expected"), [("scripted", 1), ("remote", 5)])
def test_at_once(job: Job, backend: str, expected: int) -> None:
    """A server is asked several questions at once, an engine of one's own one after the other."""
    opened: list[Watched] = []

    def engine(setup: Setup) -> Watched:
        opened.append(Watched(job.asked, together=expected))
        return opened[-1]

    asker = Asker(replace(SETUP, settings=Settings(backend=backend)), engine)  # type: ignore[arg-type]
    rates = next(each for each in job.portions() if each.path == "lib/rates.py")
    assert len(asker.asked(rates).told) == 5
    assert asker.asked(rates) and len(opened) == 1
    assert opened[0].at_once == expected


def test_no_key_is_sent(job: Job, tmp_path: Path) -> None:
    """What goes to workers names the variable of a key, and holds none; nor anything else of the settings."""
    home = {"GLOSSATOR_HOME": str(tmp_path), "A_KEY": "secret-words"}
    remote = Remote(base_url="https://models.example/v1", key_variable="A_KEY")
    settings = Settings(backend="remote", remote=remote, prompts="/home/me/prompts")
    setup = replace(SETUP, settings=needed(settings, folders(home), INFO))
    sent = pickle.dumps([setup, *job.portions()])
    assert b"A_KEY" in sent and b"secret-words" not in sent and b"/home/me" not in sent
    assert pickle.loads(sent)[0] == setup  # noqa: S301
    assert setup.settings.remote.model == "watched"  # whatever the server lists first at another time


def test_a_server_is_asked(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker asks the server that was named, with the key of its own environment; without one it says which."""
    monkeypatch.setenv("GLOSSATOR_HOME", str(tmp_path))
    with fake.FakeEndpoint(fake.said("It returns a number.")) as server:
        remote = Remote(base_url=server.url, model="tiny", key_variable="A_KEY")
        info = Server(remote, {"A_KEY": "of-the-driver"}).model()
        settings = needed(Settings(backend="remote", remote=remote), folders(), info)
        sent = pickle.dumps(replace(SETUP, settings=settings, info=info))
        rates = next(each for each in job.portions() if each.path == "lib/rates.py")
        monkeypatch.setenv("A_KEY", "of-the-worker")
        asker = Asker(pickle.loads(sent))  # noqa: S301
        found = asker.asked(rates)
        asker.close()
        assert len(found.told) == len(found.answers) == len(server.requests) == 5
        assert {each.headers["authorization"] for each in server.requests} == {"Bearer of-the-worker"}
        monkeypatch.delenv("A_KEY")
        assert "A_KEY is not set" in next(iter(Asker(pickle.loads(sent)).asked(rates).failed.values()))  # noqa: S301


def test_settings_of_workers(tmp_path: Path) -> None:
    """Workers take the model and the window that were chosen here, and leave soon when they are killed."""
    places = folders({"GLOSSATOR_HOME": str(tmp_path)})
    places.config.mkdir(parents=True)
    (places.config / "model").write_text("qwen2.5-coder-7b\n")
    found = needed(Settings(), places, INFO)
    assert (found.model, found.local.context) == ("qwen2.5-coder-7b", 8192) and found.local.idle_seconds < 60


LAPTOP, NODE, GPUS = Machine(8, 0), Machine(32, 0), Machine(32, 4)


@pytest.mark.parametrize(
    ("settings", "machines", "workers", "expected"),
    [
        (Settings(), [LAPTOP], 0, Share(2, 4, 0)),
        (Settings(), [Machine(2, 0)], 0, Share(1, 2, 0)),
        (Settings(), [Machine(2, 0)], 2, Share(2, 1, 0)),
        (Settings(), [LAPTOP, NODE], 0, Share(10, 4, 0)),
        (Settings(), [LAPTOP, NODE], 2, Share(2, 16, 0)),
        (Settings(), [LAPTOP, GPUS, GPUS], 0, Share(8, 8, 1)),
        (Settings(), [LAPTOP, GPUS], 2, Share(2, 16, 1)),
        (Settings(local=Local(gpu_layers=0)), [GPUS], 0, Share(8, 4, 0)),
        (Settings(backend="remote"), [LAPTOP, GPUS], 0, Share(4, 1, 0)),
        (Settings(backend="remote"), [Machine(2, 0)], 0, Share(2, 1, 0)),
    ],
)
def test_shares(settings: Settings, machines: list[Machine], workers: int, expected: Share) -> None:
    """A GPU for each worker where there are any, else a few processors; each worker is on one machine."""
    assert share(settings, machines, workers) == expected


@pytest.mark.parametrize(("settings", "most"), [(Settings(), 4), (Settings(local=Local(gpu_layers=0)), 32)])
def test_too_many_workers(settings: Settings, most: int) -> None:
    """More workers than there is room for would wait forever, and are refused."""
    with pytest.raises(EngineError, match=f"room for {most}"):
        share(settings, [GPUS], 33)


def test_stretches(job: Job) -> None:
    """What is planned ahead comes in order, little at first, and ends once it is stopped."""
    portion = next(job.portions())
    many = [replace(portion, number=at) for at in range(1000)]
    found = list(on_ray.OnRay("local", SETUP)._ahead(iter(many), 2))
    assert [len(each) for each in found] == [64, 256, 680]
    assert [each.number for stretch in found for each in stretch] == list(range(1000))
    stopped = on_ray.OnRay("local", SETUP)
    taken = [len(stretch) for stretch in stopped._ahead(iter(many), 1) if stopped.stop() is None]
    assert taken[0] == 32 and sum(taken) < 1000


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "127.0.0.1:99999", "no.such.host.invalid:6379"])
def test_no_cluster_there(address: str) -> None:
    """A cluster that is not there is named at once, before Ray is even loaded."""
    with pytest.raises(EngineError, match=r"there is no Ray at .*:\d+: "):
        next(on_ray.OnRay(address, SETUP).spread(iter(())))


async def test_stopped_while_it_waits(job: Job) -> None:
    """Nobody waits for workers once the work is left."""
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()

    stopped = threading.Event()

    class Hangs(Here):
        def spread(self, portions: Iterator[Portion]) -> Iterator[Brought]:
            loop.call_soon_threadsafe(entered.set)
            stopped.wait(120)
            return iter(())

        def stop(self) -> None:
            stopped.set()

    spreader = Hangs(SETUP, lambda setup: Watched([]))
    asking = asyncio.create_task(job.ask(spreader))
    await asyncio.wait_for(entered.wait(), 60)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 60)
    assert stopped.is_set()
