"""Names that an explanation quotes as code and that stand nowhere in what the model was shown.

Only names that nobody writes by accident count: with an underscore, or with a capital inside (`max_items`, `maxItems`).
What the languages themselves bring is no invention, and neither is what a name is compared to.
"""

from __future__ import annotations

import builtins
import re
import sys

from .claim import About

_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_NAME = re.compile(r"(?:[A-Za-z_$][\w$]*\.)*([A-Za-z$][\w$]*_[\w$]*|[a-z]+[A-Z][\w$]*)(?:\(\))?")
_COMPARED = re.compile(
    r"\b(?:like|such as|similar|as in|e\.g\.|equivalent|same as|instead of|example|analog\w*|akin|alternative|called"
    r"|named|known as|would|could|should|standard|built-?in|library|into|turns?|becomes?|converts?|from|snake|camel"
    r"|renam\w*|dispatch\w*|dynamic\w*|generat\w*|prefix\w*|suffix\w*)\b|→|->|=>",
    re.I,
)
_BROUGHT = {
    name
    for kind in (str, bytes, list, dict, set, int, float, object, type, Exception)
    for name in dir(kind)
} | set(dir(builtins))  # fmt: skip
_COMMON = re.compile(
    r"\w+_t|(?:is|to|as|into|or|and|unwrap|from|try|with|push|pop|sort|map|iter|copy|make|std|read|write)_\w+|has\w+|is[A-Z]\w*"
    r"|to[A-Z]\w*|\w+Of|for[Ee]ach|indexOf|valueOf|hashCode|compareTo|setTimeout|set[A-Z]\w*|get[A-Z]\w*|parse[A-Z]\w*"
    r"|charAt|charCodeAt|startsWith|endsWith|snake_case|camelCase|concat\w*|add[A-Z]\w*|remove[A-Z]\w*|reduceRight|find\w*"
)
"""What standard libraries name their methods; a call of one may be meant where the code has an operator for it."""


_PUTS_TOGETHER = re.compile(
    r"getattr|setattr|globals\(|locals\(|importlib|##|Reflect\b|macro_rules|\[\w{1,40}\]\(|\[[`\"'][^\]\n]{0,60}[+$]"
)
"""Code that makes names out of parts, or calls what it looked up."""


def invented(sentence: str, about: About) -> str:
    """The first name in backquotes that is nowhere in what was shown, or ""."""
    if _COMPARED.search(_SPAN.sub("", sentence)):
        return ""
    for span in _SPAN.findall(sentence):
        match = _NAME.fullmatch(span.strip())
        if match is None or match[1] in _BROUGHT or _COMMON.fullmatch(match[1]):
            continue
        if about.language == "python" and span.partition(".")[0] in sys.stdlib_module_names:
            continue
        if len(match[1]) > 3 and match[1].lower() not in about.shown.lower():
            return "" if _begun(match[1], about.shown) or _PUTS_TOGETHER.search(about.near) else match[1]
    return ""


def _begun(name: str, shown: str) -> bool:
    """Whether a text in quotes begins the name: `"visit_" + kind` makes `visit_Assign`."""
    parts = [match.end() for match in re.finditer(r"_|(?<=[a-z])(?=[A-Z])", name)]
    return any(f"{quote}{name[:end]}" in shown for end in parts for quote in ("'", '"', "`"))
