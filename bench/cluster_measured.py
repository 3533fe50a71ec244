"""`python -m bench.cluster_measured FOLDER --home HOME`: what one definition costs, for `bench.cluster`.

HOME is a `GLOSSATOR_HOME` in which nothing but a `gloss` was done: its ledger says what was read and written. FOLDER is
code of any size: it is surveyed, looked up, planned and kept, without a model. Writes `cluster.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from glossator.action import gloss
from glossator.action.catalogue import load, prompts_folder
from glossator.action.sources import sources
from glossator.action.workspaces import Workspaces
from glossator.cluster.planning import leveled, portions
from glossator.engine import Finished, ModelInfo, Text, Usage, machine
from glossator.engine.alone import alone
from glossator.engine.ledger import Cost, Ledger
from glossator.engine.remembered import Remembered
from glossator.engine.remembered_answer import Answer
from glossator.engine.scripted import Rule, Scripted
from glossator.settings import folders

from .cluster import FIGURES


def asked(home: Path) -> dict[str, Any]:
    """What its ledger says of a definition. Raises `ValueError` where there is none."""
    places = folders({"GLOSSATOR_HOME": str(home)})
    whole = sum((row.cost for row in Ledger(places.stats).rows(400) if row.purpose == "explain (ahead)"), Cost())
    if not whole.questions:
        raise ValueError(f"{home}: nothing was glossed there")
    return {
        "requests": whole.requests / whole.questions,
        "read": whole.computed / whole.questions,
        "reused": whole.reused / whole.questions,
        "written": whole.written / whole.questions,
        "definitions_asked": int(whole.questions),
    }


def planned(folder: Path) -> dict[str, Any]:
    """What the driver's work takes for a definition, and what leans on what."""
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as name:
        around = Workspaces(Path(name) / "index")
        before = process.memory_info().rss
        found = sources(folder)
        clock = [time.perf_counter()]
        parts = gloss.survey(found.files, around)
        clock.append(time.perf_counter())
        memory = process.memory_info().rss - before
        engine = Remembered(Scripted([Rule(text="")], ModelInfo("none", "0", 8192)), Path(name) / "answers", 1024)
        asyncio.run(engine.opened(30))
        action = load(prompts_folder())[0]["explain"]
        for part in parts:
            gloss.recalled(part, action, alone(engine), around)
        clock.append(time.perf_counter())
        made = list(portions(parts, gloss.chosen(parts, (), (), None), around))
        clock.append(time.perf_counter())
        text = tuple(Text(word) for word in ("It reads a file and " * 12).split())
        answer = Answer(text, Finished("stop", Usage(900, 600, 0, 60), "none"), time.time(), "0")
        count = 0
        for each in made:
            engine.keep({f"{each.number:032x}{start:032x}": answer for start in each.starts})
            count += len(each.starts)
        clock.append(time.perf_counter())
        state = engine.state()
        around.close()
    taken = [(after - before) / count for before, after in itertools.pairwise(clock)]
    level_of = {part.source.path: at for at, level in enumerate(leveled(parts)) for part in level}
    levels: list[list[int]] = [[] for _ in range(max(level_of.values()) + 1)]
    for each in made:
        levels[level_of[each.path]].append(len(each.starts))
    return {
        "files": len(parts),
        "memory_bytes": memory / count,
        "answer_bytes": state["bytes"] / state["entries"],
        **dict(zip(("survey_seconds", "look_up_seconds", "plan_seconds", "keep_seconds"), taken, strict=True)),
        "levels": levels,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--named", required=True, help="what FOLDER is, for the document")
    parser.add_argument("--asked", required=True, help="what was glossed by which model, for the document")
    given = parser.parse_args()
    figures = {
        "when": date.today().isoformat(),
        "machine": machine.name(),
        "folder": given.named,
        "asked": given.asked,
        **asked(given.home),
        **planned(given.folder),
    }
    FIGURES.write_text(json.dumps(figures, ensure_ascii=False) + "\n", encoding="utf-8")
    print({name: value for name, value in figures.items() if name != "levels"})
    print([sum(level) for level in figures["levels"]])


if __name__ == "__main__":
    main()
