"""A model's text -> the header of a function with type annotations, and an empty body. Knows text only.

Asked for the header alone, a small model cannot change the code, and it writes a fifth of the tokens.
"""

from __future__ import annotations

import re

_BUILT_IN = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset", "Type": "type"}


def headed(answer: str, name: str, language: str = "python") -> str | None:
    """The header of `name` in `answer` as code of `language` that can be parsed; None where there is none."""
    return _python(answer, name) if language == "python" else _ecma(answer, name)


def _ecma(answer: str, name: str) -> str | None:
    """The last line that begins a definition of `name`, up to its body, with an empty one."""
    words = "export|default|async|public|private|protected|static|readonly|override|function|const|let|var"
    starts = list(re.finditer(rf"^[ \t]*(?:(?:{words})\b[ \t]*)*\*?[ \t]*{re.escape(name)}[ \t]*[(<=:]", answer, re.M))
    if not starts:
        return None
    header = re.split(r"\{[ \t]*(?:\n|\Z)|\n[ \t]*```", answer[starts[-1].start() :].strip(), maxsplit=1)[0]
    header = header.rstrip().rstrip(";").rstrip() + " {}"
    alone = re.match(r"(?:(?:export|default|async)\b\s*)*(?:function|const|let|var)\b", header)
    return header if alone else f"class Around {{\n{header}\n}}"


def _python(answer: str, name: str) -> str | None:
    """The last definition of `name` in `answer` up to its colon, with `...` for a body; None where there is none.

    Names that typing only keeps for old programs are written as today's: `List[int]` is `list[int]`.
    """
    starts = [
        match.start() for match in re.finditer(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", answer, re.M)
    ]
    if not starts:
        return None
    header = _until_colon(answer[starts[-1] :].lstrip())
    return (
        re.sub(rf"\b(?:typing\.)?({'|'.join(_BUILT_IN)})\[", lambda match: _BUILT_IN[match[1]] + "[", header) + " ..."
    )


def _until_colon(text: str) -> str:
    """`text` up to the colon outside of brackets and strings, the colon included; added where the text ends before."""
    depth, quote = 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == ":" and not depth:
            return text[: at + 1]
    return text.partition("\n```")[0].rstrip() + ":"
