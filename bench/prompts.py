"""The same questions for all systems, in the model's own template (ChatML), as each system would ask them."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from pathlib import Path

SYSTEM = "You explain and edit code. Be short and precise."
TASK = "What does the function {name} do? Answer in one sentence."
AT_LENGTH = "Explain this function at length, line by line, in at least three hundred words."

FIRST, SECOND = "sched", "linecache"  # 1.2–1.3 k tokens each
FIRST_SYMBOLS = ("enterabs", "cancel", "run", "empty")
SECOND_SYMBOLS = ("getline", "checkcache")

KINDS = {
    "docstring": "Give the function a docstring with a section Args and a section Returns.",
    "refactor": "Give the local variables and the parameters of the function longer, clearer names.",
    "fix": "The function has a bug in one line. Repair it.",
}
REPLY = "Reply with the whole function in one code block and nothing else."

# module, name, and for `fix` a right piece of a line and the wrong one that takes its place
FUNCTIONS = (
    ("bisect", "bisect_right", "lo = mid + 1", "lo = mid"),
    ("colorsys", "rgb_to_hls", "4.0+gc-rc", "4.0+gc+rc"),
    ("fnmatch", "filter", "if match(os.path.normcase(name)):", "if match(os.path.normcase(pat)):"),
    ("queue", "get", "remaining = endtime - time()", "remaining = endtime + time()"),
    ("sched", "run", "if time > now:", "if time < now:"),
    ("linecache", "checkcache", "if size != stat.st_size", "if size == stat.st_size"),
)


@dataclass(frozen=True)
class Edit:
    """A function to be rewritten: its code as it is shown, and what is asked."""

    name: str
    kind: str
    code: str
    task: str


def turn(role: str, text: str) -> str:
    """One turn of a conversation."""
    return f"<|im_start|>{role}\n{text}<|im_end|>\n"


def file_first(file: str, task: str) -> str:
    """System, file, then the task: what comes again stands at the beginning."""
    return turn("system", SYSTEM) + turn("user", f"{file}\n\n{task}") + "<|im_start|>assistant\n"


def task_first(file: str, task: str) -> str:
    """The task, then the file: how assistants usually ask."""
    return turn("system", SYSTEM) + turn("user", f"{task}\n\n{file}") + "<|im_start|>assistant\n"


def library(name: str) -> str:
    """The text of a module of the standard library."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def inserted(text: str, after: str) -> str:
    """`text` with two new statements after the first line that contains `after`, indented as the line that follows."""
    rows = text.splitlines(keepends=True)
    index = next(number for number, row in enumerate(rows) if after in row) + 1
    blank = rows[index][: len(rows[index]) - len(rows[index].lstrip())]
    return "".join([*rows[:index], f"{blank}started = self.timefunc()\n", f"{blank}del started\n", *rows[index:]])


def function(module: str, name: str) -> str:
    """The source of the first function of that name, methods included, without its indentation."""
    text = library(module)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            rows = text.splitlines()[node.lineno - 1 : node.end_lineno]
            return "\n".join(row[node.col_offset :] for row in rows)
    raise LookupError(f"{module} has no function {name}")


def edits(functions: int = len(FUNCTIONS)) -> list[Edit]:
    """The tasks of the drafting row: every function with every kind of edit."""
    tasks = []
    for module, name, right, wrong in FUNCTIONS[:functions]:
        code = function(module, name)
        assert right in code, f"{module}.{name} has changed"
        for kind, words in KINDS.items():
            shown = code.replace(right, wrong) if kind == "fix" else code
            tasks.append(Edit(name, kind, shown, f"{words} {REPLY}"))
    return tasks


def fenced(code: str) -> str:
    """A block of code as it stands in a prompt."""
    return f"```python\n{code}\n```"
