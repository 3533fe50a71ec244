"""Which errors a function plainly raises itself: those that it names and lets out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from .gives import FUNCTIONS
from .tree import Tree

PANICS = {"go", "rust"}
"""Languages whose functions do not raise, but may panic."""

_HANDLERS = {"except_clause", "except_group_clause", "catch_clause"}
_SWALLOWS = re.compile(r"suppress|[rR]aises")


def raised(tree: Tree, nodes: Sequence[Node]) -> tuple[str, ...]:
    """The names of the errors that are raised at `nodes`, without those that may be caught again, and without names
    that stand for an error: `raise error` says nothing of which one it is."""
    if tree.language.id in PANICS:
        return ()
    names = (" ".join(tree.source(node).split()) for node in nodes if not _caught(tree, node))
    return tuple(dict.fromkeys(name for name in names if _is_error(name, tree.language.id)))


def _is_error(name: str, language: str) -> bool:
    """Whether a name is that of an error's class. A small letter begins what holds one or makes one."""
    last = re.split(r"\.|::", name)[-1]
    if language == "cpp" and re.fullmatch(r"std::\w+|\w*_(?:error|exception)", name):
        return True
    return last[:1].isupper()


def _caught(tree: Tree, node: Node) -> bool:
    """Whether something around `node` in its function may catch what is raised there."""
    inner, around = node, node.parent
    while around is not None and around.type not in FUNCTIONS:
        handled = any(child.type in _HANDLERS for child in around.named_children)
        if around.type.startswith("try") and handled and inner == around.child_by_field_name("body"):
            return True
        if around.type == "with_statement" and _SWALLOWS.search(tree.source(around.named_children[0])):
            return True
        inner, around = around, around.parent
    return False
