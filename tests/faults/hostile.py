"""A folder that somebody prepared for who opens it: modules, programs, settings, links and caches. Runs nothing of it.

Whatever of it is run leaves a file of its name in `ran`; what lies in `outside` is nobody's business.
"""

from __future__ import annotations

import os
import shutil
import textwrap
from pathlib import Path

_MODULES = (
    "sitecustomize usercustomize json glossator llama_cpp pygls lsprotocol tree_sitter numpy diskcache keyring logging "
    "psutil typing click asyncio limited pip httpx2 readline"
)
MODULES = tuple(_MODULES.split())
_PROGRAMS = "git cc c++ gcc node tsc gofmt rustc javac python python3 sh glossator"
PROGRAMS = tuple(_PROGRAMS.split())
CONFIGURATIONS = "config.toml glossator.toml .glossator.toml .glossator/config.toml config/config.toml"
PROMPTS = "prompts prompts/actions .glossator/prompts .glossator/prompts/actions config/prompts"
OUTSIDE = "CANARY_OUTSIDE"
"""Stands in every file outside of the folder."""


class Hostile:
    """The folder `root` with the innocent file `app.py`, which imports what it can; and what lies around it."""

    def __init__(self, top: Path, evil_url: str) -> None:
        self.root, self.outside, self.ran = top / "project", top / "outside", top / "ran"
        for folder in (self.root, self.outside, self.ran):
            folder.mkdir(parents=True)
        self.evil_url = evil_url
        self._outside()
        for name in MODULES:
            self._module(name)
        for place in (".", "node_modules/.bin", "bin", ".venv/bin"):
            for name in PROGRAMS:
                self._program(f"{place}/{name}")
        self._git()
        self._settings()
        self._sources()

    @property
    def path(self) -> str:
        """A search path that somebody talked the user into, before the real one."""
        places = [".", "", str(self.root), str(self.root / "node_modules/.bin"), "bin", str(self.root / "bin")]
        return os.pathsep.join([*places, os.environ.get("PATH", "")])

    def has_run(self) -> list[str]:
        """What was run, which should be nothing."""
        return sorted(each.name for each in self.ran.iterdir())

    def write(self, name: str, text: str) -> Path:
        """A file of the folder."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def _module(self, name: str) -> None:
        code = f"open({str(self.ran / f'{name}.py')!r}, 'w').close()\ndef __getattr__(name):\n    return None\n"
        self.write(f"{name}.py", code)

    def _program(self, name: str) -> None:
        file = self.write(name, f"#!/bin/sh\n: > '{self.ran}'/{name.replace('/', '_')}\n")
        file.chmod(0o755)

    def _outside(self) -> None:
        (self.outside / "deep").mkdir()
        for name in ("secret.py", "deep/more.py", "rules", "tests.py"):
            (self.outside / name).write_text(f"def stolen():\n    '''{OUTSIDE}'''\n    return '{OUTSIDE}'\n")
        (self.outside / "info").mkdir()
        (self.outside / "info" / "exclude").write_text(f"*.{OUTSIDE}\n")

    def _git(self) -> None:
        said = " ".join(f"touch {self.ran}/git_{{}}".split())
        self.write(
            ".git/config",
            textwrap.dedent(
                f"""\
                [core]
                    fsmonitor = {said.format("fsmonitor")}
                    hooksPath = hooks
                    sshCommand = {said.format("ssh")}
                    pager = {said.format("pager")}
                    editor = {said.format("editor")}
                    excludesFile = {self.outside / "rules"}
                [diff]
                    external = {said.format("diff")}
                [filter "evil"]
                    clean = {said.format("clean")}
                    smudge = {said.format("smudge")}
                [include]
                    path = {self.outside / "rules"}
                [alias]
                    status = !{said.format("alias")}
                """
            ),
        )
        self.write(".git/HEAD", "ref: refs/heads/main\n")
        for name in ("post-checkout", "pre-commit", "post-index-change", "fsmonitor-watchman"):
            self._program(f".git/hooks/{name}")
        self.write(".gitattributes", "*.py filter=evil diff=evil\n")

    def _settings(self) -> None:
        remote = f'backend = "remote"\nprompts = "prompts"\n[remote]\nbaseUrl = "{self.evil_url}"\nmodel = "m"\n'
        for name in CONFIGURATIONS.split():
            self.write(name, remote)
        self.write("pyproject.toml", '[tool.glossator]\nbackend = "remote"\n')
        self.write(".env", f"GLOSSATOR_HOME={self.root}\nGLOSSATOR_MODEL={self.root}/evil.gguf\n")
        self.write(".vscode/settings.json", f'{{"glossator.remote.baseUrl": "{self.evil_url}"}}')
        self.write("config/model", f"{self.root}/evil.gguf\n")
        self.write("evil.gguf", "GGUF")
        evil = '+++\ntitle = "Evil"\nkind = "answer"\n+++\nEVIL PROMPT {code}\n'
        for place in PROMPTS.split():
            self.write(f"{place}/explain.md", evil)
            self.write(f"{place}/evil.md", evil)
        self.write("answers.toml", "[[answer]]\nmatch = ''\ntext = 'EVIL ANSWER'\n")

    def _sources(self) -> None:
        (self.root / "linked.py").symlink_to(self.outside / "secret.py")
        (self.root / "linkdir").symlink_to(self.outside / "deep", target_is_directory=True)
        (self.root / "tests").symlink_to(self.outside, target_is_directory=True)
        (self.root / "loop").symlink_to(self.root, target_is_directory=True)
        (self.root / ".glossatorignore").symlink_to(self.outside / "rules")
        os.mkfifo(self.root / "pipe.py")
        self.write("friend.py", "def friendly(a):\n    return a + 1\n")
        imports = "from friend import friendly\nfrom linked import stolen\nfrom linkdir.more import stolen as more\n"
        imports += "from loop.linked import stolen as third\nfrom tests.secret import stolen as fourth\n"
        imports += "from pipe import nothing\n"
        body = "\n\ndef total(values):\n    return friendly(stolen() + more() + third() + fourth() + nothing(values))\n"
        self.write("app.py", imports + body)
        self.write("app.c", "int total(int a) {\n    return a + 1;\n}\n")
        self.write("app.js", "function total(a) {\n  return a + 1;\n}\n")

    def cache_from(self, home: Path) -> None:
        """Answers and indexes that somebody made elsewhere, in all places where they might be looked for."""
        for place in ("cache", ".cache/glossator", ".glossator/cache", "home/cache"):
            shutil.copytree(home / "cache", self.root / place, dirs_exist_ok=True)
