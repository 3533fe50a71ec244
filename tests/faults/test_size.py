"""Documents that are far too large or too deep: politely refused, and nobody else waits for them."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .tally import Tally
from .wire import Server

GUARD = 5.0  # seconds; the promise is 0.5 on a quiet machine, and the longest wait is printed

FUNCTION = "def f():\n    pass\n"
SIZES = {
    "10 MB": FUNCTION + "x = 1\n" * 1_700_000,
    "50 MB": FUNCTION + "y = 22222\n" * 5_000_000,
    "10 MB on one line": FUNCTION + "z" * 10_000_000,
    "0.9 MB of functions": FUNCTION + "".join(f"def f{at}(a):\n    return a + {at}\n\n\n" for at in range(23_000)),
    "11,000 functions": FUNCTION + "".join(f"def f{at}(a):\n    return a + {at}\n\n\n" for at in range(11_000)),
    "39,000 constants": FUNCTION + "x = 1\n" * 39_000,
    "3.9 MB": FUNCTION + "x = 1\n" * 650_000,
    "NULs": FUNCTION + "\x00" * 100_000,
    "lone surrogates": FUNCTION + "'\ud800" * 100_000,
}


def rows(piece: str, count: int = 50_000) -> str:
    """So many pieces, a hundred in a line: a line that is too long is another refusal."""
    return (piece * 100 + "\n") * (count // 100)


DEEP = {
    "brackets": ("python", FUNCTION + "x = (\n" + rows("(") + rows(")") + ")\n"),
    "open brackets": ("python", FUNCTION + rows("[")),
    "closing brackets": ("python", FUNCTION + rows("}")),
    "brackets in JavaScript": ("javascript", "function f() {}\nx = " + rows("[") + rows("]")),
    "brackets in C": ("c", "int f() { return 0; }\nint x = " + rows("(") + "1" + rows(")") + ";\n"),
    "braces in Rust": ("rust", "fn f() {}\nfn g() " + rows("{") + rows("}")),
    "braces in Go": ("go", "package a\nfunc f() {}\nfunc g() " + rows("{") + rows("}")),
    "braces in Java": ("java", "class A { void f() " + rows("{") + rows("}") + "}"),
    "templates in C++": ("cpp", "int f() { return 0; }\n" + rows("A<", 20_000) + rows(">", 20_000) + " x;\n"),
    "JSX": ("typescriptreact", "function f() {}\nx = " + rows("<a>", 20_000) + rows("</a>", 20_000)),
    "sums": ("python", FUNCTION + "x = (\n" + rows("1+") + "1)\n"),
    "minus signs": ("python", FUNCTION + "x = (\n" + rows("-") + "1)\n"),
    "attributes": ("python", FUNCTION + "x = (a\n" + rows(".b") + ")\n"),
    "else ifs": ("javascript", "function f() {}\n" + rows("if (a) {} else ", 10_000) + "{}\n"),
    "strings": ("python", FUNCTION + "x = (\n" + rows("'a' ", 20_000) + ")\n"),
    "holes": ("javascript", "function f() {}\nx = [" + rows(",") + "]\n"),
    "functions": ("python", "".join(f"{' ' * depth}def f{depth}():\n" for depth in range(90)) + " " * 90 + "pass\n"),
    "classes": ("javascript", rows("class A { f() { return ", 5_000) + "1" + rows("} }", 5_000)),
}


@contextlib.contextmanager
def asking(server: Server, small: str) -> Iterator[list[float]]:
    """Another document is asked about all the while; the seconds that each answer took."""
    waits: list[float] = []
    over = threading.Event()

    def keep_asking() -> None:
        for ask in itertools.cycle((server.menu, server.hover)):
            if over.wait(0.02):
                break
            begun = time.monotonic()
            identity = ask(small, 0, 4)
            with contextlib.suppress(AssertionError):  # then it waited for ever, which the test will see
                server.answer(identity, 60)
            answer = server.answers.get(identity, [(0.0, {})])[0][1]
            waits.append(time.monotonic() - begun if answer.get("result") else float("inf"))

    asker = threading.Thread(target=keep_asking, daemon=True)
    asker.start()
    try:
        yield waits
    finally:
        over.set()
        asker.join(90)


def everything(server: Server, uri: str, language: str, text: str) -> list[str]:
    """Open, ask all that can be asked, change and close; what the server said to the questions."""
    server.open(uri, text, language=language)
    said = []
    asked = [server.hover(uri, 0, 4), server.menu(uri, 0, 4), server.hover(uri, 1, 9_000), server.menu(uri, 2, 20_000)]
    place = {"uri": uri, "position": {"line": 0, "character": 4}}
    for action in ("explain", "refactor", "find_bugs"):
        arguments = [{"action": action, **place}]
        asked.append(server.request("workspace/executeCommand", {"command": "glossator.run", "arguments": arguments}))
    start = {"line": 0, "character": 0}
    change = {"range": {"start": start, "end": start}, "text": "# x\n"}
    server.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change, change]}
    )
    asked += [server.hover(uri, 2, 4), server.menu(uri, 2, 4)]
    for identity in asked:
        answer = server.answer(identity, 60)
        if "error" in answer:
            assert answer["error"]["code"] == -32803, answer
            said.append(answer["error"]["message"])
        elif isinstance(answer["result"], dict) and "job" in answer["result"]:
            last = server.over(answer["result"]["job"], 60)
            assert last["state"] != "failed", last
            said += last.get("reasons", ())
    server.close(uri)
    return said


ANSWER = "[[answer]]\nmatch = ''\ntext = '''```python\ndef f():\n    return 1\n```'''\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a small file and a place for others."""
    root = tmp_path / "code"
    root.mkdir()
    for name in ("small.py", "large.py"):
        (root / name).write_text(FUNCTION, encoding="utf-8")
    return root


def begun(server: Server, code: Path) -> str:
    """Open the folder and its small file, and have both read; the file's URI."""
    server.begin(ANSWER, root=code)
    server.indexed()
    small = (code / "small.py").as_uri()
    server.open(small, FUNCTION)
    server.answer(server.menu(small, 0, 4))
    server.answer(server.hover(small, 0, 4))
    return small


@pytest.mark.faults
@pytest.mark.parametrize("size", SIZES)
def test_large(serve: Any, size: str, code: Path, tally: Tally) -> None:
    """A document of any size is opened, asked about, changed and closed while others are answered; above the cap it is
    refused with its name and the limit."""
    server = serve()
    small = begun(server, code)
    with asking(server, small) as waits:
        said = everything(server, (code / "large.py").as_uri(), "python", SIZES[size])
    if len(SIZES[size]) > 4_000_000:  # what is smaller, and parsed no more, can still be explained where selected
        assert said and all("too large" in each and "large.py" in each for each in said), said
    tally.add("size", "documents")
    tally.most("size", f"longest wait of others ({size})", max(waits, default=0.0), "s")
    assert max(waits, default=0.0) < GUARD
    assert server.finish() == 0


@pytest.mark.faults
def test_deep(serve: Any, code: Path, tally: Tally) -> None:
    """Code that is nested tens of thousands deep harms nobody, in any language."""
    server = serve()
    small = begun(server, code)
    for name, (language, text) in DEEP.items():
        with asking(server, small) as waits:
            everything(server, (code / name.replace(" ", "-")).as_uri(), language, text)
        assert server.process.poll() is None, name
        assert max(waits, default=0.0) < GUARD, name
        tally.most("size", "longest wait of others (nested)", max(waits, default=0.0), "s")
        tally.add("size", "nested documents")
    assert server.finish() == 0
