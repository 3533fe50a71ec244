"""Facts that are told to users and models as so: what is changed, what is raised, who calls."""

from __future__ import annotations

import pytest

from glossator.code.facts import Facts, facts
from glossator.code.languages import language_of
from glossator.code.symbols import find
from glossator.code.tree import parse


def of(file: str, code: str, name: str = "f") -> Facts:
    language = language_of(file)
    assert language is not None
    tree = parse(code, language)
    return facts(tree, find(tree, name)[0].code)


CHANGES: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = [
    # What a call gives is another object, and so is a slice.
    ("a.js", "function f(a) { return a.split('').reverse().join(''); }", (), ()),
    ("a.ts", "function f(a: number[]) { return a.slice().sort(); }", (), ()),
    ("a.js", "class A { f() { return this.items.slice().reverse(); } }", (), ()),
    ("a.py", "def f(a):\n    return a.split('.').pop()\n", (), ()),
    ("a.py", "def f(a):\n    a[1:].sort()\n    list(a).sort()\n", (), ()),
    ("a.py", "def f(a):\n    a.setdefault(1, []).append(2)\n", ("a",), ()),
    ("a.js", "function f(a) { return a.sort(); }", ("a",), ()),
    ("a.js", "function f(a, b) { const c = a.add(b); return c; }", (), ()),
    ("A.java", "class A { N f(N a, N b) { a.add(b).multiply(b); return a; } }", (), ()),
    # A method of its own may do anything.
    ("a.py", "class A:\n    def f(self):\n        self.update(1)\n        self.m.update(1)\n", (), ("self.m",)),
    # Names that stand for something else by then.
    ("a.py", "def f(a, b):\n    a, b = list(a), list(b)\n    a.append(1)\n", (), ()),
    ("a.py", "def f(a):\n    for a in a:\n        a.append(1)\n", (), ()),
    ("a.py", "def f(a):\n    if a := list(a):\n        a.append(1)\n", (), ()),
    ("a.py", "def f(a):\n    with b() as a:\n        a.append(1)\n", (), ()),
    ("a.js", "function f(a) { [a] = [[1]]; a.push(1); }", (), ()),
    ("a.js", "function f(a) { { let a = []; a.push(1); } }", (), ()),
    # Copies: what is given by value.
    ("a.c", "void f(struct P p, struct P *q, int r[2]) { p.n = 1; q->n = 1; r[0] = 1; }", ("q", "r"), ()),
    ("a.cpp", "void f(V v, V &w, V<T *> x) { v.push_back(1); w.push_back(1); x.clear(); }", ("w",), ()),
    ("a.rs", "fn f(mut v: Vec<i32>, w: &mut Vec<i32>) { v[0] = 1; w[0] = 1; }", ("w",), ()),
    ("a.rs", "impl A { fn f(mut self) { self.x = 1; } }", (), ()),
    ("a.go", "package a\nfunc f(p T, m map[int]int, q *T) { p.x = 1; m[0] = 1; q.x = 1 }", ("m", "q"), ()),
    ("a.go", "package a\nfunc (s S) f() { s.x = 1 }", (), ()),
    ("a.go", "package a\nfunc (s *S) f() { s.x = 1 }", (), ("s.x",)),
]


@pytest.mark.parametrize(("file", "code", "mutated", "own"), CHANGES)
def test_what_is_changed(file: str, code: str, mutated: tuple[str, ...], own: tuple[str, ...]) -> None:
    """What may be a copy, or another object of the same name, is no change of an argument."""
    found = of(file, code)
    assert (found.mutated, found.own) == (mutated, own)


RAISES: list[tuple[str, str, tuple[str, ...]]] = [
    ("a.py", "def f():\n    try:\n        g()\n    except OSError as error:\n        raise error\n", ()),
    ("a.py", "def f():\n    try:\n        raise KeyError\n    except KeyError:\n        pass\n", ()),
    ("a.py", "def f():\n    with suppress(KeyError):\n        raise KeyError\n", ()),
    ("a.py", "def f():\n    try:\n        g()\n    except OSError:\n        raise KeyError from None\n", ("KeyError",)),
    ("a.py", "def f():\n    try:\n        raise KeyError\n    finally:\n        g()\n", ("KeyError",)),
    ("a.py", "def f():\n    raise wrong(1)\n", ()),
    ("a.js", "function f() { try { g(); } catch (err) { throw err; } }", ()),
    ("a.js", "function f() { throw new errors.Gone('x'); }", ("errors.Gone",)),
    ("A.java", "class A { void f() { try { g(); } catch (E e) { throw e; } } }", ()),
    ("a.cpp", 'void f() { throw std::out_of_range("x"); }', ("std::out_of_range",)),
    ("a.go", 'package a\nfunc f() { panic("x") }', ()),
    ("a.rs", 'fn f() { panic!("x") }', ()),
]


@pytest.mark.parametrize(("file", "code", "raises"), RAISES)
def test_what_is_raised(file: str, code: str, raises: tuple[str, ...]) -> None:
    """A name that holds an error tells nothing, and what is caught again is not raised; Go and Rust panic instead."""
    found = of(file, code)
    assert (found.raises, found.panics) == (raises, file in {"a.go", "a.rs"})


def test_recovered() -> None:
    """A Go function that recovers does not panic."""
    assert not of("a.go", 'package a\nfunc f() { defer func() { recover() }(); panic("x") }').panics


CALLED = """
class Cache:
    def get(self, key):
        return self.look(key)
    def look(self, key):
        return key
    def add(self, key):
        return Cache.get(self, key)

def users(d, seen):
    seen.add(d.get("x"))

def outer():
    def inner():
        return 1
    return inner()

def other(outer):
    outer()
    inner()

@wraps
def wrapped():
    return users({}, set())

def wraps(f):
    return f
"""


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("Cache.get", ("Cache.add",)),
        ("Cache.look", ("Cache.get",)),
        ("Cache.add", ()),
        ("inner", ("outer",)),
        ("outer", ()),
        ("users", ("wrapped",)),
        ("wraps", ()),
    ],
)
def test_who_calls(name: str, by: tuple[str, ...]) -> None:
    """A call of the same name on another object, of a parameter, or from outside of a scope is none."""
    assert of("a.py", CALLED, name).callers == by


def test_who_calls_elsewhere() -> None:
    """Java and C++ call their own methods by name alone; Go by the receiver."""
    assert of("A.java", "class A { void f() {} void g() { f(); } void h(A a) { a.f(); } }").callers == ("A.g",)
    assert of("a.js", "class A { f() {} g() { this.f(); el.classList.f(); } }").callers == ("A.g",)
    code = "package a\nfunc (s *S) f() {}\nfunc (s *S) G() { s.f() }\nfunc H(x T) { x.f() }\n"
    assert of("a.go", code).callers == ("S.G",)
    assert of("a.rs", "impl A { fn f() {} fn g(&self) { Self::f(); } }").callers == ("A.g",)


def test_a_class_is_not_its_last_method() -> None:
    """What methods raise, yield and change is not said of their class, not even of the last one."""
    last = "    def g(self):\n        self.x = 1\n        yield 1\n        raise KeyError\n"
    code = f"class A:\n    def f(self):\n        pass\n\n{last}"
    found = of("a.py", code, "A")
    assert (found.raises, found.is_generator, found.own) == ((), False, ())
    assert of("a.py", code, "A.g").raises == ("KeyError",)
