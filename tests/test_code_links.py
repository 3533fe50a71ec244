"""Where calls lead, and the syntax colours of a text."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.code.entry import entry_of
from glossator.code.highlight import highlight
from glossator.code.index import Index
from glossator.code.languages import language_of
from glossator.code.links import links
from glossator.code.tree import Tree, parse

SAMPLES = sorted(each for each in (Path(__file__).parent / "samples").rglob("*") if language_of(str(each)))


def tree_of(path: str, text: str) -> Tree:
    language = language_of(path)
    assert language is not None
    return parse(text, language)


def led(files: dict[str, str], here: str) -> list[str]:
    """`name -> file:first line of the definition` for each call in `here`."""
    trees = {path: tree_of(path, textwrap.dedent(text)) for path, text in files.items()}
    index = Index(entry_of(tree, path) for path, tree in trees.items())
    return [
        f"{each.span.of(trees[here].text)} -> {each.path}:{trees[each.path].text[each.start :].splitlines()[0]}"
        for each in links(trees[here], here, index)
    ]


def test_python() -> None:
    """Calls lead to definitions in the file and to imported ones; what is not plain leads nowhere."""
    files = {
        "rates.py": "def of(x): return x\nclass Rate:\n    def times(self): return 1\n",
        "shop.py": """
            from rates import Rate, of
            import rates as r

            class Order:
                def total(self, rate: Rate):
                    return self.plain() + of(2) + r.of(3) + rate.times() + unknown() + len("of")

                def plain(self):
                    return helper()

            def helper():
                return Order().total(None)

            helper()
            of(1)
            """,
    }
    assert led(files, "shop.py") == [
        "plain -> shop.py:def plain(self):",
        "of -> rates.py:def of(x): return x",
        "of -> rates.py:def of(x): return x",
        "times -> rates.py:def times(self): return 1",
        "helper -> shop.py:def helper():",
        "Order -> shop.py:class Order:",
        "helper -> shop.py:def helper():",
        "of -> rates.py:def of(x): return x",
    ]


def test_without_an_index() -> None:
    """Without an index a file's own definitions are found all the same."""
    tree = tree_of("a.py", "def f(): pass\ndef g():\n    f()\n")
    assert [(each.path, each.start) for each in links(tree, "a.py")] == [("a.py", 0)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "def f(x):\n    # c\n    return 'a' + g(1)", "k:def d:f c:# c k:return s:'a' f:g n:1"),
        ("a.py", "x = f'{f(2)} b'", "s:f' f:f n:2 s: b'"),
        ("a.js", "const f = (x) => `a${g(1)}b`;", "k:const d:f s:`a f:g n:1 s:b`"),
        ("a.ts", "function f(x: string): T { return null }", "k:function d:f t:string t:T k:return k:null"),
        ("a.go", 'func f() int { return g("a") }', 'k:func d:f t:int k:return f:g s:"a"'),
        ("a.rs", "fn f() -> u8 { g(1) } // c", "k:fn d:f t:u8 f:g n:1 c:// c"),
        ("a.c", '#include "a.h"\nint f(void) { return 1; }', 'k:#include s:"a.h" t:int d:f t:void k:return n:1'),
        ("A.java", "class A { int f() { return 1; } }", "k:class d:A t:int d:f k:return n:1"),
    ],
)
def test_colours(path: str, text: str, expected: str) -> None:
    """Leaves have the classes that a reader of the language expects."""
    letters = {"definition": "d", "call": "f", "keyword": "k"}
    found = [f"{letters.get(kind, kind[0])}:{span.of(text)}" for span, kind in highlight(tree_of(path, text))]
    assert " ".join(found) == expected


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_pieces_are_apart(path: Path) -> None:
    """On real files the pieces stand in order, apart from each other and in the text, as do the links."""
    text = path.read_text(encoding="utf-8", errors="replace")
    tree = tree_of(str(path), text)
    for pieces in (highlight(tree), links(tree, "a", Index([entry_of(tree, "a")]))):
        ends = 0
        for each in pieces:
            assert ends <= each.span.start < each.span.end <= len(text)
            ends = each.span.end
    assert len({kind for _, kind in highlight(tree)}) > 3


@given(st.text(alphabet="abf(){}[]'\"`$# \n=:.ä木\\", max_size=60), st.sampled_from(["a.py", "a.js", "a.cpp", "a.rs"]))
@settings(max_examples=200, deadline=None)
def test_any_text(text: str, path: str) -> None:
    """Whatever stands in a file, pieces stand in order and apart from each other."""
    ends = 0
    for span, _ in highlight(tree_of(path, text)):
        assert ends <= span.start < span.end <= len(text)
        ends = span.end


def test_deep_strings() -> None:
    """Strings in strings, as deep as a file may nest, need no deep stack."""
    assert highlight(tree_of("a.js", "`${" * 150 + "1" + "}`" * 150))
