"""How often `fix FILE` repairs the one thing that is wrong with a file, and leaves a file alone that is right.

    python -m bench.fix_files [--model NAME] [--out FILE.json]

Ten small files of `fix_files/` have one planted bug each, five have none (`planted.toml`). Every definition is asked
about as the shell does, every proposal is weighed, and the offered file is checked in a child process with limits.
Compared: all proposals applied together, any one proposal (chance), and the likeliest one (the product). Results are
kept after every file, so a run that was stopped goes on; answers are remembered as in the shell.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from glossator.action import catalogue, run, whole_file
from glossator.action.budget import prompt_tokens
from glossator.action.outcome import Outcome, Proposal
from glossator.action.rank import gain
from glossator.action.target import Target, target_at
from glossator.answer.edit import apply
from glossator.code.symbols import outline
from glossator.engine import Engine
from glossator.engine.choose import open_engine
from glossator.settings import folders, load

FILES = Path(__file__).parent / "fix_files"
THRESHOLDS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0)
CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
text, setup, checks = json.load(sys.stdin)
names = {"__name__": "planted"}
exec(text, names)
exec(setup, names)
sys.exit(0 if all([eval(check, names) for check in checks]) else 1)
"""

Row = dict[str, Any]


@cache
def alone() -> list[str]:
    """The command before a child that has no network, where this machine can do that."""
    tool = shutil.which("unshare")
    if tool and subprocess.run([tool, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        return [tool, "-rn"]
    return []


def right(planted: Row, text: str) -> bool:
    """Whether everything that should be true of the file is."""
    given = json.dumps([text, planted.get("setup", ""), planted["checks"]])
    command = [*alone(), sys.executable, "-I", "-c", CHILD]
    try:
        done = subprocess.run(command, input=given, text=True, capture_output=True, timeout=10, env={}, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def source(planted: Row) -> str:
    """The file with its bug."""
    text = (FILES / planted["name"]).read_text()
    if "wrong" not in planted:
        return text
    assert text.count(planted["right"]) == 1, planted["name"]
    return text.replace(planted["right"], planted["wrong"])


def targets(text: str, path: str) -> list[Target]:
    """Every function and method of the file."""
    tree = target_at(text, path).tree
    assert tree is not None
    found = [symbol for symbol in outline(tree) if symbol.kind in ("function", "method") and symbol.body]
    return [target_at(text, path, name=symbol.qualified) for symbol in found]


async def measure(planted: Row, engine: Engine) -> Row:
    """One file: every proposal with its gain and whether it alone makes the file right."""
    text = source(planted)
    actions, _ = catalogue.load(catalogue.prompts_folder(), folders().config / "prompts")
    action, budget = actions["fix"], prompt_tokens(engine.model())
    rows: list[Row] = []
    edits = []
    for target in targets(text, planted["name"]):
        outcome: Outcome = await run.run(action, target, engine, budget=budget)
        row: Row = {"symbol": target.symbol.qualified if target.symbol else "", "seconds": outcome.seconds}
        if isinstance(outcome, Proposal):
            (found,) = await gain(action, target, [outcome], engine, budget=budget)
            edits += outcome.edits
            row |= {"gain": found, "right": right(planted, outcome.new_text)}
            row["text"] = [edit.text for edit in outcome.edits]
        rows.append(row)
        print(f"  {row['symbol']:26}{row.get('gain', float('nan')):8.2f} {row.get('right', '')}", flush=True)
    try:
        together = right(planted, apply(text, edits))
    except ValueError:  # two edits of the same place
        together = False
    return {"name": planted["name"], "bug": planted.get("symbol", ""), "rows": rows, "together": together}


def table(files: list[Row]) -> str:
    """What would be offered at several thresholds, and what without any ranking."""
    bugs, clean = [f for f in files if f["bug"]], [f for f in files if not f["bug"]]
    proposals = [row for file in files for row in file["rows"] if "gain" in row]
    repairs = [row for file in bugs for row in file["rows"] if row["symbol"] == file["bug"] and row.get("right")]
    lines = [
        f"{len(files)} files, {sum(len(f['rows']) for f in files)} definitions, {len(proposals)} proposals",
        f"bugs with a right proposal: {len(repairs)} of {len(bugs)}; their least gain: "
        f"{min((row['gain'] for row in repairs), default=0):.2f}",
        f"all proposals together: {sum(f['together'] for f in bugs)} of {len(bugs)} files repaired, "
        f"{sum(not any('gain' in row for row in f['rows']) for f in clean)} of {len(clean)} right files left alone",
        "",
        "| least gain | repaired | offered something else | left alone although wrong | right files left alone |",
        "|---|---|---|---|---|",
    ]
    gaining = [[row for row in file["rows"] if row.get("gain", 0) > 0] for file in bugs]
    best = [max(rows, key=lambda row: row["gain"], default=None) for rows in gaining]
    for least in THRESHOLDS:
        offered = [row for row in best if row and row["gain"] >= least]
        good = sum(row["right"] for row in offered)
        quiet = sum(all(row.get("gain", 0) < max(least, 1e-9) for row in f["rows"]) for f in clean)
        mark = " (the product)" if least == whole_file.CLEAR else ""
        counts = f"{good} of {len(bugs)} | {len(offered) - good} | {len(bugs) - len(offered)}"
        lines.append(f"| {least:g}{mark} | {counts} | {quiet} of {len(clean)} |")
    return "\n".join(lines)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="")
    parser.add_argument("--out", type=Path, default=Path("fix_files.json"))
    options = parser.parse_args()
    done: list[Row] = json.loads(options.out.read_text()) if options.out.exists() else []
    settings = load()
    engine = open_engine(replace(settings, model=options.model) if options.model else settings, folders())
    try:
        for planted in tomllib.loads((FILES / "planted.toml").read_text())["file"]:
            if any(file["name"] == planted["name"] for file in done):
                continue
            assert right(planted, (FILES / planted["name"]).read_text()), f"{planted['name']} is not right"
            assert "wrong" not in planted or not right(planted, source(planted)), f"{planted['name']}: no bug"
            print(planted["name"], flush=True)
            done.append(await measure(planted, engine))
            options.out.write_text(json.dumps(done, indent=1))
    finally:
        await engine.close()
    print(table(done))


if __name__ == "__main__":
    asyncio.run(main())
