"""The house keeps its rules: who may import whom, and what no module may grow into."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "server" / "glossator"
ROOMS = {
    *("cli", "lsp", "cluster", "action", "answer", "code", "engine", "models", "site", "settings"),
    *("__init__", "__main__"),
}

MAY_IMPORT = {
    "cli": {"lsp", "action", "answer", "code", "engine", "models", "settings", "site", "cluster"},
    "cluster": {"action", "code", "engine", "settings"},
    "lsp": {"action", "answer", "code", "engine", "models", "settings"},
    "action": {"answer", "code", "engine"},
    "answer": {"code"},
    "site": {"answer", "code"},
    "code": set(),
    "engine": {"models", "settings"},
    "models": set(),
    "settings": set(),
    "__init__": set(),
    "__main__": {"cli"},
}

ONLY_IMPORTER = {
    "pygls": "lsp/",
    "lsprotocol": "lsp/",
    "tree_sitter": "code/",
    "pathspec": "code/ignore",
    "llama_cpp": "engine/llama",
    "diskcache": "engine/remembered",
    "huggingface_hub": "models/pull",
    "httpx2": "engine/remote_http",
    "ray": "cluster/on_ray",
    "markdown_it": "site/prose",
    "click": ("cli/", "__main__"),
    "rich": "cli/",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Absolute dotted names of what `path` imports, at any depth of its code."""
    parts = ("glossator", *path.relative_to(PACKAGE).with_suffix("").parts)
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parts[: -node.level]) if node.level else ""
            head = ".".join(part for part in (base, node.module or "") if part)
            names |= {head} | {f"{head}.{alias.name}" for alias in node.names}
    return frozenset(names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms(path: Path) -> None:
    """A room imports only from the rooms below it."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert room in ROOMS, f"{path.name} belongs to no room of the house"
    used = {name.split(".")[1] for name in imported(path) if name.startswith("glossator.")} & ROOMS
    assert used - {room, "__init__"} <= MAY_IMPORT[room]


@pytest.mark.parametrize("library", ONLY_IMPORTER)
def test_only_importer(library: str) -> None:
    """A library that shapes the code around it is imported in one place."""
    allowed = ONLY_IMPORTER[library]
    places = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if any(name == library or name.startswith(library + ".") for name in imported(path))
    }
    assert all(place.startswith(allowed) for place in places), places


def test_module_sizes() -> None:
    """No module grows past 400 lines: by then it does two things."""
    large = {path.name: count for path in modules() if (count := len(path.read_text().splitlines())) > 400}
    assert not large
