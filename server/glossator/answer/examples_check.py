"""A script that checks a module against the examples of a docstring, and what its end says. Runs nothing itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .examples import Example
from .limited import Ran
from .quoted import quoted

SHOWN = 120  # characters of a call, of a value, and of what came instead


@dataclass(frozen=True, slots=True)
class Failing:
    """An example that a module does not keep; `said` is what came instead: `gives 4`, `raises KeyError: 3`."""

    example: Example
    said: str

    def __str__(self) -> str:
        call, value, said = (
            quoted(each, SHOWN) for each in (self.example.expression, self.example.expected, self.said)
        )
        return f"`{call}` should give {value}, but {said}"


def check_script(text: str, found: Sequence[Example]) -> str:
    """A script for `limited.run`: the module, then its first `MOST` examples. It goes through where they all hold."""
    given = [(each.expression, each.expected) for each in found[:MOST]]
    return f"{text.rstrip()}\n\n{_CHECK}\n_glossator_check({given!r})\n"


def judged(ran: Ran) -> bool:
    """Whether a script got as far as its examples, and through them."""
    return ran.passed or bool(_told(ran))


def failing(ran: Ran, found: Sequence[Example]) -> tuple[Failing, ...]:
    """Which examples do not hold, by how the script ended: all of them where it did not get as far as checking."""
    if ran.passed:
        return ()
    told = {number: said for number, said in _told(ran) if 0 <= number < len(found)}
    if told:
        return tuple(Failing(found[number], said) for number, said in told.items())
    return tuple(Failing(each, f"the code {ran}") for each in found)


def _told(ran: Ran) -> list[tuple[int, str]]:
    """The failing examples that a script tells of; none where the module raised something that looks alike."""
    if ran.error != "AssertionError" or not ran.message.startswith(_MARK):
        return []
    try:
        return [(int(number), str(said)) for number, said in json.loads(ran.message.removeprefix(_MARK))]
    except (ValueError, TypeError):
        return []


_MARK = "examples: "
MOST = 10
"""Examples of a check, so that what is told of all of them fits into a report."""
_CHECK = f"""
def _glossator_check(examples):
    import contextlib, io, json, math

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
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                got = eval(expression, globals())
            if same(got, eval(expected)):
                continue
            said = "gives " + shown(lambda: repr(got))
            if got is None and printed.getvalue().strip():
                said = "prints " + shown(lambda: repr(printed.getvalue()))
        except Exception as error:
            said = "raises " + shown(lambda: type(error).__name__ + ": " + str(error))
        failing.append([number, said])
    if failing:
        raise AssertionError({_MARK!r} + json.dumps(failing[:{MOST}], ensure_ascii=False))
"""
