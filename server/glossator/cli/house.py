"""What `glossator doctor` sees without a model: machine, settings, prompt files, checkers, folders, processes."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from .. import __version__
from ..answer import limited
from ..answer.checkers import checker_of, found
from ..answer.sandbox import WALLS, Place
from ..answer.sandbox import run as run_in_sandbox
from ..answer.testing import named
from ..code.languages import LANGUAGES
from ..engine import EngineError, machine
from ..settings import Folders, Settings, SettingsError, load
from . import engine, place
from .finding import Finding, gigabytes, wrong

LITTLE_DISK = 2 << 30  # bytes free below which saved states are given up
RECENT_SECONDS = 24 * 3600.0  # older lines of the log are of no interest
_ERROR = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ \d+ (?:ERROR|CRITICAL) (.*)$")


def memory() -> tuple[int, int]:
    """Bytes of memory that may be used in all, and that are free now; in a container, of what it may have."""
    found = psutil.virtual_memory()
    total, free = int(found.total), int(found.available)
    with suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        held = {name: int(count) for name, count in _pairs(Path("/sys/fs/cgroup/memory.stat"))}
        total, free = min(total, limit), min(free, max(0, limit - used + held.get("inactive_file", 0)))
    return total, free


def _pairs(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="ascii").splitlines():
        if len(parts := line.split()) == 2:
            yield parts


def about() -> Iterator[Finding]:
    """This program and this machine."""
    total, free = memory()
    yield Finding(
        "glossator", f"{__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}"
    )
    found = f"{machine.processor()}, {machine.cores()} cores, {gigabytes(free)} of {gigabytes(total)} memory free"
    yield Finding("machine", found, facts={"cores": machine.cores(), "memory": total, "free": free})


def settings(places: Folders) -> tuple[Settings, Finding]:
    """The settings, or the defaults where they are wrong."""
    path = places.config / "config.toml"
    try:
        found = load()
    except SettingsError as error:
        return Settings(), wrong("settings", str(error), f"correct {path}; until then nothing works")
    there = str(path) if path.exists() else f"defaults ({path} is not there)"
    return found, Finding("settings", f"{there}, backend {found.backend}", facts={"backend": found.backend})


def prompts(chosen: Settings, places: Folders) -> Iterator[Finding]:
    """The prompt files: how many actions, and which of them are wrong."""
    from ..action import catalogue

    user = Path(chosen.prompts).expanduser() if chosen.prompts else places.config / "prompts"
    actions, problems = catalogue.load(catalogue.prompts_folder(), user)
    if chosen.prompts and not user.is_dir():
        yield wrong("prompts", f"{user}: no such folder", 'correct the setting "prompts"')
    for problem in problems:
        yield wrong("prompts", str(problem), "correct the file; the format is in prompts/README.md")
    if actions:
        yield Finding("prompts", f"{len(actions)} actions, your own are read from {user}")
    else:
        yield wrong("prompts", f"no actions in {catalogue.prompts_folder()}", "install glossator anew")


def checkers() -> Iterator[Finding]:
    """What compiles edits, a line a language. None of it is needed."""
    rows: list[tuple[str, ...]] = [("language", "edits are checked by")]
    where: dict[str, str | None] = {}
    untrusted = place.opened(Path())
    for language in LANGUAGES:
        checker = checker_of(language.id)
        program = found(checker, os.environ, untrusted) if checker else None
        where[language.id] = sys.executable if checker is None else str(program) if program else None
        if checker is None:
            rows.append((language.name, f"this Python, {platform.python_version()}"))
        elif program is None:
            missing = f"{checker.program} not installed: edits of {language.name} are checked by parsing alone"
            rows.append((language.name, missing))
        else:
            rows.append((language.name, f"{program}{' (syntax)' if checker.syntax else ''}"))
    count = sum(program is not None for program in where.values())
    said = f"{count} of {len(where)} languages; one that is missing is no fault"
    yield Finding("checkers", said, rows=tuple(rows), facts={"programs": where})


def sandbox(chosen: Settings) -> Iterator[Finding]:
    """What code is kept in by where it is run; nothing where the user lets none be run."""
    if not chosen.run.examples:
        return
    ran = limited.run("pass")
    facts = {"walls": list(ran.isolation)}
    if ran.passed:
        yield Finding("examples", f"are run (run.examples), kept in by {', '.join(ran.isolation)}", facts=facts)
    else:
        said = ran.message or str(ran)
        yield Finding("examples", f"are not run: {said}", "note", "nothing; edits are checked without", facts=facts)


def testing(chosen: Settings) -> Iterator[Finding]:
    """What the user's tests are kept in by; nothing where the user named none."""
    if not chosen.run.tests:
        return
    with tempfile.TemporaryDirectory(prefix="glossator-doctor-") as folder:
        ended = asyncio.run(run_in_sandbox(["/bin/sh", "-c", ":"], Place(Path(folder))))
    facts = {"walls": list(WALLS) if ended.passed else [], "layered": ended.layered}
    if ended.passed:
        kept = "what they write is thrown away" if ended.layered else "they cannot write into the workspace"
        said = f"are run (run.tests): {named(chosen.run.tests)}, kept in by {', '.join(WALLS)}; {kept}"
        yield Finding("tests", said, facts=facts)
    else:
        said = ended.message or ended.last_line or ended.state
        yield Finding("tests", f"are not run: {said}", "note", "nothing; edits are checked without", facts=facts)


def folders(places: Folders) -> Iterator[Finding]:
    """The folders: writable, private where they hold code, on a disk with room."""
    from ..engine import address

    with suppress(OSError):
        try:
            sockets = address.place(places.runtime, "engine").parent
            yield Finding("sockets", str(sockets))
        except EngineError as error:
            yield wrong("sockets", str(error))
    for what, folder in (("config", places.config), ("models", places.models), ("logs", places.logs)):
        yield _folder(what, folder, private=False)
    yield _folder("cache", places.cache, private=False)
    for name in ("answers", "states"):
        if (folder := places.cache / name).exists():
            found = _folder(name, folder, private=True)
            if found.level != "ok":
                yield found


def _folder(what: str, folder: Path, *, private: bool) -> Finding:
    at = folder
    while not os.path.lexists(at) and at.parent != at:
        at = at.parent
    if not at.is_dir():
        return wrong(what, f"{at} is not a folder", f"move it away; {folder} is made when it is needed")
    if not os.access(at, os.R_OK | os.W_OK | os.X_OK):
        return wrong(what, f"{at} cannot be written", f"mend its owner or mode: chmod u+rwx {at}")
    status = at.stat()
    if private and os.name != "nt" and stat.S_IMODE(status.st_mode) & 0o077:
        return wrong(what, f"{folder} holds code and others may enter it", f"chmod 700 {folder}")
    free = shutil.disk_usage(at).free
    if free < LITTLE_DISK:
        found = f"{folder}, only {gigabytes(free)} free"
        return wrong(what, found, "make room on that disk, or move everything with GLOSSATOR_HOME")
    made = "" if at == folder else ", made when it is needed"
    return Finding(what, f"{folder}, {gigabytes(free)} free{made}", facts={"path": str(folder), "free": free})


def processes(places: Folders) -> Iterator[Finding]:
    """The engine processes, and what their log complains of."""
    try:
        found = list(engine.running())
    except EngineError:
        found = []  # told of as `sockets`
    lines = []
    for process in found:
        with suppress(psutil.Error):
            minutes = (time.time() - process.create_time()) / 60
            held = gigabytes(process.memory_info().rss)
            lines.append(f"runs since {minutes:.0f} min (process {process.pid}, {held})")
    facts = {"pids": [process.pid for process in found]}
    yield Finding("engine", "; ".join(lines) or "none runs; the first question starts it", facts=facts)
    if errors := _errors(places.logs / "engine.log"):
        when, text = errors[-1]
        more = f" ({len(errors)} such lines in a day)" if len(errors) > 1 else ""
        yield Finding("log", f"{when}: {text}{more}", "note", "`glossator engine log` shows what came before")


def held_by_engines() -> int:
    """Bytes that running engine processes hold."""
    count = 0
    with suppress(EngineError):
        for process in engine.running():
            with suppress(psutil.Error):
                count += process.memory_info().rss
    return count


def _errors(log: Path) -> list[tuple[str, str]]:
    """Time and text of the errors of the last day."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - (64 << 10)))
            lines = file.read(64 << 10).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - RECENT_SECONDS))
    return [(found[1], found[2]) for line in lines if (found := _ERROR.match(line)) and found[1] >= since]
