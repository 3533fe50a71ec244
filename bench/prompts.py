"""The same questions for all systems, in the model's own template (ChatML), as each system would ask them."""

from __future__ import annotations

from pathlib import Path

SYSTEM = "You explain and edit code. Be short and precise."
TASK = "What does the function {name} do? Answer in one sentence."


def file_first(file: str, task: str) -> str:
    """System, file, then the task: what comes again stands at the beginning."""
    return f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{file}\n\n{task}<|im_end|>\n<|im_start|>assistant\n"


def task_first(file: str, task: str) -> str:
    """The task, then the file: how assistants usually ask."""
    return f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{task}\n\n{file}<|im_end|>\n<|im_start|>assistant\n"


def library(name: str, lines: int = 0) -> str:
    """A module of the standard library; its first `lines` lines (0: all)."""
    import importlib.util

    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    rows = Path(spec.origin).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(rows[:lines] if lines else rows)
