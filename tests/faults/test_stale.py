"""The text changes, is undone, closed and opened again while a model works on it: what is applied is what was meant."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any

import pytest

from .reference import Change, Reference
from .tally import Tally
from .wire import Server

HEAD = "import sys\n\n\ndef first(a):\n    return a\n\n\n"
TARGET = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"
BETTER = "def total(values):\n    return sum(values)\n"
TAIL = "\n\nprint(total([1]))  # 😀\f\u2028\n"
SCRIPT = f"[[answer]]\nmatch = ''\ntext = '''```python\n{BETTER}```'''\ndelay_ms_per_token = 15\n"


class Buffer:
    """A document in the editor, with its history; every edit of the server's is judged when it is applied."""

    def __init__(self, server: Server, uri: str, chance: random.Random) -> None:
        self.server, self.uri, self.chance = server, uri, chance
        self.lock = threading.RLock()
        self.document = Reference(HEAD + TARGET + TAIL, "utf-16")
        self.version, self.open = 1, True
        self.undone: list[str] = []
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        server.open(uri, self.text)

    @property
    def text(self) -> str:
        """What its user sees."""
        return self.document.text

    # --- the server's edits -----------------------------------------------------------------------------------------

    def apply(self, params: Any) -> Any:
        """What an editor does with `workspace/applyEdit`, and whether it was the edit that was meant."""
        with self.lock:
            if self.chance.random() < 0.3:  # the user types while the edit is on its way
                self.act()
            (change,) = params["edit"]["documentChanges"]
            if not self.open or change["textDocument"]["version"] != self.version:
                self.counts["edits refused for their version"] += 1
                return {"applied": False, "failureReason": "another version"}
            before = self.text
            for edit in sorted(change["edits"], key=lambda each: tuple(each["range"]["start"].values()), reverse=True):
                start, end = (tuple(edit["range"][side].values()) for side in ("start", "end"))
                self.document.change(Change(edit["newText"], start, end))
            pieces = before.split(TARGET)
            meant = [TARGET.join(pieces[:at]) + BETTER + TARGET.join(pieces[at:]) for at in range(1, len(pieces))]
            if self.text not in meant:
                self.wrong.append(f"{before!r} -> {self.text!r}")
            self.counts["edits applied"] += 1
            self.told()
            return {"applied": True}

    # --- the user's -------------------------------------------------------------------------------------------------

    def told(self, change: Change | None = None) -> None:
        """Tell the server of a change; without one of the whole text."""
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        changes = [(change or Change(self.text)).told()]
        self.server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def type(self, at: int, until: int, text: str) -> None:
        """Replace a part of the text."""
        self.undone.append(self.text)
        change = Change(text, self._place(at), self._place(until))
        self.document.change(change)
        self.told(change)

    def _place(self, offset: int) -> tuple[int, int]:
        rows = self.text[:offset].split("\n")
        return len(rows) - 1, len(rows[-1].encode("utf-16-le")) // 2

    def act(self) -> None:
        """Something that a user does, at random."""
        with self.lock:
            chance, text = self.chance, self.text
            what = chance.choice(
                ["above", "above", "below", "inside", "undo", "undo", "whole", "again", "other", "copy"]
            )
            if what == "above":
                self.type(0, 0, chance.choice(["x = 1\n", "\n", "# 😀\n", "import os\n\n\n"]))
            elif what == "below":
                self.type(len(text), len(text), chance.choice(["y = 2\n", "\n", "\f\n", "def other():\n    pass\n"]))
            elif what == "inside" and TARGET in text:
                at = text.index(TARGET) + chance.randint(0, len(TARGET))
                self.type(at, min(len(text), at + chance.randint(0, 3)), chance.choice(["", "x", "\n", "total"]))
            elif what == "undo" and self.undone:
                self.document = Reference(self.undone.pop(), "utf-16")
                self.told()
            elif what == "whole":
                self.told()
            elif what == "copy" and TARGET in text:
                self.type(0, 0, TARGET + "\n\n")
            elif what in ("again", "other") and chance.random() < 0.5:
                self.server.close(self.uri)
                if what == "other":  # changed by another program meanwhile
                    self.document = Reference("# from disk\n" + text, "utf-16")
                    self.version += 1
                self.server.open(self.uri, self.text, self.version)
            self.counts["user's acts"] += 1


@pytest.mark.faults
def test_text_is_never_spoilt(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """Whatever the user does meanwhile, an edit replaces the unchanged function by the whole answer, or is dropped."""
    server = serve()
    server.begin(SCRIPT, cache={"enabled": False})
    buffers: dict[str, Buffer] = {}

    def apply(params: Any) -> Any:
        return buffers[params["edit"]["documentChanges"][0]["textDocument"]["uri"]].apply(params)

    server.replies["workspace/applyEdit"] = apply
    totals: Counter[str] = Counter()
    for turn in range(times(25, 500)):
        seeds = [random.Random(chance.random()) for _ in range(12)]
        now = [Buffer(server, f"file:///code/{turn}-{at}.py", seed) for at, seed in enumerate(seeds)]
        buffers.update({each.uri: each for each in now})
        jobs = [server.run("refactor", each.uri, 7, 4) for each in now]
        for each in now[chance.randint(0, 3) :]:  # some are left alone
            for _ in range(chance.randint(0, 3)):
                each.act()
                time.sleep(chance.random() * 0.01)
        gone = now[-1]
        with gone.lock:
            gone.open = False
            server.close(gone.uri)
        for job in jobs:
            totals[server.over(job)["state"]] += 1
        for each in now:
            totals.update(each.counts)
            assert each.wrong == []
            server.close(each.uri)
    for what in ("user's acts", "edits applied", "edits refused for their version"):
        tally.add("stale edits", what, totals[what])
    tally.add("stale edits", "jobs", totals["done"] + totals["refused"])
    assert totals["edits applied"] > 20 and totals["refused"] > 20, totals
    assert totals["failed"] == 0
    assert server.finish() == 0


@pytest.mark.faults
def test_requests_outlive_their_document(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """A hover or a menu whose document changes or goes while it waits is answered once, without an internal error."""
    server = serve()
    server.begin(
        "[[answer]]\nmatch = ''\ntext = 'It adds the values up.'\ndelay_ms_per_token = 10\n", hover={"waitMs": 60}
    )
    asked = []
    for number in range(times(150, 3000)):
        buffer = Buffer(server, f"file:///code/{number}.py", random.Random(chance.random()))
        asked += [server.hover(buffer.uri, 7, 5), server.menu(buffer.uri, 7, 5)]
        time.sleep(chance.random() * 0.02)
        for _ in range(chance.randint(0, 2)):
            buffer.act()
        server.close(buffer.uri)
    for identity in asked:
        assert "result" in server.answer(identity)
    counts = server.counts()
    assert all(counts[identity] == 1 for identity in asked)
    tally.add("stale edits", "requests that outlived their document", len(asked))
    assert server.finish() == 0
