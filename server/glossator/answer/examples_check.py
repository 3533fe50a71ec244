"""A script that checks a module against the examples of a docstring, and what its end says. Runs nothing itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .examples import Example
from .limited import Ran


@dataclass(frozen=True, slots=True)
class Failing:
    """An example that a module does not keep; `said` is what came instead: `gives 4`, `raises KeyError: 3`."""

    example: Example
    said: str

    def __str__(self) -> str:
        return f"`{self.example.expression}` should give {self.example.expected}, but {self.said}"


def check_script(text: str, found: Sequence[Example]) -> str:
    """A script for `limited.run`: the module `text`, then its examples. It goes through where all of them hold."""
    given = [(each.expression, each.expected) for each in found]
    return f"{text.rstrip()}\n\n{_CHECK}\n_glossator_check({given!r})\n"


def failing(ran: Ran, found: Sequence[Example]) -> tuple[Failing, ...]:
    """Which examples do not hold, by how the script ended: all of them where it did not get as far as checking."""
    if ran.passed:
        return ()
    if ran.error == "AssertionError" and ran.message.startswith(_MARK):
        try:
            told = json.loads(ran.message.removeprefix(_MARK))
            return tuple(Failing(found[number], str(said)) for number, said in told)
        except (ValueError, TypeError, IndexError):  # the module raised something that looks alike
            pass
    return tuple(Failing(each, f"the code {ran}") for each in found)


_MARK = "examples: "
_CHECK = f"""
def _glossator_check(examples):
    import contextlib, json, math

    def same(got, wanted):
        if isinstance(got, float) or isinstance(wanted, float):
            numbers = isinstance(got, (int, float)) and isinstance(wanted, (int, float))
            return numbers and (got == wanted or math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-9))
        if type(got) is type(wanted) and isinstance(got, (list, tuple)):
            return len(got) == len(wanted) and all(map(same, got, wanted))
        return bool(got == wanted)

    def shown(make):
        try:
            return make()[:160]
        except Exception:
            return "something that cannot be shown"

    failing = []
    for number, (expression, expected) in enumerate(examples):
        try:
            with contextlib.redirect_stdout(None):
                got = eval(expression, globals())
            if same(got, eval(expected)):
                continue
            said = "gives " + shown(lambda: repr(got))
        except Exception as error:
            said = "raises " + shown(lambda: type(error).__name__ + ": " + str(error))
        failing.append([number, said])
    if failing:
        raise AssertionError({_MARK!r} + json.dumps(failing[:10]))
"""
