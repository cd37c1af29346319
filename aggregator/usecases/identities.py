"""Verifying the tokens of OpenID Connect providers, each once while it lasts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from aggregator.errors import TokenInvalid
from aggregator.identity.claims import Claims
from aggregator.identity.keys import KeySet
from aggregator.identity.tokens import Token, read_token
from aggregator.identity.verification import (
    Policy,
    UnknownKey,
    check_algorithm,
    has_expired,
    verify,
)
from aggregator.merging.oidc import issuer_of
from aggregator.settings import Identity
from aggregator.upstream.issuers import Issuers

REMEMBERED = 4096
"""Tokens that are not verified again; each takes about one kilobyte."""


@dataclass(frozen=True)
class _Verified:
    """What a good token says, whose it is as in the list of providers, and by which keys."""

    issuer: str
    claims: Claims
    keys: KeySet


class Identities:
    """Says who a token speaks for. Of tokens only digests are remembered."""

    def __init__(self, issuers: Issuers, settings: Identity, clock: Callable[[], float]) -> None:
        self._issuers, self._clock = issuers, clock
        self._interval = settings.unknown_key_interval
        self._policy = Policy(
            audience=frozenset(settings.audience),
            parties=frozenset(settings.authorized_parties),
            leeway=settings.leeway,
            entitlement_claims=settings.entitlement_claims,
            subscription_claims=settings.subscription_claims,
        )
        self._verified: LRUCache[bytes, _Verified] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def verified(self, raw: str, issuer: str) -> Claims:
        """What a token of this issuer (as in the list of providers) says of its user.

        Raises TokenInvalid, which says why, or IdentityProviderUnavailable.
        """
        kept = self._kept(raw)
        if kept is not None and kept.issuer == issuer and self._still_good(kept):
            return kept.claims
        token = read_token(raw)
        check_algorithm(token)
        claims, keys = self._checked(token, issuer)
        with self._lock:
            self._verified[_digest(raw)] = _Verified(issuer, claims, keys)
        return claims

    def issuer(self, raw: str) -> str:
        """The issuer that a token names, as in the list of providers; believe it when verified.

        Raises TokenInvalid for what cannot be read.
        """
        kept = self._kept(raw)
        return kept.issuer if kept else issuer_of({"issuer": read_token(raw).issuer})

    def _kept(self, raw: str) -> _Verified | None:
        with self._lock:
            return self._verified.get(_digest(raw))

    def _still_good(self, kept: _Verified) -> bool:
        """Whether the issuer has the same keys, and the token has not expired."""
        if self._issuers.keys(kept.issuer) is not kept.keys:
            return False
        return not has_expired(kept.claims, self._policy.leeway, self._clock())

    def _checked(self, token: Token, issuer: str) -> tuple[Claims, KeySet]:
        keys = self._issuers.keys(issuer)
        try:
            return verify(token, keys, self._policy, self._clock()), keys
        except UnknownKey:
            newer = self._issuers.newer(issuer, keys)
        try:
            return verify(token, newer, self._policy, self._clock()), newer
        except UnknownKey as error:
            raise TokenInvalid(
                "The key that signed the bearer token is none that its issuer publishes. If it is "
                f"a new one, please try again in {self._interval:g} seconds."
            ) from error


def _digest(raw: str) -> bytes:
    return hashlib.blake2b(raw.encode(), digest_size=32).digest()
