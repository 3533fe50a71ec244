"""The comparisons' own parts that need no model: the trace, the tables, the charts."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import glossator
from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Explanation, Proposal, Refusal
from glossator.action.target import target_at
from glossator.answer.edit import Edit
from glossator.code import Span

ROOT = Path(__file__).parent.parent
MACHINE = {
    "cpu": "A <CPU>", "cores": 2, "memory_gib": 8.0, "system": "Linux", "python": "3.11.0",
    "llama-cpp-python": "0.3.36", "load_before": 0.1,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def bench() -> Iterator[None]:
    """`bench` is no package that is installed: it is imported from the checkout."""
    sys.path.insert(0, str(ROOT))
    yield
    sys.path.remove(str(ROOT))


def entry(system: str, setting: str, *samples: float) -> dict[str, Any]:
    return {"system": system, "setting": setting, "samples": list(samples)}


def measured() -> dict[str, Any]:
    """Samples as a run writes them."""
    return {
        "second": [
            entry("Glossator", "", 0.2, 0.3, 0.1),
            entry("Llama class", "", 8.0, 7.0, 9.0),
            entry("llama-server", "slow", 0.5),
            entry("llama-server", "quick", 0.1),
        ],
        "cold": [entry("Glossator", "", 240.0), entry("Llama class", "", 160.0), entry("llama-server", "x", 250.0)],
        "edit": [entry("Glossator", "", 20.0, 80.0), entry("Llama class", "", 10.0, 40.0)],
        "stop": [entry("Glossator", "", *range(1, 101))],
    }


def test_trace_is_an_hour_of_work() -> None:
    """Every line of the trace names a place that the library has, and every edit finds what it changes."""
    from bench import trace

    events = trace.read()
    actions, _ = load(prompts_folder())
    assert 60 <= len(events) <= 90
    assert events[-1].at <= 3600
    assert len({event.file for event in events}) == 6
    for event, text in trace.walk(events):
        if event.asks:
            assert target_at(text, f"{event.file}.py", name=event.symbol).symbol
        assert not event.action or event.action in actions


def test_trace_errors_name_the_line(tmp_path: Path) -> None:
    """A line that is no event is refused with its number."""
    from bench import trace

    path = tmp_path / "trace.jsonl"
    path.write_text('{"at": 0, "event": "open", "file": "bisect"}\n{"at": 1, "event": "jump", "file": "bisect"}\n')
    with pytest.raises(trace.TraceError, match=r"trace\.jsonl:2: no such event: jump"):
        trace.read(path)
    path.write_text('{"at": 0, "event": "open", "file": "bisect", "what": 1}\n')
    with pytest.raises(trace.TraceError, match=":1:"):
        trace.read(path)


def test_an_edit_without_a_place_is_an_error() -> None:
    """An edit whose text is not in the file stops the replay instead of being left out."""
    from bench.trace import Event, TraceError, walk

    events = [Event(0, "open", "bisect"), Event(1, "edit", "bisect", find="never there", replace="x")]
    with pytest.raises(TraceError, match="never there"):
        list(walk(events))


def test_functions_to_edit() -> None:
    """The functions of the drafting row are there, and each planted mistake changes one."""
    from bench import prompts

    tasks = prompts.edits()
    assert len(tasks) == 18
    codes = {(task.name, task.kind): task.code for task in tasks}
    for name in {task.name for task in tasks}:
        assert codes[name, "fix"] != codes[name, "docstring"] == codes[name, "refactor"]
    compile(prompts.inserted(prompts.library(prompts.FIRST), "def cancel("), "sched.py", "exec")


def test_ratios_take_the_best_setting() -> None:
    """Medians are compared, of several settings of llama-server the best; paired tasks by their geometric mean."""
    from bench.rows import ROWS
    from bench.tables import results

    found = {each.row.key: each for each in results(ROWS, measured())}
    second = found["second"]
    assert (second.ours, second.a, second.b, second.setting) == (0.2, 8.0, 0.1, "quick")
    assert second.ratio_a == pytest.approx(40)
    assert second.ratio_b == pytest.approx(0.5)
    assert second.met is False
    assert found["edit"].ours == pytest.approx(40)
    assert found["edit"].met is None  # one of two is missing
    assert found["stop"].ours == 95
    assert found["stop"].met is False
    assert set(found) == {"second", "cold", "edit", "stop"}


def test_percentiles() -> None:
    """A percentile is one of the values."""
    from bench.tables import percentile

    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([1], 0.95) == 1
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_tables_are_level() -> None:
    """Both kinds of tables have a cell for every column."""
    from bench import engine

    found = {"rows": measured(), "machine": MACHINE, "model": "m.gguf"}
    text = engine.report(found, markdown=True)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
    assert "×40.0" in text
    plain = engine.report(found, markdown=False)
    assert "second symbol" in plain
    assert "not measured" not in plain


def test_tables_are_put_between_marks(tmp_path: Path) -> None:
    """A new table takes the place of the old one and of nothing else; the document of the project has both places."""
    from bench.tables import put

    path = tmp_path / "B.md"
    path.write_text("a\n<!-- bench.engine -->\nold\n<!-- /bench.engine -->\nz\n")
    put(path, "bench.engine", r"| \1 new |")
    assert path.read_text() == "a\n<!-- bench.engine -->\n\n| \\1 new |\n\n<!-- /bench.engine -->\nz\n"
    with pytest.raises(ValueError, match=r"bench\.session"):
        put(path, "bench.session", "x")
    text = (ROOT / "docs" / "BENCHMARKS.md").read_text(encoding="utf-8")
    assert all(text.count(mark) == 1 for mark in ("<!-- bench.engine -->", "<!-- /bench.session -->"))


def hour() -> dict[str, Any]:
    def run(system: str, cpu: float, first: float, outcome: str) -> dict[str, Any]:
        reply = {"first": first, "total": 2 * first, "read": 10 * cpu, "written": 5.0, "outcome": outcome}
        return {"system": system, "setting": "s", "cpu": cpu, "replies": [reply, reply]}

    runs = [
        run("Glossator", 10.0, 0.1, "remembered"),
        run("Llama class", 100.0, 8.0, ""),
        run("llama-server", 15.0, 1.0, ""),
    ]
    return {"runs": [runs], "machine": MACHINE, "model": "m.gguf", "events": 3, "asked": 2}


def test_session_table() -> None:
    """The hour's table says which goals are met, and what was not computed."""
    from bench import session

    lines = {line["system"]: line for line in session.sums(hour())}
    assert lines["Glossator"]["avoided"] == 2 * 10 * 90
    assert lines["Glossator"]["remembered"] == 2
    text = session.report(hour(), markdown=True)
    assert "≤ 0.20: met" in text
    assert "≤ 0.50: not met" in text
    assert "2 questions." in text
    assert "the first 2 of which were asked" in session.report(hour() | {"asked": 5}, markdown=True)


def test_charts_are_well_formed() -> None:
    """A chart is one SVG element with a title and a bar for every number; texts are escaped."""
    from bench import chart, session
    from bench.rows import ROWS
    from bench.tables import results

    found = {"rows": measured(), "machine": MACHINE, "model": "m.gguf"}
    first = chart.engine(results(ROWS, measured()), found)
    second = chart.session(session.sums(hour()), hour())
    for drawn in (first, second):
        tree = ElementTree.fromstring(drawn)  # noqa: S314 - our own
        assert tree.tag == "{http://www.w3.org/2000/svg}svg"
        assert tree.find("{http://www.w3.org/2000/svg}title") is not None
        assert "A &lt;CPU&gt;" in drawn
    assert "×40.0" in first
    assert first.count('class="goal"') >= 5


def test_help_needs_no_model(tmp_path: Path) -> None:
    """The commands say what they do, and name what is missing instead of measuring less."""
    for name in ("bench.engine", "bench.session"):
        said = subprocess.run(
            [sys.executable, "-m", name, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        assert "--server" in said.stdout
    assert importlib.util.find_spec("glossator") is not None


def test_a_replay_that_was_cut_short_goes_on() -> None:
    """Nothing is asked twice, no event is told twice, and what was spent before counts."""
    from types import SimpleNamespace

    from bench import session
    from bench.replay import Reply
    from bench.tables import OURS
    from bench.trace import Event

    class Side:
        name, setting = OURS, "scripted"

        def __init__(self) -> None:
            self.seen: list[str] = []
            self.taken: list[str] = []

        def start(self) -> None: ...
        def stop(self) -> None: ...

        def take_up(self, asked: list[SimpleNamespace]) -> None:
            self.taken = [each.event.symbol for each in asked]

        def cpu(self) -> float:
            return float(len(self.seen))

        def notice(self, event: Event, text: str) -> None:
            self.seen.append(event.event)

        def ask(self, question: SimpleNamespace) -> Reply:
            self.seen.append(question.event.symbol)
            return Reply(1, 2, 3, 4, "answered")

    kinds = ("open", "hover", "edit", "hover", "hover")
    events = [Event(number, kind, "f", f"s{number}") for number, kind in enumerate(kinds)]  # type: ignore[arg-type]
    walked = [(event, "") for event in events]
    asked = [
        SimpleNamespace(event=event, action=SimpleNamespace(name="x"), kind="new") for event in events if event.asks
    ]
    kept: list[list[dict[str, Any]]] = []
    whole = session.replay([Side()], walked, asked, keep=kept.append)  # type: ignore[list-item, arg-type]
    first = json.loads(json.dumps(kept[1]))  # as after two questions
    first[0]["replies"] = first[0]["replies"][:2]
    side = Side()
    rest = session.replay([side], walked, asked, before=[first[0] | {"cpu": 4.0}])  # type: ignore[list-item, arg-type]
    assert side.taken == ["s1", "s3"] and side.seen == ["s4"]
    assert rest[0]["replies"] == whole[0]["replies"] and rest[0]["cpu"] == whole[0]["cpu"] == 5.0


def test_functions_that_nobody_selected() -> None:
    """The draw depends on the seed alone, and half of it is this project's."""
    from bench.answers import drawn

    first, again, other = drawn(8, 1), drawn(8, 1), drawn(8, 2)
    assert [each.title for each in first] == [each.title for each in again] != [each.title for each in other]
    assert all(each.symbol is not None and each.symbol.body for each in first)
    own = [each for each in first if Path(each.path).is_relative_to(Path(glossator.__file__).parent)]
    assert len(own) == 4


def test_what_a_reader_sees() -> None:
    """An explanation with what was left out of it, an edit with its checks, a refusal with its reasons."""
    from bench.answers import shown

    assert shown(Explanation(markdown="Adds.", dropped=("it returns a number",))) == (
        "Adds.\n\n(Left out: it returns a number)"
    )
    edit = Edit(Span(0, 1), "b")
    assert shown(Proposal(edits=(edit,), new_text="b", rungs=("parses",))) == "parses\n\n```python\nb\n```"
    assert shown(Refusal(reasons=("no", "never"))) == "refused: no; never"


FIGURES = {
    "when": "2026-01-31", "machine": "a machine", "folder": "a library", "asked": "by a model", "files": 40,
    "requests": 1.0, "read": 300.0, "reused": 300.0, "written": 60.0, "answer_bytes": 2000.0, "memory_bytes": 3000.0,
    "survey_seconds": 0.001, "look_up_seconds": 0.001, "plan_seconds": 0.002, "keep_seconds": 0.0005,
    "levels": [[16, 16, 4, 1], [8, 2], [3]],
}  # fmt: skip


def test_more_gpus_take_less_time() -> None:
    """Ten times the GPUs take less time, not less than a tenth, for the same work; waiting for levels is no quicker;
    more drivers are waited for less."""
    from bench.cluster import CARDS, Assumed, simulated

    assumed = Assumed(definitions=50_000, pool_seconds=0.0, failures=0.0)
    one, ten = (simulated(FIGURES, CARDS[0], gpus, assumed) for gpus in (1, 10))
    work, begun = 50_000 * 360 / CARDS[0].tokens / 3600, 50_000 * 0.002 / 3600
    assert 0.99 * (work + begun) <= one.hours < 1.1 * (work + one.waited) and one.lost == ten.lost == 0
    assert 0.99 * (begun + work / 10) <= ten.hours < one.hours
    assert ten.hours <= simulated(FIGURES, CARDS[0], 10, assumed, waits=True).hours
    many = simulated(FIGURES, CARDS[0], 10, replace(assumed, drivers=16))
    assert many.hours < ten.hours and many.waited < ten.waited


def test_what_fails_is_asked_again() -> None:
    """Failures lose portions and cost time; where answers take longer to keep than to make, that decides."""
    from bench.cluster import CARDS, Assumed, simulated

    quiet = simulated(FIGURES, CARDS[0], 2, Assumed(definitions=50_000, failures=0.0))
    rough = simulated(FIGURES, CARDS[0], 2, Assumed(definitions=50_000, failures=1.0))
    assert rough.lost > 0 and rough.hours > quiet.hours
    slow = simulated({**FIGURES, "keep_seconds": 1.0}, CARDS[0], 64, Assumed(definitions=50_000))
    assert slow.hours == pytest.approx(50_000 * 1.002 / 3600)


@pytest.mark.parametrize("definitions", [50, 5000, 123_456])
def test_widened(definitions: int) -> None:
    """As many definitions as were asked for, in the proportions that were measured."""
    from bench.cluster import widened

    found = widened(FIGURES["levels"], definitions)
    assert sum(map(sum, found)) == pytest.approx(definitions, rel=0.05, abs=20) and len(found) == 3


def test_the_document_says_what_is_measured() -> None:
    """The section tells apart what was measured, published and assumed, with sources; the document has it."""
    from bench.cluster import CARDS, DOCUMENT, Assumed, text
    from bench.cluster import FIGURES as PLACE

    said = text(FIGURES, Assumed(definitions=20_000), [1, 8])
    assert all(word in said for word in ("**Measured**", "**Published by others**", "**Assumed**", "2026-01-31"))
    assert all(card.source in said and f"| 8 × {card.name} |" in said for card in CARDS)
    written = DOCUMENT.read_text()
    assert "<!-- bench.cluster -->" in written and json.loads(PLACE.read_text())["when"] in written
