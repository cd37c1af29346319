"""Addresses of servers that move to other ports, wherever they stand in a configuration."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from scripts.federation.servers import EVERYWHERE

Place = tuple[str, int]
"""Host and port of a server."""

_SAME = {**EVERYWHERE, "localhost": "127.0.0.1", "::1": "127.0.0.1"}


def place(host: str, port: int) -> Place:
    """A server's place; this machine is the same by whatever name."""
    return _SAME.get(host, host), port


def readdressed(value: Any, moves: Mapping[Place, int]) -> Any:
    """The value with the new port in each URL and HOST:PORT that leads to one of the places."""
    if isinstance(value, Mapping):
        return {key: readdressed(inner, moves) for key, inner in value.items()}
    if isinstance(value, list):
        return [readdressed(inner, moves) for inner in value]
    return _readdressed(value, moves) if isinstance(value, str) else value


def _readdressed(text: str, moves: Mapping[Place, int]) -> str:
    parts = _parts(text)
    if parts is None or parts.hostname is None or parts.port is None:
        return text
    port = moves.get(place(parts.hostname, parts.port))
    if port is None:
        return text
    old = parts.netloc
    return text.replace(old, old.removesuffix(str(parts.port)) + str(port), 1)


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        return parts if parts.port else None
    except ValueError:
        return None
