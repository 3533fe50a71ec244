"""The index: what it finds of a target in other files, in every language; edits; what it keeps on disk."""

from __future__ import annotations

import os
import random
import textwrap
from pathlib import Path

import pytest

from glossator.code import kept
from glossator.code.beyond import beyond
from glossator.code.entry import Entry, entry_of, from_line, to_line
from glossator.code.index import Index
from glossator.code.languages import language_of
from glossator.code.piece import Piece
from glossator.code.receiver import bases, evident
from glossator.code.related import recipe
from glossator.code.resolve import looked_up
from glossator.code.symbols import find
from glossator.code.tree import Tree, parse

SAMPLES = Path(__file__).parent / "samples"
Files = dict[str, str]


def tree_of(path: str, text: str) -> Tree:
    language = language_of(path)
    assert language is not None
    return parse(text, language)


def pieces(files: Files, where: str) -> tuple[Piece, ...]:
    """What `path:symbol` leans on among `files`."""
    trees = {path: tree_of(path, textwrap.dedent(text)) for path, text in files.items()}
    index = Index(entry_of(tree, path) for path, tree in trees.items())
    path, _, name = where.partition(":")
    return beyond(index, trees[path], path, find(trees[path], name)[0].code, trees.get)


def told(files: Files, where: str) -> list[str]:
    """`why path:name` of each piece."""
    return [f"{each.why} {each.path}:{each.name}" for each in pieces(files, where)]


PYTHON: Files = {
    "shop/__init__.py": "from .rates import of as rate_of\n",
    "shop/rates.py": """
        BASE = 3
        OTHER = 4
        def of(x):
            return BASE * x
        class Rate:
            def __init__(self, n): self.n = n
            def times(self, x): return self.n * x
        """,
    "shop/orders.py": """
        from __future__ import annotations
        import json
        from . import rates
        from .rates import Rate, BASE as START
        from shop import rate_of

        class Order:
            rate: Rate
            def total(self, given: Rate, x):
                return given.times(x) + rates.of(x) + START
            def plain(self):
                return self.rate.times(1) + rate_of(2) + len(json.dumps(3))
        """,
    "tools/of.py": "def of(x): return 0\ndef times(x): return 0\n",
    "app.py": "from shop.orders import Order\ndef main():\n    o = Order()\n    return o.total(None, 1)\n",
}


def test_python() -> None:
    """Imports decide what a name means, the class of the receiver which method, and the callee brings its constants."""
    assert told(PYTHON, "shop/orders.py:Order.total") == [
        "calls shop/rates.py:Rate.times",
        "calls shop/rates.py:of",
        "uses shop/rates.py:BASE",
        "names shop/rates.py:Rate",
        "called by app.py:main",
    ]
    found = told(PYTHON, "shop/orders.py:Order.plain")
    assert set(found) == {
        "calls shop/rates.py:Rate.times",
        "calls shop/rates.py:of",
        "uses shop/rates.py:BASE",
    }
    assert "called by shop/orders.py:Order.total" in told(PYTHON, "shop/rates.py:of")


def test_what_is_shown() -> None:
    """A piece says where it is from, and a call is shown with the header of what it stands in."""
    method, *_, call = pieces(PYTHON, "shop/orders.py:Order.total")
    assert method.title == "The method `Rate.times` that it calls, from `shop/rates.py`"
    assert method.code == "def times(self, x): return self.n * x"
    assert call.title == "A call of it by `main`, from `app.py`"
    assert call.code == "def main(): …\n    return o.total(None, 1)"
    assert call.line == 4


OTHERS: dict[str, tuple[Files, str, set[str]]] = {
    "javascript": (
        {
            "a/main.js": """
                import tax, { net as n } from './rates';
                import * as all from '../lib/index.js';
                export function total(x) { return n(x) + tax(x) + all.twice(x) + missing(x); }
                """,
            "a/rates.js": "export function net(x) { return x; }\nexport default function tax(x) { return 2 * x; }\n",
            "lib/index.js": "export { twice } from './more.js';\n",
            "lib/more.js": "export const twice = (x) => 2 * x;\n",
            "other.js": "import {total} from './a/main'\nfunction use() { return total(1); }\nfunction missing() {}\n",
        },
        "a/main.js:total",
        {"calls a/rates.js:net", "calls a/rates.js:tax", "calls lib/more.js:twice", "called by other.js:use"},
    ),
    "typescript": (
        {
            "src/main.ts": """
                import type { Part } from './types';
                import { Store } from '@/store';
                export function weigh(part: Part): number { const s = new Store(); return s.load(part) }
                """,
            "src/types.ts": "export interface Part { weight: number }\n",
            "src/store.ts": "import {Base} from './base'\nexport class Store extends Base { save() {} }\n",
            "src/base.ts": "export class Base { load(x: number) { return x } }\n",
        },
        "src/main.ts:weigh",
        {"names src/types.ts:Part", "calls src/store.ts:Store", "calls src/base.ts:Base.load"},
    ),
    "go": (
        {
            "shop/order.go": """
                package shop
                import "example.org/m/rates"
                func (o *Order) Total(r rates.Rate) int { return rates.Of(o.count()) + limit() }
                """,
            "shop/types.go": "package shop\ntype Order struct { N int }\nfunc (o *Order) count() int { return o.N }\n",
            "shop/limit.go": "package shop\nfunc limit() int { return 9 }\n",
            "rates/rates.go": "package rates\ntype Rate struct { N int }\nfunc Of(n int) int { return 2 * n }\n",
            "else/limit.go": "package other\nfunc limit() int { return 0 }\n",
        },
        "shop/order.go:Order.Total",
        {
            "calls rates/rates.go:Of",
            "calls shop/types.go:Order.count",
            "calls shop/limit.go:limit",
            "names rates/rates.go:Rate",
            "names shop/types.go:Order",
        },
    ),
    "rust": (
        {
            "src/main.rs": """
                mod rates;
                use crate::rates::{net, Rate as R};
                fn total(r: &R, x: u8) -> u8 { net(x) + rates::gross(x) + R::new(1).times(x) + r.times(2) }
                """,
            "src/rates.rs": """
                pub struct Rate { n: u8 }
                impl Rate {
                    pub fn new(n: u8) -> Rate { Rate { n } }
                    pub fn times(&self, x: u8) -> u8 { self.n * x }
                }
                pub fn net(x: u8) -> u8 { x }
                pub fn gross(x: u8) -> u8 { 2 * x }
                """,
        },
        "src/main.rs:total",
        {
            "calls src/rates.rs:net",
            "calls src/rates.rs:gross",
            "calls src/rates.rs:Rate.new",
            "calls src/rates.rs:Rate.times",
            "names src/rates.rs:Rate",
        },
    ),
    "java": (
        {
            "src/a/Cart.java": """
                package a;
                import b.Rates;
                import static b.Rates.gross;
                class Cart extends Base {
                  int total(Part p) { Rates r = new Rates(); return r.net(p.w) + gross(1) + limit(); }
                }
                """,
            "src/a/Base.java": "package a;\nclass Base { int limit() { return 3; } }\n",
            "src/a/Part.java": "package a;\nclass Part { int w; }\n",
            "src/b/Rates.java": "package b;\npublic class Rates { int net(int x) { return x; } "
            "static int gross(int x) { return 2; } }\n",
        },
        "src/a/Cart.java:Cart.total",
        {
            "calls src/b/Rates.java:Rates.net",
            "calls src/b/Rates.java:Rates.gross",
            "calls src/b/Rates.java:Rates",
            "calls src/a/Base.java:Base.limit",
            "names src/a/Part.java:Part",
        },
    ),
    "c": (
        {
            "src/main.c": '#include "rates.h"\nint total(struct rate *r, int x) { return net(x) + MOST; }\n',
            "include/rates.h": "#define MOST 9\nstruct rate { int n; };\nint net(int x);\n",
            "src/rates.c": '#include "rates.h"\nint net(int x) { return 2 * x; }\n',
            "test/fake.c": "int net(int x) { return 0; }\n",
        },
        "src/main.c:total",
        {"calls src/rates.c:net", "uses include/rates.h:MOST", "names include/rates.h:rate"},
    ),
    "cpp": (
        {
            "main.cpp": '#include "cart.hpp"\nint total(Cart& c) { return c.weigh(2) + shop::net(1); }\n',
            "cart.hpp": "class Cart { public: int weigh(int x); };\nnamespace shop { int net(int x); }\n",
            "cart.cpp": '#include "cart.hpp"\nint Cart::weigh(int x) { return x; }\n'
            "namespace shop { int net(int x) { return x; } }\n",
        },
        "main.cpp:total",
        {"calls cart.cpp:Cart.weigh", "calls cart.cpp:shop.net", "names cart.hpp:Cart"},
    ),
}


@pytest.mark.parametrize("language", OTHERS)
def test_languages(language: str) -> None:
    """Each language's imports lead to the definitions that a reader would open."""
    files, where, expected = OTHERS[language]
    assert set(told(files, where)) == expected


def test_nothing_is_guessed() -> None:
    """A name that is not imported means nothing elsewhere, nor does a common method of a receiver that is not known."""
    files = {
        "a.py": "def f(callback, x):\n    callback(1)\n    x.get(2)\n    x.weigh(3)\n    return open(x)\n",
        "b.py": "def callback(x): pass\ndef open(x): pass\nclass C:\n    def get(self, x): pass\n"
        "    def weigh(self, x): pass\n",
    }
    assert told(files, "a.py:f") == ["calls b.py:C.weigh"]


def test_circles() -> None:
    """Modules that pass names on in a circle, and a class that is its own base, come to an end."""
    files = {
        "a.py": "from b import *\nfrom b import q\nclass A(A):\n    def f(self):\n        q(); self.g(); z()\n",
        "b.py": "from a import *\nfrom a import q\nfrom a import A\nclass B(A): pass\n",
    }
    assert told(files, "a.py:A.f") == []


def test_what_an_answer_depends_on() -> None:
    """Another meaning of what is shown is another recipe; another layout or place of it, or other code, is not."""

    def of(rates: str) -> str:
        files = {"a.py": "from rates import net\ndef f(x): return net(x)\n", "rates.py": rates}
        tree = tree_of("a.py", files["a.py"])
        return recipe(tree, tree.text, find(tree, "f")[0].code, pieces(files, "a.py:f"))

    first = of("def net(x): return 2 * x\n")
    assert first == of("import os\n\n\ndef net(x):\n    # twice\n    return (2 * x)\n\ndef other(): pass\n")
    assert first != of("def net(x): return 3 * x\n")
    tree = tree_of("a.py", "def f(x): return 1\n")
    assert recipe(tree, tree.text, find(tree, "f")[0].code) == recipe(tree, tree.text, find(tree, "f")[0].code, ())


def samples() -> list[Entry]:
    return [entry_of(tree_of(path.name, path.read_text("utf-8")), path.name) for path in sorted(SAMPLES.glob("*.*"))]


WILD = ("", "x", "\n", "{", "def g(a): return h(a)\n", "import q.r\n", '"""', "é")


@pytest.mark.parametrize("seed", range(4))
def test_edits_equal_a_fresh_build(seed: int) -> None:
    """After any edits the index is what a build from the files as they are then makes."""
    chance = random.Random(seed)
    texts = {path.name: path.read_text("utf-8") for path in SAMPLES.glob("*.*")}
    index = Index(entry_of(tree_of(path, text), path) for path, text in texts.items())
    trees = {path: tree_of(path, text) for path, text in texts.items()}
    for _ in range(40):
        path = chance.choice(sorted(texts))
        if chance.random() < 0.1:
            index.drop(path)
            index.put(entry_of(trees[path], path))
        start = chance.randrange(len(texts[path]))
        end = min(len(texts[path]), start + chance.choice((0, 1, 30, 200)))
        more = chance.choice(WILD)
        texts[path] = texts[path][:start] + more + texts[path][end:]
        trees[path] = trees[path].edited(texts[path])
        index.put(entry_of(trees[path], path))
    fresh = Index(entry_of(tree, path) for path, tree in trees.items())
    assert vars(index) == vars(fresh)


@pytest.mark.parametrize("seed", range(4))
def test_edited_trees_equal_parsed_texts(seed: int) -> None:
    """While a file has no syntax errors, what an edited tree says is what its text, read anew, says."""
    chance = random.Random(seed)
    path = "inventory.py"
    text = (SAMPLES / path).read_text("utf-8")
    tree, index = tree_of(path, text), Index()
    for number in range(30):
        lines = text.splitlines(keepends=True)
        tops = [at for at, line in enumerate(lines) if line.startswith(("def ", "import ", "class ", "@"))]
        more = chance.choice(
            (f"def g{number}(a):\n    return a.h(g(a))\n\n", f"import q{number}.r as s\n", "X = 'é'\n")
        )
        lines.insert(chance.choice([at for at in tops if not at or not lines[at - 1].startswith("@")]), more)
        text = "".join(lines)
        tree = tree.edited(text)
        index.put(entry_of(tree, path))
    assert not tree.errors()
    assert vars(index) == vars(Index([entry_of(tree_of(path, text), path)]))


def test_lines() -> None:
    """An entry survives being a line; a line with any other letter is none."""
    for entry in samples():
        line = to_line(entry)
        assert from_line(line) == entry and "\n" not in line
        chance = random.Random(len(line))
        for _ in range(20):
            at = chance.randrange(len(line))
            changed = line[:at] + chr(32 + (ord(line[at]) - 31) % 90) + line[at + 1 :]
            assert from_line(changed) is None or changed == line
    for broken in ("", "-", "{}", "x [1]", line[:40], f"{line[:33]}[]"):
        assert from_line(broken) is None


def test_kept(tmp_path: Path) -> None:
    """What was kept comes back; of a damaged file what is whole; of another workspace's or format's nothing."""
    entries = [entry._replace(size=1) for entry in samples()]
    file = kept.place(tmp_path, Path("/some where"))
    kept.save(file, Path("/some where"), [*entries, entries[0]._replace(path="live.py", size=-1)])
    assert file.stat().st_mode & 0o077 == 0
    assert list(kept.load(file, Path("/some where"))) == entries
    assert list(kept.load(file, Path("/elsewhere"))) == []
    data = file.read_bytes()
    file.write_bytes(data[:-500])
    assert list(kept.load(file, Path("/some where"))) == entries[:-1]
    file.write_bytes(b"\x80\n" + data)
    assert list(kept.load(file, Path("/some where"))) == []
    assert list(kept.load(tmp_path, Path("/x"))) == list(kept.load(tmp_path / "none", Path("/x"))) == []
    old = tmp_path / "old.jsonl"
    old.touch()
    os.utime(old, (1, 1))
    kept.tidy(tmp_path)
    assert file.exists() and not old.exists()
    outside = entries[0]._replace(path="../x.py")
    kept.save(file, Path("/x"), [outside])
    assert list(kept.load(file, Path("/x"))) == []


HOSTILE = ["a." * 45_000, "x : " * 22_000, "x:" * 45_000, "a::" * 30_000, "a<" * 45_000, "x  " * 30_000]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.timeout(60)
def test_receivers_in_made_up_text(text: str) -> None:
    """What a method is called on is looked for in a time that does not grow with the square of a line."""
    assert len(evident(text, "x", attribute=True)) <= 4
    assert len(bases(f"class A({text}{'a' * 90_000}", "python")) <= 6


@pytest.mark.timeout(60)
def test_files_that_pass_on_each_other() -> None:
    """Names are found through files that pass on all of each other, and looked for in vain in no endless time."""
    stars = "".join(f"from m{number} import *\n" for number in range(60))
    texts = {f"m{number}.py": stars for number in range(60)} | {"m3.py": f"{stars}def there(): pass\n"}
    index = Index(entry_of(tree_of(path, text), path) for path, text in texts.items())
    here = index.entries["m0.py"]
    assert [each.entry.path for each in looked_up(index, here, "", "there")] == ["m3.py"]
    assert all(not looked_up(index, here, "", f"absent_{number}") for number in range(100))
