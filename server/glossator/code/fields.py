"""Where the classes of a file give their fields values, which a method that reads `self.limit` depends on.

By syntax and names alone: what `other.limit = 3`, `setattr` and classes of other files do is not seen, nor what a
method does that is called on a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node, QueryCursor

from . import Span, Symbol
from .languages import query
from .receiver import bases
from .symbols import outline
from .tree import Tree

MOST = 500
"""Places that are taken in at most."""
MOST_OF_A_FIELD = 100
"""A field that more places than these set has any value."""
_MOST_OF_A_PLACE = 20_000
"""Characters; of a larger one, a table, only what it is given to counts."""
_MOST_CLASSES = 8
_TYPES = {"class", "interface", "struct", "enum", "trait"}
_FUNCTIONS = {"function", "method"}
_SELVES = {"python": {"self", "cls"}, "rust": {"self", "Self"}, "go": set[str](), "c": set[str]()}
_IMPLICIT = {"java", "cpp"}
"""Languages in which a field may be named without its object."""
_MEMBER = re.compile(r"(?<![\w.$>:#])([A-Za-z_$][\w$]*+)\s*(?:\.|->|::)\s*(#?[A-Za-z_$][\w$]*+)")
_GOES_ON = re.compile(r"\s*(?:\.|->|::)")
_WORD = re.compile(r"[A-Za-z_$][\w$]*+")
_RECEIVER = re.compile(r"^func \((\w+) ")

_Path = tuple[str, ...]
_Given = tuple[Span, Symbol | None]


@dataclass(frozen=True, slots=True)
class _Classes:
    """The classes of a file.

    Attributes:
        paths: Of each, from the outermost scope to itself.
        named: The first of a name.
        headers: Signatures, by path.
    """

    paths: frozenset[_Path]
    named: dict[str, _Path]
    headers: dict[_Path, str]

    def owner(self, symbol: Symbol | None) -> _Path:
        """The class that `symbol` is or belongs to, though it be defined in another file; () for none."""
        if symbol is None:
            return ()
        for length in range(len(symbol.path), 0, -1):
            if symbol.path[:length] in self.paths:
                return symbol.path[:length]
        return symbol.path[:-1] if symbol.kind == "method" else ()

    def meant(self, name: str, language: str, around: Symbol | None) -> _Path:
        """The class whose field `name.field` is inside of `around`; () where that is not known."""
        selves = _SELVES.get(language, {"this"})
        if language == "go" and around is not None and (receiver := _RECEIVER.match(around.signature)):
            selves = {receiver[1]}
        return self.owner(around) if name in selves else self.named.get(name, ())


class _Place(NamedTuple):
    """Nodes that give something a value: `whole` all of it, `to` what is given one, `of` the class where it is said."""

    whole: Span
    to: Node
    of: str
    how: str


@dataclass(frozen=True, slots=True)
class _Fields:
    """What a file says of fields.

    Attributes:
        places: By class and name, where a value is given, and the function that does it.
        written: Offsets of fields that are given a value there and not read.
    """

    places: dict[_Path, dict[str, list[_Given]]] = field(default_factory=dict)
    written: set[int] = field(default_factory=set)

    def add(self, owner: _Path, name: str, place: _Given) -> None:
        """One more place."""
        self.places.setdefault(owner, {}).setdefault(name, []).append(place)


def fields(tree: Tree, span: Span) -> tuple[Span, ...]:
    """Where the fields that `span` reads of its own object, or of a class that it names, are given values outside of
    `span`: in the class, or in those of this file that it is derived from. Properties of these are among them."""
    read = _read(tree, span)
    if not read:
        return ()
    places, found = _fields(tree).places, dict[Span, None]()
    members: dict[_Path, list[Span]] = {}
    for symbol in outline(tree):
        members.setdefault(symbol.path, []).append(symbol.code)
    for owner, name in read:
        own, *above = _lineage(tree, owner)
        given = [place for each in (own, *above) for place in places.get(each, {}).get(name, ())]
        for place, function in given if len(given) <= MOST_OF_A_FIELD else ():
            found |= dict.fromkeys((place, *_header(tree, place, function)))
        found |= dict.fromkeys(member for each in above for member in members.get((*each, name), ()))
    outside = [each for each in found if each.end <= span.start or span.end <= each.start]
    return tuple(outside[:MOST])


def _read(tree: Tree, span: Span) -> list[tuple[_Path, str]]:
    """The classes and names of the fields that are read in `span`."""
    start, end = tree.byte(span.start), tree.byte(span.end)
    cursor = QueryCursor(query(tree.language, "reads"))
    cursor.set_byte_range(start, end)
    around = _around(tree, span)
    classes = _classes(tree)
    own, found = classes.owner(around), dict[tuple[_Path, str], None]()
    given = {each.lstrip("*&") for each in around.parameters} if around is not None else set()
    for _, captures in cursor.matches(tree.root):
        node = (captures.get("field") or captures["bare"])[0]
        if not start <= node.start_byte < end:
            continue
        name = tree.source(node)
        if "bare" in captures:
            owner = () if name in given else own
        else:
            owner = classes.meant(tree.source(captures["object"][0]), tree.language.id, around)
        if owner and (owner, name) not in found and tree.offset(node.start_byte) not in _fields(tree).written:
            found[owner, name] = None
    return list(found)


def _around(tree: Tree, span: Span) -> Symbol | None:
    """The innermost definition that `span` is or stands in."""
    best = None
    for symbol in outline(tree):
        if symbol.code.start > span.end:
            break
        if symbol.kind != "variable" and (symbol.span.holds(span) or span == symbol.code):
            best = symbol
    return best


def _lineage(tree: Tree, owner: _Path) -> list[_Path]:
    """A class and those of this file that it is derived from."""
    classes, found = _classes(tree), [owner]
    for each in found:
        above = bases(classes.headers.get(each, ""), tree.language.id)
        known = [classes.named.get(re.split(r"[.:]", name)[-1], ()) for name in above]
        found += [path for path in known if path and path not in found]
        if len(found) >= _MOST_CLASSES:
            break
    return found[:_MOST_CLASSES]


def _classes(tree: Tree) -> _Classes:
    def make() -> _Classes:
        types = [each for each in outline(tree) if each.kind in _TYPES]
        named: dict[str, _Path] = {}
        headers: dict[_Path, str] = {}
        for each in types:
            named.setdefault(each.name, each.path)
            headers.setdefault(each.path, each.signature)
        return _Classes(frozenset(headers), named, headers)

    return tree.once("classes", make)


def _fields(tree: Tree) -> _Fields:
    return tree.once("fields", lambda: _set(tree))


def _set(tree: Tree) -> _Fields:
    found, bare = _Fields(), list[tuple[_Path, str, _Given, int]]()
    classes, language = _classes(tree), tree.language.id
    for place, around, function in _nested(tree, _places(tree)):
        text, start = tree.source(place.to), tree.offset(place.to.start_byte)
        given = place.whole, function
        if place.how == "declares":
            owner = classes.named.get(place.of, ()) if place.of not in {"", "Self"} else classes.owner(around)
            found.add(owner, text, given)
            continue
        alone = place.how == "to" and not set("[(") & set(text.strip("() "))
        for each in _MEMBER.finditer(text):
            if owner := classes.meant(each[1], language, around):
                found.add(owner, each[2], given)
                plain = alone and not _GOES_ON.match(text, each.end())
                found.written.update({start + each.start(2)} if plain else ())
        if language in _IMPLICIT and _WORD.fullmatch(text) and not (function and text in function.parameters):
            bare.append((classes.owner(around), text, given, start if alone else -1))
    for owner, name, given, at in bare:  # a variable, unless the class says that it has such a field
        if any(name in found.places.get(each, {}) for each in _lineage(tree, owner)):
            found.add(owner, name, given)
            found.written.add(at)
    return found


def _header(tree: Tree, place: Span, function: Symbol | None) -> list[Span]:
    """The header of the method around, where a value comes from its parameters: their defaults are in there."""
    if function is None or function.body is None or not function.code.start < function.body.start < place.end:
        return []
    words = set(_WORD.findall(place.of(tree.text)))
    given = {each.lstrip("*&") for each in function.parameters} - {"self", "cls", "this"}
    return [Span(function.code.start, function.body.start)] if given & words else []


def _places(tree: Tree) -> list[_Place]:
    found = []
    for _, captures in QueryCursor(query(tree.language, "sets")).matches(tree.root):
        how = next(each for each in ("to", "through", "declares") if each in captures)
        to, whole = captures[how][0], captures["set"][0]
        start, end = min(to.start_byte, whole.start_byte), max(to.end_byte, whole.end_byte)
        end = end if end - start <= _MOST_OF_A_PLACE else to.end_byte
        of = tree.source(captures["of"][0]) if "of" in captures else ""
        found.append(_Place(Span(tree.offset(start), tree.offset(end)), to, of, how))
    return sorted(found, key=lambda each: each.whole)


def _nested(tree: Tree, places: Sequence[_Place]) -> Iterator[tuple[_Place, Symbol | None, Symbol | None]]:
    """Each with the innermost definition around it, and the innermost function."""
    symbols = [each for each in outline(tree) if each.kind != "variable"]
    open_ones: list[Symbol] = []
    at = 0
    for place in places:
        while at < len(symbols) and symbols[at].code.start <= place.whole.start:
            while open_ones and open_ones[-1].code.end <= symbols[at].code.start:
                open_ones.pop()
            open_ones.append(symbols[at])
            at += 1
        while open_ones and open_ones[-1].code.end <= place.whole.start:
            open_ones.pop()
        inner = open_ones[-1] if open_ones else None
        yield place, inner, next((each for each in reversed(open_ones) if each.kind in _FUNCTIONS), None)
