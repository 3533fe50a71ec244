"""Which paths of a workspace are left alone: what git ignores, `.glossatorignore`, secrets, and what no person wrote.

Asked from the top down: of a folder that is left alone nobody asks what is in it. The only importer of pathspec.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

FILES = (".gitignore", ".glossatorignore")
"""Read in each folder; of two that disagree the later one wins, and the one of the deeper folder."""

_FOLDERS = (
    ".git .hg .svn .jj node_modules bower_components .venv venv __pycache__ __pypackages__ site-packages .tox .nox "
    ".eggs build dist target .next .nuxt .svelte-kit .gradle .idea .vscode .mypy_cache .ruff_cache .pytest_cache "
    ".hypothesis .cache .terraform .direnv .ssh .gnupg .aws .azure .kube .docker"
)
FOLDERS = frozenset(_FOLDERS.split())
"""Version control, other people's code, what tools build, and where keys are."""
MARKS = frozenset(("pyvenv.cfg", "CACHEDIR.TAG"))
"""A folder that holds one of these is a virtual environment or a cache."""
_SECRET = re.compile(
    r"\.env.*|.*\.env|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|asc|gpg|ppk|crt|cer|der)|id_(rsa|dsa|ecdsa|ed25519).*|"
    r"\.?(credentials?|secrets?|passwords?|htpasswd|netrc|pgpass)(\..*)?|\.(npmrc|pypirc|git-credentials)|"
    r"service[-_]account.*\.json",
    re.IGNORECASE,
)


def secret(name: str) -> bool:
    """Whether a file's name says that it holds keys or passwords."""
    return _SECRET.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold in one folder: its own after those of the folders above it.

    Attributes:
        levels: Folder (relative, with `/` at its end; "" for the workspace) and rules of each file, the weakest first.
        outer: Rules of the folders above the workspace, the weakest first, and where the workspace is for them.
    """

    levels: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    outer: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def around(self, workspace: str, texts: Iterable[str]) -> Rules:
        """With the rules of a folder above, in which the workspace is `workspace` (with `/` at its end)."""
        more = tuple((workspace, spec) for text in texts if (spec := _spec(text)) is not None)
        return Rules(self.levels, self.outer + more)

    def within(self, folder: str, texts: Iterable[str]) -> Rules:
        """The rules in `folder`, given the texts of its own ignore files, the weakest first."""
        more = tuple((folder, spec) for text in texts if (spec := _spec(text)) is not None)
        return Rules(self.levels + more, self.outer) if more else self

    def leaves_out(self, path: str, *, folder: bool = False) -> bool:
        """Whether the rules leave out a path (relative, `/`), all folders above it being left in."""
        for base, spec in reversed(self.levels):
            if not path.startswith(base):
                continue
            said = spec.check_file(path[len(base) :] + "/" * folder).include
            if said is not None:
                return said
        for workspace, spec in reversed(self.outer):
            said = spec.check_file(workspace + path + "/" * folder).include
            if said is not None:
                return said
        return False


@functools.lru_cache(256)  # asked for each single file that changed or is shown, with the same few texts
def _spec(text: str) -> GitIgnoreSpec | None:
    """The rules of a file; a line that is no pattern does not cost the others."""
    written = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    lines = [line for each in written if (line := _bounded(each))]
    try:
        return GitIgnoreSpec.from_lines(lines) if lines else None
    except (ValueError, re.error):
        kept = [line for line in lines if _fine(line)]
        return GitIgnoreSpec.from_lines(kept) if kept else None


def _fine(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


MOST_STARS = 3


def _bounded(line: str) -> str:
    """A rule that is matched in little time: where many stars would be tried in every combination the outermost stay.

    That leaves out more than was meant and never less; a rule that takes files in again is dropped.
    """
    parts = line.split("/")
    deep = [at for at, part in enumerate(parts) if part == "**"]
    starry = any(part != "**" and part.count("*") > MOST_STARS for part in parts)
    if not starry and len(deep) <= MOST_STARS:
        return line
    if line.startswith("!"):
        return ""
    if len(deep) > MOST_STARS:
        parts = [*parts[: deep[0]], "**", *parts[deep[-1] + 1 :]]
    return "/".join(_few(part) if part != "**" and part.count("*") > MOST_STARS else part for part in parts)


def _few(part: str) -> str:
    if "[" in part or "\\" in part:  # a star in there may be a letter
        return "*"
    return f"{part.partition('*')[0]}*{part.rpartition('*')[2]}"
