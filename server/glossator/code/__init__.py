"""Source text in, facts out. The only importer of tree_sitter; imports nothing else of this program.

All positions in here are offsets into the Python string that holds the text (code points, from 0); tree-sitter's bytes
and the protocol's lines and columns are converted at the two borders (`tree.py` and `lsp/convert.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of offsets in a text, `text[start:end]`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The text inside the span."""
        return text[self.start : self.end]

    def holds(self, other: Span) -> bool:
        """Whether `other` lies inside."""
        return self.start <= other.start and other.end <= self.end


SymbolKind = Literal[
    "function", "method", "class", "interface", "struct", "enum", "trait", "module", "variable", "type"
]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named definition.

    Attributes:
        name: Its own name, `insert`.
        path: The names from the outermost scope to itself, `("Tree", "insert")`.
        kind: What it is.
        span: The whole definition: decorators, attributes and `export` included; a doc comment above it (Rust `///`,
            Javadoc, JSDoc, Go) too.
        code: `span` without a doc comment above it: what an edit replaces.
        name_span: The name's own place.
        body: The body (a block, without the header), or None for declarations.
        signature: The header on one line, white space folded, without body.
        docstring: The documentation text with its marks removed, or "".
        docstring_span: Its place, or None.
        decorators: Decorators, annotations and attributes as written.
        parameters: Parameter names in order, as written, without types and defaults; `self`/`this` included.
    """

    name: str
    path: tuple[str, ...]
    kind: SymbolKind
    span: Span
    code: Span
    name_span: Span
    body: Span | None
    signature: str
    docstring: str = ""
    docstring_span: Span | None = None
    decorators: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def qualified(self) -> str:
        """`Tree.insert`, the form that a shell user types."""
        return ".".join(self.path)


class TooLarge(Exception):
    """The text is over the size caps that keep parsing quick and safe; the message names size and cap, not the file."""
