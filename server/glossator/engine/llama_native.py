"""llama.cpp through ctypes: one model, one context, named by what they do here. Knows no prompts and no requests.

The high-level `Llama` class is not used: it has one KV sequence, no argument for `use_extra_bufts`, and copies scores.
Not thread-safe; `abort` alone may be called from another thread.
"""

from __future__ import annotations

import collections
import ctypes
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import EngineError, ModelBroken, ModelMissing
from .prefixes import Aborted

Logits = npt.NDArray[np.float32]

MAX_OUTPUTS = 64  # rows of logits in one batch: a token and the longest draft
_ERROR_LEVEL = 4  # GGML_LOG_LEVEL_ERROR
_REPACKED = {2, 25}  # file types that gain from weight repacking: Q4_0, IQ4_NL; K-quants prefill x1.7 faster without
_USER_DEFINED = 1 << 4  # LLAMA_TOKEN_ATTR_USER_DEFINED

# A short spin keeps nearly the speed of busy waiting on a quiet machine, and gives the core away on a loaded one.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_errors: collections.deque[str] = collections.deque(maxlen=8)


def _library() -> Any:
    from llama_cpp import llama_cpp

    return llama_cpp


_callbacks: list[Any] = []  # ctypes callbacks must outlive their use


def _prepare(lib: Any) -> None:
    """Start the backend once, and keep its error lines instead of printing everything."""
    if _callbacks:
        return

    def log(level: int, text: bytes, _data: object) -> None:
        if level == _ERROR_LEVEL:
            _errors.append(" ".join(text.decode("utf-8", "replace").split()))

    _callbacks.append(lib.llama_log_callback(log))
    lib.llama_log_set(_callbacks[0], None)
    lib.llama_backend_init()


def _set(params: Any, **values: Any) -> Any:
    """Set the fields that this build of llama.cpp has (they come and go between versions)."""
    known = {name for name, *_ in params._fields_}
    for name, value in values.items():
        if name in known:
            setattr(params, name, value)
    return params


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ModelMissing(f"{path}: {error.strerror or error}; run `glossator model list`") from error
    if not stat.S_ISREG(mode):
        raise ModelBroken(f"{path}: not a regular file, so not a model")
    if not os.access(path, os.R_OK):
        raise ModelBroken(f"{path}: no permission to read it")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelBroken(f"{path}: not a GGUF file")


def loaded_library() -> Any:
    """llama.cpp itself, ready to be called. Raises `ImportError` or `OSError` where it cannot be loaded."""
    lib = _library()
    _prepare(lib)
    return lib


def said_last() -> str:
    """llama.cpp's own last error lines."""
    return "; ".join(_errors) or "no reason given"


def about() -> dict[str, Any]:
    """The library's version and processor features (`build`), and whether it can use a graphics processor (`gpu`)."""
    lib = loaded_library()
    build = f"{lib.llama_version().decode()} {lib.llama_print_system_info().decode()}"
    return {"build": build, "gpu": bool(lib.llama_supports_gpu_offload())}


class Native:
    """A loaded model and its context of `cells` KV cells, for one sequence (and one where its parts may be parked).

    Raises `ModelMissing` or `ModelBroken` when the file cannot be loaded, with llama.cpp's own last error line.
    """

    def __init__(
        self,
        path: Path,
        *,
        cells: int = 0,
        ubatch: int = 128,
        threads: int = 1,
        gpu_layers: int = -1,
        repack: bool | None = None,
        watch: Any = None,
    ) -> None:
        """`repack` the weights for this processor, or not; None: as the file's type suggests.

        `watch` is called for every operation that is evaluated (llama.cpp's `cb_eval`); with it there is no repacking.
        """
        _check_file(path)
        self._path = path
        self._lib = lib = loaded_library()
        self._model: Any = None
        self._context: Any = None
        self._batch: Any = None
        self._watch = watch
        repack = False if watch is not None else repack
        self._model = self._load(gpu_layers, repack=bool(repack))
        if repack is None and lib.llama_model_ftype(self._model) in _REPACKED:
            lib.llama_model_free(self._model)
            self._model = self._load(gpu_layers, repack=True)
            repack = True
        self.repacked = bool(repack)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self.vocabulary: int = lib.llama_vocab_n_tokens(self._vocab)
        self.trained: int = lib.llama_model_n_ctx_train(self._model)
        self.ubatch = ubatch
        self._flag = ctypes.create_string_buffer(2)
        self._open(cells or self.default_cells(), threads)

    def _load(self, gpu_layers: int, *, repack: bool) -> Any:
        lib = self._lib
        params = lib.llama_model_default_params()
        mapped = getattr(lib, "LLAMA_LOAD_MODE_MMAP", 1)
        layers = 999 if gpu_layers < 0 else gpu_layers
        _set(params, n_gpu_layers=layers, use_extra_bufts=repack, load_mode=mapped, use_mmap=True)
        _errors.clear()
        model = lib.llama_model_load_from_file(os.fsencode(self._path), params)
        if not model:
            raise ModelBroken(f"{self._path}: llama.cpp cannot load it: {said_last()}")
        return model

    def _open(self, cells: int, threads: int) -> None:
        lib = self._lib
        params = _set(
            lib.llama_context_default_params(),
            n_ctx=cells,
            n_batch=self.ubatch,
            n_ubatch=self.ubatch,
            n_seq_max=2,  # the second holds cells that are being moved
            kv_unified=True,
            n_outputs_max=MAX_OUTPUTS,
            n_outputs_max_per_seq=MAX_OUTPUTS,
            n_threads=threads,
            n_threads_batch=threads,
            # With flash attention results depend on the number of threads and on how a prompt was cut into batches;
            # without it they do not, at the same speed on a processor.
            flash_attn_type=-1 if lib.llama_supports_gpu_offload() else 0,
            no_perf=True,
        )
        # The callback is asked once a graph node. `strlen` of a flag is a C function that needs no interpreter lock:
        # 0 while the flag is empty, 1 after `abort`.
        strlen = ctypes.CDLL(None).strlen if os.name == "posix" else ctypes.cdll.msvcrt.strlen
        self._callback = lib.ggml_abort_callback(ctypes.cast(strlen, ctypes.c_void_p).value or 0)
        _set(params, abort_callback=self._callback, abort_callback_data=ctypes.addressof(self._flag))
        if self._watch is not None:  # what it is shown must be in this process's memory
            _set(params, cb_eval=self._watch, op_offload=False, offload_kqv=False)
        _errors.clear()
        self._context = lib.llama_init_from_model(self._model, params)
        if not self._context:
            raise EngineError(f"no memory for a context of {cells} tokens; set local.context lower ({said_last()})")
        self._memory = lib.llama_get_memory(self._context)
        self.cells: int = lib.llama_n_ctx(self._context)
        self._batch = lib.llama_batch_init(self.ubatch, 0, 1)
        shape = (self.ubatch,)
        self._tokens = np.ctypeslib.as_array(self._batch.token, shape)
        self._positions = np.ctypeslib.as_array(self._batch.pos, shape)
        self._outputs = np.ctypeslib.as_array(self._batch.logits, shape)
        np.ctypeslib.as_array(self._batch.n_seq_id, shape)[:] = 1
        for index in range(self.ubatch):
            self._batch.seq_id[index][0] = 0

    def close(self) -> None:
        """Give the memory back; nothing else may be called afterwards."""
        if self._batch is not None:
            self._lib.llama_batch_free(self._batch)
            self._batch = None
        if self._context:
            self._lib.llama_free(self._context)
            self._context = None
        if self._model:
            self._lib.llama_model_free(self._model)
            self._model = None

    # --- the model ---------------------------------------------------------------------------------------------------

    @property
    def offloads(self) -> bool:
        """Whether this build can use a graphics processor."""
        return bool(self._lib.llama_supports_gpu_offload())

    @property
    def build(self) -> str:
        """Names the library's version and processor features: a state is only valid where these are equal."""
        return f"{self._lib.llama_version().decode()} {self._lib.llama_print_system_info().decode()}"

    def cell_bytes(self) -> int:
        """Bytes of one KV cell: keys and values of every layer in 16 bits."""
        lib, model = self._lib, self._model
        heads, all_heads = lib.llama_model_n_head_kv(model), max(1, lib.llama_model_n_head(model))
        width = lib.llama_model_n_embd(model) // all_heads
        return int(lib.llama_model_n_layer(model) * heads * width * 2 * 2)

    def default_cells(self) -> int:
        """A context that takes at most an eighth of this machine's memory, between 4,096 and 16,384 tokens."""
        import psutil

        fitting = psutil.virtual_memory().total // 8 // max(1, self.cell_bytes())
        return int(max(4096, min(16384, fitting // 1024 * 1024)))

    def meta(self, key: str) -> str:
        """A value of the GGUF header (`general.architecture`, `tokenizer.chat_template`), or the empty string."""
        buffer = ctypes.create_string_buffer(1 << 16)
        length = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length >= 0 else ""

    def tokenize(self, text: str, *, marks: bool) -> list[int]:
        """The tokens of `text`; with `marks`, spellings of control tokens become control tokens."""
        data = text.encode("utf-8", "surrogatepass")
        room = len(data) + 2
        while True:
            buffer = (ctypes.c_int32 * room)()
            count = self._lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, marks)
            if count >= 0:
                return list(buffer[:count])
            room = -count

    def piece(self, token: int, *, marks: bool = False) -> bytes:
        """The bytes that `token` stands for; control tokens are empty unless `marks`."""
        buffer = ctypes.create_string_buffer(256)
        length = self._lib.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, marks)
        if length < 0:
            buffer = ctypes.create_string_buffer(-length)
            length = self._lib.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, marks)
        return buffer.raw[:length]

    def ends(self, token: int) -> bool:
        """Whether `token` ends a generation: a mark for that, or another control token, none of which is text. R1 may
        begin the user's next turn, which llama.cpp does not know for an end."""
        lib, vocab = self._lib, self._vocab
        return bool(lib.llama_vocab_is_eog(vocab, token) or lib.llama_vocab_is_control(vocab, token))

    def marks(self) -> list[str]:
        """Spellings of user-defined tokens like `<think>`: llama.cpp always reads these as tokens, asked or not."""
        get, attribute = self._lib.llama_vocab_get_text, self._lib.llama_vocab_get_attr
        found = []
        for token in range(self.vocabulary):
            if attribute(self._vocab, token) & _USER_DEFINED:
                text = get(self._vocab, token).decode("utf-8", "replace")
                if len(text) > 2 and text[0] == "<" and text[-1] == ">":
                    found.append(text)
        return found

    # --- the context -------------------------------------------------------------------------------------------------

    def decode(self, tokens: Sequence[int], start: int, outputs: int) -> None:
        """Evaluate up to `ubatch` tokens at positions from `start`; logits are kept for the last `outputs` of them.

        Raises `Aborted` or `EngineError`.
        """
        count = len(tokens)
        self._tokens[:count] = tokens
        self._positions[:count] = np.arange(start, start + count)
        self._outputs[:count] = 0
        self._outputs[count - outputs : count] = 1
        self._batch.n_tokens = count
        status = self._lib.llama_decode(self._context, self._batch)
        if status == 2:
            raise Aborted
        if status != 0:  # 1: no free cells
            raise EngineError(f"llama.cpp failed to evaluate a batch (status {status}): {'; '.join(_errors)}")

    def logits(self, index: int) -> Logits:
        """A view of the logits of the `index`-th token of the last batch (negative: from its end); copy to keep."""
        pointer = self._lib.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(pointer, (self.vocabulary,))

    def abort(self) -> None:
        """Stop the batch that is being evaluated; from any thread. Lasts until `resume`."""
        self._flag[0] = b"x"

    def resume(self) -> None:
        """Allow evaluation again after `abort`."""
        self._flag[0] = b"\0"

    def set_threads(self, decoding: int, reading: int) -> None:
        """How many threads evaluate single tokens, and larger batches."""
        self._lib.llama_set_n_threads(self._context, decoding, reading)

    # --- the sequence ------------------------------------------------------------------------------------------------

    def length(self) -> int:
        """How many positions the sequence holds."""
        return int(self._lib.llama_memory_seq_pos_max(self._memory, 0)) + 1

    def forget(self, start: int) -> bool:
        """Remove the positions from `start` on; False when this kind of memory cannot (all of it is removed then)."""
        if self._lib.llama_memory_seq_rm(self._memory, 0, start, -1):
            return True
        self._lib.llama_memory_clear(self._memory, False)
        return False

    def movable(self) -> bool:
        """Whether cells can be moved to other positions."""
        return bool(self._lib.llama_memory_can_shift(self._memory))

    def park(self, start: int, end: int, shift: int) -> None:
        """Set the cells of `start` up to `end` apart, moved by `shift` positions; those from `end` on are removed.

        Nothing can be evaluated before the last position of a sequence, so they wait in another one.
        """
        lib, memory = self._lib, self._memory
        lib.llama_memory_seq_rm(memory, 0, end, -1)
        lib.llama_memory_seq_cp(memory, 0, 1, start, end)
        lib.llama_memory_seq_rm(memory, 0, start, -1)
        lib.llama_memory_seq_add(memory, 1, start, end, shift)

    def unpark(self, *, keep: bool) -> None:
        """Put the cells that were set apart back into the sequence, or remove them."""
        if keep:
            self._lib.llama_memory_seq_cp(self._memory, 1, 0, -1, -1)
        self._lib.llama_memory_seq_rm(self._memory, 1, -1, -1)

    def save(self) -> bytes:
        """The sequence's state."""
        size = self._lib.llama_state_seq_get_size(self._context, 0)
        blob = (ctypes.c_uint8 * size)()
        written = self._lib.llama_state_seq_get_data(self._context, blob, size, 0)
        return bytes(memoryview(blob)[:written])

    def restore(self, blob: bytes) -> bool:
        """Put a saved state into the empty sequence; False when it does not fit (the sequence is empty then)."""
        data = ctypes.cast(ctypes.c_char_p(blob), ctypes.POINTER(ctypes.c_uint8))
        if self._lib.llama_state_seq_set_data(self._context, data, len(blob), 0) > 0:
            return True
        self._lib.llama_memory_clear(self._memory, False)
        return False
