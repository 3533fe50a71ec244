"""What of this machine a command in a sandbox sees besides its workspace: programs and what they need, to read.

Everything is hidden but what is named here. The home is empty but for folders that hold programs and packages, so that
no key, token, mail or other project is there. Looks at the disk; runs nothing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = "/bin /sbin /lib /lib32 /lib64 /libx32 /usr /opt /nix/store /gnu/store /snap /home/linuxbrew/.linuxbrew"
_ETC = (
    "alternatives ca-certificates crypto-policies fonts gai.conf group hosts java java-11-openjdk java-17-openjdk "
    "java-21-openjdk java-25-openjdk ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime magic mime.types "
    "nsswitch.conf os-release passwd pki/ca-trust pki/tls/certs protocols python3 services ssl/certs ssl/openssl.cnf "
    "terminfo timezone"
)
_HOME = (
    ".asdf .bun/bin .cache/pypoetry/virtualenvs .cargo/bin .cargo/git .cargo/registry .conda/envs .deno/bin .ghcup "
    ".gradle/caches .gradle/wrapper .jdks .local/bin .local/lib .local/pipx .local/share/fnm .local/share/pipx "
    ".local/share/mise/installs .local/share/pnpm .local/share/uv/python .local/share/uv/tools .m2/repository "
    ".local/share/virtualenvs .nuget/packages .nvm .opam .pyenv .rbenv .rustup .sdkman/candidates .virtualenvs .volta "
    "anaconda3 go/bin go/pkg mambaforge miniconda3 miniforge3"
)
SYSTEM = (*map(Path, _SYSTEM.split()), *(Path("/etc") / name for name in _ETC.split()))
HOME = tuple(map(Path, _HOME.split()))
"""Where tools keep programs and packages in a home, and nothing else."""
_NOT_PROGRAMS = (".cache", ".config", ".local", ".local/share")
_NOT_HERE = tuple(map(Path, ("/dev", "/media", "/mnt", "/proc", "/run", "/sys")))
_OWN = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - a sandbox has its own
_LINKS = 40  # that are followed one after the other, as the kernel does
_HEAD = re.compile(rb"#!\s*(/[^\s\0]+)(?:[ \t]+([^\s\0]+))?")


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: `folders` (or files), real paths, what holds others before them; `links`: path and target."""

    folders: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def view_for(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> View:
    """What a command needs that is started in `folder`; what it names by an absolute path is shown, too.

    Raises `OSError` where the folder is not there.
    """
    workspace = folder.resolve(strict=True)
    home = Path(environment.get("HOME") or "/nonexistent")
    path = [Path(each) for each in environment.get("PATH", "").split(os.pathsep) if Path(each).is_absolute()]
    wanted = [home / each for each in HOME] + path + [each.parent for each in path if _is_venv(each.parent)]
    wanted += [folder.absolute(), *(Path(word) for word in command if word.startswith("/"))]
    wanted += _programs(command[0], workspace, environment)
    links: dict[str, str] = {}
    real: dict[Path, None] = {}
    closed = {home, *_OWN}
    with suppress(OSError, RuntimeError):
        place = home.resolve()
        closed |= {place, *place.parents, *(place / each for each in _NOT_PROGRAMS)}
    for each in (home, *SYSTEM, *wanted):
        with suppress(OSError, ValueError):
            found, passed = _traced(each)
            links |= passed
            own = each not in SYSTEM and (found in workspace.parents or _inside(found, (workspace, *_NOT_HERE)))
            if found.exists() and found not in closed and not own:
                real[found] = None
    folders = [each for each in real if not any(parent in real for parent in each.parents)]
    return View(tuple(map(str, sorted(folders))), tuple(links.items()))


def _is_venv(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _traced(path: Path) -> tuple[Path, dict[str, str]]:
    """Where a path leads, and the links on the way. Raises `OSError` where they lead nowhere."""
    links: dict[str, str] = {}
    rest = list(path.parts[1:])
    found, followed = Path("/"), 0
    while rest:
        part = rest.pop(0)
        if part == "..":
            found = found.parent
            continue
        step = found / part
        if not step.is_symlink():
            found = step
            continue
        followed += 1
        if followed > _LINKS:
            raise OSError(f"{path}: too many links")
        target = step.readlink()
        links[str(step)] = str(target)
        found, rest = (Path("/") if target.is_absolute() else found), [*target.parts[target.is_absolute() :], *rest]
    return found, links


def _programs(name: str, workspace: Path, environment: Mapping[str, str]) -> Iterable[Path]:
    """The folders of the program, of every link on the way to it, and of the interpreter that it names."""
    for _ in range(4):  # a script for a script for …
        where = str(workspace / name) if "/" in name else shutil.which(name, path=environment.get("PATH", ""))
        if not where:
            return
        place = Path(where)
        for _ in range(_LINKS):
            with suppress(OSError, RuntimeError):
                place = place.parent.resolve() / place.name
            yield place.parent.parent if place.parent.name in ("bin", "Scripts") else place.parent
            if not place.is_symlink():
                break
            place = place.parent / place.readlink()
        try:
            with place.open("rb") as file:
                head = _HEAD.match(file.read(512))
        except OSError:
            return
        if head is None:
            return
        name = os.fsdecode(head[2] if head[1].endswith(b"/env") and head[2] else head[1])
