"""A cache that forgets what was not used for longest."""

from collections import OrderedDict


class Cache:
    """At most `limit` values by name."""

    def __init__(self, limit: int) -> None:
        """An empty cache."""
        self.limit = limit
        self.values: OrderedDict[str, int] = OrderedDict()

    def get(self, name: str, default: int = 0) -> int:
        """A value, which counts as used now; the default where there is none."""
        if name not in self.values:
            return default
        self.values.move_to_end(name)
        return self.values[name]

    def put(self, name: str, value: int) -> None:
        """Keep a value; where the cache is full, the one that was not used for longest goes."""
        self.values[name] = value
        self.values.move_to_end(name)
        if len(self.values) > self.limit:
            self.values.popitem(last=False)

    def names(self) -> list[str]:
        """All names, the one that was used last first."""
        return list(reversed(self.values))
