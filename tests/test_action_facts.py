"""The same facts are told to users and to the model, each in words of their own."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from glossator.action.asking import _facts
from glossator.action.facts_told import facts_told
from glossator.code.context import Context
from glossator.code.facts import Facts
from glossator.code.languages import language_of
from glossator.code.symbols import find, outline
from glossator.code.tree import parse
from glossator.lsp.hover import facts
from glossator.lsp.pages import page

NAMES = st.lists(st.sampled_from(["a", "self.b", "KeyError", "ValueError", "c", "d", "E"]), max_size=7).map(tuple)
FACTS = st.builds(
    Facts,
    raises=NAMES,
    panics=st.booleans(),
    mutated=NAMES,
    own=NAMES,
    outer=NAMES,
    is_generator=st.booleans(),
    is_async=st.booleans(),
)


def shown(facts: Facts | None) -> str:
    return _facts(Context("", "", (), "", facts, "none", 0))


def written_out(facts: Facts) -> str:
    """The words of the prompt as they are; other ones would be another question to the model, with other answers."""
    lists = {name: ", ".join(f"`{each}`" for each in getattr(facts, name)) for name in ("raises", "mutated", "own")}
    rows = [
        f"raises {lists['raises']}" if facts.raises else "",
        "may panic" if facts.panics else "",
        f"changes its arguments {lists['mutated']} in place" if facts.mutated else "",
        f"changes {lists['own']}" if facts.own else "",
        "sets the global " + ", ".join(f"`{each}`" for each in facts.outer) if facts.outer else "",
        "is a generator" if facts.is_generator else "",
        "is asynchronous" if facts.is_async else "",
    ]
    return "\n".join(f"- {row}" for row in rows if row)


@given(FACTS)
def test_the_model_reads_the_same_words(facts: Facts) -> None:
    """Byte for byte, all names in them."""
    assert shown(facts) == written_out(facts)


def test_without_a_tree() -> None:
    """Where nothing is known nothing is said."""
    assert shown(None) == ""


def test_users_read_short_lists() -> None:
    """A user reads a few names of each kind, what is changed in one list, and who calls it."""
    language = language_of("a.py")
    assert language is not None
    raising = "".join(f"        if a == {at}:\n            raise Error{at}()\n" for at in range(7))
    code = (
        "class Box:\n    def fill(self, a):\n        global count\n        count = 1\n        a.append(1)\n"
        f"        self.n = 2\n{raising}        yield a\n\n    def both(self):\n        self.fill([])\n"
    )
    tree = parse(code, language)
    (symbol,) = find(tree, "fill")
    effects = [
        "raises `Error0`, `Error1`, `Error2`, `Error3`, `Error4` and 2 more",
        "changes `a`, `self.n`",
        "sets the global `count`",
        "generator",
    ]
    assert facts_told(tree, symbol, place=False) == effects
    assert facts_told(tree, symbol) == ["method of `Box`", *effects, "called by `Box.both`"]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("a.py", 'def f():\n    raise X["` [l](http://e) `"]("q")\n'),
        ("a.py", 'def f(a="""\n```\n![i](http://e/x.png)\n"""):\n    pass\n'),
        ("a.js", 'class A {\n "` ![i](http://e) "() { h(); }\n}\nfunction h() {}\n'),
    ],
)
def test_names_are_no_markdown(file: str, code: str) -> None:
    """Whatever a name of the code holds, a hover and the head of a page show it and make no link and no image of it."""
    language = language_of(file)
    assert language is not None
    tree = parse(code, language)
    for symbol in outline(tree):
        for text in (facts(tree, symbol), page(f"Explain {symbol.kind} {symbol.name}", "")):
            html = MarkdownIt("commonmark").render(text)
            assert "<a" not in html
            assert "<img" not in html
