"""Many definitions explained: which, in what order, and that nothing is asked twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.action import gloss
from glossator.action.catalogue import load, prompts_folder
from glossator.action.cost import cost
from glossator.action.order import leaned_on_first
from glossator.action.run import recall
from glossator.action.sources import sources
from glossator.action.target import TargetError, target_at
from glossator.action.workspaces import Workspaces
from glossator.engine import Chunk, EngineBusy, EngineDied, EngineError, ModelInfo, Priority, Request
from glossator.engine.alone import alone
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Rule, Scripted

EXPLAIN = load(prompts_folder())[0]["explain"]

FILES = {
    "pyproject.toml": "",
    "app.py": "from lib.rates import of\n\n\ndef main():\n    return of(helper())\n\n\ndef helper():\n    return 1\n",
    "lib/__init__.py": "",
    "lib/rates.py": (
        "class Rate:\n    def twice(self):\n        return self.once() * 2\n\n    def once(self):\n        return 1\n"
        "\n\ndef of(x):\n    def inner():\n        return x\n\n    return inner()\n"
    ),
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "work"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def around(tmp_path: Path) -> Workspaces:
    return Workspaces(tmp_path / "index")


def parts(folder: Path, around: Workspaces) -> tuple[gloss.Part, ...]:
    return gloss.survey(sources(folder).files, around)


def names(found: tuple[gloss.Part, ...]) -> list[str]:
    return [f"{part.source.path}:{symbol.qualified}" for part in found for symbol in part.symbols]


ORDER = [
    "lib/rates.py:Rate.once",
    "lib/rates.py:Rate.twice",
    "lib/rates.py:Rate",
    "lib/rates.py:of.inner",
    "lib/rates.py:of",
    "app.py:helper",
    "app.py:main",
]


def test_order(work: Path, around: Workspaces) -> None:
    """Files that are called into come first; inner definitions before outer ones, callees before callers."""
    assert names(parts(work, around)) == ORDER


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 14), max_size=4), max_size=12))
def test_any_order(leans: dict[int, list[int]]) -> None:
    """Everything comes once, and after what it leans on wherever that does not lean on it in turn."""
    order = leaned_on_first(leans, leans)
    assert sorted(order) == sorted(leans)

    def reached(start: int) -> set[int]:
        found, stack = set[int](), [start]
        while stack:
            for each in leans.get(stack.pop(), ()):
                if each not in found:
                    found.add(each)
                    stack.append(each)
        return found

    for at, item in enumerate(order):
        assert all(
            below in order[:at] for below in leans[item] if below in leans and item not in {below, *reached(below)}
        )


def test_what_is_left_out(work: Path) -> None:
    """Ignored files, secrets, links and what is no source are not read, also where a folder inside is named."""
    (work / ".git").mkdir()
    (work / ".gitignore").write_text("made/\nlib/old.py\n")
    (work / ".glossatorignore").write_text("private.py\n")
    for path in ("made/a.py", "lib/old.py", "lib/private.py", "lib/credentials.py", "lib/notes.md", "build/b.py"):
        (work / path).parent.mkdir(exist_ok=True)
        (work / path).write_text("def f(): pass\n")
    (work / "lib/link.py").symlink_to(work / "app.py")
    assert [each.path for each in sources(work).files] == ["app.py", "lib/__init__.py", "lib/rates.py"]
    assert [each.path for each in sources(work / "lib").files] == ["__init__.py", "rates.py"]
    assert [each.path for each in sources(work / "lib/rates.py").files] == ["rates.py"]
    for named in ("made", "lib/old.py", "lib/private.py", "lib/credentials.py", "lib/notes.md", "nothing"):
        with pytest.raises(TargetError, match=named):
            sources(work / named)


def test_a_home_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's whole home is refused."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(TargetError, match="all that you have"):
        sources(tmp_path)


@pytest.mark.parametrize(
    ("only", "limit", "expected"),
    [
        ((), None, ORDER),
        ((), 2, ORDER[:2]),
        (("Rate.*",), None, ORDER[:2]),
        (("app.py", "*:of"), None, [ORDER[4], *ORDER[5:]]),
        (("lib/*:Rate",), None, [ORDER[2]]),
        (("nothing",), None, []),
        ((), 0, []),
    ],
)
def test_chosen(work: Path, around: Workspaces, only: tuple[str, ...], limit: int | None, expected: list[str]) -> None:
    """Patterns are names, files or both; a limit takes the first; what is known is not asked."""
    found = parts(work, around)
    by_place = {place: f"{place[0]}:{symbol.qualified}" for part in found for place, symbol in part.places()}
    assert [by_place[each] for each in gloss.chosen(found, (), only, limit)] == expected
    known = {place for place, name in by_place.items() if name in expected[:1]}
    assert [by_place[each] for each in gloss.chosen(found, known, only, None)][
        : len(expected)
    ] != expected or not expected


class Watched(Scripted):
    """Keeps what it is asked; fails as it is told."""

    def __init__(self, *troubles: EngineError | None) -> None:
        rule = Rule(text="It returns a number.")
        super().__init__([rule], ModelInfo("watched", "d", 8192))
        self.requests: list[Request] = []
        self.troubles = list(troubles)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.requests.append(request)
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            raise trouble
        async for chunk in super().stream(request):
            yield chunk


async def remembered(engine: Scripted, folder: Path) -> Remembered:
    found = Remembered(engine, folder, 16)
    assert await found.opened(30)
    return found


async def ask(
    engine: Remembered, found: tuple[gloss.Part, ...], around: Workspaces, most: int | None = None
) -> dict[gloss.Place, gloss.Told | EngineError]:
    """Ask about all that is not remembered; `most`: go away after so many answers."""
    known = {place: told for part in found for place, told in gloss.recalled(part, EXPLAIN, engine, around).items()}
    told: dict[gloss.Place, gloss.Told | EngineError] = {}
    telling = gloss.asked(found, gloss.chosen(found, known, (), None), EXPLAIN, engine, around, budget=1024)
    async for place, said in telling:
        told[place] = said
        if len(told) == most:
            break
    await telling.aclose()
    await engine.close()
    return told


async def test_work_goes_on(work: Path, around: Workspaces, tmp_path: Path) -> None:
    """What was cut off goes on where it ended; then everything is remembered, and nothing is asked any more."""
    found = parts(work, around)
    first, second, third = Watched(), Watched(), Watched()
    await ask(await remembered(first, tmp_path / "answers"), found, around, most=3)
    told = await ask(await remembered(second, tmp_path / "answers"), found, around)
    assert (len(first.requests), len(second.requests), len(told)) == (3, len(ORDER) - 3, len(ORDER) - 3)
    assert not await ask(await remembered(third, tmp_path / "answers"), found, around)
    assert not third.requests
    assert {request.priority for request in first.requests} == {Priority.PREFETCH}


async def test_the_same_answers_as_one_by_one(work: Path, around: Workspaces, tmp_path: Path) -> None:
    """What is explained here is remembered where the definition is asked about alone."""
    found = parts(work, around)
    engine = await remembered(Watched(), tmp_path / "answers")
    await ask(engine, found, around)
    one = target_at(FILES["lib/rates.py"], str(work / "lib/rates.py"), name="Rate.twice")
    again = await remembered(Watched(), tmp_path / "answers")
    assert recall(EXPLAIN, around.completed(one), again) is not None
    await again.close()


async def test_recalling_asks_nobody(work: Path, around: Workspaces, tmp_path: Path) -> None:
    """What is remembered is told by an engine that nobody stands behind."""
    found = parts(work, around)
    await ask(await remembered(Watched(), tmp_path / "answers"), found, around)
    engine = await remembered(Watched(), tmp_path / "answers")
    told = {
        place: each for part in found for place, each in gloss.recalled(part, EXPLAIN, alone(engine), around).items()
    }
    assert len(told) == len(ORDER) and all(each.text and each.model == "watched" for each in told.values())
    await engine.close()


async def test_one_failure_is_passed_over(work: Path, around: Workspaces, tmp_path: Path) -> None:
    """An engine that died once costs one explanation; where others go first, it is asked again."""
    engine = Watched(None, EngineDied("it ended"), None, EngineBusy("later"))
    told = await ask(await remembered(engine, tmp_path / "answers"), parts(work, around), around)
    assert [str(each) for each in told.values() if isinstance(each, EngineError)] == ["it ended"]
    assert len(told) == len(ORDER) and len(engine.requests) == len(ORDER) + 1


async def test_failures_in_a_row_end_it(work: Path, around: Workspaces, tmp_path: Path) -> None:
    """An engine that only fails is not asked for ever."""
    engine = Watched(*[EngineDied("it ended")] * 9)
    with pytest.raises(EngineDied):
        await ask(await remembered(engine, tmp_path / "answers"), parts(work, around), around)
    assert len(engine.requests) == gloss.MOST_FAILURES


async def test_refused_answers_are_remembered(work: Path, around: Workspaces, tmp_path: Path) -> None:
    """An answer that nothing is left of is a reason and no explanation, and is not asked for again."""
    found = parts(work / "app.py", around)
    engine = Scripted([Rule(text="It raises `OddError`.")], ModelInfo("watched", "d", 8192))
    said = await ask(await remembered(engine, tmp_path / "answers"), found, around)
    again = Watched()
    assert not await ask(await remembered(again, tmp_path / "answers"), found, around) and not again.requests
    for told in said.values():
        assert (
            isinstance(told, gloss.Told) and not told.text and told.why.startswith("the model’s answer was refused (")
        )


def test_without_an_index(work: Path) -> None:
    """Without an index a file's own calls are known, and files come as they stand."""
    (rates, app) = sorted(parts(work, Workspaces(None))[:3:2], key=lambda part: part.source.path, reverse=True)
    assert (rates.source.path, app.source.path) == ("lib/rates.py", "app.py")
    assert {place[0] for place in app.links.values()} == {"app.py"}


async def test_too_long_for_the_model(tmp_path: Path, around: Workspaces) -> None:
    """A definition that cannot fit is known not to without asking, each time in the same words."""
    (tmp_path / "a.py").write_text("def f():\n" + "    x = 'some words'\n" * 5000 + "def g():\n    pass\n")
    found = gloss.survey(sources(tmp_path / "a.py").files, around)
    engine = await remembered(Watched(), tmp_path / "answers")
    (told,) = gloss.recalled(found[0], EXPLAIN, engine, around).values()
    assert told.why == "a.py:f is too long for the model" and not told.text
    await engine.close()


def test_cost(work: Path, around: Workspaces) -> None:
    """More definitions cost more, a file is read once, and without rates no time is claimed."""
    found = parts(work, around)
    every = gloss.chosen(found, (), (), None)
    info = ModelInfo("m", "d", 8192, prefill_rate=50, decode_rate=10)
    whole, one = cost(found, every, info, {}), cost(found, every[:1], info, {})
    assert whole.measured and whole.read < 7 * one.read and whole.written == 7 * one.written
    assert whole.seconds == pytest.approx(whole.read / 50 + whole.written / 10)
    assert cost(found, every, info, {every[0]: gloss.Told("x" * 35)}).written == 70
    assert not cost(found, every, ModelInfo("m", "d", 8192), {}).measured
    assert cost(found, [], info, {}).seconds == 0
