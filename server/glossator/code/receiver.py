"""The class of what a method is called on, where the text shows it plainly: an annotation, a call of the class itself.

Knows text alone, no trees, no files; what is not plain is not found. Each expression takes a time that grows with the
text and not with its square: a file of somebody else's may be made so that it would.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TYPE = r"[A-Za-z_][\w.]*+(?:::\w++)*+"
_WRAPPERS = re.compile(r"^(?:Optional|Final|ClassVar|Annotated|Option|Box|Rc|Arc|Promise|Readonly)[<\[]\s*(?:&\s*)?")
_LEADING = re.compile(r"^(?:[&*\s]|mut\b|const\b|dyn\b|\"|')+")
_WORD = re.compile(_TYPE)
_BASES = re.compile(r"(?:\bextends\b|\bimplements\b|,|:|\()\s*(?:public|protected|private|virtual)?\s*(" + _TYPE + ")")
_HEAD = re.compile(r"\b(?:class|interface|struct|trait|enum)\s+[\w$]+(?:<[^>]*>)?")
_HEADER = 2_000
"""Characters of a class's header that are read."""
_MADE = re.compile(rf"(?:new(?=[A-Z]))?({_TYPE})(?:\(.*\)|\{{.*\}})", re.DOTALL)


def evident(code: str, variable: str, *, attribute: bool = False) -> list[str]:
    """Texts of types that `variable` (or, `attribute`, `self.variable`) can have in `code`, the plainest first."""
    return list(_evident(code, variable, attribute))


@lru_cache(256)  # the methods of a class ask the same of it, one after the other
def _evident(code: str, variable: str, attribute: bool) -> tuple[str, ...]:
    name = re.escape(variable)
    own = rf"(?:self|this)\s*(?:\.|->)\s*{name}" if attribute else rf"(?<![\w.$]){name}"
    bare = rf"(?<![\w.$]){name}"
    patterns = (
        rf"(?:{own}|{bare})\s*:\s*([^=,;(){{}}\n]+)",  # x: T
        # x = T(
        rf"(?:{own}|{bare})\s*(?::[^=\n]{{0,200}})?:?=\s*(?:await\s+|new\s+|&)*({_TYPE})(?:::new|\.new)?\s*[({{]",
        rf"(?<![\w.:])({_TYPE})(?:<[^<>\n]{{0,200}}>)?[\s*&]++{name}\b\s*[;=,)({{]",  # T x = …, T* x
        rf"(?<![\w.$]){name}\s+\*?({_TYPE})\b",  # Go: x *T
    )
    found = []
    for pattern in patterns:
        for match in re.finditer(pattern, code):
            text = plain(match[1])
            if text and text not in {"return", "new", "else", "in", "is", "not", "and", "or", "as", "await", "if"}:
                found.append(text)
    if attribute:  # self.x = x, with x: T
        given = re.search(rf"{own}\s*=\s*(\w+)\s*$", code, re.MULTILINE)
        found += evident(code, given[1]) if given else []
    return tuple(dict.fromkeys(found))[:4]


def plain(text: str) -> str:
    """The name in a type's text: `Order` of `Optional["Order"]`, `&mut Order`, `Order | None`, `Vec::new` aside."""
    text = _LEADING.sub("", text.strip())
    text = _LEADING.sub("", _WRAPPERS.sub("", text))
    found = _WORD.match(text)
    return found[0].removesuffix("::new") if found else ""


def own_class(receiver: str) -> str | None:
    """`Order` where the receiver is `Order(…)`, `new Order(…)` or `Order{…}` itself."""
    found = _MADE.fullmatch(receiver)
    return found[1] if found else None


def bases(signature: str, language: str) -> list[str]:
    """The classes that a class's header names: what it extends and implements."""
    head = _HEAD.search(signature)
    rest = signature[head.end() : head.end() + _HEADER] if head else ""
    if language == "go" or not rest:
        return []
    rest = re.sub(r"\w+\s*=\s*[\w.]+", "", re.sub(r"\[[^\]]*\]|<[^<>]*>", "", rest))  # type arguments, `metaclass=`
    return [each for each in _BASES.findall(rest) if each not in {"extends", "implements", "public"}][:6]
