"""What a sentence says a function is, against what its syntax tree shows.

Each rule asks first what the sentence says, which is short, and only then what stands in the code.
"""

from __future__ import annotations

import re

from .claim import BY_PATHS, DENIED, About, Contradiction, cut, says

_CONCURRENT = re.compile(
    r"async|await|promise|future|coroutine|thread|spawn|\btask|then\(|yield|timeout|callback|executor|schedul|defer|@"
    r"|queue|worker|background|submit|post|send|emit|publish",
    re.I,
)
_ITERATES = re.compile(r"yield|iter|generat|map\(|filter\(|zip|enumerate|reversed|range|chain|slice|walk|glob")
_FOR = re.compile(r"\bfor\b")
_LOOP = re.compile(r"^[ \t]*(?:async )?for\b[^\n]{0,200}[:{;]", re.M)
_SPECIAL = re.compile(r"__\w+__|toString|equals|hashCode|toJSON|compareTo|valueOf|fmt|String|drop|clone")
"""Functions that are called without being named."""
_NUMBERS = {"no": 0, "zero": 0, "one": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_TAKES = (
    rf"(?:takes|accepts|expects|requires|has|receives) (?:exactly )?(?P<n>{'|'.join(_NUMBERS)}|\d)"
    r" (?:argument|parameter)s?\b(?! to\b)"
)
_OTHER_ARGUMENTS = re.compile(r"command[- ]line|\bargv\b|\boptions?\b|\bflags?\b|\btype (?:argument|parameter)", re.I)


def calls_itself(sentence: str, about: About) -> Contradiction | None:
    """That it calls itself, where its name stands in its header alone and it calls nothing that is known."""
    if DENIED.search(sentence) or re.search(r"\blike\b", sentence) or _SPECIAL.fullmatch(about.name):
        return None
    found = says(sentence, about, r"(?:recursively )?calls itself\b")
    if found is None or about.facts.nested:
        return None
    reached = about.near.removeprefix(about.code)
    if any(re.search(rf"\b{re.escape(each)}\b", reached) for each in about.facts.calls):
        return None
    hidden = re.search(r"recurs|getattr|\b(?:self|this|cls|super|Self)\b\W{1,4}\w+\s?[(\[]|\]\s?\(", about.code, re.I)
    if hidden or len(re.findall(rf"\b{re.escape(about.name)}\b", about.code)) > 1:  # its own header is one
        return None
    return Contradiction(cut(found), f"`{about.name}` does not call itself")


def is_asynchronous(sentence: str, about: About) -> Contradiction | None:
    """That it is asynchronous, where it plainly gives a value at once and nothing in it has to do with that."""
    facts = about.facts
    if facts.is_async or about.language not in BY_PATHS or facts.gives != "surely" or DENIED.search(sentence):
        return None
    found = says(sentence, about, r"is (?:an? )?`?(?:async|asynchronous|coroutine)\b")
    if found is None or _CONCURRENT.search(about.near + facts.signature + " ".join(facts.decorators)):
        return None
    if about.language != "python" and facts.calls:  # what it calls may go on by itself
        return None
    return Contradiction(cut(found), f"`{about.name}` is not asynchronous")


def is_generator(sentence: str, about: About) -> Contradiction | None:
    """That it is a generator, where nothing in it iterates lazily."""
    facts = about.facts
    if facts.is_generator or about.language not in BY_PATHS or facts.gives not in {"surely", "nothing"}:
        return None
    if facts.decorators or facts.nested or DENIED.search(sentence):
        return None
    found = says(sentence, about, r"(?:is a (?:\w+ )?generator\b|yields (?:each|every|the next|one)\b)")
    if found is None or _ITERATES.search(about.near):
        return None
    if len(_FOR.findall(about.near)) > len(_LOOP.findall(about.near)):  # one of an expression
        return None
    return Contradiction(cut(found), f"`{about.name}` is no generator")


def takes(sentence: str, about: About) -> Contradiction | None:
    """That it has another number of parameters than it has."""
    found = says(sentence, about, _TAKES)
    if found is None or _OTHER_ARGUMENTS.search(sentence):
        return None
    own, every = about.own, about.facts.parameters
    header = about.facts.signature.partition("(")[2]
    if any(not re.fullmatch(r"[\w$]+", each) for each in own) or re.search(r"=(?!>)|\?|\.\.\.", header):
        return None  # some may be left out, or hold several
    if about.facts.decorators or re.search(r"\barguments\b|\bargv\b", about.code):
        return None
    said = int(found["n"]) if found["n"].isdigit() else _NUMBERS.get(found["n"].lower(), -1)
    if said in {len(own), len(every)} or (about.facts.kind == "method" and said == len(own) + 1):
        return None
    return Contradiction(cut(found), f"`{about.name}` has {len(own)} parameter{'s' * (len(own) != 1)}")


def is_decorated(sentence: str, about: About) -> Contradiction | None:
    """That it has a decorator, where it has none."""
    if about.facts.decorators or about.language not in {"python", "java"} or DENIED.search(sentence):
        return None
    found = says(sentence, about, r"is decorated (?:with|by)\b")
    if found is None or "@" in about.near:
        return None
    return Contradiction(cut(found), f"`{about.name}` has no decorator")
