"""A command in the sandbox: it sees the edit and its workspace, nothing else of the user's, and leaves nothing."""

from __future__ import annotations

import asyncio
import os
import platform
import py_compile
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.answer import sandbox
from glossator.answer.sandbox import Ended, Limits, Place
from glossator.answer.sandbox_calls import FAMILIES, call_filter
from glossator.answer.sandbox_view import view_for

walled = pytest.mark.usefixtures("walled")
GENEROUS = Limits(seconds=60.0, cpu_seconds=30.0)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one file, in a home that holds a secret and another project."""
    folder = tmp_path / "home" / "work"
    folder.mkdir(parents=True)
    (folder / "code.txt").write_text("as it is\n")
    for name in (".ssh/id_ed25519", ".config/token", ".local/share/keyrings/login", "other/notes.txt"):
        place = tmp_path / "home" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("SECRET")
    return folder


async def ran(script: str, workspace: Path, limits: Limits = GENEROUS, text: str = "as it would be\n") -> Ended:
    place = Place(workspace, Path("code.txt"), text)
    environment = {"PATH": os.environ["PATH"], "HOME": str(workspace.parent), "SECRET_KEY": "SECRET", "LANG": "C.UTF-8"}
    return await sandbox.run(["/bin/sh", "-c", script], place, limits, environment=environment)


def snapshot(folder: Path) -> dict[str, tuple[float, bytes]]:
    """Every file below a folder: when it was changed, and what it holds."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def names(folder: str) -> list[str]:
    return [each.name for each in Path(folder).iterdir()]


# --- what it is for ---------------------------------------------------------------------------------------------------


@walled
async def test_the_command_sees_the_edit(workspace: Path) -> None:
    """The file holds the text that was handed in, for the command alone; all other files are as they are."""
    (workspace / "beside.txt").write_text("beside\n")
    ended = await ran("cat code.txt beside.txt; pwd", workspace)
    assert ended.passed
    assert ended.output == f"as it would be\nbeside\n{workspace}\n"
    assert (workspace / "code.txt").read_text() == "as it is\n"


@walled
@pytest.mark.parametrize(
    ("script", "state", "status"),
    [("exit 0", "passed", 0), ("exit 3", "failed", 3), ("kill -9 $$", "failed", -9), ("kill -15 $$", "failed", -15)],
)
async def test_the_exit_status_decides(script: str, state: str, status: int, workspace: Path) -> None:
    """A command that ends with 0 has passed, one that ends otherwise has not."""
    ended = await ran(script, workspace)
    assert (ended.state, ended.status) == (state, status)


@walled
async def test_the_last_line_is_told(workspace: Path) -> None:
    """Of what it prints the end is kept; the last line that is not empty is short and harmless."""
    ended = await ran("seq 100000; echo '\033[2J[1 failed](command:x)'; echo; echo ' ' >&2", workspace)
    assert ended.last_line == "[2J[1 failed] (command:x)"
    assert len(ended.output) <= 1 << 14


@walled
async def test_what_is_compiled_is_told_from_the_edit(workspace: Path) -> None:
    """A compiled file of the code as it is, of the same size and second, is not taken for that of the edit."""
    module = workspace / "module.py"
    module.write_text("VALUE = 1\n")
    command = [sys.executable, "-c", "import sys; sys.path.insert(0, ''); import module; sys.exit(module.VALUE)"]
    place = Place(workspace, Path("module.py"), "VALUE = 2\n")
    os.utime(module)
    py_compile.compile(str(module))
    assert (await sandbox.run(command, place, GENEROUS)).status == 2


@walled
@pytest.mark.parametrize("name", ["a,b:c", "with space", "ünï"])
async def test_any_name_of_a_workspace(name: str, workspace: Path) -> None:
    """What means something to the kernel's options does not in a folder's name."""
    folder = workspace / name
    folder.mkdir()
    (folder / "code.txt").write_text("x")
    ended = await ran("cat code.txt && echo y > new", folder)
    assert (ended.state, ended.output, ended.layered) == ("passed", "as it would be\n", True)


@walled
async def test_programs_of_the_workspace(workspace: Path) -> None:
    """A program may lie in the workspace, and be named by its path there; the one that it is a script for is found."""
    (workspace / "bin").mkdir()
    (workspace / "bin" / "python").symlink_to(sys.executable)
    script = workspace / "bin" / "tests"
    script.write_text(f"#!{workspace}/bin/python\nprint('ran')\n")
    script.chmod(0o755)
    ended = await sandbox.run(["bin/tests"], Place(workspace), GENEROUS)
    assert (ended.state, ended.output) == ("passed", "ran\n")


@walled
async def test_a_workspace_behind_a_link(workspace: Path, tmp_path: Path) -> None:
    """A workspace that is opened by a link is there by that name, too, and so is a script that the command names."""
    link = tmp_path / "link"
    link.symlink_to(workspace)
    script = tmp_path / "home" / "tests.sh"
    script.write_text("cat $1/code.txt")
    place = Place(link, Path("code.txt"), "as it would be")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    ended = await sandbox.run(["sh", str(script), str(link)], place, GENEROUS, environment=environment)
    assert (ended.state, ended.output) == ("passed", "as it would be")


# --- what it cannot do ------------------------------------------------------------------------------------------------


@walled
async def test_the_workspace_is_not_written(workspace: Path) -> None:
    """What tests write into the workspace they find there, and it is gone with them."""
    before = snapshot(workspace)
    script = """
        mkdir -p .pytest_cache __pycache__ && echo x > .pytest_cache/x && cat .pytest_cache/x
        echo changed > beside.txt; rm -f beside.txt; mv other.txt moved.txt; chmod 0 deep/file; rm -rf deep
        echo overwritten > code.txt; rm -f code.txt; mv code.txt elsewhere.txt; touch code.txt
        ls
    """
    for name in ("beside.txt", "other.txt", "deep/file"):
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(name)
    before = snapshot(workspace)
    ended = await ran(script, workspace)
    assert ended.output.startswith("x\n")
    if ended.layered:
        assert "moved.txt" in ended.output and "beside.txt" not in ended.output
    assert snapshot(workspace) == before
    assert sorted(before) == ["beside.txt", "code.txt", "deep/file", "other.txt"]


@walled
async def test_where_no_layer_can_be_made(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the workspace cannot be written at all, and the edit is seen all the same."""
    text = sandbox.CHILD.read_text(encoding="utf-8")
    assert text.count('"overlay", _') == 1
    child = tmp_path / "child.py"
    child.write_text(text.replace('"overlay", _', '"nothing", _'), encoding="utf-8")
    monkeypatch.setattr(sandbox, "CHILD", child)
    ended = await ran("cat code.txt; echo x > new || echo none", workspace)
    assert not ended.layered
    assert ended.output.startswith("as it would be\n") and ended.output.endswith("none\n")
    assert not (workspace / "new").exists()


@walled
async def test_the_rest_of_the_disk_is_not_written(workspace: Path, tmp_path: Path) -> None:
    """Outside of the workspace there is nothing of the user's to write, and what is written is gone."""
    place = tmp_path / "outside"
    place.mkdir()
    before = snapshot(tmp_path)
    ended = await ran(
        f"echo x > {place}/new; echo x > /tmp/new; echo x > $HOME/new; echo x > /usr/new; true", workspace
    )
    assert ended.passed
    assert snapshot(tmp_path) == before
    for folder in ("/tmp", "/usr"):
        assert "new" not in names(folder)


@walled
async def test_secrets_are_not_seen(workspace: Path) -> None:
    """No key, token or other project of the user's is there, and no variable but those that are named."""
    ended = await ran("cd; grep -r SECRET . ; ls -A . ..; env; cat /proc/*/environ; ls /run /root/.ssh", workspace)
    assert "SECRET" not in ended.output
    assert ".ssh" not in ended.output.split() and "notes.txt" not in ended.output
    assert f"HOME={workspace.parent}\n" in ended.output


@walled
async def test_the_network_is_not_reached(workspace: Path) -> None:
    """Neither this machine nor another is reached, servers of the tests' own are; other sockets are refused."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        server.setblocking(False)
        local.bind(f"\0glossator-{os.getpid()}")
        local.listen()
        local.setblocking(False)
        (workspace / "net.py").write_text(
            f"""
import socket
def tried(what):
    try:
        what()
    except OSError:
        return
    raise SystemExit("reached")
tried(lambda: socket.create_connection(("127.0.0.1", {server.getsockname()[1]}), 5))
tried(lambda: socket.create_connection(("192.0.2.1", 80), 5))
tried(lambda: socket.socket(socket.AF_UNIX).connect("\\0glossator-{os.getpid()}"))
tried(lambda: socket.socket(40, socket.SOCK_STREAM))
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname(), 5)
"""
        )
        ended = await sandbox.run([sys.executable, "net.py"], Place(workspace), GENEROUS)
        for each in (server, local):
            with pytest.raises(BlockingIOError):
                each.accept()
    assert ended.passed, ended.output


@walled
@pytest.mark.parametrize(
    "script",
    [
        "unshare -r true",
        "mount -t tmpfs none /tmp",
        "umount code.txt",
        "cat /proc/1/environ",
        "ls -l /proc/1/fd/",
        "echo x > /proc/sys/kernel/hostname",
        "echo x > /proc/1/comm",
        "kill -0 OURS",
        "nsenter -t 1 -m true",
        "grep -E 'Cap(Prm|Eff|Bnd): *0*[1-9a-f]' /proc/self/status",
    ],
)
async def test_there_is_no_way_out(script: str, workspace: Path) -> None:
    """What would lead out of the sandbox, or change the machine, is refused."""
    ended = await ran(script.replace("OURS", str(os.getpid())), workspace)
    assert ended.state == "failed"


@walled
async def test_the_first_process_cannot_be_ended(workspace: Path) -> None:
    """Whatever signal the command sends to the sandbox's first process, how it ended is told."""
    ended = await ran("for n in 1 2 3 9 15 17; do kill -$n 1; done; kill -9 -1; exit 4", workspace)
    assert (ended.state, ended.status) == ("failed", 4)


# --- limits -----------------------------------------------------------------------------------------------------------


@walled
@pytest.mark.parametrize(
    ("script", "limits", "reached"),
    [
        ("sleep 1000", Limits(seconds=1.0), "time"),
        ("while :; do :; done", Limits(cpu_seconds=1), "processor time"),
        ("while :; do :; done & while :; do (:); done", Limits(cpu_seconds=1), "processor time"),
        ("for n in $(seq 60); do sleep 1000 & done; wait", Limits(processes=20), "processes"),
    ],
)
async def test_limits(script: str, limits: Limits, reached: str, workspace: Path) -> None:
    """What goes on without end is ended, and it is told which limit it was."""
    ended = await ran(script, workspace, limits)
    if ended.state == "failed" and reached == "processes":  # the kernel itself refuses more
        assert "fork" in ended.output
    else:
        assert (ended.state, ended.limit) == ("over a limit", reached)


@walled
async def test_memory_of_all_processes_together(workspace: Path) -> None:
    """Neither one process nor many together may use more memory than the limit."""
    many = (
        "import os, time\nfor _ in range(3): os.fork() or [bytearray(b'x' * (80 << 20)), time.sleep(1000)]\nos.wait()"
    )
    one = "bytearray(b'x' * (400 << 20))"
    found = [
        await sandbox.run([sys.executable, "-c", code], Place(workspace), Limits(memory=200 << 20))
        for code in (many, one)
    ]
    assert (found[0].state, found[0].limit) == ("over a limit", "memory")
    assert (found[1].state, found[1].last_line) == ("failed", "MemoryError")


@walled
async def test_files_have_a_limit(workspace: Path) -> None:
    """What is written has room up to the limit."""
    ended = await ran("head -c 9000000 /dev/zero > big && echo done", workspace, Limits(written=4 << 20))
    assert ended.state == "failed" and "done" not in ended.output


@walled
async def test_a_flood_of_output(workspace: Path) -> None:
    """Output without end is ended long before the time is over, also where much of it waits to be read."""
    for _ in range(5):
        ended = await ran("yes", workspace, Limits(seconds=60.0))
        assert (ended.state, ended.limit) == ("over a limit", "output")


@walled
async def test_all_that_was_started_is_ended(workspace: Path) -> None:
    """When the command is over, and when it is ended or given up, nothing of it is left, however it hides."""
    hides = "(setsid sh -c 'sleep 4711 & sleep 4711' >/dev/null 2>&1 </dev/null &) ; sleep 0.2; "
    assert (await ran(f"{hides} exit 0", workspace)).passed
    assert not await _left("4711")
    assert (await ran(f"{hides} sleep 4711", workspace, Limits(seconds=2.0))).limit == "time"
    assert not await _left("4711")
    task = asyncio.create_task(ran(f"{hides} sleep 4711", workspace))
    until = time.monotonic() + 30
    while not _alive("4711") and time.monotonic() < until:  # noqa: ASYNC110 - another process is waited for
        await asyncio.sleep(0.05)
    assert _alive("4711")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await _left("4711")


def _alive(word: str) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if word in (each.info["cmdline"] or [])]


async def _left(word: str) -> list[psutil.Process]:
    """What is still there after a moment, which the kernel may need."""
    until = time.monotonic() + 10
    while (found := _alive(word)) and time.monotonic() < until:  # noqa: ASYNC110 - processes are waited for
        await asyncio.sleep(0.05)
    return found


# --- where nothing is run ---------------------------------------------------------------------------------------------


@walled
async def test_a_command_that_is_missing(workspace: Path) -> None:
    """It is told, and is no failure of the tests."""
    ended = await sandbox.run(["no-such-program"], Place(workspace), GENEROUS)
    assert (ended.state, ended.message) == ("not run", "the command cannot be started: No such file or directory")


async def test_no_workspace(tmp_path: Path) -> None:
    """The whole disk, a folder that holds the home and a file outside are refused; nothing is started."""
    home = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    (tmp_path / "file").write_text("")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "link").symlink_to(tmp_path / "file")
    places = [Place(Path("/")), Place(tmp_path), Place(tmp_path / "nowhere")]
    places += [Place(tmp_path / "work", Path(name)) for name in ("../file", "link", "nothing", ".")]
    for place in places:
        ended = await sandbox.run(["/bin/true"], place, environment=home)
        assert ended.state == "not run" and ended.message


@walled
async def test_a_system_without_namespaces(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel refuses, nothing is run, and why is told in a line."""
    text = sandbox.CHILD.read_text(encoding="utf-8")
    for old, new in (('called("unshare", NEW)', 'called("unshare", -1)'), ('ROOT = "/sys"', 'ROOT = "/nowhere"')):
        assert text.count(old) == 1
        child = tmp_path / "child.py"
        child.write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setattr(sandbox, "CHILD", child)
        ended = await ran("echo ran > /dev/stderr", workspace)
        assert (ended.state, ended.output) == ("not run", "")
        assert ended.message.startswith("this system makes no sandbox (")


async def test_another_machine(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the filter of system calls is not known nothing is run."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    ended = await ran("echo ran", workspace)
    assert ended.state == "not run" and "Linux only" in ended.message


# --- the filter and the view ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_call_filters_are_whole(machine: str) -> None:
    """Every jump of a filter lands inside of it; each family of sockets is admitted and no other."""
    rows = list(struct.iter_unpack("HBBI", call_filter(machine)))
    for at, (code, then, otherwise, _) in enumerate(rows):
        assert code & 7 != 5 or at + 1 + max(then, otherwise) < len(rows)
    assert rows[-1] == (0x06, 0, 0, 0x7FFF0000)
    for family in range(64):
        assert _answer(rows, machine, {"x86_64": 41, "aarch64": 198}[machine], family) == (
            "allow" if family in FAMILIES else "error 97"
        )


def test_call_filters_refuse_new_users() -> None:
    """A process or thread may be started, but not with users of its own; `clone3` is not there."""
    rows = list(struct.iter_unpack("HBBI", call_filter("x86_64")))
    assert _answer(rows, "x86_64", 56, 0x01200011) == "allow"
    assert _answer(rows, "x86_64", 56, 0x10000000) == "error 1"
    assert _answer(rows, "x86_64", 435, 0) == "error 38"
    assert _answer(rows, "x86_64", 272, 0) == "error 1"
    assert _answer(rows, "x86_64", 0x40000000 + 41, 40) == "error 38"
    assert call_filter("riscv64") == b""


def _answer(rows: list[tuple[int, ...]], machine: str, number: int, argument: int) -> str:
    """What a filter says of a call: the few instructions that it is made of, carried out."""
    data = {0: number, 4: {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine], 16: argument}
    held, at = 0, 0
    while True:
        code, then, otherwise, value = rows[at]
        at += 1
        if code == 0x06:
            return {0x7FFF0000: "allow", 0x80000000: "kill"}.get(value, f"error {value & 0xFFFF}")
        if code == 0x20:
            held = data[value]
            continue
        holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
        at += then if holds else otherwise


@given(
    st.lists(
        st.sampled_from(["bin", ".ssh", ".config", ".local", ".cargo/bin", "venv/bin", ".", "..", "work"]), max_size=5
    )
)
def test_no_view_shows_a_home(entries: list[str]) -> None:
    """Whatever the search path names, neither the home as a whole nor the folders for keys and settings are shown."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        home = Path(folder).resolve() / "home"
        for name in ("bin", ".ssh", ".config", ".local/share", ".cargo/bin", "venv/bin", "work"):
            (home / name).mkdir(parents=True)
        (home / ".cargo" / "credentials.toml").write_text("SECRET")
        path = os.pathsep.join(str(home / entry) for entry in entries)
        view = view_for(["nothing"], home / "work", {"HOME": str(home), "PATH": path})
        shown = set(map(Path, view.folders))
        for closed in (home, home.parent, home / ".config", home / ".local", home / ".cargo", home / "work"):
            assert closed not in shown
        assert all(not home.is_relative_to(each) for each in shown)
        assert (home / ".cargo" / "bin") in shown


def test_a_view_follows_links(tmp_path: Path) -> None:
    """The program at the end of every link is shown with what lies around it, and the links themselves are there."""
    (tmp_path / "base" / "bin").mkdir(parents=True)
    (tmp_path / "base" / "bin" / "python3").write_text("")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(tmp_path / "alias" / "bin" / "python3")
    (tmp_path / "alias").symlink_to("base")
    (tmp_path / "work").mkdir()
    view = view_for([str(tmp_path / "venv" / "bin" / "python")], tmp_path / "work", {"HOME": str(tmp_path / "home")})
    assert {str(tmp_path / "base"), str(tmp_path / "venv")} <= set(view.folders)
    (tmp_path / "round").symlink_to("round")
    path = {"HOME": "/nowhere", "PATH": f"{tmp_path}/round:{tmp_path}/alias/bin"}
    view = view_for(["x"], tmp_path / "work", path)
    assert str(tmp_path / "base" / "bin") in view.folders
    assert (str(tmp_path / "alias"), "base") in view.links
