"""Sealed tokens: a user's tokens at the backends, readable by the aggregator alone.

The aggregator keeps no users. What it needs to act for one travels with each request, encrypted
(Fernet), so that any worker can open it and nobody else can.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.fernet import Fernet, InvalidToken

Clock = Callable[[], float]
KEY_FILE = "sealing.key"


class SealingKeyError(Exception):
    """The key that seals tokens cannot be read or made."""


@dataclass(frozen=True)
class Login:
    """A user with the token of each place (a backend at an address) that let them in.

    `unreached` are the backends that could not be asked.
    """

    user: str
    tokens: Mapping[str, str]
    unreached: tuple[str, ...] = ()


class Sealer:
    """Seals logins into tokens, and opens those that are not older than `lifetime` seconds."""

    def __init__(self, key: str | bytes, lifetime: float, clock: Clock) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SealingKeyError(
                "the sealing key must be 32 bytes in URL-safe base64 (44 characters)"
            ) from error
        self._lifetime, self._clock = int(lifetime), clock

    def seal(self, login: Login) -> str:
        """A token for the user to send."""
        content = orjson.dumps([login.user, dict(login.tokens), list(login.unreached)])
        packed = zlib.compress(content, 9)
        return self._fernet.encrypt_at_time(packed, int(self._clock())).decode()

    def open(self, token: str) -> Login | None:
        """The login in a token; None if it has expired or is none of ours."""
        try:
            packed = self._fernet.decrypt_at_time(token, self._lifetime, int(self._clock()))
        except (InvalidToken, ValueError):
            return None
        user, tokens, unreached = orjson.loads(zlib.decompress(packed))
        return Login(user, tokens, tuple(unreached))


def sealing_key(configured: str | None, directory: Path) -> str:
    """The configured key, or the one in the directory, which is made if there is none.

    Of several workers that start at once one makes it; only the owner of the file can read it.
    """
    if configured:
        return configured
    path = directory / KEY_FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SealingKeyError(f"{path} cannot be read or made: {error}") from error


def _make(path: Path) -> None:
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
