"""Whatever a model writes, an edit touches the asked document in the asked place, and hides nothing."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import NewFile, Proposal, Refusal
from glossator.action.run import run
from glossator.action.target import target_at
from glossator.answer.edit import apply
from glossator.engine.scripted import Rule, Scripted

from .answers import FILES, PYTHON, File, written
from .reference import Change, Reference
from .tally import Tally

ACTIONS = load(prompts_folder())[0]
EDITING = ["refactor", "fix", "document", "annotate", "simplify"]
ENDING = re.compile("\r\n|\r|\n")
BROUGHT = re.compile(r"(import |from |const |#include|\s*\"[\w/]+\"$|\)$|$)")
"""A line that an edit may put before the function: an import that the new code needs."""


def unseen(text: str) -> Counter[str]:
    """The characters of a text that a reader does not see, by another rule than the server's."""
    fillers = "\u3164\uffa0\u115f\u1160\u2800"
    bad = (each for each in text if unicodedata.category(each)[0] in "CZ" or each in fillers)
    return Counter(each for each in bad if each not in " \t\r\n\f")


@dataclass(frozen=True)
class Asked:
    """A file as it was asked about, in three parts, with the answer."""

    head: str
    code: str
    tail: str
    eol: str
    answer: str

    @property
    def text(self) -> str:
        """The whole file."""
        return self.head + self.code + self.tail

    def judge(self, proposal: Proposal) -> None:
        """The promises that an edit keeps. Raises `AssertionError`."""
        new = apply(self.text, proposal.edits)
        assert new == proposal.new_text, self
        ordered = sorted(proposal.edits)
        assert all(one.span.end <= other.span.start for one, other in itertools.pairwise(ordered)), "overlapping"
        assert new.endswith(self.tail), ("behind the definition", self)
        for edit in ordered:
            if not (len(self.head) <= edit.span.start and edit.span.end <= len(self.head) + len(self.code)):
                assert edit.span.start == edit.span.end, ("an edit elsewhere replaces something", self)
                assert all(BROUGHT.match(line) for line in ENDING.split(edit.text)), ("elsewhere", edit, self)
            assert set(ENDING.findall(edit.text)) <= {self.eol}, ("line ends", edit, self)
        added = {each for each in unseen(new) - unseen(self.text) if each not in self.text}
        assert not added, ("hidden", added, self)


def some_file(chance: random.Random, file: File) -> Asked:
    """The file with either line end, with or without a byte order mark and hidden characters of its own."""
    eol = chance.choice(["\n", "\n", "\r\n"])
    head, tail = chance.choice(["", "", "\ufeff"]) + file.before, file.after
    if chance.random() < 0.2:
        head += f"{file.comment} \u200b\u202e\f\u2028\n\n"
        tail += f"{file.comment} \ufeff\x85\n"
    head, code, tail = (each.replace("\n", eol) for each in (head, file.target, tail))
    return Asked(head, code, tail, eol, written(chance, file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_what_is_proposed(file: File, chance: random.Random, tally: Tally, times: Any) -> None:
    """Of many answers, good ones spoilt, each is refused or gives edits inside of the asked definition."""
    for _ in range(times(400, 10_000)):
        asked = some_file(chance, file)
        target = target_at(asked.text, f"/code/{file.name}", offset=len(asked.head) + 6)
        engine = Scripted([Rule(text=asked.answer)])
        outcome = await run(ACTIONS[chance.choice(EDITING)], target, engine, budget=6000, seconds=0.2)
        tally.add("edits", "answers judged")
        if isinstance(outcome, Refusal):
            assert outcome.reasons and all(reason.strip() for reason in outcome.reasons)
            tally.add("edits", "refused")
            continue
        assert isinstance(outcome, Proposal), outcome
        tally.add("edits", "offered")
        for each in (outcome, *outcome.candidates):
            asked.judge(each)


async def test_a_new_file_is_a_test_beside_it(chance: random.Random, tally: Tally, times: Any) -> None:
    """A new file has the name that the convention gives it, whatever the model wrote of paths."""
    text = PYTHON.before + PYTHON.target + PYTHON.after
    for _ in range(times(100, 2000)):
        answer = written(chance, PYTHON).replace("def total", chance.choice(["def test_total", "def total"]))
        target = target_at(text, "/code/pkg/a.py", offset=len(PYTHON.before) + 6)
        outcome = await run(ACTIONS["write_tests"], target, Scripted([Rule(text=answer)]), budget=6000)
        assert isinstance(outcome, NewFile | Refusal)
        if isinstance(outcome, NewFile):
            assert Path("/code/pkg", outcome.path).name == "test_a.py", outcome.path
            assert not unseen(outcome.text), answer
            tally.add("edits", "new files")


@pytest.mark.faults
def test_over_the_wire(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """A client is asked to apply edits of one document, the one that was asked about, and only of its function."""
    server, count = serve(), times(120, 3000)
    answers = [written(chance, PYTHON) for _ in range(count)]
    script = "".join(
        f"[[answer]]\nmatch = 'word{number}x'\ntext = {quoted(answer)}\n" for number, answer in enumerate(answers)
    )
    server.begin(script, search={"seconds": 1})
    seen: list[Any] = []
    server.replies["workspace/applyEdit"] = lambda params: (seen.append(params), {"applied": True})[1]
    texts, jobs = {}, []
    for number in range(count):
        uri = f"file:///code/a{number}.py"
        texts[uri] = f"{PYTHON.before}# word{number}x\n{PYTHON.target}{PYTHON.after}"
        server.open(uri, texts[uri])
        jobs.append(server.run("refactor", uri, PYTHON.before.count("\n") + 1, 5))
    for job in jobs:
        assert server.over(job)["state"] in ("done", "refused")
    for params in seen:
        assert set(params["edit"]) == {"documentChanges"}
        (change,) = params["edit"]["documentChanges"]
        assert set(change) == {"textDocument", "edits"}
        assert change["textDocument"]["version"] == 1
        text = texts[change["textDocument"]["uri"]]
        document = Reference(text, "utf-16")
        for edit in sorted(change["edits"], key=lambda each: tuple(each["range"]["start"].values()), reverse=True):
            start, end = (tuple(edit["range"][side].values()) for side in ("start", "end"))
            document.change(Change(edit["newText"], start, end))
        assert document.text.endswith(PYTHON.after)
        rest = document.text[: document.text.index("def total")].replace("from collections.abc import Iterable\n", "")
        assert rest.split() == text[: text.index("def total")].split()
    assert len(seen) > count // 20
    tally.add("edits", "edits over the wire", len(seen))
    assert server.finish() == 0


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return '"' + "".join(f"\\U{ord(each):08x}" for each in text) + '"'
