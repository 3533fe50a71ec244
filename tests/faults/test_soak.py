"""Some seconds of `bench.soak`, which takes half an hour when it is meant."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .tally import Tally

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="kills, stops and sockets as POSIX has them"),
    pytest.mark.faults,
]


def test_soak(tally: Tally, chance: Any, times: Any) -> None:
    """Editors at work, with a fault every other second: all is answered, the texts are right and nothing is left."""
    seconds = times(20, 1800)
    arguments = ["--seconds", str(seconds), "--every", str(times(2, 60)), "--seed", str(chance.randrange(2**32))]
    said = subprocess.run(
        [sys.executable, "-m", "bench.soak", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=seconds + 200,
        check=False,
    )
    print(said.stdout)
    assert said.returncode == 0, said.stdout + said.stderr
    tally.add("soak", "seconds", seconds)
    tally.add("soak", "requests answered", sum(map(int, re.findall(r"answered: \w+ +(\d+)", said.stdout))))
