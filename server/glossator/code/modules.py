"""The module that an import names -> the files of the workspace that it can be, by the conventions of each language.

Goes by paths alone: configuration of build tools is not read, so where roots are unknown a path's ending decides, the
file nearest to the importer first. Standard libraries are nowhere in a workspace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from .entry import Entry
from .index import Index

MOST = 8
"""Files that one module is taken for at most (a Go package has many)."""
_ECMA_ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_HEADERS = (".h", ".hpp", ".hh", ".hxx", ".h++")
_RUST_ROOTS = ("lib.rs", "main.rs", "mod.rs")


def files_of(index: Index, importer: Entry, module: str) -> tuple[str, ...]:
    """The files that `module` can be where `importer` names it, the likeliest first; () where none is."""
    if not module:
        return ()
    found = _FINDERS[importer.language](index, importer, module)
    return tuple(dict.fromkeys(path for path in found if path in index.entries))[:MOST]


def distance(one: str, other: str) -> int:
    """How many steps in the tree of folders lie between two files."""
    mine, theirs = one.split("/")[:-1], other.split("/")[:-1]
    pairs = enumerate(zip(mine, theirs, strict=False))
    shared = next((at for at, (a, b) in pairs if a != b), min(len(mine), len(theirs)))
    return len(mine) + len(theirs) - 2 * shared


def join(folder: str, relative: str) -> str:
    """A relative path from `folder`, `.` and `..` resolved; one that leaves the workspace starts with `..`."""
    return os.path.normpath(f"{folder}/{relative}" if folder else relative).replace("\\", "/")


def _python(index: Index, importer: Entry, module: str) -> Iterable[str]:
    folder = _folder(importer.path)
    dots = len(module) - len(module.lstrip("."))
    name = module[dots:].replace(".", "/")
    if dots:
        base = join(folder, "../" * (dots - 1) or ".")
        return _python_files("" if base == "." else base, name)
    if module.partition(".")[0] in sys.stdlib_module_names:
        return ()
    found = []
    for path in {*index.with_stem(name.rpartition("/")[2]), *_packages(index, name)}:
        root = _root(path, name)
        if root is None or f"{root}/__init__.py".lstrip("/") in index.entries:
            continue  # inside of a package a module has a longer name
        if "/" in name or root.count("/") == 0 or folder == root or folder.startswith(f"{root}/"):
            found.append(path)
    return sorted(found, key=lambda path: (distance(importer.path, path), path))


def _packages(index: Index, name: str) -> set[str]:
    return {
        path for path in index.with_stem("__init__") if path.endswith((f"{name}/__init__.py", f"{name}/__init__.pyi"))
    }


def _root(path: str, name: str) -> str | None:
    """The folder in which `name` has to be looked for to be found at `path`; None where it is not."""
    for ending in (".py", ".pyi", ".pyw", "/__init__.py", "/__init__.pyi"):
        if path == name + ending:
            return ""
        if path.endswith(f"/{name}{ending}"):
            return path[: -len(name + ending) - 1]
    return None


def _python_files(folder: str, name: str) -> list[str]:
    base = "/".join(part for part in (folder, name) if part)
    if not name:
        return [f"{base}/__init__.py".lstrip("/"), f"{base}/__init__.pyi".lstrip("/")]
    return [f"{base}.py", f"{base}/__init__.py", f"{base}.pyi", f"{base}/__init__.pyi"]


def _ecma(index: Index, importer: Entry, module: str) -> Iterable[str]:
    if module.startswith("."):
        return _ecma_files(join(_folder(importer.path), module))
    if module.startswith(("@/", "~/", "#/", "src/", "/")):  # aliases of bundlers: the path's ending decides
        rest = module.split("/", 1)[1] if module[0] in "@~#/" else module
        stem = rest.rpartition("/")[2].partition(".")[0]
        places = {*index.with_stem(stem), *index.with_stem("index")}
        ends = tuple(f"/{each}" for each in _ecma_files(rest))
        return sorted((path for path in places if f"/{path}".endswith(ends)), key=lambda path: (len(path), path))
    return ()


def _ecma_files(base: str) -> list[str]:
    base = "" if base == "." else base
    stem = base
    for ending in (".js", ".jsx", ".mjs", ".cjs"):  # TypeScript names what will be there once it is compiled
        stem = stem.removesuffix(ending) if base.endswith(ending) else stem
    whole = [base, *(stem + ending for ending in _ECMA_ENDINGS)]
    return whole + [f"{base}/index{ending}".lstrip("/") for ending in _ECMA_ENDINGS]


def _go(index: Index, importer: Entry, module: str) -> Iterable[str]:
    parts = module.split("/")
    if len(parts) == 1 and "." not in module:
        return ()
    for start in range(len(parts)):
        ending = "/".join(parts[start:])
        folders = [each for each in index.folders() if each == ending or each.endswith(f"/{ending}")]
        found = [path for folder in folders for path in _source(index, folder, ".go")]
        if found:
            return sorted(found, key=lambda path: (distance(importer.path, path), path.endswith("_test.go"), path))
    return ()


def _source(index: Index, folder: str, ending: str) -> list[str]:
    return sorted(path for path in index.in_folder(folder) if path.endswith(ending))


def _rust(index: Index, importer: Entry, module: str) -> Iterable[str]:
    first, *rest = module.split("::")
    here = _rust_folder(importer.path)
    if first == "crate":
        return _rust_files(_crate(index, importer.path), rest)
    if first == "self":
        return _rust_files(here, rest) if rest else [importer.path]
    if first == "super":
        base = here
        names = module.split("::")
        while names and names[0] == "super":
            base, names = _folder(base), names[1:]
        return _rust_files(base, names)
    near = [path for path in _rust_files(here, [first, *rest]) if path in index.entries]
    if near:
        return near
    crates = {first, first.replace("_", "-")}
    roots = [folder for folder in index.folders() if folder.endswith("/src") and folder.split("/")[-2] in crates]
    return [path for root in sorted(roots) for path in _rust_files(root, rest)]


def _rust_folder(path: str) -> str:
    """The folder of a file's child modules."""
    folder, name = _folder(path), path.rpartition("/")[2]
    return folder if name in _RUST_ROOTS else f"{folder}/{name.removesuffix('.rs')}".lstrip("/")


def _rust_files(folder: str, names: list[str]) -> list[str]:
    base = "/".join([folder, *names] if folder else names)
    found = [f"{base}.rs", f"{base}/mod.rs"] if names else []
    if len(names) <= 1:  # what is defined in the crate's root, or inline in a module of it
        found += [f"{folder}/{name}".lstrip("/") for name in _RUST_ROOTS] + [f"{folder}.rs"]
    else:
        found += _rust_files(folder, names[:-1])
    return found


def _crate(index: Index, path: str) -> str:
    """The folder of the crate's root: the nearest above with a `lib.rs` or `main.rs`."""
    folder = _folder(path)
    while True:
        if any(f"{folder}/{name}".lstrip("/") in index.entries for name in ("lib.rs", "main.rs")) or not folder:
            return folder
        folder = _folder(folder)


def _java(index: Index, importer: Entry, module: str) -> Iterable[str]:
    package, _, name = module.rpartition(".")
    found = index.in_package(module) or {
        path for path in index.in_package(package) if path.rpartition("/")[2] == f"{name}.java"
    }
    return sorted(found, key=lambda path: (distance(importer.path, path), path))


def _c(index: Index, importer: Entry, module: str) -> Iterable[str]:
    near = join(_folder(importer.path), module)
    stem = module.rpartition("/")[2].partition(".")[0]
    ending = f"/{module.removeprefix('./').lstrip('/')}"
    while ending.startswith("/../"):
        ending = ending[3:]
    others = [path for path in index.with_stem(stem) if f"/{path}".endswith(ending)]
    headers = [near, *sorted(others, key=lambda path: (distance(importer.path, path), path))][:3]
    found = []
    for header in headers:
        if header not in index.entries:
            continue
        found.append(header)
        if header.endswith(_HEADERS):  # what it declares is defined in the file of its name
            beside = [path for path in index.with_stem(stem) if not path.endswith(_HEADERS)]
            found += sorted(beside, key=lambda path: (distance(header, path), path))[:2]
    return found


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


_FINDERS: dict[str, Callable[[Index, Entry, str], Iterable[str]]] = {
    "python": _python,
    "javascript": _ecma,
    "typescript": _ecma,
    "typescriptreact": _ecma,
    "go": _go,
    "rust": _rust,
    "java": _java,
    "c": _c,
    "cpp": _c,
}
