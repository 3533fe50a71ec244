"""The process that quantizes a model: `python -P -m glossator.engine.llama_quantize`.

Takes one JSON object on standard input, {"source": …, "target": …, "ftype": n, "threads": n, "text": …}, and tells in
JSON lines {"what": …, "done": n, "total": n}, at last {"ended": true} or {"error": …}. With a `text` it first finds out
which weights matter for it. What is written grows at `target`; who asked puts it in place.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from . import EngineError
from .child import Tell, telling
from .llama_importance import Matrix, importance
from .llama_native import loaded_library, said_last

_SECONDS = 0.3  # between two looks at how far it is


def quantize(source: Path, target: Path, ftype: int, threads: int, matrix: Matrix | None = None) -> None:
    """Write the model `source` to `target` with weights of another type. Raises `EngineError`."""
    lib = loaded_library()
    params = lib.llama_model_quantize_default_params()
    params.ftype, params.nthread, params.allow_requantize = ftype, threads, True
    held = _data(lib, matrix) if matrix else None  # outlives the call
    if held is not None:
        params.imatrix = ctypes.cast(held, ctypes.POINTER(lib.llama_model_imatrix_data))
    if lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)):
        raise EngineError(f"llama.cpp cannot quantize it: {said_last()}")


def _data(lib: Any, matrix: Matrix) -> Any:
    """The matrix as llama.cpp takes it, ended by an entry without a name."""
    entries = (lib.llama_model_imatrix_data * (len(matrix) + 1))()
    for entry, (name, values) in zip(entries, matrix.items(), strict=False):
        entry.name = name.encode()
        entry.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        entry.size = values.size
    return entries


def _watch(target: Path, tell: Tell, over: threading.Event) -> None:
    """Tell how large the file is; end where nobody listens any more, since the call cannot be stopped."""
    while not over.wait(_SECONDS):
        try:
            tell(what="quantizing", done=target.stat().st_size if target.exists() else 0, total=0)
        except OSError:
            target.unlink(missing_ok=True)
            os._exit(1)


def main() -> int:
    """Quantize in this process, and tell of it."""
    job = json.load(sys.stdin)
    source, target, threads = Path(job["source"]), Path(job["target"]), int(job["threads"])

    def work(tell: Tell) -> None:
        matrix = None
        if job["text"]:
            matrix = importance(
                source, job["text"], threads, lambda done, total: tell(what="weighing", done=done, total=total)
            )
        over = threading.Event()
        threading.Thread(target=_watch, args=(target, tell, over), daemon=True).start()
        try:
            quantize(source, target, int(job["ftype"]), threads, matrix)
        finally:
            over.set()
        tell(ended=True)

    return telling(work)


if __name__ == "__main__":
    sys.exit(main())
