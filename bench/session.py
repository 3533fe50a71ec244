"""`python -m bench.session`: a recorded hour of work, replayed by an ordinary assistant, a llama-server and Glossator.

The events follow one another without the pauses in which a user reads, and each event is answered by all systems in
turn. Nothing is read ahead: what Glossator saves it saves by not computing twice.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import machine, tables, trace
from .engine import NO_REPACK, model_of, server_of
from .replay import Peer, Product, Question, Side, questions
from .systems import HighLevel, Server
from .tables import OURS, A, B
from .trace import Event


def replay(
    sides: Sequence[Side],
    walked: Sequence[tuple[Event, str]],
    asked: Sequence[Question],
    *,
    label: str = "",
    keep: Callable[[list[dict[str, Any]]], object] = lambda run: None,
    before: Sequence[dict[str, Any]] = (),
    pauses: bool = False,
) -> list[dict[str, Any]]:
    """One run through all events; what the JSON file holds of each system. `keep` is told after every question.

    `before`: the same of a run that was cut short, which goes on. `pauses`: an event comes when the trace says, or when
    the one before is over.
    """
    told = {each["system"]: each for each in before}
    replies: dict[str, list[dict[str, Any]]] = {
        side.name: list(told[side.name]["replies"]) if told else [] for side in sides
    }
    spent = {side.name: told[side.name]["cpu"] if told else 0.0 for side in sides}
    skipped = len(replies[sides[0].name])
    started: list[Side] = []

    def so_far() -> list[dict[str, Any]]:
        return [
            {
                "system": side.name,
                "setting": side.setting,
                "cpu": spent[side.name] + side.cpu(),
                "replies": replies[side.name],
            }
            for side in sides
        ]

    def ask(question: Question, number: int) -> None:
        shift = number % len(sides)
        for side in [*sides[shift:], *sides[:shift]]:
            reply = side.ask(question)
            replies[side.name].append({**vars(reply), "kind": question.kind})
        waits = "  ".join(f"{name} {told[-1]['first']:.2f}/{told[-1]['total']:.2f}" for name, told in replies.items())
        what = f"{question.action.name} {question.event.file}:{question.event.symbol}"
        outcome = replies[OURS][-1]["outcome"]
        print(f"[{label} {number}/{len(asked)}] {what}: {waits} s, {outcome}", file=sys.stderr)
        keep(so_far())

    try:
        for side in sides:
            started.append(side)
            side.start()
            side.take_up(asked[:skipped])
        waiting, number = iter(asked), 0
        following = [event.at for event, _ in walked[1:]]
        for (event, text), then in zip(walked, [*following, walked[-1][0].at], strict=True):
            began = time.monotonic()
            if number < skipped:
                if event.asks:
                    next(waiting)
                    number += 1
                continue
            if not event.asks:
                for side in sides:
                    side.notice(event, text)
            else:
                number += 1
                ask(next(waiting), number)
            if pauses and (seconds := then - event.at - (time.monotonic() - began)) > 0:
                for side in sides:
                    side.pause(event, text, seconds)
        return so_far()
    finally:
        for side in started:
            side.stop()


def sums(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A line a system: CPU seconds and tokens of one replay (the mean of all repeats), waits over all of them."""
    names = [each["system"] for each in found["runs"][0]]
    lines = []
    for name in names:
        runs = [each for run in found["runs"] for each in run if each["system"] == name]
        replies = [reply for each in runs for reply in each["replies"]]
        first, total = [each["first"] for each in replies], [each["total"] for each in replies]
        lines.append(
            {
                "system": name,
                "setting": runs[0]["setting"],
                "cpu": sum(each["cpu"] for each in runs) / len(runs),
                "read": sum(each["read"] for each in replies) / len(runs),
                "written": sum(each["written"] for each in replies) / len(runs),
                "remembered": sum(each["outcome"] == "remembered" for each in replies) / len(runs),
                "refused": sum(each["outcome"] == "refused" for each in replies) / len(runs),
                "first_p50": tables.percentile(first, 0.5),
                "first_p95": tables.percentile(first, 0.95),
                "total_p50": tables.percentile(total, 0.5),
                "total_p95": tables.percentile(total, 0.95),
            }
        )
    most = next((line for line in lines if line["system"] == A), lines[0])
    for line in lines:
        line["avoided"] = most["read"] + most["written"] - line["read"] - line["written"]
    return lines


KINDS = {
    "new": "of a file that was never asked about",
    "changed": "after an edit",
    "another": "of another symbol of the same file",
}


AT_ONCE_SECONDS = 0.6


def hovers(found: dict[str, Any]) -> str:
    """How long Glossator's hovers take to their first word where the model is asked, by what was known of the file."""
    replies = [reply for run in found["runs"] for each in run if each["system"] == OURS for reply in each["replies"]]
    parts = []
    for kind, words in KINDS.items():
        times = [each["first"] for each in replies if each.get("kind") == kind and each["outcome"] != "remembered"]
        if times:
            p50, p95 = (tables.percentile(times, share) for share in (0.5, 0.95))
            at_once = sum(each <= AT_ONCE_SECONDS for each in times)
            spread = f"p95 {tables.shown(p95, 's')}, {len(times)} hovers, {at_once} of them within {AT_ONCE_SECONDS} s"
            parts.append(f"{words} {tables.shown(p50, 's')} ({spread})")
    times = [each["total"] for each in replies if each["outcome"] == "remembered"]
    if times:
        parts.append(f"remembered ones, whole, {1000 * tables.percentile(times, 0.95):.1f} ms at p95 ({len(times)})")
    return f"First word of Glossator's hovers: {'; '.join(parts)}."


HEAD = (
    "", "CPU", "ours / theirs", "goal", "prompt tokens read", "tokens written", "avoided",
    "first word p50", "p95", "whole answer p50", "p95", "remembered", "refused",
)  # fmt: skip
GOALS = {A: 1 / 5, B: 1 / 2}


def cells(line: dict[str, Any], ours: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table, as `HEAD` names it."""
    share = ours["cpu"] / line["cpu"] if line["cpu"] else 0.0
    goal = GOALS.get(line["system"])
    return (
        line["system"],
        f"{line['cpu']:.0f} s",
        "" if line is ours else f"{share:.2f}",
        "" if goal is None else f"≤ {goal:.2f}: {'met' if share <= goal else 'not met'}",
        *(f"{line[key]:.0f}" for key in ("read", "written", "avoided")),
        *(tables.shown(line[key], "s") for key in ("first_p50", "first_p95", "total_p50", "total_p95")),
        f"{line['remembered']:.0f}" if line is ours else "",
        f"{line['refused']:.0f}" if line is ours else "",
    )


def report(found: dict[str, Any], *, markdown: bool) -> str:
    """The table of a run (what the JSON file holds)."""
    lines = sums(found)
    ours = next(line for line in lines if line["system"] == OURS)
    rows = [cells(line, ours) for line in lines]
    head = f"{found['model']}. {machine.headline(found['machine'])}. {tables.extent(found)}."
    settings = "; ".join(f"{line['system']}: {line['setting']}" for line in lines)
    table = tables.markdown(HEAD, rows) if markdown else tables.plain(HEAD, rows)
    return f"{head} {settings}.\n\n{table}\n\n{hovers(found)}"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.session", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", type=Path, default=machine.default_server(), help="llama-server (%(default)s)")
    parser.add_argument("--without-server", action="store_true", help="leave llama-server out")
    parser.add_argument("--model", default="", help="a name of the catalogue or a GGUF file (the default model)")
    parser.add_argument("--repeats", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--events", type=int, default=0, help="only the first N events of the trace")
    parser.add_argument("--same-context", action="store_true", help="show the others what Glossator shows")
    parser.add_argument("--ahead", action="store_true", help="measure Glossator a second time, reading files ahead")
    parser.add_argument(
        "--pauses",
        action="store_true",
        help="replay Glossator alone in the hour itself, explaining ahead in its pauses",
    )
    parser.add_argument("--out", type=Path, help="write everything as JSON, after every question")
    parser.add_argument(
        "--home", type=Path, help="keep Glossator's files here; a replay that was cut short goes on from them and --out"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--chart", type=Path, help="draw the table as SVG")
    parser.add_argument("--into", type=Path, help="put the Markdown table into this file, between its marks")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing, show such a JSON file")
    return parser.parse_args(given)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Everything of a run, for the JSON file."""
    card, path = model_of(given.model)
    name = given.model or card.name
    server = server_of(given)
    events = trace.read()[: given.events or None]
    about = {"machine": machine.describe(server), "model": path.name, "date": datetime.now(UTC).isoformat()}
    began = time.monotonic()
    runs: list[list[dict[str, Any]]] = []
    cut: list[dict[str, Any]] = []
    if given.home and given.out and given.out.exists():
        earlier = json.loads(given.out.read_text(encoding="utf-8"))
        about, began, runs = {key: earlier[key] for key in about}, began - earlier["seconds"], earlier["runs"]
        cut = runs.pop() if runs and len(runs[-1][0]["replies"]) < earlier["asked"] else []
    with tempfile.TemporaryDirectory(prefix="glossator-bench-", ignore_cleanup_errors=True) as temporary:
        folder = given.home or Path(temporary)
        product = Product(name, folder / "plain", keep=bool(given.home))
        if not cut and not product.system.prepare():
            print("Glossator could not measure this machine; it goes by guesses", file=sys.stderr)
        walked = list(trace.walk(events))
        product.start()
        try:
            asked = questions(walked, product.system)
        finally:
            product.stop()
        sides: list[Side] = [product]
        if given.pauses:
            product.setting += ", in its own hour, explaining ahead in the pauses"
        else:
            sides.append(Peer(HighLevel(path), same=given.same_context))
        if given.ahead and not given.pauses:
            reader = Product(name, folder / "ahead", ahead=True, keep=bool(given.home))
            if not cut:
                reader.system.prepare()
            sides.append(reader)
        if server and not given.pauses:
            sides.append(Peer(Server(path, server, NO_REPACK), same=given.same_context))

        def written(run: list[dict[str, Any]]) -> dict[str, Any]:
            sizes = {"events": len(events), "asked": len(asked), "seconds": round(time.monotonic() - began)}
            found = about | sizes | {"runs": [*runs, run] if run else runs}
            if given.out:  # after every question: an hour's replay is long, and may be cut short
                given.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            return found

        for number in range(len(runs), given.repeats):
            label = f"{number + 1}/{given.repeats}"
            runs.append(replay(sides, walked, asked, label=label, keep=written, before=cut, pauses=given.pauses))
            cut = []
        return written([])


def main() -> None:
    """Measure and show."""
    given = arguments()
    found = json.loads(given.source.read_text(encoding="utf-8")) if given.source else measure(given)
    if given.chart:
        from .chart import session as draw

        given.chart.write_text(draw(sums(found), found), encoding="utf-8")
    if given.into:
        tables.put(
            given.into, "bench.session --pauses" if given.pauses else "bench.session", report(found, markdown=True)
        )
    print(report(found, markdown=given.markdown))


if __name__ == "__main__":
    main()
