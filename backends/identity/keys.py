"""The keys that sign: persisted, replaced from time to time, published while they are needed.

There are always two keys to come: the one that signs now, and the one that will
sign next, which is published already so that whoever verifies tokens knows it
when its time has come. A key that signs no more stays published until the last
token that it signed has expired.
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import KeySet, RSAKey

ALGORITHM: Final = "RS256"
BITS: Final = 2048
_PUBLIC: Final = ("kty", "use", "alg", "kid", "n", "e")


class KeyFileError(Exception):
    """The file of keys cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class _Key:
    """A key and the times, in seconds since 1970, at which it began and ceased to sign."""

    jwk: Mapping[str, Any]
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class _Ring:
    old: tuple[_Key, ...]
    current: _Key
    following: _Key

    def turned(self, now: float, keep: float) -> "_Ring":
        """The next key signs; of the old ones those are left that tokens may still need."""
        retired = (*self.old, replace(self.current, until=now))
        needed = tuple(key for key in retired if (key.until or 0.0) + keep > now)
        return _Ring(needed, replace(self.following, since=now), _new_key())

    @property
    def keys(self) -> tuple[_Key, ...]:
        return (*self.old, self.current, self.following)


class Keyring:
    """The keys in one file, which several processes may rotate and read.

    ``lifetime`` is how long a key signs, ``keep`` how long it is published
    afterwards, both in seconds. Raises ``KeyFileError`` for a file that is none.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], float], lifetime: float, keep: float
    ) -> None:
        self._path = path
        self._clock = clock
        self._lifetime = lifetime
        self._keep = keep
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._loaded: tuple[object, KeySet] = (None, KeySet([]))
        self._ring = self._made()

    def signing(self) -> KeySet:
        """The key that signs now."""
        jwk = self._now().current.jwk
        known, keys = self._loaded
        if known != jwk["kid"]:  # reading a private key takes 40 ms
            keys = KeySet([RSAKey.import_key(dict(jwk))])
            self._loaded = (jwk["kid"], keys)
        return keys

    def published(self) -> list[dict[str, Any]]:
        """The public halves of all keys that somebody may need (RFC 7517)."""
        now = self._clock()
        return [
            {name: value for name, value in key.jwk.items() if name in _PUBLIC}
            for key in self._now().keys
            if key.until is None or key.until + self._keep > now
        ]

    def verifying(self) -> KeySet:
        """The public keys, for checking tokens that were signed here."""
        return KeySet.import_key_set({"keys": self.published()})

    def rotate(self) -> str:
        """Let the next key sign from now on; gives its id."""
        with self._lock, self._alone():
            self._ring = self._written(self._read().turned(self._clock(), self._keep))
            return str(self._ring.current.jwk["kid"])

    def _now(self) -> _Ring:
        """The keys as they are in the file, after a rotation if one is due."""
        with self._lock:
            if self._stamp != self._stamp_of_file():
                with self._alone():
                    self._ring = self._read()
            if self._is_due(self._ring):
                with self._alone():
                    ring = self._read()
                    turned = ring.turned(self._clock(), self._keep) if self._is_due(ring) else ring
                    self._ring = self._written(turned)
            return self._ring

    def _is_due(self, ring: _Ring) -> bool:
        return self._clock() - (ring.current.since or 0.0) >= self._lifetime

    def _made(self) -> _Ring:
        with self._alone():
            if self._path.exists():
                return self._read()
            return self._written(
                _Ring((), replace(_new_key(), since=self._clock()), following=_new_key())
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Within this context no other process touches the file."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._path.with_suffix(".lock")
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> _Ring:
        try:
            document = json.loads(self._path.read_bytes())
            *old, current, following = (_Key(**entry) for entry in document["keys"])
            for key in (current, following):
                RSAKey.import_key(dict(key.jwk))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyFileError(
                f"{self._path} holds no keys ({error}). Restore it, or remove it to begin with "
                "new keys; everybody then has to log in again."
            ) from error
        self._stamp = self._stamp_of_file()
        return _Ring(tuple(old), current, following)

    def _written(self, ring: _Ring) -> _Ring:
        document = {"keys": [vars(key) for key in ring.keys]}
        temporary = self._path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._stamp = self._stamp_of_file()
        return ring

    def _stamp_of_file(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns


def _new_key() -> _Key:
    parameters: Any = {"use": "sig", "alg": ALGORITHM}
    key = RSAKey.generate_key(BITS, parameters, auto_kid=True)
    return _Key(dict(key.as_dict(private=True)))
