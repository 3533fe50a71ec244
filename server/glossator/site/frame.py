"""What all pages share: the head with its policy, the line with search and switch, the foot; style and script.

Both stand in every page, since not every browser lets a page from a disk load other files; the policy lets these two
run by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from .escape import data, escaped
from .names import INDEX

MARK = '<meta name="generator" content="Glossator">'
"""What tells our pages from others' files."""
_HERE = Path(__file__).parent


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def policy() -> str:
    """The Content-Security-Policy of every page."""
    rules = (
        "default-src 'none'",
        f"style-src {_digest(_asset('page.css'))}",
        f"script-src {_digest(_asset('page.js'))}",
    )
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def page(*, title: str, edition: str, kind: str, trail: str, main: str, foot: str, found: Any) -> str:
    """A whole page. `title` and `edition` are text; `trail`, `main` and `foot` are HTML; `found`: what search knows."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
{MARK}
<title>{escaped(title)}</title>
<style>{_asset("page.css")}</style>
<script>{_asset("page.js")}</script>
</head>
<body class="{kind}">
<a class="skip" href="#text">Skip to the text</a>
<header>
<nav aria-label="Where you are" class="trail"><a href="{INDEX}">{escaped(edition)}</a>{trail}</nav>
<div role="search" class="search" hidden>
<input id="query" type="search" placeholder="Search definitions" aria-label="Search definitions"
 autocomplete="off" spellcheck="false" aria-describedby="count" aria-controls="found">
<span id="count" role="status" class="count"></span>
<ul id="found" class="found" aria-label="Definitions that were found" hidden></ul>
</div>
<button id="theme" type="button" hidden aria-pressed="false">Dark</button>
</header>
<main id="text" tabindex="-1">
{main}</main>
<footer>
{foot}</footer>
<script type="application/json" id="definitions">{data(found)}</script>
</body>
</html>
"""
