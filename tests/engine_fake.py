"""An engine process whose model does what the request's text says: for tests of everything around the model."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from glossator.engine import Chunk, EngineError, Finished, ModelBroken, ModelInfo, Reading, Request, Score, Text, Usage
from glossator.engine.process import Options, main


class Fake:
    """`count N MS` writes N words, MS milliseconds each; `hold`, `hang`, `boom`, `signal N` … do as they say."""

    def __init__(self, options: Options) -> None:
        path = Path(options.path)
        if path.name == "broken.gguf":
            raise ModelBroken(f"{path}: not a GGUF file")
        if path.name == "slow.gguf":
            time.sleep(1.0)
        self.info = ModelInfo(options.card.name, options.digest, 4096)
        self.runs = 0

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def generate(  # noqa: PLR0912 - a list of tricks
        self, request: Request, emit: Callable[[Chunk], None], cancelled: Callable[[], bool]
    ) -> None:
        self.runs += 1
        what, *numbers = request.messages[-1].text.split()[:3]
        values = [int(number) for number in numbers if re.fullmatch(r"\d+", number)]
        emit(Reading(0, 10))
        if what == "count":
            for at in range(values[0]):
                time.sleep(values[1] / 1000)
                if cancelled():
                    return
                emit(Text(f"{at} "))
        if what == "different":
            for at in range(50):
                time.sleep(0.01)
                if cancelled():
                    return
                emit(Text(f"{self.runs}.{at} "))
        if what == "hold":
            emit(Text("holding "))
            while not cancelled():
                time.sleep(0.005)
            return
        if what == "hang":
            emit(Text("hanging "))
            time.sleep(3600)
        if what == "boom":
            raise ValueError("SOURCE TEXT")
        if what == "error":
            raise EngineError("as asked")
        if what == "nothing":
            return
        if what == "print":
            os.write(1, b"{}\n" * 1000)
        if what == "signal":
            emit(Text("dying "))
            time.sleep(0.05)
            os.kill(os.getpid(), signal.Signals(values[0]))
            time.sleep(5)
        if request.answers:
            scores = tuple(
                Score(len(each), -len(each), (-1.0,) * len(each), tuple(range(len(each)))) for each in request.answers
            )
            emit(Finished("stop", Usage(prompt_tokens=10), self.info.name, scores=scores))
            return
        emit(Text(f"[{request.draft}]"))
        emit(Finished("stop", Usage(prompt_tokens=10, answer_tokens=1), self.info.name))

    def calibrate(self, cancelled: Callable[[], bool]) -> None:
        pass

    def mend(self, cancelled: Callable[[], bool]) -> bool:
        return True

    def state(self) -> dict[str, int]:
        return {"runs": self.runs}

    def close(self) -> None:
        pass


if __name__ == "__main__":
    sys.exit(main(factory=Fake))
