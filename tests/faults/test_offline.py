"""Without any network local mode is whole: nobody but this machine is ever called, whatever the proxies say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .fakes import fake
from .tally import Tally
from .watched import NETS
from .watching import Watched, plan

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="sockets as POSIX has them"),
    pytest.mark.faults,
]

CODE = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"
SCRIPT = """
[[answer]]
match = '(?i)explain|what'
text = 'It adds.'
[[answer]]
match = ''
text = '''```python
def total(values):
    return sum(values)
```'''
"""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
ACTIONS = ["explain", "refactor", "fix", "document", "annotate", "simplify", "write_tests", "find_bugs", "ask"]


FAR = "http://me:key@192.0.2.1:9"  # a proxy of another machine: a call to it is a call to a stranger


def through(proxy: str) -> dict[str, str]:
    """The variables that name a proxy for everything."""
    return dict.fromkeys(PROXIES, proxy) | {"NO_PROXY": "", "no_proxy": ""}


@pytest.fixture
def proxies() -> Iterator[dict[str, str]]:
    """Variables that name a proxy of this machine, which must hear nothing."""
    with fake.FakeEndpoint() as proxy:
        yield through(f"http://me:key@127.0.0.1:{proxy.port}")
        assert [each.path for each in (*proxy.requests, *proxy.others)] == []


def nobody_was_called(watched: Watched) -> None:
    """The hook saw no call to a stranger, and no process could make one. Skips where there were no walls for those."""
    assert watched.strangers() == []
    if not watched.walls():
        pytest.skip("no empty network here (unshare is refused): seen by the audit hook alone, which holds no children")


@pytest.mark.parametrize("engine", ["a script", "a process"])
def test_local_mode(serve: Any, tmp_path: Path, *, engine: str, tally: Tally) -> None:
    """Hovers, menus, every action, the index and the status work where there is no network at all."""
    talker: dict[str, Any] = {} if engine == "a script" else {"talker": "soaking", "talk": {"remembered": True}}
    watched = plan(tmp_path / "plan", offline=True, **talker)
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text(CODE)
    server = serve(program=watched.program(), cwd=root, environment=through(FAR))
    server.replies["workspace/applyEdit"] = lambda params: {"applied": True}
    server.begin(SCRIPT, root=root, hover={"waitMs": 20000})
    uri = (root / "a.py").as_uri()
    server.open(uri, CODE)
    server.indexed()
    assert "total" in str(server.answer(server.hover(uri, 0, 5)))
    assert server.answer(server.menu(uri, 0, 5))["result"]
    for action in ACTIONS:
        last = server.over(server.run(action, uri, 0, 5, instruction="What is it?"), 30)
        assert last["state"] in ("done", "refused"), last
        tally.add("offline", "actions")
    assert server.ask("glossator/status")["engine"]["state"] == "idle"
    assert server.finish() == 0
    tally.add("offline", "calls to this machine judged", sum(1 for _ in watched.events(*NETS)))
    nobody_was_called(watched)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["explain", "a.py:total"], 0),
        (["refactor", "a.py:total"], 0),
        (["gloss", ".", "--html", "out"], 0),
        (["context", "a.py:total"], 0),
        (["doctor", "--no-measure"], 0),
        (["model", "list"], 0),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_the_shell(tmp_path: Path, *, arguments: list[str], code: int, tally: Tally) -> None:
    """So do the commands of the shell."""
    watched = plan(tmp_path / "plan", offline=True)
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    (config / "answers.toml").write_text(SCRIPT[SCRIPT.rindex("[[answer]]") :])
    (config / "config.toml").write_text('backend = "scripted"\nscript = "answers.toml"\n')
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text(CODE)
    said = subprocess.run(
        [sys.executable, "-P", *watched.program(*arguments)],
        cwd=root,
        env={**os.environ, **through(FAR), "GLOSSATOR_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == code, said.stdout + said.stderr
    tally.add("offline", "commands")
    nobody_was_called(watched)


def test_the_walls_hold(serve: Any, tmp_path: Path) -> None:
    """What does call somebody is seen and refused here, so that the other tests can fail."""
    watched = plan(tmp_path / "plan", offline=True)
    server = serve(program=watched.program(), environment=dict.fromkeys(PROXIES, ""))
    server.begin(backend="remote", remote={"baseUrl": "http://192.0.2.7:80/v1", "model": "m"}, hover={"waitMs": 20000})
    server.open("file:///code/a.py", CODE)
    assert "No explanation" in str(server.answer(server.hover("file:///code/a.py", 0, 5), 40))
    assert server.finish() == 0
    assert watched.strangers()
    assert len(list(watched.events("walls"))) == 1


def test_who_is_a_stranger(tmp_path: Path) -> None:
    """Calls, look-ups and packets are judged by the machine that they name; the proxy's is another."""
    near: list[list[Any]] = [
        ["socket.connect", "/run/a.sock"],
        ["socket.connect", ["127.0.0.1", 9]],
        ["socket.connect", ["::1", 9, 0, 0]],
        ["socket.sendmsg", None],
        ["socket.getaddrinfo", "localhost", 9, 0, 1, 0],
        ["socket.getaddrinfo", None, 9, 0, 1, 0],
    ]
    far: list[list[Any]] = [
        *([name, ["192.0.2.1", 9]] for name in NETS if not name.startswith("socket.get")),
        ["socket.bind", ["", 9]],
        ["socket.getaddrinfo", "evil.example", 9, 0, 1, 0],
        ["socket.gethostbyname", "192.0.2.1"],
        ["socket.gethostbyaddr", "evil.example"],
        ["socket.getnameinfo", ["192.0.2.1", 9]],
    ]
    watched = plan(tmp_path / "plan")
    watched.log.write_text("".join(json.dumps(each) + "\n" for each in near + far))
    assert sorted(name for name, _ in watched.strangers()) == sorted(each[0] for each in far)


def test_a_server_of_this_machine_needs_no_proxy(serve: Any, tmp_path: Path, proxies: dict[str, str]) -> None:
    """The backend `remote` on a port of this machine is called there, not through what the variables name."""
    watched = plan(tmp_path / "plan")
    with fake.FakeEndpoint(fake.said("It adds.")) as mine:
        server = serve(program=watched.program(), environment=proxies)
        server.begin(backend="remote", remote={"baseUrl": mine.url, "model": "tiny"}, hover={"waitMs": 20000})
        server.open("file:///code/a.py", CODE)
        assert "It adds" in str(server.answer(server.hover("file:///code/a.py", 0, 5)))
        assert server.finish() == 0
        assert len(mine.requests) == 1
    assert watched.strangers() == []
