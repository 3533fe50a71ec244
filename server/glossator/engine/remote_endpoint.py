"""Where a remote server is and what asking it needs: address, key, patience. Sends nothing.

A key is read from the environment or the system's keyring, is shown nowhere, and is sent to this one address only.
"""

from __future__ import annotations

import importlib
import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..settings import Remote
from . import EngineError

SERVICE = "glossator"  # under which the system's keyring holds keys, by the name of the variable
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server.

    Attributes:
        url: The base address, without a slash at its end.
        host: Host and port as an error names them.
        loopback: It is on this machine, so that no proxy may stand between.
        encrypted: It is asked over TLS.
        key_variable: Where the key comes from; empty: none is sent.
        key: The key.
        seconds: How long to wait for the next byte.
    """

    url: str
    host: str
    loopback: bool
    encrypted: bool
    key_variable: str = ""
    key: str = field(default="", repr=False)
    seconds: float = 60.0

    def at(self, path: str) -> str:
        """The address of one of its resources."""
        return f"{self.url}/{path}"


def endpoint_of(remote: Remote, environment: Mapping[str, str]) -> Endpoint:
    """The server that the settings name. Raises `EngineError` where they do not make sense or the key is missing."""
    url, host, loopback = _address(remote.base_url.strip())
    encrypted = url.startswith("https:")
    if not (math.isfinite(remote.timeout_seconds) and remote.timeout_seconds > 0):
        raise EngineError('"remote.timeoutSeconds" must be more than 0')
    if remote.key_variable and not encrypted and not loopback:
        raise EngineError(
            f"no key is sent to {host} unencrypted, since anyone on the way could read it; use https, or a tunnel "
            f"to a port of this machine, or set no remote.keyVariable"
        )
    key = _key(remote.key_variable, environment) if remote.key_variable else ""
    return Endpoint(url, host, loopback, encrypted, remote.key_variable, key, remote.timeout_seconds)


def _address(url: str) -> tuple[str, str, bool]:
    """The base address without a slash at its end (`/v1` where it has no path), its host and port, and whether that is
    this machine."""
    example = "for example http://127.0.0.1:8000/v1"
    if not url:
        raise EngineError(f'the backend "remote" needs "remote.baseUrl"; {example}')
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        parts, name, port = urlsplit(""), "", None
    # What two parsers could read as two hosts is not asked at all: the key must not end up with the other one.
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(name) or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise EngineError(f'"remote.baseUrl" is not an address of a server; {example}')
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise EngineError(
            '"remote.baseUrl" holds a user name, a password, "?" or "#"; keys come from remote.keyVariable'
        )
    shown = f"[{name}]" if ":" in name else name
    host = f"{shown}:{port}" if port else shown
    return f"{parts.scheme}://{host}{parts.path.rstrip('/') or '/v1'}", host, _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _key(variable: str, environment: Mapping[str, str]) -> str:
    plain = variable.isupper() and ("_" in variable or variable.isalpha())  # a key of capitals and digits is not
    named = variable if _VARIABLE.fullmatch(variable) and plain else ""
    if not _VARIABLE.fullmatch(variable):  # may well be the key itself, and is not repeated
        raise EngineError('"remote.keyVariable" is no name of an environment variable; it names one, never holds a key')
    key = (environment.get(variable, "") or _from_keyring(variable)).strip()
    place = f"the environment variable {named}" if named else 'the environment variable that "remote.keyVariable" names'
    if not key:
        raise EngineError(f"the remote server's key is not there: {place} is not set; set it where Glossator starts")
    if not _VISIBLE.fullmatch(key):
        raise EngineError(f"what {place} holds is no key: it has white space or unusual characters; set it anew")
    return key


def _from_keyring(variable: str) -> str:
    """What the system's keyring holds under this name; empty without the package `keyring`."""
    try:
        found = importlib.import_module("keyring").get_password(SERVICE, variable)
    except Exception:  # not installed, locked, no such service: each backend has errors of its own
        return ""
    return found if isinstance(found, str) else ""
