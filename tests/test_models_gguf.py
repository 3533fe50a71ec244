"""The header of a model file: what is read from it, and what damage and malice come to."""

from __future__ import annotations

import os
import resource
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from glossator.models import ModelAbsent, ModelDamaged, ModelError, gguf
from glossator.models.describe import card_of, family_of, thinks
from glossator.models.regular import open_regular

Maker = Callable[..., bytes]


@pytest.fixture(name="make")
def _make(gguf: Maker) -> Maker:
    return gguf


def test_reads_values(make: Maker, tmp_path: Path) -> None:
    """Scalars and strings are kept, arrays are passed over, the size that the tensors need is known."""
    path = tmp_path / "small.gguf"
    path.write_bytes(make({"general.name": "Small", "x.flag": True, "x.half": 0.5}, tensors=3))
    header = gguf.read(path)
    assert header.text("general.name") == "Small"
    assert header.number("qwen2.context_length") == 2048
    assert header.values["x.flag"] is True
    assert header.values["x.half"] == 0.5
    assert "tokenizer.ggml.tokens" not in header.values
    assert header.tensors == 3
    assert header.needed == header.size == path.stat().st_size


def test_every_cut_is_noticed(make: Maker, tmp_path: Path) -> None:
    """A file that ends early, anywhere, is called cut off (or no GGUF, or empty)."""
    whole = make()
    path = tmp_path / "cut.gguf"
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelDamaged, match=r"cut off|not a GGUF|empty|no header"):
            gguf.read(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"  \n<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS pointer"),
        (b"PK\x03\x04" + bytes(100), "ZIP archive"),
        (struct.pack("<Q", 50) + b'{"__metadata__":{}}', "safetensors"),
        (b"tjgg" + bytes(100), "older than GGUF"),
        (bytes(100), "begins with zeros"),
        (b"root:x:0:0", "begins with 72 6f 6f 74"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(100), "big-endian"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(100), "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1), "damaged header"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1 << 60), "damaged header"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1 << 60), "cut off"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"k" + struct.pack("<IIQ", 9, 8, 1 << 60), "strings"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"k" + struct.pack("<IIQ", 9, 4, 1 << 60), "cut off"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"k" + struct.pack("<IIQ", 9, 9, 1 << 60), "array of the type 9"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"k" + struct.pack("<I", 99), "unknown type 99"),
    ],
)
def test_what_is_no_model(content: bytes, reason: str, tmp_path: Path) -> None:
    """What is no model is refused with its path and a reason that a person understands."""
    path = tmp_path / "no.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelDamaged, match=reason) as caught:
        gguf.read(path)
    assert str(path) in str(caught.value)


def test_a_hostile_header_costs_little(make: Maker, tmp_path: Path) -> None:
    """A sparse file of 100 GB whose header promises huge strings and arrays is refused quickly and without memory."""
    path = tmp_path / "bomb.gguf"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    for tail in (
        struct.pack("<QI", 1 << 36, 8),
        struct.pack("<Q", 1) + b"k" + struct.pack("<IQ", 8, 1 << 36),
        struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 12, 1 << 33),
        struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 8, 3_999_999),
    ):
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 4000, 4000) + tail)
        os.truncate(path, 100 << 30)
        with pytest.raises(ModelDamaged):
            card_of(gguf.read(path), path)
    assert time.monotonic() - started < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a pipe, a socket, a device, a dead link and a link to itself are refused at once."""
    (tmp_path / "folder.gguf").mkdir()
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "to-pipe.gguf").symlink_to("pipe.gguf")
    (tmp_path / "device.gguf").symlink_to("/dev/zero")
    (tmp_path / "dead.gguf").symlink_to("gone.gguf")
    (tmp_path / "loop.gguf").symlink_to("loop.gguf")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # a socket's path may have 108 bytes only
        listener.bind("socket.gguf")
        for name, reason in {
            "folder.gguf": "a folder",
            "pipe.gguf": "a pipe",
            "to-pipe.gguf": "a pipe",
            "device.gguf": "a device",
            "socket.gguf": "a socket",
            "dead.gguf": "a link to gone.gguf, which is not there",
            "loop.gguf": "leads back to itself",
            "none.gguf": "is not there",
        }.items():
            with pytest.raises(ModelError, match=reason) as caught:
                gguf.read(tmp_path / name)
            assert isinstance(caught.value, ModelAbsent) == ("not there" in reason)


def test_no_permission(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is called that."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(make())

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ModelError, match="may not be read by this user"):
        open_regular(path)


def test_links_to_files_are_followed(make: Maker, tmp_path: Path) -> None:
    """A link to a regular file is that file."""
    (tmp_path / "real.gguf").write_bytes(make())
    (tmp_path / "link.gguf").symlink_to("real.gguf")
    assert gguf.read(tmp_path / "link.gguf").tensors == 1


@pytest.mark.parametrize(
    ("template", "architecture", "name", "family"),
    [
        ("<|im_start|>user", "qwen2", "", "qwen"),
        ("<|im_start|>user", "llama", "", "qwen"),
        ("<|im_start|>user", "qwen3moe", "", "qwen3"),
        ("{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}", "qwen2", "", "qwen3"),
        ("{{'<｜User｜>' + m.content}}", "qwen2", "", "deepseek-r1"),
        ("{{'<｜User｜>' + m.content}}", "llama", "", "deepseek-r1"),
        ("<|start_header_id|>", "llama", "", "llama3"),
        ("<start_of_turn>user", "gemma3", "", "gemma"),
        ("[INST] {{ m }} [/INST]", "llama", "llama-3", ""),
        ("", "qwen2", "deepseek-r1-distill-qwen-7b", "deepseek-r1"),
        ("", "qwen2", "mine", "qwen"),
        ("", "llama", "meta-llama-3-8b", "llama3"),
        ("", "phi3", "phi", ""),
    ],
)
def test_family(template: str, architecture: str, name: str, family: str) -> None:
    """The chat template's own marks tell its family; without a template, architecture and name do."""
    assert family_of(template, architecture, name) == family


def test_card_of_a_thinker(make: Maker, tmp_path: Path) -> None:
    """A model whose template knows `<think>` is a reasoning model with its family's manners."""
    path = tmp_path / "thinker.gguf"
    template = "<｜User｜>{{ m }}<｜Assistant｜><think>\n"
    path.write_bytes(make({"tokenizer.chat_template": template, "general.license": "mit"}))
    card = card_of(gguf.read(path), path)
    assert (card.name, card.family, card.reasoning) == ("thinker", "deepseek-r1", True)
    assert (card.context, card.licence, card.advice.temperature, card.file) == (2048, "mit", 0.6, str(path))


@pytest.mark.parametrize(
    ("template", "family", "thinker"),
    [
        ("{{'<｜User｜>'}}{{content.split('</think>')[-1]}}{{'<｜Assistant｜>'}}", "deepseek-r1", True),
        ("{{'<｜User｜>'}}{{'<｜Assistant｜>'}}", "deepseek-r1", False),
        ("", "deepseek-r1", True),
        ("{% if add_generation_prompt %}<think>\n{% endif %}", "qwen3", True),
        ("{{content.split('</think>')[-1]}}{% if add_generation_prompt %}<|im_start|>{% endif %}", "qwen3", False),
        ("", "qwen3", False),
    ],
)
def test_who_thinks(template: str, family: str, thinker: bool) -> None:
    """How a template begins an answer tells, not what it does with earlier thoughts; R1's leaves that to the model."""
    assert thinks(template, family) is thinker


@pytest.mark.parametrize(
    ("values", "tensors", "reason"),
    [
        ({"tokenizer.ggml.model": ""}, 1, "no tokenizer"),
        ({"general.architecture": ""}, 1, "not a language model"),
        ({}, 0, "no weights"),
        ({"split.count": 3}, 1, "one of 3 parts"),
    ],
)
def test_what_is_no_whole_language_model(
    values: dict[str, object], tensors: int, reason: str, make: Maker, tmp_path: Path
) -> None:
    """A sound GGUF file that cannot answer is refused with the reason."""
    path = tmp_path / "part.gguf"
    path.write_bytes(make(values, tensors=tensors))
    with pytest.raises(ModelDamaged, match=reason):
        card_of(gguf.read(path), path)
