"""Where the tests of a file go by its project's convention. Looks at names in folders, opens no file."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", "package.json", "go.mod", "Cargo.toml", "pom.xml")


def test_file(path: str, symbol: str, language: str) -> str:
    """A path that does not exist yet, relative to the folder of `path`, for tests of `symbol`."""
    file = Path(path).absolute()
    folder, stem, suffix = file.parent, file.stem, file.suffix
    root = _root(folder)
    short = symbol.rpartition(".")[2].lower().strip("_")
    if language == "python":
        places = (root / "tests", root / "test", folder / "tests")
        tests = next((each for each in places if _within(each, root)), folder)
        names = [f"test_{stem}.py", f"test_{stem}_{short}.py"]
    elif language in ("javascript", "typescript", "typescriptreact"):
        tests = folder / "__tests__" if _within(folder / "__tests__", root) else folder
        names = [f"{stem}.test{suffix}", f"{stem}.{short}.test{suffix}"]
    elif language == "go":
        tests, names = folder, [f"{stem}_test.go", f"{stem}_{short}_test.go"]
    elif language == "rust":
        tests = folder if (root / "tests").exists() and not _within(root / "tests", root) else root / "tests"
        names = [f"{stem}.rs", f"{stem}_{short}.rs"]
    elif language == "java":
        tests = Path(str(folder).replace("/src/main/java", "/src/test/java"))
        names = [f"{stem}Test.java", f"{stem}{short.capitalize()}Test.java"]
    else:
        tests = next((each for each in (root / "tests", root / "test") if _within(each, root)), folder)
        names = [f"test_{stem}{suffix}", f"test_{stem}_{short}{suffix}"]
    names += [f"{Path(names[1]).stem}_{number}{Path(names[1]).suffix}" for number in range(2, 100)]
    free = next((tests / name for name in names if not (tests / name).exists()), tests / names[-1])
    return os.path.relpath(free, folder)


def _within(folder: Path, root: Path) -> bool:
    """Whether it is a folder of the project: a link to one elsewhere is not."""
    try:
        return folder.is_dir() and folder.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _root(folder: Path) -> Path:
    """The project's top folder: the nearest one that holds a project file, else the file's own folder."""
    for each in (folder, *folder.parents):
        if any((each / mark).exists() for mark in _ROOT_MARKS):
            return each
    return folder
