"""Settings: what a user may write, and what an opened folder may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from glossator.settings import MACHINE_ONLY, Settings, SettingsError, folders, from_workspace, load, merge


def test_empty_tree_works() -> None:
    """`{}` gives the defaults."""
    assert merge(Settings(), {}) == Settings()


@pytest.mark.parametrize("tree", [{"hover": {"waitMs": 1500}}, {"hover.waitMs": 1500}])
def test_both_spellings(tree: dict[str, object]) -> None:
    """A nested and a dotted key mean the same."""
    assert merge(Settings(), tree).hover.wait_ms == 1500


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"hover": {"waitMs": "long"}}, "hover.waitMs"),
        ({"hover": 3}, "hover"),
        ({"hover": {"wait": 1}}, "hover.wait"),
        ({"backend": "cloud"}, "backend"),
        ({"hover": {"enabled": 1}}, "hover.enabled"),
        ({"cache": {"megabytes": True}}, "cache.megabytes"),
        ({"run": {"tests": "pytest -q"}}, "run.tests"),
        ({"run": {"tests": ["pytest", 1]}}, "run.tests"),
        ({"run": {"tests": ["pytest", ""]}}, "run.tests"),
        ({"run": {"tests": ["pytest\0"]}}, "run.tests"),
        ({"search": {"seconds": 10**400}}, "search.seconds"),
        ({"search": {"seconds": float("nan")}}, "search.seconds"),
        ({"hover": {"waitMs": float("inf")}}, "hover.waitMs"),
        ({"cache": {"megabytes": 2**31}}, "cache.megabytes"),
        ({"local": {"threads": -2}}, "local.threads"),
        ({"script": "answers\0.toml"}, "script"),
        ({"prompts": "~nobody-of-this-name/prompts"}, "prompts"),
    ],
)
def test_errors_name_the_field(tree: dict[str, object], place: str) -> None:
    """A wrong name, type or value is refused with the field's place."""
    with pytest.raises(SettingsError, match=place.replace(".", r"\.")):
        merge(Settings(), tree)


@pytest.mark.parametrize(
    "tree",
    [
        {"model": "/tmp/evil.gguf"},
        {"remote": {"baseUrl": "http://attacker.example/v1"}},
        {"remote.baseUrl": "http://attacker.example/v1"},
        {"backend": "remote"},
        {"prompts": "./prompts"},
        {"trusted": True},
        {"stats": {"enabled": True}},
        {"run": {"examples": True}},
        {"run.examples": True},
        {"run": {"tests": ["sh", "evil"]}},
        {"run.tests": ["sh", "evil"]},
    ],
)
def test_a_folder_chooses_no_machine_setting(tree: dict[str, object]) -> None:
    """What chooses a program, a file or an endpoint is not taken from an untrusted folder, in any spelling."""
    settings, refused = from_workspace(Settings(), tree)
    assert settings == Settings()
    assert refused
    assert set(refused) <= set(MACHINE_ONLY)


def test_a_folder_may_set_the_rest() -> None:
    """Harmless settings come from the folder while its dangerous ones are left out."""
    settings, refused = from_workspace(Settings(), {"hover": {"enabled": False}, "model": "x"})
    assert not settings.hover.enabled
    assert refused == ("model",)


def test_a_folder_begins_nothing_in_quiet_moments() -> None:
    """Work ahead that the user has switched off is not switched on by a folder; what it switches off is off."""
    off = merge(Settings(), {"prefetch": {"mode": "off"}})
    assert from_workspace(off, {"prefetch": {"mode": "explain", "cpuSeconds": 60}})[0].prefetch == off.prefetch
    assert from_workspace(Settings(), {"prefetch": {"mode": "off"}})[0].prefetch.mode == "off"


def test_a_folder_takes_no_preview_away() -> None:
    """Who wants to see edits first sees them in every folder; a folder may ask for it."""
    assert from_workspace(Settings(preview=True), {"preview": False})[0].preview
    assert from_workspace(Settings(), {"preview": True})[0].preview


def test_words_of_a_command() -> None:
    """A list of words is taken as it is; an empty one runs nothing."""
    assert merge(Settings(), {"run": {"tests": ["sh", "-c", "exit 0"]}}).run.tests == ("sh", "-c", "exit 0")
    assert merge(Settings(), {"run.tests": []}).run.tests == ()


def test_trusted_folder() -> None:
    """A trusted folder may set everything."""
    assert from_workspace(Settings(trusted=True), {"model": "x"})[0].model == "x"


def test_home_moves_everything(tmp_path: Path) -> None:
    """`GLOSSATOR_HOME` moves cache, models, sockets and configuration under one folder."""
    places = folders({"GLOSSATOR_HOME": str(tmp_path)})
    assert all(
        tmp_path in place.parents for place in (places.config, places.models, places.cache, places.runtime, places.logs)
    )


def test_user_file_and_environment(tmp_path: Path) -> None:
    """The environment goes over `config.toml`, which goes over the defaults."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text('model = "a"\n[hover]\nwaitMs = 7\n')
    environment = {"GLOSSATOR_HOME": str(tmp_path), "GLOSSATOR_MODEL": "b", "GLOSSATOR_ENGINE_IDLE_SECONDS": "0"}
    settings = load(environment)
    assert (settings.model, settings.hover.wait_ms, settings.local.idle_seconds) == ("b", 7, 0.0)


@pytest.mark.parametrize("text", ["model = ", "model = 3", "[hover]\nwait = 1"])
def test_a_broken_user_file_is_named(tmp_path: Path, text: str) -> None:
    """An unreadable `config.toml` is an error that names the file."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load({"GLOSSATOR_HOME": str(tmp_path)})


def test_idle_seconds_must_be_a_number() -> None:
    """A wrong environment variable is an error that names it."""
    with pytest.raises(SettingsError, match="GLOSSATOR_ENGINE_IDLE_SECONDS"):
        load({"GLOSSATOR_HOME": "/nonexistent", "GLOSSATOR_ENGINE_IDLE_SECONDS": "soon"})


def test_a_path_of_the_user_is_not_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path in the user's file means a place beside that file, wherever the program was started."""
    (tmp_path / "home" / "config").mkdir(parents=True)
    (tmp_path / "home" / "config" / "config.toml").write_text(
        'model = "models/mine.gguf"\nscript = "demo.toml"\nprompts = "actions"\n'
    )
    hostile = tmp_path / "project"
    hostile.mkdir()
    monkeypatch.chdir(hostile)
    found = load({"GLOSSATOR_HOME": str(tmp_path / "home")})
    config = tmp_path / "home" / "config"
    assert (found.model, found.script, found.prompts) == (
        str(config / "models" / "mine.gguf"),
        str(config / "demo.toml"),
        str(config / "actions"),
    )
    (config / "config.toml").write_text('model = "qwen3-0.6b"\nscript = "~/demo.toml"\n')
    assert load({"GLOSSATOR_HOME": str(tmp_path / "home")}).model == "qwen3-0.6b"
    assert load({"GLOSSATOR_HOME": str(tmp_path / "home")}).script == "~/demo.toml"


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000, "~nobody-of-this-name"])
def test_what_toml_cannot_hold(tmp_path: Path, value: str) -> None:
    """Numbers and nestings beyond what can be read, and a home that nobody has, are told like any other mistake."""
    place = tmp_path / "config"
    place.mkdir()
    (place / "config.toml").write_text(f"model = {value}\n")
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load({"GLOSSATOR_HOME": str(tmp_path)})
    with pytest.raises(SettingsError, match="GLOSSATOR_HOME"):
        folders({"GLOSSATOR_HOME": "~nobody-of-this-name"})
