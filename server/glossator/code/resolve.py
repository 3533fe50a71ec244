"""A name in one file -> the definitions in other files that it means: by import and scope first, else by its rarity.

Methods are found by the receiver's class where the code shows it. Knows entries and text, no trees; guesses nothing
that the language's scope rules out: in Python a name that is neither imported nor defined here is a builtin.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from .brought import Bound
from .entry import Definition, Entry
from .index import Index
from .modules import distance, files_of
from .receiver import bases, evident, own_class

How = Literal["import", "package", "include", "class", "name"]
"""How it was found: the first four follow the language's rules, `name` says that nothing else is called so."""


class Match(NamedTuple):
    """A definition that a name means."""

    entry: Entry
    definition: Definition
    how: How


class Scope(NamedTuple):
    """Where names are used.

    Attributes:
        code: The text of the piece of code.
        owner: The names of the class around it; () without one.
        around: The text of that class.
    """

    code: str
    owner: tuple[str, ...] = ()
    around: str = ""


TYPES = frozenset(("class", "interface", "struct", "enum", "trait", "type"))
MOST_OF_A_NAME = 3
"""Definitions of a name that are taken in: overloads, a declaration and its definition."""
_DEPTH = 4  # steps through re-exports and base classes
_MOST_STARS = 8  # imports of all names that are followed in one file
_NESTING = frozenset(("rust", "cpp"))  # names in inline modules and namespaces count as the file's
_OWN = re.compile(r"(?:self|this|cls|Self|super(?:\(.*\))?)\b")
_COMMON = (
    "push map filter forEach reduce then catch toString valueOf concat includes slice charAt equals hashCode size add "
    "remove contains put unwrap expect clone iter into collect to_string len is_empty insert push_back begin end c_str "
    "read write close open send run start stop init main new String Error Printf Println"
)
_BUILTIN_METHODS = {name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind)}
_TOO_COMMON = _BUILTIN_METHODS | set(_COMMON.split())


def meant(index: Index, here: Entry, name: str, qualifier: str, scope: Scope, *, called: bool) -> list[Match]:
    """What `qualifier.name` in `here` means outside of it; [] where the code does not tell."""
    found = looked_up(index, here, qualifier, name)
    if not found and qualifier:
        found = _by_receiver(index, here, qualifier, name, scope)
    elif not found and scope.owner and here.language in {"java", "cpp"}:  # an inherited method, called without `this`
        found = _inherited(index, here, scope.owner, name)
    if not found and called:
        found = _by_rarity(index, here, qualifier, name)
    outside = [each for each in found if each.entry.path != here.path]
    best = [each for each in outside if each.definition.body >= 0]  # rather than a mere declaration
    return (best or outside)[:MOST_OF_A_NAME]


def looked_up(index: Index, here: Entry, qualifier: str, name: str, depth: int = 0) -> list[Match]:
    """What the imports and the package of `here` make of a name."""
    if qualifier:
        return _of_module(index, here, qualifier, name, depth)
    for bound in here.bound:
        if bound.alias == name and bound.name:
            return _exported(index, here, bound.module, bound.name, name, depth)
    if any(each.path == (name,) for each in here.definitions):
        return []
    how: How = "include" if here.language in {"c", "cpp"} else "import"
    seen: set[tuple[str, str]] = set()
    for bound in _stars(here, len(here.bound)):  # a file of C includes many
        found = _exported(index, here, bound.module, name, name, depth + 1, seen)
        if found:
            return [each._replace(how=how) for each in found]
    return [
        Match(index.entries[path], each, "package")
        for path in _package(index, here)
        for each in _top(index.entries[path], name)
    ]


def type_named(index: Index, here: Entry, text: str, depth: int = 0) -> Match | None:
    """The class that a type's text names: `Order`, `models.Order`, `crate::models::Order`."""
    dotted, _, name = text.replace("::", ".").rpartition(".")
    for each in here.definitions:
        if not dotted and each.name == name and each.kind in TYPES:
            return Match(here, each, "class")
    found = looked_up(index, here, text[: len(text) - len(name)].rstrip(".:"), name, depth)
    return next((each for each in found if each.definition.kind in TYPES), None)


def members(index: Index, of: Match, name: str, depth: int = 0) -> list[Match]:
    """The methods of a class by name, those of its bases where it has none itself."""
    path = (*of.definition.path, name)
    own = [Match(of.entry, each, "class") for each in of.entry.definitions if each.path == path]
    written = any(each.definition.body >= 0 for each in own)
    if not written and of.entry.language in {"go", "rust", "cpp", "c"}:  # written apart from the type
        own += [
            Match(entry, each, "class")
            for entry, each in index.named(name)
            if each.path[-2:] == (of.definition.name, name)
            and family(entry.language) == family(of.entry.language)
            and entry is not of.entry
        ]
        own.sort(key=lambda each: distance(of.entry.path, each.entry.path))
    if own or depth >= _DEPTH:
        return own
    for base in bases(of.definition.signature, of.entry.language):
        above = type_named(index, of.entry, base, depth + 1)
        if above is not None and above.definition != of.definition:
            found = members(index, above, name, depth + 1)
            if found:
                return found
    return []


def family(language: str) -> str:
    """Languages whose files can name each other's definitions."""
    return {"typescript": "javascript", "typescriptreact": "javascript", "cpp": "c"}.get(language, language)


def _of_module(index: Index, here: Entry, qualifier: str, name: str, depth: int) -> list[Match]:
    """`rates.of`, where `rates` is a module, a package or a class that is imported."""
    separator = "::" if "::" in qualifier or here.language == "rust" else "."
    parts = qualifier.split(separator)
    for size in range(len(parts), 0, -1):
        head, rest = separator.join(parts[:size]), parts[size:]
        for bound in here.bound:
            if bound.alias != head:
                continue
            inner = separator.join(part for part in (bound.module.rstrip(separator), bound.name, *rest) if part)
            if bound.name and bound.module.endswith("."):
                inner = bound.module + separator.join([bound.name, *rest])
            found = _exported(index, here, inner, name, name, depth)
            if not found and bound.name and not rest:
                found = _member(index, _exported(index, here, bound.module, bound.name, head, depth), name)
            if found:
                return found
    if here.language == "cpp":  # a namespace, of what is included
        found = looked_up(index, here, "", name, depth)
        return [each for each in found if each.definition.path[-len(parts) - 1 : -1] == tuple(parts)]
    if parts[0] in {"crate", "super", "self"} and here.language == "rust":
        return _exported(index, here, qualifier, name, name, depth)
    return []


def _member(index: Index, found: Iterable[Match], name: str) -> list[Match]:
    for each in found:
        if each.definition.kind in TYPES:
            return members(index, each, name)
    return []


def _exported(  # noqa: PLR0917 - all of them are needed at each step
    index: Index,
    importer: Entry,
    module: str,
    name: str,
    alias: str,
    depth: int,
    seen: set[tuple[str, str]] | None = None,
) -> list[Match]:
    """What a module has under a name, through modules that only pass it on; those in `seen` are asked no more."""
    if depth > _DEPTH:
        return []
    seen = set() if seen is None else seen
    entries = [index.entries[path] for path in files_of(index, importer, module)]
    for entry in entries:
        found = _default(entry, alias) if name == "default" else list(_top(entry, name))
        if found:
            more = [each for other in entries if other is not entry for each in _bodies(other, name)]
            return [Match(entry, each, "import") for each in found] + more
    for entry in entries:
        if entry.language == "java":  # `import static c.F.g`
            owner = entry.path.rpartition("/")[2].removesuffix(".java")
            return [Match(entry, each, "import") for each in entry.definitions if each.path == (owner, name)]
        if (entry.path, name) in seen:
            continue
        seen.add((entry.path, name))
        passed = [bound for bound in entry.bound if bound.alias == name and bound.name not in {"", "*"}]
        for bound in [*passed, *(_stars(entry) if importer.language not in {"c", "cpp"} else [])]:
            inner = bound.name if bound.alias else name
            if found_there := _exported(index, entry, bound.module, inner, alias, depth + 1, seen):
                return found_there
    return []


def _stars(entry: Entry, most: int = _MOST_STARS) -> list[Bound]:
    """The imports of all names of a module; each may lead to as many again."""
    return [bound for bound in entry.bound if bound.name == "*" and not bound.alias][:most]


def _bodies(entry: Entry, name: str) -> Iterator[Match]:
    """What a C file defines that its header only declares."""
    if family(entry.language) == "c":
        yield from (Match(entry, each, "include") for each in _top(entry, name) if each.body >= 0)


def _top(entry: Entry, name: str) -> Iterator[Definition]:
    """The file's own definitions of a name, not those of its classes."""
    for each in entry.definitions:
        if each.name == name and (len(each.path) == 1 or (each.kind != "method" and entry.language in _NESTING)):
            yield each


def _default(entry: Entry, alias: str) -> list[Definition]:
    """What a JavaScript file exports as its default: what says so, else what is named like the import or the file."""
    own = [each for each in entry.definitions if len(each.path) == 1]
    said = [each for each in own if each.name == "default" or each.signature.startswith("export default")]
    stem = entry.path.rpartition("/")[2].partition(".")[0]
    return (said or [each for each in own if each.name == alias] or [each for each in own if each.name == stem])[:1]


def _package(index: Index, here: Entry) -> list[str]:
    """The other files whose names need no import."""
    if here.language == "go":
        same = index.in_folder(here.path.rpartition("/")[0])
        found = [path for path in same if index.entries[path].package == here.package]
    elif here.language == "java":
        folder = here.path.rpartition("/")[0]
        found = list(index.in_package(here.package) if here.package else index.in_folder(folder))
    else:
        return []
    return sorted((p for p in found if p != here.path), key=lambda path: (distance(here.path, path), path))


def _by_receiver(index: Index, here: Entry, qualifier: str, name: str, scope: Scope) -> list[Match]:
    """A method, by the class of what it is called on."""
    owned = _OWN.match(qualifier)
    rest = qualifier[owned.end() :].lstrip(".->:") if owned else qualifier
    if owned and not rest:
        return _inherited(index, here, scope.owner, name)
    code = scope.around if owned else scope.code
    variable = rest if owned else qualifier
    texts = [variable] if not owned else []
    if re.fullmatch(r"[\w$]+", variable):
        texts += evident(code, variable, attribute=bool(owned))
    elif (made := own_class(variable)) is not None:
        texts = [made]
    for text in texts:
        cls = type_named(index, here, text)
        if cls is not None and (found := members(index, cls, name)):
            return found
    return []


def _inherited(index: Index, here: Entry, owner: tuple[str, ...], name: str) -> list[Match]:
    for each in here.definitions:
        if each.path == owner and each.kind in TYPES:
            return members(index, Match(here, each, "class"), name)
    found = type_named(index, here, owner[-1]) if owner else None  # a Go or C++ method, its type in another file
    return members(index, found, name) if found is not None else []


def _by_rarity(index: Index, here: Entry, qualifier: str, name: str) -> list[Match]:
    """The one definition of a name, where the language's scope does not rule it out."""
    if name in _TOO_COMMON or len(name) < 3 or index.commonness(name) > 2:
        return []
    if not qualifier:
        scripted = here.language == "javascript" and not here.bound
        if family(here.language) != "c" and not scripted:
            return []
    elif here.language == "python" and hasattr(builtins, qualifier):
        return []
    found = [
        Match(entry, each, "name")
        for entry, each in index.named(name)
        if family(entry.language) == family(here.language) and each.kind in {"function", "method"} | TYPES
    ]
    fitting = [each for each in found if (each.definition.kind == "method") == bool(qualifier)]
    owners = {each.definition.path for each in fitting}
    return fitting if len(owners) == 1 else []
