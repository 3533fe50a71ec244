"""A model's file is what it should be, or it is told by name and reason; a server that meets a bad one goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glossator.engine import ModelBroken, ModelMissing
from glossator.engine.process import Options, load
from glossator.models import Card

from .tally import Tally
from .watching import plan

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="pipes, links and mappings as POSIX has them"),
    pytest.mark.faults,
]

Damage = Callable[[Path, bytes, random.Random], None]


def header(tensors: int, pairs: int, rest: bytes = b"") -> bytes:
    """The beginning of a file that counts so much."""
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + rest


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path))


def _promised(path: Path, sound: bytes) -> None:
    """Another digest was promised for it when it was fetched."""
    path.write_bytes(sound)
    memo = {"size": 0, "mtime_ns": 0, "inode": 0, "sha256": "0" * 64, "promised": "a" * 64}
    path.with_name(f".{path.name}.digest.json").write_text(json.dumps(memo))


def _flipped(path: Path, sound: bytes, chance: random.Random) -> None:
    """A bit of its last tensor is another than when it was fetched."""
    import hashlib

    memo = {"size": 0, "mtime_ns": 0, "inode": 0, "sha256": "0" * 64, "promised": hashlib.sha256(sound).hexdigest()}
    path.with_name(f".{path.name}.digest.json").write_text(json.dumps(memo))
    at = len(sound) - 1 - chance.randrange(500)
    path.write_bytes(sound[:at] + bytes([sound[at] ^ 1 << chance.randrange(8)]) + sound[at + 1 :])


LONG = struct.pack("<Q", 1 << 62)
KINDS: dict[str, tuple[Damage, str]] = {
    "not there": (lambda path, sound, chance: None, "is not there"),
    "empty": (lambda path, sound, chance: path.write_bytes(b""), "is empty"),
    "a page": (lambda path, sound, chance: path.write_bytes(b"<!DOCTYPE html><html>Not found"), "web page"),
    "zeros": (lambda path, sound, chance: path.write_bytes(bytes(5000)), "begins with zeros"),
    "noise": (lambda path, sound, chance: path.write_bytes(b"\x01" + chance.randbytes(5000)), "not a GGUF"),
    "truncated": (
        lambda path, sound, chance: path.write_bytes(sound[: chance.randrange(5, len(sound) - 1)]),
        "cut off|damaged header",
    ),
    "a pipe": (lambda path, sound, chance: os.mkfifo(path), "is a pipe"),
    "a folder": (lambda path, sound, chance: path.mkdir(), "is a folder"),
    "a socket": (lambda path, sound, chance: _socket(path), "is a socket"),
    "a dead link": (lambda path, sound, chance: path.symlink_to("nowhere"), "which is not there"),
    "a link to itself": (lambda path, sound, chance: path.symlink_to(path), "leads back to itself"),
    "a link to a device": (lambda path, sound, chance: path.symlink_to("/dev/zero"), "is a device"),
    "many tensors": (lambda path, sound, chance: path.write_bytes(header(1 << 60, 1)), "damaged header"),
    "many values": (lambda path, sound, chance: path.write_bytes(header(1, 1 << 60)), "damaged header"),
    "a long name": (lambda path, sound, chance: path.write_bytes(header(1, 1, LONG)), "damaged header|cut off"),
    "a long array": (
        lambda path, sound, chance: path.write_bytes(header(1, 1, struct.pack("<Q1sIIQ", 1, b"a", 9, 8, 1 << 61))),
        "damaged header|cut off",
    ),
    "another hash": (lambda path, sound, chance: _promised(path, sound), "SHA-256"),
    "a flipped bit": (_flipped, "SHA-256"),
    "no permission": (
        lambda path, sound, chance: (path.write_bytes(sound), path.chmod(0))[0] and None,
        "may not be read",
    ),
}


def clear(path: Path) -> None:
    """Nothing is there, and nothing remembered of it."""
    path.with_name(f".{path.name}.digest.json").unlink(missing_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def test_bad_files(
    serve: Any, tmp_path: Path, gguf: Callable[[], bytes], *, chance: random.Random, tally: Tally, times: Any
) -> None:
    """One server meets them all, one after the other: each is told by name and reason at once; a sound one is used."""
    models = tmp_path / "home" / "models"
    models.mkdir(parents=True)
    path = models / "brief.gguf"
    server = serve(program=plan(tmp_path / "plan", stand_in=True).program())
    server.begin(backend="local", model=str(path), cache={"enabled": False}, hover={"waitMs": 20000})
    kinds = [kind for kind in KINDS if kind != "no permission" or os.getuid()]
    import re

    for number in range(times(1, 50)):
        for kind in kinds:
            damage, reason = KINDS[kind]
            clear(path)
            damage(path, gguf(), chance)
            uri = f"file:///code/{number}.py"
            server.open(uri, "def total(a):\n    return a\n")
            begun = time.monotonic()
            told = str(server.answer(server.hover(uri, 0, 5)))
            tally.most("model files", "told after", time.monotonic() - begun, "s")
            assert "def total" in told, "what needs no model goes on"
            plain = told.replace("\\\\", "").replace("\\", "")
            assert "brief.gguf" in plain and re.search(reason, plain), (kind, told)
            assert server.ask("glossator/status")["lastError"], kind
            tally.add("model files", "bad files")
    clear(path)
    path.write_bytes(gguf())
    assert "It does" in str(server.answer(server.hover(uri, 0, 5)))
    assert server.finish() == 0


def test_replaced_while_it_is_used(serve: Any, tmp_path: Path, gguf: Callable[..., bytes], *, tally: Tally) -> None:
    """A file that is cut or exchanged under a running engine costs that engine at most; what then lies there is not
    taken for what it was."""
    models = tmp_path / "home" / "models"
    models.mkdir(parents=True)
    path = models / "mapped.gguf"
    sound = gguf(tensors=200)
    path.write_bytes(sound)
    server = serve(program=plan(tmp_path / "plan", stand_in=True).program())
    server.begin(backend="local", model=str(path), cache={"enabled": False}, hover={"waitMs": 20000})

    def hover(number: int) -> str:
        server.open(f"file:///code/{number}.py", f"def total{number}(a):\n    return a\n")
        told = str(server.answer(server.hover(f"file:///code/{number}.py", 0, 5)))
        assert f"def total{number}" in told
        return told

    assert "It does" in hover(0)
    other = models / "other"
    other.write_bytes(gguf(tensors=199))
    other.replace(path)
    assert "It does" in hover(1), "the engine goes on with the file that it holds"
    os.kill(server.ask("glossator/status")["engine"]["pid"], 9)
    told = hover(2)
    if "has changed since" not in told:  # it was on its way to the engine when that was killed
        assert "ended" in told
        told = hover(7)
    assert "has changed since" in told and "It does" not in hover(3)
    other.write_bytes(sound)
    other.replace(path)
    limit = time.monotonic() + 20  # a model that could not be loaded is not tried again at once
    while "It does" not in hover(4):
        assert time.monotonic() < limit
        time.sleep(0.5)
    os.truncate(path, 4096)
    assert "ended" in hover(5), "the mapping ends where the file does"
    assert "It does" not in hover(6)
    assert server.finish() == 0
    tally.add("model files", "files exchanged in use", 2)


def test_another_file_is_not_loaded(tmp_path: Path, gguf: Callable[..., bytes]) -> None:
    """The engine process compares the file with the digest that it was given before llama.cpp sees it."""
    path = tmp_path / "a.gguf"
    path.write_bytes(gguf())
    with pytest.raises(ModelBroken, match=r"a\.gguf has changed since"):
        load(Options(str(path), "0" * 64, Card("a", str(path))))
    path.unlink()
    with pytest.raises(ModelMissing, match="is not there"):
        load(Options(str(path), "0" * 64, Card("a", str(path))))
