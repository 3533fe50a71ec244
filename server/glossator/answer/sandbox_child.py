"""The child process of `sandbox`: makes the sandbox around itself, then starts the command in it and watches over it.

Started as a script by its path, so it imports the standard library alone. Reads one JSON object on standard input. What
the command prints goes to standard output; how it ended goes to standard error, as one JSON line. Three processes: this
one waits; its child is the first process of the sandbox, with whose end the kernel ends every other in it; the command
is started by that one, and has nothing left by which it could get out: no capability, and a filter of system calls.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

ROOT = "/sys"  # where the new root is put together: a folder that every Linux has and the sandbox has not
NEW = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
"""Mounts, host name, shared memory and queues, users, processes, network: `CLONE_NEW…` of <linux/sched.h>."""
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"))
LOOK_SECONDS = 0.1  # between two looks at what the command uses
_BIND, _REC, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_NOSUID, _NODEV = 2, 4

libc = ctypes.CDLL(None, use_errno=True)


def called(name: str, *given: Any) -> None:
    """Call the C library; raises `OSError` naming what failed."""
    if getattr(libc, name)(*given) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    """`mount(2)`. Raises `OSError`."""
    given = (os.fsencode(source), os.fsencode(target), None if kind is None else os.fsencode(kind))
    called("mount", *given, ctypes.c_ulong(flags), os.fsencode(options))


def locked(target: str) -> None:
    """Nothing below `target` can be written, or be a device. Raises `OSError`, also on a kernel older than 5.12."""
    wanted = ctypes.create_string_buffer(struct.pack("4Q", 1 | _NOSUID | _NODEV, 0, 0, 0))
    called("syscall", 442, -100, os.fsencode(target), 0x8000, wanted, ctypes.c_size_t(32))  # mount_setattr


def shown(path: str) -> None:
    """Show a folder or a file of the machine in the new root, for reading."""
    if os.path.isdir(path):
        os.makedirs(ROOT + path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(ROOT + path), exist_ok=True)
        os.close(os.open(ROOT + path, os.O_CREAT))
    mount(path, ROOT + path, None, _BIND | _REC)
    locked(ROOT + path)


def alone() -> None:
    """Leave the namespaces of this machine; the same user in them, who is nobody outside."""
    user, group = os.getuid(), os.getgid()
    called("unshare", NEW)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def furnished(given: dict[str, Any]) -> bool:
    """Put the new root together and enter it; whether what is written into the workspace goes to a layer of its own,
    where it is thrown away. Raises `OSError`."""
    room = f"size={given['written']}"
    workspace, file = given["workspace"], given["file"]
    mount("none", "/", None, _REC | _PRIVATE)
    mount("tmpfs", ROOT, "tmpfs", _NOSUID | _NODEV, f"{room},mode=755")
    for name in ("dev/shm", "tmp", "var/tmp"):
        os.makedirs(f"{ROOT}/{name}")
        os.chmod(f"{ROOT}/{name}", 0o1777)  # noqa: S103 - as these folders are everywhere, and here nobody else's
    for name in ("proc", "run", "upper"):
        os.mkdir(f"{ROOT}/{name}")
    for path in given["folders"]:
        shown(path)
    for name in DEVICES:
        os.close(os.open(f"{ROOT}/dev/{name}", os.O_CREAT))
        mount(f"/dev/{name}", f"{ROOT}/dev/{name}", None, _BIND)
    mount("proc", f"{ROOT}/proc", "proc", _NOSUID | _NODEV)
    locked(f"{ROOT}/proc")  # where this user is root the kernel's own settings are files of theirs
    os.makedirs(ROOT + given["home"], exist_ok=True)
    mount("tmpfs", f"{ROOT}/upper", "tmpfs", _NOSUID | _NODEV, room)
    layered = _workspace(workspace)
    if file:
        seen = f"{ROOT}{workspace}/{file}"
        with open(f"{ROOT}/upper/file", "wb") as text:
            text.write(given["text"].encode("utf-8", "surrogatepass"))
        known = os.stat(seen)
        os.chmod(f"{ROOT}/upper/file", known.st_mode & 0o777)
        # Compiled files are told apart by the time and size of their source: this is no text that was compiled before.
        changed = max(time.time_ns(), known.st_mtime_ns + 2_000_000_000)
        os.utime(f"{ROOT}/upper/file", ns=(changed, changed))
        mount(f"{ROOT}/upper/file", seen, None, _BIND)
        locked(seen)
    called("umount2", os.fsencode(f"{ROOT}/upper"), _DETACH)
    os.chdir(ROOT)
    called("pivot_root", b".", b".")
    called("umount2", b".", _DETACH)
    for path, target in (*given["links"], *((f"/dev/{name}", target) for name, target in LINKS)):
        with suppress(FileExistsError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(target, path)
    os.chdir(workspace)
    return layered


def _workspace(path: str) -> bool:
    os.makedirs(ROOT + path, exist_ok=True)
    for name in ("changed", "work"):
        os.mkdir(f"{ROOT}/upper/{name}")
    os.chdir(path)  # a path with a comma or a colon cannot be named in options
    layers = f"lowerdir=.,upperdir={ROOT}/upper/changed,workdir={ROOT}/upper/work,userxattr"
    try:
        os.chmod(f"{ROOT}/upper/changed", os.stat(".").st_mode & 0o7777)
        mount("overlay", ROOT + path, "overlay", _NOSUID | _NODEV, layers)
    except OSError:  # a file system that cannot be a layer: then nothing can be written there
        shown(path)
        return False
    return True


def loopback() -> None:
    """Tests talk to servers of their own; this machine's are not to be reached from here."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def powerless(filter_program: bytes) -> None:
    """Give up every capability, for good, and have the kernel refuse the calls that would bring one back."""
    for number in range(64):
        libc.prctl(24, number, 0, 0, 0)  # PR_CAPBSET_DROP
    libc.prctl(28, 0x2F, 0, 0, 0)  # PR_SET_SECUREBITS: the user 0 has no capability by being that, nor keeps any
    called("capset", struct.pack("Ii", 0x20080522, 0), bytes(24))
    called("prctl", 38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    code = ctypes.create_string_buffer(filter_program, len(filter_program))
    head = struct.pack("HQ", len(filter_program) // 8, ctypes.addressof(code))
    called("prctl", 22, 2, ctypes.c_char_p(head), 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def limit(given: dict[str, Any]) -> None:
    """What one process may use; all of them together are watched."""
    most = {
        "DATA": given["memory"],  # of the address space much is only reserved by some programs
        "CPU": given["cpu_seconds"] + 1,
        "FSIZE": given["written"],
        "NOFILE": 1024,
        "CORE": 0,
    }
    if tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 14):  # before, all processes of the user counted
        most["NPROC"] = given["processes"]
    for name, value in most.items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        most_here = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(number, (most_here, most_here))


def start(given: dict[str, Any], report: int) -> NoReturn:
    """Become the command. Ends with a report where it cannot be started."""
    try:
        os.setsid()
        os.nice(given["nice"])
        nothing = os.open("/dev/null", os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(1, 2)
        os.closerange(3, report)
        os.closerange(report + 1, 1024)
        os.set_inheritable(report, False)
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        limit(given)
        powerless(bytes.fromhex(given["filter"]))
        os.execvpe(given["command"][0], given["command"], given["environment"])  # noqa: S606 - the user's own command
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        tell(report, unstarted=reason)
    finally:
        os._exit(127)


def used() -> tuple[float, int, int]:
    """Processor seconds, bytes of memory and number of the processes in here, this one aside."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks, pages, count = 0, 0, 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or name == "1":
            continue
        with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
            row = file.read().rpartition(b")")[2].split()
            ticks += sum(map(int, row[11:15]))
            pages += int(row[21])
            count += 1
    seconds = ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")
    return seconds, pages * os.sysconf("SC_PAGE_SIZE"), count


def watch(command: int, given: dict[str, Any]) -> dict[str, Any]:
    """Wait for the command, and for the first limit that all processes together go over."""
    until = time.monotonic() + given["seconds"]
    while True:
        with suppress(InterruptedError):
            signal.sigtimedwait((signal.SIGCHLD,), max(0.0, min(LOOK_SECONDS, until - time.monotonic())))
        while True:
            with suppress(ChildProcessError):
                ended, status = os.waitpid(-1, os.WNOHANG)
                if ended == command:
                    return {"status": os.waitstatus_to_exitcode(status), "cpu": used()[0]}
                if ended:
                    continue
            break
        cpu, memory, processes = used()
        over = {
            "time": time.monotonic() >= until,
            "processor time": cpu > given["cpu_seconds"],
            "memory": memory > given["memory"],
            "processes": processes > given["processes"],
        }
        if reached := next((name for name, is_over in over.items() if is_over), ""):
            return {"limit": reached, "cpu": cpu}


def tell(report: int, **values: Any) -> None:
    """One line for whoever asked."""
    os.write(report, json.dumps(values).encode() + b"\n")


def first(given: dict[str, Any], report: int) -> None:
    """The first process of the sandbox: furnish it, start the command, watch."""
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: with whoever started this all of it ends
    libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: nothing in here looks into this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    layered = furnished(given)
    loopback()
    tell(report, ready=True, layered=layered)
    command = os.fork()
    if command == 0:
        start(given, report)
    tell(report, **watch(command, given))


def main() -> None:
    """Leave this machine's namespaces, then wait for the first process of the new ones."""
    given = json.loads(sys.stdin.buffer.read())
    report = os.dup(2)
    parent = os.getppid()
    try:
        alone()
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            return
        process = os.fork()
        if process == 0:
            try:
                first(given, report)
            except OSError as error:
                tell(report, failed=str(error.strerror or error))
            finally:
                os._exit(0)
        os.waitpid(process, 0)
    except OSError as error:
        tell(report, failed=str(error.strerror or error))


if __name__ == "__main__":
    main()
