"""An explanation's Markdown as HTML: paragraphs, lists, emphasis and code, without a single attribute.

The only importer of markdown_it. What it is given is sanitised first, and what it makes is looked at: anything but the
few elements above becomes plain text.
"""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..answer.markdown import sanitised
from .escape import escaped, plain

_OFF = ["heading", "lheading", "hr", "html_block", "reference", "image", "link", "autolink", "html_inline"]
_PAIRS = ("paragraph", "bullet_list", "ordered_list", "list_item", "blockquote", "em", "strong")
_KNOWN = frozenset(
    ["inline", "text", "softbreak", "hardbreak", "code_inline", "code_block", "fence"]
    + [f"{name}_{end}" for name in _PAIRS for end in ("open", "close")]
)


def prose(markdown: str) -> str:
    """Blocks of HTML."""
    return _rendered(markdown, inline=False)


def phrase(markdown: str) -> str:
    """HTML within a paragraph."""
    return _rendered(markdown, inline=True)


def _rendered(markdown: str, *, inline: bool) -> str:
    renderer = _renderer()
    safe = sanitised(plain(markdown.replace("\r\n", "\n")))
    tokens = renderer.parseInline(safe) if inline else renderer.parse(safe)
    every = [*tokens, *(child for token in tokens for child in token.children or ())]
    if any(token.type not in _KNOWN for token in every):
        return escaped(markdown) if inline else f"<p>{escaped(markdown)}</p>\n"
    for token in every:
        _bare(token)
    return str(renderer.renderer.render(tokens, renderer.options, {}))


def _bare(token: Token) -> None:
    """Neither the word behind a fence nor the first number of a list is worth an attribute that text decides about."""
    token.attrs = {}
    token.info = ""


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).disable(_OFF)
