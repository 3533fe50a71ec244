"""Code in the limited child: what comes back, and what it cannot do even where it means harm."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from glossator.answer import limited, limited_child
from glossator.answer.limited import Limits, Ran

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are limits on Linux and macOS only")

QUICK = Limits(seconds=60, cpu_seconds=1)
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's walls are those of Linux")


def run(code: str, limits: Limits = QUICK) -> Ran:
    return limited.run(textwrap.dedent(code), limits, hook_suffices=True)


@pytest.fixture
def without_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child whose audit hook is gone, as after code that worked around it."""
    text = limited.CHILD.read_text(encoding="utf-8")
    assert text.count("    watch()\n") == 1
    child = tmp_path / "child.py"
    child.write_text(text.replace("    watch()\n", ""), encoding="utf-8")
    monkeypatch.setattr(limited, "CHILD", child)


def test_code_that_goes_through_has_passed() -> None:
    """What it printed comes along, and which walls held."""
    ran = run("import math\nprint(math.floor(2.5))")
    assert (ran.state, ran.output, ran.error) == ("passed", "2\n", "")
    assert ran.passed
    assert limited_child.HOOK in ran.isolation


@pytest.mark.parametrize(
    ("code", "error", "message", "line"),
    [
        ("x = 1\nassert x == 2, 'one'", "AssertionError", "one", 2),
        ("def f():\n    return {}['a']\nf()", "KeyError", "'a'", 2),
        ("def f(:", "SyntaxError", "invalid syntax", 1),
        ("import sys\nsys.exit()", "SystemExit", "", 2),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "", 1),
        ("import os\nos._exit(0)", "SystemExit", "the process ended before the code did", 0),
        ("input()", "EOFError", "EOF when reading a line", 1),
        ("def f(): f()\nf()", "RecursionError", "maximum recursion depth exceeded", 1),
    ],
)
def test_code_that_fails_says_how(code: str, error: str, message: str, line: int) -> None:
    """The exception's type, its message and its line in the code are told; ending the process is no success."""
    ran = run(code)
    assert (ran.state, ran.error, ran.line) == ("failed", error, line)
    assert message in ran.message


def test_code_is_a_module_of_its_own() -> None:
    """It is not `__main__`, dataclasses find their module, and nothing of the child is in its names."""
    ran = run("""
        from __future__ import annotations
        from dataclasses import dataclass, fields

        @dataclass
        class Point:
            x: int

        assert fields(Point)[0].name == "x"
        assert __name__ != "__main__"
        assert "watch" not in globals()
    """)
    assert ran.passed, ran


def test_sets_have_one_order() -> None:
    """What depends on the hash of a text is the same in every run."""
    outputs = {run("print(list(set('glossator')))").output for _ in range(3)}
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("code", "seconds"), [("while True: pass", 60), ("import time\ntime.sleep(600)", 1)], ids=["work", "sleep"]
)
def test_code_without_end_times_out(code: str, seconds: float) -> None:
    """Neither work nor sleep without end outlives its limit."""
    began = time.monotonic()
    assert run(code, Limits(seconds=seconds, cpu_seconds=1)).state == "timed out"
    assert time.monotonic() - began < 60


def test_a_run_is_ended_by_whoever_wants_it() -> None:
    """It ends long before its limits, also where that is wanted before it has begun, and says nothing of the code."""
    stop = limited.Stop()
    end = threading.Timer(0.3, stop.now)
    end.start()
    ran = limited.run("while True: pass", Limits(seconds=300, cpu_seconds=250), hook_suffices=True, stop=stop)
    assert (ran.state, ran.passed) == ("not run", False)
    assert end.finished.is_set()
    assert limited.run("pass", stop=stop).state == "not run"


def test_a_limit_that_is_ignored_is_followed_by_the_end() -> None:
    """Code that ignores the signal for used-up processor time is ended a second later."""
    code = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    assert run(code, Limits(seconds=120, cpu_seconds=1)).state == "timed out"


def test_memory_is_limited() -> None:
    """A hog gets a MemoryError."""
    ran = run("rows = []\nwhile True: rows.append(bytearray(1 << 24))", Limits(seconds=60, cpu_seconds=20))
    assert (ran.state, ran.error) == ("failed", "MemoryError")


def test_output_is_cut() -> None:
    """Of much output the beginning is kept; output without end is ended with the code."""
    assert run("print('ab' * 10000)", Limits(output=5)).output == "ababa"
    assert run("while True: print('x' * 1000)").state == "timed out"


@pytest.mark.parametrize("number", range(1, 9))
def test_reports_cannot_be_flooded(number: int) -> None:
    """Code that writes to every descriptor that it finds is no success and does not hang."""
    ran = run(f"import os\nwhile True:\n    os.write({number}, b'x' * 100000 + b'\\n')")
    assert ran.state in ("failed", "timed out")


def test_a_forged_report_does_not_count() -> None:
    """A line that looks like the child's report but lacks its word is no report."""
    forged = b'{"error": "", "message": "", "line": 0, "output": "", "word": ""}\n' * 3
    ran = run(
        f"import os\nfor number in range(3, 9):\n    try: os.write(number, {forged!r})\n    except OSError: pass\n1 / 0"
    )
    assert ran.state != "passed"


def test_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of this process is seen, nor is a file outside of Python's own folders."""
    monkeypatch.setenv("SECRET_KEY", "abc")
    assert run("import os\nassert 'SECRET_KEY' not in os.environ and 'HOME' not in os.environ").passed
    assert run("import os\nopen(f'/proc/{os.getppid()}/environ', 'rb').read()").error == "PermissionError"
    assert run(f"open({__file__!r}).read()").error == "PermissionError"


def test_the_folder_is_empty_and_goes() -> None:
    """The working directory is empty, and gone afterwards."""
    ran = run("import os\nassert os.listdir() == []\nprint(os.getcwd())")
    assert ran.passed
    assert "glossator-limited-" in ran.output
    assert not Path(ran.output.strip()).exists()


ATTACKS = {
    "write": "open({path!r}, 'w')",
    "append": "import os; os.open({path!r}, os.O_WRONLY | os.O_APPEND)",
    "remove": "import os; os.remove({path!r})",
    "rename": "import os; os.rename({path!r}, {path!r} + 'x')",
    "chmod": "import os; os.chmod({path!r}, 0)",
    "truncate": "import os; os.truncate({path!r}, 0)",
    "touch": "import os; os.utime({path!r}, (1, 1))",
    "folder": "import os; os.mkdir({path!r} + 'd')",
    "link": "import os; os.symlink('/etc', {path!r} + 'l')",
    "tree": "import shutil; shutil.rmtree({folder!r})",
    "fork": "import os; os.fork()",
    "shell": "import os; os.system('touch ' + {path!r}) and 1 / 0",
    "program": "import subprocess; subprocess.run(['/bin/true'])",
    "spawn": "import os; os.posix_spawn('/bin/true', ['true'], {{}})",
    "exec": "import os; os.execv('/bin/true', ['true'])",
    "kill": "import os; os.kill({pid}, 9)",
    "kill all": "import os; os.kill(-1, 9)",
    "connect": "import socket; socket.create_connection(('127.0.0.1', {port}), 5)",
    "outside": "import socket; socket.create_connection(('192.0.2.1', 80), 5)",
    "datagram": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "raise limits": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
}


@pytest.fixture
def victim() -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process  # type: ignore[misc]
    process.kill()
    process.communicate()


def attack(name: str, folder: Path, victim: subprocess.Popen[bytes]) -> Ran:
    """The result of an attack that did no harm."""
    kept = folder / "kept.txt"
    kept.write_text("kept")
    kept.chmod(0o600)
    os.utime(kept, (1000, 1000))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        ran = run(ATTACKS[name].format(path=str(kept), folder=str(folder), pid=victim.pid, port=port))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert kept.read_text() == "kept"
    assert kept.stat().st_mtime == 1000
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["kept.txt"]
    assert victim.poll() is None
    return ran


@pytest.mark.parametrize("name", ATTACKS)
def test_harm_is_refused(name: str, tmp_path: Path, victim: subprocess.Popen[bytes]) -> None:
    """What writes, starts, signals or connects fails with an error that the code can see."""
    ran = attack(name, tmp_path, victim)
    assert ran.state == "failed", ran
    assert ran.error in ("PermissionError", "OSError", "ValueError"), ran


@linux
@pytest.mark.usefixtures("without_hook")
@pytest.mark.parametrize("name", ATTACKS)
def test_the_kernel_refuses_it_too(name: str, tmp_path: Path, victim: subprocess.Popen[bytes]) -> None:
    """The same holds where Python's own hook was worked around."""
    folder = tmp_path / "folder"
    folder.mkdir()
    ran = attack(name, folder, victim)
    assert ran.state in ("failed", "passed"), ran
    assert ran.state == "failed" or name == "shell"  # a shell that could not be started has an exit status


@linux
@pytest.mark.usefixtures("without_hook")
def test_a_fork_bomb_leaves_nothing() -> None:
    """A thousand processes that never end are none, and nothing is left behind."""
    before = {each.pid for each in psutil.process_iter()}
    ran = run("""
        import os, time
        for _ in range(1000):
            try:
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(600)
            except OSError:
                pass
    """, Limits(seconds=60, cpu_seconds=2))  # fmt: skip
    assert ran.passed, ran
    left = [each for each in psutil.process_iter(["cmdline"]) if each.pid not in before]
    assert not [each for each in left if "child.py" in " ".join(each.info["cmdline"] or [])]


@linux
def test_the_filter_is_told() -> None:
    """On Linux the filter of system calls holds where the machine is known."""
    import platform

    ran = run("pass")
    assert (limited_child.FILTER in ran.isolation) == bool(limited_child.filter_program(platform.machine()))


def test_filter_programs_are_whole() -> None:
    """Every jump of a filter lands inside of it, and its last row admits what nothing before refused."""
    for machine in ("x86_64", "aarch64"):
        program = limited_child.filter_program(machine)
        rows = list(struct.iter_unpack("HBBI", program))
        assert len(rows) < 4096
        for at, (code, then, otherwise, _) in enumerate(rows):
            assert code & 7 != 5 or at + 1 + max(then, otherwise) < len(rows)
        assert rows[-1] == (0x06, 0, 0, 0x7FFF0000)
    assert limited_child.filter_program("riscv64") == b""


def test_nothing_is_run_where_only_python_keeps_it_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the kernel's filter code runs only where the caller says that the hook suffices."""
    text = limited.CHILD.read_text(encoding="utf-8").replace("held = wall_off()", "held = []")
    child = tmp_path / "child.py"
    child.write_text(text, encoding="utf-8")
    monkeypatch.setattr(limited, "CHILD", child)
    refused = limited.run("x = 1", QUICK)
    assert refused.state == "not run"
    assert "filter" in refused.message
    ran = limited.run("x = 1", QUICK, hook_suffices=True)
    assert (ran.state, ran.isolation) == ("passed", (limited_child.HOOK,))


def test_a_python_that_is_missing_is_told() -> None:
    """Where no child can be started, the result says so."""
    ran = limited.run("x = 1", QUICK, python="/nowhere/python")
    assert ran.state == "not run"
    assert "/nowhere/python" in ran.message


def test_what_came_out_in_words() -> None:
    """A result reads as a short sentence."""
    assert str(Ran("passed")) == "passed"
    assert str(Ran("failed", "KeyError", "'a'\nmore")) == "failed (KeyError: 'a')"
