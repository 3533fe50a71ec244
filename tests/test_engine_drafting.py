"""Drafts from what is copied, and threads by what is fast."""

from __future__ import annotations

from glossator.engine.drafting import LENGTHS, Copier
from glossator.engine.pace import Pace

SOURCE = list(range(100, 200))


def test_proposes_what_follows() -> None:
    """After tokens of the source, the source's next tokens are proposed, longer ones after success."""
    copier = Copier(SOURCE)
    assert copier.propose(SOURCE[:3], 99) == SOURCE[3 : 3 + LENGTHS[0]]
    copier.learn(15, 15)
    assert copier.propose(SOURCE[:3], 99) == SOURCE[3 : 3 + LENGTHS[1]]
    assert copier.propose(SOURCE[:3], 10) == SOURCE[3:13]
    assert copier.accepted == copier.drafted == 15


def test_nothing_to_copy() -> None:
    """No draft after unknown tokens, at the end of a source, or when few tokens are left."""
    copier = Copier(SOURCE, [1, 2, 3])
    assert copier.propose([7, 8, 9], 99) == []
    assert copier.propose(SOURCE[-4:-1], 99) == []
    assert copier.propose(SOURCE[:3], 0) == []
    assert copier.propose([], 99) == []


def test_bad_drafts_make_careful() -> None:
    """After bad drafts more tokens must agree before the next."""
    copier = Copier(SOURCE)
    copier.learn(15, 0)
    assert copier.propose([1, *SOURCE[10:13]], 99) == []
    assert copier.propose(SOURCE[10:16], 99) == SOURCE[16:31]


def test_copies_go_forward() -> None:
    """Among equal places the one after the last draft is taken."""
    twice = [1, 2, 3, *range(10, 40), 1, 2, 3, *range(50, 80)]
    copier = Copier(twice)
    assert copier.propose([1, 2, 3], 99)[0] == 10
    assert copier.propose([9, 1, 2, 3], 99)[0] == 50


def test_one_thread_beside_a_busy_process() -> None:
    """Where two threads are slower than one, one is used soon, and two again when the machine is quiet."""
    pace = Pace(2)
    cost = {1: 0.045, 2: 0.12}
    for _ in range(30):
        pace.took(cost[pace.threads])
    assert pace.threads == 1
    cost = {1: 0.047, 2: 0.036}
    for _ in range(120):
        pace.took(cost[pace.threads])
    assert pace.threads == 2


def beside(pace: Pace, others: int, tokens: int, cost: dict[int, float]) -> list[int]:
    used = []
    for _ in range(tokens):
        used.append(pace.threads)
        pace.took(cost[pace.threads], others)
    return used


QUIET, CROWD = {1: 0.047, 2: 0.036}, {1: 0.045, 2: 0.12}


def test_neighbours_bring_the_trial_nearer() -> None:
    """Where another program is seen, few tokens are slow; where it is gone, the others are soon used again."""
    pace = Pace(2)
    assert beside(pace, 0, 40, QUIET)[-1] == 2
    assert beside(pace, 1, 380, CROWD).count(2) <= 3, "no trial goes up where there is no room"
    assert beside(pace, 0, 40, QUIET).count(1) <= 12


def test_neighbours_are_only_a_hint() -> None:
    """Two threads stay where they are faster all the same; a glance at something short changes nothing."""
    pace = Pace(2)
    beside(pace, 0, 40, QUIET)
    assert beside(pace, 1, 200, QUIET).count(2) > 185
    pace = Pace(2, 1)
    assert beside(pace, 0, 8, {1: 0.03, 2: 0.05}) == [1] * 8
    pace = Pace(2, 1)
    assert beside(pace, 3, 1000, QUIET)[-1] == 2, "what is faster is found out, whatever is told of neighbours"
    pace = Pace(2)
    beside(pace, 0, 4, QUIET)
    for number in range(400):
        pace.took(QUIET[pace.threads], number % 2)
    assert pace.threads == 2


def test_room_for_some() -> None:
    """Of eight processors four are used beside four others, not one."""
    pace = Pace(8)
    cost = {1: 0.1, 2: 0.06, 4: 0.04, 8: 0.09}
    assert set(beside(pace, 4, 300, cost)[20:]) <= {4, 2, 1} and beside(pace, 4, 400, cost).count(4) > 370


def test_trials_become_rare() -> None:
    """On a quiet machine trials cost less than two in a hundred tokens."""
    pace = Pace(4)
    cost = {1: 0.045, 2: 0.04, 4: 0.036}
    used = []
    for _ in range(3000):
        used.append(pace.threads)
        pace.took(cost[pace.threads])
    assert used.count(4) > 2900
    assert Pace(1).threads == 1
