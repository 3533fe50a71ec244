"""Small whole models of a real family: its vocabulary and chat template, and a network that recites.

The vocabularies of DeepSeek-R1-Distill-Qwen and Qwen3 are that of Qwen2.5 with other added tokens; each digest is of
the published file. The network knows some lines by heart. It has a single block without a feed-forward part: two
attention heads bring the token before the last and the one before that, and the output layer knows which token follows
those three. What no line holds it answers with nonsense, as a network of random weights would.
"""

from __future__ import annotations

import functools
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from glossator.engine.llama import Model
from glossator.models import Card, describe, gguf

TEMPLATES = Path(__file__).parent / "families"
ROOMS = (32, 64, 96)  # how many different tokens all lines may have; also the width of a head
HEADS = 3  # of which the third has nothing to do: heads times their width must be the network's width
SCALE = 2.0  # of the output layer: 16 more in the logits for each of the three that agrees
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True)
class Family:
    """How a model's header differs from Qwen2.5's, and how its answers begin and end.

    Attributes:
        added: Tokens by number, with their types.
        known: How many tokens are in use; `size` with those that only fill up.
        digest: Of tokens, types and merges of the published vocabulary (`Vocabulary.digest`).
    """

    name: str
    architecture: str
    pre: str
    added: dict[int, tuple[str, int]]
    known: int
    size: int
    begin: int
    end: int
    template: str
    assistant: str
    closing: str
    digest: str = ""


R1 = Family(
    "DeepSeek R1 Distill Qwen 1.5B",
    "qwen2",
    "deepseek-r1-qwen",
    {
        **{151643: ("<｜end▁of▁sentence｜>", CONTROL), 151644: ("<｜User｜>", CONTROL)},
        **{151645: ("<｜Assistant｜>", CONTROL), 151646: ("<｜begin▁of▁sentence｜>", CONTROL)},
        **{151647: ("<|EOT|>", CONTROL), 151648: ("<think>", USER_DEFINED), 151649: ("</think>", USER_DEFINED)},
    },
    known=151665,
    size=151936,
    begin=151646,
    end=151643,
    template="deepseek-r1.jinja",
    assistant="<｜Assistant｜>",
    closing="<｜end▁of▁sentence｜>",
    digest="1397eba336113eefd292ee6777efe19da275e289a4bf18075ec0b01d4f3d1fd4",
)
QWEN3 = Family(
    "Qwen3 1.7B",
    "qwen3",
    "qwen2",
    {
        **{151665: ("<tool_response>", USER_DEFINED), 151666: ("</tool_response>", USER_DEFINED)},
        **{151667: ("<think>", USER_DEFINED), 151668: ("</think>", USER_DEFINED)},
    },
    known=151669,
    size=151936,
    begin=151643,
    end=151645,
    template="qwen3.jinja",
    assistant="<|im_start|>assistant\n",
    closing="<|im_end|>",
    digest="5383067cd5d4d9015001a7cdc8241e8f2b9695e9ccf37dae4af9ffcb62f48409",
)
QWEN = Family(
    "Qwen2.5 Coder 1.5B Instruct",
    "qwen2",
    "qwen2",
    {},
    known=151665,
    size=151936,
    begin=151643,
    end=151645,
    template="",
    assistant="<|im_start|>assistant\n",
    closing="<|im_end|>",
)


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and merges as the header's bytes, the tokens' types, and the template."""

    tokens: list[bytes]
    types: list[int]
    merges: list[bytes]
    template: str

    PAIRS: ClassVar[int] = 4

    @functools.cached_property
    def header(self) -> bytes:
        """Its `PAIRS` values in a header."""
        pairs = {
            "tokenizer.ggml.tokens": _strings(self.tokens),
            "tokenizer.ggml.token_type": struct.pack(f"<IIQ{len(self.types)}i", 9, 5, len(self.types), *self.types),
            "tokenizer.ggml.merges": _strings(self.merges),
            "tokenizer.chat_template": _text(self.template),
        }
        return b"".join(_string(key.encode()) + value for key, value in pairs.items())

    def of(self, family: Family) -> Vocabulary:
        """This vocabulary, Qwen2.5's, with another family's added tokens and template."""
        tokens, types = self.tokens[: family.known], self.types[: family.known]
        for number in range(len(tokens), family.size):
            tokens.append(f"[PAD{number}]".encode())
            types.append(UNUSED)
        for number, (text, kind) in family.added.items():
            tokens[number], types[number] = text.encode(), kind
        template = (TEMPLATES / family.template).read_text(encoding="utf-8") if family.template else self.template
        return Vocabulary(tokens, types, self.merges, template)

    def digest(self, known: int) -> str:
        """The SHA-256 of the first `known` tokens, their types, and the merges (hex)."""
        found = hashlib.sha256()
        for part in (self.tokens[:known], [str(kind).encode() for kind in self.types[:known]], self.merges):
            found.update(b"\n".join(part) + b"\n\n")
        return found.hexdigest()


@functools.cache
def qwen2(path: Path) -> Vocabulary:
    """The vocabulary in the header of a Qwen2.5 GGUF file."""
    with path.open("rb") as file:
        values = _header(file.read(8 << 20))
    tokens, types = values["tokenizer.ggml.tokens"], values["tokenizer.ggml.token_type"]
    return Vocabulary(tokens, types, values["tokenizer.ggml.merges"], values["tokenizer.chat_template"].decode())


class Workshop:
    """Makes models in `folder` from the vocabulary of the Qwen2.5 model `source`."""

    def __init__(self, source: Path, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._words: dict[str, Vocabulary] = {}
        self._silent: dict[str, Model] = {}
        self._cards: dict[str, Card] = {}
        self._made = 0

    def words(self, family: Family) -> Vocabulary:
        """The family's vocabulary."""
        if family.name not in self._words:
            self._words[family.name] = qwen2(self._source).of(family)
        return self._words[family.name]

    def silent(self, family: Family) -> Model:
        """A loaded model that knows nothing by heart: for its tokens."""
        if family.name not in self._silent:
            self._silent[family.name] = self.load(family, self.make(family))
        return self._silent[family.name]

    def tokens(self, family: Family, *parts: str) -> list[int]:
        """The tokens of parts that are tokenized one by one, marks as marks."""
        native = self.silent(family)._native
        return [token for part in parts for token in native.tokenize(part, marks=True)]

    def make(self, family: Family, *lines: Sequence[str]) -> Path:
        """A model that knows `lines` by heart; each is given as parts that are tokenized one by one."""
        self._made += 1
        path = self._folder / f"{family.name.lower().replace(' ', '-')}-{self._made}.gguf"
        return write(path, family, self.words(family), [self.tokens(family, *line) for line in lines])

    def load(self, family: Family, path: Path) -> Model:
        """A model of `family`, as the product loads a file that is named by its path."""
        if family.name not in self._cards:
            self._cards[family.name] = describe.card_of(gguf.read(path), path)
        return Model(path, self._cards[family.name], "digest", context=2048, threads=1)

    def close(self) -> None:
        """Free the models that know nothing."""
        for model in self._silent.values():
            model.close()


def write(path: Path, family: Family, words: Vocabulary, lines: Sequence[Sequence[int]] = ()) -> Path:
    """A model of `family` with the vocabulary `words` that knows `lines` (tokens) by heart, as a GGUF file.

    Each token of a line is foretold by the three before it, less surely by fewer: a short beginning, like a line break
    alone, is a hint for where nothing fits better. Raises `ValueError` where three do not tell what follows.
    """
    slots = {token: slot for slot, token in enumerate(dict.fromkeys(token for line in lines for token in line))}
    room = next((each for each in ROOMS if len(slots) <= each), 0)
    if not room:
        raise ValueError(f"{len(slots)} different tokens; a network has room for {ROOMS[-1]}")
    width = HEADS * room  # the last token, the one before, the one before that
    output: dict[int, Any] = {}
    for line in lines:
        for at in range(1, len(line)):
            row = output.setdefault(line[at], np.zeros(width, "<f2"))
            row[_seen(line, at, slots, room)] = SCALE
    for line in lines:
        for at in range(3, len(line)):
            seen = _seen(line, at, slots, room)
            best = [token for token, row in output.items() if row[seen].sum() >= SCALE * len(seen)]
            if best != [line[at]]:
                raise ValueError(f"what follows token {at} of a line is not sure: {best} after {line[at - 3 : at]}")
    sparse = {
        "token_embd": {token: _one_hot(slot, width) for token, slot in slots.items()},
        "output": output,
    }
    dense = _network(room, normed=family.architecture == "qwen3")
    shapes = {name: (len(words.tokens), width) for name in sparse} | {name: each.shape for name, each in dense.items()}
    head, places, end = b"", {}, 0
    for name, shape in shapes.items():
        wide = name in dense and dense[name].dtype == np.dtype("<f4")
        full = name if name.endswith(".bias") else f"{name}.weight"
        head += _string(full.encode()) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape[::-1])
        head += struct.pack("<IQ", 0 if wide else 1, end)
        places[name] = end
        end += -(-int(np.prod(shape)) * (4 if wide else 2) // 32) * 32
    start = _start(family, room, len(shapes)) + words.header + head
    start += bytes(-len(start) % 32)
    with path.open("wb") as file:  # rows of zeros are holes in the file
        file.write(start)
        for name, each in dense.items():
            file.seek(len(start) + places[name])
            file.write(each.tobytes())
        for name, rows in sparse.items():
            for token, row in rows.items():
                file.seek(len(start) + places[name] + 2 * width * token)
                file.write(row.astype("<f2").tobytes())
        file.truncate(len(start) + end)
    return path


def _seen(line: Sequence[int], at: int, slots: dict[int, int], room: int) -> list[int]:
    """Which of the network's inputs are set before the token `at` of a line."""
    return [slots[line[at - back]] + (back - 1) * room for back in (1, 2, 3) if back <= at]


def _one_hot(slot: int, width: int) -> Any:
    row = np.zeros(width, "<f2")
    row[slot] = 1
    return row


def _network(room: int, *, normed: bool) -> dict[str, Any]:
    """All tensors but embedding and output; with `normed` queries and keys go through a norm, as in Qwen3.

    Queries and keys are constants: what rotary positions make of them depends on the distance alone, and is largest at
    distance 1 in the first head and 2 in the second. A head's value is the embedding of the token that it looks at.
    """
    pairs, width = room // 2, HEADS * room
    turn = 10000.0 ** (-np.arange(pairs) / pairs)
    query = np.concatenate([np.ones(pairs), np.zeros(pairs)])
    keys = [np.concatenate([np.cos(back * turn), np.sin(back * turn)]) for back in (1, 2, 0)]
    strong = 16.0
    value, brought = np.zeros((width, width)), np.zeros((width, width))
    for slot in range(room):
        for head in range(2):
            value[head * room + slot, slot] = width**-0.5  # undoes the norm of an embedding, which is 1 in one place
            brought[(head + 1) * room + slot, head * room + slot] = 1
    half, full = "<f2", "<f4"
    nothing = np.zeros((width, width), half)
    block = {
        "attn_norm": np.ones(width, full),
        "attn_q": nothing,
        "attn_q.bias": (strong * np.tile(query, HEADS)).astype(full),
        "attn_k": nothing,
        "attn_k.bias": (strong * np.concatenate(keys)).astype(full),
        "attn_v": value.astype(half),
        "attn_v.bias": np.zeros(width, full),
        "attn_output": brought.astype(half),
        "ffn_norm": np.ones(width, full),
        "ffn_gate": np.zeros((32, width), half),
        "ffn_up": np.zeros((32, width), half),
        "ffn_down": np.zeros((width, 32), half),
    }
    if normed:
        block |= dict.fromkeys(("attn_q_norm", "attn_k_norm"), np.full(room, strong / 2**0.5, full))
    return {"output_norm": np.ones(width, full)} | {f"blk.0.{name}": each for name, each in block.items()}


def _start(family: Family, room: int, tensors: int) -> bytes:
    kind = family.architecture
    pairs = {
        "general.architecture": _text(kind),
        "general.name": _text(family.name),
        "general.file_type": _number(1),
        f"{kind}.context_length": _number(4096),
        f"{kind}.embedding_length": _number(HEADS * room),
        f"{kind}.block_count": _number(1),
        f"{kind}.feed_forward_length": _number(32),
        f"{kind}.attention.head_count": _number(HEADS),
        f"{kind}.attention.head_count_kv": _number(HEADS),
        f"{kind}.attention.key_length": _number(room),
        f"{kind}.attention.value_length": _number(room),
        f"{kind}.rope.freq_base": struct.pack("<If", 6, 10000.0),
        f"{kind}.attention.layer_norm_rms_epsilon": struct.pack("<If", 6, 1e-6),
        "tokenizer.ggml.model": _text("gpt2"),
        "tokenizer.ggml.pre": _text(family.pre),
        "tokenizer.ggml.bos_token_id": _number(family.begin),
        "tokenizer.ggml.eos_token_id": _number(family.end),
        "tokenizer.ggml.add_bos_token": struct.pack("<I?", 7, family is R1),
    }
    start = b"GGUF" + struct.pack("<IQQ", 3, tensors, len(pairs) + Vocabulary.PAIRS)
    return start + b"".join(_string(key.encode()) + value for key, value in pairs.items())


def _string(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def _strings(texts: Sequence[bytes]) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(texts)) + b"".join(map(_string, texts))


def _text(text: str) -> bytes:
    return struct.pack("<I", 8) + _string(text.encode())


def _number(value: int) -> bytes:
    return struct.pack("<II", 4, value)


def _header(data: bytes) -> dict[str, Any]:
    """The values of a GGUF header, strings as bytes."""
    at = 24

    def string() -> bytes:
        nonlocal at
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8 + length
        return data[at - length : at]

    def value(kind: int) -> Any:
        nonlocal at
        if kind == 8:
            return string()
        if kind == 9:
            inner, count = struct.unpack_from("<IQ", data, at)
            at += 12
            return [value(inner) for _ in range(count)]
        (found,) = struct.unpack_from(f"<{_SCALARS[kind]}", data, at)
        at += struct.calcsize(f"<{_SCALARS[kind]}")
        return found

    values: dict[str, Any] = {}
    for _ in range(struct.unpack_from("<Q", data, 16)[0]):
        key = string().decode()
        at += 4
        values[key] = value(struct.unpack_from("<I", data, at - 4)[0])
    return values
