"""What a sentence says a function is and changes, against what its syntax tree shows."""

from __future__ import annotations

import re

from .claim import BY_PATHS, CONDITION, DENIED, About, Contradiction, cut, says

_CONCURRENT = re.compile(
    r"async|await|promise|future|coroutine|thread|spawn|\btask|then\(|yield|timeout|callback|executor|schedul|defer|@",
    re.I,
)
_ITERATES = re.compile(r"yield|iter|generat|map\(|filter\(|\bfor\b[^\n:]*\bin\b[^\n]*[)\]]")
_NUMBERS = {"no": 0, "zero": 0, "one": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_OTHERS = r"(?:(?:the|its|any|any of its|their|all) )?(?:original|input|given|passed|argument|parameter)"
_VERBS = r"(?:modifies|mutates|alters|changes|updates|sorts|reverses|removes|appends)"
_CHANGES = rf"(?:{_VERBS} [^.;,]*?\bin[- ]place\b|(?:modifies|mutates|alters) (?:{_OTHERS}|`(?P<what>\w+)`))"
_KEEPS = re.compile(
    rf"\b(?:does not|doesn't|never|without) (?:modif|mutat|alter|chang)\w* (?P<what>{_OTHERS}s?|`\w+`)", re.I
)
_TAKES = (
    rf"(?:takes|accepts|expects|requires|has|receives) (?:exactly )?(?P<n>{'|'.join(_NUMBERS)}|\d)"
    r" (?:argument|parameter)s?\b"
)
_NO_EFFECTS = re.compile(r"\W*Side effects?\W+(?:`?[Nn]one`?|[Nn]o(?: side effects)?)\W*$")


def calls_itself(sentence: str, about: About) -> Contradiction | None:
    """That it is recursive, where nothing that it may call names it."""
    if DENIED.search(sentence) or re.search(r"\blike\b", sentence) or re.search("recurs", about.near, re.I):
        return None
    found = says(sentence, about, r"(?:(?:recursively )?calls itself\b|is (?:a )?recursive\b|uses recursion\b)")
    if found is None or len(re.findall(rf"\b{re.escape(about.name)}\b", about.near)) > 1:  # its own header is one
        return None
    return Contradiction(cut(found), f"`{about.name}` does not call itself")


def is_asynchronous(sentence: str, about: About) -> Contradiction | None:
    """That it is asynchronous, where nothing in it has to do with that."""
    facts = about.facts
    if facts.is_async or about.language not in BY_PATHS or DENIED.search(sentence):
        return None
    if _CONCURRENT.search(about.near + facts.signature + " ".join(facts.decorators)):
        return None
    if about.language != "python" and not facts.quiet:  # what it calls may give a promise
        return None
    found = says(sentence, about, r"is (?:an? )?`?(?:async|asynchronous|coroutine)\b")
    return Contradiction(cut(found), f"`{about.name}` is not asynchronous") if found else None


def is_generator(sentence: str, about: About) -> Contradiction | None:
    """That it is a generator, where nothing in it iterates lazily."""
    facts = about.facts
    if facts.is_generator or about.language not in BY_PATHS or DENIED.search(sentence):
        return None
    if _ITERATES.search(about.near) or facts.decorators:
        return None
    found = says(sentence, about, r"(?:is a (?:\w+ )?generator\b|yields (?:each|every|the next|one)\b)")
    return Contradiction(cut(found), f"`{about.name}` is no generator") if found else None


def changes(sentence: str, about: About) -> Contradiction | None:
    """That an argument is changed, where nothing is."""
    if not about.facts.quiet or DENIED.search(sentence) or re.search(r"\b(?:cop|new|local)", sentence, re.I):
        return None
    found = says(sentence, about, _CHANGES)
    if found is None or (found["what"] and found["what"] not in about.facts.parameters):
        return None
    return Contradiction(cut(found), f"`{about.name}` changes none of its arguments")


def keeps(sentence: str, about: About) -> Contradiction | None:
    """That an argument is not changed, where it is."""
    mutated = about.facts.mutated
    found = _KEEPS.search(sentence) if mutated and about.language in BY_PATHS else None
    if found is None or CONDITION.search(sentence.replace("without", "")):
        return None
    what = found["what"]
    every = what.endswith(("arguments", "parameters")) or set(about.own) <= set(mutated)
    if what.strip("`") in mutated or (every and not what.startswith("`")):
        return Contradiction(0, f"`{about.name}` changes `{mutated[0]}` in place")
    return None


def is_pure(sentence: str, about: About) -> Contradiction | None:
    """That it has no side effects, where it has some."""
    facts = about.facts
    touched = (*facts.mutated, *facts.own, *facts.outer, *facts.effects)
    if not touched or re.search(r"\b(?:other than|besides|apart|except|beyond|not|aside)\b", sentence):
        return None
    found = says(sentence, about, r"(?:has no side[- ]effects|is (?:a )?(?:side-effect-free|pure)\b)")
    if found is None and not _NO_EFFECTS.match(sentence):
        return None
    how = "calls" if touched[0] in facts.effects else "changes"
    return Contradiction(cut(found) if found else 0, f"`{about.name}` {how} `{touched[0]}`")


def takes(sentence: str, about: About) -> Contradiction | None:
    """That it has another number of parameters than it has."""
    own, every = about.own, about.facts.parameters
    header = about.facts.signature.partition("(")[2]
    if any(not re.fullmatch(r"[\w$]+", each) for each in own) or re.search(r"=(?!>)|\?|\.\.\.", header):
        return None  # some may be left out, or hold several
    found = says(sentence, about, _TAKES)
    if found is None:
        return None
    said = int(found["n"]) if found["n"].isdigit() else _NUMBERS.get(found["n"].lower(), -1)
    if said in {len(own), len(every)} or (about.facts.kind == "method" and said == len(own) + 1):
        return None
    return Contradiction(cut(found), f"`{about.name}` has {len(own)} parameter{'s' * (len(own) != 1)}")


def is_decorated(sentence: str, about: About) -> Contradiction | None:
    """That it has a decorator, where it has none."""
    if about.facts.decorators or "@" in about.near or DENIED.search(sentence):
        return None
    found = says(sentence, about, r"is decorated (?:with|by)\b") if about.language in {*BY_PATHS, "java"} else None
    return Contradiction(cut(found), f"`{about.name}` has no decorator") if found else None
