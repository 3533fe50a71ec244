"""Server-sent events out of bytes that are cut anywhere. Knows no JSON, no HTTP and no models.

Lines end at LF (a CR before it belongs to the end) and nowhere else: JSON may hold U+2028 as it is, which general line
readers take for a line's end.
"""

from __future__ import annotations

LONGEST_LINE = 1 << 20  # bytes; an event holds a word or two
LONGEST_EVENT = 4 << 20
LONGEST_STREAM = 16 << 20
LONGEST_NOISE = 1 << 20  # between two events, where nothing but comments may come
_BOM = b"\xef\xbb\xbf"


class Malformed(ValueError):
    """What came is not what the protocol says; the message says what, without quoting it."""


class Events:
    """Collects bytes and gives the data of whole events."""

    def __init__(
        self,
        *,
        line: int = LONGEST_LINE,
        event: int = LONGEST_EVENT,
        noise: int = LONGEST_NOISE,
        stream: int = LONGEST_STREAM,
    ) -> None:
        """Limits in bytes."""
        self._line_limit, self._event_limit, self._noise_limit, self._stream_limit = line, event, noise, stream
        self._held = bytearray()  # the beginning of a line; no LF is in it
        self._data: list[bytes] = []  # of the event that is being read
        self._size = self._noise = self._came = 0
        self._first = True

    def feed(self, data: bytes) -> list[str]:
        """The data of the events that `data` completes. Raises `Malformed`."""
        self._came += len(data)
        if self._came > self._stream_limit:
            raise Malformed(f"more than {self._stream_limit >> 20} MB came")
        looked, start = len(self._held), 0
        self._held += data
        found: list[str] = []
        while (end := self._held.find(b"\n", max(start, looked))) >= 0:
            line, start = bytes(self._held[start:end]), end + 1
            if (event := self._line(line.removesuffix(b"\r"))) is not None:
                found.append(event)
        del self._held[:start]
        self._bounded(len(self._held))
        return found

    def _line(self, line: bytes) -> str | None:
        """Take one line; the event's data where it ends one."""
        self._bounded(len(line))
        if self._first:
            line, self._first = line.removeprefix(_BOM), False
        if not line:
            data, self._data, self._size = self._data, [], 0
            self._noise += not data
            return _decoded(b"\n".join(data)) if data else None
        name, _, value = line.partition(b":")
        if name == b"data":  # `event`, `id`, `retry` and comments say nothing that is needed here
            self._data.append(value.removeprefix(b" "))
            self._noise, self._size = 0, self._size + len(value) + 1
            if self._size > self._event_limit:
                raise Malformed(f"an event is longer than {self._event_limit >> 20} MB")
            return None
        self._noise += len(line) + 1
        if self._noise > self._noise_limit:
            raise Malformed("it goes on and on without an event")
        return None

    def _bounded(self, length: int) -> None:
        if length > self._line_limit:
            raise Malformed(f"a line is longer than {self._line_limit >> 10} KB")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("an event is not UTF-8") from error
