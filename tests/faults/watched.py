"""`watched.py PLAN.json serve …`: `glossator serve …` under an audit hook that notes, and may refuse, what it does.

The plan is a JSON object:

    log         file for a JSON line an event: what is opened, started, connected to, moved and removed
    offline     true: no socket but those of this machine, refused by the hook and, where the system grants one, by an
                empty network; the event `walls` says whether it did
    loud        true: every logger says all that it can
    talker      the kind of `talker.py` that is the engine process, and `talk`: more arguments of the shared engine
    stand_in    true: `talker.py` is what the local backend starts instead of llama.cpp, by its model's name
    crash       true: an error that nobody catches, in a thread and at the end, whose text is the open document's
    failing     a list of {"kind": …, "nth": n, "ever": bool, "below": folder, "error": errno}: see `failing.py`
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

MOVES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
STARTS = (
    *("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"),
    *("os.fork", "os.forkpty", "pty.spawn"),
)
NETS = (
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
    *("socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
)


def plain(value: Any) -> Any:
    """As JSON can say it."""
    if isinstance(value, bytes):
        return os.fsdecode(value)
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else repr(type(value))


def is_near(event: str, given: tuple[Any, ...]) -> bool:
    """Whether an event of a socket stays on this machine."""
    where = given[0] if event.startswith("socket.get") else given[1]
    if isinstance(where, str | bytes) and event.startswith("socket.get"):
        return plain(where) in ("", "localhost", "127.0.0.1", "::1")
    host = where[0] if isinstance(where, tuple) and where else ""
    return not isinstance(where, tuple) or str(host).startswith("127.") or host in ("::1", "localhost")


def watch(log: Path, offline: bool, walls: bool) -> None:
    """Note whether there are walls, and set the hook."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    kept, write, dumps = (sys.prefix, sys.base_prefix), os.write, json.dumps
    write(out, dumps(["walls", walls]).encode() + b"\n")

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(given[0], int) or str(plain(given[0])).startswith(kept):
                return
        elif event not in MOVES and event not in STARTS and event not in NETS:
            return
        shown = given[1:] if event in NETS and not event.startswith("socket.get") else given
        write(out, dumps([event, *map(plain, shown)]).encode() + b"\n")
        if offline and event in NETS and not is_near(event, given):
            raise PermissionError(1, "no network here")

    sys.addaudithook(hook)


def cut_off() -> bool:
    """Leave for a network that has nothing in it, where the system lets a user do so."""
    import ctypes

    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    user, network = 0x10000000, 0x40000000
    return bool(libc.unshare(network) == 0 or libc.unshare(user | network) == 0)


def beside(name: str) -> ModuleType:
    """A module of this folder, which is on no path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loud() -> None:
    """Every logger at its lowest level, also those that are made later."""
    from glossator.lsp import logs

    begin = logs.start

    def start(folder: Path) -> Path | None:
        path = begin(folder)
        for name in ("", "glossator", "asyncio", *logging.root.manager.loggerDict):
            logging.getLogger(name).setLevel(logging.DEBUG)
        for handler in logging.getLogger().handlers:
            handler.setLevel(logging.DEBUG)
        return path

    logs.start = start


def crash() -> None:
    """A hover that ends a thread, a task and then the server, with the document's text in each error."""
    import asyncio
    import threading

    from glossator.lsp import server

    dying: asyncio.Future[str] | None = None
    begin = server._serve

    async def hover(ls: Any, params: Any) -> None:
        text = ls.current(params.text_document.uri).text
        threading.Thread(target=lambda: int(text)).start()
        ls.spawn(fail(text))
        await asyncio.sleep(0.2)
        assert dying is not None
        dying.set_result(text)

    async def fail(text: str) -> None:
        raise KeyError(text)

    async def ended(*given: Any) -> int:
        nonlocal dying
        dying = asyncio.get_running_loop().create_future()
        serving = asyncio.ensure_future(begin(*given))
        await asyncio.wait({serving, dying}, return_when=asyncio.FIRST_COMPLETED)
        raise ValueError(dying.result())

    server._serve = ended  # type: ignore[assignment]
    server.FEATURES = dict(server.FEATURES) | {"textDocument/hover": (hover, None)}


def main() -> None:
    """Follow the plan."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    walls = bool(plan.get("offline")) and cut_off()
    if plan.get("loud"):
        loud()
    if plan.get("crash"):
        crash()
    if kind := plan.get("talker"):
        from glossator.lsp import opening

        talking = beside("talking")
        more = plan.get("talk", {})
        opening.open_engine = lambda settings, folders, ledger=None: talking.engine(
            settings, folders, ledger, kind, **dict(more)
        )
    if plan.get("stand_in"):
        from glossator.engine import supervise

        talker = str(Path(__file__).with_name("talker.py"))
        supervise.engine_command = lambda: [sys.executable, "-P", talker]
    if plan.get("failing"):
        failing = beside("failing")
        for each in plan["failing"]:
            failing.begin(**each)
    if log := plan.get("log"):
        watch(Path(log), plan.get("offline", False), walls)
    sys.argv = ["glossator", *sys.argv[2:]]
    from glossator.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
