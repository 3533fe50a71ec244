"""Which weights of a model matter, found while it reads text: the mean square of what each is multiplied with.

llama.cpp calls back for every operation that it evaluates. Where a tensor's fields are in memory is not declared to
Python; it is found out with a tensor whose fields are known, so that a build that keeps them elsewhere is understood
or refused, and nothing else is read.
"""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import EngineError
from .llama_native import MAX_OUTPUTS, Native

Matrix = dict[str, npt.NDArray[np.float32]]
"""The mean squares by a tensor's name, one for each of its columns."""

WINDOW = 512  # tokens that are read together
_LEAST_ROWS = 16  # single tokens tell little and take another way through the library
_WEIGHTS = re.compile(rb"blk\.\d+\.[\w.]+\.weight")
_F32 = 0


class Importance:
    """Adds up what is multiplied with each block's weights. `callback` is llama.cpp's `cb_eval`."""

    def __init__(self) -> None:
        """Raises `EngineError` where this build of llama.cpp cannot be looked into."""
        from llama_cpp import llama_cpp

        self._ggml = _library()
        self._sizes, self._sources = _layout(self._ggml)
        self._sums: dict[bytes, npt.NDArray[np.float64]] = {}
        self._rows: dict[bytes, int] = {}
        self.callback = llama_cpp.ggml_backend_sched_eval_callback(self._called)

    def matrix(self) -> Matrix:
        """What was found so far; tensors with a number that is none are left out."""
        means = {name: (total / self._rows[name]).astype(np.float32) for name, total in self._sums.items()}
        return {name.decode(): mean for name, mean in means.items() if np.isfinite(mean).all()}

    def _called(self, tensor: int, asked: bool, _data: object) -> bool:
        name = self._weights(tensor)
        if asked:
            return bool(name)
        if name:
            self._add(name, self._source(tensor, 1))
        return True

    def _weights(self, tensor: int) -> bytes:
        """The name of the weights of a matrix product, or nothing."""
        ggml = self._ggml
        if ggml.ggml_op_desc(tensor) != b"MUL_MAT":
            return b""
        name = ggml.ggml_get_name(self._source(tensor, 0)) or b""
        other = self._source(tensor, 1)
        usable = ctypes.c_int.from_address(other).value == _F32 and ggml.ggml_is_contiguous(other)
        return name if usable and _WEIGHTS.fullmatch(name) and self._size(other)[1] >= _LEAST_ROWS else b""

    def _add(self, name: bytes, tensor: int) -> None:
        columns, *rest = self._size(tensor)
        rows = int(np.prod(rest))
        pointer = ctypes.cast(self._ggml.ggml_get_data(tensor), ctypes.POINTER(ctypes.c_float))
        values = np.ctypeslib.as_array(pointer, (rows, columns))
        squares = np.einsum("ij,ij->j", values, values, dtype=np.float64)
        self._sums[name] = self._sums.get(name, 0) + squares
        self._rows[name] = self._rows.get(name, 0) + rows

    def _source(self, tensor: int, number: int) -> int:
        return ctypes.c_void_p.from_address(tensor + self._sources + 8 * number).value or 0

    def _size(self, tensor: int) -> list[int]:
        return list((ctypes.c_int64 * 4).from_address(tensor + self._sizes))


def importance(path: Path, text: str, threads: int, progress: Callable[[int, int], None]) -> Matrix:
    """The matrix of the model at `path` for `text`; `progress` gets tokens read and in all. Raises `EngineError`."""
    watch = Importance()
    native = Native(path, cells=WINDOW, threads=threads, gpu_layers=0, watch=watch.callback)
    with closing(native):
        _read(native, native.tokenize(text, marks=False), progress)
    found = watch.matrix()
    if not found:
        raise EngineError("nothing was learnt of which weights matter; this build of llama.cpp tells nothing")
    return found


def _read(native: Native, tokens: Sequence[int], progress: Callable[[int, int], None]) -> None:
    step = min(native.ubatch, MAX_OUTPUTS)
    for start in range(0, len(tokens), WINDOW):
        native.forget(0)
        window = tokens[start : start + WINDOW]
        for at in range(0, len(window), step):
            batch = window[at : at + step]
            native.decode(batch, at, len(batch))  # the last block works for tokens alone whose logits are wanted
            progress(start + at + len(batch), len(tokens))


class _Init(ctypes.Structure):
    """`struct ggml_init_params`."""

    _fields_ = (("mem_size", ctypes.c_size_t), ("mem_buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


def _library() -> Any:
    try:
        from llama_cpp._ggml import libggml as ggml

        pointer, size = ctypes.c_void_p, ctypes.c_int64
        for name, result, arguments in (
            ("ggml_init", pointer, [_Init]),
            ("ggml_free", None, [pointer]),
            ("ggml_new_tensor_2d", pointer, [pointer, ctypes.c_int, size, size]),
            ("ggml_mul_mat", pointer, [pointer, pointer, pointer]),
            ("ggml_op_desc", ctypes.c_char_p, [pointer]),
            ("ggml_get_name", ctypes.c_char_p, [pointer]),
            ("ggml_get_data", pointer, [pointer]),
            ("ggml_is_contiguous", ctypes.c_bool, [pointer]),
        ):
            function = getattr(ggml, name)
            function.restype, function.argtypes = result, arguments
    except (ImportError, OSError, AttributeError) as error:
        raise EngineError(f"this build of llama.cpp does not tell which weights matter ({error})") from error
    return ggml


def _layout(ggml: Any) -> tuple[int, int]:
    """Where a tensor has its four sizes, and the addresses of what it is made from; bytes from its start."""
    context = ggml.ggml_init(_Init(1 << 16, None, True))
    try:
        left, right = ggml.ggml_new_tensor_2d(context, _F32, 7, 5), ggml.ggml_new_tensor_2d(context, _F32, 7, 3)
        product = ggml.ggml_mul_mat(context, left, right)
        words = struct.unpack("=32Q", ctypes.string_at(product, 256))
    finally:
        ggml.ggml_free(context)
    sizes = [at for at in range(29) if words[at : at + 4] == (5, 3, 1, 1)]
    sources = [at for at in range(31) if words[at : at + 2] == (left, right)]
    if len(sizes) != 1 or len(sources) != 1:
        raise EngineError("this build of llama.cpp does not tell which weights matter (its tensors are not understood)")
    return 8 * sizes[0], 8 * sources[0]
