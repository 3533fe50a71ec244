"""A whole model that llama.cpp loads, of a few hundred kilobytes and random weights: for what needs no sense."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

WIDTH, INNER, BLOCKS = 256, 512, 2  # 256 is the block of the K and I types


def write(path: Path, *, seed: int = 0, file_type: int = 1) -> Path:
    """A model of the architecture `llama` in F16, with a vocabulary of bytes; `file_type` is what it calls itself."""
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    types = [2, 3, 3, *[6] * 256]
    pairs = [
        ("general.architecture", _text("llama")),
        ("general.name", _text("tiny")),
        ("general.file_type", _number(file_type)),
        ("llama.context_length", _number(1024)),
        ("llama.embedding_length", _number(WIDTH)),
        ("llama.block_count", _number(BLOCKS)),
        ("llama.feed_forward_length", _number(INNER)),
        ("llama.attention.head_count", _number(4)),
        ("llama.attention.head_count_kv", _number(4)),
        ("llama.rope.dimension_count", _number(WIDTH // 4)),
        ("llama.attention.layer_norm_rms_epsilon", struct.pack("<If", 6, 1e-5)),
        ("tokenizer.ggml.model", _text("llama")),
        ("tokenizer.ggml.tokens", struct.pack("<IIQ", 9, 8, len(words)) + b"".join(map(_string, words))),
        ("tokenizer.ggml.scores", struct.pack("<IIQ", 9, 6, len(words)) + struct.pack(f"<{len(words)}f", *[0] * 259)),
        ("tokenizer.ggml.token_type", struct.pack("<IIQ", 9, 5, len(words)) + struct.pack(f"<{len(words)}i", *types)),
        ("tokenizer.ggml.bos_token_id", _number(1)),
        ("tokenizer.ggml.eos_token_id", _number(2)),
        ("tokenizer.ggml.unknown_token_id", _number(0)),
    ]
    shapes = {"token_embd": (len(words), WIDTH), "output": (len(words), WIDTH), "output_norm": (WIDTH,)}
    for block in range(BLOCKS):
        for name, shape in (
            *((f"attn_{part}", (WIDTH, WIDTH)) for part in ("q", "k", "v", "output")),
            *(("ffn_gate", (INNER, WIDTH)), ("ffn_up", (INNER, WIDTH)), ("ffn_down", (WIDTH, INNER))),
            *(("attn_norm", (WIDTH,)), ("ffn_norm", (WIDTH,))),
        ):
            shapes[f"blk.{block}.{name}"] = shape
    rng = np.random.default_rng(seed)
    head, data = b"", b""
    for name, shape in shapes.items():
        one = len(shape) == 1
        values = np.ones(shape, "<f4") if one else rng.normal(0, 0.05, shape).astype("<f2")
        head += _string(f"{name}.weight") + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape[::-1])
        head += struct.pack("<IQ", 0 if one else 1, len(data))
        data += values.tobytes() + bytes(-values.nbytes % 32)
    start = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(pairs))
    start += b"".join(_string(key) + value for key, value in pairs) + head
    path.write_bytes(start + bytes(-len(start) % 32) + data)
    return path


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _text(text: str) -> bytes:
    return struct.pack("<I", 8) + _string(text)


def _number(value: int) -> bytes:
    return struct.pack("<II", 4, value)
