"""What a user may set: frozen classes, each field documented. Read at the edge and handed down as plain values.

Knows nothing of editors or engines. The tree is the same in `config.toml`, in `initializationOptions` and in the
editor's configuration (section `glossator`), in camelCase: `{"hover": {"waitMs": 1500}}`.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
import types
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import platformdirs


class SettingsError(ValueError):
    """A setting has the wrong name, type or value; the message names the field and what it may be."""


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
    """

    context: int = 0
    threads: int = 0
    gpu_layers: int = -1
    idle_seconds: float = 300.0


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
class Settings:
    """All settings. `{}` works.

    Attributes:
        backend: `local` (llama.cpp in a shared process), `remote` (an OpenAI-compatible server) or `scripted`
            (written answers: demonstrations and editor work without a model).
        model: A name of the catalogue or a path of a GGUF file; empty: the one chosen with `glossator model use`,
            else the default.
        script: The file of written answers for the scripted backend.
        prompts: Folder of the user's own actions; empty: `prompts` in the user's configuration folder.
        jobs: Whether the client wants `glossator/job` notifications.
        trusted: Whether the opened workspace may set what only the user may (see `MACHINE_ONLY`).
    """

    backend: Literal["local", "remote", "scripted"] = "local"
    model: str = ""
    script: str = ""
    prompts: str = ""
    jobs: bool = False
    trusted: bool = False
    hover: Hover = field(default_factory=Hover)
    remote: Remote = field(default_factory=Remote)
    local: Local = field(default_factory=Local)
    cache: Cache = field(default_factory=Cache)
    prefetch: Prefetch = field(default_factory=Prefetch)
    search: Search = field(default_factory=Search)
    run: Run = field(default_factory=Run)
    index: Index = field(default_factory=Index)


def asking(settings: Settings, model: str) -> Settings:
    """The same, with another model (a name of the catalogue, a file, or of the remote server); "": the same model."""
    if not model:
        return settings
    if settings.backend == "remote":
        return dataclasses.replace(settings, remote=dataclasses.replace(settings.remote, model=model))
    return dataclasses.replace(settings, model=model)


MACHINE_ONLY = ("backend", "model", "script", "prompts", "remote", "local", "cache", "run", "trusted")
"""What chooses a program, a file or an endpoint, or lets code be run: never taken from the opened folder unless the
user trusted it."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _read(kind: type[Any], tree: Mapping[str, Any], base: Any, where: str) -> Any:
    if not isinstance(tree, Mapping):
        raise SettingsError(f"{where or 'settings'}: expected a table, got {type(tree).__name__}")
    hints = get_type_hints(kind)
    known = {_camel(f.name): f.name for f in fields(kind)}
    changes: dict[str, Any] = {}
    for key, value in _nest(tree).items():
        place = f"{where}.{key}" if where else key
        if key not in known:
            raise SettingsError(f"{place}: no such setting; there are: {', '.join(sorted(known))}")
        name = known[key]
        if value is None:  # editors send null for "not set"
            continue
        if is_dataclass(hints[name]):
            changes[name] = _read(hints[name], value, getattr(base, name), place)
        else:
            changes[name] = _value(hints[name], value, place)
    return dataclasses.replace(base, **changes)


def _nest(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys (`hover.waitMs`) as nested tables, so that both spellings meet the same checks."""
    nested: dict[str, Any] = {}
    for key, value in tree.items():
        head, _, rest = str(key).partition(".")
        if rest:
            inner = nested.setdefault(head, {})
            if isinstance(inner, dict):
                inner[rest] = value
        elif isinstance(value, Mapping) and isinstance(nested.get(head), dict):
            nested[head].update(value)
        else:
            nested[head] = dict(value) if isinstance(value, Mapping) else value
    return nested


def _value(kind: Any, value: Any, place: str) -> Any:
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise SettingsError(f"{place}: {value!r} is not one of {', '.join(map(repr, get_args(kind)))}")
    if get_origin(kind) in (Union, types.UnionType):  # pragma: no cover - no such field today
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and all(
            isinstance(each, str) and each and "\0" not in each for each in value
        ):
            return tuple(value)
        raise SettingsError(f"{place}: expected a list of words, got {value!r}")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise SettingsError(f"{place}: expected {kind.__name__}, got {value!r}")


def merge(base: Settings, tree: Mapping[str, Any]) -> Settings:
    """`base` with what `tree` (camelCase, nested or dotted) sets. Raises `SettingsError`."""
    merged: Settings = _read(Settings, tree, base, "")
    return merged


def from_workspace(base: Settings, tree: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Like `merge`, for settings that the opened folder may have written; also returns the names not taken."""
    if base.trusted:
        return merge(base, tree), ()
    nested = _nest(tree)
    refused = tuple(sorted(key for key in nested if key in MACHINE_ONLY))
    merged = merge(base, {key: value for key, value in nested.items() if key not in refused})
    # A user who wants no other files read is not overruled by the folder that they are in.
    return (merged if base.index.enabled else dataclasses.replace(merged, index=base.index)), refused


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
    """

    config: Path
    models: Path
    cache: Path
    runtime: Path
    logs: Path


def folders(environment: Mapping[str, str] = os.environ) -> Folders:
    """The user's folders; `GLOSSATOR_HOME` moves them all under one."""
    home = environment.get("GLOSSATOR_HOME", "")
    if home:
        top = Path(home).expanduser().absolute()
        return Folders(top / "config", top / "models", top / "cache", top / "run", top / "logs")
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
        settings = merge(settings, tomllib.loads(text))
    except (tomllib.TOMLDecodeError, SettingsError) as error:
        raise SettingsError(f"{path}: {error}") from error
    changes: dict[str, Any] = {}
    if model := environment.get("GLOSSATOR_MODEL"):
        changes["model"] = model
    if idle := environment.get("GLOSSATOR_ENGINE_IDLE_SECONDS"):
        if not re.fullmatch(r"\d+(\.\d+)?", idle):
            raise SettingsError(f"GLOSSATOR_ENGINE_IDLE_SECONDS: expected seconds, got {idle!r}")
        changes["local"] = {"idleSeconds": float(idle)}
    return merge(settings, changes)
