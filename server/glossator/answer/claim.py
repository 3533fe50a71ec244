"""Where a sentence says something of the definition that is explained, and not of something else.

Its subject must be the definition itself: its name in backquotes, `it`, `this function`, or none (`Returns the sum.`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ..code.facts import Facts

CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|otherwise|else|until|where|cases?|for (?:an?|any|no|the|all|each|every|empty)|on"
    r"|once|after|before|without|with|while|or|either|sometimes|may|might|can|could|would|default|empty|missing)\b",
    re.I,
)
"""Words of a sentence that is true of some calls only, or may be."""
DENIED = re.compile(
    r"\b(?:not|never|no|nor|neither|without|instead|rather|avoids?|cannot|non|than|unlike)\b|n't\b", re.I
)
"""Words of a sentence that may say the opposite of what its verb says."""
BY_PATHS = {"python", "javascript", "typescript", "typescriptreact"}
"""Languages whose functions show what they are in their bodies alone."""

_RELATIVE = re.compile(r"\b(?:which|who|whose|that|whether|where)\b", re.I)
_FUNCTIONS = re.compile(
    r"call-?backs?\b|\bclosures?\b|decorators?\b|\blambda\b|wrapper|\bhandlers?\b|predicate|\bcallables?\b|\bfuncs?\b"
    r"|\b(?:another|inner|outer|given|passed|helper|each|every|any|its|the \w+|nested|of|call(?:s|ing) an?|takes an?"
    r"|(?:returns|returning|creates|makes|builds) an?(?: \w+)?) functions?\b",
    re.I,
)
_FUNCTION = re.compile(r"(?i:f|fn|fun|function|\w*(?:callback|handler|predicate|func)|cb|done|key|visit\w*|on[A-Z]\w*)")
_SUBJECT = (
    r"(?:[Tt]he )?(?P<who>`[^`\n]+`|[Ii]t|[Tt]his|[Tt](?:his|he) (?:function|method|code|constructor))"
    r"(?: (?:function|method|constructor))?(?: (?:of|in) (?:the )?`[^`\n]+`(?: class)?)?"
)
_ADVERBS = r"(?:(?:also|then|always|simply|either|just|thus|therefore|finally|instead|will|only|immediately) )*"


@dataclass(frozen=True, slots=True)
class About:
    """What is explained.

    Attributes:
        facts: What the syntax tree knows about it.
        name: Its own name; "" for a selection.
        language: The language's id.
        code: The definition, its documentation included.
        near: `code` and all of what it may call that was shown, and what users and tools said.
        shown: All that may have been shown: a name that is not in here was made up.
        others: Whether the text speaks of other functions, too: then `it` may be one of them.
    """

    facts: Facts
    name: str
    language: str
    code: str
    near: str
    shown: str
    others: bool = False

    @property
    def own(self) -> tuple[str, ...]:
        """Its parameters as written, without what stands for its own object and without separators."""
        return tuple(
            each for each in self.facts.parameters if not re.fullmatch(r"(?:.*\b)?(?:self|cls|this)|[/*]", each)
        )


def speaks_of_others(text: str, about: About) -> bool:
    """Whether `it` and `the function` may be another function: an argument, or one that is given back."""
    given = any(_FUNCTION.fullmatch(each) or re.search(rf"\b{re.escape(each)}\(", about.code) for each in about.own)
    return given or about.facts.nested or _FUNCTIONS.search(text) is not None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where in the sentence the wrong claim begins; 0: all of it hangs on it. `reason`: what is so instead."""

    start: int
    reason: str


def says(sentence: str, about: About, verb: str) -> re.Match[str] | None:
    """Where the sentence says `verb` (a pattern) of the definition itself; the group `claim` is what is said."""
    whole, alone, joined = _patterns(verb)
    for found in whole.finditer(sentence):
        head = sentence[: found.start("who")]
        if _itself(found["who"], about) and not _RELATIVE.search(head) and not _calls(head, about):
            return found
    if found_alone := alone.match(sentence):
        return found_alone
    begins = _begins().match(sentence)
    if begins is not None and _itself(begins["who"], about):
        for found in joined.finditer(sentence):
            if not _RELATIVE.search(sentence[: found.start()]):
                return found
    return None


def cut(found: re.Match[str]) -> int:
    """Where a wrong claim can be cut off: before its `and`; one with its own subject takes the sentence with it."""
    return found.start() if "joint" in found.re.groupindex else 0


@cache
def _patterns(verb: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """With a subject; without any, at the beginning; behind the `and` of a sentence with a subject."""
    clause = r"(?:^|[,;:–—] |\b(?:and|then|but|so|otherwise),? )"
    return (
        re.compile(rf"{clause}{_SUBJECT} {_ADVERBS}(?P<claim>{verb})"),
        re.compile(rf"(?=[A-Z])(?P<claim>(?i:{verb}))"),
        re.compile(rf"(?P<joint>,? (?:and|or|but)|,) {_ADVERBS}(?P<claim>{verb})"),
    )


@cache
def _begins() -> re.Pattern[str]:
    return re.compile(rf"{_SUBJECT} ")


def _calls(head: str, about: About) -> bool:
    """Whether something that the definition calls is named before the subject: then `it` may be that."""
    named = {each.partition("(")[0].rpartition(".")[2] for each in re.findall(r"`([^`\n]+)`", head)}
    return bool(named & set(about.facts.calls))


def _itself(who: str, about: About) -> bool:
    """Whether a subject is the definition: its name, with or without what it belongs to and its arguments."""
    if not who.startswith("`"):
        return not about.others
    name = re.split(r"\.|::|#|->", who.strip("`").partition("(")[0])[-1]
    return bool(about.name) and name == about.name
