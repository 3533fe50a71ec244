"""The examples of a docstring, and what a module makes of them."""

from __future__ import annotations

import os
import time

import pytest

from glossator.answer import limited
from glossator.answer.examples import Example, defined, examples
from glossator.answer.examples_check import check_script, failing
from glossator.answer.limited import Ran


def pairs(docstring: str, name: str = "f", known: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(each.expression, each.expected) for each in examples(docstring, name, known)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("f(1, 2) == 3", "3"),
        ("f(1, 2) = 3", "3"),
        ("f(1, 2) ➞ 3", "3"),
        ("f(1, 2) => 3", "3"),
        ("f(1, 2) ==> 3.", "3.0"),
        ("f(1, 2) ->3", "3"),
        ("* f(1,2) -> [3, 4] (both of them)", "[3, 4]"),
        ("f(1,2) returns 3", "3"),
        ("f(1, 2)   # returns 'three'", "'three'"),
        ("f(1, 2) # => 'No' (since it is odd)", "'No'"),
        ("For f(1, 2) the output should be 3", "3"),
        ("e.g. f(1, 2) should return 3, and so on", "3"),
        ("f(1, 2) should\n    return True.", "True"),
        ("f(1, 2) => true", "True"),
        ("f(1, 2) == 1 + 2 = 3", "1 + 2"),
        ("f(1, 2) => (None, -1)", "(None, -1)"),
        ("f(1, 2) == {'a': 1,\n   'b': 2}", "{'a': 1, 'b': 2}"),
        ('f(1, 2) -> "a, b" # words', "'a, b'"),
        ("f(1, 2) == set([1])", "set([1])"),
    ],
)
def test_loose_forms(line: str, expected: str) -> None:
    """A call, a sign or word for equality and a value are an example, whatever stands around them."""
    assert pairs(f"What it does.\n\n    {line}\n\nMore words.") == [("f(1, 2)", expected)]


@pytest.mark.parametrize(
    "text",
    [
        "f(n) = 1 + n / 2, if n is even.",
        "f(a) => False",
        "g(1) == 2",
        "of(1) == 2",
        "f(1) returns the sum",
        "f(1) == x",
        "f(1) == f(2)",
        "f(1) -> 2, 3",
        'f("Earth") ==> ("Venus")',
        'f("a") == ""aaa"',
        "f(1) -> 9 ** 9 ** 9",
        "f(2) -> 1.414...",
        "f(2) -> 1.414 …",
        "f(7) returns 1, 2 or 3",
        "f(3) returns 2 instead of 3",
        "f(1) -> 3 unless strict",
        'f("a") -> "b" (or "c")',
        "f(1) returns 2 * n",
        "f(1) returns 2 if n else 3",
        "f(1) == [1].count",
        "f( == 3",
        "Write a function f() that returns the 2nd element.",
        ">>> f(x)\n3",
        ">>> f(1)\nTraceback (most recent call last):\nValueError: no",
        ">>> f(1)\n...\n",
        "",
    ],
)
def test_what_is_no_example(text: str) -> None:
    """Where names are free, a value is not written out, or it could mean two things, there is no example."""
    assert pairs(text) == []


def test_doctests() -> None:
    """Doctests are read with their continuation lines and values of several lines, but without the prose below."""
    text = """Sum.

        >>> f([1,
        ...    2])
        3
        >>> f("a")
        {'a': 1,
         'b': 2}
        which is a dictionary
        >>> g(f(1))
        True
        >>> f(2) == 4
        >>> [f(x) for x in (1, 2)]
        [1, 2]
    """
    assert pairs(text, known=("g",)) == [
        ("f([1, 2])", "3"),
        ("f('a')", "{'a': 1, 'b': 2}"),
        ("g(f(1))", "True"),
        ("f(2)", "4"),
        ("[f(x) for x in (1, 2)]", "[1, 2]"),
    ]
    assert ("g(f(1))", "True") not in pairs(text)


def test_a_call_counts_once() -> None:
    """Of two values for one call the first is taken."""
    assert pairs("f(1) == 2\nf( 1 ) == 3") == [("f(1)", "2")]


def test_names_of_a_module() -> None:
    """What a module binds is known, in branches too; what a function binds inside is not its own."""
    text = """
import os.path as p, sys
from typing import List
try:
    import json
except ImportError as error:
    json = None
class A:
    def method(self): ...
def f():
    inner = 1
for each in (): total, (x, y) = each
print(lambda z: (w := z))
"""
    assert defined(text) == {"p", "sys", "List", "json", "A", "f", "each", "total", "x", "y"}
    assert defined("def f(:") == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "f(" * 5000,
        "f() = (" * 2000,
        "f(" + "(" * 9000,
        ">>> f(1)\n" + "[1,\n" * 5000,
        "f(1) == " + "[" * 9000,
        f">>> f(1)\n{'-' * 590}1",
        f"f({'-' * 590}1) == 2",
    ],
)
def test_hostile_docstrings(text: str) -> None:
    """No docstring takes long."""
    began = time.process_time()
    examples(text, "f")
    assert time.process_time() - began < 4


needs_child = pytest.mark.skipif(os.name != "posix", reason="there are limits on Linux and macOS only")


def checked(text: str, found: list[Example]) -> list[str]:
    ran = limited.run(check_script(text, found), hook_suffices=True)
    return [str(each) for each in failing(ran, found)]


@needs_child
def test_a_module_that_keeps_its_examples() -> None:
    """Values are compared as Python does, floating point numbers nearly; what a module prints does not matter."""
    text = "from __future__ import annotations\nprint('x')\ndef f(x):\n    print(x)\n    return x"
    same = ["1", "'a'", "[1, 2]", "{'a': {1}}", "None", "0.30000000000000004"]
    found = [Example(f"f({each})", each) for each in same[:-1]] + [Example(f"f({same[-1]})", "0.3")]
    assert checked(text, found) == []


@needs_child
def test_a_module_that_does_not() -> None:
    """Each example that fails says what came instead."""
    text = "def f(x):\n    if x == 2:\n        raise KeyError(x)\n    return x"
    found = [Example("f(1)", "1"), Example("f(2)", "2"), Example("f(3)", "4"), Example("f((1, 2))", "[1, 2]")]
    assert checked(text, found) == [
        "`f(2)` should give 2, but raises KeyError: 2",
        "`f(3)` should give 4, but gives 3",
        "`f((1, 2))` should give [1, 2], but gives (1, 2)",
    ]


@needs_child
def test_values_that_cannot_be_shown() -> None:
    """A value whose text raises is a failing example, not an accident."""
    text = "class Bad:\n    def __repr__(self): raise ValueError\ndef f(x):\n    return Bad()"
    assert checked(text, [Example("f(1)", "1")]) == ["`f(1)` should give 1, but gives something that cannot be shown"]


@needs_child
def test_a_function_that_prints() -> None:
    """What a function prints where it gives nothing is told, as a doctest may mean that."""
    assert checked("def f(x):\n    print(x)", [Example("f(1)", "1")]) == ["`f(1)` should give 1, but prints '1\\n'"]


def test_code_that_never_gets_there_fails_all() -> None:
    """Where the module itself fails or never ends, every example fails."""
    found = [Example("f(1)", "1"), Example("f(2)", "2")]
    assert [each.said for each in failing(Ran("timed out"), found)] == ["the code timed out"] * 2
    assert len(failing(Ran("failed", "NameError", "name 'x' is not defined"), found)) == 2
    assert len(failing(Ran("failed", "AssertionError", "examples: none"), found)) == 2
    assert len(failing(Ran("failed", "AssertionError", "examples: []"), found)) == 2
    assert len(failing(Ran("failed", "AssertionError", 'examples: [[7, "x"]]'), found)) == 2
    assert failing(Ran("passed"), found) == ()
