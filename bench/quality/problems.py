"""The problems: what a model is shown of one, and the script that says whether an answer is right. Asks nothing.

A file of problems has one JSON object a line, with the fields of HumanEvalPack: `task_id`, `entry_point`, `prompt`
(imports, header, docstring), `declaration` (the same without docstring), `canonical_solution`, `buggy_solution`,
`docstring`, `test`. None of it belongs to this project.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass
from pathlib import Path

FIXES = ("fix", "fix-bare")
KEPT = ("refactor", "simplify", "document", "annotate")
TASKS = (*FIXES, "explain", *KEPT)


@dataclass(frozen=True, slots=True)
class Problem:
    """A function, right and wrong, and its test."""

    task_id: str
    entry_point: str
    prompt: str
    declaration: str
    canonical_solution: str
    buggy_solution: str
    docstring: str
    test: str

    @property
    def digest(self) -> str:
        """Changes where anything of it changes."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:16]


def read(path: Path, part: slice = slice(None)) -> list[Problem]:
    """The problems of a file. Raises `OSError`, and `ValueError` where it is not what it should be."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                fields = json.loads(line)
                found.append(Problem(*(str(fields[name]) for name in Problem.__slots__)))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: no problem with tests: {error!r}") from error
    return found[part]


def part(written: str) -> slice:
    """`10:20`, `:5`, `10:` as a slice. Raises `ValueError`."""
    first, colon, last = written.partition(":")
    if not colon:
        raise ValueError(f"{written!r} is not FIRST:LAST")
    return slice(int(first) if first else None, int(last) if last else None)


def code(problem: Problem, task: str) -> str:
    """The module that a task is about."""
    if task == "fix":
        return problem.prompt + problem.buggy_solution
    if task == "fix-bare":
        return problem.declaration + problem.buggy_solution
    if task == "explain":
        return problem.declaration + problem.canonical_solution
    return problem.prompt + problem.canonical_solution


def preamble(problem: Problem) -> str:
    """What stands above the function: imports and helpers, which an answer with the function alone leaves out."""
    header = re.search(rf"^(?:async\s+)?def\s+{re.escape(problem.entry_point)}\b", problem.declaration, re.M)
    return problem.declaration[: header.start()] if header else ""


def script(problem: Problem, module: str) -> str:
    """The module and its test. It goes through where the module is right."""
    test = problem.test.strip("\n")
    call = "" if re.search(r"^check\(", test, re.M) else f"\n\ncheck({problem.entry_point})"
    return f"{module.rstrip()}\n\n\n{test}{call}\n"
