"""A margin edition: nothing of a file or a model is markup, nothing is fetched, the same input gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glossator.code import Span, Symbol
from glossator.code.languages import language_of
from glossator.code.links import links
from glossator.code.symbols import find, outline
from glossator.code.tree import Tree, parse
from glossator.site import Edition, Gloss, Source, frame
from glossator.site.build import build
from glossator.site.escape import plain
from glossator.site.folder import NotOurs, write
from glossator.site.names import page_names
from glossator.site.page import rows
from glossator.site.prose import phrase, prose

ASSETS = Path(frame.__file__).parent
_TAGS = (
    "html head meta title style script body a header nav div input span ul li button main h1 h2 p pre code details "
    "summary footer em strong ol blockquote br wbr"
)
_ATTRIBUTES = (
    "lang charset http-equiv content name class id href hidden aria-label aria-pressed aria-current aria-describedby "
    "aria-controls role type placeholder autocomplete spellcheck tabindex open title rel"
)
TAGS, ATTRIBUTES = set(_TAGS.split()), set(_ATTRIBUTES.split())
ADDRESS = re.compile(r"([A-Za-z0-9_.=~-]+\.html)?(#[A-Za-z0-9_.=~-]+)?")


class Page(HTMLParser):
    """What a browser would see: elements with attributes, and the text of the lines of code."""

    def __init__(self, written: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.stack: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(written.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.tags.append((tag, held))
        if tag not in {"meta", "input", "br", "wbr"}:
            self.stack.append((tag, held.get("class", "")))
        if held.get("class") == "l":
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1][0] == tag, f"{tag} ends inside of {self.stack[-3:]}"
        self.stack.pop()

    def handle_data(self, text: str) -> None:
        if ("span", "l") in self.stack:
            self.lines[-1] += text
        for _, kind in self.stack:
            self.texts.setdefault(kind, []).append(text)

    def of(self, kind: str) -> str:
        return "".join(self.texts.get(kind, ()))


def sound(written: bytes) -> Page:
    """A page that holds our elements and attributes alone, and asks nothing of any network."""
    page = Page(written)
    assert {tag for tag, _ in page.tags} <= TAGS
    assert {name for _, held in page.tags for name in held} <= ATTRIBUTES
    assert [held for tag, held in page.tags if tag == "script"] == [
        {},
        {"type": "application/json", "id": "definitions"},
    ]
    assert [tag for tag, _ in page.tags].count("style") == 1
    for tag, held in page.tags:
        if "href" in held:
            assert tag == "a" and ADDRESS.fullmatch(held["href"]), held["href"]
    ids = [held["id"] for _, held in page.tags if "id" in held]
    assert len(ids) == len(set(ids))
    assert not page.stack
    return page


def tree_of(text: str, path: str = "a.py") -> Tree:
    language = language_of(path)
    assert language is not None
    return parse(text, language)


def source(text: str, path: str = "a.py", words: str = "It is *so*.", *facts: str) -> Source:
    tree = tree_of(text, path)
    found = {each.span: (each.path, each.start) for each in links(tree, path)}
    glosses = tuple(Gloss(each, facts, words) for each in outline(tree) if each.kind in {"function", "method", "class"})
    return Source(path, text, glosses, found)


def pages(*sources: Source, title: str = "work", model: str = "small") -> dict[str, bytes]:
    return dict(build(Edition(title, sources, model)))


CODE = '''"""What it is about."""
import os


class Tree:
    """A tree."""

    def insert(self, key):
        return walk(self, key)


@staticmethod
def walk(
    tree,
    key,
):
    # looks
    return f"{tree.insert(1)} and" + "<b>"


print(walk(None, 3))
'''


def test_page() -> None:
    """The lines are the file's, each definition has its gloss beside its first line, and calls lead to definitions."""
    made = pages(source(CODE, "a.py", "It is *so*.", "raises `KeyError`"))
    page = sound(made["a.py.html"])
    assert "\n".join(line.removesuffix("\n") for line in page.lines) + "\n" == CODE
    rowed = [held["id"] for tag, held in page.tags if held.get("class") == "row" and "id" in held]
    assert rowed == ["d.Tree", "d.Tree.insert", "d.walk"]
    assert page.of("words").split() == ["It", "is", "so."] * 3
    assert page.of("facts") == "raises KeyError" * 3
    leads = [held["href"] for tag, held in page.tags if tag == "a" and "#d." in held.get("href", "")]
    assert leads.count("#d.walk") == 2  # both calls
    assert "#d.Tree.insert" in leads  # called by
    assert page.of("callers") == "called by Tree.insert, a.py"
    for kind in ("keyword", "comment", "string", "definition"):
        assert f'class="{kind[0]}"' in made["a.py.html"].decode()
    bare = pages(Source("a.py", CODE))["a.py.html"].decode()
    assert 'class="d"' not in bare and 'class="row" id' not in bare


def test_links_between_pages() -> None:
    """A call leads to the other file's page, who calls stands there, and a definition without a gloss is a line."""
    here, there = "src/a.py", "src/b c.py"
    one, other = "x = 1\n\ndef used():\n    return x\n", "used()\nother()\n"
    held = find(tree_of(one), "used")[0]
    sources = [
        Source(here, one, (Gloss(held, (), "It gives x."),), {}),
        Source(there, other, (), {Span(0, 4): (here, held.code.start), Span(7, 12): (here, 0)}),
    ]
    made = pages(*sources)
    assert set(made) == {"index.html", "src~a.py.html", "src~b=20c.py.html"}
    leads = [held.get("href") for tag, held in sound(made["src~b=20c.py.html"]).tags if tag == "a"]
    assert "src~a.py.html#d.used" in leads and "src~a.py.html#L1" in leads
    leads = [held.get("href") for tag, held in sound(made["src~a.py.html"]).tags if tag == "a"]
    assert "src~b=20c.py.html" in leads


def test_missing_is_quiet() -> None:
    """What was not explained yet says so, why there is none where that is known, and no one is named for nothing."""
    symbol = find(tree_of(CODE), "walk")[0]
    page = sound(pages(Source("a.py", CODE, (Gloss(symbol),)), model="")["a.py.html"])
    assert page.of("missing") == "not explained yet"
    assert "model" not in Page(pages(Source("a.py", CODE, (Gloss(symbol),)), model="")["index.html"]).of("")
    page = sound(pages(Source("a.py", CODE, (Gloss(symbol, (), "", "too <long>"),)))["a.py.html"])
    assert page.of("missing") == "no explanation: too <long>"


def test_search_knows_all() -> None:
    """Every page knows every definition and where it stands; of very many, its own alone."""
    made = pages(source(CODE), source("def other(): pass\n", "b.py"))
    for written in made.values():
        (known,) = re.findall(rb'id="definitions">(.*)</script>', written)
        told = json.loads(known)
        assert [row[0] for row in told["definitions"]] == ["Tree", "Tree.insert", "walk", "other"]
        assert told["pages"][told["definitions"][-1][2]] == ["b.py", "b.py.html"]


def test_policy() -> None:
    """The page's own style and script run by their digests, and nothing else may."""
    text = pages(source(CODE))["index.html"].decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    (style,) = re.findall(r"<style>(.*)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    for kind, code in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy


def test_nothing_is_fetched() -> None:
    """Neither style nor script nor page names an address, an import or a font."""
    for written in [*pages(source(CODE)).values(), *((ASSETS / name).read_bytes() for name in ("page.css", "page.js"))]:
        assert not re.search(rb"https?:|@import|url\(|fetch\(|XMLHttp|innerHTML|eval\(|srcset|<link|<img|<svg", written)
    assert b"</" not in (ASSETS / "page.js").read_bytes() + (ASSETS / "page.css").read_bytes()


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme: int) -> None:
    """All text has a contrast of at least 4.5 to what it stands on."""
    css = (ASSETS / "page.css").read_text()
    colours = {name: pair for name, *pair in re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", css)}
    texts = set(colours) - {"paper", "wash", "hair"}
    assert {"ink", "soft", "rubric", "comment"} <= texts
    for ground in ("paper", "wash"):
        weak = {name for name in texts if contrast(colours[name][scheme], colours[ground][scheme]) < 4.5}
        assert not weak, ground


# --- hostile input ----------------------------------------------------------------------------------------------------

HOSTILE = st.lists(
    st.sampled_from(
        [*"<>&\"'`/\\#?%= \n\t\r\0\x0b\x1b", "</script>", "</pre>", "<script>x()</script>", "<!--", "]]>", "&lt;",
         "<img src=x onerror=x()>", "javascript:x()", "https://e.example/x", "[a](https://e.example)", "![a](b)",
         "<a href=//e.example>", "\u202e", "\u2028", "\ufeff", "\ud800", "ä", "木", "\U0001f600", "def f(): pass\n",
         "class A:\n", "    def g(self): f()\n", "'''", "f'{f()}'", "# x\n", "```", "~~~", "- ", "1. ", "> ", "**", "_",
         "|", "{{x}}", "style=", " onclick=x() ", "data:text/html,x", "{", "}", "-->"]
    ),
    max_size=30,
).map("".join)  # fmt: skip
UTF8 = HOSTILE.map(lambda text: text.encode("utf-8", "ignore").decode())
PATHS = st.lists(
    UTF8.map(lambda part: part.replace("/", "").replace("\0", "")[:40]).filter(bool), min_size=1, max_size=3
)


@given(HOSTILE, st.booleans())
@settings(max_examples=300, deadline=None)
@example("[a]: javascript:x\n\n[a]", False)
@example("\\<b>", False)
@example("a\\\nb", False)
def test_hostile_explanations(words: str, inline: bool) -> None:
    """Whatever a model writes: few elements, and not one attribute."""
    page = Page((phrase(words) if inline else prose(words)).encode("utf-8", "replace"))
    assert {tag for tag, _ in page.tags} <= {"p", "ul", "ol", "li", "em", "strong", "code", "pre", "blockquote", "br"}
    assert all(not held for _, held in page.tags)


@given(UTF8, st.sampled_from(["a.py", "a.js", "a.cpp", "a.go", "a.rs"]), HOSTILE)
@settings(max_examples=150, deadline=None)
@example("def f():\r\n    # x\r\n    return f()\r\n", "a.py", "x")
@example("def f(): pass; f(); f()\ndef f(): pass\n", "a.py", "x")
def test_hostile_source(text: str, path: str, words: str) -> None:
    """Whatever stands in a file: the page shows its lines, letter for letter, what cannot be seen being named."""
    page = sound(pages(source(text, path, words, words))[f"{path}.html"])
    expected = [plain(line) for line in re.split(r"\r?\n", text)]
    if len(expected) > 1 and not expected[-1]:
        expected.pop()
    assert [line.removesuffix("\n") for line in page.lines] == expected


@given(st.lists(PATHS.map(lambda parts: "/".join(parts) + ".py"), min_size=1, max_size=4, unique=True), HOSTILE)
@settings(max_examples=100, deadline=None)
@example(["index.html.py", "INDEX.HTML.py", ".x.py", "..py"], "x")
@example(["a/b.py", "a~b.py", "A/b.py", "x" * 300 + ".py"], "x")
def test_hostile_names(paths: list[str], title: str) -> None:
    """Whatever files are called: each has a page of its own with a harmless name, and every address is one of them."""
    made = pages(*(source("def f(): pass\n", path) for path in paths), title=title)
    assert len({name.casefold() for name in made}) == len(paths) + 1
    for name, written in made.items():
        assert re.fullmatch(r"[A-Za-z0-9_=~-][A-Za-z0-9_.=~-]*\.html", name) and len(name) < 200
        for tag, held in sound(written).tags:
            if tag == "a" and (file := held["href"].partition("#")[0]):
                assert file in made


@given(st.text(alphabet="\n x", max_size=30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 9)), max_size=5))
def test_rows_hold_every_line_once(text: str, spans: list[tuple[int, int]]) -> None:
    """Wherever definitions begin and end, the rows hold every line, in order and once."""
    glosses = []
    for start, length in sorted(spans):
        span = Span(min(start, len(text)), min(start + length, len(text)))
        glosses.append(Gloss(Symbol("f", ("f",), "function", span, span, Span(span.start, span.start), span, "f")))
    count = text.count("\n") + 1
    lines = [line for row in rows(text, count, glosses) for line in range(row.start, row.end)]
    assert lines == list(range(count))
    assert all(row.start <= row.head <= row.own <= row.end for row in rows(text, count, glosses) if row.glosses)


# --- the folder -------------------------------------------------------------------------------------------------------


def test_same_bytes(tmp_path: Path) -> None:
    """The same edition gives the same bytes, whatever the order of its files, and what is the same is not touched."""
    one, other = source(CODE), source("def f(): pass\n", "b.py")
    assert pages(one, other) == pages(other, one)
    write(tmp_path / "out", pages(one, other).items())
    times = {each: each.stat().st_mtime_ns for each in (tmp_path / "out").iterdir()}
    write(tmp_path / "out", pages(other, one).items())
    assert {each: each.stat().st_mtime_ns for each in (tmp_path / "out").iterdir()} == times


def test_pages_of_files_that_are_gone(tmp_path: Path) -> None:
    """A page whose file is gone goes, too; what others put beside the pages stays."""
    write(tmp_path, pages(source(CODE), source("def f(): pass\n", "b.py")).items())
    (tmp_path / "own.html").write_text("mine")
    (tmp_path / "CNAME").write_text("mine")
    write(tmp_path, pages(source(CODE)).items())
    assert {each.name for each in tmp_path.iterdir()} == {"index.html", "a.py.html", "own.html", "CNAME"}


def test_a_folder_of_others(tmp_path: Path) -> None:
    """Nothing is written between files that are not ours, over a file, or through a link."""
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(NotOurs, match="holds other files"):
        write(tmp_path, pages(source(CODE)).items())
    assert [each.name for each in tmp_path.iterdir()] == ["index.html"]
    with pytest.raises(NotOurs, match="not a folder"):
        write(tmp_path / "index.html", [])
    out = tmp_path / "out"
    write(out, pages(source(CODE)).items())
    (out / "a.py.html").unlink()
    (out / "a.py.html").symlink_to(tmp_path / "index.html")
    write(out, pages(source(CODE)).items())
    assert (tmp_path / "index.html").read_text() == "mine" and not (out / "a.py.html").is_symlink()


def test_writing_that_was_cut_off(tmp_path: Path) -> None:
    """A folder with some of our pages and no first page yet is written on."""
    made = pages(source(CODE), source("def f(): pass\n", "b.py"))
    write(tmp_path, [(name, text) for name, text in made.items() if name == "a.py.html"])
    (tmp_path / ".page.x").write_text("half")
    assert write(tmp_path, made.items()) == 3
    assert {each.name for each in tmp_path.iterdir()} == set(made)


def test_names_are_stable() -> None:
    """A file's page has the same name whatever other files there are."""
    assert page_names(["src/a.py"]) == {"src/a.py": "src~a.py.html"}
    assert page_names(["src/a.py", "b.py", "ü.py"])["src/a.py"] == "src~a.py.html"
