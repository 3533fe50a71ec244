"""What a formatter may do to Python without changing it: quotes, joined strings, parentheses, trailing commas, layout.

`black` and `ruff format` keep the syntax tree of Python itself; these rules make the differences vanish that
tree-sitter's finer tree still shows. A rule that is unsure leaves a difference: that costs a remembered answer, the
other mistake would give a wrong one.
"""

from __future__ import annotations

import inspect
import re

from tree_sitter import Node

from .canonical import COMMENTS, Dialect, Item, View, children
from .outline import docstring_node
from .tree import Tree, holds

_POINT = re.compile(r"\.(?=$|[ej])")
_RUNS = {
    "call",
    "await",
    "yield",
    "lambda",
    "named_expression",
    "list_comprehension",
    "set_comprehension",
    "dictionary_comprehension",
    "generator_expression",
    "interpolation",
}
_QUOTE = re.compile(r"\\([\s\S])")


def _parenthesized(node: Node, tree: Tree, view: View) -> list[Item]:
    """`(a + b)` is its inside: where a node begins and ends is said anyway."""
    del tree, view
    return [child for child in node.children if child.type not in {"(", ")"}]


def _tuple(node: Node, tree: Tree, view: View) -> list[Item]:
    """`(a, b)`, `a, b`, as a value and as a target. `(a)` as a target is `a`."""
    del tree, view
    elements: list[Item] = [child for child in node.children if child.is_named and child.type not in COMMENTS]
    alone = len(elements) == 1 and not any(child.type == "," for child in node.children)
    if alone and node.type in {"tuple_pattern", "expression_list"}:
        return elements
    return ["(tuple", *elements, ")"]


def _unbracketed(node: Node, tree: Tree, view: View) -> list[Item]:
    """`from a import (b, c,)`."""
    del tree, view
    tokens = [child for child in node.children if child.type not in COMMENTS and child.type not in {"(", ")"}]
    if tokens and tokens[-1].type == ",":
        tokens.pop()
    return ["(" + node.type, *tokens, ")"]


def _with(node: Node, tree: Tree, view: View) -> list[Item]:
    """`with (a, b,):` is `with a, b:`, in whichever of the two ways the grammar reads the first."""
    del tree, view
    items: list[Item] = []
    for item in node.children:
        value = item.child_by_field_name("value") if item.type == "with_item" else None
        inner = value.children if value is not None and value.type == "tuple" else [value]
        items += [each for each in inner if each is not None and each.is_named and each.type not in COMMENTS]
    return ["(with_clause", *items, ")"]


def _number(node: Node, tree: Tree, view: View) -> list[Item]:
    del view
    text = _POINT.sub(".0", tree.source(node).lower()).replace("e+", "e")
    return [node.type + " " + ("0" + text if text.startswith(".") else text)]


def _subscript(node: Node, tree: Tree, view: View) -> list[Item] | None:
    """`x[a, b,]` is `x[a, b]`; `x[a,]` is not `x[a]`."""
    del tree, view
    found = [child for child in node.children if child.type not in COMMENTS]
    if len(found) > 1 and found[-2].type == "," and sum(child.type == "," for child in found) > 1:
        del found[-2]
        return ["(" + node.type, *found, ")"]
    return None


def _case(node: Node, tree: Tree, view: View) -> list[Item]:
    """Parentheses around a pattern, and how many nodes deep it stands, say nothing."""
    del tree, view
    return [child for child in node.children if child.type not in {"(", ")"}]


def _string(node: Node, tree: Tree, view: View) -> list[Item]:
    """A string by its value as far as it can be read off: prefix, quotes and joints do not matter."""
    del view
    strings = [child for child in node.children if child.type == "string"] if node.type != "string" else [node]
    items: list[Item] = []
    kinds, text = set(), ""
    for string in strings:
        prefix = tree.source(string.child(0)).rstrip("'\"").lower() if string.child_count else ""
        kinds.add("b" if "b" in prefix else "t" if "t" in prefix else "")
        for child in string.children[1:-1]:
            if child.type != "interpolation":
                text += _content(tree.source(child), prefix)
                continue
            items += ["text " + text] if text else []
            text = ""
            # `{x = }` prints its own white space.
            debug = any(each.type == "=" for each in child.children)
            items.append(tree.source(child) if debug else child)
    items += ["text " + text] if text else []
    return ["(string " + ",".join(sorted(kinds)), *items, ")"]


def _content(text: str, prefix: str) -> str:
    text = text.replace("\r\n", "\n")
    if "f" in prefix or "t" in prefix:
        text = text.replace("{{", "{").replace("}}", "}")
    if "r" in prefix:
        return text.replace("\\", "\\\\")
    if "\\" not in text:
        return text
    return _QUOTE.sub(lambda found: found[1] if found[1] in "'\"" else found[0], text)


def _definition(node: Node, tree: Tree, view: View) -> list[Item]:
    """A function or class: its docstring by its text alone, `class A():` as `class A:`, types as the view says."""
    items: list[Item] = ["(" + node.type]
    for child in node.children:
        name = child.type
        if name == "block":
            items += _body(child, tree, view)
            continue
        silent = name == "argument_list" and child.named_child_count == 0
        silent |= not view.types and node.type == "function_definition" and (name == "->" or _silent(child))
        items += [] if silent else [child]
    return [*items, ")"]


def _body(node: Node, tree: Tree, view: View) -> list[Item]:
    """A block or module that may begin with a docstring."""
    items = children(node, tree, PYTHON)
    doc = docstring_node(node)
    if doc is None:
        return ["(" + node.type, *items, ")"]
    statement = next(at for at, item in enumerate(items) if isinstance(item, Node) and item.type not in COMMENTS)
    del items[statement]
    text = _content("".join(tree.source(child) for child in doc.children[1:-1]), tree.source(doc.child(0)).lower())
    lines = [line.rstrip() for line in inspect.cleandoc(text).strip().split("\n")]
    said = ["doc " + "\n".join(lines)] if view.docs else []
    return ["(" + node.type, *said, *items, ")"]


def harmless(node: Node) -> bool:
    """Whether a type only names things: one that calls something does it when the function is defined."""
    return not holds(node, _RUNS)


def _silent(child: Node) -> bool:
    return child.type == "type" and harmless(child)


def _typed_parameter(node: Node, tree: Tree, view: View) -> list[Item] | None:
    del tree
    kind = node.child_by_field_name("type")
    return None if view.types or (kind is not None and not harmless(kind)) else [node.children[0]]


def _typed_default(node: Node, tree: Tree, view: View) -> list[Item] | None:
    del tree
    kind = node.child_by_field_name("type")
    if view.types or (kind is not None and not harmless(kind)):
        return None
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    return ["(default_parameter", *([name, "=", value] if name and value else node.children), ")"]


def _assignment(node: Node, tree: Tree, view: View) -> list[Item] | None:
    """`x: int = 3` is `x = 3`, but not in the body of a class, where annotations make fields."""
    del tree
    kind = node.child_by_field_name("type")
    if view.types or kind is None or not harmless(kind) or node.child_by_field_name("right") is None:
        return None
    block = node.parent.parent if node.parent else None
    if block is not None and block.parent is not None and block.parent.type == "class_definition":
        return None
    return ["(assignment", *(child for child in node.children if child.type not in {":", "type"}), ")"]


def _case_clause(node: Node, tree: Tree, view: View) -> list[Item] | None:
    """`case a, b:` is `case (a, b):`."""
    del tree, view
    head = [child for child in node.children if child.type in {"case_pattern", ","}]
    if not any(child.type == "," for child in head):
        return None
    rest = [child for child in node.children if child.type not in {"case_pattern", ",", "case"}]
    return ["(case_clause", "case", "(tuple", *(child for child in head if child.type != ","), ")", *rest, ")"]


PYTHON = Dialect(
    rules={
        "parenthesized_expression": _parenthesized,
        "subscript": _subscript,
        "type_parameter": _subscript,
        "case_pattern": _case,
        "case_clause": _case_clause,
        "tuple": _tuple,
        "expression_list": _tuple,
        "pattern_list": _tuple,
        "tuple_pattern": _tuple,
        "with_clause": _with,
        "import_from_statement": _unbracketed,
        "integer": _number,
        "float": _number,
        "string": _string,
        "concatenated_string": _string,
        "function_definition": _definition,
        "class_definition": _definition,
        "module": _body,
        "typed_parameter": _typed_parameter,
        "typed_default_parameter": _typed_default,
        "assignment": _assignment,
    },
    commas=frozenset(
        {"argument_list", "parameters", "list", "set", "dictionary", "list_pattern", "dict_pattern", "class_pattern"}
    ),
    ends={"block": frozenset({";"}), "module": frozenset({";"})},
)
