"""Which program checks which language, how it is called, and where it is found. Runs nothing and reads no output.

Each is asked about one file alone, so that nothing of a project is loaded or run: no build script, plugin, annotation
processor or macro of another crate. A program is found on the search path and nowhere else; one that lies in the opened
folder is not trusted, nor is one to which a relative entry of the path leads.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath


@dataclass(frozen=True, slots=True)
class Checker:
    """One program.

    Attributes:
        program: Its name on the search path.
        languages: Ids of the languages that it checks.
        arguments: What it is called with before the file's name, in a folder that holds the file and an empty `out`.
        error: An error in what it prints; the groups `message` and, where there is one, `symbol`.
        foreign: Errors that another file of the project may answer for. Of a new one nobody can say whose it is.
        unknown: Errors that are foreign as well where the file was not free of errors before.
        explained: What explains a failure without errors that count.
        syntax: Whether it checks syntax alone.
        stops: Whether it stops at the first error, so that after an old one it has seen nothing.
    """

    program: str
    languages: tuple[str, ...]
    arguments: tuple[str, ...]
    error: re.Pattern[str]
    foreign: re.Pattern[str] | None = None
    unknown: re.Pattern[str] | None = None
    explained: re.Pattern[str] | None = None
    syntax: bool = False
    stops: bool = False


_GCC = re.compile(r"^[^:\n]+:\d+(?::\d+)?: (?:fatal )?error: (?P<message>.+)$", re.M)
_GCC_NAMES = re.compile(
    r"undeclared|not declared|unknown type name|does not name a type|not a member|has not been declared|"
    r"no member named|implicit declaration|is not a template|#error|incomplete type|was not found"
)

_PLAIN_TYPE = "(?:boolean|byte|char|short|int|long|float|double|String)"

CHECKERS = (
    Checker(
        program="node",
        languages=("javascript",),
        arguments=("--check",),
        error=re.compile(r"^SyntaxError: (?P<message>.+)$", re.M),
        syntax=True,
        stops=True,
    ),
    Checker(
        program="tsc",
        languages=("typescript", "typescriptreact"),
        # Types need the whole project; what is wrong with syntax alone has numbers of its own, 1xxx and 17xxx.
        arguments=(
            *("--noEmit", "--noResolve", "--noLib", "--pretty", "false", "--jsx", "preserve"),
            *("--target", "esnext", "--module", "esnext"),
        ),
        error=re.compile(r"error TS17?\d{3}: (?P<message>.+)$", re.M),
        explained=re.compile(r"error TS(?:[1-4]\d{3}|1\d{4}): "),
        syntax=True,
    ),
    Checker(
        # Not `go vet`: it needs the packages that a file imports, would fetch them, and runs cgo.
        program="gofmt",
        languages=("go",),
        arguments=("-e", "-l"),
        error=re.compile(r"^[^:\n]+\.go:\d+:\d+: (?P<message>.+)$", re.M),
        syntax=True,
    ),
    Checker(
        program="rustc",
        languages=("rust",),
        arguments=(
            *("--edition", "2021", "--crate-type", "lib", "--emit", "metadata", "--out-dir", "out"),
            *("--cap-lints", "allow", "--error-format", "short", "--color", "never"),
        ),
        error=re.compile(r"^[^:\n]+\.rs:\d+:\d+: error(?:\[\w+\])?: (?P<message>.+)$", re.M),
        foreign=re.compile(
            r"unresolved import|(?:failed to resolve|cannot find) (?!.*(?:undeclared type|in this scope))|"
            r"file not found for module|can't find crate|could not find|cannot find (?:macro|attribute|derive macro)|"
            r"undeclared crate|undeclared module|unlinked crate"
        ),
        unknown=re.compile(r"cannot find|undeclared type|cannot determine resolution"),
    ),
    Checker(
        program="javac",
        languages=("java",),
        arguments=(
            *("-proc:none", "-implicit:none", "-d", "out", "-encoding", "UTF-8", "-nowarn", "-Xmaxerrs", "1000"),
            *("-XDshould-stop.ifError=FLOW", "-J-Duser.language=en"),
        ),
        error=re.compile(
            r"^[^\n]*\.java:\d+: error: (?P<message>[^\n]+)"
            r"(?:\n(?![^\n]*: error: )[^\n]*\n *\^\n {2}symbol: +(?P<symbol>[^\n]+))?",
            re.M,
        ),
        # A class of the same package needs no import, and a capital is how a class is told from a variable.
        foreign=re.compile(r"package \S+ does not exist|cannot find symbol \((?:class|variable [A-Z])|cannot access"),
        # What a class may stand for depends on what it inherits; what a number or a string may does not.
        unknown=re.compile(
            rf"cannot find symbol|does not override|"
            rf"incompatible types(?!: (?:possible lossy|{_PLAIN_TYPE} cannot be converted to {_PLAIN_TYPE}$))"
        ),
    ),
    Checker(
        program="cc",
        languages=("c",),
        arguments=("-fsyntax-only", "-Werror=implicit-function-declaration", "-fdiagnostics-color=never"),
        error=_GCC,
        unknown=_GCC_NAMES,
    ),
    Checker(
        program="c++",
        languages=("cpp",),
        arguments=("-fsyntax-only", "-fdiagnostics-color=never"),
        error=_GCC,
        unknown=_GCC_NAMES,
    ),
)

_BY_LANGUAGE = {language: checker for checker in CHECKERS for language in checker.languages}

_PLAIN = re.compile(r"[A-Za-z_][\w.+-]*")
_MODULE = re.compile(r"^[ \t]*(?:import\b(?!\s*\()|export\b)", re.M)
_INCLUDE = re.compile(r"^([ \t]*#[ \t]*include[ \t]*)(<[^>\n]+>|\"[^\"\n]+\")[^\n]*$", re.M)


def checker_of(language: str) -> Checker | None:
    """The checker of a language id; None for Python, which compiles itself, and for languages that are not known."""
    return _BY_LANGUAGE.get(language)


def found(checker: Checker, environment: Mapping[str, str], untrusted: Iterable[Path] = ()) -> Path | None:
    """Where `checker` is, by the absolute entries of `PATH` that do not lead into an `untrusted` folder."""
    closed = [each.resolve() for each in untrusted]
    for folder in search_path(environment, closed):
        program = folder / checker.program
        if not program.is_file() or not os.access(program, os.X_OK) or _is_stub(program):
            continue
        if not any(program.resolve().is_relative_to(each) for each in closed):
            return program
    return None


def search_path(environment: Mapping[str, str], untrusted: Iterable[Path] = ()) -> list[Path]:
    """The trusted entries of `PATH`, in order. `untrusted`: resolved folders."""
    entries = [Path(entry) for entry in environment.get("PATH", "").split(os.pathsep) if Path(entry).is_absolute()]
    return [each for each in entries if not any(each.resolve().is_relative_to(folder) for folder in untrusted)]


def _is_stub(program: Path) -> bool:
    """Whether it is one of macOS's own stand-ins, which open a window that offers to install something."""
    if sys.platform != "darwin" or program.parent != Path("/usr/bin"):
        return False
    if program.name == "javac":
        homes = Path("/Library/Java/JavaVirtualMachines")
        return not (homes.is_dir() and any(homes.iterdir()))
    return not any(Path(place).exists() for place in ("/Library/Developer/CommandLineTools", "/Applications/Xcode.app"))


def file_name(path: str, language: str, extensions: tuple[str, ...], *texts: str) -> str:
    """What the copy of a file is called: by its own name where that is plain, since Java's compiler compares it."""
    name = PurePath(path.replace("\\", "/")).name
    suffix = PurePath(name).suffix
    if suffix.lower() not in extensions or not _PLAIN.fullmatch(name):
        name, suffix = f"edit{extensions[0]}", extensions[0]
    if language == "javascript" and suffix in (".js", ".jsx"):
        # Whether it is a module is written in a file of the project; here it is told by what it says.
        name = name.removesuffix(suffix) + (".mjs" if any(map(_MODULE.search, texts)) else ".cjs")
    return name


def alone(text: str, language: str) -> str:
    """`text` as it is checked without its project: a C file goes on behind a header that is not there."""
    if language not in ("c", "cpp"):
        return text
    return _INCLUDE.sub(r"#if __has_include(\2)\n\1\2\n#else\n#error \2 was not found\n#endif", text)
