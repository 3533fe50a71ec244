"""The child process of `limited`: gives up what it could do harm with, then runs the code that it was sent.

Started as a script by its path, so it imports the standard library alone. Reads one JSON object on standard input and
writes two JSON lines on standard output: which walls hold, and how the code ended. What the code itself prints is kept
up to a limit. Two kinds of walls: the kernel's (namespaces and a filter of system calls on Linux, resource limits
everywhere), which hold whatever the code does, and Python's audit hook, which holds as long as nobody works around it.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

NAMESPACES, FILTER, HOOK = "namespaces", "system call filter", "audit hook"
MODULE = "limited"
_MOST_MESSAGE = 4000

# Numbers of system calls that write, start, signal, connect or change the machine: <asm/unistd.h> of both machines.
_X86_64 = (
    29, 41, 56, 57, 58, 59, 62, 64, 68, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 101, 103, 129, 132, 133,
    141, 142, 144, 155, 159, 160, 161, 163, 164, 165, 166, 167, 168, 169, 170, 171, 175, 176, 179, 188, 189, 190, 197,
    198, 199, 200, 203, 227, 234, 235, 240, 241, 246, 248, 249, 250, 251, 258, 259, 260, 261, 263, 264, 265, 266, 268,
    272, 280, 285, 297, 298, 300, 304, 305, 308, 310, 311, 313, 314, 316, 321, 322, 323,
)  # fmt: skip
_AARCH64 = (
    5, 6, 7, 14, 15, 16, 30, 33, 34, 35, 36, 37, 38, 39, 40, 41, 45, 46, 47, 51, 52, 53, 54, 55, 60, 88, 89, 97, 104,
    105, 106, 112, 116, 117, 118, 119, 122, 129, 130, 131, 138, 140, 142, 161, 162, 164, 170, 171, 180, 181, 186, 190,
    194, 198, 217, 218, 219, 220, 221, 224, 225, 240, 241, 262, 265, 266, 268, 270, 271, 273, 274, 276, 280, 281, 282,
)  # fmt: skip
# Machine -> its name to the kernel, what is refused, (call, argument) that opens a file, the call `prlimit64`.
_MACHINES = {
    "x86_64": (0xC000003E, _X86_64, ((2, 1), (257, 2)), 302),
    "aarch64": (0xC00000B7, _AARCH64, ((56, 2),), 261),
}
_NEWER = 424  # calls from 2019 on (and, on x86-64, those of x32) are answered as by an older kernel: not there
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_HARMFUL = frozenset((
    "os.system", "os.kill", "os.killpg", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.chmod", "os.chown", "os.chflags", "os.truncate", "os.utime", "os.setxattr", "os.removexattr", "os.startfile",
    "signal.pthread_kill", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo",
))  # fmt: skip
_HARMFUL_ROOMS = (
    "ctypes.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.", "resource.", "shutil.", "sqlite3.",
    "subprocess.", "syslog.", "tempfile.", "webbrowser.",
)  # fmt: skip


class Kept(io.TextIOBase):
    """Standard output: the first `most` characters, the rest is dropped."""

    def __init__(self, most: int) -> None:
        self._left, self._parts = most, list[str]()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)
        return len(text)

    def text(self) -> str:
        """What was kept."""
        return "".join(self._parts)


def limit(cpu_seconds: int, memory: int) -> None:
    """The resource limits, none of which may be raised again."""
    most = {
        "AS": (memory, memory),
        "CPU": (cpu_seconds, cpu_seconds + 1),
        "FSIZE": (0, 0),
        "NPROC": (0, 0),
        "NOFILE": (32, 32),
        "CORE": (0, 0),
        "MEMLOCK": (0, 0),
        "MSGQUEUE": (0, 0),
    }
    for name, pair in most.items():
        with suppress(AttributeError, ValueError, OSError):  # no such limit on this system, or a lower one is set
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), pair)


def wall_off() -> list[str]:
    """Take away network, processes and writing by means of the kernel; the names of what holds."""
    held: list[str] = []
    if sys.platform != "linux":
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: whoever started this must not leave it behind
    if libc.unshare(0x10000000 | 0x40000000 | 0x08000000) == 0:  # users, network, shared memory and queues
        held.append(NAMESPACES)
    program = filter_program(platform.machine())
    if program and libc.prctl(38, 1, 0, 0, 0) == 0:  # PR_SET_NO_NEW_PRIVS
        code = ctypes.create_string_buffer(program, len(program))
        head = struct.pack("HL" if struct.calcsize("L") == 4 else "HQ", len(program) // 8, ctypes.addressof(code))
        if libc.prctl(22, 2, ctypes.c_char_p(head), 0, 0) == 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
            held.append(FILTER)
    return held


def filter_program(machine: str) -> bytes:
    """The filter of system calls as the kernel reads it (`struct sock_filter`); empty: not known for this machine."""
    if machine not in _MACHINES:
        return b""
    name, refused, opening, prlimit = _MACHINES[machine]
    load, equal, least, some, give = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, deny, absent = 0x80000000, 0x7FFF0000, 0x00050001, 0x00050026  # EPERM, ENOSYS

    def row(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("HBBI", code, then, otherwise, value)

    rows = [row(load, 4), row(equal, name, 1), row(give, kill), row(load, 0)]
    rows += [row(least, _NEWER, 0, 1), row(give, absent)]
    for number in refused:
        rows += [row(equal, number, 0, 1), row(give, deny)]
    for number, argument in opening:  # files may be read
        rows += [row(equal, number, 0, 4), row(load, 16 + 8 * argument)]
        rows += [row(some, _WRITING, 0, 1), row(give, deny), row(give, allow)]
    rows += [row(equal, prlimit, 0, 5)]  # limits may be read: no new ones are given
    rows += [row(load, 32), row(equal, 0, 0, 2), row(load, 36), row(equal, 0, 1), row(give, deny)]
    return b"".join([*rows, row(give, allow)])


def watch() -> None:
    """The audit hook: it refuses what does harm, and reading outside of Python's own folders."""
    own = {sys.base_prefix, sys.base_exec_prefix, sys.prefix, os.path.dirname(os.__file__), "/usr/share/zoneinfo"}  # noqa: PTH120
    folders = tuple(os.path.realpath(each) + os.sep for each in own)
    harmful, rooms, writing, real, decoded = _HARMFUL, _HARMFUL_ROOMS, _WRITING, os.path.realpath, os.fsdecode

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = given
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & writing):
                raise PermissionError(1, "no file may be written here", str(path))
            if not isinstance(path, int) and not real(decoded(path)).startswith(folders):
                raise PermissionError(1, "no such file may be read here", str(path))
        elif event in harmful or event.startswith(rooms):
            raise PermissionError(1, f"{event} is not allowed here")

    sys.addaudithook(hook)


def ended(code: str, output: Kept) -> dict[str, Any]:
    """Run `code` as a module of its own; how it ended: `error` (empty: it went through), `message`, `line`."""
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    sys.stdout = sys.stderr = output
    try:
        exec(compile(code, f"<{MODULE}>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except BaseException as error:
        name, message, line = type(error).__name__, "", getattr(error, "lineno", 0) or 0
        with suppress(BaseException):
            message = str(error)[:_MOST_MESSAGE]
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == f"<{MODULE}>":
                line = step.tb_lineno
            step = step.tb_next
        return {"error": name, "message": message, "line": line}
    return {"error": "", "message": "", "line": 0}


def main() -> None:
    """Wall off, tell what holds, run, tell how it ended."""
    given = json.loads(sys.stdin.buffer.read())
    report = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
    dumps, write, leave = json.dumps, os.write, os._exit

    def tell(**values: Any) -> None:
        rest = dumps(values | {"word": given["word"]}).encode() + b"\n"
        while rest:
            rest = rest[write(report, rest) :]

    output = Kept(given["output"])
    limit(given["cpu_seconds"], given["memory"])
    held = wall_off()
    watch()
    kernel = FILTER in held
    tell(held=[*held, HOOK])
    if kernel or given["hook_suffices"]:
        run: Callable[[str, Kept], dict[str, Any]] = ended
        found = run(given["code"], output)
        tell(**found, output=output.text())
    leave(0)


if __name__ == "__main__":
    main()
