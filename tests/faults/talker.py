"""An engine process whose model talks until it is stopped: in the ways that the name of its file says."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from glossator.engine import Chunk, Finished, ModelInfo, Reading, Request, Text, Usage
from glossator.engine.process import Options, main


class Talker:
    """`brief.gguf` answers at once, `endless.gguf` never ends, `deaf.gguf` hears none, `loading.gguf` never loads."""

    def __init__(self, options: Options) -> None:
        self._kind = Path(options.path).stem
        if self._kind == "loading":
            time.sleep(60)
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


if __name__ == "__main__":
    sys.exit(main(factory=Talker))
