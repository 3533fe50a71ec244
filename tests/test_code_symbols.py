"""Symbols in every language, read off small sample files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.code import Symbol
from glossator.code.callers import callers
from glossator.code.languages import LANGUAGES, language_of, query
from glossator.code.symbols import calls, find, imports, outline, scopes, symbol_at
from glossator.code.tree import Tree, parse

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted(path.name for path in SAMPLES.glob("*.*"))

OUTLINES = {
    "inventory.py": """
        variable LIMIT; class Part; method Part.take(self, wanted); class Stock; method Stock.__init__(self, parts)
        method Stock.total(self); method Stock.load(path, /, *names, strict, **options)
        function order(stock, wanted); function order.missing(name); function one_line(a, b)
        """,
    "inventory.js": """
        variable fs; variable LIMIT; class Part; method Part.constructor(name, count)
        method Part.take(wanted, { strict }, ...rest); method Part.reset; function total(parts)
        function total.add(sum, part); function names(parts); function List({ parts }); function clear(parts)
        """,
    "inventory.ts": """
        interface Counted; method Counted.take(wanted); type Name; enum Level; class Part
        method Part.constructor(name, count); method Part.take(wanted, strict); method Part.price
        module Stock; function Stock.total(parts); function load(path); function order(name)
        """,
    "inventory.tsx": "type Props; function PartList({ names, onPick }); class Row; method Row.render",
    "inventory.go": """
        variable Limit; variable registry; struct Part; interface Taker; method Taker.Take(wanted)
        method Part.Take(wanted); function Total(parts, weigh, rest); function clear(a, b)
        """,
    "inventory.rs": """
        variable LIMIT; struct Part; trait Taker; method Taker.take(&mut self, wanted); class Part
        method Part.take(&mut self, wanted); enum Level; module stock; function stock.total(parts, (low, high))
        function part; function clear(parts)
        """,
    "Inventory.java": """
        class Inventory; method Inventory.Inventory(parts); method Inventory.take(name, wanted)
        method Inventory.find(name); enum Inventory.Level; class Inventory.Part(name, count)
        method Inventory.Part.Part; interface Counted; method Counted.count
        """,
    "inventory.c": """
        variable LIMIT; function MAX(a, b); struct part; struct range; enum level; function total(parts, n)
        variable registered; function find(parts, n, name); function take(part, wanted, ...); variable hook
        function nothing
        """,
    "inventory.cpp": """
        module parts; type parts.Names; class parts.Part; method parts.Part.Part(name, count)
        method parts.Part.~Part; method parts.Part.take(wanted, left); method parts.Part.operator==(other)
        method parts.Part.take(wanted, left); enum parts.Level; function main(argc, argv)
        """,
}

DOCS = {
    "inventory.py": {"Part": "One kind of part.", "Stock.load": "Read a stock\nfrom a file."},
    "inventory.js": {"Part": "One kind of part.", "Part.take": "Take some.\n@param {number} wanted how many"},
    "inventory.ts": {"Counted": "What can be counted."},
    "inventory.tsx": {"PartList": "A list of parts."},
    "inventory.go": {
        "Limit": "Limit is how many parts fit.",
        "Part": "Part is one kind of part.",
        "Taker": "Taker gives parts away.",
        "Part.Take": "Take takes some.\nNever more than there are.",
    },
    "inventory.rs": {
        "LIMIT": "How many parts fit.",
        "Part": "One kind of part.\n\nWith a count.",
        "Part.take": "Take some.",
    },
    "Inventory.java": {"Inventory": "A stock of parts.", "Inventory.take": "Takes some."},
    "inventory.c": {"part": "One kind of part.", "take": "Take some.\nNever more than there are."},
    "inventory.cpp": {"parts.Part": "One kind of part.", "parts.Part.take": "Takes some."},
}

SIGNATURES = {
    "inventory.py": {
        "Stock.load": "async def load(path, /, *names, strict=False, **options)",
        "Part": "class Part",
        "one_line": "def one_line(a, b)",
    },
    "inventory.js": {
        "Part.take": "async take(wanted, { strict } = {}, ...rest)",
        "List": "const List = ({ parts }) =>",
        "total": "export default function total(parts)",
    },
    "inventory.ts": {
        "Part": "export abstract class Part<T extends Name> implements Counted",
        "load": "export const load = async (path: string): Promise<Counted[]> =>",
    },
    "inventory.tsx": {"Row": "export default class Row extends React.Component<{}>"},
    "inventory.go": {"Part.Take": "func (p *Part) Take(wanted int) (int, error)", "Part": "type Part struct"},
    "inventory.rs": {"stock.total": "pub async fn total(parts: &[super::Part], (low, high): (u32, u32)) -> u32"},
    "Inventory.java": {
        "Inventory": "public class Inventory<T> extends Base implements Counted",
        "Inventory.take": "public <U> int take(final String name, int... wanted) throws TooFew",
    },
    "inventory.c": {"find": "static struct part *find(struct part *parts, int n, const char name[])"},
    "inventory.cpp": {
        "parts.Part": "template <typename T> class Part : public Base",
        "main": "int main(int argc, char **argv)",
    },
}

DECORATORS = {
    ("inventory.py", "Part"): ("@dataclass",),
    ("inventory.py", "Stock.load"): ("@staticmethod",),
    ("inventory.ts", "Part"): ("@sealed",),
    ("inventory.ts", "Part.take"): ("@logged()",),
    ("inventory.rs", "Part.take"): ("#[inline]",),
    ("Inventory.java", "Inventory.take"): ("@Override",),
    ("inventory.cpp", "parts.Part.take"): ("[[nodiscard]]",),
}

CALLS = {
    ("inventory.py", "order"): ("take", "missing", "clear"),
    ("inventory.js", "List"): ("map", "Row"),
    ("inventory.ts", "load"): ("parse", "readFileSync"),
    ("inventory.go", "clear"): ("Total",),
    ("inventory.rs", "clear"): ("total", "clear"),
    ("Inventory.java", "Inventory.take"): ("IllegalArgumentException", "find"),
    ("inventory.c", "take"): ("MAX", "find"),
    ("inventory.cpp", "main"): ("name", "take"),
}

CALLERS = {
    ("inventory.py", "Part.take"): [],  # `stock.parts[name]` may be anything
    ("inventory.py", "order.missing"): ["order"],
    ("inventory.c", "find"): ["take"],
    ("inventory.rs", "stock.total"): ["clear"],
    ("Inventory.java", "Inventory.find"): ["Inventory.take"],
    ("inventory.go", "Total"): ["clear"],
}

IMPORTS = {
    "inventory.py": 3,
    "inventory.js": 1,
    "inventory.ts": 1,
    "inventory.go": 2,
    "inventory.rs": 1,
    "Inventory.java": 2,
    "inventory.c": 2,
    "inventory.cpp": 2,
}


def sample(name: str) -> Tree:
    language = language_of(name)
    assert language is not None
    return parse((SAMPLES / name).read_text(encoding="utf-8"), language)


def one(tree: Tree, name: str) -> Symbol:
    return find(tree, name)[0]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
@pytest.mark.parametrize("topic", ["outline", "calls", "facts"])
def test_patterns_fit_the_grammar(language: object, topic: str) -> None:
    """Each language's patterns name nodes that its grammar has."""
    assert query(language, topic).pattern_count  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FILES)
def test_outline(name: str) -> None:
    """The outline has every definition, with kind, path and parameters, outer ones first."""
    wanted = [row.strip() for line in OUTLINES[name].strip().split("\n") for row in line.split(";")]
    tree = sample(name)
    found = [
        f"{symbol.kind} {symbol.qualified}" + (f"({', '.join(symbol.parameters)})" if symbol.parameters else "")
        for symbol in outline(tree)
    ]
    assert found == wanted
    assert tree.errors() == ()


@pytest.mark.parametrize(
    ("name", "symbol", "text"), [(name, key, text) for name, all_ in DOCS.items() for key, text in all_.items()]
)
def test_docstring(name: str, symbol: str, text: str) -> None:
    """A docstring is its words alone, and its span holds them with their marks."""
    tree = sample(name)
    found = next(each for each in find(tree, symbol) if each.docstring)
    assert found.docstring == text
    assert found.docstring_span is not None
    assert text.partition("\n")[0] in found.docstring_span.of(tree.text)
    assert found.span.holds(found.docstring_span)
    assert name.endswith(".py") or not found.code.holds(found.docstring_span)


@pytest.mark.parametrize("name", FILES)
def test_nothing_else_is_documented(name: str) -> None:
    """A comment that is no documentation is not taken for any."""
    found = {symbol.qualified for symbol in outline(sample(name)) if symbol.docstring}
    assert found == set(DOCS[name]) | ({"Stock", "order"} if name == "inventory.py" else set())


@pytest.mark.parametrize(
    ("name", "symbol", "text"), [(name, key, text) for name, all_ in SIGNATURES.items() for key, text in all_.items()]
)
def test_signature(name: str, symbol: str, text: str) -> None:
    """A signature is the header on one line, without decorators and body."""
    assert one(sample(name), symbol).signature == text


@pytest.mark.parametrize(("name", "symbol"), DECORATORS)
def test_decorators(name: str, symbol: str) -> None:
    """Decorators, annotations and attributes are read as written and belong to the definition."""
    tree = sample(name)
    found = next(each for each in find(tree, symbol) if each.decorators)
    assert found.decorators == DECORATORS[name, symbol]
    assert found.decorators[0] in found.code.of(tree.text)


@pytest.mark.parametrize(("name", "symbol"), CALLS)
def test_calls(name: str, symbol: str) -> None:
    """The names that a definition calls come in order, each once."""
    tree = sample(name)
    assert calls(tree, one(tree, symbol).span) == CALLS[name, symbol]


@pytest.mark.parametrize(("name", "symbol"), CALLERS)
def test_callers(name: str, symbol: str) -> None:
    """The definitions that call one are found, itself left out."""
    tree = sample(name)
    wanted = next(each for each in find(tree, symbol) if each.body)
    assert [each.qualified for each in callers(tree, wanted)] == CALLERS[name, symbol]


@pytest.mark.parametrize("name", IMPORTS)
def test_imports(name: str) -> None:
    """Each statement that brings names in is one import."""
    assert len(imports(sample(name))) == IMPORTS[name]


@pytest.mark.parametrize("name", FILES)
def test_spans(name: str) -> None:
    """Spans lie in the text and in each other, and each name's span holds the name."""
    tree = sample(name)
    for symbol in outline(tree):
        assert 0 <= symbol.span.start < symbol.span.end <= len(tree.text)
        assert symbol.span.holds(symbol.code) and symbol.code.holds(symbol.name_span)
        assert symbol.name_span.of(tree.text) == symbol.name
        assert symbol.body is None or symbol.code.holds(symbol.body)
        assert symbol_at(tree, symbol.name_span.start) == symbol


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=30, deadline=None)
@given(where=st.floats(0, 1), cut=st.integers(0, 40))
def test_spans_in_broken_code(name: str, where: float, cut: int) -> None:
    """Whatever is cut out of a file, spans lie inside the text and hold their names."""
    whole = (SAMPLES / name).read_text(encoding="utf-8")
    at = int(where * len(whole))
    language = language_of(name)
    assert language is not None
    tree = parse(whole[:at] + "𝄞" + whole[at + cut :], language)
    for symbol in outline(tree):
        assert symbol.span.holds(symbol.code) and symbol.code.holds(symbol.name_span)
        assert symbol.span.end <= len(tree.text)
        assert symbol.name_span.of(tree.text) == symbol.name
        scopes(tree, symbol)
        callers(tree, symbol)


def test_symbol_at() -> None:
    """The innermost definition is found from its decorator to just behind its last letter."""
    tree = sample("inventory.py")
    text = tree.text
    for place, wanted in {
        "@staticmethod": "Stock.load",
        "return wanted[name]": "order.missing",
        "for name in wanted": "order",
        "# never more": "Part.take",
        "count: int": "Part",
        "import json": None,
    }.items():
        found = symbol_at(tree, text.index(place))
        assert (found.qualified if found else None) == wanted
    last = symbol_at(tree, text.rindex("a + b") + 5)
    assert last is not None and last.name == "one_line"
    assert symbol_at(tree, 0) is None


def test_find() -> None:
    """A name is found by its path, by the end of its path and by itself; one that is not there gives nothing."""
    tree = sample("inventory.cpp")
    assert {each.qualified for each in find(tree, "Part::take")} == {"parts.Part.take"}
    assert {each.qualified for each in find(tree, "Part.take")} == {"parts.Part.take"}
    assert [each.name for each in find(tree, "main")] == ["main"]
    assert find(tree, "nothing") == find(tree, "") == find(tree, "..") == ()


def test_scopes() -> None:
    """Scopes come outermost first; a Go method stands in the type of its receiver."""
    tree = sample("inventory.py")
    assert [each.name for each in scopes(tree, one(tree, "order.missing"))] == ["order"]
    tree = sample("inventory.go")
    assert [each.name for each in scopes(tree, one(tree, "Part.Take"))] == ["Part"]
    tree = sample("Inventory.java")
    inner = next(each for each in outline(tree) if each.qualified == "Inventory.Part.Part")
    assert [each.name for each in scopes(tree, inner)] == ["Inventory", "Part"]


def test_a_comment_apart_is_no_documentation() -> None:
    """A comment with a blank line below it, or behind code, documents nothing."""
    language = language_of("a.go")
    assert language is not None
    tree = parse("package a\n\n// apart\n\nfunc f() {}\nvar x = 1 // behind\nfunc g() {}\n", language)
    assert [symbol.docstring for symbol in outline(tree)] == ["", "", ""]


def test_language_of() -> None:
    """An editor's language id goes first; a file's name helps where the id says nothing."""
    for path, given_id, wanted in [
        ("a.py", "", "python"),
        ("A.PYI", "", "python"),
        ("a.tsx", "", "typescriptreact"),
        ("a.jsx", "", "javascript"),
        ("a.h", "cpp", "cpp"),
        ("a.h", "", "c"),
        ("a.txt", "javascriptreact", "javascript"),
        ("a.py", "plaintext", "python"),
    ]:
        found = language_of(path, given_id)
        assert found is not None and found.id == wanted
    assert language_of("a.txt") is None
    assert language_of("Makefile", "makefile") is None


def test_outline_is_quick() -> None:
    """The outline of 5,000 lines takes some ten milliseconds; a second would be a mistake."""
    text = (SAMPLES / "inventory.py").read_text(encoding="utf-8") * 90
    best = 60.0
    for _ in range(5):
        tree = parse(text, LANGUAGES[0])
        began = time.perf_counter()
        outline(tree)
        best = min(best, time.perf_counter() - began)
    assert text.count("\n") > 5000
    assert best < 1


def test_too_many_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generated file of many thousand definitions has an outline that ends somewhere, without its variables."""
    monkeypatch.setattr("glossator.code.outline.MAX_SYMBOLS", 200)
    tree = parse("x = 1\n" * 50 + "def f(): 1\n" * 300 + "y = 1\n", LANGUAGES[0])
    found = outline(tree)
    assert len(found) == 200
    assert {symbol.name for symbol in found} == {"f"}
