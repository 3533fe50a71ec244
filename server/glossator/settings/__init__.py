"""What a user may set: frozen classes, each field documented. Read at the edge and handed down as plain values.

Knows nothing of editors or engines. The tree is the same in `config.toml`, in `initializationOptions` and in the
editor's configuration (section `glossator`), in camelCase: `{"hover": {"waitMs": 1500}}`.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs

from .values import SettingsError as SettingsError
from .values import nested, read, shown


@dataclass(frozen=True, slots=True)
class Hover:
    """Explanations on hover.

    Attributes:
        enabled: Whether a hover asks the model. Facts that need no model are always shown.
        wait_ms: How long a hover waits for the model, in milliseconds; -1: chosen by the client.
        max_tokens: Length of a hover's explanation in tokens.
    """

    enabled: bool = True
    wait_ms: int = -1
    max_tokens: int = 160


@dataclass(frozen=True, slots=True)
class Remote:
    """An OpenAI-compatible server. Keys come from the environment variable that `key_variable` names, never from here.

    Attributes:
        base_url: For example `http://127.0.0.1:8000/v1`.
        model: The model's name on that server; empty: the first that it lists.
        key_variable: Name of the environment variable that holds the key. Where it is not set, the system's keyring is
            asked (service `glossator`, this name) if the package `keyring` is installed. Empty: no key is sent.
        timeout_seconds: How long to wait for the next byte; 5 times that for the first one, 30 times for all of them.
        context: Context window in tokens (0: what the server says, else 8192).
        reasoning: Whether the model thinks before it answers; `auto`: judged by its name.
        prefix: How an answer is made to begin as it must: `continue` sends the beginning as an assistant's turn, which
            the server goes on with, `say` asks for it in words; `auto`: by what the server says it is.
    """

    base_url: str = ""
    model: str = ""
    key_variable: str = ""
    timeout_seconds: float = 60.0
    context: int = 0
    reasoning: Literal["auto", "yes", "no"] = "auto"
    prefix: Literal["auto", "continue", "say"] = "auto"


@dataclass(frozen=True, slots=True)
class Local:
    """The local engine.

    Attributes:
        context: Context window in tokens (0: chosen by the model and this machine).
        threads: Threads for decoding and prefill (0: measured).
        gpu_layers: Layers to offload where the build has a GPU (-1: all).
        idle_seconds: How long the engine process outlives its last client.
        reasoning: Whether a model that thinks before it answers does so; where it does not, answers come sooner.
    """

    context: int = 0
    threads: int = 0
    gpu_layers: int = -1
    idle_seconds: float = 300.0
    reasoning: bool = True


@dataclass(frozen=True, slots=True)
class Cache:
    """Remembered answers.

    Attributes:
        enabled: Whether answers are remembered on disk.
        megabytes: Size limit; the least recently used answers go first.
    """

    enabled: bool = True
    megabytes: int = 256


@dataclass(frozen=True, slots=True)
class Prefetch:
    """Work in quiet moments, before anyone asks.

    Attributes:
        mode: `read` has the model read the open file; `explain` also explains what is near the cursor; `auto` is
            `explain` on mains power and `read` on battery; `off` does neither.
        cpu_seconds: Seconds of processor time that it may use in a minute.
    """

    mode: Literal["auto", "read", "explain", "off"] = "auto"
    cpu_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Search:
    """Repairs that are searched for.

    Attributes:
        seconds: How long a repair may be searched for; the best that was found by then is offered. Where the user's
            tests are run (`run.tests`), two fifths of it are theirs.
    """

    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """What of the user's code may be run. Nothing, unless the user says so.

    Attributes:
        examples: Whether the examples of a docstring are run on edits of Python, in a child process that cannot write,
            start, signal or connect.
        tests: The words of a command that runs the user's tests on edits, started in the workspace's folder in a
            sandbox, for example `["python", "-m", "pytest", "-q"]`; empty: none are run.
    """

    examples: bool = False
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """What is known of the other files of a workspace.

    Attributes:
        enabled: Whether definitions in other files are looked up and shown to the model. The index is kept on disk.
    """

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Stats:
    """What answers cost, as `glossator stats` tells it: sums by day and action on this machine, no text.

    Attributes:
        enabled: Whether it is counted.
        watts: What a busy core of the processor draws. Energy that nothing measures is estimated with it.
    """

    enabled: bool = True
    watts: float = 6.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `{}` works.

    Attributes:
        backend: `local` (llama.cpp in a shared process), `remote` (an OpenAI-compatible server) or `scripted`
            (written answers: demonstrations and editor work without a model).
        model: A name of the catalogue or a path of a GGUF file; empty: the one chosen with `glossator model use`,
            else the default.
        script: The file of written answers for the scripted backend.
        prompts: Folder of the user's own actions; empty: `prompts` in the user's configuration folder. This, `script`
            and `model` may be relative to that folder.
        jobs: Whether the client wants `glossator/job` notifications.
        preview: Whether an edit is shown before it is applied, by clients that follow jobs.
        trusted: Whether the opened workspace may set what only the user may (see `MACHINE_ONLY`).
    """

    backend: Literal["local", "remote", "scripted"] = "local"
    model: str = ""
    script: str = ""
    prompts: str = ""
    jobs: bool = False
    preview: bool = False
    trusted: bool = False
    hover: Hover = field(default_factory=Hover)
    remote: Remote = field(default_factory=Remote)
    local: Local = field(default_factory=Local)
    cache: Cache = field(default_factory=Cache)
    prefetch: Prefetch = field(default_factory=Prefetch)
    search: Search = field(default_factory=Search)
    run: Run = field(default_factory=Run)
    index: Index = field(default_factory=Index)
    stats: Stats = field(default_factory=Stats)


def asking(settings: Settings, model: str) -> Settings:
    """The same, with another model (catalogue's name, file, remote server's); "": the same. Raises `SettingsError`."""
    if not model:
        return settings
    return merge(settings, {"remote": {"model": model}} if settings.backend == "remote" else {"model": model})


MACHINE_ONLY = ("backend", "model", "script", "prompts", "remote", "local", "cache", "run", "stats", "trusted")
"""What chooses a program, a file or an endpoint, lets code be run, or keeps something of the user: never taken from the
opened folder unless the user trusted it."""


def merge(base: Settings, tree: Mapping[str, Any]) -> Settings:
    """`base` with what `tree` (camelCase, nested or dotted) sets. Raises `SettingsError`."""
    merged: Settings = read(Settings, tree, base)
    for name in _PATHS:
        if (value := getattr(merged, name)) != getattr(base, name):
            _at_home(value, name)
    return merged


def _at_home(path: str, place: str) -> Path:
    """The path with its `~` as the folder that it means. Raises `SettingsError` where no such user has one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise SettingsError(f"{place}: there is no home folder for {shown(path)}; write the whole path") from None


def from_user(base: Settings, tree: Mapping[str, Any], folder: Path) -> Settings:
    """Like `merge`, for what the user wrote: a relative path means one in `folder`, the user's configuration folder.

    From the folder that the program happens to run in, which is often the opened one, it would be the folder's choice.
    """
    merged = merge(base, tree)
    places = {name: value for name in _PATHS if (value := getattr(merged, name)) != getattr(base, name)}
    moved: dict[str, Any] = {name: str(folder / value) for name, value in places.items() if _is_relative(name, value)}
    return dataclasses.replace(merged, **moved)


_PATHS = ("model", "script", "prompts")


def _is_relative(name: str, value: str) -> bool:
    if not value or value.startswith("~") or Path(value).is_absolute():
        return False
    return name != "model" or value.endswith(".gguf") or "/" in value or os.sep in value


def from_workspace(base: Settings, tree: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Like `merge`, for settings that the opened folder may have written; also returns the names not taken."""
    if base.trusted:
        return merge(base, tree), ()
    tables = nested(tree)
    refused = tuple(sorted(key for key in tables if key in MACHINE_ONLY))
    merged = merge(base, {key: value for key, value in tables.items() if key not in refused})
    # Who wants no other files read, nothing done in quiet moments, or to see edits first is not overruled by a folder.
    index = merged.index if base.index.enabled else base.index
    prefetch = merged.prefetch if base.prefetch.mode != "off" else base.prefetch
    return dataclasses.replace(merged, index=index, prefetch=prefetch, preview=base.preview or merged.preview), refused


# --- where things are -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Folders:
    """Where this user's files are.

    Attributes:
        config: `config.toml`, the chosen model, the user's own prompts.
        models: GGUF files.
        cache: Remembered answers and saved states.
        runtime: Sockets and locks.
        logs: Logs.
        stats: What answers cost.
    """

    config: Path
    models: Path
    cache: Path
    runtime: Path
    logs: Path
    stats: Path


def folders(environment: Mapping[str, str] = os.environ) -> Folders:
    """The user's folders; `GLOSSATOR_HOME` moves them all under one. Raises `SettingsError`."""
    home = environment.get("GLOSSATOR_HOME", "")
    if home:
        top = _at_home(home, "GLOSSATOR_HOME").absolute()
        return Folders(top / "config", top / "models", top / "cache", top / "run", top / "logs", top / "stats")
    app = platformdirs.PlatformDirs("glossator", appauthor=False)
    with warnings.catch_warnings():  # without XDG_RUNTIME_DIR it warns, and takes a private temporary folder
        warnings.simplefilter("ignore")
        runtime = app.user_runtime_path
    return Folders(
        app.user_config_path,
        app.user_data_path / "models",
        app.user_cache_path,
        runtime,
        app.user_log_path,
        app.user_data_path / "stats",
    )


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Defaults, then the user's `config.toml`, then the environment. Raises `SettingsError` naming file and field."""
    path = folders(environment).config / "config.toml"
    settings = Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        settings = from_user(settings, tomllib.loads(text), path.parent)
    except RecursionError:
        raise SettingsError(f"{path}: nested too deep") from None
    except ValueError as error:  # a number of thousands of digits is one that no TOML error tells
        raise SettingsError(f"{path}: {error}") from error
    changes: dict[str, Any] = {}
    if model := environment.get("GLOSSATOR_MODEL"):
        changes["model"] = model
    if idle := environment.get("GLOSSATOR_ENGINE_IDLE_SECONDS"):
        if not re.fullmatch(r"\d+(\.\d+)?", idle):
            raise SettingsError(f"GLOSSATOR_ENGINE_IDLE_SECONDS: expected seconds, got {idle!r}")
        changes["local"] = {"idleSeconds": float(idle)}
    return merge(settings, changes)
