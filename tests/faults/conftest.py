"""What the faults share: how many are tried, by which seed, what is counted, and a server to try them on."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .tally import Tally
from .wire import Server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A long run has the time that it takes."""
    for item in items:
        if Path(__file__).parent in item.path.parents and config.getoption("--faults") == "long":
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Where a test notes what it tried."""
    found = Tally()
    yield found
    request.node.user_properties.append(("tried", found.told()))


@pytest.fixture
def times(pytestconfig: pytest.Config) -> Callable[[int, int], int]:
    """`times(short, long)`: how often something is tried, by the option `--faults`."""
    long = pytestconfig.getoption("--faults") == "long"
    return lambda short, many: many if long else short


@pytest.fixture
def chance(pytestconfig: pytest.Config) -> random.Random:
    """Random numbers; the seed is printed, and `--faults-seed` gives it again."""
    seed = pytestconfig.getoption("--faults-seed")
    seed = random.randrange(2**32) if seed is None else seed
    print(f"--faults-seed {seed}")
    return random.Random(seed)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers with a home of their own; each must have kept to the protocol and logged no error of its own."""
    servers: list[Server] = []

    def start(**more: Any) -> Server:
        quickly = not {"cwd", "environment"} & set(more)  # who cares for these cares for what a Python does with them
        servers.append(Server(tmp_path / "home", **{"quickly": quickly} | more))
        return servers[-1]

    yield start
    for each in servers:
        with contextlib.suppress(ProcessLookupError):
            each.process.kill()
        each.process.wait()
        each.drained()
        assert each.noise == [], "only messages of the protocol on standard output"
        assert each.trouble() == [], "no internal errors"
