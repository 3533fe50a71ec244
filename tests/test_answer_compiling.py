"""Edits are compiled by the language's own checker where there is one; where there is none nothing is missed."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from glossator.answer import copied
from glossator.answer.checkers import CHECKERS, alone, checker_of, file_name, found, search_path
from glossator.answer.compared import Compiled, Printed, compared, errors
from glossator.answer.compiling import Change, Compilers
from glossator.code.languages import LANGUAGES, language_of

Fake = Callable[[str], Compilers]
BAD = 'grep -q BAD *.c && { echo "$PWD/a.c:$(grep -n BAD a.c | cut -d: -f1):3: error: bad thing"; exit 1; }; exit 0'


def change(before: str, after: str, path: str = "a.c") -> Change:
    language = language_of(path)
    assert language is not None
    return Change(language, path, before, after)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Makes compilers that know one only, `cc`, which is the given shell script; each run adds a line to `runs`."""
    programs = tmp_path / "programs"
    programs.mkdir()

    def make(script: str) -> Compilers:
        program = programs / "cc"
        program.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\n{script}\n")
        program.chmod(0o755)
        return Compilers(environment={"PATH": f"{programs}:/usr/bin:/bin", "SECRET": "x"}, seconds=5.0)

    return make


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines()) if (folder / "runs").exists() else 0


def left(folder: Path) -> list[Path]:
    return list(folder.glob("glossator-check-*"))


async def test_fine(fake: Fake, tmp_path: Path) -> None:
    """An edit without errors is compiled once, and known from then on."""
    compilers, edit = fake(BAD), change("int a;", "int b;")
    assert compilers.known(edit) is None
    assert await compilers.check(edit) == Compiled(rung="compiles (cc)")
    assert compilers.known(edit) == await compilers.check(edit)
    assert runs(tmp_path) == 1


async def test_the_code_before_is_compiled_once(fake: Fake, tmp_path: Path) -> None:
    """However many edits of a file have errors, those of the file as it was are looked for once."""
    compilers = fake(BAD)
    for number in range(3):
        assert (await compilers.check(change("int a;", f"int b{number}; BAD"))).reason
    assert runs(tmp_path) == 4


async def test_new_error(fake: Fake) -> None:
    """An error that was not there before is the reason of a refusal, without the place of the copy."""
    said = await fake(BAD).check(change("int a;", "\n\nBAD"))
    assert said == Compiled(reason="the new code does not compile: bad thing (cc)")


async def test_same_error(fake: Fake) -> None:
    """An error that was there before, on another line, refuses nothing and is not hidden."""
    said = await fake(BAD).check(change("BAD;", "\n\n\nBAD; int b;"))
    assert said == Compiled(rung="no new errors (cc)")


async def test_missing(tmp_path: Path) -> None:
    """Without a checker nothing is said, at once."""
    compilers, edit = Compilers(environment={"PATH": str(tmp_path)}), change("a", "b")
    assert compilers.known(edit) == await compilers.check(edit) == Compiled()
    assert await compilers.check(change("a", "b", "a.py")) == Compiled()


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60 & sleep 60",
        "yes error; exit 1",
        "echo segmentation fault; exit 1",
        "printf '\\377\\376\\000'; exit 3",
        "kill -9 $$",
        "exec /nowhere/at/all",
    ],
)
async def test_useless(fake: Fake, tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checker that hangs, floods, babbles or dies says nothing, and nothing of it is left."""
    monkeypatch.setattr(copied.tempfile, "tempdir", str(tmp_path))
    compilers = fake(script)
    compilers.seconds = 0.5
    began = time.monotonic()
    assert await compilers.check(change("int a;", "int b;")) == Compiled()
    assert time.monotonic() - began < 4
    assert left(tmp_path) == []


async def test_what_it_started_ends_too(fake: Fake, tmp_path: Path) -> None:
    """What a hanging checker has started is ended with it."""
    compilers = fake(f"(sleep 1.5; touch {tmp_path}/late) & sleep 60")
    compilers.seconds = 0.5
    await compilers.check(change("int a;", "int b;"))
    await asyncio.sleep(1.5)
    assert not (tmp_path / "late").exists()


async def test_cancelled(fake: Fake, tmp_path: Path) -> None:
    """Whoever stops waiting stops the checker."""
    task = asyncio.create_task(fake(f"sleep 1.5; touch {tmp_path}/late").check(change("int a;", "int b;")))
    await asyncio.sleep(0.5)
    assert runs(tmp_path) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(1.5)
    assert not (tmp_path / "late").exists()


async def test_loop_goes_on(fake: Fake) -> None:
    """The event loop turns while a checker works."""
    task = asyncio.create_task(fake("sleep 0.5").check(change("int a;", "int b;")))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.02)
        turns += 1
    assert turns > 8


async def test_surroundings(fake: Fake, tmp_path: Path) -> None:
    """A checker runs in a folder of its own, which holds the copy alone, and hears no variables but the harmless."""
    compilers = fake(f"{{ ls -a; env | cut -d= -f1; ls -ld . | cut -c1-10; }} > {tmp_path}/seen")
    await compilers.check(change("int a;", "int b;", "/home/me/project/main.c"))
    seen = (tmp_path / "seen").read_text().split()
    assert {"main.c", "out", "drwx------"} <= set(seen)
    assert "SECRET" not in seen
    assert "project" not in seen


# --- which program ----------------------------------------------------------------------------------------------------


def test_only_trusted_programs(tmp_path: Path) -> None:
    """No program of the opened folder is run, be it by a relative entry, an absolute one or a link."""
    opened, other = tmp_path / "opened" / "bin", tmp_path / "other"
    for folder in (opened, other):
        folder.mkdir(parents=True)
    (opened / "cc").write_text("#!/bin/sh\n")
    (opened / "cc").chmod(0o755)
    checker, untrusted = checker_of("c"), [tmp_path / "opened"]
    assert checker is not None
    assert found(checker, {"PATH": str(opened)}) == opened / "cc"
    assert found(checker, {"PATH": f"{opened}:bin:.:"}, untrusted) is None
    (other / "cc").symlink_to(opened / "cc")
    assert found(checker, {"PATH": str(other)}, untrusted) is None
    assert search_path({"PATH": f"{opened}:bin::{other}"}, [each.resolve() for each in untrusted]) == [other]


def test_stand_ins_of_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of macOS that only offer to install something are not taken for checkers."""
    checker = checker_of("java")
    assert checker is not None
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "is_file", lambda self: str(self) == "/usr/bin/javac")
    monkeypatch.setattr("os.access", lambda path, mode: True)
    monkeypatch.setattr(Path, "is_dir", lambda self: False)
    assert found(checker, {"PATH": "/usr/bin"}) is None


def test_each_language_has_one() -> None:
    """Every language but Python, which compiles itself, has a checker."""
    assert {each.id for each in LANGUAGES if checker_of(each.id) is None} == {"python"}
    assert len({each.program for each in CHECKERS}) == len(CHECKERS)


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("src/Stack.java", "", "Stack.java"),
        ("-o.c", "", "edit.c"),
        ("a b.rs", "", "edit.rs"),
        ("a.js", "import a from 'a';", "a.mjs"),
        ("a.js", "const a = import('a');", "a.cjs"),
        ("a.mjs", "", "a.mjs"),
    ],
)
def test_names(path: str, text: str, name: str) -> None:
    """A copy has the file's name, unless that could be an option; a script is told from a module by what it says."""
    language = language_of(path)
    assert language is not None
    assert file_name(path, language.id, language.extensions, text) == name


def test_headers() -> None:
    """A C file is read on behind a header that is not there; other languages are left as they are."""
    text = '#include "a.h"\n#include <b.h> // b\nint a;\n'
    assert alone(text, "c").count("__has_include") == 2
    assert alone(text, "java") == text


# --- what it prints ---------------------------------------------------------------------------------------------------

TSC = """a.ts(3,5): error TS1005: ';' expected.
a.ts(9,1): error TS2304: Cannot find name 'x'.
error TS2318: Cannot find global type 'Array'.
"""
GOFMT = "a.go:3:5: expected ';', found x\na.go:9:1: expected declaration, found '}'\n"


def test_languages_not_installed_everywhere() -> None:
    """What tsc and gofmt print is understood: of types nothing is said, and a wrong call is no check."""
    tsc, gofmt = checker_of("typescript"), checker_of("go")
    assert tsc is not None
    assert gofmt is not None
    assert errors(tsc, Printed(2, TSC)) == ("';' expected.",)
    assert errors(tsc, Printed(2, TSC.split("\n", 1)[1])) == ()
    assert errors(tsc, Printed(1, "error TS5112: tsconfig.json is present but will not be loaded.")) is None
    assert errors(gofmt, Printed(2, GOFMT)) == ("expected ';', found x", "expected declaration, found '}'")
    assert errors(gofmt, Printed(0, "a.go\n")) == ()
    assert compared(gofmt, (), ()).rung == "parses (gofmt)"


# --- real ones --------------------------------------------------------------------------------------------------------

WRONG = "the new code does not compile: "


@pytest.mark.parametrize(
    ("path", "file", "before", "after", "said"),
    [
        ("a.c", "#include <stdio.h>\nint f(void) { return 0; }", "0", 'puts("")', "compiles (cc)"),
        ("a.c", '#include "x.h"\nx_t f(void) { return 0; }', "0", "1", "no new errors (cc)"),
        ("a.c", '#include "x.h"\nx_t f(void) { return 0; }', "0;", "0", WRONG),
        ("a.c", '#include "x.h"\nint f(void) { return 0; }', "0", "g()", ""),
        ("a.c", "int f(void) { return 0; }", "0", "g()", WRONG),
        ("a.cpp", "#include <vector>\nint f() { return 0; }", "0", "std::vector<int>().size()", "compiles (c++)"),
        ("a.cpp", "#include <vector>\nint f() { return 0; }", "0", "x", WRONG),
        ("a.js", "function f() { return 0; }", "0", "1", "parses (node)"),
        ("a.js", "import x from 'x';\nfunction f() { return 0; }", "return 0", "let a; let a", WRONG),
        ("a.jsx", "const f = () => <a/>;", "a/", "b/", ""),
        ("a.ts", "import x from 'x';\nconst f = (): Y => x(0);", "0", "1", "parses (tsc)"),
        ("a.ts", "import x from 'x';\nconst f = (): Y => x(0);", "0)", "0", WRONG),
        ("a.tsx", "const f = () => <a>b</a>;", "</a", "</b", WRONG),
        ("a.go", "package a\n\nfunc f() int { return 0 }", "0", "1", "parses (gofmt)"),
        ("a.go", "package a\n\nfunc f() int { return 0 }", "0", "", "parses (gofmt)"),
        ("a.go", "package a\n\nfunc f() int { return 0 }", "0", "0 +", WRONG),
        ("a.rs", "fn f() -> i32 { 0 }", "0", "1", "compiles (rustc)"),
        ("a.rs", "use crate::x::Y;\nfn f() -> i32 { 0 }", "0", "1", "no new errors (rustc)"),
        ("a.rs", "fn f() -> i32 { 0 }", "0", "crate::x::g()", ""),
        ("a.rs", "fn f() -> i32 { 0 }", "0", "HashMap::new(); 1", WRONG),
        ("A.java", "class A { int f() { return 0; } }", "0", "1", "compiles (javac)"),
        ("A.java", "import b.B;\nclass A { B b; int f() { return 0; } }", "0", "1", "no new errors (javac)"),
        ("A.java", "import b.B;\nclass A { B b; int f() { return 0; } }", "0", '""', WRONG),
        ("A.java", "class A { int f() { return 0; } }", "0", "Other.g()", ""),
    ],
)
async def test_real(path: str, file: str, before: str, after: str, said: str) -> None:
    """The real checkers tell an edit's own errors from what a file alone cannot show."""
    language = language_of(path)
    assert language is not None
    checker = checker_of(language.id)
    assert checker is not None
    if shutil.which(checker.program) is None:
        pytest.skip(f"{checker.program} is not installed")
    compiled = await Compilers(seconds=60.0).check(change(file, file.replace(before, after), path))
    assert (compiled.reason if said == WRONG else compiled.rung).startswith(said)
    assert bool(compiled.reason) == (said == WRONG)
    assert bool(compiled.rung) == (said not in ("", WRONG))
