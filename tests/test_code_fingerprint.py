"""Fingerprints and recipes: what layout, comments, a formatter and a move do not change, and what changes them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glossator.code import Span
from glossator.code.fingerprint import fingerprint, same_code
from glossator.code.languages import LANGUAGES, Language, language_of
from glossator.code.related import recipe
from glossator.code.symbols import find, outline, symbol_at
from glossator.code.tree import Tree, parse

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted(path.name for path in SAMPLES.glob("*.*"))
PYTHON, JAVASCRIPT, TYPESCRIPT = LANGUAGES[:3]
BY_ID = {language.id: language for language in LANGUAGES}
FORMATS = [[], ["--line-length=40"], ["--line-length=200"], ["--config", "format.quote-style='single'"]]


def whole(text: str, language: Language = PYTHON) -> str:
    return fingerprint(parse(text, language), Span(0, len(text)))


def formatted(text: str, options: list[str]) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", *options, "--stdin-filename", "a.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def sample(name: str) -> Tree:
    language = language_of(name)
    assert language is not None
    return parse((SAMPLES / name).read_text(encoding="utf-8"), language)


SAME = {
    "python": [
        ("'a'", '"a"'),
        ("x = 'it\\'s'", 'x = "it\'s"'),
        ("'a' 'b'", "'ab'"),
        ("f'{x}' 'b'", "f'{x}b'"),
        ("f'{ x }'", "f'{x}'"),
        ("f'{{x}}'", "'{x}'"),
        ("u'a'", "'a'"),
        ('r"\\d"', '"\\\\d"'),
        ("'''a'''", "'a'"),
        ("f(a, b,)", "f(\n    a,\n    b,\n)"),
        ("f(a,)", "f(a)"),
        ("x = [a, b,]", "x = [a, b]"),
        ("x[a, b,]", "x[a, b]"),
        ("return_ = (a\n  + b)", "return_ = a + b"),
        ("for (a, b) in c: pass", "for a, b in c: pass"),
        ("with (open(a) as b,): pass", "with open(a) as b: pass"),
        ("from a import (b, c,)", "from a import b, c"),
        ("class A(): pass", "class A: pass"),
        ("x = 0XFF; y = .5", "x = 0xff\ny = 0.5"),
        ("if a: b", "if a:\n    b"),
        ("if a:\n  b\n  c", "if a:\n        b\n\n        # why\n        c  # what"),
        ('def f():\n  """x\n  y"""', 'def f():\n    """x\n    y\n    """'),
        ("x = a + \\\n  b", "x = a + b"),
        ("match x:\n  case (a, b): pass", "match x:\n  case a, b: pass"),
        ("del (a), b", "del a, b"),
        ("x = (yield)", "x = yield"),
    ],
    "javascript": [
        ("a; b", "a\nb"),
        ("x => y", "(x) => y"),
        ("'a'", '"a"'),
        ("f([1,])", "f([1])"),
        ("const f = () => (<div>\n  <b/>\n</div>)", "const f = () => <div><b/></div>"),
        ("<a>x y</a>", "<a>x\n  y</a>"),
        ("`a${ b }`", "`a${b}`"),
        ("/* x */ f()", "f() // y"),
    ],
    "go": [
        ("package a\nfunc f() {\n\ta()\n\tb()\n}", "package a\nfunc f() { a(); b() }"),
        ("package a\nvar x = []int{\n1,\n2,\n}", "package a\nvar x = []int{1, 2}"),
    ],
    "rust": [
        ("fn f(a: i32,) {}", "fn f(a: i32) {} // x"),
        ("/// d\nfn f() {}", "fn f() {}"),
        ("fn f() { match x { 1 => { a }, _ => b, } }", "fn f() { match x { 1 => { a } _ => b } }"),
    ],
    "java": [("class A { int[] a = {1,}; }", "class A {\n  int[] a = { 1 }; /* x */\n}")],
    "c": [("int a[]={1,};", "int a[] = { 1 };"), ('char*s="a"  "b";', 'char *s = "a" "b";')],
    "cpp": [("int f(){return 1;}", "int f()\n{\n  return 1; // one\n}")],
}

DIFFERENT = {
    "python": [
        ("x[1,]", "x[1]"),
        ("x = (1,)", "x = (1)"),
        ("a < (b < c)", "a < b < c"),
        ("a - (b - c)", "a - b - c"),
        ('"a  b"', '"a b"'),
        ('"""a\n b"""', '"""a\n  b"""'),
        ("b'a'", "'a'"),
        ("f'{x}'", "'{x}'"),
        ("f'{x = }'", "f'{x=}'"),
        ("f'{x!r}'", "f'{x}'"),
        ("f'{x:>3}'", "f'{x:> 3}'"),
        ("if a:\n  b\n  c", "if a:\n  b\nc"),
        ('def f():\n  x = """a\n  b"""', 'def f():\n    x = """a\n    b"""'),
        ("print('a' 'b')", "print('a', 'b')"),
        ("x: int = 1", "x = 1"),
        ("async def f(): pass", "def f(): pass"),
        ("@a\ndef f(): pass", "def f(): pass"),
        ("a is not b", "a is (not b)"),
        ("f(x)(y)", "f(x, y)"),
        ("x = 1", "x = 1.0"),
    ],
    "javascript": [
        ("return_\nx", "return_(x)"),
        ("function f() { return x }", "function f() { return\nx }"),
        ("[,]", "[]"),
        ("[1,,]", "[1,]"),
        ("for (;a;) {}", "for (a;;) {}"),
        ("(a?.b).c", "a?.b.c"),
        ("<a>x {y}</a>", "<a>x{y}</a>"),
        ("`a  b`", "`a b`"),
        ("/a b/", "/ab/"),
        ("(a + b) * c", "a + b * c"),
    ],
    "typescript": [("interface A { x: number }", "interface A { x: string }")],
    "go": [
        ("package a\n//go:embed x\nvar a string", "package a\nvar a string"),
        ("package a\nfunc f() { if x := 1; x > 0 {} }", "package a\nfunc f() { if x > 0 {} }"),
        ("package a\nvar s = `a\n b`", "package a\nvar s = `a\nb`"),
    ],
    "rust": [("fn f() { x; }", "fn f() { x }"), ("fn f() { (1,) }", "fn f() { (1) }")],
    "java": [("class A { char c = ' '; }", "class A { char c = '_'; }")],
    "c": [
        ("#define A 1\n", "#define A 2\n"),
        ("int f(){\n#ifdef A\n a();\n#endif\n}", "int f(){ a(); }"),
        ('char *s = "a b";', 'char *s = "a  b";'),
    ],
    "cpp": [("int x = 1;", "int x = 2;")],
}


@pytest.mark.parametrize(("language", "one", "other"), [(key, *pair) for key, pairs in SAME.items() for pair in pairs])
def test_same(language: str, one: str, other: str) -> None:
    """Two ways to write one thing have one fingerprint."""
    assert whole(one, BY_ID[language]) == whole(other, BY_ID[language])


@pytest.mark.parametrize(
    ("language", "one", "other"), [(key, *pair) for key, pairs in DIFFERENT.items() for pair in pairs]
)
def test_different(language: str, one: str, other: str) -> None:
    """Two things that look alike have two fingerprints."""
    assert whole(one, BY_ID[language]) != whole(other, BY_ID[language])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "def f(a, b='x', *c):\n  x = 1\n  return x",
            'def f(a: int, b: str = "x", *c: int) -> int:\n  x: int = 1\n  return x',
        ),
        ("def f(a): pass", 'def f(a: "list[int] | None"): pass'),
        ("def f(): return 1", 'def f():\n    """Say so."""\n    return 1'),
        ("x = 1", '"""A module."""\nx = 1'),
        ("class A:\n  x: int", 'class A:\n  "What."\n\n  x: int'),
    ],
)
def test_same_code(before: str, after: str) -> None:
    """Docstrings and annotations that name types do not change what code does."""
    assert same_code(before, after, PYTHON)
    assert same_code(after, before, PYTHON)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("class A:\n  x = 1", "class A:\n  x: int = 1"),
        ("def f(): pass", "def f():\n  x: int"),
        ("def f(a): pass", "def f(a=None): pass"),
        ("def f(a=1): pass", "def f(a: int = 2): pass"),
        ("if a:\n  'x'", "if a:\n  'y'"),
        ("def f(): return 'a'", "def f(): return 'b'"),
        ("def f(a): pass", "def f(a: print('ran')): pass"),
        ("def f(a): pass", "def f(a) -> (x := 1): pass"),
        ("def f(a): pass", "def f(b): pass"),
    ],
)
def test_other_code(before: str, after: str) -> None:
    """What runs, or makes a field, or calls something is code."""
    assert not same_code(before, after, PYTHON)


def test_annotations_may_count() -> None:
    """Where annotations shall stay, `annotations=True` sees them change and docstrings not."""
    assert not same_code("def f(a): pass", "def f(a: int): pass", PYTHON, annotations=True)
    assert same_code("def f(a): pass", 'def f(a):\n  "x"\n  pass', PYTHON, annotations=True)


def test_typescript_types() -> None:
    """Types that are erased are no code; an interface is nothing but its types."""
    plain = "function f(a) { const x = g(a); return x }\nconst h = x => x"
    typed = "function f(a: number): T { const x: T = g<T>(a); return x }\nconst h = (x: number): number => x"
    assert same_code(plain, typed, TYPESCRIPT)
    assert not same_code("interface A { x: number }", "interface A { x: string }", TYPESCRIPT)
    assert not same_code("type A = (x: number) => void", "type A = (x: string) => void", TYPESCRIPT)


@pytest.mark.parametrize("options", FORMATS, ids=["default", "narrow", "wide", "single"])
@pytest.mark.parametrize(
    "path", [Path(subprocess.__file__), Path(re.__file__), Path(__file__)], ids=lambda path: path.name
)
def test_a_formatter_changes_nothing(path: Path, options: list[str]) -> None:
    """Each definition of a real file has the same fingerprint and recipe after `ruff format`."""
    text = path.read_text(encoding="utf-8")
    before, after = parse(text, PYTHON), parse(formatted(text, options), PYTHON)
    symbols, others = outline(before), outline(after)
    assert [symbol.path for symbol in symbols] == [symbol.path for symbol in others]
    for one, other in zip(symbols, others, strict=True):
        assert fingerprint(before, one.code) == fingerprint(after, other.code), one.qualified
        assert recipe(before, before.text, one.code) == recipe(after, after.text, other.code), one.qualified


@pytest.mark.parametrize("name", FILES)
def test_moved_down(name: str) -> None:
    """A definition that moved down by 20 lines, and others with it, has its recipe."""
    tree = sample(name)
    mark = tree.language.line_comment
    head = tree.text.index("\n", tree.text.index("import") if name.endswith((".go", ".java")) else 0) + 1
    head = tree.text.index(")\n") + 2 if name.endswith(".go") else head
    moved = tree.edited(tree.text[:head] + f"\n{mark} moved\n" * 10 + "\n" + tree.text[head:])
    for one, other in zip(outline(tree), outline(moved), strict=True):
        assert one.span.start == other.span.start or one.span.start + 20 < other.span.start
        assert recipe(tree, tree.text, one.code) == recipe(moved, moved.text, other.code)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_comments_and_blank_lines(name: str, data: st.DataObject) -> None:
    """Blank lines and comments between the lines of a definition leave its fingerprint as it is."""
    tree = sample(name)
    symbol = data.draw(st.sampled_from(outline(tree)))
    rows = symbol.code.of(tree.text).split("\n")
    places = [at for at in range(1, len(rows)) if _between(tree, symbol.code.start + len("\n".join(rows[:at])))]
    assume(places)
    for at in sorted(data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)), reverse=True):
        # The grammar takes a comment at the left margin below a decorator for the end of the class.
        below = next((row for row in rows[at:] if row.strip()), "")
        margin = below[: len(below) - len(below.lstrip())]
        comment = f"{margin}{tree.language.line_comment} why, $x = 'y"
        rows.insert(at, data.draw(st.sampled_from(["", "   ", comment])))
    text = tree.text[: symbol.code.start] + "\n".join(rows) + tree.text[symbol.code.end :]
    other = tree.edited(text)
    span = Span(symbol.code.start, symbol.code.start + len("\n".join(rows)))
    assert fingerprint(tree, symbol.code) == fingerprint(other, span)


def _between(tree: Tree, offset: int) -> bool:
    """Whether the line end at `offset` is in no string, macro or text of a tag."""
    node = tree.root.descendant_for_byte_range(tree.byte(offset), tree.byte(offset))
    while node is not None:
        if re.search("string|template_s|preproc|jsx|token_tree|macro|comment|content", node.type):
            return False
        node = node.parent
    return True


@given(depth=st.integers(1, 12))
@settings(max_examples=10, deadline=None)
def test_other_indentation(depth: int) -> None:
    """Python code that is indented by another number of blanks has the same fingerprint."""
    tree = sample("inventory.py")
    text = re.sub(r"^( +)", lambda blanks: " " * (len(blanks[1]) // 4 * depth), tree.text, flags=re.M)
    other = parse(text, PYTHON)
    for one, two in zip(outline(tree), outline(other), strict=True):
        assert fingerprint(tree, one.code) == fingerprint(other, two.code)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_changed_token(name: str, data: st.DataObject) -> None:
    """A name or number that changes inside a definition changes its fingerprint."""
    tree = sample(name)
    symbol = data.draw(st.sampled_from(outline(tree)))
    code = symbol.code.of(tree.text)
    places = [
        found.start()
        for found in re.finditer(r"\b\w", code)
        if not _comment_at(tree, symbol.code.start + found.start())
    ]
    at = symbol.code.start + data.draw(st.sampled_from(places))
    text = tree.text[:at] + "q7" + tree.text[at:]
    other = tree.edited(text)
    assert fingerprint(tree, symbol.code) != fingerprint(other, Span(symbol.code.start, symbol.code.end + 2))


def _comment_at(tree: Tree, offset: int) -> bool:
    node = tree.root.descendant_for_byte_range(tree.byte(offset), tree.byte(offset) + 1)
    while node is not None:
        if "comment" in node.type:
            return True
        node = node.parent
    return False


def test_a_definition_alone_and_among_others() -> None:
    """The fingerprint of a definition does not depend on what stands beside it."""
    for language, one, other in [
        (PYTHON, "def f(): pass\n", "def g(): pass\n"),
        (JAVASCRIPT, "function f() {}\n", "let x = 1;\n"),
        (PYTHON, "class A:\n    def f(self): pass\n", "    def g(self): pass\n"),
    ]:
        alone, among = parse(one, language), parse(one + other, language)
        name = "f"
        assert fingerprint(alone, find(alone, name)[0].code) == fingerprint(among, find(among, name)[0].code)


def test_what_a_recipe_depends_on() -> None:
    """A recipe changes with the target, what it calls and the header around it, and with nothing else."""
    tree = sample("inventory.py")

    def after(old: str, new: str) -> str:
        assert old in tree.text
        other = tree.edited(tree.text.replace(old, new, 1))
        return recipe(other, other.text, find(other, "order")[0].code)

    now = recipe(tree, tree.text, find(tree, "order")[0].code)
    assert now == after("LIMIT = 100", "LIMIT = 99")
    assert now == after("return a + b", "return a - b")
    assert now == after("# never more than there are", "# nothing")
    assert now == after('"""A stock of parts."""\n', "")
    assert now != after("wanted.clear()", "wanted.copy()")
    assert now != after("min(wanted, self.count)", "max(wanted, self.count)")
    take, other = find(tree, "Part.take")[0], tree.edited(tree.text.replace("class Part:", "class Part(Base):"))
    assert recipe(tree, tree.text, take.code) != recipe(other, other.text, find(other, "Part.take")[0].code)


LEANED_ON = [
    ("a.py", "LIMIT = 3\ndef f():\n    return LIMIT\n", "LIMIT = 3", "LIMIT = 5"),
    ("a.py", "from time import sleep\ndef f():\n    sleep(1)\n", "time", "gevent"),
    ("a.py", "import json as j\ndef f(s):\n    return j.loads(s)\n", "json", "pickle"),
    ("a.py", "class R:\n    x: int\ndef f(r: R):\n    return r.x\n", "int", "str"),
    ("a.py", "def g():\n    return 1\ndef f(a):\n    return map(g, a)\n", "return 1", "return 2"),
    ("a.ts", "interface R { x: number }\nfunction f(r: R) { return r.x; }\n", "number", "string"),
    ("a.js", "const L = 3;\nfunction f() { return L; }\n", "3", "5"),
    ("a.go", "package a\nconst L = 3\nfunc f() int { return L }\n", "3", "5"),
    ("a.c", "#define L 3\nint f(void) { return L; }\n", "3", "5"),
    ("a.rs", "const L: i32 = 3;\nfn f() -> i32 { L }\n", "3", "5"),
]


@pytest.mark.parametrize(("name", "text", "old", "new"), LEANED_ON)
def test_a_recipe_depends_on_what_is_named(name: str, text: str, old: str, new: str) -> None:
    """A constant, a type, an import or a function that is handed on: what the code names in its file counts.

    Where that stands says nothing.
    """
    language = language_of(name)
    assert language is not None

    def of(text: str) -> str:
        tree = parse(text, language)
        return recipe(tree, text, find(tree, "f")[0].code)

    assert of(text) != of(text.replace(old, new, 1))
    assert of(text) == of("\n\n" + text)


FIELDS = [
    ("python", "class A:\n    def __init__(self):\n        self.l = 5\n    def f(self):\n        return self.l\n"),
    ("python", "class A:\n    l: int = 5\n    def f(self):\n        return self.l\n"),
    ("python", "class A:\n    l, m = 5, 1\n    @classmethod\n    def f(cls):\n        return cls.l\n"),
    ("python", "class A:\n    l = 5\n    def f(self):\n        return A.l\n"),
    ("python", "class A:\n    l = 1\n    def f(self):\n        return self.l\nA.l = 5\n"),
    ("python", "class A:\n    def g(self, l=5):\n        self.l = l\n    def f(self):\n        return self.l\n"),
    ("python", "class A:\n    def g(self):\n        self.l, x = 5, 1\n    def f(self):\n        return self.l\n"),
    ("python", "class A:\n    def g(self):\n        self.l['a'] = 5\n    def f(self):\n        self.l += 1\n"),
    ("python", "class A:\n    def g(self):\n        with o(5) as self.l: pass\n    def f(self):\n        self.l()\n"),
    (
        "python",
        "class A:\n    def __init__(self):\n        self.l = 5\nclass B(A):\n    def f(self):\n        return self.l\n",
    ),
    (
        "python",
        "class A:\n    @property\n    def l(self): return 5\nclass B(A):\n    def f(self):\n        return self.l\n",
    ),
    ("javascript", "class A {\n  constructor() { this.l = 5; }\n  f() { return this.l; }\n}\n"),
    ("javascript", "class A {\n  #l = 5;\n  f() { return this.#l; }\n}\n"),
    ("javascript", "class A {\n  static l = 5;\n  f() { return A.l; }\n}\n"),
    ("typescript", "class A {\n  private l: number = 5;\n  f() { return () => this.l; }\n}\n"),
    ("typescript", "class A {\n  constructor(private l = 5) {}\n  f() { return this.l; }\n}\n"),
    ("typescriptreact", "class A {\n  constructor(readonly l = 5) {}\n  f() { return <b>{this.l}</b>; }\n}\n"),
    ("typescript", "class A { l = 5 }\nclass B extends A {\n  f() { return this.l; }\n}\n"),
    (
        "go",
        "package a\ntype A struct { l int }\nfunc New() *A { return &A{l: 5} }\nfunc (a *A) f() int { return a.l }\n",
    ),
    ("go", "package a\nfunc (a *A) g() { a.l = 5 }\nfunc (b *A) f() int { return b.l }\n"),
    ("go", "package a\ntype A struct { l [5]int }\nfunc (b *A) f() int { return b.l[0] }\n"),
    ("rust", "struct A { l: u8 }\nimpl A {\n  fn new() -> Self { Self { l: 5 } }\n  fn f(&self) -> u8 { self.l }\n}\n"),
    ("rust", "impl A {\n  fn g(&mut self) { self.l = 5; }\n  fn f(&self) -> u8 { self.l }\n}\n"),
    ("rust", "struct A { l: [u8; 5] }\nimpl A {\n  fn f(&self) -> u8 { self.l[0] }\n}\n"),
    ("java", "class A {\n  int l = 5;\n  int f() { return l; }\n}\n"),
    ("java", "class A {\n  int l;\n  A() { this.l = 5; }\n  int f() { return this.l; }\n}\n"),
    ("java", "class A {\n  int l;\n  A() { l = 5; }\n  int f() { return l; }\n}\n"),
    ("java", "class A { int l = 5; }\nclass B extends A {\n  int f() { return l; }\n}\n"),
    ("cpp", "class A {\n  int l = 5;\n  int f() { return l; }\n};\n"),
    ("cpp", "A::A() : l(5) {}\nint A::f() { return l; }\n"),
    ("cpp", "void A::g() { this->l = 5; }\nint A::f() { return this->l; }\n"),
]


@pytest.mark.parametrize(("language", "text"), FIELDS)
def test_a_recipe_depends_on_where_fields_are_set(language: str, text: str) -> None:
    """A value that the class gives to a field counts for the method that reads it; where it stands does not."""

    def of(text: str) -> str:
        tree = parse(text, BY_ID[language])
        return recipe(tree, text, find(tree, "f")[0].code)

    assert of(text) != of(text.replace("5", "6", 1))
    comment = BY_ID[language].line_comment
    assert of(text) == of(f"\n{comment} 6\n{text}")


NO_FIELDS = [
    ("python", "class A:\n    def g(self):\n        self.m = 5\n    def f(self):\n        return self.l\n"),
    ("python", "class A:\n    def g(self):\n        self.l = 5\n    def f(self):\n        self.l = 1\n"),
    ("python", "class A:\n    def g(self):\n        self.l = 5\nclass B:\n    def f(self):\n        return self.l\n"),
    ("python", "class A:\n    def g(self):\n        self.l = 5\n    def f(self, o):\n        return o.l\n"),
    ("javascript", "class A {\n  g() { this.l = 5; }\n  f(l) { return l; }\n}\n"),
    ("java", "class A {\n  void g() { int l; l = 5; }\n  int f() { int l = 1; return l; }\n}\n"),
    ("java", "class A {\n  int l;\n  void g() { l = 5; }\n  int f(int l) { return l; }\n}\n"),
    ("go", "package a\nfunc (a *A) g() { a.l = 5 }\nfunc (b *B) f() int { return b.l }\n"),
]


@pytest.mark.parametrize(("language", "text"), NO_FIELDS)
def test_other_fields_do_not_count(language: str, text: str) -> None:
    """Another field, another class, another object, a variable, or a field that is only set: its value says nothing."""

    def of(text: str) -> str:
        tree = parse(text, BY_ID[language])
        return recipe(tree, text, find(tree, "f")[0].code)

    assert of(text) == of(text.replace("5", "6", 1))


def test_moved_setters() -> None:
    """The order of a class's methods, their comments and layout say nothing; nor does a second place like the first."""
    set_it, reset = "    def g(self):\n        self.l = [1, 2]\n", "    def h(self):\n        self.l  =  [1, 2,] # so\n"
    more, reads = "    def i(self):\n        self.l = 3\n", "    def f(self):\n        return self.l\n"

    def of(*methods: str) -> str:
        text = "class A:\n" + "".join(methods)
        tree = parse(text, PYTHON)
        return recipe(tree, text, find(tree, "f")[0].code)

    assert (
        of(set_it, more, reads) == of(reads, more, set_it) == of(more, reads, reset) == of(set_it, more, reset, reads)
    )
    assert of(set_it, more, reads) != of(set_it, reads)


def test_recipe_without_a_tree() -> None:
    """Without a grammar, blank lines and the margin do not count, and any other character does."""
    one, other = "  a\n\n    b\n", "a  \n  b"
    assert recipe(None, one, Span(0, len(one))) == recipe(None, other, Span(0, len(other)))
    assert recipe(None, one, Span(0, 3)) != recipe(None, other, Span(0, 9))


def test_a_hover_is_quick() -> None:
    """The symbol at a place and its recipe take milliseconds in a fresh tree of 1,000 lines."""
    text = Path(subprocess.__file__).read_text(encoding="utf-8")
    text = "\n".join(text.split("\n")[:1000])
    best = 1.0
    for _ in range(7):
        tree = parse(text, PYTHON)
        began = time.perf_counter()
        symbol = symbol_at(tree, text.index("def check_output") + 5)
        assert symbol is not None
        recipe(tree, text, symbol.code)
        best = min(best, time.perf_counter() - began)
    print(f"{1000 * best:.1f} ms")
    assert best < 0.1  # a guard against what grows with the file, on slow machines too
