"""What a sentence says a function gives and raises, against what its syntax tree shows."""

from __future__ import annotations

import re

from .claim import BY_PATHS, CONDITION, About, Contradiction, cut, says
from .implied import implied

_ERROR = r"(?<![\w.])(?:[A-Za-z_][\w.]{0,80}(?:\.|::))?\w{0,80}(?:Error|Exception)\b"
_RAISES = rf"(?:(?:(?:can|may|will) )?(?:raise|throw)s?)\b[^.;]*?{_ERROR}"
_RAISING = re.compile(rf"(?P<joint>,) (?:raising|throwing) [^.;,]*?{_ERROR}")
_IS_RAISED = re.compile(
    rf"(?:(?:If|When) [^,]*, )?(?:[Aa]n? )?`?{_ERROR}`? (?:exception |error )?(?:is|will be|may be) (?:raised|thrown)\b"
    r"(?! by)"
)
_HANDLES = re.compile(
    r"\b(?:catch|caught|handl|suppress|ignor|swallow|except\b|propagat|wrap|(?:instead of|rather than|not|never|no)\b)",
    re.I,
)
_NEVER = r"(?:does not|doesn't|never) (?:raise|throw)s?(?: any| an)?(?: exceptions?| errors?)?(?=[.,;]|$)"

_NONE = {"python": "`?None`?|", **dict.fromkeys(BY_PATHS - {"python"}, "`?undefined`?|`?null`?|")}
_END = re.compile(r"\s*(?:[.,;:!)]|$|but\b|because\b|since\b)")
_SOME = re.compile(r"\s*(?:if|when|in (?:case|all)|otherwise)\b")
_GIVES = r"returns (?:the|an?|its|their|whether|how many|all|every|each|`?(?:[Tt]rue|[Ff]alse)`?|`[^`]+`|-?\d+)(?!\w)"
_ELSEWHERE = re.compile(
    r"None|null|undefined|void|nothing|\bcontrol\b|caller|early|\bto (?:the|its|an?|their)\b"
    r"|\b(?:in|via|through|by|into|using|callback|resolves?|promise|coroutine|awaitable|future|task)\b"
    r"|respon[sd]|status|HTTP|JSON|\b[1-5]\d\d\b|exit|error code|\bpage|client",
    re.I,
)
"""Words beside `returns` that mean something else than the function's value."""
_HANDS_BACK = re.compile(r"return|restore|give|release|free|put|back|callback|resolve", re.I)
_ANSWERS = re.compile(
    r"_?(?:res|resp|reply|response|w|writer|ctx|context|done|cb|callback|next|out|output|result)", re.I
)
"""Parameters by which an answer goes out."""
_MAKERS = {"constructor", "__init__", "__new__", "__post_init__"}


def raises(sentence: str, about: About) -> Contradiction | None:
    """An error that neither the code nor what it calls names, and that nothing in it may bring about."""
    stub = about.facts.raises and set(about.facts.raises) <= {"NotImplementedError", "NotImplemented"}
    if stub or _HANDLES.search(sentence):
        return None
    for match in (says(sentence, about, _RAISES), _RAISING.search(sentence), _IS_RAISED.match(sentence)):
        if match is None:
            continue
        clause = re.split(r";|\.\s", sentence[match.start() :])[0]
        for name in re.findall(_ERROR, clause):
            last = re.split(r"\.|::", name)[-1]
            known = re.search(rf"\b{last}\b", about.near) or implied(last, about.near)
            if last not in {"Error", "Exception"} and not known:
                whose = f"`{about.name}`" if about.name else "this code"
                return Contradiction(cut(match), f"{whose} does not raise `{last}`")
    return None


def never_raises(sentence: str, about: About) -> Contradiction | None:
    """That nothing is raised, where something is and nothing catches it."""
    if not about.facts.raises or about.language in {"go", "rust"} or re.search(r"\btry\b", about.code):
        return None
    found = says(sentence, about, _NEVER)
    if found is None or CONDITION.search(sentence):
        return None
    return Contradiction(cut(found), f"`{about.name}` raises `{about.facts.raises[0]}`")


def gives_nothing(sentence: str, about: About) -> Contradiction | None:
    """That nothing is given, where every path gives a value."""
    gives = about.facts.gives
    if gives not in {"value", "surely"} or about.facts.is_generator or re.search(r"returns? \S+ or ", sentence):
        return None
    words = _NONE.get(about.language, "") + "nothing|no value"
    plain = rf"(?:returns? (?:{words})|(?:does not|doesn't) return (?:anything|any value|a value)|has no return value)"
    found = says(sentence, about, rf"{plain}(?! (?:but|other|more|else|until|directly|immediately))(?!\w)")
    if found is None:
        return None
    said, rest = found["claim"].split()[-1].strip("`"), sentence[found.end() :]
    always = _END.match(rest) and not CONDITION.search(sentence)
    some = gives == "surely" and said in {"None", "null", "undefined"} and not re.search(rf"\b{said}\b", about.code)
    if always or (some and (_END.match(rest) or _SOME.match(rest))):
        return Contradiction(cut(found), f"`{about.name}` always returns a value")
    return None


def gives_something(sentence: str, about: About) -> Contradiction | None:
    """That a value is given, where none is."""
    facts = about.facts
    if facts.gives != "nothing" or about.name in _MAKERS or _HANDS_BACK.search(about.name):
        return None
    found = says(sentence, about, _GIVES)
    if found is None or _ELSEWHERE.search(sentence[found.start("claim") :]) or _answers_otherwise(about):
        return None
    return Contradiction(cut(found), f"`{about.name}` returns no value")


def _answers_otherwise(about: About) -> bool:
    """Whether what a function finds out may reach its caller by another way than its result."""
    header = about.facts.signature.partition("(")[2]
    if about.language in {"c", "cpp", "go", "rust"} and re.search(r"[*&\[]", header):
        return True
    if about.language not in {"python", "go"} and about.name[:1].isupper():  # `new Point(1, 2)` gives the point
        return True
    if any(_ANSWERS.fullmatch(each) or re.search(rf"\b{re.escape(each)}\(", about.code) for each in about.own):
        return True
    return re.search(r"\bexit\(|\bexports\b|\bself\b\.result", about.code, re.I) is not None
