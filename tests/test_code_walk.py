"""Which files are read: what git would track, and of that no secrets, links, binaries, builds and giants."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glossator.code.ignore import Rules, secret
from glossator.code.walk import MOST_BYTES, decoded, files, text_of, wanted


def put(root: Path, *paths: str, text: str = "x = 1\n") -> None:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def walked(root: Path) -> list[str]:
    found = [each.path for each in files(root)]
    assert all(wanted(root, path) is not None for path in found)  # the two ways to ask agree
    return sorted(found)


def test_what_is_read(tmp_path: Path) -> None:
    """Source files are read; environments, builds, other people's code and files of no known language are not."""
    put(tmp_path, "a.py", "src/b.ts", "src/deep/c.go", "notes.txt", "data.json")
    put(tmp_path, ".venv/x.py", "node_modules/m/x.js", ".git/hooks/x.py", "build/x.py", "target/x.rs", "dist/x.js")
    put(tmp_path, "env/pyvenv.cfg", "env/lib/x.py", "made/CACHEDIR.TAG", "made/x.py")
    assert walked(tmp_path) == ["a.py", "src/b.ts", "src/deep/c.go"]
    for path in (".venv/x.py", "env/lib/x.py", "build/x.py", "notes.txt", "../a.py", "src/../a.py", "gone.py", "src"):
        assert wanted(tmp_path, path) is None


def test_ignore_files(tmp_path: Path) -> None:
    """`.gitignore` of any folder counts, the deeper one more, and `.glossatorignore` more still."""
    put(tmp_path, "a.py", "b.py", "gen/x.py", "gen/keep.py", "in/a.py", "in/b.py", "in/c.py", "old/x.py")
    put(tmp_path, ".gitignore", text="b.py\n/gen/*\n!/gen/keep.py\n/old\n[\n")
    put(tmp_path, "in/.gitignore", text="!b.py\nc.py\n")
    put(tmp_path, "in/.glossatorignore", text="a.py\n!c.py\n")
    put(tmp_path, "old/.gitignore", text="!x.py\n")
    assert walked(tmp_path) == ["a.py", "gen/keep.py", "in/b.py", "in/c.py"]
    assert wanted(tmp_path, "old/x.py") is None


@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.local", "prod.env", "server.pem", "tls.key", "id_rsa", "id_ed25519.pub", "credentials.py"),
        *("secrets.ts", ".netrc", ".npmrc", "store.jks", "Credentials.java", "cert.p12", "service-account-1.json"),
    ],
)
def test_secrets(name: str, tmp_path: Path) -> None:
    """A file whose name says that it holds secrets is never read, whatever its ending."""
    put(tmp_path, name, "a.py")
    assert secret(name)
    assert walked(tmp_path) == ["a.py"] and wanted(tmp_path, name) is None


def test_names_that_are_no_secrets() -> None:
    """Words that only begin like secrets are read."""
    assert not any(
        map(secret, ("environment.py", "keys.py", "secretary.py", "monkey.py", "tokens.rs", "credential_form.ts"))
    )


def test_links(tmp_path: Path) -> None:
    """No link is followed, neither out of the workspace nor around in it."""
    put(tmp_path, "outside/x.py", "w/a.py")
    root = tmp_path / "w"
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "link.py").symlink_to(tmp_path / "outside" / "x.py")
    (root / "round").symlink_to(root)
    assert walked(root) == ["a.py"]
    for path in ("out/x.py", "link.py", "round/a.py"):
        assert wanted(root, path) is None
    assert text_of(root, "out/x.py") is None and text_of(root, "link.py") is None


def test_what_is_no_text(tmp_path: Path) -> None:
    """Giants, binaries, pipes and what is not UTF-8 have no text."""
    (tmp_path / "big.py").write_bytes(b"#" * (MOST_BYTES + 1))
    (tmp_path / "binary.py").write_bytes(b"x = 1\0")
    (tmp_path / "latin.py").write_bytes("é".encode("latin-1"))
    (tmp_path / "mark.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    os.mkfifo(tmp_path / "pipe.py")
    assert "big.py" not in walked(tmp_path) and "pipe.py" not in walked(tmp_path)
    assert all(text_of(tmp_path, name) is None for name in ("big.py", "binary.py", "pipe.py", "none.py"))
    got, marked = text_of(tmp_path, "latin.py"), text_of(tmp_path, "mark.py")
    assert got is not None and decoded(got[0]) is None
    assert marked is not None and decoded(marked[0]) == "x = 1\n"


NAMES = st.sampled_from(["a", "b", "ab", "a.py", "b.py", "c.py"])
PATTERNS = st.builds(
    lambda sign, start, parts, end: sign + start + "/".join(parts) + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/", "**/"]),
    st.lists(
        st.sampled_from(["a", "b", "ab", "*.py", "a*", "?", "*", "**", "[ab]", "c.py", "b.py"]), min_size=1, max_size=3
    ),
    st.sampled_from(["", "", "/", "/*", "/**"]),
)
FOLDERS = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=2)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(FOLDERS, NAMES), min_size=1, max_size=8),
    st.lists(st.tuples(FOLDERS, st.lists(PATTERNS, min_size=1, max_size=4)), min_size=1, max_size=3),
)
def test_as_git_ignores(tree: list[tuple[list[str], str]], rules: list[tuple[list[str], list[str]]]) -> None:
    """What is read of a tree of files is what git would track."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
        for folders, file in tree:
            if file.endswith(".py") and not any((root.joinpath(*folders[:at])).is_file() for at in range(1, 3)):
                put(root, "/".join([*folders, file]))
        for folders, lines in rules:
            if root.joinpath(*folders).is_dir():
                put(root, "/".join([*folders, ".gitignore"]), text="\n".join(lines) + "\n")
        command = ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard", "*.py"]
        tracked = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
        assert walked(root) == sorted(path for path in tracked.split("\0") if path)


def test_rules_outside_their_folder() -> None:
    """A folder's rules say nothing of paths beside it."""
    rules = Rules().within("a/", ["*.py\n"])
    assert rules.leaves_out("a/x.py") and not rules.leaves_out("b/x.py") and not rules.leaves_out("x.py")
