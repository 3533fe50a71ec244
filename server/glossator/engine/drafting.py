"""Guessing what an answer copies, so that many tokens are checked in one batch. Knows tokens only.

An edit repeats most of its input. Drafts are long (15, 31, 63 tokens) because short ones lose on a processor: checking
4 tokens costs as much as decoding 4, checking 16 as much as 7, checking 32 as much as 12.
"""

from __future__ import annotations

from collections.abc import Sequence

LENGTHS = (15, 31, 63)  # with the token before the draft, 16, 32 and 64 in a batch
NEEDS = (3, 6, 12, 24)  # tokens that must agree before a draft is tried, after 0, 1, 2, … bad drafts


class Copier:
    """Follows one answer and finds where in `sources` it stands."""

    def __init__(self, *sources: Sequence[int]) -> None:
        """`sources` in order of preference, for example the code to be edited, then the prompt."""
        self._source: list[int] = []
        for source in sources:
            self._source += [*source, -1]  # -1 is no token: no match runs over the end of a source
        self._where: dict[tuple[int, ...], list[int]] = {}
        for end in range(NEEDS[0], len(self._source)):
            self._where.setdefault(tuple(self._source[end - NEEDS[0] : end]), []).append(end)
        self._size = 0
        self._bad = 0
        self._follow = -1
        self.drafted = 0
        self.accepted = 0

    def propose(self, written: Sequence[int], most: int) -> list[int]:
        """The tokens that probably follow `written`: none, or up to `most`."""
        if most < 1:
            return []
        need = NEEDS[min(self._bad, len(NEEDS) - 1)]
        place, agreed = self._find(written)
        if agreed < need:
            return []
        length = min(LENGTHS[self._size], most)
        draft = self._source[place : place + length]
        if -1 in draft:
            draft = draft[: draft.index(-1)]
        if len(draft) < min(LENGTHS[0], most) // 2:
            return []
        self._follow = place
        return draft

    def has(self, tokens: Sequence[int]) -> bool:
        """Whether `tokens` stand somewhere in the sources."""
        need, count = list(tokens), len(tokens)
        places = self._where.get(tuple(need[: NEEDS[0]]), ())
        return any(self._source[end - NEEDS[0] : end - NEEDS[0] + count] == need for end in places)

    def learn(self, drafted: int, accepted: int) -> None:
        """Say how many of the last draft's tokens were right."""
        self.drafted += drafted
        self.accepted += accepted
        if accepted == drafted:
            self._size = min(self._size + 1, len(LENGTHS) - 1)
            self._bad = 0
        elif accepted * 2 < drafted:
            self._size = max(self._size - 1, 0)
            self._bad += accepted < LENGTHS[0] // 2
        if accepted >= LENGTHS[0]:
            self._bad = 0

    def _find(self, written: Sequence[int]) -> tuple[int, int]:
        """Where in the source `written` goes on, and how many tokens agree before that place.

        The longest agreement wins; among equal ones the first place after the last draft (copies go forward), then the
        first of all.
        """
        places = self._where.get(tuple(written[-NEEDS[0] :]), ())
        best, longest = -1, 0
        for place in places:
            agreed = self._agreed(written, place)
            if agreed > longest or (agreed == longest and best <= self._follow < place):
                best, longest = place, agreed
        return best, longest

    def _agreed(self, written: Sequence[int], place: int) -> int:
        most = min(NEEDS[-1], place, len(written))
        for count in range(most):
            if written[-1 - count] != self._source[place - 1 - count]:
                return count
        return most
