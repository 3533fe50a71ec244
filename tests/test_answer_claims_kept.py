"""Right sentences of the kind that rules take for wrong: all of them stay. And no line, however odd, takes long."""

from __future__ import annotations

import time

import pytest

from glossator.action.about import about
from glossator.action.target import target_at
from glossator.answer.claims import About
from glossator.answer.contradicted import sentences, sound


def of(file: str, code: str, name: str) -> About:
    found = about(target_at(code, file, name=name))
    assert found is not None
    return found


KEPT = [
    (
        # Another function in it calls itself.
        "a.py",
        "def count(grid):\n    def dfs(x):\n        return dfs(x)\n    return dfs(grid)\n",
        "count",
        ["It is a recursive function.", "It calls itself for each neighbour.", "`count` uses recursion."],
    ),
    (
        "a.js",
        "function total(n) { const go = (m) => m ? go(m.left) : 0; return go(n); }",
        "total",
        ["It calls itself for each node.", "It is recursive."],
    ),
    (
        # One that it calls does.
        "a.py",
        "def sort(xs):\n    return _quick(xs)\n\ndef _quick(xs):\n    return _quick(xs[1:]) + xs\n",
        "sort",
        ["It is recursive.", "`sort` calls itself on each part."],
    ),
    (
        # Without a name.
        "a.py",
        "class T:\n    def __len__(self):\n        return 1 + sum(len(c) for c in self.c)\n",
        "T.__len__",
        ["It calls itself for each child."],
    ),
    (
        # By a name that is put together.
        "a.py",
        "class V:\n    def visit(self, n):\n        return getattr(self, 'visit_' + n.kind)(n)\n",
        "V.visit",
        ["It dispatches to `visit_Assign`.", "It goes to `visit_Assign`.", "`visit` calls itself by them."],
    ),
    (
        "a.js",
        "function go(name) { return run('onBefore' + name); }",
        "go",
        ["It runs `onBeforeSave` where that is its name."],
    ),
    (
        "a.js",
        "function snake(name) { return name.replace(/[A-Z]/g, '_'); }",
        "snake",
        ["It turns `fooBar` into `foo_bar`."],
    ),
    (
        # Nothing is a part of what is given.
        "a.py",
        "def split(line):\n    if ':' not in line:\n        return None, 'no colon'\n    return line, ''\n",
        "split",
        ["It returns None and a message if there is no colon.", "It returns None, and a message, if there is none."],
    ),
    (
        "a.py",
        "def f(items):\n    if not items:\n        return []\n    return [1]\n",
        "f",
        ["It returns nothing if the list is empty."],
    ),
    (
        "a.rs",
        "fn f() -> Result<(), Error> { Ok(()) }",
        "f",
        ["It returns nothing on success.", "It returns nothing."],
    ),
    (
        # Errors that code brings about without naming them.
        "a.py",
        "def div(a, b):\n    return a / b\n",
        "div",
        ["`div` divides two numbers and raises a `ZeroDivisionError` if `b` is zero."],
    ),
    (
        "a.py",
        "def run(cmd):\n    return subprocess.run(cmd, check=True).stdout\n",
        "run",
        ["It raises a `CalledProcessError` if the command fails."],
    ),
    (
        # What is found out goes another way.
        "a.js",
        "function show(req, res) { res.status(404).json({}); }",
        "show",
        ["It returns a 404 error if there is none.", "It returns the user as JSON.", "It returns the user."],
    ),
    (
        "a.js",
        "function readAll(path, done) { fs.readFile(path, (e, t) => done(e, t)); }",
        "readAll",
        ["It returns the contents of the file."],
    ),
    ("a.js", "function Point(x) { this.x = x; }", "Point", ["It returns a new point."]),
    (
        "a.py",
        "def main():\n    if bad():\n        sys.exit(1)\n    go()\n",
        "main",
        ["It returns a non-zero exit code if it fails.", "It returns the number of mistakes."],
    ),
    (
        "A.java",
        "class A { void doGet(Request req, Response resp) { resp.write(1); } }",
        "A.doGet",
        ["It returns the page of the user.", "It returns the user."],
    ),
    (
        "a.go",
        "package a\nfunc Handle(w http.ResponseWriter, r http.Request) { w.Write(1) }",
        "Handle",
        ["It returns a list of users."],
    ),
    (
        # What it is about is another function.
        "a.py",
        "def apply(func, xs):\n    return [func(x) for x in xs]\n",
        "apply",
        ["`apply` calls a function on each item. The function takes one argument.", "It calls. It takes one argument."],
    ),
    (
        "a.py",
        "def both(xs, ys, key):\n    return sorted(xs, key=key) + ys\n",
        "both",
        ["It takes a callback. It takes one argument and returns nothing."],
    ),
    (
        "a.py",
        "def make_adder(n):\n    def add(x, y):\n        return x + y + n\n    return add\n",
        "make_adder",
        ["`make_adder` returns a function. It takes two arguments."],
    ),
    (
        # Other arguments.
        "a.py",
        "def main(path):\n    return 1\n",
        "main",
        ["It expects two arguments from the command line.", "It requires two arguments to be given."],
    ),
    (
        # Side effects and changes are not judged: too much may have them, or none.
        "a.js",
        "function rev(text) { return text.split('').reverse().join(''); }",
        "rev",
        ["It returns the reversed text and has no side effects.", "It is a pure function.", "It keeps the original."],
    ),
    ("a.py", "def pairs(a, b):\n    return zip(a, b)\n", "pairs", ["It yields each pair."]),
    ("a.py", "def pairs(a):\n    return (x\n        for x in a)\n", "pairs", ["It is a generator."]),
    ("a.py", "def start(self):\n    self.queue.put(1)\n    return True\n", "start", ["It is asynchronous."]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "code", "name", "text"), [(file, code, name, text) for file, code, name, texts in KEPT for text in texts]
)
def test_kept(file: str, code: str, name: str, text: str) -> None:
    """A right sentence stays as it is."""
    assert sound(text, of(file, code, name)).text == text


def test_its_name_tells_it_apart() -> None:
    """Where a text speaks of other functions, a sentence with the name of this one is judged all the same."""
    what = of("a.py", "def apply(func, xs):\n    return [func(x) for x in xs]\n", "apply")
    assert sound("`apply` calls a function. `apply` takes one argument.", what).text == "`apply` calls a function."


ODD = ["`" * 1000, " ".join("`" * (i % 50 + 1) for i in range(2000)), "A. " * 3000, "a" * 9000, "a." * 3000,
       "It raises " + "a.b" * 190, "It raises " + "," * 500, "Error." * 1000]  # fmt: skip
SAID = "It raises `FooError`. It raises `ValueError`. It is a generator. It is asynchronous. It calls itself. " + (
    "It returns None if x. It calls `foo_bar`. It takes two arguments. It is decorated with `x`."
)


@pytest.mark.parametrize("row", ODD, ids=range(len(ODD)))
def test_odd_answers_take_no_time(row: str) -> None:
    """Whatever a model repeats, reading it takes about as long as it is."""
    what = of("a.py", "def f(x):\n    return 1\n", "f")
    began = time.process_time()
    sentences(row)
    sound(f"{row} {SAID}", what)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("junk", ["for a in ", "a", ",", "a(b", " ", "Aa(", "[a", "code ", "'x' "])
def test_odd_code_takes_no_time(junk: str) -> None:
    """Neither does what stands in the code."""
    what = of("a.py", f'def f(x):\n    """{junk * (60000 // len(junk))}"""\n    return 1\n', "f")
    began = time.process_time()
    sound(SAID, what)
    assert time.process_time() - began < 2
