"""Markdown from a model, made safe to show: no images, no raw HTML, and links only as text. Knows nothing else.

An image is fetched without a click and a `command:` link runs a command, so what a model was talked into by a comment
in a file must not become either. Wherever renderers could disagree about what is code, the text is treated as prose:
the worst outcome is an ugly character, never a live link.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$")
_INLINE = re.compile(r"!?\[([^\[\]\n]*)\]\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")
_BARE = re.compile(r"\b(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}://|www\.|mailto:|command:|javascript:|data:)[^\s<>`|]*", re.I)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TICKS = re.compile(r"`+")
_MARKED = re.compile(
    r"(?P<code>`+[^`\n]+`+)"
    r"|(?<![\w*])(?P<mark>\*{1,3})(?=\S)(?P<inner>(?:`[^`\n]+`|\\.|[^*`\n\\])+(?<!\s))(?P=mark)(?![\w*])"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<less>&lt;)"
)


def sanitised(markdown: str) -> str:
    """`markdown` with images as their description, links as their text (and their address where it is https) and tags
    as visible text. Code is kept as it is; an open fence is closed."""
    rows: list[str] = []
    fence, indent = "", 0
    for row in re.split(r"\r\n|\r|\n", markdown):
        match = _FENCE.match(row)
        if fence:
            closing = match and not match[2].strip() and match[1][0] == fence[0] and len(match[1]) >= len(fence)
            rows.append(fence if closing else row.removeprefix(" " * indent))
            fence = "" if closing else fence
        elif match:
            # At the margin no list and no quote can end before the fence does.
            fence, indent = match[1], len(row) - len(row.lstrip(" "))
            rows.append(fence + re.sub(r"[^\w+#.-]", "", match[2]))
        else:
            rows.append(_prose(row))
    return "\n".join([*rows, fence] if fence else rows)


def plain_text(markdown: str) -> str:
    """Markdown for clients that show it as it is: without fences, stars of emphasis and escapes."""
    rows: list[str] = []
    fence = ""
    for row in markdown.split("\n"):
        before, fence = fence, fence_after(fence, row)
        if before and fence:
            rows.append(row)
        elif not before and not fence:
            rows.append(_MARKED.sub(_bare, row))
    return "\n".join(rows).strip("\n")


def _bare(match: re.Match[str]) -> str:
    if match["mark"]:
        return _MARKED.sub(_bare, match["inner"])
    return match["code"] or match["escaped"] or "<"


def fence_after(fence: str, row: str) -> str:
    """The mark of the fence that is open after `row`; `fence` is the one before it, "" for none."""
    match = _FENCE.match(row)
    if not fence:
        return match[1] if match else ""
    closing = match and not match[2].strip() and match[1][0] == fence[0] and len(match[1]) >= len(fence)
    return "" if closing else fence


def open_fence(markdown: str) -> str:
    """The mark of the fence that is never closed, or ""."""
    fence = ""
    for row in markdown.split("\n"):
        fence = fence_after(fence, row)
    return fence


def _prose(row: str) -> str:
    """One line outside of fences: its code spans as they are, the rest made safe."""
    pieces: list[str] = []
    position = 0
    while ticks := _TICKS.search(row, position):
        closing = next((end for end in _TICKS.finditer(row, ticks.end()) if end[0] == ticks[0]), None)
        escaped = (ticks.start() - len(row[: ticks.start()].rstrip("\\"))) % 2
        pieces.append(_plain(row[position : ticks.start()]))
        if closing is None or escaped or "|" in row[ticks.end() : closing.start()]:
            # A lone mark could pair with one in the next line, and a bar ends a table's cell before it ends the code.
            pieces[-1] += "\\`" * len(ticks[0]) if not escaped else "`" + "\\`" * (len(ticks[0]) - 1)
            position = ticks.end()
        else:
            pieces.append(row[ticks.start() : closing.end()])
            position = closing.end()
    return _joined([*pieces, _plain(row[position:])])


def _joined(pieces: list[str]) -> str:
    """The pieces in a row; the end of one does not change the mark that the next begins with."""
    row = ""
    for piece in pieces:
        row += " " + piece if piece.startswith("`") and row.endswith(("\\", "`")) else piece
    return row


def _plain(text: str) -> str:
    """Text that holds no code: links and images as words, and nothing left that could be read as one."""
    text = _INLINE.sub(_words, text)
    position, pieces = 0, list[str]()
    for match in _BARE.finditer(text):
        pieces += [_escaped(text[position : match.start()]), _address(match)]
        position = match.end()
    return _joined([*pieces, _escaped(text[position:])])


def _escaped(text: str) -> str:
    text = _MAIL.sub(lambda match: match[0].replace("@", " at "), text)
    text = re.sub(r"<(?=[A-Za-z/!?]|\Z)", "&lt;", text)
    # Without these neighbours no bracket is a link, an image, a footnote or a definition of one.
    return re.sub(r"\](?=[(\[:])", "] ", text).replace("![", "! [").replace("[^", "[ ^")


def _words(match: re.Match[str]) -> str:
    words, address = match[1], match[2].strip().split(" ")[0]
    if match[0].startswith("!") or words == address or not address.lower().startswith("https://"):
        return words
    return f"{words} ({address})"


def _address(match: re.Match[str]) -> str:
    """A bare address that no renderer makes a link of: as code where it is https, as its kind alone elsewhere."""
    address = match[0].rstrip(".,;:)]")
    rest = match[0][len(address) :]
    return (f"`{address}`" if address.lower().startswith("https:") else address.split(":")[0]) + rest
