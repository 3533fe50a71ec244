"""Documentation and annotations put into code that stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.code.annotations import annotated as typed_already
from glossator.code.fingerprint import same_code
from glossator.code.languages import LANGUAGES, language_of
from glossator.code.rewrite import insert_docstring, transplant_annotations
from glossator.code.symbols import find, outline
from glossator.code.tree import parse

SAMPLES = Path(__file__).parent / "samples"
PYTHON = LANGUAGES[0]
LONG = "Say hello.\n\nArgs:\n    name: Who, \\d*."


def documented(code: str, name: str, text: str, file: str = "a.py") -> str:
    """The whole of `code` with `name` documented."""
    language = language_of(file)
    assert language is not None
    tree = parse(code, language)
    symbol = find(tree, name)[0]
    return tree.text[: symbol.span.start] + insert_docstring(tree, symbol, text) + tree.text[symbol.span.end :]


# fmt: off
DOCUMENTED = [  # file, before, words, after
    ("a.py", "def f(a):\n    return a\n", "Say it.", 'def f(a):\n    """Say it."""\n    return a\n'),
    ("a.py", "def f(a): return a\n", "Say it.", 'def f(a):\n    """Say it."""\n    return a\n'),
    (
        "a.py",
        "def f(a):  # why\n  # what\n  return a\n",
        "Say it.",
        'def f(a):  # why\n  """Say it."""\n  # what\n  return a\n',
    ),
    (
        "a.py",
        "def f(\n    a,\n):\n\treturn a\n",
        LONG,
        'def f(\n    a,\n):\n\tr"""Say hello.\n\n\tArgs:\n\t    name: Who, \\d*.\n\t"""\n\treturn a\n',
    ),
    ("a.py", "def f():\n    'Old.'\n    return 1\n", "New.", "def f():\n    \"\"\"New.\"\"\"\n    return 1\n"),
    ("a.py", 'def f():\n    """Old\n    one."""\n', 'Say "it"', 'def f():\n    """Say "it" """\n'),
    (
        "a.py",
        "class f:\n    @x\n    def g(self): pass\n",
        "It.",
        'class f:\n    """It."""\n\n    @x\n    def g(self): pass\n',
    ),
    (
        "a.py",
        "class A:\n    def f(self): pass\n",
        "It.",
        'class A:\n    def f(self):\n        """It."""\n        pass\n',
    ),
    ("a.py", "f = 1\n", "It.", "f = 1\n"),
    ("a.py", "def f(): pass\n", "  \n", "def f(): pass\n"),
    ("a.py", "def f():\n    pass\n", 'Use """x""".', 'def f():\n    """Use \\"\\"\\"x\\"\\"\\"."""\n    pass\n'),
    ("a.js", "  function f() {}\n", "Say it.", "  /** Say it. */\n  function f() {}\n"),
    ("a.js", "/** Old. */\nexport function f() {}\n", "New */ one.", "/** New * / one. */\nexport function f() {}\n"),
    (
        "a.ts",
        "class A {\n  @x()\n  f() {}\n}\n",
        "A.\n\nB.",
        "class A {\n  /**\n   * A.\n   *\n   * B.\n   */\n  @x()\n  f() {}\n}\n",
    ),
    (
        "a.go",
        "package a\n\nfunc f() {}\n",
        "Says it.\n\nTwice.",
        "package a\n\n// f says it.\n//\n// Twice.\nfunc f() {}\n",
    ),
    ("a.go", "package a\n\n// f was.\nfunc f() {}\n", "f is.", "package a\n\n// f is.\nfunc f() {}\n"),
    (
        "a.rs",
        "    #[x]\n    fn f() {}\n",
        "Say it.\n\nTwice.",
        "    /// Say it.\n    ///\n    /// Twice.\n    #[x]\n    fn f() {}\n",
    ),
    ("a.rs", "#[x]\n/// Old.\nfn f() {}\n", "New.", "#[x]\n/// New.\nfn f() {}\n"),
    (
        "A.java",
        "class A {\n    @X\n    int f() { return 1; }\n}\n",
        "Say it.",
        "class A {\n    /** Say it. */\n    @X\n    int f() { return 1; }\n}\n",
    ),
    ("a.c", "int f(void) { return 1; }\n", "Say it.", "/** Say it. */\nint f(void) { return 1; }\n"),
    (
        "a.cpp",
        "/// Old.\ntemplate <class T>\nT f();\n",
        "New.\nOne.",
        "/// New.\n/// One.\ntemplate <class T>\nT f();\n",
    ),
]
# fmt: on


@pytest.mark.parametrize(("file", "before", "text", "after"), DOCUMENTED)
def test_insert_docstring(file: str, before: str, text: str, after: str) -> None:
    """Documentation stands where and how its language wants it, instead of what was there."""
    assert documented(before, "f", text, file) == after


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.*")))
def test_no_code_changes(name: str) -> None:
    """Each definition can be documented, and the code is provably the same."""
    language = language_of(name)
    assert language is not None
    tree = parse((SAMPLES / name).read_text(encoding="utf-8"), language)
    for symbol in outline(tree):
        code = insert_docstring(tree, symbol, LONG)
        text = tree.text[: symbol.span.start] + code + tree.text[symbol.span.end :]
        after = tree.edited(text)
        assert after.errors() == ()
        assert same_code(tree.text, text, language, annotations=True)
        if name.endswith(".py") and symbol.kind == "variable":
            assert code == symbol.span.of(tree.text)
            continue
        docs = [each.docstring for each in outline(after) if each.qualified == symbol.qualified]
        assert any("ello.\n\nArgs:\n    name: Who, \\d*." in doc for doc in docs), symbol.qualified


@given(text=st.text(alphabet="ab \"'\\\n*/é𝄞{}", max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_words(text: str) -> None:
    """Whatever the words are, the code around them parses and stays the same."""
    for file, code in [
        ("a.py", "def f(): return 1\n"),
        ("a.py", "def f():\n    'x'\n"),
        ("a.c", "int f() { return 1; }\n"),
    ]:
        language = language_of(file)
        assert language is not None
        after = documented(code, "f", text, file)
        assert parse(after, language).errors() == ()
        assert same_code(code, after, language, annotations=True)
        if file == "a.py":
            compile(after, "a", "exec")


def annotated(code: str, given_code: str, name: str) -> str | None:
    tree = parse(code, PYTHON)
    return transplant_annotations(tree, find(tree, name)[0], given_code)


# fmt: off
TAKEN = [  # code, given code, wanted
    (
        "def f(a, b=1): return a",
        "def f(a: int, b: int = 1) -> int: return a + 0",
        "def f(a: int, b: int = 1) -> int: return a",
    ),
    (
        "def f(a, *b, c, **d):\n    pass",
        "def f(a, *b: int, c: str, **d: float) -> None: ...",
        "def f(a, *b: int, c: str, **d: float) -> None:\n    pass",
    ),
    ("def f(a: object, b): pass", "def f(a: int, b): pass", "def f(a: int, b): pass"),
    ("def f(a: int): pass", "def f(a): pass", None),
    ("def f(a): pass", "def g(a: int): pass", None),
    ("def f(a): pass", "def f(b: int): pass", None),
    ("def f(a): pass", "def f(a: run()): pass", None),
    ("def f(a): pass", "not code (", None),
    ("def f(a, *, b): pass", "def f(a: int, *, b: int): pass", "def f(a: int, *, b: int): pass"),
    ("def f(a, b): pass", "def f(a: int, *, b: int) -> None: pass", "def f(a: int, b: int) -> None: pass"),
    ("def f(a) -> object: pass", "def f(a) -> int: pass", "def f(a) -> int: pass"),
    (
        "def f(a):  # why\n  return 'x'",
        "class A:\n    def f(a: list[\n        int]): return 1",
        "def f(a: list[ int]):  # why\n  return 'x'",
    ),
    ("async def f(é='𝄞'): pass", "def f(é: str = ''): pass", "async def f(é: str = '𝄞'): pass"),
]
# fmt: on


@pytest.mark.parametrize(("code", "given_code", "wanted"), TAKEN)
def test_transplant(code: str, given_code: str, wanted: str | None) -> None:
    """Annotations are taken by the names of parameters, and nothing else is."""
    assert annotated(code, given_code, "f") == wanted


def test_transplant_into_a_class() -> None:
    """A class gets the annotations of its methods and of functions in them; the margin is the file's."""
    code = """\
if x:
    class A:
        def f(self, a):
            def g(b): return b
            return g(a)

        def h(self): pass
"""
    given_code = """\
class A:
    def f(self, a: int) -> int:
        def g(b: int): return b

    def h(self) -> None: return 1
"""
    wanted = """\
class A:
        def f(self, a: int) -> int:
            def g(b: int): return b
            return g(a)

        def h(self) -> None: pass"""
    assert annotated(code, given_code, "A") == wanted
    assert annotated(code, "def f(self, a: int): pass", "A.f") == (
        "def f(self, a: int):\n            def g(b): return b\n            return g(a)"
    )


def test_transplant_keeps_pairs_apart() -> None:
    """A property's getter and setter, which share a name, each get their own annotations."""
    code = "class A:\n    @property\n    def p(self): pass\n    @p.setter\n    def p(self, v): pass\n"
    given_code = (
        "class A:\n    @property\n    def p(self) -> int: pass\n    @p.setter\n    def p(self, v: int) -> None: pass\n"
    )
    assert annotated(code, given_code, "A") == given_code.rstrip("\n")


ANNOTATED = [
    ("a.py", "def f(a: int, *b: int, c: int = 1, **d: int) -> int: return a", True),
    ("a.py", "def f(a: int, /, b: str, *, c: int = 1) -> None: pass", True),
    ("a.py", "def f(): pass", False),
    ("a.py", "def f(a) -> int: return a", False),
    ("a.py", "def f(a: int, b=1) -> int: return a", False),
    ("a.py", "def f(a: int, *b) -> int: return a", False),
    ("a.py", "class A:\n    def f(self, a: int) -> int: return a", True),
    ("a.py", "class A:\n    def f(self, a) -> int: return a", False),
    ("a.py", "class A:\n    @classmethod\n    def f(cls) -> int: return 1", True),
    ("a.py", "def f(self) -> int: return 1", False),
    ("a.ts", "function f(a: number, b?: string, ...c: number[]): number { return a; }", True),
    ("a.ts", "function f(a: number) { return a; }", False),
    ("a.ts", "function f(a: number, b = 1): number { return a; }", False),
    ("a.ts", "const f = (a: number): number => a;", True),
    ("a.ts", "const f = a => a;", False),
    ("a.ts", "class A { constructor(private f: number) {} }", True),
    ("a.ts", "class A { set f(a: number) {} }", True),
    ("a.tsx", "class A { f(a: number): a is 1 { return true; } }", True),
    ("a.js", "function f() {}", False),
    ("a.go", "package a\nfunc f() int { return 1 }", False),
]


@pytest.mark.parametrize(("name", "text", "wanted"), ANNOTATED)
def test_what_is_annotated_already(name: str, text: str, wanted: bool) -> None:
    """A function is annotated where every parameter but its own object has a type, and the result where it can."""
    language = language_of(name)
    assert language is not None
    tree = parse(text, language)
    symbol = find(tree, "constructor" if "constructor" in text else "f")[0]
    assert typed_already(tree, symbol) is wanted
