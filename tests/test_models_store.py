"""Which model a name means, and that a file which is not what it should be is never used."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from glossator.models import Card, ModelAbsent, ModelDamaged, ModelError, catalogue, digest, store

Maker = Callable[..., bytes]


@pytest.fixture
def known(gguf: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Card, Path]:
    """A catalogue with one small model in it, and its file in the models folder `tmp_path`."""
    data = gguf()
    card = Card(
        "tiny",
        "tiny.gguf",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        family="qwen",
        sources=("hub:o/r/tiny.gguf",),
    )
    monkeypatch.setattr(catalogue, "cards", lambda: (card,))
    monkeypatch.setattr(catalogue, "DEFAULT", "tiny")
    (tmp_path / card.file).write_bytes(data)
    return card, tmp_path / card.file


def flip(path: Path) -> None:
    """Change one byte of the last tensor, as a bad disk would."""
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def test_the_catalogue_is_whole() -> None:
    """Every model of the catalogue says what a user must know; digests are digests."""
    cards = catalogue.cards()
    assert catalogue.DEFAULT in {card.name for card in cards}
    assert len({card.name for card in cards}) == len({card.file for card in cards}) == len(cards)
    for card in cards:
        assert card.title and card.licence and card.context and card.sources
        assert card.bytes or card.about
        assert card.family in {"qwen", "deepseek-r1", "qwen3", "llama3", "gemma"}
        assert card.sha256 == "" or (len(card.sha256) == 64 and card.bytes)
        assert all(source.startswith(("hub:", "index:")) for source in card.sources)
        assert "index:" not in "".join(card.sources) or card.sha256


def test_near_names() -> None:
    """An unknown name is answered with the nearest ones."""
    with pytest.raises(ModelError, match=r"did you mean qwen2\.5-coder-0\.5b"):
        catalogue.card("0.5b")
    with pytest.raises(ModelError, match=r"did you mean qwen2\.5-coder-1\.5b"):
        catalogue.card("qwen25-coder-1.5b")
    with pytest.raises(ModelError, match="there are: qwen"):
        catalogue.card("zzz")


def test_resolve_by_name(known: tuple[Card, Path], tmp_path: Path) -> None:
    """A name, in any case, and the empty name for the default, give the card and its file."""
    assert store.resolve("tiny", tmp_path) == store.resolve("TINY", tmp_path) == store.resolve("", tmp_path) == known


def test_what_is_not_here(known: tuple[Card, Path], tmp_path: Path) -> None:
    """A model that is not here is answered with the command that fetches it."""
    known[1].unlink()
    with pytest.raises(ModelAbsent, match="glossator model pull tiny"):
        store.resolve("tiny", tmp_path)


def test_a_flipped_bit_is_never_used(known: tuple[Card, Path], tmp_path: Path) -> None:
    """A file of the right size with other bytes is refused, the first time and every time."""
    store.resolve("tiny", tmp_path)
    flip(known[1])
    for _ in range(2):
        with pytest.raises(ModelDamaged, match=r"tiny\.gguf is damaged or another file: its SHA-256"):
            store.resolve("tiny", tmp_path)


def test_a_promised_digest_is_kept_to(gguf: Maker, tmp_path: Path) -> None:
    """A file whose digest came from its source is held to it, also when it is named by its path."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    digest.remember(path, digest.compute(path), promised=digest.compute(path))
    assert store.resolve(str(path), tmp_path)[1] == path
    flip(path)
    with pytest.raises(ModelDamaged, match="SHA-256"):
        store.resolve(str(path), tmp_path)


def test_wrong_sizes(known: tuple[Card, Path], tmp_path: Path, gguf: Maker) -> None:
    """A cut file is called cut off, a larger sound one another file."""
    _, path = known
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ModelDamaged, match="cut off"):
        store.resolve("tiny", tmp_path)
    path.write_bytes(gguf(tensors=2))
    with pytest.raises(ModelDamaged, match="another file"):
        store.resolve("tiny", tmp_path)


def test_digest_costs_nothing_the_second_time(known: tuple[Card, Path], tmp_path: Path) -> None:
    """The digest is computed once, with a notice, and again only when the file has changed."""
    said: list[str] = []
    for _ in range(3):
        store.resolve("tiny", tmp_path, said.append)
    assert len(said) == 1
    os.utime(known[1], (1, 1))
    store.resolve("tiny", tmp_path, said.append)
    assert len(said) == 2


def test_a_damaged_memo_is_no_memo(known: tuple[Card, Path], tmp_path: Path) -> None:
    """Whatever stands in the file that remembers the digest, the right one comes out."""
    card, path = known
    store.resolve("tiny", tmp_path)
    memo = tmp_path / ".tiny.gguf.digest.json"
    good = json.loads(memo.read_text())
    for bad in (b"", b"{", b"[]", b"\xff", b"[" * 3000, json.dumps({**good, "sha256": "x"}).encode(), b"1" * 5000):
        memo.write_bytes(bad)
        assert store.digest(path) == card.sha256


def test_digest_of_a_link_is_that_of_its_file(known: tuple[Card, Path], tmp_path: Path) -> None:
    """A link shares the memory of the file that it leads to."""
    store.digest(known[1])
    link = tmp_path / "other" / "link.gguf"
    link.parent.mkdir()
    link.symlink_to(known[1])
    assert store.digest(link, lambda: pytest.fail("computed twice")) == known[0].sha256
    assert list(link.parent.iterdir()) == [link]


def test_a_known_file_at_another_path(known: tuple[Card, Path], tmp_path: Path) -> None:
    """A file of the catalogue is that model wherever it lies."""
    card, path = known
    other = tmp_path / "elsewhere.gguf"
    path.rename(other)
    assert store.resolve(str(other), tmp_path) == (dataclasses.replace(card, file=str(other)), other)


def test_any_gguf_by_path_and_by_name(known: tuple[Card, Path], tmp_path: Path, gguf: Maker) -> None:
    """A GGUF file is named by its path, or by its name when it lies in the models folder."""
    (tmp_path / "mine.gguf").write_bytes(gguf({"general.name": "Mine"}))
    by_path, by_name = store.resolve(str(tmp_path / "mine.gguf"), tmp_path), store.resolve("mine", tmp_path)
    assert by_path == by_name
    assert (by_path[0].name, by_path[0].title, by_path[0].family) == ("mine", "Mine", "qwen")


def test_installed(known: tuple[Card, Path], tmp_path: Path, gguf: Maker) -> None:
    """The folder's list has known files, other models, and what is damaged with the reason."""
    (tmp_path / "mine.gguf").write_bytes(gguf())
    (tmp_path / "broken.gguf").write_bytes(b"<html>")
    os.mkfifo(tmp_path / "pipe.gguf")
    found = {entry.card.name: entry for entry in store.installed(tmp_path)}
    assert list(found) == ["tiny", "broken", "mine", "pipe"]
    assert [bool(entry.trouble) for entry in found.values()] == [False, True, False, True]
    assert store.installed(tmp_path / "none") == ()


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x.gguf", "x\0.gguf"])
def test_what_can_be_no_path(tmp_path: Path, name: str) -> None:
    """A home that nobody has and a path with a NUL are told like any other file that is not there."""
    with pytest.raises(ModelError, match="no file"):
        store.resolve(name, tmp_path)
    with pytest.raises(ModelError, match="no file"):
        store.use(name, tmp_path)


def test_use_and_chosen(known: tuple[Card, Path], tmp_path: Path, gguf: Maker) -> None:
    """A choice is written down as a name or an absolute path; no choice is the empty string."""
    config = tmp_path / "config"
    assert store.chosen(config) == ""
    assert store.use("Tiny", config) == store.chosen(config) == "tiny"
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    assert store.use(str(path), config) == store.chosen(config) == str(path)
    for wrong in ("nothing", str(tmp_path / "none.gguf"), str(tmp_path)):
        with pytest.raises(ModelError):
            store.use(wrong, config)
    assert store.chosen(config) == str(path)
    (config / "model").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="remove that file"):
        store.chosen(config)


def test_remove(known: tuple[Card, Path], tmp_path: Path, gguf: Maker) -> None:
    """A model's file goes with what is remembered of it; a file elsewhere is the user's."""
    store.digest(known[1])
    models = tmp_path / "sub"
    models.mkdir()
    with pytest.raises(ModelError, match="not in the models folder"):
        store.remove(str(known[1]), models)
    with pytest.raises(ModelError, match="not in the models folder"):
        store.remove(str(models / ".." / "tiny.gguf"), models)
    assert store.remove("tiny", tmp_path) == (known[1], known[0].bytes)
    assert list(tmp_path.iterdir()) == [models]
    with pytest.raises(ModelAbsent):
        store.remove("tiny", tmp_path)


def test_verify(known: tuple[Card, Path], tmp_path: Path) -> None:
    """Verifying reads the file anew, whatever is remembered."""
    card, path = known
    seen: list[tuple[int, int]] = []
    assert store.verify(card, path, lambda done, total: seen.append((done, total))) == card.sha256
    assert seen[-1] == (card.bytes, card.bytes)
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # a change that leaves no trace
    store.resolve("tiny", tmp_path)
    with pytest.raises(ModelDamaged, match="SHA-256"):
        store.verify(card, path)
    with pytest.raises(ModelDamaged, match="SHA-256"):  # and what was found stays known
        store.resolve("tiny", tmp_path)


def test_a_read_only_folder_is_no_error(known: tuple[Card, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be remembered the digest is right all the same."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(digest, "write_whole", refuse)
    assert store.digest(known[1]) == store.digest(known[1]) == known[0].sha256


@pytest.mark.model
def test_the_real_model(model_05b: Path) -> None:
    """The real 0.5B model is what the catalogue says, and its header is read in a blink."""
    card, path = store.resolve("qwen2.5-coder-0.5b", model_05b.parent)
    assert path == model_05b
    by_path = store.resolve(str(model_05b), model_05b.parent)[0]
    assert dataclasses.replace(by_path, file=card.file) == card
