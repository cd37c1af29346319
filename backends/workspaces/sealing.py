"""Keeping what opens users' storage so that the database alone gives nothing away."""

import base64
import json
from collections.abc import Mapping
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE: Final = b"secrets of workspaces"


class Sealer:
    """Seals secrets with a key made from the backend's own; both ends need the same one."""

    def __init__(self, key: bytes) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(key)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        """The secrets as a token that says nothing without the key."""
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes) -> dict[str, str] | None:
        """The secrets again; None where they were sealed with another key, or changed."""
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            return None
        return opened
