"""A queue with a limit."""


class Queue:
    """First in, first out; at most `limit` items."""

    def __init__(self, limit: int) -> None:
        """An empty queue."""
        self.limit = limit
        self.items: list[str] = []

    def put(self, item: str) -> bool:
        """Add an item at the end; False, and nothing is added, where the queue is full."""
        if len(self.items) >= self.limit:
            return False
        self.items.append(item)
        return True

    def get(self) -> str | None:
        """Take the oldest item out; None where there is none."""
        if not self.items:
            return None
        return self.items.pop(0)

    def remove(self, item: str) -> int:
        """Take every occurrence of an item out; how many there were."""
        before = len(self.items)
        self.items = [each for each in self.items if each != item]
        return before - len(self.items)
