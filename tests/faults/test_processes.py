"""Every way in which a server can end, in every state of its engine: the right code, and no process is left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from glossator.answer import limited

from .tally import Tally
from .wire import Server

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="these ways to die are POSIX's"),
    pytest.mark.faults,
]

GUARD = 10.0  # seconds until nothing is left; the promise is 5 on a quiet machine, and the longest is printed
URI, CODE = "file:///code/a.py", "def f(a):\n    return a\n"
STATES = ["none", "idle", "mid-token", "deaf", "loading"]
KINDS = {"idle": "brief", "mid-token": "endless", "deaf": "deaf", "loading": "loading"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A short folder of its own, by whose name all its processes are known: a socket's path has about 100 bytes."""
    place = Path(tempfile.mkdtemp(prefix="gl-"))
    yield place
    for process in left(place, set()):
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(place, ignore_errors=True)


def left(home: Path, known: set[psutil.Process]) -> list[psutil.Process]:
    """The processes that are alive: those that were seen below the server, and all that name its folder."""
    found = {each for each in known if each.is_running() and each.status() != psutil.STATUS_ZOMBIE}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            named = any(str(home) in part for part in process.cmdline())
            if named or process.environ().get("GLOSSATOR_HOME", "").startswith(str(home)):
                found.add(process)
    return [each for each in found if each.pid != os.getpid() and each.status() != psutil.STATUS_ZOMBIE]


def below(server: Server) -> set[psutil.Process]:
    """All processes that a server has started."""
    return set(psutil.Process(server.process.pid).children(recursive=True))


def nothing_is_left(home: Path, known: set[psutil.Process], tally: Tally) -> None:
    """Wait for the last process to go."""
    begun = time.monotonic()
    while rest := left(home, known):
        assert time.monotonic() - begun < GUARD, [(each.pid, each.cmdline()) for each in rest]
        time.sleep(0.05)
    tally.most("processes", "last one gone after", time.monotonic() - begun, "s")
    tally.add("processes", "deaths")


def _shutdown(server: Server, parent: subprocess.Popen[bytes]) -> None:
    server.ask("shutdown")
    server.notify("exit", None)


def _client(server: Server, parent: subprocess.Popen[bytes]) -> None:
    parent.kill()
    parent.wait()


def _signal(number: signal.Signals) -> Callable[[Server, subprocess.Popen[bytes]], None]:
    return lambda server, parent: server.process.send_signal(number)


WAYS: dict[str, tuple[Callable[[Server, subprocess.Popen[bytes]], None], int]] = {
    "shutdown and exit": (_shutdown, 0),
    "exit alone": (lambda server, parent: server.notify("exit", None), 1),
    "end of input": (lambda server, parent: server.end_input(), 1),
    "client gone": (_client, 1),
    "SIGTERM": (_signal(signal.SIGTERM), 1),
    "SIGINT": (_signal(signal.SIGINT), 1),
    "SIGHUP": (_signal(signal.SIGHUP), 1),
    "SIGKILL": (_signal(signal.SIGKILL), -signal.SIGKILL),
    "SIGSEGV": (_signal(signal.SIGSEGV), -signal.SIGSEGV),
}
EVERY = [(way, state) for state in STATES for way in WAYS]
SHORT = {(way, "mid-token") for way in WAYS} | {("SIGKILL", state) for state in STATES} | {("end of input", "deaf")}


@pytest.mark.parametrize(("way", "state"), EVERY, ids=["-".join(each).replace(" ", "_") for each in EVERY])
def test_every_end(home: Path, way: str, state: str, tally: Tally, times: Any) -> None:
    """The exit code is the specification's, and engine and server are gone."""
    if (way, state) not in SHORT and not times(0, 1):
        pytest.skip("with --faults=long")
    talking = (str(Path(__file__).with_name("talking.py")), KINDS.get(state, ""))
    server = Server(home) if state == "none" else Server(home, program=talking)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]) as parent:
        try:
            server.ask("initialize", {"processId": parent.pid, "rootUri": None, "capabilities": {}}, 60)
            server.notify("initialized", {})
            server.open(URI, CODE)
            if state != "none":
                job = server.run("explain", URI, 0, 5)
                if state == "idle":
                    server.until(server.messages, 30)
                else:
                    wanted = "starting" if state == "loading" else "busy"
                    begun = time.monotonic()
                    while server.ask("glossator/status")["engine"]["state"] != wanted:
                        assert time.monotonic() - begun < 30, server.ask("glossator/status")
                        time.sleep(0.02)
                assert job
            known = below(server)
            assert bool(known) == (state != "none")
            die, code = WAYS[way]
            die(server, parent)
            assert server.process.wait(GUARD) == code
            nothing_is_left(home, known, tally)
        finally:
            parent.kill()
            server.process.kill()


@pytest.mark.parametrize("way", ["SIGKILL", "end of input"])
def test_while_a_workspace_is_read(home: Path, way: str, tally: Tally) -> None:
    """The processes that read a workspace's files go with their server."""
    workspace = home / "workspace"
    workspace.mkdir()
    (workspace / ".git").mkdir()
    body = "".join(f"def f{at}(a):\n    return [a, {at}]\n\n\n" for at in range(400))
    for number in range(400):
        (workspace / f"m{number}.py").write_text(body)
    server = Server(home)
    folder = {"uri": workspace.as_uri(), "name": "workspace"}
    first = {"processId": None, "rootUri": folder["uri"], "capabilities": {}, "workspaceFolders": [folder]}
    server.ask("initialize", first, 60)
    server.notify("initialized", {})
    begun = time.monotonic()
    while not (known := below(server)):
        assert time.monotonic() - begun < 30, "no process reads the workspace"
        time.sleep(0.01)
    WAYS[way][0](server, server.process)
    assert server.process.wait(GUARD) == WAYS[way][1]
    nothing_is_left(home, known, tally)


@pytest.mark.skipif(not limited.run("pass").passed, reason="code is run in the limited child alone")
@pytest.mark.parametrize("way", ["SIGKILL", "end of input"])
def test_while_an_example_runs(home: Path, way: str, tally: Tally) -> None:
    """An example that never ends does not outlive its server by more than its own limit."""
    server = Server(home)
    code = 'def f(a):\n    """It.\n\n    >>> f(1)\n    1\n    """\n    return a\n'
    endless = code.replace("return a", "while True:\n        pass")
    server.begin(f"[[answer]]\nmatch = ''\ntext = '''```python\n{endless}```'''\n", run={"examples": True})
    server.open(URI, code)
    server.run("refactor", URI, 0, 5)
    known: set[psutil.Process] = set()
    begun = time.monotonic()
    while not any("-c" in each.cmdline() or "limited" in " ".join(each.cmdline()) for each in known):
        assert time.monotonic() - begun < 30, "no example is run"
        with contextlib.suppress(psutil.Error):
            known |= below(server)
        time.sleep(0.01)
    WAYS[way][0](server, server.process)
    assert server.process.wait(GUARD) == WAYS[way][1]
    nothing_is_left(home, known, tally)
