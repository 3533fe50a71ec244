"""What a file's import statements bring in, as plain values: from which module, which name, under which name.

Reads statements and resolves nothing: which files a module is in, `modules.py` says.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tree_sitter import QueryCursor

from .languages import query
from .tree import Tree


class Bound(NamedTuple):
    """One name that a statement brings in.

    Attributes:
        module: As the language writes it: `..shop.rates`, `./rates`, `example.org/rates`, `crate::rates`, `rates.h`.
        name: The name in the module; "" for the module itself, "*" for all that it has, "default" for its default.
        alias: The name that it has here; "" where it has none (`*`, and what is only passed on under its own name).
    """

    module: str
    name: str
    alias: str


class Brought(NamedTuple):
    """What a file brings in, in order, and the package that it says it belongs to."""

    bound: tuple[Bound, ...]
    package: str


_SPACE = re.compile(r"\s+")
_ECMA_SOURCE = re.compile(r"""(?:from\s*|import\s*|require\s*\(\s*)(["'])(.+?)\1""", re.DOTALL)
_ECMA_NAMED = re.compile(r"\{(.*?)\}", re.DOTALL)
_ECMA_ALL = re.compile(r"\*\s*(?:as\s+([\w$]+))?")
_ECMA_FIRST = re.compile(r"(?:import|export)\s+(?:type\s+)?([\w$]+)\s*(?:,|from)")
_GO = re.compile(r"""(?:([\w.]+)\s+)?["`]([^"`]+)["`]""")
_JAVA = re.compile(r"import\s+(static\s+)?([\w.]+?)(\.\*)?\s*;")
_INCLUDE = re.compile(r'#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def brought(tree: Tree) -> Brought:
    """What the statements of `tree` bring in; worked out once for a tree."""
    return tree.once("brought", lambda: _brought(tree))


def _brought(tree: Tree) -> Brought:
    nodes = QueryCursor(query(tree.language, "brings")).captures(tree.root).get("from", [])
    read = _READERS[tree.language.doc_convention]
    found: list[Bound] = []
    package = ""
    for node in sorted(nodes, key=lambda node: node.start_byte):
        text = tree.source(node)
        if node.type in {"package_clause", "package_declaration"}:
            package = _SPACE.sub("", text.strip().rstrip(";").removeprefix("package"))
            continue
        found += read(text)
    return Brought(tuple(dict.fromkeys(found)), package)


def _python(text: str) -> Iterator[Bound]:
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in statements:
        if isinstance(statement, ast.Import):
            for each in statement.names:
                yield Bound(each.name, "", each.asname or each.name)
        elif isinstance(statement, ast.ImportFrom):
            module = "." * statement.level + (statement.module or "")
            for each in statement.names:
                yield Bound(module, each.name, "" if each.name == "*" else each.asname or each.name)


def _ecma(text: str) -> Iterator[Bound]:
    source = _ECMA_SOURCE.search(text)
    if source is None:
        return
    module, head = source[2], text[: source.start()]
    passed = text.startswith("export")
    required = re.match(r"\s*([\w$]+)\s*=", head)
    if required:
        yield Bound(module, "", required[1])
    if first := _ECMA_FIRST.match(head + source[0]):
        yield Bound(module, "default", first[1])
    if everything := _ECMA_ALL.search(head):
        yield Bound(module, "" if everything[1] else "*", everything[1] or "")
    for name, alias in _named(_ECMA_NAMED.search(head), r"\s+as\s+|\s*:\s*"):
        yield Bound(module, name, alias)
    if not head.strip(" \n\timport") and not passed:
        yield Bound(module, "", "")


def _named(listed: re.Match[str] | None, between: str) -> Iterator[tuple[str, str]]:
    for part in (listed[1] if listed else "").split(","):
        name, _, alias = re.sub(between, "=", part.strip().removeprefix("type "), count=1).partition("=")
        if name.strip():
            yield name.strip(), alias.strip() or name.strip()


def _go(text: str) -> Iterator[Bound]:
    for alias, path in _GO.findall(text):
        last = re.sub(r"^v\d+$", "", path.rpartition("/")[2]) or path.split("/")[-2 if "/" in path else -1]
        yield Bound(path, "*" if alias == "." else "", "" if alias in {".", "_"} else alias or last)


def _rust(text: str) -> Iterator[Bound]:
    text = _SPACE.sub(" ", re.sub(r"#\[.*?\]", "", text)).strip().rstrip(";").strip()
    text = re.sub(r"^pub(?:\s*\([^)]*\))?\s+", "", text)
    word, _, rest = text.partition(" ")
    if word == "mod":
        yield Bound(f"self::{rest}", "", rest)
    elif word == "use":
        yield from _used(rest.replace(" as ", "=").replace(" ", ""))
    elif word == "extern":
        name, _, alias = rest.removeprefix("crate ").replace(" as ", "=").replace(" ", "").partition("=")
        yield Bound(name, "", alias or name)


def _used(path: str, prefix: str = "", depth: int = 0) -> Iterator[Bound]:
    """The leaves of a `use` tree without blanks: `a::{b, c=d, e::*}`."""
    if depth > 20:
        return
    head, brace, rest = path.partition("{")
    if brace:
        for part in _parts(rest[: rest.rfind("}")] if "}" in rest else rest):
            yield from _used(part, prefix + head, depth + 1)
        return
    whole, _, alias = (prefix + path).removeprefix("::").partition("=")
    if whole.endswith("::self"):
        whole = whole.removesuffix("::self")
    module, _, name = whole.rpartition("::")
    if name:
        yield Bound(module, name, "" if name == "*" else alias or name)


def _parts(text: str) -> Iterator[str]:
    """What commas outside of braces part."""
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and not depth:
            yield text[start:at]
            start = at + 1
    if text[start:]:
        yield text[start:]


def _java(text: str) -> Iterator[Bound]:
    found = _JAVA.match(_SPACE.sub(" ", text))
    if found is None:
        return
    if found[3]:
        yield Bound(found[2], "*", "")
        return
    module, _, name = found[2].rpartition(".")
    yield Bound(module, name, name)


def _c(text: str) -> Iterator[Bound]:
    if found := _INCLUDE.match(text):
        yield Bound(found[1] or found[2], "*", "")
    elif (used := re.match(r"using\s+(?!namespace\b)([\w:]+)\s*;", text)) is not None:
        module, _, name = used[1].rpartition("::")
        yield Bound(module, name, name)


_READERS: dict[str, Callable[[str], Iterator[Bound]]] = {
    "docstring": _python,
    "jsdoc": _ecma,
    "godoc": _go,
    "rustdoc": _rust,
    "javadoc": _java,
    "doxygen": _c,
}
"""By how a language is documented, which also tells families of languages apart."""
