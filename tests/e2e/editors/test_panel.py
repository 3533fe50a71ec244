"""The page of the VS Code extension's panel in a real browser: text stays text, and everything is done with keys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.editor

HERE = Path(__file__).parent
EXTENSION = HERE.parents[2] / "editors/vscode"
HOSTILE = """\
It <img src=https://evil.example/x onerror="window.ran=1"> is *fine*, `a < b`.

<script>window.ran = 2</script> [here](command:evil) ![x](https://evil.example/y)

```html
<b>bold</b>
```
- one
- two **three**
"""


def entry(number: int, **job: Any) -> dict[str, Any]:
    told = {"job": f"job-{number}", "uri": "file:///w/a%20b.py", "title": f"Ask {number}", "line": 4, "seconds": 1.5}
    return {"key": f"0/job-{number}", "number": 1, "past": False, "job": told | job}


USAGE = {"promptTokens": 300, "reusedTokens": 250, "thoughtTokens": 0, "answerTokens": 20, "cpuSeconds": 2.25}
ENTRIES = [
    entry(1, state="thinking", thought="A loop. <b>It adds.</b>", tokens=7),
    entry(2, state="done", kind="answer", markdown=HOSTILE, rungs=["<i>parses</i>"], usage=USAGE, model="m"),
    entry(
        3,
        state="done",
        kind="edit",
        offers=2,
        offered=True,
        answer="It was wrong.",
        rungs=["parses", "same signature"],
        usage=USAGE,
        model="m",
    ),
]
SENT = {
    "questions": [
        {"turns": [{"role": "user", "text": "<b>Explain</b>"}], "begins": "It", "thinking": 0, "remembered": False}
    ],
    "more": 2,
    "beyond": [{"path": "p.py", "line": 3, "name": "taxed", "why": "calls", "shown": True}],
}


@pytest.fixture(scope="module")
def seen(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver saw."""
    if not (EXTENSION / "dist/page.js").exists():
        pytest.skip("the extension is not built; run tests/e2e/editors/install.sh")
    place = tmp_path_factory.mktemp("panel")
    values = {"PLAYWRIGHT": browser.playwright, "BROWSER": browser.browser, "EXTENSION": EXTENSION, "SHOTS": place}
    values |= {"REPORT": place / "report.json", "ENTRIES": json.dumps(ENTRIES), "SENT": json.dumps(SENT)}
    environment = {name: str(value) for name, value in values.items()}
    done = subprocess.run(
        [browser.node, HERE / "panel/panel.mjs"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n(pictures in {place})"
    return dict(json.loads((place / "report.json").read_text()))


def test_nothing_is_loaded(seen: dict[str, Any]) -> None:
    """The page loads its style and its script, and raises nothing."""
    assert seen["errors"] == []
    assert [each.rpartition("/")[2] for each in seen["requests"]] == ["panel.html", "panel.css", "page.js"]


def test_a_thought_is_folded_and_stays_as_it_was_left(seen: dict[str, Any]) -> None:
    """The thought is folded until a key unfolds it; what comes then changes neither that nor the focus."""
    thinking = seen["thinking"]
    assert seen["empty"] and thinking["folded"] and thinking["acts"] == ["Stop"]
    assert (thinking["state"], thinking["counter"]) == ("thinking", "7 tokens · 1.5 s")
    assert thinking["thought"] == "A loop. <b>It adds.</b>"
    assert seen["kept"] == {"open": True, "focus": "stop"}


def test_text_stays_text(seen: dict[str, Any]) -> None:
    """Markup, links, images and scripts in an answer or a check are shown as they are written, and do nothing."""
    hostile = seen["hostile"]
    assert hostile["elements"] == 0 and hostile["ran"] is None
    assert "<img src=https://evil.example/x" in hostile["words"] and "[here](command:evil)" in hostile["words"]
    assert hostile["code"] == ["a < b", "<b>bold</b>"]
    assert hostile["rungs"] == ["<i>parses</i>"]


def test_an_offered_edit_is_decided_with_keys(seen: dict[str, Any]) -> None:
    """An edit that waits shows its checks and its buttons, in the order of the Tab key; a key tells the extension."""
    offered = seen["offered"]
    assert offered["state"] == "waits for your word · 1 of 2"
    assert offered["acts"] == ["Accept", "Reject", "Previous", "Next", "Show Changes", "Copy"]
    assert offered["second"] == "Reject" and len(offered["rungs"]) == 2
    told = [(each.get("act"), each.get("key")) for each in seen["said"] if each["kind"] == "act"]
    assert told[:2] == [("accept", "0/job-3"), ("sent", "0/job-3")]


def test_words_around_an_edit_are_folded(seen: dict[str, Any]) -> None:
    """What the model wrote around an edit stands apart from the checks that the edit passed, until it is unfolded."""
    assert seen["offered"]["words"] is False and seen["offered"]["folded"] is True
    assert seen["wrote"] == "It was wrong."


def test_what_was_sent_and_what_it_cost(seen: dict[str, Any]) -> None:
    """What was sent shows word for word once it is unfolded; the cost is in tokens and seconds."""
    assert "<b>Explain</b>" in seen["sent"] and "p.py:3 taxed (calls)" in seen["sent"]
    assert "2 more questions" in seen["sent"]
    assert "300 tokens, 250 of them read before" in seen["cost"] and "2.3 s of processor time" in seen["cost"]


def test_the_history_is_one_stop_of_the_tab_key(seen: dict[str, Any]) -> None:
    """The arrows go from answer to answer, the newest first; each button has a name, nothing is wider than the page."""
    history = seen["history"]
    assert [row.partition(" · ")[0] for row in history["rows"]] == ["Ask 3", "Ask 2", "Ask 1"]
    assert history["shown"] == "Ask 2" and history["focus"].startswith("Ask 2") and history["stops"] == 1
    assert seen["names"] == 0 and seen["wide"]
