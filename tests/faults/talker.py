"""An engine process whose model talks until it is stopped: in the ways that the name of its file says."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import resource
import signal
import stat
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from glossator.engine import Chunk, Finished, ModelInfo, Reading, Request, Text, Usage
from glossator.engine.process import Options, main, same_file

BETTER = "```python\ndef total(values):\n    return sum(values)\n```"
ACT = re.compile(r"def act_(\w+)")


class Talker:
    """`brief.gguf` answers at once, `endless.gguf` never ends, `deaf.gguf` hears none, `loading.gguf` never loads.

    `obedient.gguf` does what the name of the function that it is asked about says (`act_segv`), and answers else;
    `mapped.gguf` reads its file through a mapping, as a real model does; `soaking.gguf` writes one function.
    """

    def __init__(self, options: Options) -> None:
        self._kind = Path(options.path).stem
        if self._kind == "loading":
            time.sleep(60)
        if self._kind == "mapped":
            same_file(options)
            with Path(options.path).open("rb") as file:
                self._weights = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.info = ModelInfo(options.card.name, options.digest, 8192)

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def generate(self, request: Request, emit: Callable[[Chunk], None], cancelled: Callable[[], bool]) -> None:
        emit(Reading(0, 10))
        while self._kind == "endless" and not cancelled():
            emit(Text("word "))
            time.sleep(0.02)
        if self._kind == "deaf":
            emit(Text("word "))
            time.sleep(3600)
        if self._kind == "mapped":
            sum(self._weights[at] for at in range(0, len(self._weights), 4096))
        asked = request.messages[-1]
        if self._kind == "obedient" and (found := ACT.findall(asked.stable + asked.text)):
            for _ in range(3):
                emit(Text("word "))
                time.sleep(0.01)
            act(found[-1])
        if self._kind == "soaking":
            for word in re.findall(r"\s*\S+\s*", BETTER):
                time.sleep(0.01)
                if cancelled():
                    return
                emit(Text(word))
        else:
            emit(Text("It does."))
        emit(Finished("stop", Usage(prompt_tokens=10, answer_tokens=1), self.info.name))

    def calibrate(self, cancelled: Callable[[], bool]) -> None:
        pass

    def mend(self, cancelled: Callable[[], bool]) -> bool:
        return True

    def state(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        pass


def act(name: str) -> None:
    """Do as one is told: die of a signal (`segv`, `kill` …), stop, leave, fill the memory or talk nonsense."""
    what = name.split("_", maxsplit=1)[0]
    if what == "garbage":
        for number in (int(each.name) for each in list(Path("/proc/self/fd").iterdir())):
            with contextlib.suppress(OSError):
                if number > 2 and stat.S_ISSOCK(os.fstat(number).st_mode):
                    os.write(number, os.urandom(300) + b"\n{}\n[[[\n")
        time.sleep(1)
    elif what == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        held = []
        while True:
            held.append(bytearray(64 << 20))
    elif what == "hold":
        time.sleep(3600)
    elif what == "leave":
        os._exit(3)
    elif hasattr(signal, f"SIG{what.upper()}"):
        os.kill(os.getpid(), signal.Signals[f"SIG{what.upper()}"])
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main(factory=Talker))
