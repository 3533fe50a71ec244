"""Contexts and facts: what a model is shown within a budget, and what is known without one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from glossator.code import Span
from glossator.code.context import Context, gather, outlined
from glossator.code.facts import Facts, facts
from glossator.code.languages import language_of
from glossator.code.symbols import find, outline
from glossator.code.tree import Tree, parse

SAMPLES = Path(__file__).parent / "samples"


async def count(texts: Sequence[str]) -> list[int]:
    """A token for every four letters."""
    return [len(text) // 4 for text in texts]


def sample(name: str) -> Tree:
    language = language_of(name)
    assert language is not None
    return parse((SAMPLES / name).read_text(encoding="utf-8"), language)


async def of(tree: Tree, name: str, budget: int) -> Context:
    return await gather(tree, tree.text, "a", find(tree, name)[0].code, budget, count)


async def test_a_small_file_is_shown_whole() -> None:
    """A file that takes at most half of the budget is shown as it is, and nothing twice."""
    tree = sample("inventory.py")
    context = await of(tree, "order", 4000)
    assert (context.shown, context.file, context.related) == ("file", tree.text, ())
    assert context.target.startswith("def order(")
    assert context.tokens <= 4000


async def test_a_larger_file_is_outlined() -> None:
    """Of a larger file the outline is shown, the same for each target, and beside it what the target leans on."""
    tree = sample("inventory.py")
    found = [await of(tree, name, 500) for name in ("order", "Part.take", "Stock.load")]
    assert {context.shown for context in found} == {"outline"}
    assert len({context.file for context in found}) == 1
    assert "class Part  # One kind of part." in found[0].file
    assert "import json" in found[0].file and "def missing" not in found[0].file
    assert dict(found[0].related)["The method `Part.take` that it calls"].startswith("def take(self")
    assert dict(found[1].related)["The class `Part` around it"].startswith("@dataclass\nclass Part")
    assert all(context.tokens <= 500 for context in found)


async def test_a_long_text_is_counted_by_its_beginning() -> None:
    """Whoever counts tokens is never handed megabytes, and what is too long is still known to be."""
    longest = 0

    async def counted(texts: Sequence[str]) -> list[int]:
        nonlocal longest
        longest = max(longest, *map(len, texts))
        return await count(texts)

    text = "x = 1\n" * 500_000
    context = await gather(None, text, "a", Span(0, len(text)), 4000, counted)
    assert longest < len(text) // 4 and context.tokens == len(text) // 4


@pytest.mark.parametrize("budget", [0, 1, 20, 60, 100, 200, 300, 400, 800, 2000])
@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.*")))
async def test_the_budget_holds(name: str, budget: int) -> None:
    """Only a target that alone is over the budget takes a context over it."""
    tree = sample(name)
    for symbol in outline(tree):
        context = await gather(tree, tree.text, name, symbol.code, budget, count)
        assert context.tokens <= max(budget, len(context.target) // 4)
        assert context.target == symbol.code.of(tree.text)
        assert context.shown == "none" or context.file


async def test_a_language_that_is_not_known() -> None:
    """Without a tree a file is shown whole, or the lines around the target."""
    text = "".join(f"line {number}\n" for number in range(1000))
    span = Span(text.index("line 500"), text.index("line 502"))
    context = await gather(None, text, "a.txt", span, 400, count)
    assert context.shown == "none" and context.facts is None
    assert dict(context.related)["The lines before it"].endswith("line 499")
    assert dict(context.related)["The lines after it"].startswith("line 502\n")
    assert (await gather(None, text, "a.txt", span, 100_000, count)).shown == "file"


async def test_huge_files_are_not_counted() -> None:
    """A file far over the budget is not given to the tokenizer."""
    longest = 0

    async def watching(texts: Sequence[str]) -> list[int]:
        nonlocal longest
        longest = max(longest, *(len(text) for text in texts))
        return await count(texts)

    text = "x = 1\n" * 100_000
    await gather(None, text, "a.txt", Span(0, 5), 1000, watching)
    assert longest < 10_000


def test_outlines_get_shorter() -> None:
    """Of each outline there is a shorter one."""
    found = outlined(sample("inventory.py"))
    assert len(found) == 3
    assert sorted(map(len, found), reverse=True) == list(map(len, found))


def of_python(code: str, name: str = "f") -> Facts:
    language = language_of("a.py")
    assert language is not None
    tree = parse(code, language)
    return facts(tree, find(tree, name)[0].code)


def test_facts_of_python() -> None:
    """Facts are those of the definition itself, not of functions inside it."""
    code = '''
@cached
async def f(a, b, c, d, self, *rest, **more):
    """Doc."""
    def inner():
        yield 1
        raise KeyError
        return 2
    a.append(g(b))
    b = list(b)
    b.append(1)
    c.d.e = 1
    d["x"] += 1
    rest.pop
    more.update(x=1)
    if a:
        raise errors.Bad("x") from None
    raise ValueError
'''
    found = of_python(code)
    assert found.signature == "async def f(a, b, c, d, self, *rest, **more)"
    assert found.decorators == ("@cached",)
    assert found.raises == ("errors.Bad", "ValueError")
    assert found.mutated == ("a", "c", "d")
    assert found.is_async and not found.is_generator and not found.returns
    assert "g" in found.calls


@pytest.mark.parametrize(
    ("name", "symbol", "wanted"),
    [
        ("inventory.py", "order", {"is_generator": True, "mutated": ("wanted",), "returns": False}),
        ("inventory.py", "Stock.load", {"is_async": True, "raises": ("ValueError",), "returns": True}),
        ("inventory.py", "order.missing", {"callers": ("order",), "returns": True}),
        ("inventory.js", "Part.take", {"is_async": True, "raises": ("RangeError",), "returns": True}),
        ("inventory.js", "names", {"is_generator": True, "returns": False}),
        ("inventory.js", "clear", {"mutated": ("parts",)}),
        ("inventory.ts", "load", {"is_async": True, "returns": True}),
        ("inventory.go", "Part.Take", {"returns": True, "calls": ("New",)}),
        ("inventory.rs", "stock.total", {"is_async": True, "returns": True}),
        ("inventory.rs", "clear", {"returns": False, "mutated": ()}),
        ("Inventory.java", "Inventory.take", {"raises": ("TooFew", "IllegalArgumentException"), "returns": True}),
        ("inventory.c", "take", {"mutated": ("part",), "returns": True}),
        ("inventory.cpp", "main", {"returns": True}),
    ],
)
def test_facts_of_samples(name: str, symbol: str, wanted: dict[str, object]) -> None:
    """What the syntax plainly shows is known in each language."""
    tree = sample(name)
    found = facts(tree, next(each for each in find(tree, symbol) if each.body).code)
    assert {key: getattr(found, key) for key in wanted} == wanted


ENDS = """
def both(x):
    if x:
        return 1
    else:
        return "no"

def one(x):
    if x:
        return 1

def called(x):
    return one(x)

def mixed(x):
    if x:
        return x + 1
    return one(x)

def nothing(x):
    for y in x:
        if y:
            return
        y.use()

def stub(self):
    raise NotImplementedError

def caught(x):
    try:
        return int(x)
    except ValueError:
        return 0

def swallowed(x):
    with suppress(ValueError):
        return int(x)

@wrapped
def other(x):
    return 1

def each(x):
    yield x

def maybe(x):
    return x and 1

def pair(x):
    return None, x + 1

def row(x):
    return {"row": None}
"""


@pytest.mark.parametrize(
    ("name", "gives"),
    [
        ("both", "surely"),
        ("one", ""),
        ("called", ""),
        ("mixed", "value"),
        ("nothing", "nothing"),
        ("stub", ""),
        ("caught", "surely"),
        ("swallowed", ""),
        ("other", ""),
        ("each", ""),
        ("maybe", ""),
        ("pair", ""),
        ("row", ""),
    ],
)
def test_what_is_given(name: str, gives: str) -> None:
    """A value is sure only where every path plainly gives one."""
    assert of_python(ENDS, name).gives == gives


@pytest.mark.parametrize(
    ("file", "code", "gives"),
    [
        ("a.go", "package a\nfunc f(a int) (int, error) { return a, nil }\n", "value"),
        ("a.go", "package a\nfunc f() {}\n", "nothing"),
        ("a.rs", "fn f() -> Option<i32> { None }\n", "value"),
        ("a.rs", "fn f() { g(); }\n", "nothing"),
        ("a.c", "void *f(void) { return 0; }\n", "value"),
        ("a.c", "void f(void) { g(); }\n", "nothing"),
        ("a.cpp", "auto f() { return 1; }\n", ""),
        ("A.java", "class A { void f() { g(); } }\n", "nothing"),
        ("a.js", "const f = (a) => a * 2;\n", "surely"),
        ("a.ts", "function f(a?: string) { return a ?? 'x'; }\n", "surely"),
        ("a.js", "function f(a) { if (a) { return 1; } throw new Error(); }\n", "surely"),
        ("a.js", "function f(a) { return a || null; }\n", ""),
        ("a.js", "function f(a) { return [null, a]; }\n", ""),
        ("a.rs", "fn f() -> Result<(), Error> { Ok(()) }\n", ""),
        ("A.java", "class A { CompletableFuture<Void> f() { return g(); } }\n", ""),
        ("a.cpp", "std::future<void> f() { return g(); }\n", ""),
    ],
)
def test_what_is_given_elsewhere(file: str, code: str, gives: str) -> None:
    """A declared result counts where the language checks it."""
    language = language_of(file)
    assert language is not None
    tree = parse(code, language)
    assert facts(tree, find(tree, "f")[0].code).gives == gives


def test_what_is_touched() -> None:
    """Attributes and globals are told apart from arguments; what a method gives anew is no change."""
    code = """
class A:
    def f(self, a, b, c):
        global total
        total = 1
        self.items.append(a)
        self.n, self.m[0] = 1, 2
        self.m[0] = 3
        c = b.copy()
        print(c)
"""
    found = of_python(code)
    assert (found.mutated, found.own, found.outer) == ((), ("self.items", "self.m"), ("total",))


def test_java_numbers_are_not_changed() -> None:
    """A method whose result is used gives a new value, in Java: `add` of a number is no `add` of a list."""
    language = language_of("A.java")
    assert language is not None
    code = "class A { N f(N a, List<N> b) { N c = a.add(a); b.add(c); return c; } }"
    tree = parse(code, language)
    assert facts(tree, find(tree, "f")[0].code).mutated == ("b",)


def test_facts_of_a_selection() -> None:
    """Of a selection only the calls are known."""
    tree = sample("inventory.py")
    start = tree.text.index("if strict")
    found = facts(tree, Span(start, tree.text.index("return Stock")))
    assert (found.kind, found.signature, found.calls) == ("selection", "", ("ValueError",))
