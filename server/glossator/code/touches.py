"""What a function changes outside of its own variables, and what it does in the world, as far as syntax plainly shows.

What is not listed may still be: a called function may do anything. Only `quiet` says that nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from . import Symbol
from .gives import own_nodes
from .references import called
from .symbols import calls
from .tree import Tree

_ROOT = re.compile(r"^[\s(&*]*([A-Za-z_$][\w$]*)")
_RECEIVER = re.compile(r"^func \((\w+) ")
_SELF = {"self", "cls", "this"}
_ASSIGNS = {"assignment", "augmented_assignment", "assignment_expression", "augmented_assignment_expression"}
_QUIET_LANGUAGES = {"python", "javascript", "typescript", "typescriptreact"}

_SPEAKS = re.compile(
    r"print|input|open|println|printf|eprintln|eprint|fprintf|puts|putchar|scanf|fopen|fwrite|"
    r"fputs|fetch|urlopen|readFile|writeFile|readFileSync|writeFileSync|appendFile|alert|prompt"
)
"""Functions that read or write files, a terminal or the net, by their names in one language or another."""
_SPEAKING = {
    "console": {"log", "error", "warn", "info", "debug"},
    "System.out": {"println", "print", "printf"},
    "System.err": {"println", "print", "printf"},
    "fmt": {"Println", "Printf", "Print", "Fprintf", "Fprintln"},
    "os": {
        "remove",
        "rename",
        "mkdir",
        "makedirs",
        "unlink",
        "rmdir",
        "system",
        "Remove",
        "Create",
        "Open",
        "WriteFile",
    },
    "shutil": {"rmtree", "copy", "copyfile", "copytree", "move"},
    "subprocess": {"run", "call", "check_call", "check_output", "Popen"},
    "requests": {"get", "post", "put", "delete", "patch"},
    "fs": {"readFile", "writeFile", "readFileSync", "writeFileSync", "unlink", "unlinkSync", "mkdir", "mkdirSync"},
}
_HARMLESS = re.compile(
    r"len|sum|min|max|abs|round|range|enumerate|zip|sorted|reversed|list|dict|set|tuple|str|"
    r"int|float|bool|any|all|repr|isinstance|issubclass|ord|chr|divmod|pow|hash|frozenset|get|"
    r"keys|values|items|split|rsplit|splitlines|strip|lstrip|rstrip|join|lower|upper|title|"
    r"startswith|endswith|find|rfind|count|isdigit|isalpha|isspace|isalnum|format|replace|zfill|"
    r"slice|concat|includes|indexOf|lastIndexOf|has|toString|toLowerCase|toUpperCase|trim|floor|"
    r"ceil|sqrt|isArray|isNaN|isFinite|parseInt|parseFloat|Number|String|Boolean|charAt|charCodeAt|"
    r"startsWith|endsWith|padStart|padEnd|trunc|sign|isInteger|entries|ValueError|TypeError|"
    r"KeyError|IndexError|Error|RangeError"
)
"""Calls that change nothing, whatever object they are made on."""


@dataclass(frozen=True, slots=True)
class Touches:
    """What a function touches.

    Attributes:
        mutated: Parameters that it changes in place, its own object left out.
        own: What of its own object it changes, as `self.items`.
        effects: Calls that reach the terminal, files, processes or the net, as written.
        outer: Global names that it sets.
        quiet: Whether it plainly changes nothing but its own variables.
    """

    mutated: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()
    quiet: bool = False


def touches(
    tree: Tree, symbol: Symbol, function: Node | None, writes: Sequence[Node], rebound: Sequence[Node]
) -> Touches:
    """By the nodes that are written to and those that get another value; `function` is None for a class."""
    names = {
        match[1]
        for each in symbol.parameters
        if not each.startswith("*") and (match := _ROOT.match(each.replace("mut ", "")))
    } - _SELF
    again = {tree.source(node) for node in rebound}
    receiver = _RECEIVER.match(symbol.signature)
    selves = (_SELF | {receiver[1]} if receiver else _SELF) - again
    mutated, own = [], []
    for node in writes:
        root = match[1] if (match := _ROOT.match(tree.source(node))) else ""
        if root in names - again - selves:
            mutated.append(root)
        elif root in selves:
            own.append(_attribute(tree, node, root))
    outer = _globals(tree, function)
    effects = _effects(tree, symbol)
    return Touches(
        tuple(dict.fromkeys(mutated)),
        tuple(dict.fromkeys(own)),
        effects,
        outer,
        function is not None and not (writes or effects or outer) and _quiet(tree, symbol, function, names),
    )


def _attribute(tree: Tree, node: Node, root: str) -> str:
    """`self.items` of `self.items.append(x)`, `self.items[0] = x` and `self.items = x`."""
    whole = node.parent if tree.source(node).strip("(&*) ") == root and node.parent is not None else node
    match = re.match(rf"[\s(&*]*({re.escape(root)}(?:\.|->)#?[\w$]+)", tree.source(whole))
    return match[1] if match else root


def _globals(tree: Tree, function: Node | None) -> tuple[str, ...]:
    if function is None or tree.language.id != "python":
        return ()
    found = [name for node in own_nodes(function) if node.type == "global_statement" for name in node.named_children]
    return tuple(dict.fromkeys(tree.source(name) for name in found))


def _effects(tree: Tree, symbol: Symbol) -> tuple[str, ...]:
    span = symbol.body or symbol.code
    found = []
    for name, qualifier, offset in called(tree):
        if span.start <= offset < span.end:
            if _SPEAKS.fullmatch(name) and qualifier in {"", "fs", "window", "urllib.request", "io", "std"}:
                found.append(f"{qualifier}.{name}" if qualifier else name)
            elif name in _SPEAKING.get(qualifier, ()):
                found.append(f"{qualifier}.{name}")
    return tuple(dict.fromkeys(found))


def _quiet(tree: Tree, symbol: Symbol, function: Node, names: set[str]) -> bool:
    """Whether all that it calls is known to be harmless and it assigns to nothing but plain names, none of which may
    stand for an argument."""
    if tree.language.id not in _QUIET_LANGUAGES:
        return False
    if not all(_HARMLESS.fullmatch(name) for name in calls(tree, symbol.body or symbol.code)):
        return False
    for node in own_nodes(function):
        if node.type in _ASSIGNS:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or left.type != "identifier" or (right is not None and tree.source(right) in names):
                return False
            if node.type.startswith("augmented") and tree.source(left) in names:
                return False
        if node.type in {"delete_statement", "await", "await_expression", "yield", "with_statement"}:
            return False
        if node.type == "unary_expression" and tree.source(node).startswith("delete"):
            return False
    return True
