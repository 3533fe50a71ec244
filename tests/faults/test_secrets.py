"""Words that must not get about: they are looked for in all that a server sends, writes, logs, starts and leaves."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from glossator.action.indexers import FEW_FILES
from glossator.cli.main import glossator
from glossator.engine.supervise import environment

from .fakes import fake
from .tally import Tally
from .watched import STARTS
from .watching import plan
from .wire import Server

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="links and environments as POSIX has them"),
    pytest.mark.faults,
]

KEY = "sk-CANARYKEY0123456789abcdef"
BUFFER = "CANARYBUFFER"
ENVIRONMENT = {
    "TEAM_KEY": KEY,
    "OPENAI_API_KEY": "sk-CANARYOPENAI0123456789",
    "AWS_SECRET_ACCESS_KEY": "CANARYAWS0123456789",
    "GITHUB_TOKEN": "ghp_CANARYGITHUB0123456789",
    "GLOSSATOR_MINE": "CANARYGLOSSATOR0123456789",
    "XDG_AUTH_TOKEN": "CANARYXDG0123456789",
    "CUDA_PASSWORD": "CANARYCUDA0123456789",
    "HTTPS_PROXY": "http://me:CANARYPROXY@127.0.0.1:9",
    "PIP_INDEX_URL": "https://me:CANARYPIP@pypi.example/simple",
    "DATABASE_URL": "postgres://me:CANARYDATABASE@localhost/x",
}
FILES = {
    ".env": "API_KEY=CANARYDOTENV\n",
    ".env.local": "API_KEY=CANARYDOTENVLOCAL\n",
    "id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARYRSA\n",
    "keys/server.pem": "CANARYPEM\n",
    "credentials.json": '{"key": "CANARYCREDENTIALS"}\n',
    "secrets.py": "def hidden(a):\n    '''CANARYSECRETSPY'''\n    return 'CANARYSECRETSPY'\n",
    "ignored.py": "def ignored(a):\n    '''CANARYIGNORED'''\n    return 'CANARYIGNORED'\n",
    "mine/private.py": "def private(a):\n    '''CANARYPRIVATE'''\n    return 'CANARYPRIVATE'\n",
    "deep/local.py": "def local(a):\n    '''CANARYLOCAL'''\n    return 'CANARYLOCAL'\n",
    ".git/info/x.py": "CANARYGIT = 1\n",
}
RULES = {
    ".gitignore": "ignored.py\n",
    ".glossatorignore": "mine/\n",
    "deep/.gitignore": "local.py\n",
    "deep/__init__.py": "",
}
CODE = f"""\
from friend import friendly
from secrets import hidden
from ignored import ignored
from mine.private import private
from deep.local import local


def total(a):
    # {BUFFER}
    return friendly(hidden(ignored(private(local(a)))))
"""
EVERY = re.compile(rb"CANARY[A-Z]+")


def canaries(text: bytes | str) -> set[str]:
    """Which of the words stand in a text."""
    return {each.decode() for each in EVERY.findall(text if isinstance(text, bytes) else text.encode())}


def written(folder: Path) -> dict[str, set[str]]:
    """The words that stand in files below a folder, by file."""
    found = {str(path): canaries(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    return {name: words for name, words in found.items() if words}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project with much in it that is nobody's business."""
    root = tmp_path / "project"
    for name, text in {**FILES, **RULES, "friend.py": "def friendly(a):\n    return a + 1\n", "app.py": CODE}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def everything_heard(server: Server) -> str:
    """All that the server has sent its client."""
    answers = [each for many in server.answers.values() for _, each in many]
    return json.dumps([answers, server.notices, server.questions])


def echoing(code: int) -> Any:
    """An answer that repeats all that it was asked, the key included."""

    async def answer(seen: Any, writer: Any) -> None:
        said = {"error": {"message": f"bad {seen.headers.get('authorization')}: {seen.body.decode()}"}}
        await fake.status(code, said)(seen, writer)

    return answer


def test_a_session(serve: Any, workspace: Path, tmp_path: Path, tally: Tally) -> None:
    """Through explanations, edits and errors, with every logger at its loudest, the key is in one header and the buffer
    in the questions about it; nothing else of it all is sent, written, logged or handed to a process."""
    watched = plan(tmp_path / "plan", loud=True)
    for number in range(FEW_FILES):  # more than are read without a process
        (workspace / f"m{number}.py").write_text(f"def f{number}(a):\n    return a\n")
    with fake.FakeEndpoint(fake.said("It does.")) as other, fake.FakeEndpoint(fake.said("It does.")) as mine:
        remote = {"baseUrl": mine.url, "model": "mine", "keyVariable": "TEAM_KEY"}
        server = serve(program=watched.program(), cwd=workspace, environment=ENVIRONMENT)
        server.replies["workspace/applyEdit"] = lambda params: {"applied": True}
        server.begin(backend="remote", remote=remote, root=workspace, hover={"waitMs": 20000})
        uri, row = (workspace / "app.py").as_uri(), CODE.splitlines().index("def total(a):")
        server.open(uri, CODE)
        for name, text in FILES.items():  # as an editor has them open, too
            server.open((workspace / name).as_uri(), text, language="python" if name.endswith(".py") else "plaintext")
        server.indexed()
        assert "It does" in str(server.answer(server.hover(uri, row, 5)))
        assert "def friendly" in str(mine.requests[-1].json), "what may be shown is shown"
        code = "def total(a):\n    return a\n"
        for number, (answers, state) in enumerate(
            (
                ([fake.said(f"```python\n{code}```")], ("done", "refused")),
                ([echoing(400)], ("failed",)),
                ([echoing(401)], ("failed",)),
                ([echoing(500)], ("failed",)),
                ([fake.status(302, "", Location=f"{other.url}/chat/completions")], ("failed",)),
                ([fake.stream([b"data: {broken " + BUFFER.encode() + b"\n\n"])], ("failed",)),
            )
        ):
            mine.answers[:] = answers
            job = server.run("refactor", uri, row, 5, instruction=f"try {number}")
            assert server.over(job, 60)["state"] in state
            tally.add("secrets", "questions to a server that tells tales")
        for broken in (
            {"method": "textDocument/hover", "id": "x", "params": {"textDocument": BUFFER}},
            {"method": f"glossator/{BUFFER}", "id": "y", "params": {}},
            {"method": "textDocument/didChange", "params": {"textDocument": {"uri": BUFFER}, "contentChanges": 5}},
        ):
            server.send(broken)
        server.ask("glossator/status")
        heard = everything_heard(server)
        assert server.finish() == 0
        assert not other.requests and not other.others
        bodies = canaries(json.dumps([each.json for each in mine.requests]))
        headers = [each.headers for each in (*mine.requests, *mine.others)]
    assert bodies == {BUFFER}
    assert {name for each in headers for name, value in each.items() if canaries(value)} == {"authorization"}
    assert {each["authorization"] for each in headers} == {f"Bearer {KEY}"}
    assert canaries(heard) <= {BUFFER}, "the method that it does not know may be named"
    assert written(tmp_path / "home") == {}
    children = list(watched.events("subprocess.Popen"))
    assert children, "a session starts a process that reads the workspace"
    for program, arguments, _, given in children:
        assert given is not None, f"{program} {arguments} inherits the whole environment"
        assert canaries(json.dumps([program, arguments, given])) == set(), arguments
        tally.add("secrets", "environments of children judged")
    assert list(watched.events(*(set(STARTS) - {"subprocess.Popen"}))) == [], "nothing is started past what was judged"
    tally.add("secrets", "words looked for", len(FILES) + len(ENVIRONMENT) + 1)


def test_the_engine_process(tmp_path: Path, workspace: Path, tally: Tally) -> None:
    """The engine process knows no key; when it dies of what it works on, what it leaves does not tell what that was."""
    watched = plan(tmp_path / "plan", talker="obedient", loud=True)
    server = Server(tmp_path / "home", program=watched.program(), cwd=workspace, environment=ENVIRONMENT)
    try:
        server.begin(root=workspace, hover={"waitMs": 20000})
        uri = (workspace / "app.py").as_uri()
        server.open(uri, CODE)
        fatal = (workspace / "fatal.py").as_uri()
        server.open(fatal, f"def act_segv(a):\n    # {BUFFER}\n    return a\n")
        server.answer(server.hover(uri, 7, 5))
        pid = server.ask("glossator/status")["engine"]["pid"]
        assert canaries(json.dumps(psutil.Process(pid).environ())) == set()
        assert canaries(" ".join(psutil.Process(pid).cmdline())) == set()
        answer = str(server.answer(server.hover(fatal, 0, 5)))
        assert "ended unexpectedly" in answer
        assert server.finish() == 0
    finally:
        server.process.kill()
    log = (tmp_path / "home" / "logs" / "engine.log").read_text()
    assert "Segmentation fault" in log
    assert written(tmp_path / "home" / "logs") == {}
    tally.add("secrets", "engine processes judged")


def test_a_crash(tmp_path: Path, workspace: Path, tally: Tally) -> None:
    """An error that nobody caught, whose message is the user's text, leaves where it happened and not what."""
    watched = plan(tmp_path / "plan", crash=True, loud=True)
    server = Server(tmp_path / "home", program=watched.program(), environment=ENVIRONMENT)
    server.begin(root=workspace)
    uri = (workspace / "app.py").as_uri()
    server.open(uri, CODE)
    server.hover(uri, 7, 5)
    assert server.process.wait(20) != 0
    server.drained()
    log = (tmp_path / "home" / "logs" / "server.log").read_text()
    assert all(kind in log for kind in ("a thread failed", "ValueError", "KeyError", "ends by an error")), log
    assert log.count("watched.py") >= 3, "where it happened"
    assert written(tmp_path / "home") == {}
    tally.add("secrets", "crashes judged", 3)


def test_a_native_crash(tmp_path: Path, workspace: Path, tally: Tally) -> None:
    """A server that native code ends leaves its stack, and none of the text."""
    import signal

    server = Server(tmp_path / "home", environment=ENVIRONMENT)
    server.begin(root=workspace)
    server.open((workspace / "app.py").as_uri(), CODE)
    server.ask("glossator/status")
    server.process.send_signal(signal.SIGSEGV)
    assert server.process.wait(20) == -signal.SIGSEGV
    server.drained()
    assert "Segmentation fault" in (tmp_path / "home" / "logs" / "server.crash.log").read_text()
    assert written(tmp_path / "home") == {}
    tally.add("secrets", "crashes judged")


MISPLACED: list[dict[str, Any]] = [
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "keyVariable": KEY}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "keyVariable": "CANARYKEY0123456789ABCDEF"}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "keyVariable": "TEAM_KEY"}},
    {"remote": {"baseUrl": f"http://me:{KEY}@127.0.0.1:9/v1"}},
    {"remote": {"baseUrl": f"http://127.0.0.1:9/v1?key={KEY}"}},
    {"remote": {"baseUrl": f"{KEY}://x"}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "apiKey": KEY}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "keyVariable": [KEY]}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "keyVariable": {"value": KEY}}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "reasoning": KEY}},
    {"remote": {"baseUrl": "http://127.0.0.1:9/v1", "timeoutSeconds": KEY}},
    {"remote": KEY},
    {"run": {"tests": KEY}},
]
"""Keys where people put them by mistake."""


def toml(tree: dict[str, Any]) -> str:
    """As it stands in `config.toml`; JSON's values are TOML's, tables apart."""
    rows = ['backend = "remote"']
    for name, value in tree.items():
        if not isinstance(value, dict):
            rows.append(f"{name} = {json.dumps(value)}")
            continue
        for key, each in value.items():
            shown = json.dumps(each) if not isinstance(each, dict) else f'{{ value = "{each["value"]}" }}'
            rows.append(f"{name}.{key} = {shown}")
    return "\n".join(rows)


@pytest.mark.parametrize("number", range(len(MISPLACED)))
def test_the_doctor(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally, times: Any) -> None:
    """What `glossator doctor` prints can be given to others, whatever was set to a key by mistake."""
    for name, value in (ENVIRONMENT | {"GLOSSATOR_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(toml(MISPLACED[number]))
    for more in ([], ["--json"])[:: times((-1) ** number * 2, 1)]:
        said = CliRunner().invoke(glossator, ["doctor", "--no-measure", *more])
        assert said.exit_code == 3, said.output
        assert canaries(said.output) == set(), said.output
    tally.add("secrets", "keys in wrong places")


def test_what_is_said_of_wrong_settings(serve: Any, tmp_path: Path, chance: random.Random, times: Any) -> None:
    """Nor does a server repeat them, in a message, a hover, its status or its log."""
    for tree in chance.sample(MISPLACED, times(2, len(MISPLACED))):
        server = serve(environment=ENVIRONMENT)
        server.begin(configuration={}, **{"backend": "remote", **tree})
        server.open("file:///code/a.py", "def f(a):\n    return a\n")
        answer = str(server.answer(server.hover("file:///code/a.py", 0, 5)))
        server.ask("glossator/status")
        assert "def f" in answer
        assert canaries(everything_heard(server)) == set(), tree
        assert server.finish() == 0
    assert written(tmp_path / "home" / "logs") == {}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The keys are in this process's environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    yield


def test_environments_of_children(loaded: None) -> None:
    """What processes of our own are given of the environment is named one by one, and holds no key."""
    assert canaries(json.dumps(environment())) == set()
    assert "PATH" in environment()
