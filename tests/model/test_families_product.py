"""The whole product on the vocabularies, templates and manners of R1 and Qwen3: in an editor and in the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

sys.path.insert(0, str(Path(__file__).parent.parent))
from gguf_family import QWEN3, R1, Family, Workshop

pytestmark = pytest.mark.model

SOURCE = "def total(items):\n    count = 1\n    for item in items:\n        count += item\n    return count\n"
MENDED = SOURCE.replace("= 1", "= 0")
THOUGHT = "Okay, this loop goes over items, but it starts with one."
EXPLAINED = "`total` adds up the numbers and gives back their sum."


def thinker(workshop: Workshop, family: Family) -> Path:
    """A model that thinks the same of everything, and then goes on from how its answer was made to begin."""
    return workshop.make(
        family,
        [
            *(f"{family.assistant}<think>\n", f"{THOUGHT}\n", "</think>", "\n\n"),
            *("`total`", EXPLAINED.removeprefix("`total`"), family.closing),
        ],
        [
            *("</think>", "\n\n", "Bug:"),
            f" the count starts at `1`, so the sum is too large.\n\n```python\n{MENDED}```",
            family.closing,
        ],
    )


@pytest.mark.parametrize("family", [R1, QWEN3])
async def test_in_an_editor(open_editor: Any, workshop: Workshop, tmp_path: Path, family: Family) -> None:
    """A hover holds the explanation without the thought that led to it; a quick fix changes the line that is wrong, and
    its thought can be read."""
    options = {"backend": "local", "model": str(thinker(workshop, family)), "script": "", "hover": {"waitMs": 100_000}}
    editor = await open_editor(options=options, environment={"GLOSSATOR_ENGINE_IDLE_SECONDS": "0"})
    buffer = editor.open("a.py", SOURCE)
    hover = await editor.hover(buffer, "total")
    assert EXPLAINED in hover
    assert not any(each in hover for each in ("think>", THOUGHT, "Okay", family.closing))

    where = types.Range(types.Position(1, 4), types.Position(1, 13))
    wrong = types.Diagnostic(where, "the sum is one too large", types.DiagnosticSeverity.Error)
    (entry,) = [each for each in await editor.menu(buffer, "count", diagnostics=[wrong]) if "quickfix" in each["kind"]]
    command = entry["command"]
    job = (await editor.command(command["command"], *command["arguments"]))["job"]
    last = await editor.over(job, 100)
    assert (last["state"], buffer.text) == ("done", MENDED), last
    assert [each["state"] for each in editor.jobs if each["job"] == job].count("thinking") > 0
    reasoning = await editor.command("glossator.showReasoning", {"job": job})
    assert reasoning["thought"].strip() == THOUGHT
    assert reasoning["answer"].startswith("Bug: the count starts at `1`")


def test_in_the_shell(workshop: Workshop, tmp_path: Path) -> None:
    """An answer comes without its thought, which is shown where that was asked for; with thinking switched off there is
    none."""
    (tmp_path / "a.py").write_text(SOURCE)
    config = tmp_path / "home" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    model = thinker(workshop, R1)
    for reasoning in ("true", "false"):
        config.write_text(f"[local]\nreasoning = {reasoning}\n")
        done = subprocess.run(
            [sys.executable, "-m", "glossator", "explain", "a.py:total", "--model", model, "--json", "--show-thinking"],
            capture_output=True,
            text=True,
            env=os.environ | {"GLOSSATOR_HOME": str(tmp_path / "home"), "GLOSSATOR_ENGINE_IDLE_SECONDS": "0"},
            cwd=tmp_path,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert EXPLAINED in str(json.loads(done.stdout))
        assert "think>" not in done.stdout + done.stderr
        assert (THOUGHT in done.stderr) == (reasoning == "true")
