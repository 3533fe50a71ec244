"""The code is found in whatever the model writes around it."""

from __future__ import annotations

import pytest

from glossator.answer.extract import blocks, extract
from glossator.code import Span
from glossator.code.languages import language_of
from glossator.code.symbols import find
from glossator.code.tree import parse

TEXT = '''import os


class Stack:
    """A stack."""

    def push(self, item):
        self.items.append(item)
        return self

    def pop(self):
        return self.items.pop()


def size(stack):
    return len(stack.items)
'''
PYTHON = language_of("a.py")
assert PYTHON is not None
TREE = parse(TEXT, PYTHON)
PUSH = find(TREE, "push")[0]
NEW = "def push(self, item):\n    self.items += [item]\n    return self"
FITTED = "def push(self, item):\n        self.items += [item]\n        return self"


def indented(code: str, by: int) -> str:
    return "\n".join(" " * by + row if row else row for row in code.split("\n"))


@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{NEW}\n```",
        f"Here it is:\n\n```python\n{NEW}\n```\n\nIt is shorter now.",
        f"```python\n{NEW}",
        f"~~~\n{NEW}\n~~~",
        f"```\n{indented(NEW, 4)}\n```",
        f"  ```python\n{indented(NEW, 2)}\n  ```",
        NEW,
        f"Of course.\n\n{NEW}\n\nThat is all.",
        f"```python\nclass Stack:\n{indented(NEW, 4)}\n```",
        "```python\n" + TEXT.replace("self.items.append(item)", "self.items += [item]") + "```",
        "```python\n    self.items += [item]\n    return self\n```",
        f"First the old one:\n```python\n{PUSH.code.of(TEXT)}\n```\nand now:\n```python\n{NEW}\n```",
        f"```python\n{NEW}\n```\n\nUse it so:\n\n```python\nStack().push(1)\n```",
        f"```python\r\n{NEW.replace(chr(10), chr(13) + chr(10))}\r\n```".replace("\r\n", "\n"),
    ],
)
def test_found(answer: str) -> None:
    """Every way to write it gives the same code, indented as the file is."""
    assert extract(answer, TEXT, PUSH.code, PYTHON, PUSH) == FITTED


@pytest.mark.parametrize("answer", ["", "I cannot do that.", "```python\nStack().push(1)\n```", "```python\n\n```"])
def test_not_found(answer: str) -> None:
    """Prose and usage examples are no version of the code."""
    assert extract(answer, TEXT, PUSH.code, PYTHON, PUSH) is None


def test_decorators_and_helpers() -> None:
    """Decorators belong to the code, and so does a new helper that it calls."""
    answer = "```python\ndef _count(stack):\n    return 1\n\n\n@cache\ndef size(stack):\n    return _count(stack)\n```"
    symbol = find(TREE, "size")[0]
    code = extract(answer, TEXT, symbol.code, PYTHON, symbol)
    assert code == "def _count(stack):\n    return 1\n\n\n@cache\ndef size(stack):\n    return _count(stack)"


def test_decorators_are_kept() -> None:
    """Decorators that the model forgot stay."""
    text = "class A:\n    @property\n    @cache\n    def a(self):\n        return 1\n"
    symbol = find(parse(text, PYTHON), "A.a")[0]
    code = extract("```python\ndef a(self):\n    return 2\n```", text, symbol.code, PYTHON, symbol)
    assert code == "@property\n    @cache\n    def a(self):\n        return 2"


def test_selection() -> None:
    """For a selection it is the block that is most like it."""
    start = TEXT.index("self.items.append")
    span = Span(start, TEXT.index("return self") + len("return self"))
    answer = "```\npip install x\n```\n```python\nself.items += [item]\nreturn self\n```"
    assert extract(answer, TEXT, span, PYTHON) == "self.items += [item]\n        return self"


def test_fence_inside_a_docstring() -> None:
    """A longer fence holds a shorter one."""
    assert blocks("````python\n```\ninner\n```\n````") == ["```\ninner\n```"]


@pytest.mark.parametrize(
    ("path", "text", "name", "answer", "expected"),
    [
        (
            "a.js",
            "export function add(a, b) {\n  return a + b;\n}\n",
            "add",
            "```js\nfunction add(a, b) {\n  return b + a;\n}\n```",
            "export function add(a, b) {\n  return b + a;\n}",
        ),
        (
            "a.go",
            "package a\n\n// Add adds.\nfunc Add(a, b int) int {\n\treturn a + b\n}\n",
            "Add",
            "```go\n// Add adds.\nfunc Add(a, b int) int {\n    return b + a\n}\n```",
            "func Add(a, b int) int {\n\treturn b + a\n}",
        ),
        (
            "a.ts",
            "class A {\n  add(a: number, b: number) {\n    return a + b;\n  }\n}\n",
            "A.add",
            "```ts\nadd(a: number, b: number) {\n  return b + a;\n}\n```",
            "add(a: number, b: number) {\n    return b + a;\n  }",
        ),
        (
            "A.java",
            "class A {\n    int add(int a, int b) {\n        return a + b;\n    }\n}\n",
            "add",
            "```java\nint add(int a, int b) {\n    return b + a;\n}\n```",
            "int add(int a, int b) {\n        return b + a;\n    }",
        ),
    ],
)
def test_other_languages(path: str, text: str, name: str, answer: str, expected: str) -> None:
    """It works by syntax in every language, doc comments above left alone."""
    language = language_of(path)
    assert language is not None
    symbol = find(parse(text, language), name)[0]
    assert extract(answer, text, symbol.code, language, symbol) == expected
