"""Sealed tokens: a user's tokens at the backends, readable by the aggregator alone.

The aggregator keeps no users. What it needs to act for one travels with each request, encrypted
(Fernet), so that any worker can open it and nobody else can. What was opened lately is remembered
for a while: opening takes as long as all that routing does.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from cachetools import TTLCache
from cryptography.fernet import Fernet, InvalidToken

Clock = Callable[[], float]
KEY_FILE = "sealing.key"
# Of opened tokens: so many characters of them, for so many seconds after they were opened.
REMEMBERED = 4_000_000
REMEMBERED_SECONDS = 300


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


@dataclass(frozen=True)
class _Opened:
    """A login, when it was sealed (seconds since 1970), and the length of its token."""

    login: Login
    sealed_at: int
    size: int


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
        self._opened: TTLCache[bytes, _Opened] = TTLCache(
            REMEMBERED, REMEMBERED_SECONDS, time.monotonic, lambda opened: opened.size
        )
        self._lock = threading.Lock()

    def seal(self, login: Login) -> str:
        """A token for the user to send."""
        content = orjson.dumps([login.user, dict(login.tokens), list(login.unreached)])
        packed = zlib.compress(content, 9)
        return self._fernet.encrypt_at_time(packed, int(self._clock())).decode()

    def open(self, token: str) -> Login | None:
        """The login in a token; None if it has expired or is none of ours."""
        key = hashlib.sha256(token.encode()).digest()
        now = int(self._clock())
        with self._lock:
            opened = self._opened.get(key)
        if opened is not None and opened.sealed_at <= now <= opened.sealed_at + self._lifetime:
            return opened.login
        opened = self._open(token, now)
        if opened is None:
            return None
        with self._lock, suppress(ValueError):  # too large to be remembered
            self._opened[key] = opened
        return opened.login

    def _open(self, token: str, now: int) -> _Opened | None:
        try:
            packed = self._fernet.decrypt_at_time(token, self._lifetime, now)
            sealed_at = self._fernet.extract_timestamp(token)
        except (InvalidToken, ValueError):
            return None
        user, tokens, unreached = orjson.loads(zlib.decompress(packed))
        return _Opened(Login(user, tokens, tuple(unreached)), sealed_at, len(token))


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
        with suppress(FileExistsError):  # another worker was faster, and its key holds
            os.link(temporary, path)
    finally:
        temporary.unlink()
