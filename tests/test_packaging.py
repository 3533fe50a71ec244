"""What is shipped works by itself: no checkout beside it, prompts inside, a lock that anyone can use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as a user gets it: checkout -> sdist -> wheel -> installed, nothing else of ours."""
    assert UV, "uv is not on PATH; it is how this project is built"
    top = tmp_path_factory.mktemp("package")
    subprocess.run([UV, "build", "-q", "--out-dir", top / "dist", ROOT], check=True, timeout=300)
    wheel, sdist = next((top / "dist").glob("*.whl")), next((top / "dist").glob("*.tar.gz"))
    subprocess.run(["tar", "-xzf", sdist, "-C", top], check=True)
    for part in ("server", "prompts"):
        assert (top / sdist.name.removesuffix(".tar.gz") / part).is_dir()
    target = top / "site"
    command = [UV, "pip", "install", "-q", "--no-deps", "--python", sys.executable, "--target", target, wheel]
    subprocess.run(command, check=True, timeout=300)
    return target


def glossator(installed: Path, home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed), "GLOSSATOR_HOME": str(home), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "glossator", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, timeout=120, check=False)


def test_wheel_is_whole(installed: Path, tmp_path: Path) -> None:
    """The installed package finds its own prompts, queries and catalogue, not the checkout's."""
    code = (
        "import glossator; from glossator.action import catalogue; from glossator.models import catalogue as m;"
        "from glossator.site import frame; assert frame.policy();"
        "print(glossator.__file__); print(catalogue.prompts_folder()); print(len(m.cards()))"
    )
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    package, prompts, cards = done.stdout.splitlines()
    assert Path(package).is_relative_to(installed)
    assert Path(prompts).is_relative_to(installed)
    assert int(cards) >= 3


def test_wheel_answers(installed: Path, tmp_path: Path) -> None:
    """The installed package parses, prompts and answers with no checkout around it."""
    (tmp_path / "config").mkdir()
    script = tmp_path / "script.toml"
    script.write_text('[[answer]]\ntext = "It adds two numbers."\n')
    (tmp_path / "config" / "config.toml").write_text(f"backend = 'scripted'\nscript = '{script}'\n")
    (tmp_path / "sum.py").write_text("def add(a, b):\n    return a + b\n")
    done = glossator(installed, tmp_path, "explain", "sum.py:add")
    assert (done.returncode, done.stdout.strip()) == (0, "It adds two numbers.")


def locked() -> dict[str, tuple[str, int]]:
    """Package -> (version, number of hashes) of the lock."""
    text = (ROOT / "requirements.lock").read_text()
    entries = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)((?:.*\\\n)+.*)", text, re.M)
    return {name: (version, rest.count("--hash=sha256:")) for name, version, rest in entries}


def test_lock_satisfies_the_ranges() -> None:
    """Every dependency is locked at a version inside its range, with hashes and without addresses."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    found = locked()
    for requirement in map(Requirement, wanted):
        version, hashes = found[requirement.name]
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"
        assert hashes
    assert "://" not in (ROOT / "requirements.lock").read_text()
