"""What new code needs of a standard library is brought in as its language does, where nothing brings it in already."""

from __future__ import annotations

import pytest

from glossator.action.target import target_at
from glossator.answer.edit import apply
from glossator.answer.imports import missing_imports


def brought(path: str, text: str, code: str, name: str = "f") -> str:
    """The lines that are added to `text` where `code` takes the place of `name`; "" for none."""
    target = target_at(text, path, name=name)
    assert target.tree is not None
    edit = missing_imports(target.tree, target.span, code)
    return edit.text.strip() if edit else ""


@pytest.mark.parametrize(
    ("path", "text", "code", "row"),
    [
        ("a.c", "int f(void) {}\n", 'int f(void) { puts("strlen"); }', "#include <stdio.h>"),
        ("a.c", "#include <stdio.h>\nint f(void) {}\n", "int f(void) { puts(0); }", ""),
        ("a.c", "int f(void) {}\n", "int f(struct s *s) { return s->free; } // puts", ""),
        ("a.cpp", "int f() {}\n", "int f() { return std::accumulate(a, b, 0); }", "#include <numeric>"),
        ("a.cpp", "int f() {}\n", "int f() { return accumulate(a, b, 0); }", ""),
        ("a.go", "package a\n\nfunc f() {}\n", "func f() { strings.ToUpper(x) }", 'import "strings"'),
        ("a.go", "package a\n\nfunc f() {}\n", "func f() { a.strings.X() }", ""),
        ("a.rs", "fn f() {}\n", "fn f() { HashMap::new(); }", "use std::collections::HashMap;"),
        ("a.rs", "fn f() {}\n", "fn f() { std::collections::HashMap::new(); }", ""),
        ("A.java", "class A { int f() {} }\n", "int f() { return Arrays.hash(x); }", "import java.util.Arrays;"),
        ("A.java", "import java.util.*;\nclass A { int f() {} }\n", "int f() { return Arrays.hash(x); }", ""),
        ("a.ts", "function f() {}\n", "function f() { return new Map(); }", ""),
    ],
)
def test_brought(path: str, text: str, code: str, row: str) -> None:
    """Only what is used, is not there and has one meaning everywhere."""
    assert brought(path, text, code) == row


@pytest.mark.parametrize(
    ("path", "text", "code", "after"),
    [
        ("a.go", 'package a\n\nimport (\n\t"os"\n)\n', "sort.Ints(x)", 'package a\n\nimport (\n\t"os"\n\t"sort"\n)\n'),
        ("a.go", "package a\n", "sort.Ints(x)", 'package a\n\nimport "sort"\n'),
        ("A.java", "package a;\n", "List<X> x;", "package a;\n\nimport java.util.List;\n"),
        (
            "a.c",
            "#include <a.h>\n#ifdef B\n#include <b.h>\n#endif\n",
            "puts(x);",
            "#include <a.h>\n#include <stdio.h>\n#ifdef B\n#include <b.h>\n#endif\n",
        ),
        ("a.rs", "use a::B;\nmod t {\n    use super::*;\n}\n", "Rc::new(1)", "use a::B;\nuse std::rc::Rc;\nmod t {"),
    ],
)
def test_place(path: str, text: str, code: str, after: str) -> None:
    """An import stands with the others: in Go's block, under no condition, in no inner module."""
    body = {"a.go": "\nfunc f() {}\n", "A.java": "\nclass A { void f() {} }\n"}.get(path, "\nvoid f() {}\n")
    target = target_at(text + (body if path != "a.rs" else "\nfn f() {}\n"), path, name="f")
    assert target.tree is not None
    edit = missing_imports(target.tree, target.span, code)
    assert edit is not None
    assert apply(target.text, [edit]).startswith(after)
