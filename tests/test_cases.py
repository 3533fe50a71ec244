"""Each file in `tests/cases` is a question, the model's answer and what must become of it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from glossator.action.catalogue import load, prompts_folder
from glossator.action.run import Explanation, NewFile, Outcome, Proposal, Refusal, run
from glossator.action.target import target_at
from glossator.answer.edit import apply
from glossator.code import Span
from glossator.engine.scripted import Rule, Scripted

CASES = sorted(path for path in (Path(__file__).parent / "cases").glob("*.md") if path.name != "README.md")
ACTIONS = load(prompts_folder())[0]
SECTION = re.compile(r"^## (.+?)\n+(`{3,}|~{3,})[^\n]*\n(.*?)^\2$", re.M | re.S)


@dataclass
class Case:
    """A case file, read. `sections` in order: heading and block."""

    values: dict[str, str]
    sections: list[tuple[str, str]]

    def all(self, heading: str) -> list[str]:
        return [text for name, text in self.sections if name == heading]

    def named(self, heading: str) -> tuple[str, str] | None:
        """Name and block of the section `## heading NAME`."""
        return next(
            ((name.removeprefix(heading).strip(), text) for name, text in self.sections if name.startswith(heading)),
            None,
        )


def read(path: Path) -> Case:
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("\n## ")]
    values = dict(re.findall(r"^(\w+): (.*)$", head, re.M))
    return Case(values, [(match[1], match[3]) for match in SECTION.finditer(text)])


def diff(before: str, after: str) -> str:
    rows = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "".join(f"{row.rstrip()}\n" for row in list(rows)[2:] if not row.startswith("@@"))


async def outcome_of(case: Case) -> tuple[str, Outcome]:
    found = case.named("File")
    assert found is not None
    name, text = found
    if case.values.get("newlines") == "crlf":
        text = text.replace("\n", "\r\n")
    answers = [answer.removesuffix("\n") for answer in case.all("Answer")]
    rules = [Rule(text=answer, once=True) for answer in answers[:-1]] + [Rule(text=answers[-1])]
    at = case.values["at"]
    where: dict[str, object] = {"name": at}
    if lines := re.fullmatch(r"(\d+)-(\d+)", at):
        starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
        where = {"span": Span(starts[int(lines[1]) - 1], starts[int(lines[2])])}
    target = target_at(
        text,
        name,
        diagnostics=tuple(case.values[key] for key in ["diagnostic"] if key in case.values),
        instruction=case.values.get("instruction", ""),
        **where,  # type: ignore[arg-type]
    )
    return text, await run(ACTIONS[case.values["action"]], target, Scripted(rules), budget=2000)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_case(path: Path) -> None:
    """The outcome is the one that is written."""
    case = read(path)
    text, outcome = await outcome_of(case)
    if expected := case.all("Diff"):
        assert isinstance(outcome, Proposal), outcome
        assert apply(text, outcome.edits) == outcome.new_text
        assert diff(text, outcome.new_text) == expected[0]
        if "\r\n" in text:
            assert "\n" not in outcome.new_text.replace("\r\n", "")
    elif expected := case.all("Explanation"):
        assert isinstance(outcome, Explanation), outcome
        assert outcome.markdown + "\n" == expected[0]
    elif file := case.named("New file"):
        assert isinstance(outcome, NewFile), outcome
        assert (outcome.path, outcome.text) == file
    else:
        assert isinstance(outcome, Refusal), outcome
        assert "".join(f"{reason}\n" for reason in outcome.reasons) == case.all("Refusal")[0]
    if rungs := case.all("Rungs"):
        assert isinstance(outcome, Proposal | NewFile)
        assert "".join(f"{rung}\n" for rung in outcome.rungs) == rungs[0]
