"""Where the engine process is reached: a socket in a folder that is the user's alone.

Where sockets are no files (Windows), a file in that folder holds a loopback port and a token that the first line of a
client must repeat. Knows nothing of what is said over the connection but its longest line.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import socket
import struct
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from . import EngineError
from .private import private_folder
from .wire import MAX_LINE

_LONGEST_PATH = 100  # bytes; a socket's path may have 107 on Linux, 103 on macOS
SUFFIX = ".port" if os.name == "nt" else ".sock"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def place(runtime: Path, name: str) -> Path:
    """Where the engine called `name` is reached. Makes the folder; raises `EngineError` where it is not private."""
    path = runtime / (name + SUFFIX)
    if len(os.fsencode(path)) > _LONGEST_PATH:
        user = str(os.getuid()) if os.name == "posix" else "user"
        short = hashlib.sha256(os.fsencode(runtime)).hexdigest()[:8]
        path = Path(tempfile.gettempdir()) / f"glossator-{user}-{short}" / (name + SUFFIX)
    try:
        private_folder(path.parent)
    except OSError as error:
        raise EngineError(
            f"no private folder for the engine's socket at {path.parent}: {error.strerror or error}; "
            "set GLOSSATOR_HOME to a folder of yours"
        ) from error
    return path


async def listen(path: Path, serve: Serve) -> tuple[asyncio.Server, str]:
    """Accept connections at `path`; also returns the token that clients must show (empty where none is needed)."""
    if path.suffix != ".port" and sys.platform != "win32":
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - a local name, before anyone is served
        mask = os.umask(0o077)
        try:
            return await asyncio.start_unix_server(serve, path, limit=MAX_LINE), ""
        finally:
            os.umask(mask)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_LINE)
    token = secrets.token_hex(32)
    _publish(path, {"port": server.sockets[0].getsockname()[1], "token": token})
    return server, token


def _publish(path: Path, said: dict[str, object]) -> None:
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(said))
    temporary.replace(path)


def _published(path: Path) -> tuple[int, str]:
    try:
        said = json.loads(path.read_text())
        return int(said["port"]), str(said["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConnectionRefusedError(f"{path} does not say where the engine is") from error


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """Reach the engine at `path`; also returns the token to show. Raises `OSError` where nobody listens."""
    if path.suffix != ".port" and sys.platform != "win32":
        reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE)
        return reader, writer, ""
    port, token = _published(path)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_LINE)
    return reader, writer, token


def listener_pid(writer: asyncio.StreamWriter) -> int | None:
    """The process that listens at the other end, as the kernel knows it; None where it does not tell."""
    if sys.platform != "linux":
        return None
    peer = writer.get_extra_info("socket")
    if peer is None or peer.family != socket.AF_UNIX:
        return None
    pid, _, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


def mark(path: Path) -> tuple[int, int]:
    """What changes when another takes the place at `path`; (0, 0) where nothing is there."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns
