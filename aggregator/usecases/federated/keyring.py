"""Users' credentials at the members of a plan, sealed for as long as there is something to do.

They are sealed as tokens are, under a key of their own: what stands in the database is no token,
and cannot be sent in place of one.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Collection
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken

from aggregator.identity.claims import Claims
from aggregator.usecases.accounts import Access

PURPOSE = b"federated jobs"


class Keyring:
    """Seals and opens; what is older than `lifetime` seconds is not opened any more."""

    def __init__(self, key: str, lifetime: float, clock: Callable[[], float]) -> None:
        own = hashlib.blake2b(PURPOSE, key=key.encode(), digest_size=32).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(own))
        self._lifetime, self._clock = int(lifetime), clock

    def seal(self, access: Access, backends: Collection[str], before: str | None = None) -> str:
        """The user's credentials for these backends and no others.

        Those sealed `before` are kept where the user brings none.
        """
        kept = self.open(before) if before else None
        known = {**(kept.credentials if kept else {}), **access.credentials}
        claims = access.claims
        content = {
            "user": access.user_id,
            "credentials": {backend: known[backend] for backend in backends if backend in known},
            "claims": None if claims is None else vars(claims),
        }
        packed = zlib.compress(orjson.dumps(content), 9)
        return self._fernet.encrypt_at_time(packed, int(self._clock())).decode()

    def open(self, sealed: str | None) -> Access | None:
        """Who it is, with these credentials; None if they have expired or are none of ours."""
        now = int(self._clock())
        try:
            packed = self._fernet.decrypt_at_time(sealed or "", self._lifetime, now)
        except (InvalidToken, ValueError):
            return None
        content = orjson.loads(zlib.decompress(packed))
        claims = None if content["claims"] is None else _claims(content["claims"])
        if claims is not None and claims.expires <= now:
            return None
        credentials = content["credentials"]
        # A backend without credentials was not reached when the user logged in.
        return Access(content["user"], credentials, claims=claims)


def _claims(found: dict[str, Any]) -> Claims:
    several = {name: tuple(found[name]) for name in ("entitlements", "subscriptions")}
    return Claims(**{**found, **several})
