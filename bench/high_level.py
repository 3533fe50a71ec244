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
    began, first, text, written = time.perf_counter(), 0.0, "", 0
    for chunk in model.create_completion(asked["prompt"], max_tokens=asked["tokens"], temperature=0, stream=True):
        first = first or time.perf_counter() - began
        text += chunk["choices"][0]["text"]
        written += 1
    found = {"first": first, "total": time.perf_counter() - began, "text": text, "written": written}
    found["prompt"] = len(model.tokenize(asked["prompt"].encode(), special=True))
    print(json.dumps(found), file=out)
