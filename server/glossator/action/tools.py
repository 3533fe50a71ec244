"""What edits are checked with beside their syntax: the programs of this machine and what the user lets run."""

from __future__ import annotations

from dataclasses import dataclass

from ..answer.compiling import Compilers
from ..answer.running import Runs
from ..answer.testing import Suite


@dataclass(frozen=True, slots=True)
class Tools:
    """Where one is None, nothing of its kind is done.

    Attributes:
        compilers: What checks an edit of a language that is not Python.
        runs: What runs the examples of a docstring, where the user asked for it.
        tests: The user's tests, where the user named a command.
    """

    compilers: Compilers | None = None
    runs: Runs | None = None
    tests: Suite | None = None


NONE = Tools()
