"""Markdown from a model fetches nothing and runs nothing, in whatever renderer."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from glossator.answer.markdown import plain_text, sanitised

RENDERERS = [
    MarkdownIt("commonmark"),
    MarkdownIt("gfm-like", {"linkify": False}),
    MarkdownIt("commonmark").enable("table"),
]
LIVE = {"image", "link_open", "html_inline", "html_block"}


def live(markdown: str) -> list[str]:
    """The kinds of tokens that fetch or run something."""
    found: list[str] = []
    for renderer in RENDERERS:
        stack: list[Token] = list(renderer.parse(markdown))
        while stack:
            token = stack.pop()
            found += [token.type] if token.type in LIVE else []
            stack += token.children or []
    return found


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("It *adds* `a[0](b)` and `<b>`.", "It *adds* `a[0](b)` and `<b>`."),
        ("See ![x](https://e.example/p.png) here", "See x here"),
        ("[run](command:rm)", "run"),
        ("<img src=x>", "&lt;img src=x>"),
        ("```python\nd[1](x) <b>\n```", "```python\nd[1](x) <b>\n```"),
        ("```\nopen", "```\nopen\n```"),
        ("a[i] and b[j]", "a[i] and b[j]"),
        ("[a]: https://e.example", "[a] : `https://e.example`"),
    ],
)
def test_shown(markdown: str, shown: str) -> None:
    """Code stays as it is, links become words."""
    assert sanitised(markdown) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("```python\ndef f(**more)\n```\n\nraises `E` · **all** of it", "def f(**more)\n\nraises `E` · all of it"),
        ("*No explanation: a\\_b \\* c*", "No explanation: a_b * c"),
        ("**uses `*x`** and *`y`*; a *b and c* d ** e", "uses `*x` and `y`; a b and c d ** e"),
        ("`**kept**` **kwargs 2*3*4 &lt;b>", "`**kept**` **kwargs 2*3*4 <b>"),
        ("~~~~\n``` *a*\n~~~~", "``` *a*"),
    ],
)
def test_plain(markdown: str, shown: str) -> None:
    """Where markdown is shown as it is, there are no fences, stars and escapes in it; code is as it was."""
    assert plain_text(markdown) == shown


def test_https_is_text() -> None:
    """An https address stays readable and is no link."""
    assert "e.example" in sanitised("[docs](https://e.example/a)")
    assert not live(sanitised("<https://e.example/a>"))


ATTACKS = st.lists(
    st.sampled_from(
        [*"[]()<>`|'\"#=\t\n\\a ", "![", "](", "][", "]:", "[^", "<img ", "``", "```", "~~~", "\n\n", "    ", "- ",
         "> ", "``", "1. ", "|-|\n", "https://e.example", "command:x", "<!--", "-->", "&lt;"]
    ),
    max_size=24,
)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(ATTACKS)
@example(["[", "``", "\\", "https://e.example", "](", ")"])  # a backslash before an address
def test_nothing_live(words: list[str]) -> None:
    """No mixture of marks leaves an image, a link or a tag."""
    markdown = "".join(words)
    assert not live(sanitised(markdown)), repr(sanitised(markdown))
