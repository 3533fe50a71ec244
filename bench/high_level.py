"""The worker of system (a): reads prompts as JSON lines, answers with timings. Run by `bench.systems`."""

from __future__ import annotations

import json
import os
import sys
import time

wire = os.dup(1)
os.dup2(2, 1)  # the library prints on standard output

from llama_cpp import Llama  # noqa: E402

model = Llama(sys.argv[1], n_ctx=int(sys.argv[2]), verbose=False)
out = os.fdopen(wire, "w", buffering=1)
print(json.dumps({"ready": True}), file=out)
for line in sys.stdin:
    asked = json.loads(line)
    prompt = model.tokenize(asked["prompt"].encode(), add_bos=False, special=True)
    held = model.input_ids[: model.n_tokens]
    kept = next((at for at, pair in enumerate(zip(held, prompt[:-1], strict=False)) if pair[0] != pair[1]), len(held))
    began, first, text = time.perf_counter(), 0.0, ""
    for chunk in model.create_completion(
        prompt, max_tokens=asked["tokens"], temperature=0, stop=asked["stop"], stream=True
    ):
        first = first or time.perf_counter() - began
        text += chunk["choices"][0]["text"]
    total = time.perf_counter() - began
    written = len(model.tokenize(text.encode(), add_bos=False))
    print(
        json.dumps(
            {
                "first": first,
                "total": total,
                "text": text,
                "written": written,
                "computed": len(prompt) - min(kept, len(prompt) - 1),
            }
        ),
        file=out,
    )
