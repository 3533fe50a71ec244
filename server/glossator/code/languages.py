"""Which language a file is in, and what is particular about each: its grammar, its queries, how it is documented.

Knows nothing of trees: a language is a plain value; grammar and queries are loaded when first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Literal

from tree_sitter import Language as Grammar
from tree_sitter import Query

DocConvention = Literal["docstring", "jsdoc", "javadoc", "doxygen", "godoc", "rustdoc"]
QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        id: Our name for it, which is also its first id in the protocol: `python`, `typescriptreact`.
        name: As a reader writes it: `TypeScript (JSX)`.
        line_comment: What begins a comment that ends with the line.
        extensions: Endings of file names, with the dot, in lower case.
        ids: The language ids by which editors name it.
        doc_convention: How its definitions are documented.
        fence: The word after the three backticks of a Markdown block.
        grammar: Module and function that give the grammar.
        queries: The files in `queries/`, without `.scm`, whose patterns apply.
    """

    id: str
    name: str
    line_comment: str
    extensions: tuple[str, ...]
    ids: tuple[str, ...]
    doc_convention: DocConvention
    fence: str
    grammar: tuple[str, str]
    queries: tuple[str, ...]


LANGUAGES = (
    Language(
        id="python",
        name="Python",
        line_comment="#",
        extensions=(".py", ".pyi", ".pyw"),
        ids=("python",),
        doc_convention="docstring",
        fence="python",
        grammar=("tree_sitter_python", "language"),
        queries=("python",),
    ),
    Language(
        id="javascript",
        name="JavaScript",
        line_comment="//",
        extensions=(".js", ".jsx", ".mjs", ".cjs"),
        ids=("javascript", "javascriptreact"),
        doc_convention="jsdoc",
        fence="javascript",
        grammar=("tree_sitter_javascript", "language"),
        queries=("ecma", "javascript", "jsx"),
    ),
    Language(
        id="typescript",
        name="TypeScript",
        line_comment="//",
        extensions=(".ts", ".mts", ".cts"),
        ids=("typescript",),
        doc_convention="jsdoc",
        fence="typescript",
        grammar=("tree_sitter_typescript", "language_typescript"),
        queries=("ecma", "typescript"),
    ),
    Language(
        id="typescriptreact",
        name="TypeScript (JSX)",
        line_comment="//",
        extensions=(".tsx",),
        ids=("typescriptreact", "tsx"),
        doc_convention="jsdoc",
        fence="tsx",
        grammar=("tree_sitter_typescript", "language_tsx"),
        queries=("ecma", "typescript", "jsx"),
    ),
    Language(
        id="go",
        name="Go",
        line_comment="//",
        extensions=(".go",),
        ids=("go",),
        doc_convention="godoc",
        fence="go",
        grammar=("tree_sitter_go", "language"),
        queries=("go",),
    ),
    Language(
        id="rust",
        name="Rust",
        line_comment="//",
        extensions=(".rs",),
        ids=("rust",),
        doc_convention="rustdoc",
        fence="rust",
        grammar=("tree_sitter_rust", "language"),
        queries=("rust",),
    ),
    Language(
        id="java",
        name="Java",
        line_comment="//",
        extensions=(".java",),
        ids=("java",),
        doc_convention="javadoc",
        fence="java",
        grammar=("tree_sitter_java", "language"),
        queries=("java",),
    ),
    Language(
        id="c",
        name="C",
        line_comment="//",
        extensions=(".c", ".h"),
        ids=("c",),
        doc_convention="doxygen",
        fence="c",
        grammar=("tree_sitter_c", "language"),
        queries=("c",),
    ),
    Language(
        id="cpp",
        name="C++",
        line_comment="//",
        extensions=(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".inl"),
        ids=("cpp", "c++"),
        doc_convention="doxygen",
        fence="cpp",
        grammar=("tree_sitter_cpp", "language"),
        queries=("c", "cpp"),
    ),
)

_BY_ID = {name: language for language in LANGUAGES for name in language.ids}
_BY_EXTENSION = {ending: language for language in LANGUAGES for ending in language.extensions}


def language_of(path: str, language_id: str = "") -> Language | None:
    """The language that the editor names, or else the one that the file's name says; None where neither is known."""
    return _BY_ID.get(language_id) or _BY_EXTENSION.get(Path(path).suffix.lower())


@cache
def grammar(language: Language) -> Grammar:
    """The grammar, loaded once."""
    module, function = language.grammar
    return Grammar(getattr(import_module(module), function)())


@cache
def query(language: Language, topic: str) -> Query:
    """The patterns of `language` on one topic: the sections `;; topic` of its files in `queries/`."""
    source = "\n".join(_section(name, topic) for name in language.queries)
    return Query(grammar(language), source)


def _section(name: str, topic: str) -> str:
    sections = ("\n" + (QUERIES / f"{name}.scm").read_text(encoding="utf-8")).split("\n;; ")
    return "\n".join(part.partition("\n")[2] for part in sections[1:] if part.partition("\n")[0].strip() == topic)
