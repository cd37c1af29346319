"""Tickets: a user's right to one page, in its address, for a while, and to nothing else.

A browser that opens a link has no bearer token. What it has instead is sealed as tokens are, under
a key of its own, so that no ticket is a token, nor one for another page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from cryptography.fernet import Fernet, InvalidToken

SECONDS = 3600
"""How long a ticket is good."""
_TICKET = re.compile(r"[A-Za-z0-9_-]+={0,2}")
"""Decoding passes other characters over; they have no business in the page's next address."""


@dataclass(frozen=True)
class Holder:
    """A user: who says so (empty for a login by password), and the user's id there."""

    issuer: str
    user_id: str = field(repr=False)


class Tickets:
    """Makes and reads the tickets of one page; `purpose` keeps them apart from others'."""

    def __init__(self, key: str | bytes, purpose: str, clock: Callable[[], float]) -> None:
        secret = key.encode() if isinstance(key, str) else key
        own = hashlib.blake2b(purpose.encode(), key=secret, digest_size=32).digest()
        self._fernet, self._clock = Fernet(base64.urlsafe_b64encode(own)), clock

    def ticket(self, holder: Holder) -> str:
        """A ticket for this user."""
        content = orjson.dumps([holder.issuer, holder.user_id])
        return self._fernet.encrypt_at_time(content, int(self._clock())).decode()

    def holder(self, ticket: str) -> Holder | None:
        """Whose ticket it is; None if it has expired or is none."""
        if not _TICKET.fullmatch(ticket):
            return None
        try:
            content = self._fernet.decrypt_at_time(ticket, SECONDS, int(self._clock()))
        except (InvalidToken, ValueError):
            return None
        issuer, user_id = orjson.loads(content)
        return Holder(issuer, user_id)
