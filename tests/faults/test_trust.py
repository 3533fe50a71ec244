"""A folder that somebody prepared: nothing of it is run, nothing goes where it says, nothing outside of it is read."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glossator.action.new_tests import test_file as place_for_tests
from glossator.settings import MACHINE_ONLY, Settings, SettingsError, from_workspace

from .fakes import fake
from .hostile import MODULES, OUTSIDE, Hostile
from .tally import Tally
from .watched import STARTS
from .watching import Watched, plan

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="links, pipes and programs as POSIX has them"),
    pytest.mark.faults,
]

Tree = dict[str, Any]


# --- settings ---------------------------------------------------------------------------------------------------------

EVIL: Tree = {
    "backend": "remote",
    "model": "/tmp/evil.gguf",
    "script": "/tmp/evil.toml",
    "prompts": "/tmp/prompts",
    "trusted": True,
    "remote": {"baseUrl": "http://evil.example", "model": "evil", "keyVariable": "AWS_SECRET_ACCESS_KEY"},
    "local": {"threads": 99, "idleSeconds": 0.5},
    "cache": {"enabled": False, "megabytes": 1},
    "run": {"examples": True, "tests": ["sh", "-c", "id"]},
}
FINE: Tree = {"hover": {"enabled": False, "waitMs": 5}, "jobs": True, "prefetch": {"mode": "off"}}


def spelled(tree: Tree, chance: random.Random) -> Tree:
    """The same settings in one of the many ways in which they can be written."""
    found: Tree = {}
    items = list(tree.items())
    chance.shuffle(items)
    for key, value in items:
        parts = list(spelled(value, chance).items()) if isinstance(value, dict) else []
        if parts and chance.random() < 0.5:
            at = chance.randrange(len(parts) + 1)  # some dotted, some nested
            found |= {f"{key}.{name}": inner for name, inner in parts[:at]}
            if parts[at:]:
                found[key] = dict(parts[at:])
        elif parts and chance.random() < 0.2:
            found[f"{key}."] = dict(parts)
        else:
            found[key] = dict(parts) if parts else value
    return found


def sample(chance: random.Random) -> Tree:
    """Some of what a folder would like to set, among what it may."""
    both = list((EVIL | FINE).items())
    return spelled(dict(chance.sample(both, chance.randint(1, len(both)))), chance)


def test_settings_of_a_folder(chance: random.Random, tally: Tally, times: Any) -> None:
    """However it is written, what only the user may set stays as it was, unless the user trusts the folder."""
    base, trusted = Settings(), Settings(trusted=True)
    moved = 0
    for _ in range(times(1000, 100_000)):
        tree = sample(chance)
        tally.add("trust", "trees of settings")
        try:
            changed, refused = from_workspace(base, tree)
        except SettingsError:
            continue
        assert all(getattr(changed, name) == getattr(base, name) for name in MACHINE_ONLY), tree
        assert set(refused) <= set(MACHINE_ONLY)
        moved += from_workspace(trusted, tree)[0] != trusted
    assert moved > 100


# --- a server in it ---------------------------------------------------------------------------------------------------


@pytest.fixture
def evil() -> Iterator[Any]:
    """Where the folder would have everything sent."""
    with fake.FakeEndpoint() as server:
        yield server
        assert [each.path for each in (*server.requests, *server.others)] == []


@pytest.fixture
def hostile(tmp_path: Path, evil: Any) -> Iterator[Hostile]:
    """The folder; at the end nothing of it has run."""
    found = Hostile(tmp_path, evil.url)
    yield found
    assert found.has_run() == []


def test_the_traps_work(tmp_path: Path) -> None:
    """What is imported or started there does leave a trace, and a link does lead outside."""
    trap = Hostile(tmp_path, "http://127.0.0.1:9/v1")
    subprocess.run([sys.executable, "-c", "import json, llama_cpp"], cwd=trap.root, check=False, capture_output=True)
    subprocess.run(["git"], cwd=trap.root, env={"PATH": trap.path}, check=False)
    assert {"llama_cpp.py", "json.py"} <= set(trap.has_run())
    assert any(name.endswith("git") for name in trap.has_run())
    assert OUTSIDE in (trap.root / "linked.py").read_text()


def wait_for_configuration(server: Any, configuration: Any) -> None:
    """Have the server ask for its section again, and answer."""
    asked = sum(each["method"] == "workspace/configuration" for each in server.questions)
    server.replies["workspace/configuration"] = lambda params: [configuration]
    server.notify("workspace/didChangeConfiguration", {"settings": {"glossator": configuration}})
    server.until(lambda: sum(each["method"] == "workspace/configuration" for each in server.questions) > asked)
    server.ask("glossator/status")


def test_a_server_in_it(
    serve: Any, hostile: Hostile, tmp_path: Path, *, chance: random.Random, tally: Tally, times: Any
) -> None:
    """Explaining, editing and compiling there asks the user's own server alone, starts the user's own programs alone,
    and shows nothing from outside, whatever the folder's settings say."""
    watched = plan(tmp_path / "plan")
    environment = {"PATH": hostile.path, "MY_KEY": "sk-mine", "PWD": str(hostile.root)}
    with fake.FakeEndpoint(fake.said("It does.")) as mine:
        remote = {"baseUrl": mine.url, "model": "mine", "keyVariable": "MY_KEY"}
        server = serve(program=watched.program(), cwd=hostile.root, environment=environment)
        server.replies["workspace/applyEdit"] = lambda params: {"applied": True}
        server.begin(backend="remote", remote=remote, root=hostile.root, configuration=EVIL, hover={"waitMs": 20000})
        said = ("backend", "model")
        server.open("file:///code/plain.py", "def plain(a):\n    return a\n")
        assert "It does" in str(server.answer(server.hover("file:///code/plain.py", 0, 5))), "the engine is open"
        before = {name: server.ask("glossator/status")[name] for name in said}
        files = {name: (hostile.root / name).read_text() for name in ("app.py", "app.c", "app.js")}
        uris = {name: (hostile.root / name).as_uri() for name in files}
        for name, language in (("app.py", "python"), ("app.c", "c"), ("app.js", "javascript")):
            server.open(uris[name], files[name], language=language)
        row = files["app.py"].splitlines().index("def total(values):")
        for _ in range(times(20, 300)):
            wait_for_configuration(server, sample(chance))
            tally.add("trust", "configurations sent")
            assert {name: server.ask("glossator/status")[name] for name in said} == before
        wait_for_configuration(server, {})
        server.indexed()
        assert "It does" in str(server.answer(server.hover(uris["app.py"], row, 5)))
        assert "friendly" in str(mine.requests[-1].json), "what may be shown is shown"
        for name, code in (
            ("app.py", "def total(values):\n    return 1\n"),
            ("app.c", "int total(int a) {\n    return 2 + a;\n}\n"),
            ("app.js", "function total(a) {\n  return 2 + a;\n}\n"),
        ):
            mine.answers[:] = [fake.said(f"```\n{code}```")]
            line = row if name == "app.py" else 0
            assert server.over(server.run("refactor", uris[name], line, 9))["state"] in ("done", "refused")
            tally.add("trust", "edits in a hostile folder")
        mine.answers[:] = [fake.said("```python\ndef test_total():\n    assert total([])\n```")]
        server.over(server.run("write_tests", uris["app.py"], row, 5))
        sent = json.dumps([each.json for each in (*mine.requests,)])
        created = json.dumps([each["params"] for each in server.questions if each["method"] == "workspace/applyEdit"])
        assert server.finish() == 0
    assert OUTSIDE not in sent and "EVIL" not in sent
    assert str(hostile.outside) not in created
    assert {each.headers.get("authorization") for each in mine.requests} == {"Bearer sk-mine"}
    judge(watched, hostile, mine.port, tally)
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and OUTSIDE.encode() in path.read_bytes()]
    assert kept == []


def judge(watched: Watched, hostile: Hostile, port: int, tally: Tally) -> None:
    """What the audit hook saw is what may be."""
    for path, *_ in watched.events("open"):
        assert not Path(os.path.realpath(path)).is_relative_to(hostile.outside), path
        tally.add("trust", "opened files judged")
    assert watched.strangers() == []
    for given in watched.events("socket.connect"):
        assert given[0][:2] == ["127.0.0.1", port] or isinstance(given[0], str), given
        tally.add("trust", "calls judged")
    started = [given[1] for given in watched.events("subprocess.Popen")]
    for command in started:
        own = command[0] == sys.executable and "-P" in command
        program = Path(os.path.realpath(command[0]))
        assert own or (Path(command[0]).is_absolute() and not program.is_relative_to(hostile.root)), command
        tally.add("trust", "processes judged")
    assert list(watched.events(*(set(STARTS) - {"subprocess.Popen"}))) == [], "nothing is started past what was judged"


@pytest.mark.parametrize("way", ["the script", "the module"])
def test_modules_beside_the_code(
    serve: Any, hostile: Hostile, tmp_path: Path, *, gguf: Callable[[], bytes], way: str, tally: Tally
) -> None:
    """A server that is started in the folder, and the real engine process that it starts, import nothing from there."""
    script = Path(sys.executable).with_name("glossator")
    if way == "the script" and not script.exists():
        pytest.skip("no console script is installed")
    (tmp_path / "home" / "models").mkdir(parents=True)
    model = tmp_path / "home" / "models" / "tiny.gguf"
    model.write_bytes(gguf())
    command = [str(script), "serve"] if way == "the script" else ()
    server = serve(command=command, cwd=hostile.root, environment={"PATH": hostile.path})
    server.begin(backend="local", model=str(model), root=hostile.root, hover={"waitMs": 30000})
    uri = (hostile.root / "friend.py").as_uri()
    server.open(uri, (hostile.root / "friend.py").read_text())
    told = str(server.answer(server.hover(uri, 0, 5), 60))
    assert "friendly" in told
    if importlib.util.find_spec("llama_cpp"):
        assert "No explanation" in told or "tiny.gguf" in told
    log = (tmp_path / "home" / "logs" / "engine.log").read_text()
    assert "engine for tiny starts" in log, "the real engine process was started"
    assert server.finish() == 0
    tally.add("trust", "modules planted", len(MODULES))


@pytest.mark.parametrize("arguments", [["explain", "friend.py:friendly"], ["context", "app.py:total"], ["cache"]])
def test_the_shell_in_it(hostile: Hostile, tmp_path: Path, arguments: list[str], tally: Tally) -> None:
    """A command that is run in the folder takes no setting, module, program or answer from it."""
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "config" / "answers.toml").write_text("[[answer]]\nmatch = ''\ntext = 'It does.'\n")
    (home / "config" / "config.toml").write_text('backend = "scripted"\nscript = "answers.toml"\n')
    watched = plan(tmp_path / "plan")
    ran = subprocess.run(
        [sys.executable, "-P", *watched.program(*arguments)],
        cwd=hostile.root,
        env={**os.environ, "PATH": hostile.path, "GLOSSATOR_HOME": str(home)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = (ran.stdout + ran.stderr).decode()
    assert (ran.returncode, "Traceback" in said) == (2 if arguments == ["cache"] else 0, False), said
    assert "EVIL" not in said and OUTSIDE not in said
    judge(watched, hostile, 0, tally)


def test_a_cache_in_the_folder(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Answers that somebody remembered for the very same code, and left in the folder, are not told."""
    script = "[[answer]]\nmatch = ''\ntext = 'It does.'\n"
    first = serve()
    trap = Hostile(tmp_path / "trap", "http://127.0.0.1:9/v1")
    uri, code = (trap.root / "friend.py").as_uri(), (trap.root / "friend.py").read_text()
    first.begin(script.replace("It does.", "EVIL ANSWER"), root=trap.root)
    first.open(uri, code)
    assert "EVIL ANSWER" in str(first.answer(first.hover(uri, 0, 5)))
    assert first.finish() == 0
    trap.cache_from(tmp_path / "home")
    for each in ("cache", "logs"):
        (tmp_path / "home" / each).rename(tmp_path / f"old-{each}")
    second = serve(cwd=trap.root, environment={"PATH": trap.path})
    second.begin(script, root=trap.root)
    second.open(uri, code)
    assert "It does" in str(second.answer(second.hover(uri, 0, 5)))
    assert second.finish() == 0


def test_tests_are_not_written_outside(tmp_path: Path) -> None:
    """A folder for tests that is a link to somewhere else is not the project's."""
    trap = Hostile(tmp_path, "http://127.0.0.1:9/v1")
    found = Path(os.path.normpath(trap.root / place_for_tests(str(trap.root / "app.py"), "total", "python")))
    assert Path(os.path.realpath(found)).is_relative_to(os.path.realpath(trap.root))
