"""`python -m bench.soak --minutes 30`: four editors at work on one home, and something bad that happens every minute.

Each editor is a client over standard streams with a server of its own; all share the engine process and the remembered
answers, and a stand-in talks instead of a model. At the end every request must have been answered, every text must be
what its user typed with nothing but the edits that were meant, no memory may have grown, and no process may be left.
Prints a table; the exit code is 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from tests.faults.damage import KINDS
from tests.faults.test_stale import BETTER, TARGET, Buffer
from tests.faults.watching import Watched, plan
from tests.faults.wire import Server

ANSWERED_SECONDS = 60.0  # that a request may take when engines are killed and stopped under it
LEFT_SECONDS = 10.0
GROWN_MB = 10.0  # that a server may grow by in its second half
LEAST_SAMPLES = 150  # of a life, about one a second, that says something about memory
WORDS = {True: "holds", False: "DOES NOT HOLD", None: "not measured"}


class Editor:
    """One editor: its server, its documents, and what it asked."""

    def __init__(self, number: int, home: Path, program: tuple[str, ...], chance: random.Random) -> None:
        self.number, self.home, self.program, self.chance = number, home, program, chance
        self.lock = threading.RLock()
        self.asked: dict[str, tuple[str, float]] = {}  # by id: what, when
        self.waits: list[tuple[str, float]] = []  # what, and the seconds until it was answered
        self.lost: list[str] = []
        self.memory: list[list[int]] = []  # of each server that it had, once a second
        self.counts: Counter[str] = Counter()
        self.buffers: list[Buffer] = []
        self.server = self._started()
        for at in range(2):
            self.buffers.append(Buffer(self.server, f"file:///code/{number}-{at}.py", random.Random(chance.random())))

    def _started(self) -> Server:
        server = Server(self.home, program=self.program, quickly=True)
        server.replies["workspace/applyEdit"] = self._apply
        server.begin(hover={"waitMs": 500}, index={"enabled": False})
        self.memory.append([])
        return server

    def _apply(self, params: Any) -> Any:
        uri = params["edit"]["documentChanges"][0]["textDocument"]["uri"]
        return next(each for each in self.buffers if each.uri == uri).apply(params)

    # --- at work ------------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """One request, of what an editor asks, after some typing."""
        with self.lock:
            chance, buffer = self.chance, self.chance.choice(self.buffers)
            for _ in range(chance.randint(0, 3)):
                buffer.act()
            if len(buffer.text) > 20_000:  # a user starts anew, too
                buffer.type(0, len(buffer.text), TARGET)
            row = buffer.text[: max(0, buffer.text.find("def total"))].count("\n")
            what = chance.choice(["hover", "hover", "menu", "refactor", "explain", "status"])
            if what == "refactor" and buffer.text.find(TARGET) != buffer.text.find("def total"):
                what = "explain"  # which edit would be meant is only known for the function as it was
            if what == "hover":
                identity = self.server.hover(buffer.uri, row, 5)
            elif what == "menu":
                identity = self.server.menu(buffer.uri, row, 5)
            elif what == "status":
                identity = self.server.request("glossator/status")
            else:
                place = {"line": row, "character": 5}
                given = [{"action": what, "uri": buffer.uri, "position": place}]
                identity = self.server.request(
                    "workspace/executeCommand", {"command": "glossator.run", "arguments": given}
                )
            self.asked[identity] = what, time.monotonic()
            self.counts["requests"] += 1

    def sample(self) -> None:
        """Note the memory that the server holds."""
        with contextlib.suppress(psutil.Error):
            self.memory[-1].append(self.server.memory())

    def settle(self, *, forgiven: bool = False) -> None:
        """Wait for the answers to all that was asked; `forgiven`: the server was killed, and owes none."""
        for identity, (what, begun) in self.asked.items():
            if forgiven:
                self.counts["asked of a server that was killed"] += 1
                continue
            try:
                self.server.answer(identity, ANSWERED_SECONDS)
            except AssertionError as error:
                self.lost.append(f"{what}: {error}")
                continue
            answers = self.server.answers[identity]
            if len(answers) != 1:
                self.lost.append(f"{what}: answered {len(answers)} times")
            if "result" not in answers[0][1]:
                self.lost.append(f"{what}: answered with the error {answers[0][1].get('error')}")
            job = (answers[0][1].get("result") or {}).get("job") if what in ("refactor", "explain") else None
            self.waits.append((what, answers[0][0] - begun))
            if job:
                try:
                    self.counts[f"jobs {self.server.over(job, ANSWERED_SECONDS)['state']}"] += 1
                except AssertionError as error:
                    self.lost.append(f"{what}: {error}")
        self.asked.clear()

    def again(self, *, killed: bool) -> None:
        """End the server, well or badly, and go on with another."""
        with self.lock:
            if killed:
                self.server.process.kill()
                self.server.process.wait()
            self.settle(forgiven=killed)
            if not killed and (code := self.server.finish()) != 0:
                self.lost.append(f"a server ended with {code}")
            self.server.drained()
            self.server = self._started()
            for buffer in self.buffers:
                with buffer.lock:
                    buffer.server, buffer.open, buffer.version = self.server, True, buffer.version + 1
                    self.server.open(buffer.uri, buffer.text, buffer.version)

    def compare(self) -> list[str]:
        """What differs between the texts of the user's and those that the server works on: nothing."""
        wrong = []
        for buffer in self.buffers:
            buffer.chance = Still()  # nobody types while the last edit is on its way
            buffer.type(0, 0, TARGET + "\n\n")
            wanted = BETTER + buffer.text.removeprefix(TARGET)
            last = self.server.over(self.server.run("refactor", buffer.uri, 0, 5), ANSWERED_SECONDS)
            if last["state"] == "failed":  # the last fault came to it; the next request is promised an engine
                last = self.server.over(self.server.run("refactor", buffer.uri, 0, 5), ANSWERED_SECONDS)
            if last["state"] != "done" or buffer.text != wanted:
                wrong.append(f"{buffer.uri}: the last edit came to {last['state']} {last.get('reasons')}")
            wrong += buffer.wrong
            self.counts.update(buffer.counts)
        return wrong


class Still(random.Random):
    """Chance that never wants to type."""

    def random(self) -> float:
        """The largest there is."""
        return 0.999


# --- what goes wrong --------------------------------------------------------------------------------------------------


def engines(home: Path) -> list[psutil.Process]:
    """The engine processes of this home."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if "--socket" in line and any(str(home) in part for part in line):
                found.append(process)
    return found


def _signal(number: signal.Signals) -> Callable[[Editor, Path, random.Random], None]:
    def send(editor: Editor, home: Path, chance: random.Random) -> None:
        for process in engines(home):
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    return send


def _damage(editor: Editor, home: Path, chance: random.Random) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError, sqlite3.Error):  # damaged already, or just being mended
        KINDS[chance.choice(list(KINDS))](home / "cache" / "answers", chance)


def _garbage(editor: Editor, home: Path, chance: random.Random) -> None:
    for piece in (b"Content-Length: 7\r\n\r\n{broken", b"\r\nnonsense: \xff\r\n\r\n", b"Content-Length: x\r\n\r\n"):
        editor.server.raw(piece)


def _sockets(editor: Editor, home: Path, chance: random.Random) -> None:
    for path in (home / "run").glob("*.sock"):
        path.unlink(missing_ok=True)


def _deaf(editor: Editor, home: Path, chance: random.Random) -> None:
    editor.server.reading.clear()
    time.sleep(2)
    editor.server.reading.set()


FAULTS: dict[str, Callable[[Editor, Path, random.Random], None]] = {
    "the engine is killed": _signal(signal.SIGKILL),
    "the cache is damaged": _damage,
    "garbage for a server": _garbage,
    "an editor is closed and opened": lambda editor, home, chance: editor.again(killed=False),
    "the engine crashes": _signal(signal.SIGSEGV),
    "a server is killed": lambda editor, home, chance: editor.again(killed=True),
    "a client does not read": _deaf,
    "the engine is stopped": _signal(signal.SIGSTOP),
    "the engine's socket is removed": _sockets,
}


# --- the whole --------------------------------------------------------------------------------------------------------


def work(editor: Editor, until: float, pause: float) -> None:
    """Ask until the time is over."""
    while time.monotonic() < until:
        begun = time.monotonic()
        editor.ask()
        time.sleep(max(0.0, pause * (0.5 + editor.chance.random()) - (time.monotonic() - begun)))


def grown(samples: list[int]) -> float:
    """Megabytes by which the last quarter of a life holds more than the second one."""
    quarter = len(samples) // 4
    if not quarter:
        return 0.0
    return (statistics.median(samples[-quarter:]) - statistics.median(samples[quarter : 2 * quarter])) / 1e6


def soak(*, seconds: float, editors: int, rate: float, every: float, seed: int) -> int:
    """One run; the exit code."""
    chance = random.Random(seed)
    home = Path(tempfile.mkdtemp(prefix="gl-"))
    print(f"{editors} editors, {rate:g} requests a second, {seconds:.0f} s, a fault each {every:g} s, --seed {seed}")
    talk = {"deaths": 10**6, "silence_seconds": 5.0, "remembered": True}
    watched: Watched = plan(home / "plan", talker="soaking", talk=talk)
    every_editor = [Editor(at, home, watched.program(), random.Random(chance.random())) for at in range(editors)]
    begun = time.monotonic()
    threads = [
        threading.Thread(target=work, args=(each, begun + seconds, 1 / rate), daemon=True) for each in every_editor
    ]
    for thread in threads:
        thread.start()
    faults: Counter[str] = Counter()
    names, due = list(FAULTS), begun + every / 2
    while time.monotonic() < begun + seconds:
        time.sleep(1)
        for each in every_editor:
            each.sample()
        if time.monotonic() > due:
            name = names[sum(faults.values()) % len(names)]
            FAULTS[name](chance.choice(every_editor), home, chance)
            faults[name] += 1
            due += every
    for thread in threads:
        thread.join(ANSWERED_SECONDS)
    wrong = []
    for each in every_editor:
        each.settle()
        wrong += each.compare()
    codes = []
    for each in every_editor:
        codes.append(each.server.finish())
        each.server.drained()
    left = remaining(home)
    trouble = every_editor[0].server.trouble()  # all write one log, to their last moment
    code = tell(every_editor, faults, wrong=wrong, trouble=trouble, codes=codes, left=left)
    if code == 0:
        shutil.rmtree(home, ignore_errors=True)
    else:
        print(f"  what they left is in {home}")
    return code


def remaining(home: Path) -> list[str]:
    """The processes of this home that are still there after some seconds."""
    limit = time.monotonic() + LEFT_SECONDS
    while True:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                named = any(str(home) in part for part in process.cmdline())
                if process.pid != os.getpid() and named and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        if not found or time.monotonic() > limit:
            return found
        time.sleep(0.1)


def tell(
    editors: list[Editor],
    faults: Counter[str],
    *,
    wrong: list[str],
    trouble: list[str],
    codes: list[int],
    left: list[str],
) -> int:
    """Print the table; 1 where something does not hold."""
    counts = sum((each.counts for each in editors), Counter[str]())
    lost = [each for editor in editors for each in editor.lost]
    lives = [samples for editor in editors for samples in editor.memory if len(samples) >= LEAST_SAMPLES]
    most = max((grown(samples) for samples in lives), default=None)
    print(f"\n{'what':<44}{'count':>8}{'median s':>10}{'slowest s':>10}")
    for what in ("hover", "menu", "refactor", "explain", "status"):
        waits = sorted(seconds for editor in editors for name, seconds in editor.waits if name == what)
        if waits:
            print(f"{'answered: ' + what:<44}{len(waits):>8}{statistics.median(waits):>10.3f}{waits[-1]:>10.2f}")
    for what, count in (*sorted(counts.items()), *faults.items()):
        print(f"{what:<44}{count:>8}")
    measured = "no server lived long enough" if most is None else f"{most:+.1f} MB in the second half"
    rows: list[tuple[str, bool | None, str]] = [  # None: not measured
        ("every request is answered once, every job ends", not lost, f"{len(lost)} lost"),
        ("every text is its user's", not wrong, f"{len(wrong)} spoilt"),
        ("no internal error", not trouble, f"{len(trouble)} in the log"),
        ("servers end well", set(codes) == {0}, f"exit codes {codes}"),
        ("no process is left", not left, f"{len(left)} left"),
        ("memory does not grow", None if most is None else most <= GROWN_MB, measured),
    ]
    print()
    for what, held, said in rows:
        print(f"{WORDS[held]:<14}{what:<50}{said}")
    for detail in (*lost[:5], *wrong[:5], *trouble[:5], *left[:5]):
        print(f"  {detail[:1000]}")
    return 1 if any(held is False for _, held, _ in rows) else 0


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench.soak", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=30.0)
    length.add_argument("--seconds", type=float)
    parser.add_argument("--editors", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2.0, help="requests a second of each editor")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two faults")
    parser.add_argument("--seed", type=int, default=None, help="the seed that an earlier run printed")
    given = parser.parse_args(arguments)
    seconds = 60 * given.minutes if given.seconds is None else given.seconds
    seed = random.randrange(2**32) if given.seed is None else given.seed
    return soak(seconds=seconds, editors=given.editors, rate=given.rate, every=given.every, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
